//! The metrics of a fit that goes on.
#![no_main]

use elbo_fuzz_saved::Fits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for run in ["train", "normal"] {
        Fits::made().resumed_with(run, "metrics.jsonl", bytes);
    }
});
