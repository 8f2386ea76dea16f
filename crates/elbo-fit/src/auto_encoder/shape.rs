//! The shape of the model that the arguments ask for.

use elbo::{
    guide::Family,
    model::SecondLayer,
    network::{Convolutional, NetworkConfig},
};

use super::request::{Network, Request};
use crate::{
    error::Error,
    observer::{Observer, ObserverExt},
    room::{check_room, numbers},
};

/// Weights of a model at most: with the state of Adam and the gradient some 20 GB.
const WEIGHTS: f64 = 1e9;

/// What a model with fewer weights is made by.
const LESS: &str = "choose smaller widths for «hidden», or a smaller «latent»";

/// The convolutions that were asked for, of images of this height and width.
pub(crate) fn choose_network(
    request: &Request,
    image: Option<(usize, usize)>,
    name: &str,
    observer: &dyn Observer,
) -> Result<NetworkConfig, Error> {
    let Request { network, channels, kernel, stride, .. } = request;
    if *network == Network::Dense {
        if channels.is_some() || kernel.is_some() || stride.is_some() {
            return Err(Error::request(
                "«channels», «kernel» and «stride» are of convolutions, but the network is dense",
                "add «network convolutional»",
            ));
        }
        return Ok(NetworkConfig::Dense);
    }
    let Some((height, width)) = image else {
        return Err(Error::request(
            format!("«network convolutional» needs images, but the rows of `{name}` are none"),
            "«image HxW» says what size the rows of a table are; with «drop-constant» rows are no images any more",
        ));
    };
    let shape = Convolutional {
        image: [1, height, width],
        channels: channels.clone().unwrap_or_else(|| vec![32, 64]),
        kernel: kernel.unwrap_or(3),
        stride: stride.unwrap_or(2),
    };
    let sizes: Vec<String> = shape.shapes()?.iter().map(|[c, h, w]| format!("{c}×{h}×{w}")).collect();
    let text = format!("convolutions of channels × height × width {}", sizes.join(" → "));
    observer.say("network", text);
    Ok(NetworkConfig::Convolutional(shape))
}

/// Units of the hidden layer.
const UNITS: usize = 400;
/// Where there are at least so many times as many columns as rows, the rows span few of the directions that so wide a layer
/// tells apart, and it learns them by heart. Of seven tables of 60 or 200 rows, four had a validation bound that was higher by
/// 40 to 6,700 nats with half as many units as rows than with 400, and none a lower one beyond its standard error.
const MANY_COLUMNS: usize = 10;

/// The widths of the hidden layers.
pub(crate) fn choose_hidden(
    request: &Request,
    rows: usize,
    width: usize,
    image: bool,
    observer: &dyn Observer,
) -> Vec<usize> {
    if let Some(hidden) = &request.hidden {
        return hidden.clone();
    }
    let few = rows.div_ceil(2);
    if image || rows.saturating_mul(MANY_COLUMNS) > width || few >= UNITS {
        return vec![UNITS];
    }
    let why = "half as many as rows for training, which are a tenth of the columns or fewer";
    observer.chose(true, "hidden", few.to_string(), why);
    vec![few]
}

/// The size of the first layer of z, and the second layer if one was asked for.
pub(crate) fn choose_latent(
    request: &Request,
    width: usize,
    mixed: bool,
) -> Result<(usize, Option<SecondLayer>), Error> {
    let Request { latent, hidden2, family, .. } = request;
    let usual = if mixed { width.saturating_sub(1).max(1) } else { width.div_ceil(2) };
    let layers = latent.clone().unwrap_or_else(|| vec![20.min(usual)]);
    let Some(&above) = layers.get(1) else {
        if hidden2.is_some() {
            return Err(Error::request(
                "«hidden2» lies between two layers of z, but there is one",
                "«latent 100,50» makes two layers",
            ));
        }
        return Ok((layers[0], None));
    };
    if *family != Family::Gaussian {
        return Err(Error::request(
            "two layers of z must be Gaussian",
            "leave «family» out, or give one number for «latent»",
        ));
    }
    let hidden = hidden2.clone().unwrap_or_else(|| vec![100, 100]);
    Ok((layers[0], Some(SecondLayer { latent: above, hidden })))
}

/// Refuses models that are a slip of the keyboard, before memory does with less tact.
pub(crate) fn check_size(
    width: usize,
    hidden: &[usize],
    latent: usize,
    network: &NetworkConfig,
    second: Option<&SecondLayer>,
) -> Result<(), Error> {
    let mut weights = 0.0;
    // Those of encoder and decoder between layers of so many units, `each` for a pair of units.
    let mut add = |each: usize, units: &[usize]| {
        let pairs = units.windows(2).map(|pair| pair[0] as f64 * pair[1] as f64);
        weights += 2.0 * each as f64 * pairs.sum::<f64>();
    };
    let mut features = width;
    if let NetworkConfig::Convolutional(shape) = network {
        let shapes = shape.shapes()?;
        add(
            shape.kernel.saturating_mul(shape.kernel),
            &shapes.iter().map(|shape| shape[0]).collect::<Vec<_>>(),
        );
        features = shapes[shapes.len() - 1].iter().fold(1, |product, &side| side.saturating_mul(product));
    }
    add(1, &[&[features], hidden, &[latent]].concat());
    if let Some(SecondLayer { latent: above, hidden }) = second {
        add(1, &[&[latent], &hidden[..], &[*above]].concat());
    }
    if weights <= WEIGHTS {
        // Each in a parameter, its gradient, Adam's two moments, the best so far and what is written.
        let what = format!("{weights:.1e} weights");
        return check_room(&what, numbers(&[weights as usize, 3]), LESS);
    }
    let message = format!("the model would have {weights:.1e} weights, more than {WEIGHTS:.0e}");
    Err(Error::request(message, LESS))
}
