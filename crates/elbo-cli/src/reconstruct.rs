//! `elbo reconstruct`: data beside E[x|z] at z = E_q[z|x].

use burn::tensor::Device;
use elbo::predict;

use crate::{
    arguments::Reconstruct,
    error::Error,
    run::read_model,
    source::read_for,
    table::{self, is_picture},
};

/// Rows in a picture, where no number is asked for, and side by side in it.
const PICTURE: usize = 40;
const SIDE_BY_SIDE: usize = 20;

pub(crate) fn reconstruct(arguments: &Reconstruct, device: &Device) -> Result<(), Error> {
    let output = arguments.output.as_deref();
    table::check_ending(output, true)?;
    let model = read_model(&arguments.fitted.run, device)?;
    let mut data = read_for(&model.config, &arguments.source)?;
    let picture = output.is_some_and(is_picture);
    data.truncate(arguments.rows.unwrap_or(if picture { PICTURE } else { usize::MAX }));
    data.as_encoded(model.config.fit.binarise())?;
    let width = model.vae.width();
    let x = predict::reconstruct(&model.vae, &data.x, device)?;
    if let Some(path) = output.filter(|_| picture) {
        let rows = |x: &[f32]| -> Vec<Vec<f32>> { x.chunks(width).map(<[f32]>::to_vec).collect() };
        let (originals, reconstructions) = (rows(&data.x), rows(&x));
        let blank = vec![0.5; width];
        let side_by_side = SIDE_BY_SIDE.min(originals.len());
        let mut images = Vec::new();
        for (above, below) in originals.chunks(side_by_side).zip(reconstructions.chunks(side_by_side)) {
            for line in [above, below] {
                images.extend_from_slice(line);
                images.resize(images.len().next_multiple_of(side_by_side), blank.clone());
            }
        }
        return table::write_picture(&images, &model.config, side_by_side, path);
    }
    table::write(table::rows(&x, &model.config), data.labels, output)
}
