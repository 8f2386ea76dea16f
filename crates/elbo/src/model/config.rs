//! The shape of a variational auto-encoder.

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma},
    network::{Activation, NetworkConfig},
};

/// The shape of a variational auto-encoder. The default is dense, of 400 hidden units and 20 Gaussian latents, with a
/// Gaussian likelihood whose σ is learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VaeConfig {
    /// Widths of the encoder's hidden dense layers; the decoder's are the same in reverse. Empty: there is but the one
    /// dense layer each way.
    pub hidden: Vec<usize>,
    /// K, the number of latent variables, of the first layer where there are two.
    pub latent: usize,
    /// What they are.
    #[serde(default)]
    pub family: Family,
    /// Between the layers.
    pub activation: Activation,
    /// p(x|z).
    pub likelihood: LikelihoodConfig,
    /// What lies between x and the hidden layers.
    #[serde(default, skip_serializing_if = "is_dense")]
    pub network: NetworkConfig,
    /// A second layer of z, above the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondLayer>,
}

/// The second layer of z (Burda et al. 2015): p(z₂) = N(0, I), p_θ(z₁|z₂) and q_φ(z₂|z₁) Gaussian, each by a dense network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondLayer {
    /// The number of its variables.
    pub latent: usize,
    /// Widths of the hidden layers from z₁ to z₂; those back are the same in reverse. Empty: both ways are linear.
    pub hidden: Vec<usize>,
}

impl Default for VaeConfig {
    fn default() -> Self {
        Self {
            hidden: vec![400],
            latent: 20,
            family: Family::Gaussian,
            activation: Activation::Relu,
            likelihood: LikelihoodConfig::Gaussian(Sigma::Learned),
            network: NetworkConfig::Dense,
            second: None,
        }
    }
}

impl VaeConfig {
    pub(super) fn check(&self, width: usize) -> Result<(), Error> {
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
        if let NetworkConfig::Convolutional(shape) = &self.network {
            let pixels = shape.image.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
            if pixels != Some(width) {
                let rule = format!("its pixels must be the {width} columns of a row");
                return Err(Error::invalid("image", format!("{:?}", shape.image), &rule));
            }
        }
        if let Some(SecondLayer { latent, hidden }) = &self.second {
            if self.family != Family::Gaussian {
                let rule = "two layers of z need a Gaussian one";
                return Err(Error::invalid("the latent", format!("{:?}", self.family), rule));
            }
            if *latent == 0 {
                return Err(Error::invalid("the second latent", 0, "z needs at least one dimension"));
            }
            if hidden.contains(&0) {
                let rule = "a layer must have a width";
                return Err(Error::invalid("the second hidden", format!("{hidden:?}"), rule));
            }
        }
        self.likelihood.check()
    }
}

fn is_dense(network: &NetworkConfig) -> bool {
    *network == NetworkConfig::Dense
}
