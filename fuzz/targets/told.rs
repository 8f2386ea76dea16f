//! Text tables of which something is known.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elbo_data_fuzz::read_told(bytes));
