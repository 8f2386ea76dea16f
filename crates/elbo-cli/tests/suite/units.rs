//! A log density is that of the values in the file, whatever tells it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::common::{Place, table};

/// The nats of a cell in units 1024 times as small: a power of two, so that the scaled values, and with them the fit, are the
/// same to the bit.
fn of_a_cell() -> f64 {
    1024_f64.ln()
}

/// Two columns that depend on each other, times a factor.
fn two(rows: usize, factor: f64) -> String {
    let mut text = String::from("a,b\n");
    for row in 0..rows {
        let part = |step: f64| ((row as f64 * step).fract() - 0.5) * 8.0;
        let (a, b) = (3.0 + part(0.618_034), -7.0 + part(0.414_214));
        writeln!(text, "{},{}", factor * (a + b), factor * (a - 0.25 * b)).unwrap();
    }
    text
}

fn is_density(name: &str) -> bool {
    let bound = [
        "elbo",
        "log_likelihood",
        "importance_weighted",
        "annealed",
        "simulated_bdmc_lower",
        "simulated_bdmc_upper",
    ];
    let inferred = ["per_datum_elbo", "amortised_elbo", "training_amortised_elbo", "log_density_annealed"];
    name == "log_density" || bound.contains(&name) || inferred.contains(&name)
}

/// Checks each figure of a table in small units against that in large ones; returns how many there were of densities.
fn assert_told(small: &str, large: &str, cells: f64) -> usize {
    let (header, one) = table(small);
    let (other_header, other) = table(large);
    assert_eq!(header, other_header);
    assert_eq!(one.len(), other.len());
    let mut densities = 0;
    // The name of a figure is that of its column, or the first cell of its line.
    let first = |text: &str| -> Vec<String> {
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    for (line, (a, b)) in first(small).iter().zip(one.iter().zip(&other)) {
        for (name, (a, b)) in header.iter().zip(a.iter().zip(b)) {
            let density = is_density(name) || (name.starts_with("nats_per_row") && is_density(line));
            densities += usize::from(density);
            let less = if density { cells * of_a_cell() } else { 0.0 };
            let same = (a.is_nan() && b.is_nan()) || (a - b - less).abs() < 3e-6 * (1.0 + a.abs());
            assert!(same, "{line} {name}: {a} and {b}, which should differ by {less}");
        }
    }
    densities
}

#[test]
fn an_auto_encoder_tells_densities_of_the_file_in_every_output() {
    let place = Place::new();
    let [small, large] = ["small", "large"];
    for (name, factor) in [(small, 1.0), (large, 1024.0)] {
        place.write(&format!("{name}.csv"), two(120, factor));
        place.write(&format!("{name}-new.csv"), two(30, 1.5 * factor));
        place.succeeds(&format!(
            "train --data {name}.csv --latent 1 --epochs 6 --name {name} --test {name}-new.csv --kl-warm-up 2"
        ));
    }
    let of = |results: &Value, path: &str| results.pointer(path).and_then(Value::as_f64).unwrap();
    let shift = 2.0 * of_a_cell();
    let results = [small, large].map(|name| place.results(&format!("runs/{name}")));
    for (path, less) in [
        ("/validation/elbo/value", shift),
        ("/validation/log_likelihood/value", shift),
        ("/validation/kl/value", 0.0),
        ("/validation/elbo/standard_error", 0.0),
        ("/test/elbo/value", shift),
        ("/test/log_likelihood/value", shift),
        ("/linear/log_density/value", shift),
        ("/linear/advantage/value", 0.0),
    ] {
        let [a, b] = [0, 1].map(|i| of(&results[i], path));
        assert!((a - b - less).abs() < 1e-9, "{path}: {a} and {b}");
    }
    let metrics = [small, large].map(|name| place.metrics(&format!("runs/{name}")));
    for (a, b) in metrics[0].iter().zip(&metrics[1]) {
        let [a, b] = [a, b].map(|line| serde_json::from_str::<Value>(&format!("{line}}}")).unwrap());
        for path in ["/train/elbo/value", "/validation/elbo/value", "/objective"] {
            let both = a.pointer(path).and_then(Value::as_f64).zip(b.pointer(path).and_then(Value::as_f64));
            assert!(both.is_none_or(|(a, b)| (a - b - shift).abs() < 1e-9), "{path} of {a} and {b}");
        }
    }
    let (a, b) = (&metrics[0], &metrics[1]);
    assert!(a[0].contains(r#""objective":"#) && a.len() == b.len(), "{a:?}");
    for (verb, densities) in [
        (
            "evaluate --importance-samples 5 --annealed --temperatures 5 --chains 2 --data {name}-new.csv",
            5 * 30,
        ),
        ("evaluate", 3 * 120),
        ("infer --rows 9", 3 * 9),
        ("audit --rows 9 --annealed", 4 * 9),
    ] {
        let said = [small, large].map(|name| {
            let (verb, more) = verb.split_once(' ').unwrap_or((verb, ""));
            let more = more.replace("{name}", name);
            place.elbo(&format!("{verb} runs/{name} {more} --output {verb}-{name}.csv"))
        });
        let name = verb.split(' ').next().unwrap();
        let files = [small, large].map(|of| place.text(&format!("{name}-{of}.csv")));
        assert_eq!(assert_told(&files[0], &files[1], 2.0), densities, "{verb}: {}", files[0]);
        if said[0].stdout.starts_with("term,") {
            assert!(assert_told(&said[0].stdout, &said[1].stdout, 2.0) >= 3, "{said:?}");
        }
        assert!(!said[0].stderr.contains("scaled values"), "{said:?}");
    }
    for name in [small, large] {
        let page = place.text(&format!("runs/{name}/report.html"));
        let elbo = of(&place.results(&format!("runs/{name}")), "/validation/elbo/value");
        assert!(page.contains(&format!("{elbo:.3} ± ")), "no {elbo}");
    }
    // A list of runs and a comparison name the same figures.
    place.succeeds("runs --output list.csv");
    let list = place.text("list.csv");
    for name in [small, large] {
        let elbo = of(&place.results(&format!("runs/{name}")), "/validation/elbo/value");
        let line = list.lines().find(|line| line.starts_with(&format!("{name},"))).unwrap();
        let bound: f64 = line.split(',').nth(5).unwrap().parse().unwrap();
        assert!((bound - elbo).abs() < 1e-9, "{line}");
    }
    place.succeeds("compare runs/small runs/small --data small-new.csv --output pair.csv");
    let evaluated = place.succeeds("evaluate runs/small --data small-new.csv").stdout;
    let compared = place.succeeds("compare runs/small runs/small --data small-new.csv").stdout;
    let value: f64 = evaluated.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap();
    assert!(compared.contains(&format!("{value:.3} ± ")), "{compared} {value}");
}

/// With as many causes as columns less one, the linear model of two columns is a Gaussian of any covariance, and its density
/// of the rows in the file is known in closed form.
#[test]
fn the_linear_model_is_the_gaussian_of_the_file() {
    let place = Place::new();
    place.write("data.csv", two(100, 300.0));
    // All rows of the training part are read back from the split: here the test is of the same rows.
    place.succeeds("train --data data.csv --test data.csv --latent 1 --epochs 1 --validation 0.02");
    let told = place.results("runs/data")["linear"]["log_density"]["value"].as_f64().unwrap();
    let (_, rows) = table(&place.text("data.csv"));
    let n = rows.len() as f64;
    let mean = |c: usize| rows.iter().map(|row| row[c]).sum::<f64>() / n;
    let covariance =
        |c: usize, d: usize| rows.iter().map(|row| (row[c] - mean(c)) * (row[d] - mean(d))).sum::<f64>() / n;
    let determinant = covariance(0, 0) * covariance(1, 1) - covariance(0, 1).powi(2);
    // At the maximum the mean of the quadratic form is the number of columns.
    let exact = -(std::f64::consts::TAU.ln() + 0.5 * determinant.ln() + 1.0);
    // Two rows of a hundred are set aside for the validation.
    assert!((told - exact).abs() < 0.02, "{told}, but {exact} of the rows themselves");
}

/// The models of coordinate ascent on the same rows.
#[test]
fn so_do_the_other_models() {
    let place = Place::new();
    for (name, factor) in [("small", 1.0), ("large", 1024.0)] {
        place.write(&format!("{name}.csv"), two(60, factor));
    }
    for (verb, cells) in [
        ("normal --column a", 1.0),
        ("mixture --components 1 --starts 1", 2.0),
        ("regress --target b", 1.0),
        ("factors --latent 1 --starts 1", 2.0),
    ] {
        let files = ["small", "large"].map(|name| {
            let run = format!("{name}-{}", verb.split(' ').next().unwrap());
            place.succeeds(&format!("{verb} --data {name}.csv --name {run}"));
            place.succeeds(&format!("evaluate runs/{run} --output {name}-rows.csv"));
            place.text(&format!("{name}-rows.csv"))
        });
        let means = files.map(|text| {
            let (header, rows) = table(&text);
            let at = header.iter().position(|name| name == "log_density").unwrap();
            crate::common::mean(&rows, at)
        });
        let less = cells * of_a_cell();
        assert!((means[0] - means[1] - less).abs() < 1e-3, "{verb}: {means:?}");
    }
}

/// A grey picture of 4×4 pixels of so many bits, of which each byte of a pixel is the same.
fn picture(number: u64, depth: png::BitDepth) -> Vec<u8> {
    let mut shades = [0.0; 16];
    elbo::random::Key::new(4).uniforms(number, &mut shades);
    let bytes = if depth == png::BitDepth::Sixteen { 2 } else { 1 };
    let pixels: Vec<u8> = shades.iter().flat_map(|u| vec![(255.0 * u * u) as u8; bytes]).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 4, 4);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(depth);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

/// Pictures of 16 bits are those of 8 bits, each divided by what is full.
#[test]
fn pictures_of_another_depth_are_the_same_pictures() {
    let place = Place::new();
    for (folder, depth) in [("eight", png::BitDepth::Eight), ("sixteen", png::BitDepth::Sixteen)] {
        std::fs::create_dir(place.path(folder)).unwrap();
        for number in 0..30 {
            place.write(&format!("{folder}/{number:02}.png"), picture(number, depth));
        }
    }
    for likelihood in ["bernoulli", "gaussian --scale full"] {
        place.succeeds(&format!("train --data eight --epochs 2 --likelihood {likelihood} --name run"));
        let codes = |data: &str| place.succeeds(&format!("encode runs/run --data {data}"));
        let (eight, sixteen) = (codes("eight"), codes("sixteen"));
        assert!(
            sixteen.stderr.contains("pixels up to 65535 are taken for those of the fit"),
            "{}",
            sixteen.stderr
        );
        for (one, other) in eight.table().1.iter().flatten().zip(sixteen.table().1.iter().flatten()) {
            assert!((one - other).abs() < 1e-4 * one.abs().max(1.0), "{one} {other}");
        }
        std::fs::remove_dir_all(place.path("runs/run")).unwrap();
    }
}
