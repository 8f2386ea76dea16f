//! KL by Monte Carlo (E2), for any pair of which one can be drawn from.

use std::borrow::Borrow;

use crate::{
    distribution::{LogDensity, Sample},
    random::Key,
    terms::Mean,
};

/// KL(q‖p) ≈ (1/S) Σ_s [log q(z^s) − log p(z^s)], z^s ~ q of rows 0, …, S − 1 of `key`: unbiased, with its standard
/// error, in nats. Infinite where p leaves out a draw; NaN for S = 0.
///
/// ```
/// use elbo::{distribution::{Laplace, Gaussian}, divergence::monte_carlo, random::Key};
/// let (q, p) = (Laplace::new(0.0, 1.0)?, Gaussian::new(0.0, 1.0)?);
/// let kl = monte_carlo(&q, &p, Key::new(1), 1000);
/// let exact = 0.5 * (2.0 * std::f64::consts::PI).ln() - 2f64.ln(); // ½ log 2π + ½ E[z²] − log 2 − 1
/// assert!((kl.value - exact).abs() < 4.0 * kl.standard_error);
/// # Ok::<(), elbo::Error>(())
/// ```
pub fn monte_carlo<Q, P, X: ?Sized>(q: &Q, p: &P, key: Key, samples: u64) -> Mean
where
    Q: Sample<Value: Borrow<X>> + LogDensity<X>,
    P: LogDensity<X>,
{
    let difference = |row| {
        let z = q.sample(key, row);
        q.log_density(z.borrow()) - p.log_density(z.borrow())
    };
    Mean::of(&(0..samples).map(difference).collect::<Vec<_>>())
}
