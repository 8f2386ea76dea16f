//! Coordinate ascent against exact answers (E21).
//!
//! Reference data lie in the folder named by `ELBO_DATA`; without them the tests that need them skip, and say so.

mod conjugate;
mod factor_analysis;
mod graph;
mod hidden_markov;
mod lda;
mod mixture;
mod normal_gamma;
mod random_field;
mod regression;
mod row_weights;
mod state_space;
mod wide_regression;

use std::{io::Write, path::PathBuf};

use elbo::{
    Error,
    mean_field::{Ascent, AscentTrace, MeanField, ascend},
    random::Key,
    terms::Bound,
};
use serde_json::Value;

/// A file below the folder of reference data; `None`, and a line that says so, where it is not there.
fn data(name: &str) -> Option<String> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("ELBO_DATA").map_or_else(|| default.into(), PathBuf::from);
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        // Not `eprintln`: the test harness would swallow it.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "SKIPPED: no {} (set ELBO_DATA)", path.display()).unwrap();
    }
    text
}

/// A JSON file of reference answers.
fn reference(name: &str) -> Option<Value> {
    data(&format!("reference/{name}")).map(|text| serde_json::from_str(&text).unwrap())
}

fn number(value: &Value) -> f64 {
    // Numbers of more digits than a double's are strings.
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no number: {value}"))
}

/// The numbers of an array of any depth, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![number(value)],
    }
}

/// A value once for each array in it, which lacks its last element there, with the array's path; those that are `free` to be
/// of any length are left out.
fn shortened(whole: &Value, free: &[&str]) -> Vec<(String, Value)> {
    fn arrays(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| arrays(value, &format!("{path}/{name}"), found));
            }
            Value::Array(values) => {
                found.push(path.into());
                values.iter().enumerate().for_each(|(i, value)| arrays(value, &format!("{path}/{i}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    arrays(whole, "", &mut found);
    found.retain(|path| !free.iter().any(|free| path.ends_with(free)));
    let without_last = |path: String| {
        let mut value = whole.clone();
        value.pointer_mut(&path)?.as_array_mut()?.pop();
        Some((path, value))
    };
    found.into_iter().filter_map(without_last).collect()
}

/// y of the known trace, and the ELBO after each of the first four sweeps, of an independent implementation: μ ~ N(0, 1e6),
/// τ ~ Gamma(1e-6, 1e-6), E\[τ\] = 1 at first, and μ goes first.
fn known_trace() -> ([f64; 10], [f64; 4]) {
    let noise = [
        1.624_345_36,
        -0.611_756_41,
        -0.528_171_75,
        -1.072_968_62,
        0.865_407_63,
        -2.301_538_7,
        1.744_811_76,
        -0.761_206_9,
        0.319_039_1,
        -0.249_370_38,
    ];
    (noise.map(|e| 5.0 + 10.0 * e), [-60.20956, -58.20527, -58.20290, -58.20288])
}

#[track_caller]
fn assert_near(what: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{what}: {got}, expected {expected}");
}

fn normals(seed: u64, len: usize) -> Vec<f64> {
    let mut out = vec![0.0; len];
    Key::new(seed).normals(0, &mut out);
    out
}

/// |z| < `limit` for the mean of independent values, or every one of them 0 to rounding.
#[track_caller]
fn assert_zero_mean(what: &str, values: &[f64], limit: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    assert!(
        mean.abs() < limit * (variance / n).sqrt() + 1e-10,
        "{what}: {mean}, z = {}",
        mean / (variance / n).sqrt()
    );
}

/// Ascends to the last digit.
fn to_convergence(model: &mut impl MeanField) -> AscentTrace {
    let record = ascend(model, &Ascent { tolerance: 1e-14, sweeps: 10_000 }, |_, _| {}).unwrap();
    assert!(record.converged);
    record
}

/// −x² − y², whose y moves away from its optimum in the third sweep.
struct Wrong {
    x: f64,
    y: f64,
    sweep: usize,
}

impl MeanField for Wrong {
    fn factors(&self) -> Vec<String> {
        vec!["q(x)".into(), "q(y)".into()]
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        if factor == 0 {
            self.sweep += 1;
            self.x *= 0.5;
        } else {
            self.y = if self.sweep == 3 { 5.0 } else { 0.5 * self.y };
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        Bound { log_likelihood: -self.x.powi(2), kl: self.y.powi(2), scale: 1.0, global: 0.0, beta: 1.0 }
    }
}

#[test]
fn an_update_that_lowers_the_bound_is_an_error_that_names_its_factor() {
    let mut wrong = Wrong { x: 1.0, y: 1.0, sweep: 0 };
    let error = ascend(&mut wrong, &Ascent::default(), |_, _| {}).unwrap_err();
    assert!(matches!(&error, Error::BoundFell { factor, sweep: 3, .. } if factor == "q(y)"), "{error}");
    assert!(error.to_string().contains("lowered the bound from -0.0781"), "{error}");
}
