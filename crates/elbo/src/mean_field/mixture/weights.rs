//! The weights of a mixture's components: a Dirichlet, or the sticks of a Dirichlet process.

use serde::{Deserialize, Serialize};

use crate::{
    Error, check,
    conjugate::{ClassCounts, Conjugate, Tally},
    distribution::{Beta, Dirichlet, LogDensity, Sample},
    divergence::KullbackLeibler,
    random::Key,
};

/// The prior of the weights π.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// π ~ Dir(α₀, …, α₀). With α₀ below 1 components that are not needed empty themselves.
    Dirichlet(f64),
    /// π_k = v_k Π_{j<k} (1 − v_j), v_k ~ Beta(1, γ): a Dirichlet process, of which q uses the first K components (Blei
    /// and Jordan 2006). The mass of the others is no part of q, and the bound is one of the whole process.
    DirichletProcess(f64),
}

/// q(π).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsPosterior {
    /// Dir(α), `[K]`.
    Dirichlet(Vec<f64>),
    /// Beta(a, b) of each stick, `[K]`.
    Sticks(Vec<[f64; 2]>),
}

/// p(v) of the sticks.
fn stick(concentration: f64) -> Result<Beta, Error> {
    Beta::new(1.0, concentration)
}

impl Weights {
    pub(super) fn check(self) -> Result<(), Error> {
        let (Self::Dirichlet(concentration) | Self::DirichletProcess(concentration)) = self;
        check::positive("the concentration of the weights", concentration).map(|_| ())
    }

    /// The optimum of q(π) given how many rows each component is expected to have.
    pub(super) fn posterior(self, counts: &[f64]) -> Result<WeightsPosterior, Error> {
        match self {
            // One component has the weight 1.
            Self::Dirichlet(prior) if counts.len() == 1 => {
                Ok(WeightsPosterior::Dirichlet(vec![prior + counts[0]]))
            }
            Self::Dirichlet(prior) => {
                let prior = Dirichlet::new(vec![prior; counts.len()])?;
                let q = prior.updated(&ClassCounts(counts.to_vec()))?;
                Ok(WeightsPosterior::Dirichlet(q.concentration().to_vec()))
            }
            Self::DirichletProcess(prior) => {
                let prior = stick(prior)?;
                let mut later: f64 = counts.iter().sum();
                let stick = |&ones: &f64| {
                    later -= ones;
                    let q = prior.updated(&Tally { ones, zeros: later.max(0.0) })?;
                    Ok([q.a(), q.b()])
                };
                Ok(WeightsPosterior::Sticks(counts.iter().map(stick).collect::<Result<_, Error>>()?))
            }
        }
    }

    /// log π with π ~ q(π), the draw of `row`, and log p(π) − log q(π).
    pub(super) fn draw(self, q: &WeightsPosterior, key: Key, row: u64) -> Result<(Vec<f64>, f64), Error> {
        match (self, q) {
            (Self::Dirichlet(_), WeightsPosterior::Dirichlet(alpha)) if alpha.len() == 1 => {
                Ok((vec![0.0], 0.0))
            }
            (Self::Dirichlet(prior), WeightsPosterior::Dirichlet(alpha)) => {
                let (p, q) = (Dirichlet::new(vec![prior; alpha.len()])?, Dirichlet::new(alpha.clone())?);
                let weights = q.sample(key, row);
                let ratio = p.log_density(&weights) - q.log_density(&weights);
                Ok((weights.iter().map(|w| w.ln()).collect(), ratio))
            }
            (Self::DirichletProcess(prior), WeightsPosterior::Sticks(sticks)) => {
                let p = stick(prior)?;
                let (mut ratio, mut before, mut ln_weights) = (0.0, 0.0, Vec::with_capacity(sticks.len()));
                for (k, &[a, b]) in sticks.iter().enumerate() {
                    let q = Beta::new(a, b)?;
                    let v = q.sample(key.fold(k as u64), row);
                    ratio += p.log_density(&v) - q.log_density(&v);
                    ln_weights.push(before + v.ln());
                    before += (-v).ln_1p();
                }
                Ok((ln_weights, ratio))
            }
            _ => unreachable!("q(π) is made by its prior"),
        }
    }

    /// KL(q(π) ‖ p(π)).
    pub(super) fn kl(self, q: &WeightsPosterior) -> Result<f64, Error> {
        match (self, q) {
            (Self::Dirichlet(_), WeightsPosterior::Dirichlet(alpha)) if alpha.len() == 1 => Ok(0.0),
            (Self::Dirichlet(prior), WeightsPosterior::Dirichlet(alpha)) => {
                Dirichlet::new(alpha.clone())?.kl(&Dirichlet::new(vec![prior; alpha.len()])?)
            }
            (Self::DirichletProcess(prior), WeightsPosterior::Sticks(sticks)) => {
                let p = stick(prior)?;
                sticks.iter().map(|&[a, b]| Beta::new(a, b)?.kl(&p)).sum()
            }
            _ => unreachable!("q(π) is made by its prior"),
        }
    }
}

impl WeightsPosterior {
    /// Refuses what is no distribution over so many components.
    pub(super) fn check(&self, components: usize) -> Result<(), Error> {
        let (parameters, each) = match self {
            Self::Dirichlet(alpha) => (&alpha[..], 1),
            Self::Sticks(sticks) => (sticks.as_flattened(), 2),
        };
        Error::check_shape("q of the weights", &[each * components], &[parameters.len()])?;
        parameters.iter().try_for_each(|&a| check::positive("a parameter of the weights", a).map(|_| ()))
    }

    /// E\[log π_k\].
    pub(super) fn expected_ln(&self) -> Result<Vec<f64>, Error> {
        match self {
            Self::Dirichlet(alpha) if alpha.len() == 1 => Ok(vec![0.0]),
            Self::Dirichlet(alpha) => Ok(Dirichlet::new(alpha.clone())?.expectations().0),
            Self::Sticks(sticks) => {
                let mut before = 0.0;
                let stick = |&[a, b]: &[f64; 2]| {
                    let v = Beta::new(a, b)?.expectations();
                    let ln = before + v.one;
                    before += v.zero;
                    Ok(ln)
                };
                sticks.iter().map(stick).collect()
            }
        }
    }

    /// E\[π_k\]; of a Dirichlet process they sum to less than 1.
    pub fn mean(&self) -> Vec<f64> {
        match self {
            Self::Dirichlet(alpha) => {
                let total: f64 = alpha.iter().sum();
                alpha.iter().map(|a| a / total).collect()
            }
            Self::Sticks(sticks) => {
                let mut left = 1.0;
                let stick = |&[a, b]: &[f64; 2]| {
                    let weight = left * a / (a + b);
                    left *= b / (a + b);
                    weight
                };
                sticks.iter().map(stick).collect()
            }
        }
    }
}
