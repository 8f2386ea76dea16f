//! What a state says of one column: log p(x|θ) = t(x)·η(θ) + log h(x), with θ known or of its conjugate distribution.

use super::Shares;
use crate::{
    Error,
    check::checked,
    conjugate::{
        ClassCounts, ClassExpectations, Conjugate, Deviance, Expectations, GaussianExpectations,
        GaussianGamma, Moments, RateExpectations, Square, Statistics as _, refuses_class, refuses_count,
    },
    distribution::{Gamma, Gaussian, LogDensity, Poisson, Sample},
    divergence::KullbackLeibler,
    error::Domain,
    mean_field::rosenblatt::Cell,
    random::Key,
    special::normal_cdf,
};

checked! {
    /// The distribution of a column in one state: its family, and what is known of the parameters. It is prior and posterior
    /// alike.
    #[derive(Clone, Debug, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    pub enum Emission {
        /// x ~ N(μ, 1/τ), μ|τ ~ N(`mean`, 1/(`precision` τ)), τ ~ Gamma(`shape`, `rate`).
        Gaussian {
            /// The mean of μ.
            mean: f64,
            /// The precision of μ in units of τ.
            precision: f64,
            /// The shape of τ.
            shape: f64,
            /// The rate of τ.
            rate: f64,
        },
        /// x ~ N(`mean`, `sigma`²), both known.
        KnownGaussian {
            /// μ, the mean.
            mean: f64,
            /// σ, the standard deviation.
            sigma: f64,
        },
        /// x ~ Poisson(λ), λ ~ Gamma(`shape`, `rate`).
        Poisson {
            /// The shape of λ.
            shape: f64,
            /// The rate of λ.
            rate: f64,
        },
        /// x ~ Poisson(λ) of a known `rate` λ.
        KnownPoisson {
            /// λ, the mean count.
            rate: f64,
        },
        /// x is a class, numbered from 0.
        Categorical(Shares),
    }
}

/// What must be the same in all states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Real,
    Count,
    /// Of so many.
    Class(usize),
}

/// Expected sufficient statistics of the values that a column has in one state.
#[derive(Clone, Debug)]
pub(super) enum Statistics {
    Real(Moments<Square>),
    Count(Moments<Deviance>),
    Class(ClassCounts),
}

/// E\[log p(x|θ)\] − log h(x) as a function of x.
pub(super) enum Expected {
    Real(GaussianExpectations),
    Count(RateExpectations),
    Class(ClassExpectations),
}

/// Rates above which the cube root of a gamma variable is as good as normal (Wilson and Hilferty 1931), to 1e-6.
const GREAT: f64 = 1e4;

/// P(less than x) of a count whose probability is `same`.
fn less(x: f64, same: f64, rate: f64) -> f64 {
    if same == 0.0 || x == 0.0 {
        return f64::from(u8::from(x > rate));
    }
    if rate > GREAT {
        // Fewer than x events come where the time of the x-th, a gamma variable, is late.
        return normal_cdf(3.0 * x.sqrt() * (1.0 - 1.0 / (9.0 * x) - libm::cbrt(rate / x)));
    }
    // P(x − 1), P(x − 2), …, down to where no more comes.
    let (mut sum, mut p, mut count) = (0.0, same, x);
    while count > 0.0 && (count > rate || p > f64::EPSILON * sum) {
        p *= count / rate;
        sum += p;
        count -= 1.0;
    }
    sum
}

fn gaussian_gamma(mean: f64, precision: f64, shape: f64, rate: f64) -> Result<GaussianGamma, Error> {
    GaussianGamma::new(mean, precision, Gamma::new(shape, rate)?)
}

impl Emission {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Gaussian { .. } | Self::KnownGaussian { .. } => Kind::Real,
            Self::Poisson { .. } | Self::KnownPoisson { .. } => Kind::Count,
            Self::Categorical(shares) => Kind::Class(shares.outcomes()),
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match *self {
            Self::Gaussian { mean, precision, shape, rate } => {
                gaussian_gamma(mean, precision, shape, rate).map(|_| ())
            }
            Self::KnownGaussian { mean, sigma } => Gaussian::new(mean, sigma).map(|_| ()),
            Self::Poisson { shape, rate } => Gamma::new(shape, rate).map(|_| ()),
            Self::KnownPoisson { rate } => Poisson::new(rate).map(|_| ()),
            Self::Categorical(ref shares) => shares.check("the probabilities of an emission's classes"),
        }
    }

    /// What a value must be, where it is not.
    pub(super) fn refuses(&self, x: f64) -> Option<Domain> {
        match self.kind() {
            Kind::Real => None,
            Kind::Count => refuses_count(x),
            Kind::Class(classes) => refuses_class(classes, x),
        }
    }

    /// log h(x), which no parameter changes.
    pub(super) fn ln_base(&self, x: f64) -> f64 {
        match self.kind() {
            Kind::Count => <Gamma as Conjugate<Poisson>>::ln_base(&x),
            Kind::Real | Kind::Class(_) => 0.0,
        }
    }

    /// The statistics of no value.
    pub(super) fn statistics(&self) -> Statistics {
        match self {
            Self::Gaussian { mean, .. } | Self::KnownGaussian { mean, .. } => {
                Statistics::Real(Moments::from_origin(*mean))
            }
            Self::Poisson { .. } | Self::KnownPoisson { .. } => Statistics::Count(Moments::from_origin(0.0)),
            Self::Categorical(shares) => Statistics::Class(ClassCounts(vec![0.0; shares.outcomes()])),
        }
    }

    pub(super) fn expected(&self) -> Result<Expected, Error> {
        Ok(match *self {
            Self::Gaussian { mean, precision, shape, rate } => {
                Expected::Real(gaussian_gamma(mean, precision, shape, rate)?.expectations())
            }
            Self::KnownGaussian { mean, sigma } => Expected::Real(GaussianExpectations::known(mean, sigma)),
            Self::Poisson { shape, rate } => {
                Expected::Count(Conjugate::<Poisson>::expectations(&Gamma::new(shape, rate)?))
            }
            Self::KnownPoisson { rate } => Expected::Count(RateExpectations::known(rate)),
            Self::Categorical(ref shares) => Expected::Class(shares.expectations()?),
        })
    }

    /// As prior: the posterior. What is known stays.
    pub(super) fn updated(&self, of: &Statistics) -> Result<Self, Error> {
        Ok(match (self, of) {
            (Self::Gaussian { mean, precision, shape, rate }, Statistics::Real(of)) => {
                let GaussianGamma { location, precision } =
                    gaussian_gamma(*mean, *precision, *shape, *rate)?.updated(of)?;
                Self::Gaussian {
                    mean: location.mean,
                    precision: location.strength,
                    shape: precision.shape(),
                    rate: precision.rate(),
                }
            }
            (Self::Poisson { shape, rate }, Statistics::Count(of)) => {
                let q = Conjugate::<Poisson>::updated(&Gamma::new(*shape, *rate)?, of)?;
                Self::Poisson { shape: q.shape(), rate: q.rate() }
            }
            (Self::Categorical(shares), Statistics::Class(counts)) => {
                Self::Categorical(shares.updated(counts)?)
            }
            _ => self.clone(),
        })
    }

    /// From a prior of the same kind; of known parameters 0.
    pub(super) fn kl(&self, prior: &Self) -> Result<f64, Error> {
        match (self, prior) {
            (
                Self::Gaussian { mean, precision, shape, rate },
                Self::Gaussian { mean: m0, precision: l0, shape: a0, rate: b0 },
            ) => {
                let p = gaussian_gamma(*m0, *l0, *a0, *b0)?;
                gaussian_gamma(*mean, *precision, *shape, *rate)?.kl(&p)
            }
            (Self::Poisson { shape, rate }, Self::Poisson { shape: a0, rate: b0 }) => {
                Gamma::new(*shape, *rate)?.kl(&Gamma::new(*a0, *b0)?)
            }
            (Self::Categorical(q), Self::Categorical(p)) => q.kl(p),
            _ => Ok(0.0),
        }
    }

    /// A draw of the parameters, as known ones.
    pub(super) fn draw(&self, key: Key, row: u64) -> Result<Self, Error> {
        Ok(match self {
            Self::Gaussian { mean, precision, shape, rate } => {
                let known = gaussian_gamma(*mean, *precision, *shape, *rate)?.draw(key, row)?;
                Self::KnownGaussian { mean: known.location(), sigma: known.sigma() }
            }
            Self::Poisson { shape, rate } => {
                let known: Poisson = Gamma::new(*shape, *rate)?.draw(key, row)?;
                Self::KnownPoisson { rate: known.rate() }
            }
            Self::Categorical(shares) => Self::Categorical(shares.draw(key, row)?),
            known => known.clone(),
        })
    }

    /// A draw of x, θ integrated out.
    pub(super) fn sample(&self, key: Key, row: u64) -> Result<f64, Error> {
        let (theta, key) = (key.fold(0), key.fold(1));
        Ok(match *self {
            Self::Gaussian { mean, precision, shape, rate } => {
                gaussian_gamma(mean, precision, shape, rate)?.draw(theta, row)?.sample(key, row)
            }
            Self::KnownGaussian { mean, sigma } => Gaussian::new(mean, sigma)?.sample(key, row),
            Self::Poisson { shape, rate } => {
                let known: Poisson = Gamma::new(shape, rate)?.draw(theta, row)?;
                known.sample(key, row) as f64
            }
            Self::KnownPoisson { rate } => Poisson::new(rate)?.sample(key, row) as f64,
            Self::Categorical(ref shares) => key.choose(row, &shares.draw(theta, row)?.mean()) as f64,
        })
    }

    /// log p(x), θ integrated out: Student's t, a negative binomial, E\[p_x\].
    pub(super) fn log_predictive(&self, x: f64) -> Result<f64, Error> {
        Ok(match *self {
            Self::Gaussian { mean, precision, shape, rate } => {
                gaussian_gamma(mean, precision, shape, rate)?.log_predictive(&x)
            }
            Self::KnownGaussian { mean, sigma } => Gaussian::new(mean, sigma)?.log_density(&x),
            Self::Poisson { shape, rate } => {
                Conjugate::<Poisson>::log_predictive(&Gamma::new(shape, rate)?, &x)
            }
            Self::KnownPoisson { rate } => Poisson::new(rate)?.log_density(&(x as u64)),
            Self::Categorical(ref shares) => libm::log(shares.mean()[x as usize]),
        })
    }

    /// What the parameters at their means say of a value.
    pub(super) fn cell(&self, x: f64) -> Cell {
        match *self {
            Self::Gaussian { mean, shape, rate, .. } => {
                let sigma = (rate / shape).sqrt();
                Cell::gaussian((x - mean) / sigma, libm::log(sigma))
            }
            Self::KnownGaussian { mean, sigma } => Cell::gaussian((x - mean) / sigma, libm::log(sigma)),
            Self::Poisson { .. } | Self::KnownPoisson { .. } => {
                let rate = self.mean()[0];
                let ln = Poisson::new(rate).map_or(f64::NAN, |known| known.log_density(&(x as u64)));
                let same = libm::exp(ln);
                Cell { below: less(x, same, rate), same, ln }
            }
            Self::Categorical(ref shares) => {
                let (p, class) = (shares.mean(), x as usize);
                Cell { below: p[..class].iter().sum(), same: p[class], ln: libm::log(p[class]) }
            }
        }
    }

    /// E\[x\]; of classes the probability of each.
    pub fn mean(&self) -> Vec<f64> {
        match self {
            Self::Gaussian { mean, .. } | Self::KnownGaussian { mean, .. } => vec![*mean],
            Self::Poisson { shape, rate } => vec![shape / rate],
            Self::KnownPoisson { rate } => vec![*rate],
            Self::Categorical(shares) => shares.mean(),
        }
    }
}

impl Statistics {
    /// Takes in a value with a weight.
    pub(super) fn add(&mut self, weight: f64, x: f64) {
        match self {
            Self::Real(own) => own.add(weight, &x),
            Self::Count(own) => own.add(weight, &x),
            Self::Class(own) => own.add(weight, &x),
        }
    }

    /// Takes in those of other values of the same kind.
    pub(super) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Real(own), Self::Real(other)) => own.merge(other),
            (Self::Count(own), Self::Count(other)) => own.merge(other),
            (Self::Class(own), Self::Class(other)) => own.merge(other),
            _ => unreachable!("a column has one kind in all parts"),
        }
    }
}

impl Expected {
    /// At one value.
    pub(super) fn at(&self, x: f64) -> f64 {
        match self {
            Self::Real(of) => of.log_density(&x),
            Self::Count(of) => of.log_density(&x),
            Self::Class(of) => of.log_density(&x),
        }
    }

    /// The sum over weighted values.
    pub(super) fn sum(&self, of: &Statistics) -> f64 {
        match (self, of) {
            (Self::Real(own), Statistics::Real(of)) => own.log_likelihood(of),
            (Self::Count(own), Statistics::Count(of)) => own.log_likelihood(of),
            (Self::Class(own), Statistics::Class(of)) => own.log_likelihood(of),
            _ => unreachable!("the statistics are of this column"),
        }
    }
}
