//! IDX files, of rows and of labels.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    elbo_data_fuzz::read("a.idx", bytes);
    elbo_data_fuzz::read_labels(bytes);
});
