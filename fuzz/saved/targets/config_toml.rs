//! A config.toml: read as a job, and as that of a run to go on with.
#![no_main]

use elbo_fuzz_saved::Fits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let fits = Fits::made();
    let text = String::from_utf8_lossy(bytes);
    // As many epochs and sweeps as are asked for are made.
    let long = text.lines().any(|line| {
        let (name, value) = line.split_once('=').unwrap_or_default();
        let many =
            value.trim().trim_start_matches('+').replace('_', "").parse::<f64>().is_ok_and(|of| of > 50.0);
        many || ["0x", "0o", "0b"].iter().any(|base| value.contains(base))
            || name.contains('\\')
            || name.contains('"')
    });
    if long || text.contains('{') {
        return;
    }
    for run in ["train", "mixture"] {
        fits.resumed_with(run, "config.toml", bytes);
    }
});
