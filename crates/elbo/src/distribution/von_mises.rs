//! The von Mises distribution of an angle: p(x) = exp(κ cos(x − μ)) / 2π I₀(κ).

use std::f64::consts::TAU;

use crate::{Error, check, special::ln_bessel_i0};

/// log 2π I₀(κ), in nats.
///
/// # Errors
/// It fails where `kappa` is not a finite number ≥ 0.
///
/// ```
/// use elbo::distribution::von_mises::log_normaliser;
/// assert_eq!(log_normaliser(0.0)?, std::f64::consts::TAU.ln()); // uniform on the circle
/// # Ok::<(), elbo::Error>(())
/// ```
pub fn log_normaliser(kappa: f64) -> Result<f64, Error> {
    Ok(TAU.ln() + ln_bessel_i0(check::not_negative("kappa", kappa)?))
}
