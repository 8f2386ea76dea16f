//! `elbo sample`: new rows, z from the prior and x from p(x|z).

use burn::tensor::Device;
use elbo::{
    predict,
    random::{Key, Purpose},
};

use crate::{
    arguments::Sample,
    error::Error,
    results::draw_latent,
    run::read_model,
    table::{self, is_picture},
};

pub(crate) fn sample(arguments: &Sample, device: &Device) -> Result<(), Error> {
    let output = arguments.output.as_deref();
    table::check_ending(output, true)?;
    let model = read_model(&arguments.fitted.run, device)?;
    let seed = Key::new(arguments.seed);
    let z = draw_latent(&model.vae, arguments.number, seed, device);
    let x = if arguments.draw {
        let key = seed.purpose(Purpose::Sample).purpose(Purpose::Binarise);
        predict::sample(&model.vae, &z, key, device)?
    } else {
        predict::decode(&model.vae, &z, device)?
    };
    match output {
        Some(path) if is_picture(path) => {
            let images: Vec<Vec<f32>> = x.chunks(model.vae.width()).map(<[f32]>::to_vec).collect();
            let side = (arguments.number as f64).sqrt().ceil() as usize;
            table::write_picture(&images, &model.config, side, path)
        }
        output => table::write(table::rows(&x, &model.config), None, output),
    }
}
