//! Gaussian-Wishart and Gaussian: x ~ N(μ, Λ⁻¹), μ|Λ ~ N(m, (β Λ)⁻¹), Λ ~ Wishart(ν, V) (Bishop 2006, section 2.3.6).
//!
//! With N = Σ w, x̄ the mean and S the scatter matrix: m ← m + N/(β + N) (x̄ − m), β ← β + N, ν ← ν + N,
//! V⁻¹ ← V⁻¹ + S + β N/(β + N) (x̄ − m)(x̄ − m)ᵀ.

use std::f64::consts::TAU;

use super::{
    Conjugate, RowExpectations, RowMoments, Scatter, WishartPrecision, row_moments::pool,
    student_t::student_t,
};
use crate::{
    Error, check,
    distribution::{Cholesky, FullGaussian, Sample, cholesky::dot},
    divergence::KullbackLeibler,
    error::Domain,
    random::Key,
    special::{exp_remainder, ln_ratio},
};

/// μ|Λ ~ N(`mean`, (`strength` Λ)⁻¹): the mean of rows in units of their precision matrix, which several may share.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLocation {
    /// m, `[D]`.
    pub mean: Vec<f64>,
    /// β > 0: how many rows m is worth.
    pub strength: f64,
}

impl RowLocation {
    /// Takes this as the prior, and gives the posterior, and what the rows say of Λ beside it.
    pub fn updated(&self, of: &RowMoments) -> (Self, Scatter) {
        let mut q = self.clone();
        let mut sum = of.scatter().to_vec();
        pool(&mut q.mean, &mut q.strength, &mut sum, &of.step(&self.mean), of.weight());
        (q, Scatter { weight: of.weight(), sum })
    }

    /// E_Λ of KL(q(μ|Λ) ‖ p(μ|Λ)), in nats: ½ D R(log β_p/β_q) + ½ β_p E\[(m_q − m_p)ᵀ Λ (m_q − m_p)\].
    pub fn kl(&self, prior: &Self, precision: &WishartPrecision) -> f64 {
        let away: Vec<f64> = self.mean.iter().zip(&prior.mean).map(|(q, p)| q - p).collect();
        let spread = away.len() as f64 * exp_remainder(ln_ratio(prior.strength, self.strength));
        0.5 * (spread + prior.strength * precision.expected_square(&away))
    }

    /// E\[log N(x; μ, Λ⁻¹)\] as a function of x.
    pub fn expectations(&self, precision: &WishartPrecision) -> RowExpectations {
        let d = self.mean.len();
        // The rows of √ν L⁻¹, V⁻¹ = L Lᵀ: E[Λ] = ν L⁻ᵀ L⁻¹.
        let mut whitening = vec![0.0; d * (d + 1) / 2];
        let (inverse, root) = (precision.factor().inverse_factor(), precision.freedom().sqrt());
        for i in 0..d {
            let row = whitening[i * (i + 1) / 2..].iter_mut().zip(&inverse[i * d..=i * d + i]);
            row.for_each(|(w, inverse)| *w = root * inverse);
        }
        let of_rows = d as f64 * (TAU.ln() + self.strength.recip());
        let constant = 0.5 * (precision.expected_ln_determinant() - of_rows);
        RowExpectations { mean: self.mean.clone(), whitening, constant }
    }

    /// log ∫ N(x; μ, Λ⁻¹) q(μ, Λ), in nats, of the cells of a row that are there: Student's t with ν + 1 − D degrees of
    /// freedom about m, of scale V⁻¹ (1 + 1/β)/(ν + 1 − D).
    pub fn log_predictive(&self, precision: &WishartPrecision, x: &[f64]) -> f64 {
        let d = self.mean.len();
        let seen: Vec<usize> = (0..d).filter(|&i| !x[i].is_nan()).collect();
        if seen.is_empty() {
            return 0.0;
        }
        let freedom = precision.freedom() + 1.0 - d as f64;
        let scale = self.spread() / freedom;
        let matrix: Vec<f64> = seen
            .iter()
            .flat_map(|&i| seen.iter().map(move |&j| scale * precision.inverse_scale()[i * d + j]))
            .collect();
        let Ok(factor) = Cholesky::of(&matrix, seen.len()) else { return f64::NAN };
        let away: Vec<f64> = seen.iter().map(|&i| x[i] - self.mean[i]).collect();
        let whitened = factor.solve(&away);
        student_t(freedom, seen.len(), factor.ln_determinant(), dot(&whitened, &whitened))
    }

    /// The covariance of a new row about m, in units of Λ⁻¹: 1 + 1/β.
    pub fn spread(&self) -> f64 {
        1.0 + self.strength.recip()
    }
}

/// μ|Λ ~ N(m, (β Λ)⁻¹), Λ ~ Wishart(ν, V).
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianWishart {
    /// The distribution of μ given Λ.
    pub location: RowLocation,
    /// The distribution of Λ.
    pub precision: WishartPrecision,
}

impl GaussianWishart {
    /// Makes the distribution from m, `[D]`, β and q(Λ).
    ///
    /// # Errors
    /// It fails where the dimensions differ, m is not finite, or β not a finite number > 0.
    pub fn new(mean: Vec<f64>, strength: f64, precision: WishartPrecision) -> Result<Self, Error> {
        check::all_finite("the mean", &mean)?;
        Error::check_shape("the inverse scale", &[mean.len(); 2], &[precision.dimension(); 2])?;
        Ok(Self {
            location: RowLocation { mean, strength: check::positive("the strength", strength)? },
            precision,
        })
    }

    /// (μ, Λ) ~ q, the draw of `row`.
    ///
    /// # Errors
    /// It fails where Λ is too near singular to be factorised.
    pub fn sample(&self, key: Key, row: u64) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let (precision, _) = self.precision.wishart()?.sample_factored(key.fold(0), row)?;
        let scaled: Vec<f64> = precision.iter().map(|l| self.location.strength * l).collect();
        let d = self.precision.dimension();
        let covariance = Cholesky::named(
            "a drawn covariance",
            &Cholesky::named("a drawn precision", &scaled, d)?.inverse(),
            d,
        )?;
        let mean = FullGaussian::new(self.location.mean.clone(), covariance)?.sample(key.fold(1), row);
        Ok((mean, precision))
    }
}

impl KullbackLeibler for GaussianWishart {
    /// That of Λ, and the mean over Λ of that of μ.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        Ok(self.precision.kl(&p.precision)? + self.location.kl(&p.location, &self.precision))
    }
}

impl Conjugate<FullGaussian> for GaussianWishart {
    type Observation = [f64];
    type Statistics = RowMoments;
    type Expectations = RowExpectations;

    fn statistics(&self) -> RowMoments {
        RowMoments::from_origin(&self.location.mean)
    }

    fn updated(&self, of: &RowMoments) -> Result<Self, Error> {
        let (location, scatter) = self.location.updated(of);
        Self::new(location.mean, location.strength, self.precision.updated(&scatter)?)
    }

    fn expectations(&self) -> RowExpectations {
        self.location.expectations(&self.precision)
    }

    fn log_predictive(&self, x: &[f64]) -> f64 {
        self.location.log_predictive(&self.precision, x)
    }

    fn draw(&self, key: Key, row: u64) -> Result<FullGaussian, Error> {
        let (mean, precision) = self.sample(key, row)?;
        let d = mean.len();
        FullGaussian::new(
            mean,
            Cholesky::named(
                "a drawn covariance",
                &Cholesky::named("a drawn precision", &precision, d)?.inverse(),
                d,
            )?,
        )
    }

    fn refuses(&self, x: &[f64]) -> Option<Domain> {
        let d = self.location.mean.len();
        if x.len() != d {
            return Some(Domain::Columns(d));
        }
        x.iter().any(|x| x.is_infinite()).then_some(Domain::FiniteOrMissing)
    }
}
