//! The state of a fit by coordinate ascent, with the right checksum: the first byte says of which model.
#![no_main]

use elbo_fuzz_saved::{Fits, sealed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let model = Fits::ASCENTS[usize::from(*first) % Fits::ASCENTS.len()];
    Fits::made().resumed_with(model, "state.json", &sealed(bytes));
});
