//! The page of an audit.

use base64::{Engine, engine::general_purpose::STANDARD};
use elbo::{
    diagnose::{Findings, Gaps, LedgerSummary, Verdict},
    terms::Mean,
};
use elbo_fit::auto_encoder::{AuditPage, Worst};
use elbo_report::audit;

use crate::{
    page::{caption, section, table},
    samples::strings,
};

fn mean(value: f64) -> Mean {
    Mean { value, standard_error: 0.25 }
}

fn ledger(log_evidence: f64, approximation: f64, amortisation: f64) -> LedgerSummary {
    LedgerSummary {
        log_evidence: mean(log_evidence),
        per_datum: mean(log_evidence - approximation),
        amortised: mean(log_evidence - approximation - amortisation),
        approximation_gap: mean(approximation),
        amortisation_gap: mean(amortisation),
    }
}

/// Two rows of 2 by 3 pixels.
fn audited() -> AuditPage {
    let worst = |row: usize, khat, label: Option<&str>, grey: f32| Worst {
        gaps: Gaps {
            row,
            log_evidence: -80.125,
            per_datum: -82.5,
            amortised: -90.0 - row as f64,
            khat,
            per_datum_khat: khat,
            effective_sample_size: 40.0,
            converged: true,
        },
        label: label.map(String::from),
        original: vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
        reconstruction: vec![grey; 6],
    };
    AuditPage {
        title: "digits".into(),
        rows: "64 of 180 held-out rows".into(),
        ledger: ledger(-85.0, 3.0, 1.0),
        training: Some(ledger(-84.0, 2.0, 0.5)),
        verdict: Verdict::of(&Findings { active_units: Some(3), ..Findings::default() }),
        worst: vec![worst(6, Some(0.754), Some("<8>"), 0.5), worst(2, Some(f64::INFINITY), None, 2.0)],
        image: Some((2, 3)),
    }
}

fn page(of: &AuditPage) -> String {
    audit(of, &ToString::to_string)
}

const LEDGER: &str = "Where the nats are lost";
const WORST: &str = "The rows that lose the most";

#[test]
fn the_ledger_goes_from_the_evidence_to_the_bound() {
    let page = page(&audited());
    let said = section(&page, LEDGER);
    assert_eq!(
        table(said),
        [
            strings(["", "nats per row", "training rows", "share of what is lost"]),
            strings(["log p(x), estimated from below", "−85.000 ± 0.250", "−84.000 ± 0.250", ""]),
            strings(["approximation gap", "3.000 ± 0.250", "2.000 ± 0.250", ""]),
            strings(["best per-datum ELBO", "−88.000 ± 0.250", "−86.000 ± 0.250", ""]),
            strings(["amortisation gap", "1.000 ± 0.250", "0.500 ± 0.250", ""]),
            strings(["the encoder's ELBO", "−89.000 ± 0.250", "−86.500 ± 0.250", ""]),
        ]
    );
    assert_eq!(widths(said), ["75.0", "25.0"]);
    assert!(page.contains("<h1>digits</h1>") && page.contains("64 of 180 held-out rows"));
}

fn widths(section: &str) -> Vec<&str> {
    section.split("width: ").skip(1).map(|rest| rest.split_once('%').unwrap().0).collect()
}

#[test]
fn a_ledger_without_gaps_or_training_rows_is_drawn() {
    let mut of = audited();
    (of.ledger, of.training) = (ledger(-85.0, 0.0, 0.0), None);
    let page = page(&of);
    let said = section(&page, LEDGER);
    assert_eq!(table(said)[0], strings(["", "nats per row", "share of what is lost"]));
    assert_eq!(widths(said), ["0.0", "0.0"]);
    // An estimate may be below the bound.
    of.ledger = ledger(-85.0, -0.125, 0.0625);
    for width in widths(section(&self::page(&of), LEDGER)) {
        assert!((0.0..=100.0).contains(&width.parse::<f64>().unwrap()));
    }
}

#[test]
fn the_worst_rows_are_numbered_from_1() {
    let page = page(&audited());
    let said = section(&page, WORST);
    assert_eq!(
        table(said),
        [
            strings(["row", "log p(x)", "per-datum ELBO", "encoder's ELBO", "k̂", "label"]),
            strings(["7", "−80.12", "−82.50", "−96.00", "0.75", "<8>"]),
            strings(["3", "−80.12", "−82.50", "−92.00", "–", "–"]),
        ]
    );
    assert!(caption(said).contains("each above its reconstruction"));
}

/// The grey values of an image inside a page, and its width; none where nothing is opaque.
fn pixels(section: &str) -> (Vec<Option<u8>>, usize) {
    let data = section.split_once("data:image/png;base64,").unwrap().1.split_once('"').unwrap().0;
    let bytes = STANDARD.decode(data).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut out = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut out).unwrap();
    assert_eq!(frame.color_type, png::ColorType::GrayscaleAlpha);
    (out.chunks_exact(2).map(|pixel| (pixel[1] == 255).then_some(pixel[0])).collect(), frame.width as usize)
}

#[test]
fn rows_stand_above_their_reconstructions() {
    let page = page(&audited());
    let (pixels, width) = pixels(section(&page, WORST));
    assert_eq!(width, 3 + 1 + 3);
    let row = [0, 51, 102, 153, 204, 255].map(Some);
    let lines: Vec<&[Option<u8>]> = pixels.chunks(width).collect();
    assert_eq!(lines[0], [&row[..3], &[None], &row[..3]].concat());
    assert_eq!(lines[1], [&row[3..], &[None], &row[3..]].concat());
    assert_eq!(lines[2], [None; 7]);
    // Grey beyond white is white.
    for line in &lines[3..5] {
        assert_eq!(*line, [&[Some(128); 3][..], &[None], &[Some(255); 3]].concat());
    }
    assert_eq!(lines.len(), 5);
}

#[test]
fn a_table_has_no_picture_and_no_rows_no_section() {
    let mut of = audited();
    of.image = None;
    let tabular = page(&of);
    let said = section(&tabular, WORST);
    assert!(!said.contains("<img") && !caption(said).contains("reconstruction"));
    of.worst.clear();
    assert!(!page(&of).contains(WORST));
}

#[test]
fn names_are_escaped() {
    let mut of = audited();
    of.title = "<b>&".into();
    of.rows = "<b>&".into();
    let page = page(&of);
    assert!(!page.contains("<b>") && !page.contains("<8>"));
    assert!(page.contains("&lt;8&gt;"));
}
