//! A model.safetensors.
#![no_main]

use elbo_fuzz_saved::Fits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| Fits::made().asked("model.safetensors", bytes));
