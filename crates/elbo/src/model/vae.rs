//! The variational auto-encoder (Kingma and Welling 2014).
//!
//! p(z) = N(0, I),  p_θ(x|z) = Bernoulli(S(f_θ(z))) (E10) or N(f_θ(z), diag σ²) (E11),
//! q_φ(z|x) = N(μ_φ(x), diag σ_φ²(x)). With the Gaussian likelihood and one σ its bound is E19.
//!
//! With two layers of z (Burda et al. 2015): p_θ(z) = N(z₂; 0, I) N(z₁; μ_θ(z₂), diag σ_θ²(z₂)), and x is of z₁ alone.

use burn::{
    module::{Module, Param},
    tensor::{Device, Element, Tensor, TensorData, activation},
};

use super::{Likelihood, SecondLayer, Sigma, VaeConfig};
use crate::{
    Error,
    distribution::{
        bernoulli,
        gaussian::{self, Diagonal},
    },
    guide::{Amortised, Family, Posterior, layers},
    minibatch::Rows,
    network::{Convolutions, Dense, NetworkConfig, TransposedConvolutions},
    random::{Key, Purpose},
};

/// p_θ(x, z) = p(z) p_θ(x|z): everything that θ stands for.
#[derive(Module, Debug)]
pub struct Generative {
    decoder: Dense,
    /// From the decoder's output to the image, where rows are images.
    convolutions: Option<TransposedConvolutions>,
    /// log σ of a Gaussian likelihood: `[1]`, or `[D]` per column.
    log_sigma: Option<Param<Tensor<1>>>,
    /// From z₂ to the parameters of p(z₁|z₂), where z has two layers.
    prior: Option<Dense>,
    #[module(skip)]
    likelihood: Likelihood,
    #[module(skip)]
    family: Family,
}

impl Generative {
    /// log p(z), `[R, Z]` to `[R]`, in nats (E12); of two layers log p(z₂) + log p(z₁|z₂).
    pub fn log_prior(&self, z: Tensor<2>) -> Tensor<1> {
        let Some(prior) = &self.prior else { return self.family.log_prior(z) };
        let [z1, z2] = layers(z, self.decoder.input());
        self.family.log_prior(z2.clone()) + Diagonal::of_head(prior.forward(z2)).log_density(z1)
    }

    /// z from p(z), given draws of [`Family::sample_prior`], `[R, Z]`: themselves, but of two layers z₂ = ε₂ and
    /// z₁ = μ(z₂) + σ(z₂) ⊙ ε₁.
    pub fn prior_draw(&self, noise: Tensor<2>) -> Tensor<2> {
        let Some(prior) = &self.prior else { return noise };
        let [e1, z2] = layers(noise, self.decoder.input());
        let z1 = Diagonal::of_head(prior.forward(z2.clone())).sample(e1);
        Tensor::cat(vec![z1, z2], 1)
    }

    /// The decoder's dense layers.
    pub(crate) fn network(&self) -> &Dense {
        &self.decoder
    }

    /// Whether those layers are all there is.
    pub(crate) fn is_dense(&self) -> bool {
        self.convolutions.is_none() && self.prior.is_none()
    }

    /// Whether z has two layers.
    pub fn is_hierarchical(&self) -> bool {
        self.prior.is_some()
    }

    /// What z is.
    pub fn family(&self) -> Family {
        self.family
    }

    /// log p_θ(x|z), `[R, D]` and `[R, Z]` to `[R]`, in nats (E10, E11).
    pub fn log_likelihood(&self, x: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
        let output = self.decode(z);
        match &self.log_sigma {
            None => bernoulli::log_likelihood(x, output),
            Some(log_sigma) => gaussian::log_likelihood(x, output, log_sigma.val()),
        }
    }

    /// f_θ(z) before the likelihood's link: logits or means, `[R, Z]` to `[R, D]`. Of two layers it takes z₁.
    pub fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        let z = if self.is_hierarchical() { z.narrow(1, 0, self.decoder.input()) } else { z };
        let output = self.decoder.forward(z);
        match &self.convolutions {
            Some(convolutions) => convolutions.forward(output),
            None => output,
        }
    }

    /// E[x|z], `[R, Z]` to `[R, D]`: probabilities of a Bernoulli, means of a Gaussian.
    pub fn mean(&self, z: Tensor<2>) -> Tensor<2> {
        let output = self.decode(z);
        match self.likelihood {
            Likelihood::Bernoulli => activation::sigmoid(output),
            Likelihood::Gaussian(_) => output,
        }
    }

    /// Means over the columns that share a bias of the output: a channel's pixels, or each by itself.
    fn of_each_bias(&self, columns: &[f64]) -> Vec<f64> {
        let biases = self.convolutions.as_ref().map_or(columns.len(), TransposedConvolutions::channels);
        let shared = columns.len() / biases;
        columns.chunks(shared).map(|values| values.iter().sum::<f64>() / shared as f64).collect()
    }

    /// p(x|z) of this model.
    pub fn likelihood(&self) -> Likelihood {
        self.likelihood
    }

    /// log σ, `[1]` or `[D]`; none for a Bernoulli likelihood.
    pub fn log_sigma(&self) -> Option<Tensor<1>> {
        self.log_sigma.as_ref().map(Param::val)
    }
}

/// A variational auto-encoder: the generative model (θ) and its amortised guide (φ).
#[derive(Module, Debug)]
pub struct Vae {
    /// p_θ(x, z).
    pub model: Generative,
    /// q_φ(z|x).
    pub guide: Amortised,
}

impl Vae {
    /// An auto-encoder of this shape for rows of `width` columns: random weights drawn from `seed`, output
    /// biases and log σ 0 (but a fixed σ is what it is fixed at).
    ///
    /// # Errors
    /// Where the shape is impossible: no column, no latent dimension, a hidden layer of width 0, σ ≤ 0, an image that is
    /// not as large as a row, two layers that are not Gaussian.
    pub fn new(config: &VaeConfig, width: usize, seed: Key, device: &Device) -> Result<Self, Error> {
        config.check(width)?;
        let key = seed.purpose(Purpose::Initialise);
        let dense = |widths: &[usize], index| Dense::new(widths, config.activation, key.fold(index), device);
        let (features, ways) = match &config.network {
            NetworkConfig::Dense => (width, None),
            NetworkConfig::Convolutional(shape) => {
                let there = Convolutions::new(shape, config.activation, key.fold(3), device)?;
                let back = TransposedConvolutions::new(shape, config.activation, key.fold(4), device)?;
                (back.input(), Some((there, back)))
            }
        };
        let (there, back) = ways.unzip();
        let outward: Vec<usize> = [&[features], &config.hidden[..]].concat();
        let inward: Vec<usize> =
            [config.family.width(config.latent)].into_iter().chain(outward.iter().rev().copied()).collect();
        let encoder = [&outward[..], &[config.family.outputs(config.latent)]].concat();
        let log_sigma = match config.likelihood {
            Likelihood::Bernoulli => None,
            Likelihood::Gaussian(Sigma::Fixed(sigma)) => Some(vec![libm::log(sigma) as f32]),
            Likelihood::Gaussian(Sigma::Learned | Sigma::Solved) => Some(vec![0.0]),
            Likelihood::Gaussian(Sigma::PerColumn) => Some(vec![0.0; width]),
        };
        let mut vae = Self {
            model: Generative {
                decoder: dense(&inward, 1),
                convolutions: back,
                log_sigma: log_sigma.map(|values| config.likelihood.log_sigma(values, device)),
                prior: None,
                likelihood: config.likelihood,
                family: config.family,
            },
            guide: Amortised::new(dense(&encoder, 2), config.family),
        };
        if let Some(there) = there {
            vae.guide = vae.guide.with_convolutions(there);
        }
        if let Some(SecondLayer { latent, hidden }) = &config.second {
            let up = [&[config.latent], &hidden[..], &[config.family.outputs(*latent)]].concat();
            let down: Vec<usize> = [*latent].into_iter().chain(hidden.iter().rev().copied()).collect();
            let down = [&down[..], &[config.family.outputs(config.latent)]].concat();
            vae.model.prior = Some(dense(&down, 5));
            vae.guide = vae.guide.with_second(dense(&up, 6));
        }
        Ok(vae)
    }

    /// The same with the decoder's output starting at the mean of the rows given: for Bernoulli at its logit,
    /// with the mean clipped to [1/(2N), 1 − 1/(2N)]. Transposed convolutions start at the mean over each channel.
    /// A σ that is not fixed starts at the standard deviation of the data around the mean of each column.
    ///
    /// # Errors
    /// Where a Bernoulli likelihood meets a value outside [0, 1], and where a σ that is not fixed meets a column
    /// (or data) of one constant value, for which the likelihood has no maximum.
    pub fn start_at(mut self, rows: &Rows<'_>, device: &Device) -> Result<Self, Error> {
        self.check_width(rows.width())?;
        let (mean, variance) = rows.moments();
        let mean = self.model.of_each_bias(&mean);
        let bias = match self.model.likelihood {
            Likelihood::Bernoulli => {
                if let Some((row, column, value)) = rows.first(|v| !(0.0..=1.0).contains(&v)) {
                    let what = format!("x[{row}, {column}]");
                    return Err(Error::invalid(
                        &what,
                        value,
                        "a Bernoulli likelihood needs values in [0, 1]",
                    ));
                }
                let least = 0.5 / rows.len() as f64;
                mean.iter().map(|m| logit(m.clamp(least, 1.0 - least)) as f32).collect()
            }
            Likelihood::Gaussian(sigma) => {
                let variance = match sigma {
                    Sigma::Fixed(sigma) => vec![sigma * sigma],
                    Sigma::Learned | Sigma::Solved => {
                        vec![variance.iter().sum::<f64>() / variance.len() as f64]
                    }
                    Sigma::PerColumn => variance,
                };
                if let Some(column) = variance.iter().position(|&v| v <= 0.0) {
                    let what =
                        if variance.len() == 1 { "every column".into() } else { format!("column {column}") };
                    let rule = "sigma would shrink to 0 on it, and the bound grow without limit";
                    return Err(Error::invalid(&what, "constant", rule));
                }
                let log_sigma = variance.iter().map(|&v| (0.5 * libm::log(v)) as f32).collect();
                self.model.log_sigma = Some(self.model.likelihood.log_sigma(log_sigma, device));
                mean.iter().map(|&m| m as f32).collect()
            }
        };
        match self.model.convolutions.take() {
            Some(last) => self.model.convolutions = Some(last.with_output_bias(bias, device)),
            None => self.model.decoder = self.model.decoder.with_output_bias(bias, device),
        }
        Ok(self)
    }
}

impl Likelihood {
    /// log σ as a parameter, which the gradient moves only where σ is learned by it.
    fn log_sigma(self, values: Vec<f32>, device: &Device) -> Param<Tensor<1>> {
        let learned = matches!(self, Self::Gaussian(Sigma::Learned | Sigma::PerColumn));
        let width = values.len();
        Param::from_data(TensorData::new(values, [width]), device).set_require_grad(learned)
    }
}

impl Vae {
    /// ε of each of L samples for some data rows, see [`Family::noise`].
    pub fn noise<E: Element>(
        &self,
        key: Key,
        rows: &[usize],
        samples: usize,
        device: &Device,
    ) -> Vec<Tensor<2>> {
        self.model.family.noise::<E>(key, rows, self.latent(), samples, device)
    }

    /// K, the number of latent variables, of both layers where there are two.
    pub fn latent(&self) -> usize {
        self.guide.latent()
    }

    /// Whether encoder and decoder are dense layers and nothing else, with one layer of z.
    pub(crate) fn is_dense(&self) -> bool {
        self.model.is_dense() && self.guide.is_dense()
    }

    /// KL(q(z_j|x) ‖ p(z_j)) of each row and variable, `[R, K]`, in nats.
    ///
    /// In closed form where there is one. Of two layers it is an estimate, the mean over the draws that `noise` gives of
    /// what each variable adds to KL(q(z₁, z₂|x) ‖ p(z₁, z₂)): log q(z₁ⱼ|x) − log p(z₁ⱼ|z₂), which may be below 0, and
    /// KL(q(z₂ⱼ|z₁) ‖ N(0, 1)). `q` is this auto-encoder's; without two layers `noise` is not looked at.
    ///
    /// # Panics
    /// Where z has two layers and `noise` is empty.
    pub fn kl(&self, q: &Posterior, noise: &[Tensor<2>]) -> Tensor<2> {
        let (Posterior::Hierarchical(q), Some(prior)) = (q, &self.model.prior) else {
            return q.kl().expect("one layer has a closed form");
        };
        let draw = |e: &Tensor<2>| q.kl(e.clone(), |z2| Diagonal::of_head(prior.forward(z2)));
        let sum = noise.iter().map(draw).reduce(|a, b| a + b).expect("at least one sample");
        sum.div_scalar(noise.len() as f64)
    }

    /// D, the number of columns.
    pub fn width(&self) -> usize {
        self.guide.width()
    }

    /// What inference of the z of given rows needs: an encoder that gives a mean and a standard deviation of all of z.
    ///
    /// # Errors
    /// Where z is discrete, or has two layers.
    pub fn check_one_gaussian_layer(&self) -> Result<(), Error> {
        let family = self.model.family();
        if family == Family::Gaussian && !self.model.is_hierarchical() {
            return Ok(());
        }
        let value = if self.model.is_hierarchical() { "two layers".into() } else { format!("{family:?}") };
        Err(Error::invalid("z", value, "per-datum inference is of one layer of Gaussian latents"))
    }

    pub(crate) fn check_width(&self, got: usize) -> Result<(), Error> {
        Error::check_shape("a row of data", &[self.width()], &[got])
    }
}

fn logit(p: f64) -> f64 {
    libm::log(p) - libm::log1p(-p)
}
