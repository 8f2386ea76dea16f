//! `elbo audit`: a good fit is trusted, a bad one named, with what is wrong and what to try.

use std::fmt::Write as _;

use crate::common::{Place, Said, mean, measurements, table};
use serde_json::Value;

/// The figures of standard output: name, value and standard error.
fn figures(said: &Said) -> Vec<(String, f64, f64)> {
    let mut lines = said.stdout.lines();
    assert_eq!(lines.next(), Some("term,nats_per_row,standard_error,is"));
    let figure = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].into(), cells[1].parse().unwrap(), cells[2].parse().unwrap())
    };
    lines.map(figure).collect()
}

fn figure(said: &Said, name: &str) -> f64 {
    figures(said).into_iter().find(|(n, ..)| n == name).unwrap_or_else(|| panic!("no {name}: {said:?}")).1
}

fn json(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&place.read(name)).unwrap()
}

/// Runs what ends with the verdict `do not trust`.
fn is_not_trusted(place: &Place, arguments: &str) -> Said {
    let said = place.elbo(arguments);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("verdict     do not trust"), "{said:?}");
    said
}

fn contains(said: &Said, parts: &[&str]) {
    for part in parts {
        assert!(said.stderr.contains(part), "no {part:?} in {said:?}");
    }
}

/// Four columns from two causes, in units that lie twelve orders of magnitude apart, in this order.
fn scales(rows: std::ops::Range<usize>, order: [usize; 4]) -> String {
    let mut text = String::from("height,depth,mass,charge\n");
    for row in rows {
        // Low-discrepancy sequences fill the range evenly without a generator of random numbers.
        let part = |step: f64| (row as f64 * step).fract() - 0.5;
        let (a, b, c, d) = (part(0.618_034), part(0.414_214), part(0.732_051), part(0.302_776));
        let cells = [
            10.0 + a + 0.3 * c,
            -2e3 + 3e2 * (a + b) + 99.0 * d,
            3e5 + 5e4 * (b + 0.3 * c),
            1e-6 * (a - b + 0.3 * d),
        ];
        writeln!(text, "{}", order.map(|column| cells[column].to_string()).join(",")).unwrap();
    }
    text
}

/// The fit, `compare` and the audit measure the same rows with the same grey values drawn: the first two by the same draws of
/// z, the audit by more of them, which differ from those by their own spread alone.
#[test]
fn fit_compare_and_audit_tell_the_same_of_the_same_rows() {
    let place = Place::new();
    for seed in [0, 3] {
        place.succeeds(&format!("train digits --epochs 20 --seed {seed} --name s{seed}"));
        let told = place.results(&format!("runs/s{seed}"))["validation"]["elbo"]["value"].as_f64().unwrap();
        let compared = place.succeeds(&format!("compare runs/s{seed} runs/s{seed}")).stdout;
        assert!(compared.contains(&format!(" {told:.3} ± ")), "{told} {compared}");
        let said = place.elbo(&format!("audit runs/s{seed}"));
        contains(
            &said,
            &[
                "note: each figure is a mean of 2000 draws of z a row, ± its standard error over the rows\n",
                &format!(
                    "note: the fit told the encoder's ELBO of these rows by 16 draws of z a row: {told:.3} ± "
                ),
                "| amortised |    k̂  label\n",
            ],
        );
        let encoder = figure(&said, "amortised_elbo");
        assert!((told - encoder).abs() < 0.1, "{told} {encoder}");
        // Of some of the rows the fit has told nothing.
        let said = place.elbo(&format!("audit runs/s{seed} --rows 20 --importance-samples 50"));
        assert!(!said.stderr.contains("the fit told"), "{said:?}");
    }
}

#[test]
fn a_good_fit_is_trusted_and_its_ledger_adds_up() {
    let place = Place::new();
    let said = place.succeeds("train digits");
    contains(
        &said,
        &[
            "verdict     trust\n  the model p(x)       trust\n  the figures in nats  trust\n  the posterior q      trust\n",
        ],
    );
    assert_eq!(place.results("runs/digits")["verdict"]["level"], "trust");
    let page = place.text("runs/digits/report.html");
    assert!(
        page.contains("<h2>Verdict</h2>") && page.contains(r#"On the whole: <strong class="trust">trust"#)
    );

    let said = place.succeeds("audit runs/digits --output ledger.csv");
    contains(
        &said,
        &["auditing    180 of 180 validation rows, and 500 training rows beside them", "verdict     trust\n"],
    );
    let terms = figures(&said);
    let names: Vec<&str> = terms.iter().map(|(name, ..)| name.as_str()).collect();
    let [whole, best, encoder, approximation, amortisation] =
        ["log_density", "per_datum_elbo", "amortised_elbo", "approximation_gap", "amortisation_gap"];
    assert_eq!(
        names,
        [
            whole,
            best,
            encoder,
            approximation,
            amortisation,
            "training_amortised_elbo",
            "training_amortisation_gap"
        ]
    );
    let value = |name| figure(&said, name);
    assert!((value(whole) - value(best) - value(approximation)).abs() < 3e-6);
    assert!((value(best) - value(encoder) - value(amortisation)).abs() < 3e-6);
    assert!(
        value(approximation) > 0.05
            && value(amortisation) > 0.02
            && value(approximation) + value(amortisation) < 1.5
    );

    let (header, rows) = table(&place.text("ledger.csv"));
    assert_eq!(header[..4], ["row", "label", "log_density", "log_density_is"]);
    assert_eq!(header[4..8], ["per_datum_elbo", "amortised_elbo", "approximation_gap", "amortisation_gap"]);
    assert_eq!(header[8..], ["khat", "effective_sample_size", "converged"]);
    let rows: Vec<Vec<f64>> = rows.iter().map(|row| [&row[..1], &row[2..3], &row[4..]].concat()).collect();
    assert_eq!(rows.len(), 180);
    for (column, (name, value, _)) in terms[..5].iter().enumerate() {
        assert!((mean(&rows, column + 1) - value).abs() < 2e-6, "{name}");
    }
    assert!(rows.windows(2).all(|pair| pair[0][0] < pair[1][0]) && rows[179][0] <= 1797.0);
    // The worst rows told are those of the table, counted from 1.
    let worst = rows.iter().max_by(|a, b| (a[1] - a[3]).total_cmp(&(b[1] - b[3]))).unwrap();
    let (_, told) = said.stderr.split_once("the rows that lose the most:").unwrap();
    let cells: Vec<&str> = told.lines().nth(2).unwrap().split('|').map(str::trim).collect();
    assert_eq!(
        cells[..4],
        [
            worst[0].to_string(),
            format!("{:.2}", worst[1]),
            format!("{:.2}", worst[2]),
            format!("{:.2}", worst[3])
        ]
    );
    assert_eq!(told.lines().skip(2).take_while(|line| line.contains(" | ")).count(), 10);

    let record = json(&place, "runs/digits/audit.json");
    assert_eq!(record["verdict"]["level"], "trust");
    assert!(
        (record["ledger"]["amortisation_gap"]["value"].as_f64().unwrap() - value(amortisation)).abs() < 1e-6
    );
    assert!(record["findings"]["training_amortisation_gap"]["value"].is_f64());

    let few = "audit runs/digits --rows 20 --worst 0";
    let said = place.succeeds(few);
    contains(&said, &["auditing    20 of 180 validation rows, and 20 training rows beside them"]);
    assert!(!said.stderr.contains("lose the most"), "{said:?}");
    let [one, two] = [1, 2].map(|threads| place.succeeds(&format!("{few} --threads {threads}")).stdout);
    assert!(one == said.stdout && one == two);
    assert_ne!(place.succeeds(&format!("{few} --seed 1")).stdout, one);
    // A family that holds more comes closer, of the same rows.
    let full = place.succeeds(&format!("{few} --full-covariance --output full.parquet"));
    assert!(figure(&full, best) > figure(&said, best) + 0.05, "{full:?} after {said:?}");
    assert!((figure(&full, encoder) - figure(&said, encoder)).abs() < 1e-6);
    assert!(place.read("full.parquet").starts_with(b"PAR1"));

    let said = place.succeeds("audit runs/digits --rows 4 --annealed --worst 1 --output four.csv");
    let difference = figure(&said, "log_density_annealed") - figure(&said, whole);
    assert!(difference.abs() < 0.2, "{said:?}");
    let (header, rows) = table(&place.text("four.csv"));
    assert_eq!((header.last().unwrap().as_str(), rows.len()), ("log_density_annealed", 4));

    // A model file tells of the model, and not of how it came about; the run keeps its audit.
    let before = place.read("runs/digits/audit.json");
    let said = place.succeeds("audit runs/digits/model.safetensors --rows 20");
    contains(&said, &["verdict     caution", "not checked: whether the fit converged"]);
    assert!(place.read("runs/digits/audit.json") == before);
}

#[test]
fn a_collapsed_fit_is_named() {
    let place = Place::new();
    let said = is_not_trusted(&place, "train digits --beta 100 --hidden 32 --latent 4 --epochs 30");
    assert_eq!(said.stdout, "runs/digits\n");
    let named = [
        "the latent is not in use (posterior collapse): 0 latent variables are active",
        "try:  --kl-warm-up 10, --free-bits 0.05, --beta 0.5, --encoder-steps 5",
    ];
    contains(&said, &named);
    let said = is_not_trusted(&place, "audit runs/digits --rows 50 --importance-samples 300");
    contains(&said, &named);
    // A gap of hundredths of a nat is nothing, however small the KL beside it.
    contains(&said, &["the figures in nats  trust\n  the posterior q      trust\n"]);
    let verdict = json(&place, "runs/digits/audit.json")["verdict"].clone();
    assert_eq!(
        (&verdict["level"], &verdict["reasons"][2]["claim"]),
        (&Value::from("do-not-trust"), &Value::from("model"))
    );
    assert_eq!(place.results("runs/digits")["verdict"]["level"], "do-not-trust");
    let page = place.text("runs/digits/report.html");
    assert!(
        page.contains(r#"On the whole: <strong class="distrust">do not trust"#)
            && page.contains("(posterior collapse)")
    );
}

#[test]
fn rows_on_another_scale_are_named_with_their_column() {
    let place = Place::new();
    place.write("own.csv", scales(0..600, [0, 1, 2, 3]));
    place.write("new.csv", scales(600..900, [0, 1, 2, 3]));
    place.write("mixed.csv", scales(600..900, [1, 0, 3, 2]));
    let said = place.succeeds("train --data own.csv --sigma per-column --latent 2 --hidden 32 --name own");
    assert!(!said.stderr.contains("σ is"), "{said:?}");
    let audit = "audit runs/own --rows 100 --importance-samples 300 --data";
    let said = place.succeeds(&format!("{audit} new.csv"));
    contains(
        &said,
        &[
            "auditing    100 of 300 given rows, and 100 training rows beside them",
            // The fit's own look at simpler models, at 60 held-out rows, is told again.
            "log p(x) beside that of the nearest simpler model is known to",
            "the posterior q      trust",
        ],
    );
    let said = is_not_trusted(&place, &format!("{audit} mixed.csv"));
    contains(&said, &["times σ² (column charge): the rows are on another scale than the training rows"]);
    // One column of four in other units, by a factor of three.
    let thrice = |line: (usize, &str)| -> String {
        let mut cells: Vec<String> = line.1.split(',').map(str::to_owned).collect();
        if line.0 > 0 {
            cells[1] = (3.0 * cells[1].parse::<f64>().unwrap()).to_string();
        }
        cells.join(",")
    };
    let text: Vec<String> = place.text("new.csv").lines().enumerate().map(thrice).collect();
    place.write("thrice.csv", text.join("\n"));
    contains(&is_not_trusted(&place, &format!("{audit} thrice.csv")), &["times σ² (column depth)"]);
    // Without the rows of the fit there is nothing to compare with, and that is said.
    std::fs::remove_file(place.path("own.csv")).unwrap();
    let said = place.succeeds(&format!("{audit} new.csv"));
    contains(
        &said,
        &["auditing    100 of 300 given rows\n", "not checked: held-out rows against training rows"],
    );
}

/// 150 digits, 400 hidden units, no end of epochs: the model kept is the best by the validation rows and still an overfitted
/// one; the last is overfitted beyond all use.
#[test]
fn an_overfitted_fit_is_named() {
    let place = Place::new();
    let digits = elbo_data::digits();
    let line = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = digits.values.chunks(64).take(150).map(line).collect();
    place.write("few.csv", lines.join("\n"));
    // 23 validation rows: fewer than 20 say little of σ.
    let fit = "train --data few.csv --image 8x8 --scale unit --hidden 400 --epochs 1500 --validation 0.15";
    let said = place.succeeds(fit);
    contains(&said, &["caution: the bound of training rows is", ": overfitting"]);
    let said = place.succeeds("audit runs/few --importance-samples 500");
    contains(
        &said,
        &[
            "verdict     caution",
            ": overfitting",
            "try:  --patience 20, --prior-sd 1, --hidden twice or half as wide",
        ],
    );
    assert!(figure(&said, "training_amortised_elbo") > figure(&said, "amortised_elbo") + 7.0);
    let said = is_not_trusted(&place, "audit runs/few/last.safetensors --importance-samples 500");
    contains(
        &said,
        &[
            "do not trust: the bound of training rows is",
            "above that of training rows",
            ": the encoder is overfitted",
            "σ is too small, as by overfitting",
        ],
    );
    assert!(figure(&said, "amortisation_gap") > 5.0 * figure(&said, "training_amortisation_gap"), "{said:?}");
}

#[test]
fn what_cannot_be_audited_is_refused() {
    let place = Place::new();
    place.succeeds("train digits --epochs 1 --family bernoulli --name bits");
    let message = ["z is bernoulli, but per-datum inference is of one layer of Gaussian latents"];
    place.fails("audit runs/bits", 1, &message, "");
    place.fails("infer runs/bits", 1, &message, "");
    for verb in ["audit", "infer"] {
        for bad in [
            "--rows 0",
            "--rows some",
            "--step-size 0",
            "--step-size -1",
            "--tolerance 0",
            "--steps 0",
            "--step-samples 0",
            "--importance-samples 0",
        ] {
            place.refuses(&format!("{verb} runs/bits {bad}"), &["invalid value"]);
        }
        place.refuses(verb, &["required arguments"]);
        place.refuses(&format!("{verb} runs/bits --labels l.gz"), &["--data"]);
        place.fails(&format!("{verb} runs/none"), 1, &["`runs/none` does not exist"], "run folder");
    }
    place.refuses("audit runs/bits --worst -1", &["'-1'"]);
    place.fails("audit runs/bits --output ledger.txt", 2, &["ledger.txt"], "end it in .csv");
}

/// Of one row no mean has an error, of another file there was no split, and in the noiseless limit σ(x) was not fitted.
#[test]
fn fits_and_rows_without_a_verdict_to_give_are_refused() {
    let place = Place::new();
    place.write("data.csv", measurements(60));
    place.succeeds("train --data data.csv --label-column kind --hidden 8 --epochs 3 --name table");
    place.fails("audit runs/table --rows 1", 2, &["an audit needs at least 2 rows"], "--rows 100");
    place.write("data.csv", measurements(61));
    place.fails("audit runs/table", 1, &["is not the data of this run"], "restore the file");
    place.write("data.csv", measurements(60));
    let noiseless = "--likelihood gaussian --sigma 0.5 --objective noiseless";
    place.succeeds(&format!(
        "train --data data.csv --label-column kind {noiseless} --hidden 8 --epochs 3 --name limit"
    ));
    place.fails("audit runs/limit", 2, &["no fitted standard deviations to audit"], "elbo infer");
}

/// L_50 is nearly log p(x): a fit to it is not to be judged by how far below its ELBO lies.
#[test]
fn an_importance_weighted_fit_is_judged_by_its_own_bound() {
    let place = Place::new();
    place.succeeds(
        "train digits --objective importance-weighted --samples 50 --hidden 32 --latent 4 --epochs 20",
    );
    place.elbo("audit runs/digits --rows 40");
    for file in ["results.json", "audit.json"] {
        let results: serde_json::Value =
            serde_json::from_str(&place.text(&format!("runs/digits/{file}"))).unwrap();
        let reasons = results["verdict"]["reasons"].as_array().unwrap();
        let tightness: Vec<_> =
            reasons.iter().filter(|r| r["finding"].as_str().unwrap().contains("above the bound")).collect();
        assert_eq!(tightness.len(), 1, "{file}");
        assert_eq!(tightness[0]["level"], "trust", "{file}: {}", tightness[0]);
    }
}
