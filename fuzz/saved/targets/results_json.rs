//! The results of a run, as `elbo runs` and a fitted model read them.
#![no_main]

use std::fs;

use elbo_fit::{Results, runs};
use elbo_fuzz_saved::Fits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let run = Fits::made().run("mixture");
    fs::write(run.join("results.json"), bytes).unwrap();
    if let Ok(Some(results)) = Results::read(&run) {
        drop(format!("{results:?} {}", results.verdict));
    }
    drop(runs(run.parent().unwrap()));
});
