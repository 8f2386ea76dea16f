//! `elbo encode`: q(z|x) of each row.

use burn::tensor::Device;
use elbo::{guide::Family, predict};
use elbo_data::{Column, Table};

use crate::{arguments::Encode, error::Error, run::read_model, source::read_for, table};

/// Rows encoded at a time, a whole number of the library's chunks.
const ROWS: usize = 1 << 15;

pub(crate) fn encode(arguments: &Encode, device: &Device) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let model = read_model(&arguments.fitted.run, device)?;
    let mut data = read_for(&model.config, &arguments.source)?;
    data.as_encoded(model.config.fit.binarise())?;
    let (latent, family) = (model.vae.latent(), model.vae.model.family());
    let width = family.width(latent);
    let mut columns = vec![Vec::with_capacity(data.rows); 2 * width];
    for x in data.x.chunks(ROWS * model.vae.width()) {
        let encoded = predict::encode(&model.vae, x, device)?;
        for (c, column) in columns.iter_mut().enumerate() {
            let values = if c < width { &encoded.mean } else { &encoded.standard_deviation };
            column.extend(values.iter().skip(c % width).step_by(width).map(|&v| f64::from(v)));
        }
    }
    let layers = model.vae.guide.layers();
    // z_j, or its class k as j_k; of two layers z1_j and z2_j.
    let name = |c: usize| match family {
        Family::Categorical(classes) => format!("{}_{}", c / classes + 1, c % classes + 1),
        _ if layers.len() > 1 && c < layers[0] => format!("z1_{}", c + 1),
        _ if layers.len() > 1 => format!("z2_{}", c - layers[0] + 1),
        _ => (c + 1).to_string(),
    };
    let mut output = Table::new();
    for (c, column) in columns.into_iter().enumerate() {
        let what = if c < width { "mean" } else { "sd" };
        output.push(format!("{what}_{}", name(c % width)), Column::Real(column));
    }
    table::write(output, data.labels, arguments.output.as_deref())
}
