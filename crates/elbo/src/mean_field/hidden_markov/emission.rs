//! What a state says of one column: log p(x|θ) = t(x)·η(θ) + log h(x), with θ known or of its conjugate distribution.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::{Shares, forward_backward::weigh};
use crate::{
    Error,
    distribution::{Gamma, Gaussian, LogDensity, NegativeBinomial, Poisson, Sample, StudentT},
    divergence::KullbackLeibler,
    random::Key,
    special::{binet, binet_slope, digamma, exp_remainder, ln_ratio, relative_entropy_term},
};

/// The distribution of a column in one state: its family, and what is known of the parameters. It is prior and posterior
/// alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        /// μ.
        mean: f64,
        /// σ.
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
        /// λ.
        rate: f64,
    },
    /// x is a class, numbered from 0.
    Categorical(Shares),
}

/// Expected sufficient statistics of the values that a column has in one state.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    /// What values are measured from: of a Gaussian a mean near them, whose digits they would otherwise lose; else 0.
    origin: f64,
    /// d(x, m) ≥ 0, the family's Bregman divergence: (x − m)², or that of counts.
    divergence: fn(f64, f64) -> f64,
    /// Σ w.
    weight: f64,
    /// Σ w x/Σ w, from the origin.
    mean: f64,
    /// Σ w d(x, mean).
    scatter: f64,
    /// Σ w of each class.
    classes: Vec<f64>,
}

/// E\[log p(x|θ)\] − log h(x) as a function of x.
pub(super) enum Expected {
    /// constant − ½ precision (x − mean)².
    Gaussian { constant: f64, precision: f64, mean: f64 },
    /// x `excess` − d(x, λ): the mean of log λ is that much above the logarithm of the mean.
    Poisson { excess: f64, rate: f64 },
    /// log p_x.
    Categorical(Vec<f64>),
}

impl Emission {
    /// What must be the same in all states: 0 of a Gaussian, 1 of a Poisson, 2 or more of classes.
    pub(super) fn family(&self) -> usize {
        match self {
            Self::Gaussian { .. } | Self::KnownGaussian { .. } => 0,
            Self::Poisson { .. } | Self::KnownPoisson { .. } => 1,
            Self::Categorical(shares) => 2 + shares.outcomes(),
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Gaussian { mean, precision, shape, rate } => {
                Gaussian::new(*mean, precision.sqrt().recip())?;
                Gamma::new(*shape, *rate).map(|_| ())
            }
            Self::KnownGaussian { mean, sigma } => Gaussian::new(*mean, *sigma).map(|_| ()),
            Self::Poisson { shape, rate } => Gamma::new(*shape, *rate).map(|_| ()),
            Self::KnownPoisson { rate } => Poisson::new(*rate).map(|_| ()),
            Self::Categorical(shares) => shares.check("the probabilities of an emission's classes"),
        }
    }

    /// The rule that a value breaks.
    pub(super) fn refuses(&self, x: f64) -> Option<String> {
        // Beyond 2⁵³ a real number no longer counts by ones.
        let count = (0.0..=2f64.powi(53)).contains(&x) && x.fract() == 0.0;
        match self {
            Self::Gaussian { .. } | Self::KnownGaussian { .. } => None,
            Self::Poisson { .. } | Self::KnownPoisson { .. } => {
                (!count).then(|| "must be a count, from 0 to 2⁵³".into())
            }
            Self::Categorical(shares) => {
                let outcomes = shares.outcomes();
                (!count || x >= outcomes as f64)
                    .then(|| format!("must be a class, from 0 to {}", outcomes - 1))
            }
        }
    }

    /// log h(x), which no parameter changes: of counts log p(x|λ) at λ = x, its greatest value.
    pub(super) fn ln_base(&self, x: f64) -> f64 {
        if self.family() == 1 && x > 0.0 { -0.5 * libm::log(TAU * x) - binet(x) } else { 0.0 }
    }

    pub(super) fn expected(&self) -> Expected {
        match self {
            Self::Gaussian { mean, precision, shape, rate } => Expected::Gaussian {
                constant: 0.5 * (digamma(*shape) - libm::log(*rate * TAU) - precision.recip()),
                precision: shape / rate,
                mean: *mean,
            },
            Self::KnownGaussian { mean, sigma } => Expected::Gaussian {
                constant: -libm::log(*sigma) - 0.5 * libm::log(TAU),
                precision: sigma.powi(-2),
                mean: *mean,
            },
            Self::Poisson { shape, rate } => {
                // ψ(a) − log a.
                Expected::Poisson { excess: binet_slope(*shape) - 0.5 / shape, rate: shape / rate }
            }
            Self::KnownPoisson { rate } => Expected::Poisson { excess: 0.0, rate: *rate },
            Self::Categorical(shares) => Expected::Categorical(shares.expected_log()),
        }
    }

    /// As prior: the posterior. What is known stays.
    pub(super) fn updated(&self, of: &Statistics) -> Result<Self, Error> {
        let updated = match self {
            Self::Gaussian { mean, precision, shape, rate } => {
                let total = precision + of.weight;
                let step = of.origin - mean + of.mean;
                Self::Gaussian {
                    mean: mean + of.weight / total * step,
                    precision: total,
                    shape: shape + 0.5 * of.weight,
                    rate: rate + 0.5 * (of.scatter + precision * of.weight / total * step * step),
                }
            }
            Self::Poisson { shape, rate } => {
                Self::Poisson { shape: shape + of.weight * of.mean, rate: rate + of.weight }
            }
            Self::Categorical(shares) => Self::Categorical(shares.updated(&of.classes)),
            known => known.clone(),
        };
        updated.check()?;
        Ok(updated)
    }

    /// From a prior of the same kind; of known parameters 0.
    pub(super) fn kl(&self, prior: &Self) -> Result<f64, Error> {
        match (self, prior) {
            (
                Self::Gaussian { mean, precision, shape, rate },
                Self::Gaussian { mean: m0, precision: l0, shape: a0, rate: b0 },
            ) => {
                let tau = Gamma::new(*shape, *rate)?.kl(&Gamma::new(*a0, *b0)?)?;
                let scaled = l0 * shape / rate * (mean - m0).powi(2);
                Ok(tau + 0.5 * (exp_remainder(ln_ratio(*l0, *precision)) + scaled))
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
                let sigma = Gamma::new(*shape, *rate)?.sample(key.fold(0), row).sqrt().recip();
                let mean = Gaussian::new(*mean, sigma / precision.sqrt())?.sample(key.fold(1), row);
                Self::KnownGaussian { mean, sigma }
            }
            Self::Poisson { shape, rate } => {
                Self::KnownPoisson { rate: Gamma::new(*shape, *rate)?.sample(key, row) }
            }
            Self::Categorical(shares) => Self::Categorical(shares.draw(key, row)?),
            known => known.clone(),
        })
    }

    /// A draw of x, θ integrated out.
    pub(super) fn sample(&self, key: Key, row: u64) -> Result<f64, Error> {
        Ok(match self.draw(key.fold(0), row)? {
            Self::KnownGaussian { mean, sigma } => Gaussian::new(mean, sigma)?.sample(key.fold(1), row),
            Self::KnownPoisson { rate } => Poisson::new(rate)?.sample(key.fold(1), row) as f64,
            Self::Categorical(shares) => key.fold(1).choose(row, &shares.mean()) as f64,
            Self::Gaussian { .. } | Self::Poisson { .. } => unreachable!("a draw is known"),
        })
    }

    /// log p(x), θ integrated out: Student's t, a negative binomial, E\[p_x\].
    pub(super) fn predictive_log_density(&self, x: f64) -> Result<f64, Error> {
        Ok(match self {
            Self::Gaussian { mean, precision, shape, rate } => {
                let scale = (rate / shape * (1.0 + precision.recip())).sqrt();
                StudentT::new(2.0 * shape, *mean, scale)?.log_density(&x)
            }
            Self::KnownGaussian { mean, sigma } => Gaussian::new(*mean, *sigma)?.log_density(&x),
            Self::Poisson { shape, rate } => {
                NegativeBinomial::new(shape / rate, *shape)?.log_density(&(x as u64))
            }
            Self::KnownPoisson { rate } => Poisson::new(*rate)?.log_density(&(x as u64)),
            Self::Categorical(shares) => libm::log(shares.mean()[x as usize]),
        })
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
    /// Of no value.
    pub(super) fn of(emission: &Emission) -> Self {
        let squared = |x: f64, m: f64| (x - m) * (x - m);
        let (origin, divergence, classes): (_, fn(f64, f64) -> f64, _) = match emission {
            Emission::Gaussian { mean, .. } | Emission::KnownGaussian { mean, .. } => (*mean, squared, 0),
            Emission::Poisson { .. } | Emission::KnownPoisson { .. } => (0.0, of_counts, 0),
            Emission::Categorical(shares) => (0.0, squared, shares.outcomes()),
        };
        Self { origin, divergence, weight: 0.0, mean: 0.0, scatter: 0.0, classes: vec![0.0; classes] }
    }

    /// Takes in a value with a weight.
    pub(super) fn add(&mut self, weight: f64, x: f64) {
        if let Some(class) = self.classes.get_mut(x as usize) {
            *class += weight;
        } else {
            self.pool(weight, x - self.origin, 0.0);
        }
    }

    /// Takes in those of other values, from the same origin.
    pub(super) fn merge(&mut self, other: &Self) {
        self.pool(other.weight, other.mean, other.scatter);
        self.classes.iter_mut().zip(&other.classes).for_each(|(sum, part)| *sum += part);
    }

    /// By pooled means, so that nothing cancels.
    fn pool(&mut self, weight: f64, mean: f64, scatter: f64) {
        if weight > 0.0 {
            let total = self.weight + weight;
            let pooled = self.mean + weight / total * (mean - self.mean);
            let of_parts = [(self.weight, self.mean), (weight, mean)];
            self.scatter += scatter;
            self.scatter += of_parts.map(|(w, m)| w * (self.divergence)(m, pooled)).iter().sum::<f64>();
            (self.weight, self.mean) = (total, pooled);
        }
    }

    /// Σ w d(x, m).
    fn about(&self, m: f64) -> f64 {
        self.scatter + self.weight * (self.divergence)(self.mean, m - self.origin)
    }
}

impl Expected {
    /// At one value.
    pub(super) fn at(&self, x: f64) -> f64 {
        match self {
            Self::Gaussian { constant, precision, mean } => {
                constant - 0.5 * precision * (x - mean) * (x - mean)
            }
            Self::Poisson { excess, rate } => x * excess - of_counts(x, *rate),
            Self::Categorical(logs) => logs[x as usize],
        }
    }

    /// The sum over weighted values.
    pub(super) fn sum(&self, of: &Statistics) -> f64 {
        match self {
            Self::Gaussian { constant, precision, mean } => {
                of.weight * constant - 0.5 * precision * of.about(*mean)
            }
            Self::Poisson { excess, rate } => of.weight * of.mean * excess - of.about(*rate),
            Self::Categorical(logs) => weigh(&of.classes, logs),
        }
    }
}

/// x log(x/m) − x + m, by which log p(x|m) of a count lies below log p(x|x).
fn of_counts(x: f64, m: f64) -> f64 {
    // A mean of values above 0 is 0 where it underflows.
    if x == 0.0 || m == 0.0 { m } else { relative_entropy_term(x, m, ln_ratio(m, x)) }
}
