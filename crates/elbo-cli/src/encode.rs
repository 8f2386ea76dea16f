//! `elbo encode`: q(z|x) of each row.

use burn::tensor::Device;
use elbo::{guide::Family, predict};
use elbo_data::{Column, Table};

use crate::{arguments::Encode, error::Error, run::read_model, source::read_for, table};

pub(crate) fn encode(arguments: &Encode) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let device = Device::flex();
    let model = read_model(&arguments.fitted.run, &device)?;
    let mut data = read_for(&model.config, &arguments.source)?;
    data.as_encoded(model.config.fit.binarise())?;
    let encoded = predict::encode(&model.vae, &data.x, &device)?;
    let (latent, family) = (model.vae.latent(), model.vae.model.family());
    let width = family.width(latent);
    let column = |values: &[f32], c: usize| {
        Column::Real(values.iter().skip(c).step_by(width).map(|&v| v.into()).collect())
    };
    // z_j, or its class k as j_k.
    let name = |c: usize| match family {
        Family::Categorical(classes) => format!("{}_{}", c / classes + 1, c % classes + 1),
        _ => (c + 1).to_string(),
    };
    let mut output = Table::new();
    for c in 0..width {
        output.push(format!("mean_{}", name(c)), column(&encoded.mean, c));
    }
    for c in 0..width {
        output.push(format!("sd_{}", name(c)), column(&encoded.standard_deviation, c));
    }
    table::write(output, data.labels, arguments.output.as_deref())
}
