//! The shape of a variational auto-encoder.

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    check::{self, checked},
    error::Needs,
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma},
    network::{Activation, NetworkConfig},
};

checked! {
    /// The shape of a variational auto-encoder. The default is dense, of 400 hidden units and 20 Gaussian latents, with a
    /// Gaussian likelihood whose σ is learned.
    #[derive(Clone, Debug, PartialEq)]
    pub struct VaeConfig {
        /// Widths of the encoder's hidden dense layers; the decoder's are the same in reverse. Where it is empty, there
        /// is one dense layer each way.
        pub hidden: Vec<usize>,
        /// K, the number of latent variables, of the first layer where there are two.
        pub latent: usize,
        /// What the latent variables are.
        #[serde(default)]
        pub family: Family,
        /// The function between the layers.
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
}

/// The second layer of z (Burda et al. 2015): p(z₂) = N(0, I), p_θ(z₁|z₂) and q_φ(z₂|z₁) Gaussian, each by a dense network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondLayer {
    /// The number of its variables.
    pub latent: usize,
    /// Widths of the hidden layers from z₁ to z₂; those back are the same in reverse. Where it is empty, both ways are
    /// linear.
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
    /// Checks what does not depend on the data.
    ///
    /// # Errors
    /// It fails where there is no latent variable, a class or a layer of no width, σ ≤ 0; where a convolution is
    /// impossible, or of two layers of z the first is not Gaussian.
    pub fn check(&self) -> Result<(), Error> {
        check::at_least("latent", self.latent, 1)?;
        if let Family::Categorical(classes) = self.family {
            check::at_least("the number of classes", classes, 2)?;
        }
        check::sizes("hidden", &self.hidden)?;
        if let NetworkConfig::Convolutional(shape) = &self.network {
            shape.shapes()?;
        }
        if let Some(SecondLayer { latent, hidden }) = &self.second {
            if self.family != Family::Gaussian {
                return Err(Error::unsuited("the latent", self.family, Needs::GaussianLayers));
            }
            check::at_least("the second latent", *latent, 1)?;
            check::sizes("the second hidden", hidden)?;
        }
        self.likelihood.check()
    }

    /// Checks the same for rows of this many columns.
    pub(super) fn check_for(&self, width: usize) -> Result<(), Error> {
        self.check()?;
        check::at_least("the number of columns", width, 1)?;
        if let NetworkConfig::Convolutional(shape) = &self.network {
            let pixels = shape.image.iter().fold(1_usize, |product, &side| product.saturating_mul(side));
            check::equal("the number of pixels of the image", pixels, width, "the columns of a row")?;
        }
        Ok(())
    }
}

fn is_dense(network: &NetworkConfig) -> bool {
    *network == NetworkConfig::Dense
}
