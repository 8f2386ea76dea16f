//! `elbo sample`: new rows, z from the prior and x from p(x|z).

use burn::tensor::Device;
use elbo::{
    distribution::bernoulli::Binarise,
    random::{Key, Purpose},
};

use crate::{
    arguments::Sample,
    error::Error,
    results::draw_means,
    run::read_model,
    table::{self, is_picture},
};

pub(crate) fn sample(arguments: &Sample, device: &Device) -> Result<(), Error> {
    let output = arguments.output.as_deref();
    table::check_ending(output, true)?;
    let model = read_model(&arguments.fitted.run, device)?;
    let seed = Key::new(arguments.seed);
    let mut x = draw_means(&model.vae, arguments.number, seed, device)?;
    if arguments.draw {
        let width = model.vae.width();
        let key = seed.purpose(Purpose::Sample).purpose(Purpose::Binarise);
        let log_sigma = model.vae.model.log_sigma();
        let log_sigma: Option<Vec<f32>> = log_sigma.and_then(|s| s.into_data().try_to_vec().ok());
        for (row, x) in x.chunks_mut(width).enumerate() {
            match &log_sigma {
                None => Binarise::Dynamic.apply(key, row as u64, x),
                Some(log_sigma) => {
                    let mut noise = vec![0.0; width];
                    key.normals(row as u64, &mut noise);
                    for (i, (x, e)) in x.iter_mut().zip(noise).enumerate() {
                        *x += log_sigma[i % log_sigma.len()].exp() * e as f32;
                    }
                }
            }
        }
    }
    match output {
        Some(path) if is_picture(path) => {
            let images: Vec<Vec<f32>> = x.chunks(model.vae.width()).map(<[f32]>::to_vec).collect();
            let side = (arguments.number as f64).sqrt().ceil() as usize;
            table::write_picture(&images, &model.config, side, path)
        }
        output => table::write(table::rows(&x, &model.config), None, output),
    }
}
