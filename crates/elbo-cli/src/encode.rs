//! `elbo encode`: q(z|x) of each row.

use burn::tensor::Device;
use elbo::predict;
use elbo_data::{Column, Table};

use crate::{arguments::Encode, error::Error, run::read_model, source::read_for, table};

pub(crate) fn encode(arguments: &Encode) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let device = Device::flex();
    let model = read_model(&arguments.fitted.run, &device)?;
    let mut data = read_for(&model.config, &arguments.source)?;
    data.as_encoded(model.config.fit.binarise());
    let encoded = predict::encode(&model.vae, &data.x, &device)?;
    let latent = model.vae.latent();
    let column = |values: &[f32], j: usize, map: fn(f64) -> f64| {
        Column::Real(values.iter().skip(j).step_by(latent).map(|&v| map(f64::from(v))).collect())
    };
    let mut output = Table::new();
    for j in 0..latent {
        output.push(format!("mean_{}", j + 1), column(&encoded.mean, j, |mean| mean));
    }
    for j in 0..latent {
        output.push(format!("sd_{}", j + 1), column(&encoded.log_variance, j, |s| (0.5 * s).exp()));
    }
    table::write(output, data.labels, arguments.output.as_deref())
}
