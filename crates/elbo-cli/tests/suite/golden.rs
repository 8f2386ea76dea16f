//! The figures of fixed fits: a change that should alter none alters none.
//!
//! Parameters of auto-encoders are held to the bit, by a hash of each tensor; figures of coordinate ascent to 1e-9,
//! relative. Where a change of figures is meant, renew them by name and say why:
//!
//! ```sh
//! ELBO_RENEW="wine: columns are scaled in f64" cargo test --release -p elbo-cli --test suite golden
//! ```

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use serde_json::{Map, Value, json};

use crate::common::{Place, data};

/// Name, command, and whether it needs the folder of data.
const FITS: [(&str, &str); 15] = [
    ("digits", "train digits --epochs 20 --seed 7"),
    ("digits-gaussian", "train digits --likelihood gaussian --epochs 20 --seed 7"),
    (
        "digits-iwae",
        "train digits --objective importance-weighted --estimator doubly-reparameterised --samples 5 --epochs 8 --seed 7",
    ),
    ("digits-per-datum", "train digits --guide per-datum --epochs 4 --seed 7"),
    (
        "digits-noiseless",
        "train digits --likelihood gaussian --sigma 0.1 --objective noiseless --epochs 8 --seed 7",
    ),
    ("digits-bernoulli-z", "train digits --family bernoulli --latent 12 --epochs 4 --seed 7"),
    ("digits-convolutional", "train digits --network convolutional --epochs 2 --seed 7"),
    ("wine", "train --data {data}/tabular/wine.csv --label-column target --epochs 40 --seed 7"),
    ("faithful-mixture", "mixture --data {data}/tabular/faithful.csv --components 6 --seed 7"),
    (
        "wine-regress",
        "regress --data {data}/tabular/wine.csv --label-column target --target alcohol --seed 7",
    ),
    ("wine-factors", "factors --data {data}/tabular/wine.csv --label-column target --seed 7"),
    ("faithful-normal", "normal --data {data}/tabular/faithful.csv --column waiting"),
    ("faithful-hmm", "hmm --data {data}/tabular/faithful.csv --states 2 --seed 7"),
    (
        "faithful-level",
        "state-space --data {data}/tabular/faithful.csv --column waiting --kind level --seed 7",
    ),
    ("reuters", "topics --data {data}/text/reuters.ldac --topics 5 --seed 7"),
];

/// Times and texts are no figures.
const SKIPPED: [&str; 4] = ["seconds", "rows_per_second", "report", "version"];

fn file() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/golden.json").into()
}

#[test]
#[allow(clippy::print_stderr, reason = "what is skipped is said loudly")]
fn figures_stay() {
    let mut golden: Map<String, Value> = serde_json::from_slice(&fs::read(file()).unwrap()).unwrap();
    let renewed = env::var("ELBO_RENEW").ok();
    let renewed = renewed.as_deref().map(|text| text.split_once(": ").expect("NAME: REASON"));
    for (name, words) in FITS {
        let words = match data() {
            Some(data) => words.replace("{data}", &data.display().to_string()),
            None if words.contains("{data}") => {
                eprintln!("SKIPPED: {name}, for ELBO_DATA names no folder");
                continue;
            }
            None => words.into(),
        };
        let now = fit(&words);
        if let Some((_, why)) = renewed.filter(|(of, _)| *of == name) {
            golden.insert(name.into(), [now, json!({ "renewed": why })].into_iter().fold(json!({}), merged));
            // Before another figure fails: of several, each is renewed by a run of its own.
            fs::write(file(), serde_json::to_string_pretty(&golden).unwrap() + "\n").unwrap();
            continue;
        }
        assert_same(name, &golden[name], &now);
    }
}

fn merged(mut all: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more}") };
    all.as_object_mut().unwrap().extend(more);
    all
}

fn fit(words: &str) -> Value {
    let place = Place::new();
    place.succeeds(&format!("{words} --name run"));
    if place.exists("runs/run/model.safetensors") {
        return json!({ "tensors": tensors(&place.read("runs/run/model.safetensors")) });
    }
    let results: Value = serde_json::from_slice(&place.read("runs/run/results.json")).unwrap();
    let mut figures = BTreeMap::new();
    numbers(&results, "", &mut figures);
    json!({ "figures": figures })
}

/// A hash of each tensor of a safetensors file.
fn tensors(raw: &[u8]) -> BTreeMap<String, String> {
    let (size, rest) = raw.split_at(8);
    let size = usize::try_from(u64::from_le_bytes(size.try_into().unwrap())).unwrap();
    let head: BTreeMap<String, Value> = serde_json::from_slice(&rest[..size]).unwrap();
    let body = &rest[size..];
    let tensors = head.into_iter().filter(|(name, _)| name != "__metadata__");
    tensors
        .map(|(name, tensor)| {
            let [from, to] = [0, 1].map(|i| tensor["data_offsets"][i].as_u64().unwrap() as usize);
            (name, elbo_data::sha256(&body[from..to])[..16].to_owned())
        })
        .collect()
}

/// All numbers of a JSON value, by their paths.
fn numbers(value: &Value, path: &str, out: &mut BTreeMap<String, f64>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter().filter(|(key, _)| !SKIPPED.contains(&&key[..])) {
                numbers(inner, &format!("{path}.{key}"), out);
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                numbers(inner, &format!("{path}[{i}]"), out);
            }
        }
        Value::Number(number) => drop(out.insert(path.into(), number.as_f64().unwrap())),
        _ => {}
    }
}

fn assert_same(name: &str, before: &Value, now: &Value) {
    if let Some(figures) = before.get("figures") {
        let now = now["figures"].as_object().unwrap();
        for (path, was) in figures.as_object().unwrap() {
            let (was, is) = (was.as_f64().unwrap(), now.get(path).and_then(Value::as_f64));
            let is = is.unwrap_or_else(|| panic!("{name}: {path} is not there any more"));
            assert!((was - is).abs() <= 1e-9 * was.abs().max(1.0), "{name}: {path} was {was}, and is {is}");
        }
        return;
    }
    assert_eq!(before["tensors"], now["tensors"], "{name}: parameters differ");
}
