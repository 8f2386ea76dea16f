//! The page of an auto-encoder.

use elbo::{
    diagnose::{Findings, Verdict},
    objective::Objective,
};

use elbo_fit::{AutoEncoderPage, Epoch, Terms, figure::Map};

use elbo_report::auto_encoder;

fn html_of(page: &AutoEncoderPage) -> String {
    auto_encoder(page, &ToString::to_string, &ToString::to_string)
}

fn terms(elbo: f64) -> Terms {
    Terms { elbo, elbo_se: 0.2, log_likelihood: elbo + 4.0, kl: 4.0 }
}

/// A report of `rows` 2 by 3 images, `epochs` epochs and `dimensions` latent dimensions.
fn report(rows: usize, epochs: usize, dimensions: usize) -> AutoEncoderPage {
    let image = |k: usize| (0..6).map(|i| (i * k % 7) as f64 / 7.0).collect::<Vec<f64>>();
    AutoEncoderPage {
        title: "digits".into(),
        summary: vec![("Validation ELBO".into(), "−17.93".into())],
        notes: vec!["The bound is of a density.".into()],
        verdict: Verdict::of(&Findings { active_units: Some(0), ..Findings::default() }),
        objective: Objective::Elbo,
        epochs: (1..=epochs)
            .map(|epoch| Epoch {
                epoch,
                train: terms(-20.0 - 900.0 / (epoch * epoch) as f64),
                validation: terms(-21.0 - 900.0 / (epoch * epoch) as f64),
                seconds: 0.5,
            })
            .collect(),
        best_epoch: epochs,
        reference: Some(("linear model".into(), -24.0)),
        kl_per_dimension: (0..dimensions).map(|d| 1.0 / (1 + d) as f64).collect(),
        active: (0..dimensions).map(|d| d % 2 == 0).collect(),
        layers: vec![dimensions],
        image: Some((2, 3)),
        columns: Vec::new(),
        originals: (0..rows).map(image).collect(),
        reconstructions: (0..rows).map(image).collect(),
        samples: (0..rows).map(image).collect(),
        map: Map {
            points: (0..rows).map(|k| [k as f64, (k * k % 11) as f64]).collect(),
            axes: ["first".into(), "second".into()],
            labels: Some((0..rows).map(|k| (k % 4).to_string()).collect()),
        },
        settings: vec![("fit.batch".into(), "128".into()), ("device".into(), "cpu".into())],
    }
}

const HEADINGS: [&str; 8] = [
    "Verdict",
    "The bound",
    "Its two terms",
    "Latent dimensions",
    "Reconstructions",
    "Samples from the prior",
    "Latent map",
    "Settings",
];

#[test]
fn every_section_is_there() {
    let html = html_of(&report(40, 50, 8));
    for heading in HEADINGS {
        assert!(html.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert_eq!(html.matches("<svg").count(), 5);
    assert_eq!(html.matches("data:image/png;base64,").count(), 2);
    assert!(!html.contains("could not be drawn"));
    assert!(html.contains("Validation ELBO") && html.contains("The bound is of a density."));
}

#[test]
fn an_empty_report_is_its_title_and_the_verdict() {
    let html = html_of(&report(0, 0, 0));
    assert!(html.contains("<h1>digits</h1>"));
    for heading in &HEADINGS[1..7] {
        assert!(!html.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
}

#[test]
fn odd_sizes_are_drawn() {
    for epochs in 1..45 {
        for (rows, dimensions) in [(1, 1), (2, 200)] {
            let html = html_of(&report(rows, epochs, dimensions));
            assert_eq!(html.matches("<svg").count(), 5);
            assert!(!html.contains("could not be drawn") && !html.contains("NaN"));
        }
    }
}

#[test]
fn odd_values_are_drawn() {
    let mut odd = report(3, 9, 3);
    odd.epochs[0].train = terms(f64::NEG_INFINITY);
    odd.epochs[4].validation = terms(-1e12);
    odd.kl_per_dimension = vec![0.0; 3];
    odd.active.clear();
    odd.map.points = vec![[1e9, 0.0]; 3];
    odd.map.labels = Some(Vec::new());
    odd.originals[0].clear();
    odd.originals[1] = vec![f64::INFINITY; 99];
    odd.best_epoch = 77;
    odd.reference = Some(("far".into(), 1e6));
    assert!(html_of(&odd).contains("(beyond the picture)"));
    odd.epochs.truncate(1);
    odd.epochs[0].validation = terms(f64::NEG_INFINITY);
    odd.best_epoch = 1;
    odd.reference = Some(("endless".into(), f64::INFINITY));
    odd.kl_per_dimension = vec![f64::INFINITY, 1.0];
    odd.map.points = vec![[f64::INFINITY, 0.0]];
    odd.map.labels = Some((0..30).map(|k| format!("1e{}", 10 * k)).collect());
    odd.image = Some((0, 4));
    assert!(html_of(&odd).contains("<table>"));
}

#[test]
fn tables_show_the_first_columns() {
    let mut table = report(20, 5, 2);
    table.image = None;
    table.columns = vec!["alcohol".into()];
    table.originals = vec![vec![12.345_678; 11]; 20];
    let html = html_of(&table);
    assert!(html.contains("alcohol") && html.contains("column 5") && html.contains("12.35"));
    assert!(html.contains("The first 8 of 11 columns are shown."));
    assert_eq!(html.matches("data:image/png").count(), 0);
}

#[test]
fn many_points_are_thinned() {
    let mut many = report(1, 2, 2);
    many.map.points = (0..30_000).map(|k| [f64::from(k).sin(), f64::from(k).cos()]).collect();
    many.map.labels = Some((0..30_000).map(|k| k.to_string()).collect());
    let html = html_of(&many);
    assert!(html.contains("3000 of 30000 points are drawn"));
    assert!(html.matches("<circle").count() < 3100);
    assert!(html.contains("linear-gradient"));
}

#[test]
fn names_are_escaped() {
    let odd = || String::from("<b>&");
    let mut hostile = report(4, 3, 2);
    hostile.title = odd();
    hostile.map.labels = Some(vec![odd(); 4]);
    hostile.map.axes = [odd(), odd()];
    hostile.reference = Some((odd(), -22.0));
    hostile.notes = vec![odd().into()];
    hostile.summary = vec![(odd(), odd())];
    hostile.settings = vec![(odd(), odd())];
    for image in [hostile.image, None] {
        hostile.image = image;
        hostile.columns = vec![odd(); 6];
        let html = html_of(&hostile);
        assert!(!html.contains("<b>"));
        assert!(html.contains("&lt;b&gt;&amp;"));
    }
}

#[test]
fn nothing_is_loaded_and_larger_is_better() {
    let html = html_of(&report(40, 50, 8)).replace("http://www.w3.org/2000/svg", "");
    for word in ["http://", "https://", "url(", "<script", "<link"] {
        assert!(!html.contains(word), "{word}");
    }
    let unwanted = ["lo", "ss"].concat();
    assert!(!html.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|word| word == unwanted));
    assert!(html.contains("larger is better"));
}
