//! Gaussian-gamma and Gaussian: x ~ N(μ, 1/τ), μ|τ ~ N(m, 1/(β τ)), τ ~ Gamma(a, b); also called normal-gamma (Bishop 2006,
//! section 2.3.6).
//!
//! With N = Σ w, x̄ the mean and S the scatter: m ← m + N/(β + N) (x̄ − m), β ← β + N, a ← a + ½ N,
//! b ← b + ½ (S + β N/(β + N) (x̄ − m)²).

use std::f64::consts::TAU;

use super::{Conjugate, Expectations, Moments, PrecisionExpectations, Square, Squares};
use crate::{
    Error, check,
    distribution::{Gamma, Gaussian, LogDensity, Sample, StudentT},
    divergence::KullbackLeibler,
    error::Domain,
    random::Key,
    special::{exp_remainder, ln_ratio},
};

/// μ|τ ~ N(`mean`, 1/(`strength` τ)): a Gaussian's mean in units of its precision, which several may share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// m.
    pub mean: f64,
    /// β > 0: how many observations m is worth.
    pub strength: f64,
}

impl Location {
    /// Takes this as the prior, and gives the posterior, and what the observations say of τ beside it.
    pub fn updated(&self, of: &Moments<Square>) -> (Self, Squares) {
        let (weight, step) = (of.weight(), of.step(self.mean));
        let strength = self.strength + weight;
        let mean = self.mean + weight / strength * step;
        let away = self.strength * weight / strength * step * step;
        (Self { mean, strength }, Squares { weight, sum: of.scatter() + away })
    }

    /// E_τ of KL(q(μ|τ) ‖ p(μ|τ)), in nats, of a τ of this expectation: ½ R(log β_p/β_q) + ½ β_p E\[τ\] (m_q − m_p)².
    pub fn kl(&self, prior: &Self, expected_precision: f64) -> f64 {
        let away = self.mean - prior.mean;
        0.5 * (exp_remainder(ln_ratio(prior.strength, self.strength))
            + prior.strength * expected_precision * away * away)
    }

    /// E\[log N(x; μ, 1/τ)\] as a function of x.
    pub fn expectations(&self, tau: PrecisionExpectations) -> GaussianExpectations {
        GaussianExpectations {
            constant: 0.5 * (tau.ln - TAU.ln() - self.strength.recip()),
            precision: tau.mean,
            mean: self.mean,
        }
    }

    /// The scale of a new x about m, in units of 1/√τ, squared: 1 + 1/β.
    pub fn spread(&self) -> f64 {
        1.0 + self.strength.recip()
    }
}

/// μ|τ ~ N(m, 1/(β τ)), τ ~ Gamma(a, b).
///
/// ```
/// use elbo::{conjugate::{Conjugate, GaussianGamma, Statistics}, distribution::Gamma};
/// let prior = GaussianGamma::new(0.0, 1.0, Gamma::new(1.0, 1.0)?)?;
/// let mut of = prior.statistics();
/// [2.0, f64::NAN, 4.0].iter().for_each(|x| of.add(1.0, x));
/// let q = prior.updated(&of)?;
/// assert_eq!((q.location.mean, q.location.strength), (2.0, 3.0));
/// assert_eq!((q.precision.shape(), q.precision.rate()), (2.0, 5.0));
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianGamma {
    /// The distribution of μ given τ.
    pub location: Location,
    /// The distribution of τ.
    pub precision: Gamma,
}

impl GaussianGamma {
    /// Makes the distribution from m, β and q(τ).
    ///
    /// # Errors
    /// It fails where m is not finite, or β not a finite number > 0.
    pub fn new(mean: f64, strength: f64, precision: Gamma) -> Result<Self, Error> {
        let location =
            Location { mean: check::finite("mean", mean)?, strength: check::positive("strength", strength)? };
        Ok(Self { location, precision })
    }
}

impl KullbackLeibler for GaussianGamma {
    /// That of τ, and the mean over τ of that of μ.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        let expected_precision = self.precision.shape() / self.precision.rate();
        Ok(self.precision.kl(&p.precision)? + self.location.kl(&p.location, expected_precision))
    }
}

/// E\[log N(x; μ, 1/τ)\] = constant − ½ E\[τ\] (x − m)².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianExpectations {
    /// ½ (E\[log τ\] − log 2π − E\[τ\] Var\[μ\]).
    pub constant: f64,
    /// E\[τ\].
    pub precision: f64,
    /// m.
    pub mean: f64,
}

impl GaussianExpectations {
    /// The expectations for a Gaussian that is known.
    pub fn known(mean: f64, sigma: f64) -> Self {
        Self { constant: -libm::log(sigma) - 0.5 * TAU.ln(), precision: sigma.powi(-2), mean }
    }
}

impl Expectations<f64, Moments<Square>> for GaussianExpectations {
    fn log_density(&self, x: &f64) -> f64 {
        if x.is_nan() {
            0.0
        } else {
            self.constant - 0.5 * self.precision * (x - self.mean) * (x - self.mean)
        }
    }

    fn log_likelihood(&self, of: &Moments<Square>) -> f64 {
        of.weight() * self.constant - 0.5 * self.precision * of.about(self.mean)
    }
}

impl Conjugate<Gaussian> for GaussianGamma {
    type Observation = f64;
    type Statistics = Moments<Square>;
    type Expectations = GaussianExpectations;

    fn statistics(&self) -> Moments<Square> {
        Moments::from_origin(self.location.mean)
    }

    fn updated(&self, of: &Moments<Square>) -> Result<Self, Error> {
        let (location, squares) = self.location.updated(of);
        Self::new(
            location.mean,
            location.strength,
            Conjugate::<Gaussian>::updated(&self.precision, &squares)?,
        )
    }

    fn expectations(&self) -> GaussianExpectations {
        self.location.expectations(Conjugate::<Gaussian>::expectations(&self.precision))
    }

    /// Student's t with 2a degrees of freedom, about m, of scale √(b/a (1 + 1/β)).
    fn log_predictive(&self, x: &f64) -> f64 {
        if x.is_nan() {
            return 0.0;
        }
        let (shape, rate) = (self.precision.shape(), self.precision.rate());
        let t =
            StudentT::new(2.0 * shape, self.location.mean, (rate / shape * self.location.spread()).sqrt());
        t.map_or(f64::NAN, |t| t.log_density(x))
    }

    fn draw(&self, key: Key, row: u64) -> Result<Gaussian, Error> {
        let sigma = self.precision.sample(key.fold(0), row).sqrt().recip();
        let Location { mean, strength } = self.location;
        Gaussian::new(Gaussian::new(mean, sigma / strength.sqrt())?.sample(key.fold(1), row), sigma)
    }

    fn refuses(&self, x: &f64) -> Option<Domain> {
        x.is_infinite().then_some(Domain::FiniteOrMissing)
    }
}
