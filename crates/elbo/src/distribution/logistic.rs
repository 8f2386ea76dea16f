//! The discretised logistic (Kingma et al. 2016; Salimans et al. 2017): a likelihood of pixels 0, …, 255.

use crate::{Error, check, special::ln_logistic};

/// log P(k), in nats, of a Logistic(μ, s) rounded to 0, …, 255, the ends taking the tails:
/// S(b) − S(a), a = (k − ½ − μ)/s, b = (k + ½ − μ)/s.
///
/// # Errors
/// It fails where `location` is not finite, or `scale` not a finite number > 0.
///
/// ```
/// use elbo::distribution::logistic::discretised_log_density;
/// let total: f64 = (0..=255).map(|k| discretised_log_density(k, 99.3, 7.0).unwrap().exp()).sum();
/// assert!((total - 1.0).abs() < 1e-13);
/// ```
pub fn discretised_log_density(k: u8, location: f64, scale: f64) -> Result<f64, Error> {
    let (location, scale) = (check::finite("location", location)?, check::positive("scale", scale)?);
    let edge = |shift: f64| (f64::from(k) + shift - location) / scale;
    let (below, above) = (ln_logistic(edge(0.5)), ln_logistic(-edge(-0.5)));
    Ok(match k {
        0 => below,
        255 => above,
        // S(b) − S(a) = S(b) S(−a) (1 − e^(a−b)): no difference of probabilities.
        _ => below + above + (-(-1.0 / scale).exp_m1()).ln(),
    })
}
