//! log p_θ(x, z) = log p_θ(x|z) + log p(z) as a function of z, θ held.
//!
//! What inference of the z of given rows needs: the density of the posterior up to a constant, and its gradient in z.

/// p_θ(x, z) as a function of a continuous z, in nats.
///
/// Rows of x are `[R, D]`, z is `[S, R, Z]`: S draws for each row, sample-major, so that draw s of row r is number
/// s·R + r. R is told by the length of `x`, S by that of `out`; every number below is of each draw, in that order.
///
/// A call works on the calling thread alone, and several threads may call at once. What is computed for a draw does not
/// depend on what else is in the call, by kernels to the bit, on the tensor engine, which cuts products into blocks, to
/// rounding: share rows and draws out over threads as you like, some multiple of
/// 128 draws a call for the best speed. Any of the lengths otherwise than said is a panic.
pub trait Joint: Send + Sync {
    /// Z, the columns of z.
    fn latent(&self) -> usize;

    /// D, the columns of x.
    fn width(&self) -> usize;

    /// log p_θ(x_r|z_{s,r}) into `out`, `[S, R]`, and, where asked, its derivative in z into `gradient`, `[S, R, Z]`.
    fn log_likelihood(&self, x: &[f32], z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>);

    /// log p(z) into `out`, `[S·R]`, and, where asked, its derivative in z into `gradient`, `[S·R, Z]`.
    fn log_prior(&self, z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>);
}
