//! The families of z: the prior p(z), the guide's q(z|x), and how each is drawn.
//!
//! | family | z | prior | q(z|x) | a draw |
//! |---|---|---|---|---|
//! | Gaussian | ℝᴷ | N(0, I) | N(μ, diag σ²) | μ + σ ⊙ ε, ε normal (E14) |
//! | Bernoulli | {0, 1}ᴷ | ½ each | logits ℓ | ℓ + ε > 0, ε logistic |
//! | categorical | K one-hot vectors of C | 1/C each | log-probabilities | arg max of log p + ε, ε Gumbel |
//!
//! The draws of the last two have no derivative: their guides are trained by the score function (E15), by
//! enumeration, or on relaxed draws, which are biased (Jang, Gu, Poole 2017; Maddison, Mnih, Teh 2017).

use burn::tensor::{Device, Element, Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};

use super::Hierarchical;
use crate::{
    distribution::{
        bernoulli,
        gaussian::{self, Diagonal},
    },
    divergence::diagonal_to_standard,
    random::Key,
};

/// A family of latent variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// K real numbers.
    #[default]
    Gaussian,
    /// K bits.
    Bernoulli,
    /// K choices of one among this many (≥ 2), each as a one-hot vector.
    Categorical(usize),
}

impl Family {
    /// Columns of z for K variables.
    pub fn width(self, latent: usize) -> usize {
        match self {
            Self::Gaussian | Self::Bernoulli => latent,
            Self::Categorical(classes) => latent * classes,
        }
    }

    /// Outputs of the encoder for K variables.
    pub fn outputs(self, latent: usize) -> usize {
        match self {
            Self::Gaussian => 2 * latent,
            other => other.width(latent),
        }
    }

    /// K, from the number of outputs of the encoder.
    pub fn latent(self, outputs: usize) -> usize {
        outputs / self.outputs(1)
    }

    /// log p(z) of each row, `[R, Z]` to `[R]`, in nats. Of a discrete family every z has the same.
    pub fn log_prior(self, z: Tensor<2>) -> Tensor<1> {
        let [rows, width] = z.dims();
        let even = |states: f64, variables: usize| {
            let value = -(variables as f64) * states.ln();
            Tensor::full([rows], value, (&z.device(), z.dtype()))
        };
        match self {
            Self::Gaussian => gaussian::standard_log_density(z),
            Self::Bernoulli => even(2.0, width),
            Self::Categorical(classes) => even(classes as f64, width / classes),
        }
    }

    /// Draws of z from the prior, `[R, Z]` row-major, for the rows 0, 1, … of `key`.
    pub fn sample_prior(self, key: Key, rows: usize, latent: usize) -> Vec<f32> {
        let width = self.width(latent);
        let mut z = Vec::with_capacity(rows * width);
        for row in 0..rows {
            let noise = self.noise_of(key, row as u64, latent);
            match self {
                Self::Gaussian => z.extend(noise.into_iter().map(|e| e as f32)),
                Self::Bernoulli => z.extend(noise.into_iter().map(|e| f32::from(e > 0.0))),
                Self::Categorical(classes) => {
                    for choice in noise.chunks(classes) {
                        let largest = choice.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                        z.extend(choice.iter().map(|&e| f32::from(e >= largest)));
                    }
                }
            }
        }
        z
    }

    /// ε of each of L samples for some data rows, `[R, Z]` each: keyed by (sample, data row).
    pub fn noise<E: Element>(
        self,
        key: Key,
        rows: &[usize],
        latent: usize,
        samples: usize,
        device: &Device,
    ) -> Vec<Tensor<2>> {
        let width = self.width(latent);
        let sample = |sample: usize| {
            let key = key.fold(sample as u64);
            let values = rows.iter().flat_map(|&row| self.noise_of(key, row as u64, latent));
            let values: Vec<f64> = values.collect();
            Tensor::from_data(TensorData::new(values, [rows.len(), width]), (device, E::dtype()))
        };
        (0..samples).map(sample).collect()
    }

    /// All states of K variables, each a row of Z; none for the Gaussian, and none where there are more than `most`.
    pub fn states(self, latent: usize, most: usize) -> Option<Vec<Vec<f32>>> {
        let choices = match self {
            Self::Gaussian => return None,
            Self::Bernoulli => 2_usize,
            Self::Categorical(classes) => classes,
        };
        let count = choices.checked_pow(u32::try_from(latent).ok()?).filter(|&count| count <= most)?;
        let state = |mut rest: usize| {
            let mut z = Vec::with_capacity(self.width(latent));
            for _ in 0..latent {
                let choice = rest % choices;
                rest /= choices;
                match self {
                    Self::Categorical(classes) => z.extend((0..classes).map(|c| f32::from(c == choice))),
                    _ => z.push(choice as f32),
                }
            }
            z
        };
        Some((0..count).map(state).collect())
    }

    fn noise_of(self, key: Key, row: u64, latent: usize) -> Vec<f64> {
        let width = self.width(latent);
        if self == Self::Gaussian {
            let mut normals = vec![0.0; width];
            key.standard_normals(row, &mut normals);
            return normals.into_iter().map(f64::from).collect();
        }
        let mut uniforms = vec![0.0; width];
        key.uniforms(row, &mut uniforms);
        let uniforms = uniforms.into_iter().map(f64::from);
        match self {
            Self::Categorical(_) => uniforms.map(|u| -libm::log(-libm::log(u))).collect(),
            _ => uniforms.map(|u| libm::log(u) - libm::log1p(-u)).collect(),
        }
    }
}

/// q(z|x) of R rows.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "tensors are handles, and one is made for a whole batch")]
pub enum Posterior {
    /// N(μ, diag σ²).
    Gaussian(Diagonal),
    /// Logits, `[R, K]`.
    Bernoulli(Tensor<2>),
    /// Log-probabilities, normalised, `[R, K, C]`.
    Categorical(Tensor<3>),
    /// Two layers of Gaussians.
    Hierarchical(Hierarchical),
}

impl Posterior {
    /// A draw of z, `[R, Z]`, from the family's noise; differentiable for the Gaussian alone.
    pub fn sample(&self, noise: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.sample(noise),
            Self::Bernoulli(logits) => half_sign(logits.clone() + noise),
            Self::Categorical(log_p) => {
                let perturbed = log_p.clone() + noise.reshape(log_p.dims());
                let chosen = (perturbed.clone() - perturbed.max_dim(2)).sign().add_scalar(1.0);
                chosen.flatten(1, 2)
            }
            Self::Hierarchical(q) => q.sample(noise),
        }
    }

    /// A relaxed draw, differentiable, between the states: the Gumbel-softmax or concrete distribution at a
    /// temperature > 0, which tends to [`Self::sample`] as that falls. It is *not* a draw from q, and what is
    /// estimated from it is biased. The Gaussian needs no relaxation.
    pub fn relaxed(&self, noise: Tensor<2>, temperature: f64) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.sample(noise),
            Self::Bernoulli(logits) => activation::sigmoid((logits.clone() + noise).div_scalar(temperature)),
            Self::Categorical(log_p) => {
                let perturbed = (log_p.clone() + noise.reshape(log_p.dims())).div_scalar(temperature);
                activation::softmax(perturbed, 2).flatten(1, 2)
            }
            Self::Hierarchical(q) => q.sample(noise),
        }
    }

    /// log q(z|x), `[R, Z]` to `[R]`, in nats.
    pub fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Gaussian(q) => q.log_density(z),
            Self::Bernoulli(logits) => bernoulli::log_likelihood(z, logits.clone()),
            Self::Categorical(log_p) => (log_p.clone().flatten::<2>(1, 2) * z).sum_dim(1).squeeze_dim(1),
            Self::Hierarchical(q) => q.log_density(z),
        }
    }

    /// log q at the draw `z` that `noise` gave; for the Gaussian exact also for tiny σ.
    pub fn log_density_of_draw(&self, noise: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Gaussian(q) => q.log_density_at_noise(noise),
            Self::Hierarchical(q) => q.log_density_of_draw(noise, z),
            other => other.log_density(z),
        }
    }

    /// KL(q(z_j|x) ‖ p(z_j)) of each row and variable, `[R, K]`, in nats, in closed form. None for two layers, which
    /// have none: see [`Vae::kl`](crate::model::Vae::kl).
    pub fn kl(&self) -> Option<Tensor<2>> {
        Some(match self {
            Self::Gaussian(q) => diagonal_to_standard(q),
            Self::Bernoulli(logits) => {
                // log 2 − H(q), H = log(1 + e^−a) + a S(−a), a = |ℓ|.
                let a = logits.clone().abs();
                let entropy = a.clone().neg().exp().log1p() + a.clone() * activation::sigmoid(a.neg());
                entropy.neg().add_scalar(std::f64::consts::LN_2)
            }
            Self::Categorical(log_p) => {
                let classes = log_p.dims()[2] as f64;
                let terms = log_p.clone().exp() * log_p.clone().add_scalar(classes.ln());
                terms.sum_dim(2).squeeze_dim(2)
            }
            Self::Hierarchical(_) => return None,
        })
    }

    /// The mean of z under q, `[R, Z]`; of two layers that of z₁, then that of z₂ given z₁ = E[z₁|x].
    pub fn mean(&self) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.mean.clone(),
            Self::Bernoulli(logits) => activation::sigmoid(logits.clone()),
            Self::Categorical(log_p) => log_p.clone().exp().flatten(1, 2),
            Self::Hierarchical(q) => q.mean(),
        }
    }

    /// The standard deviation of each column of z, `[R, Z]`; of z₂ that given z₁ = E[z₁|x].
    pub fn standard_deviation(&self) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.standard_deviation(),
            Self::Hierarchical(q) => q.standard_deviation(),
            other => {
                let p = other.mean();
                (p.clone() - p.square()).clamp_min(0.0).sqrt()
            }
        }
    }

    /// The same q, held: no derivative goes into its parameters.
    #[must_use]
    pub fn detach(&self) -> Self {
        match self {
            Self::Gaussian(q) => Self::Gaussian(q.detach()),
            Self::Bernoulli(logits) => Self::Bernoulli(logits.clone().detach()),
            Self::Categorical(log_p) => Self::Categorical(log_p.clone().detach()),
            Self::Hierarchical(q) => Self::Hierarchical(q.detach()),
        }
    }
}

/// 1 where a > 0, else 0 (½ at 0 itself, which has probability 0).
fn half_sign(a: Tensor<2>) -> Tensor<2> {
    a.sign().add_scalar(1.0).mul_scalar(0.5)
}
