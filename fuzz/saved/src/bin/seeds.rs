//! Writes the corpora: the files of small fits of all models.

use std::{fs, path::Path};

use elbo_fuzz_saved::{Fits, unsealed};
// What instrumented code calls.
use libfuzzer_sys as _;

fn main() {
    let (fits, corpora) = (Fits::made(), Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"));
    let put = |target: &str, name: &str, bytes: &[u8]| {
        fs::create_dir_all(corpora.join(target)).unwrap();
        fs::write(corpora.join(target).join(name), bytes).unwrap();
    };
    put("state", "train", &fits.of("train", "state"));
    put("model_safetensors", "train", &fits.of("train", "model.safetensors"));
    for run in std::iter::once("train").chain(Fits::ASCENTS) {
        put("config_toml", run, &fits.of(run, "config.toml"));
        put("metrics_jsonl", run, &fits.of(run, "metrics.jsonl"));
        put("results_json", run, &fits.of(run, "results.json"));
    }
    for (number, run) in Fits::ASCENTS.into_iter().enumerate() {
        put("model_json", run, unsealed(&fits.of(run, "model.json")));
        put("state_json", run, &[&[number as u8], unsealed(&fits.of(run, "state.json"))].concat());
    }
}
