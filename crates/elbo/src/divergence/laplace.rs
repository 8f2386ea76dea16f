//! KL between Laplace distributions.

use super::KullbackLeibler;
use crate::{
    Error,
    distribution::Laplace,
    special::{exp_remainder, ln_ratio},
};

impl KullbackLeibler for Laplace {
    /// r R(−|μ_q − μ_p|/b_q) + R(log r), r = b_q/b_p.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        let distance = (self.location() - p.location()).abs();
        let ratio = self.scale() / p.scale();
        // r R(−u) from u = distance/b_q, or where u overflows its greater part.
        let u = distance / self.scale();
        let of_location = if u < 1e100 { ratio * exp_remainder(-u) } else { distance / p.scale() - ratio };
        Ok(of_location + exp_remainder(ln_ratio(self.scale(), p.scale())))
    }
}
