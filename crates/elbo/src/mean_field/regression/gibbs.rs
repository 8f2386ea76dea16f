//! The posterior itself, by a Gibbs chain: w, α and τ in turn, each drawn given the others (Gelfand and Smith 1990). It says
//! how much narrower q is, whose factors know nothing of each other.

use super::{Fit, Noise, Weights, prior::known};
use crate::{
    Error,
    conjugate::{Conjugate, Squares},
    distribution::{Gamma, Gaussian, Sample},
    random::{Key, Purpose},
};

/// A precision that is Gamma(shape, rate), given squares of so many deviations.
fn posterior(shape: f64, rate: f64, weight: f64, sum: f64) -> Result<Gamma, Error> {
    Conjugate::<Gaussian>::updated(&Gamma::new(shape, rate)?, &Squares { weight, sum })
}

/// What a Gibbs chain found of a regression's coefficients, `[P]` each.
#[derive(Clone, Debug)]
pub struct Chain {
    /// E\[w\].
    pub mean: Vec<f64>,
    /// The standard deviations of w.
    pub deviations: Vec<f64>,
}

impl Fit {
    /// The moments of w under the posterior, by so many sweeps of a chain that begins at q, after a fifth as many that are not
    /// counted. Those of w given α and τ are in closed form and averaged, which takes most of the noise of the draws away.
    /// A sweep costs as much as one of the ascent.
    ///
    /// # Errors
    /// Where the prior is none, or a sum overflows.
    pub fn chain(&self, sweeps: usize, key: Key) -> Result<Chain, Error> {
        let (mut fit, key) = (self.clone(), key.purpose(Purpose::Sample));
        let (first, size) = (usize::from(self.prior.intercept.is_some()), self.posterior.mean.len());
        let mut tau = self.posterior.noise.expectations()?.mean;
        let mut precisions = match self.prior.weights {
            Weights::Known { sd } => vec![known(sd).mean],
            _ => self.posterior.relevance(),
        };
        let (mut sum, mut squares, mut variances) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
        let mut normals = vec![0.0; size];
        let unseen = sweeps.div_ceil(5);
        for sweep in 0..unseen + sweeps {
            let key = key.fold(sweep as u64);
            let of_weights = (0..size - first).map(|j| precisions[j.min(precisions.len() - 1)]);
            let alpha: Vec<f64> =
                self.prior.intercept.map(|sd| known(sd).mean).into_iter().chain(of_weights).collect();
            let unit = if self.prior.scaled { 1.0 } else { tau };
            let (mean, v) = fit.solution(unit, &alpha);
            // Scaled, τ is drawn with w summed out, and Var[w] has E[1/τ].
            let mut scale = if self.prior.scaled { tau.recip() } else { 1.0 };
            if let (true, Noise::Gamma { shape, rate }) = (self.prior.scaled, self.prior.noise) {
                let of_prior: f64 = alpha.iter().zip(&mean).map(|(a, m)| a * m * m).sum();
                let q =
                    posterior(shape, rate, self.statistics.rows, self.statistics.squares(&mean) + of_prior)?;
                tau = q.sample(key, 0);
                scale = q.rate() / (q.shape() - 1.0);
            }
            if sweep >= unseen {
                for (j, (m, v)) in mean.iter().zip(v.variances()).enumerate() {
                    sum[j] += m;
                    squares[j] += m * m;
                    variances[j] += v * scale;
                }
            }
            normals.resize(v.numbers(), 0.0);
            key.fold(1).normals(0, &mut normals);
            let away = if self.prior.scaled { libm::sqrt(tau.recip()) } else { 1.0 };
            let w: Vec<f64> = mean.iter().zip(v.draw(&normals)).map(|(m, e)| m + away * e).collect();
            if let (false, Noise::Gamma { shape, rate }) = (self.prior.scaled, self.prior.noise) {
                tau =
                    posterior(shape, rate, self.statistics.rows, self.statistics.squares(&w))?.sample(key, 2);
            }
            let unit = if self.prior.scaled { tau } else { 1.0 };
            let of_squares = |w: &[f64], shape: f64, rate: f64, row: u64| -> Result<f64, Error> {
                let squares = unit * w.iter().map(|w| w * w).sum::<f64>();
                Ok(posterior(shape, rate, w.len() as f64, squares)?.sample(key.fold(3), row))
            };
            match self.prior.weights {
                Weights::Known { .. } => {}
                Weights::Shared { shape, rate } => {
                    precisions = vec![of_squares(&w[first..], shape, rate, 0)?];
                }
                Weights::Each { shape, rate } => {
                    let each = w[first..].chunks(1).zip(0..);
                    precisions =
                        each.map(|(w, row)| of_squares(w, shape, rate, row)).collect::<Result<_, _>>()?;
                }
            }
        }
        let number = sweeps as f64;
        let mean: Vec<f64> = sum.iter().map(|sum| sum / number).collect();
        let deviation = |j: usize| {
            let between = (squares[j] / number - mean[j] * mean[j]).max(0.0);
            libm::sqrt(variances[j] / number + between)
        };
        Ok(Chain { deviations: (0..size).map(deviation).collect(), mean })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mean_field::{Ascent, ascend, regression::Prior};

    fn fitted(rows: usize, prior: Prior) -> Fit {
        let mut x = vec![0.0; 3 * rows];
        Key::new(3).normals(0, &mut x);
        let mut noise = vec![0.0; rows];
        Key::new(4).normals(0, &mut noise);
        let y: Vec<f64> =
            x.chunks(3).zip(&noise).map(|(x, e)| 1.0 + 0.5 * x[0] + 0.2 * x[1] - 0.3 * x[2] + e).collect();
        let mut fit = Fit::new(&x, 3, &y, prior).unwrap();
        ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
        fit
    }

    fn largest_ratio(fit: &Fit) -> f64 {
        let chain = fit.chain(2000, Key::new(1)).unwrap();
        let own = fit.posterior().deviations();
        chain.deviations.iter().zip(own).map(|(sd, own)| sd / own).fold(0.0, f64::max)
    }

    /// Where q is the posterior the chain has its moments: with α known and w scaled by the noise exactly, to rounding.
    #[test]
    fn a_conjugate_prior_has_its_closed_form() {
        let fit = fitted(15, Prior { weights: Weights::Known { sd: 0.7 }, scaled: true, ..Prior::default() });
        let chain = fit.chain(10, Key::new(1)).unwrap();
        for (j, (m, sd)) in chain.mean.iter().zip(&chain.deviations).enumerate() {
            assert!((m - fit.posterior().mean[j]).abs() < 1e-9);
            let v = fit.posterior().covariance()[j * 5];
            assert!((sd - v.sqrt()).abs() < 1e-7 * sd, "{j}: {sd} {}", v.sqrt());
        }
    }

    /// The posterior of few rows, its α summed out by quadrature of log α, where w is scaled by the noise and all is closed
    /// given α: the chain agrees within 5 %, four standard errors of it.
    #[test]
    fn the_chain_agrees_with_quadrature() {
        let weights = Weights::Shared { shape: 2.0, rate: 1.0 };
        let fit = fitted(10, Prior { weights, scaled: true, ..Prior::default() });
        let (mut total, mut mean, mut square) = (0.0, vec![0.0; 4], vec![0.0; 4]);
        for step in -200..=200 {
            let log_alpha = 0.04 * f64::from(step);
            let alpha = log_alpha.exp();
            let known = Weights::Known { sd: alpha.sqrt().recip() };
            let given = fitted(10, Prior { weights: known, scaled: true, ..Prior::default() });
            let evidence = given.log_evidence().unwrap().unwrap();
            // Gamma(2, 1) of α, as a density of log α.
            let weight = (evidence + 2.0 * log_alpha - alpha).exp();
            total += weight;
            for j in 0..4 {
                let m = given.posterior().mean[j];
                mean[j] += weight * m;
                square[j] += weight * (m * m + given.posterior().covariance()[j * 5]);
            }
        }
        let chain = fit.chain(20_000, Key::new(2)).unwrap();
        for j in 0..4 {
            let m = mean[j] / total;
            let sd = (square[j] / total - m * m).sqrt();
            assert!((chain.mean[j] - m).abs() < 0.05 * sd, "{j}: {} {m}", chain.mean[j]);
            assert!((chain.deviations[j] / sd - 1.0).abs() < 0.05, "{j}: {} {sd}", chain.deviations[j]);
        }
    }

    /// q of few rows is too narrow, and of many it is not.
    #[test]
    fn few_rows_are_told_from_many() {
        let (few, many) =
            (largest_ratio(&fitted(8, Prior::default())), largest_ratio(&fitted(2000, Prior::default())));
        assert!(few > 1.2, "{few}");
        assert!((many - 1.0).abs() < 0.03, "{many}");
    }
}
