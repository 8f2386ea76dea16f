//! Where tensors live: on the CPU, [`Device::flex`], or on a GPU.
//!
//! With the feature `cuda`, off by default, the same model and the same trainer run on tensors of a GPU. The optimiser
//! works on slices of the host, so that every step copies the parameters to the device and their gradient back. Bits
//! belong to the CPU alone: on a GPU the kernel of a matrix product is chosen by trying which is fastest, and may round
//! factors to TF32, of 10 bits.

use burn::tensor::Device;
#[cfg(feature = "cuda")]
use burn::tensor::DeviceType;

/// The first CUDA device. None where the machine has no NVIDIA driver or no GPU, or this crate was built without its
/// feature `cuda`.
///
/// ```
/// use burn::tensor::Device;
///
/// let device = elbo::device::cuda().unwrap_or_else(Device::flex);
/// ```
pub fn cuda() -> Option<Device> {
    #[cfg(feature = "cuda")]
    {
        Device::enumerate(DeviceType::Cuda).into_iter().next()
    }
    #[cfg(not(feature = "cuda"))]
    {
        None
    }
}

/// Rows that a GPU reads at a time: enough to keep it busy, and bounded, as its memory is.
pub(crate) const MANY: usize = 1 << 13;

/// How many rows are computed at a time, and how many such parts a thread takes at least: `few` rows on the CPU, where
/// parts are shared out over threads, and `many` on a GPU, which one thread feeds.
pub(crate) fn parts(device: &Device, few: usize, many: usize) -> (usize, usize) {
    if *device == Device::flex() { (few, 1) } else { (many.max(1), usize::MAX) }
}
