//! How to go about a fit.

use std::path::PathBuf;

use elbo::burn::tensor::Device;

use crate::folder::Place;

/// How to go about a fit: nothing of it changes a bit of the result, but for a GPU.
///
/// The default takes any memory, computes on the CPU, and makes the run folder in `runs`, under the name of the data.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the run folder is made.
    pub place: Place,
    /// Bytes of memory that rows may take.
    pub memory: Option<u64>,
    /// Where an auto-encoder computes; coordinate ascent is always on the CPU.
    pub device: Device,
}

impl Default for Plan {
    fn default() -> Self {
        Self { place: Place::default(), memory: None, device: Device::flex() }
    }
}

impl Plan {
    /// The default, with run folders in this folder.
    pub fn in_folder(runs: impl Into<PathBuf>) -> Self {
        Self { place: Place { runs: runs.into(), name: None }, ..Self::default() }
    }
}
