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

use std::fmt;

use burn::tensor::{Device, Element, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{distribution::gaussian, random::Key};

/// A family of latent variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// z is K real numbers.
    #[default]
    Gaussian,
    /// z is K bits.
    Bernoulli,
    /// z is K choices of one among this many (≥ 2), each as a one-hot vector.
    Categorical(usize),
}

impl fmt::Display for Family {
    /// `gaussian`, `bernoulli`, or `categorical:C`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gaussian => f.write_str("gaussian"),
            Self::Bernoulli => f.write_str("bernoulli"),
            Self::Categorical(classes) => write!(f, "categorical:{classes}"),
        }
    }
}

impl Family {
    /// The number of columns of z for K variables.
    pub fn width(self, latent: usize) -> usize {
        match self {
            Self::Gaussian | Self::Bernoulli => latent,
            Self::Categorical(classes) => latent * classes,
        }
    }

    /// The number of outputs of the encoder for K variables.
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
