//! Folders of the parts of a table.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elbo_data_fuzz::read_parts(bytes));
