//! The state of a fit by gradients.
#![no_main]

use elbo_fuzz_saved::Fits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| Fits::made().resumed_with("train", "state", bytes));
