//! Files that are packed, in any way.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elbo_data_fuzz::read("a.csv.gz", bytes));
