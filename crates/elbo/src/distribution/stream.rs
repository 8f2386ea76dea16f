//! Draws one after the other, for samplers that reject: position i of a stream is a function of (key, row, i).

use crate::random::Key;

/// The child key under which streams lie, so that they share no draw with `Key::normals` of the same row.
const STREAMS: u64 = 0x5354_5245_414D;

/// The draws of one row.
pub(super) struct Stream {
    key: Key,
    row: u64,
    position: u64,
}

impl Stream {
    pub(super) fn new(key: Key, row: u64) -> Self {
        Self { key: key.fold(STREAMS), row, position: 0 }
    }

    /// The key of the next position.
    fn next(&mut self) -> Key {
        self.position += 1;
        self.key.fold(self.position - 1)
    }

    /// U(0, 1), open at both ends, of 46 random bits.
    pub(super) fn uniform(&mut self) -> f64 {
        let mut halves = [0.0; 2];
        self.next().uniforms(self.row, &mut halves);
        let [high, low] = halves.map(|u| (f64::from(u) * 8_388_608.0).floor());
        (high + (low + 0.5) / 8_388_608.0) / 8_388_608.0
    }

    /// N(0, 1).
    pub(super) fn normal(&mut self) -> f64 {
        let mut one = [0.0];
        self.next().normals(self.row, &mut one);
        one[0]
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }
}
