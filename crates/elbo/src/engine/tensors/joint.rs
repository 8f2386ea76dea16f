//! log p_θ(x, z) and its gradient in z.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::{
    model::{self, Latent},
    parameters::{self, BurnModule},
};

/// On the tensor engine, differentiated automatically, in the precision and on the device of the parameters.
pub(crate) struct Joint<P> {
    /// A module may not be read by several threads at once: each call takes a copy, whose tensors are handles.
    model: Mutex<P>,
    device: Device,
    dtype: DType,
    latent: usize,
    width: usize,
}

impl<P: BurnModule + Latent> Joint<P> {
    /// Of a model with K latent variables and D columns; on the CPU in f32 where it has no parameter that says otherwise.
    pub(crate) fn new(model: &P, latent: usize, width: usize) -> Self {
        let (device, dtype) = parameters::place(model).unwrap_or((Device::flex(), DType::F32));
        Self { model: Mutex::new(model.clone().no_grad()), device, dtype, latent, width }
    }

    fn density(
        &self,
        z: &[f32],
        out: &mut [f64],
        gradient: Option<&mut [f32]>,
        log_density: impl Fn(&P, Tensor<2>, &Device) -> Tensor<1>,
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

impl<P: BurnModule + Latent> model::Joint for Joint<P> {
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
