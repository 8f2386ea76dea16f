//! By what data are known again: the SHA-256 of what they hold.

use std::fmt::Write;

use bytemuck::{bytes_of, cast_slice};
use sha2::{Digest, Sha256};

use crate::Number;

/// Takes numbers in, little endian.
pub(crate) fn hash_numbers<T: Number>(hash: &mut Sha256, numbers: &[T]) {
    for piece in numbers.chunks(4096) {
        if cfg!(target_endian = "little") {
            hash.update(cast_slice::<T, u8>(piece));
            continue;
        }
        for value in piece {
            let bytes: Vec<u8> = bytes_of(value).iter().rev().copied().collect();
            hash.update(&bytes);
        }
    }
}

/// Takes the entries of a sparse matrix in.
pub(crate) fn hash_entries(hash: &mut Sha256, offsets: &[usize], columns: &[u32], counts: &[u32]) {
    for &offset in offsets {
        hash.update((offset as u64).to_le_bytes());
    }
    for number in columns.iter().chain(counts) {
        hash.update(number.to_le_bytes());
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
///
/// ```
/// assert!(elbo_data::sha256(b"abc").starts_with("ba7816bf8f01cfea"));
/// ```
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

/// A finished hash as text.
pub(crate) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes any text");
        hex
    })
}
