//! log p_θ(x, z) = log p_θ(x|z) + log p(z) as a function of z, θ held.
//!
//! What inference of the z of given rows needs: the density of the posterior up to a constant, and its gradient in z.

use std::sync::{Mutex, PoisonError};

use burn::{
    module::Module,
    tensor::{DType, Device, Tensor, TensorData},
};

use super::{Generative, Vae};
use crate::{Error, fused, guide::Family};

/// p_θ(x, z) as a function of a continuous z, in nats.
///
/// Rows of x are `[R, D]`, z is `[S, R, Z]`: S draws for each row, sample-major, so that draw s of row r is number
/// s·R + r. R is told by the length of `x`, S by that of `out`; every number below is of each draw, in that order.
///
/// A call works on the calling thread alone, and several threads may call at once. What is computed for a draw does not
/// depend on what else is in the call, by kernels to the bit, on the tensor engine, which cuts products into blocks, to
/// rounding: share rows and draws out over threads as you like, some multiple of
/// 128 draws a call for the best speed. Any of the lengths otherwise than said is a panic.
pub trait Joint: Send + Sync {
    /// Z, the columns of z.
    fn latent(&self) -> usize;

    /// D, the columns of x.
    fn width(&self) -> usize;

    /// log p_θ(x_r|z_{s,r}) into `out`, `[S, R]`, and, where asked, its derivative in z into `gradient`, `[S, R, Z]`.
    fn log_likelihood(&self, x: &[f32], z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>);

    /// log p(z) into `out`, `[S·R]`, and, where asked, its derivative in z into `gradient`, `[S·R, Z]`.
    fn log_prior(&self, z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>);
}

impl Vae {
    /// p_θ(x, z) as a function of z, at the parameters that the model has now: by kernels for a dense Gaussian
    /// auto-encoder in f32 on the CPU, on the tensor engine for any other with a continuous z.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use elbo::{
    ///     guide::Family,
    ///     model::{Likelihood, Vae, VaeConfig},
    ///     network::{Activation, NetworkConfig},
    ///     random::Key,
    /// };
    /// let config = VaeConfig {
    ///     hidden: vec![],
    ///     latent: 1,
    ///     family: Family::Gaussian,
    ///     activation: Activation::Relu,
    ///     likelihood: Likelihood::Bernoulli,
    ///     network: NetworkConfig::Dense,
    ///     second: None,
    /// };
    /// let vae = Vae::new(&config, 3, Key::new(0), &Device::flex())?;
    /// let joint = vae.joint()?;
    /// // At z = 0 the logits are the biases, 0: each of 3 columns has probability ½.
    /// let (mut log_likelihood, mut log_prior, mut score) = ([0.0], [0.0], [0.0]);
    /// joint.log_likelihood(&[1.0, 0.0, 1.0], &[0.0], &mut log_likelihood, None);
    /// assert!((log_likelihood[0] + 3.0 * 2f64.ln()).abs() < 1e-6);
    /// joint.log_prior(&[2.0], &mut log_prior, Some(&mut score));
    /// assert_eq!(score, [-2.0]);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where z is discrete: it has no derivative.
    pub fn joint(&self) -> Result<Box<dyn Joint>, Error> {
        let family = self.model.family();
        if family != Family::Gaussian {
            let rule = "a gradient in z needs a continuous latent: Gaussian";
            return Err(Error::invalid("the family of z", format!("{family:?}"), rule));
        }
        Ok(match fused::Joint::new(&self.model) {
            Some(joint) => Box::new(joint),
            None => Box::new(ByTensors::new(self)),
        })
    }
}

/// On the tensor engine, differentiated automatically, in the precision and on the device of the parameters.
struct ByTensors {
    /// A module may not be read by several threads at once: each call takes a copy, whose tensors are handles.
    model: Mutex<Generative>,
    device: Device,
    dtype: DType,
    latent: usize,
    width: usize,
}

impl ByTensors {
    fn new(vae: &Vae) -> Self {
        let (device, dtype) = vae.model.network().place();
        let model = Mutex::new(vae.model.clone().no_grad());
        Self { model, device, dtype, latent: vae.latent(), width: vae.width() }
    }

    fn density(
        &self,
        z: &[f32],
        out: &mut [f64],
        gradient: Option<&mut [f32]>,
        log_density: impl Fn(&Generative, Tensor<2>, &Device) -> Tensor<1>,
    ) {
        assert_eq!(z.len(), out.len() * self.latent, "Z numbers for each draw");
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let data = TensorData::new(z.to_vec(), [out.len(), self.latent]);
        let read = |density: Tensor<1>, out: &mut [f64]| {
            let values: Vec<f64> = density.into_data_as::<f64>().try_to_vec().expect("read as f64");
            out.copy_from_slice(&values);
        };
        let Some(gradient) = gradient else {
            let z = Tensor::from_data(data, (&self.device, self.dtype));
            return read(log_density(&model, z, &self.device), out);
        };
        let device = self.device.clone().autodiff();
        let z = Tensor::<2>::from_data(data, (&device, self.dtype)).require_grad();
        let density = log_density(&model.train(), z.clone(), &device);
        let slope = z.grad(&density.clone().sum().backward()).expect("the density depends on z");
        let slope: Vec<f32> = slope.into_data_as::<f32>().try_to_vec().expect("read as f32");
        gradient.copy_from_slice(&slope);
        read(density.inner(), out);
    }
}

impl Joint for ByTensors {
    fn latent(&self) -> usize {
        self.latent
    }

    fn width(&self) -> usize {
        self.width
    }

    fn log_likelihood(&self, x: &[f32], z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
        if out.is_empty() {
            return;
        }
        let x: Vec<f32> = x.iter().copied().cycle().take(out.len() * self.width).collect();
        self.density(z, out, gradient, |model, z, device| {
            let x = TensorData::new(x.clone(), [z.dims()[0], self.width]);
            model.log_likelihood(Tensor::from_data(x, (device, self.dtype)), z)
        });
    }

    fn log_prior(&self, z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
        if !out.is_empty() {
            self.density(z, out, gradient, |model, z, _| model.log_prior(z));
        }
    }
}
