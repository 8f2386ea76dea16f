//! The variational auto-encoder (Kingma and Welling 2014).
//!
//! p(z) = N(0, I),  p_θ(x|z) = Bernoulli(S(f_θ(z))) (E10) or N(f_θ(z), diag σ²) (E11),
//! q_φ(z|x) = N(μ_φ(x), diag σ_φ²(x)). With the Gaussian likelihood and one σ its bound is E19.

use burn::{
    module::{Module, Param},
    tensor::{Device, Element, Tensor, TensorData, activation},
};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    distribution::{bernoulli, gaussian},
    guide::{Amortised, Family},
    minibatch::Rows,
    network::{Activation, Dense},
    random::{Key, Purpose},
};

/// How the σ of a Gaussian likelihood is found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sigma {
    /// Held at this value (> 0), one for all columns.
    Fixed(f64),
    /// One σ, learned by gradient with θ.
    Learned,
    /// One σ for each column, learned by gradient with θ.
    PerColumn,
    /// One σ, solved in closed form: the maximiser of the bound for the rest held fixed is
    /// σ² = E_q‖x − f_θ(z)‖² / D; the mean is taken over the last N rows seen.
    Solved,
}

/// p(x|z), given the decoder's output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Likelihood {
    /// Independent Bernoulli columns; the decoder gives logits (E10).
    Bernoulli,
    /// Independent Gaussian columns; the decoder gives means (E11).
    Gaussian(Sigma),
}

/// The shape of a variational auto-encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VaeConfig {
    /// Widths of the encoder's hidden layers; the decoder's are the same in reverse. Empty: both are linear.
    pub hidden: Vec<usize>,
    /// K, the number of latent variables.
    pub latent: usize,
    /// What they are.
    #[serde(default)]
    pub family: Family,
    /// Between the layers.
    pub activation: Activation,
    /// p(x|z).
    pub likelihood: Likelihood,
}

/// p_θ(x, z) = p(z) p_θ(x|z): everything that θ stands for.
#[derive(Module, Debug)]
pub struct Generative {
    decoder: Dense,
    /// log σ of a Gaussian likelihood: `[1]`, or `[D]` per column.
    log_sigma: Option<Param<Tensor<1>>>,
    #[module(skip)]
    likelihood: Likelihood,
    #[module(skip)]
    family: Family,
}

impl Generative {
    /// log p(z), `[R, Z]` to `[R]`, in nats (E12).
    pub fn log_prior(&self, z: Tensor<2>) -> Tensor<1> {
        self.family.log_prior(z)
    }

    /// The decoder.
    pub(crate) fn network(&self) -> &Dense {
        &self.decoder
    }

    /// What z is.
    pub fn family(&self) -> Family {
        self.family
    }

    /// log p_θ(x|z), `[R, D]` and `[R, K]` to `[R]`, in nats (E10, E11).
    pub fn log_likelihood(&self, x: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
        let output = self.decoder.forward(z);
        match &self.log_sigma {
            None => bernoulli::log_likelihood(x, output),
            Some(log_sigma) => gaussian::log_likelihood(x, output, log_sigma.val()),
        }
    }

    /// f_θ(z) before the likelihood's link: logits or means, `[R, K]` to `[R, D]`.
    pub fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        self.decoder.forward(z)
    }

    /// E[x|z], `[R, K]` to `[R, D]`: probabilities of a Bernoulli, means of a Gaussian.
    pub fn mean(&self, z: Tensor<2>) -> Tensor<2> {
        let output = self.decoder.forward(z);
        match self.likelihood {
            Likelihood::Bernoulli => activation::sigmoid(output),
            Likelihood::Gaussian(_) => output,
        }
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
    /// Where the shape is impossible: no column, no latent dimension, a hidden layer of width 0, σ ≤ 0.
    pub fn new(config: &VaeConfig, width: usize, seed: Key, device: &Device) -> Result<Self, Error> {
        config.check(width)?;
        let key = seed.purpose(Purpose::Initialise);
        let outward: Vec<usize> = [&[width], &config.hidden[..]].concat();
        let inward: Vec<usize> =
            [config.family.width(config.latent)].into_iter().chain(outward.iter().rev().copied()).collect();
        let encoder = [&outward[..], &[config.family.outputs(config.latent)]].concat();
        let log_sigma = match config.likelihood {
            Likelihood::Bernoulli => None,
            Likelihood::Gaussian(Sigma::Fixed(sigma)) => Some(vec![libm::log(sigma) as f32]),
            Likelihood::Gaussian(Sigma::Learned | Sigma::Solved) => Some(vec![0.0]),
            Likelihood::Gaussian(Sigma::PerColumn) => Some(vec![0.0; width]),
        };
        Ok(Self {
            model: Generative {
                decoder: Dense::new(&inward, config.activation, key.fold(1), device),
                log_sigma: log_sigma.map(|values| config.likelihood.log_sigma(values, device)),
                likelihood: config.likelihood,
                family: config.family,
            },
            guide: Amortised::new(
                Dense::new(&encoder, config.activation, key.fold(2), device),
                config.family,
            ),
        })
    }

    /// The same with the decoder's output starting at the mean of the rows given: for Bernoulli at its logit,
    /// with the mean clipped to [1/(2N), 1 − 1/(2N)]. A σ that is not fixed starts at the standard deviation
    /// of the data around that mean.
    ///
    /// # Errors
    /// Where a Bernoulli likelihood meets a value outside [0, 1], and where a σ that is not fixed meets a column
    /// (or data) of one constant value, for which the likelihood has no maximum.
    pub fn start_at(mut self, rows: &Rows<'_>, device: &Device) -> Result<Self, Error> {
        self.check_width(rows.width())?;
        let (mean, variance) = rows.moments();
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
        self.model.decoder = self.model.decoder.with_output_bias(bias, device);
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

    /// K, the number of latent variables.
    pub fn latent(&self) -> usize {
        self.guide.latent()
    }

    /// D, the number of columns.
    pub fn width(&self) -> usize {
        self.guide.width()
    }

    pub(crate) fn check_width(&self, got: usize) -> Result<(), Error> {
        if got == self.width() {
            return Ok(());
        }
        Err(Error::Shape { what: "a row of data".into(), expected: vec![self.width()], got: vec![got] })
    }
}

impl VaeConfig {
    fn check(&self, width: usize) -> Result<(), Error> {
        if width == 0 {
            return Err(Error::invalid("the number of columns", 0, "there must be data to model"));
        }
        if self.latent == 0 {
            return Err(Error::invalid("latent", 0, "z needs at least one dimension"));
        }
        if let Family::Categorical(classes @ 0..2) = self.family {
            return Err(Error::invalid("the number of classes", classes, "must be at least 2"));
        }
        if self.hidden.contains(&0) {
            return Err(Error::invalid("hidden", format!("{:?}", self.hidden), "a layer must have a width"));
        }
        if let Likelihood::Gaussian(Sigma::Fixed(sigma)) = self.likelihood
            && !(sigma > 0.0 && sigma.is_finite())
        {
            return Err(Error::invalid("sigma", sigma, "must be > 0 and finite"));
        }
        Ok(())
    }
}

fn logit(p: f64) -> f64 {
    libm::log(p) - libm::log1p(-p)
}
