//! A model.json with the right checksum.
#![no_main]

use elbo_fuzz_saved::{Fits, sealed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| Fits::made().asked("model.json", &sealed(bytes)));
