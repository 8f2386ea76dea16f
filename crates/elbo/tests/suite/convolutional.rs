//! Convolutions against their definition, as loops in f64, and a fit with them.

use crate::common::{GAUSSIAN, fit_config, normals, shape, steps, tensor};
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use elbo::{
    fit::{Fit, Progress},
    gradient::EstimatorConfig,
    likelihood::{Likelihood, LikelihoodConfig, Support},
    minibatch::Rows,
    model::{Latent, Vae, VaeConfig},
    network::{Activation, Convolutional, Convolutions, NetworkConfig, TransposedConvolutions},
    optimiser::Optimiser,
    parameters,
    random::Key,
};

const CASES: [([usize; 3], &[usize], usize, usize); 6] = [
    ([1, 28, 28], &[2, 3], 3, 2),
    ([1, 7, 5], &[3, 2], 3, 2),
    ([3, 8, 9], &[2], 4, 2),
    ([1, 7, 10], &[2, 2], 5, 3),
    ([2, 4, 4], &[3], 1, 1),
    ([1, 1, 2], &[2, 2], 3, 2),
];

/// An image, its channels, height and width.
type Image = (Vec<f64>, [usize; 3]);

/// Pairs of pixels (of a row or column of the large image, of the small one) that the kernel's place `k` joins.
fn joined(small: usize, large: usize, k: usize, shape: &Convolutional) -> Vec<(usize, usize)> {
    let border = (shape.kernel - 1) / 2;
    let place = |n: usize| (n * shape.stride + k).checked_sub(border).filter(|&place| place < large);
    (0..small).filter_map(|n| Some((place(n)?, n))).collect()
}

/// Σ over all joined pixels of weight × pixel, from the large image to the small one (`out`) or back, and a bias.
fn by_definition(
    (from, source): Image,
    target: [usize; 3],
    p: &[f64],
    shape: &Convolutional,
    out: bool,
) -> Image {
    let (large, small) = if out { (source, target) } else { (target, source) };
    let side = shape.kernel;
    let (weights, biases) = p.split_at(source[0] * target[0] * side * side);
    let area = target[1] * target[2];
    let mut to: Vec<f64> = (0..target[0] * area).map(|place| biases[place / area]).collect();
    for (c, d) in (0..source[0]).flat_map(|c| (0..target[0]).map(move |d| (c, d))) {
        // [to, from, k, k] of a convolution, [from, to, k, k] of a transposed one.
        let pair = if out { d * source[0] + c } else { c * target[0] + d };
        for (n, w) in weights[pair * side * side..][..side * side].iter().enumerate() {
            for rows in joined(small[1], large[1], n / side, shape) {
                for columns in joined(small[2], large[2], n % side, shape) {
                    let (large, small) = ((rows.0, columns.0), (rows.1, columns.1));
                    let (at, onto) = if out { (large, small) } else { (small, large) };
                    to[d * area + onto.0 * target[2] + onto.1] +=
                        w * from[(c * source[1] + at.0) * source[2] + at.1];
                }
            }
        }
    }
    (to, target)
}

fn assert_close(got: &[f64], expected: &[f64], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (g, e) in got.iter().zip(expected) {
        assert!((g - e).abs() < 1e-12 * e.abs().max(1.0), "{what}: {g} for {e}");
    }
}

#[test]
fn convolutions_there_and_back_are_their_definition() {
    let device = Device::flex();
    for (image, channels, kernel, stride) in CASES {
        let shape = Convolutional { image, channels: channels.to_vec(), kernel, stride };
        let shapes = shape.shapes().unwrap();
        let features = *shapes.last().unwrap();
        let size = |shape: [usize; 3]| shape.iter().product::<usize>();

        let there = Convolutions::new(&shape, Activation::Tanh, Key::new(1), &device).unwrap();
        let count = parameters::values::<f64, _>(&there).len();
        let p = normals(2, count);
        let there = parameters::load(there, &p, &device).unwrap();
        let x = normals(3, 2 * size(image));
        let got: Vec<f64> =
            there.forward(tensor(x.clone(), [2, size(image)])).into_data().try_to_vec().unwrap();
        let mut expected = Vec::new();
        for row in x.chunks(size(image)) {
            let (mut start, mut a) = (0, (row.to_vec(), image));
            for pair in shapes.windows(2) {
                let len = pair[1][0] * (pair[0][0] * kernel * kernel + 1);
                a = by_definition(a, pair[1], &p[start..start + len], &shape, true);
                a.0.iter_mut().for_each(|v| *v = v.tanh());
                start += len;
            }
            assert_eq!(start, count);
            expected.extend(a.0);
        }
        assert_close(&got, &expected, &format!("{shape:?} there"));

        let back = TransposedConvolutions::new(&shape, Activation::Tanh, Key::new(1), &device).unwrap();
        assert_eq!((back.input(), back.channels()), (size(features), image[0]));
        let p = normals(4, parameters::values::<f64, _>(&back).len());
        let back = parameters::load(back, &p, &device).unwrap();
        let y = normals(5, 2 * size(features));
        let got: Vec<f64> =
            back.forward(tensor(y.clone(), [2, size(features)])).into_data().try_to_vec().unwrap();
        let mut expected = Vec::new();
        for row in y.chunks(size(features)) {
            let (mut start, mut a) = (0, (row.to_vec(), features));
            for pair in shapes.windows(2).rev() {
                let len = pair[0][0] * (pair[1][0] * kernel * kernel + 1);
                a.0.iter_mut().for_each(|v| *v = v.tanh());
                a = by_definition(a, pair[0], &p[start..start + len], &shape, false);
                start += len;
            }
            expected.extend(a.0);
        }
        assert_close(&got, &expected, &format!("{shape:?} back"));
    }
}

/// The variance of a uniform on ±b is b²/3; its estimate over n weights has a relative standard error of √(4/5n), so that
/// 5 of them are a false alarm with probability 6e-7.
#[test]
fn the_first_weights_have_the_variance_of_glorot() {
    let shape = Convolutional { image: [1, 8, 8], channels: vec![40, 60], kernel: 3, stride: 2 };
    let there = Convolutions::new(&shape, Activation::Relu, Key::new(1), &Device::flex()).unwrap();
    let values: Vec<f64> = parameters::values(&there);
    for (block, fans) in [("layers.0.weight", 9.0 + 360.0), ("layers.1.weight", 360.0 + 540.0)] {
        let block = parameters::layout(&there).into_iter().find(|b| b.name == block).unwrap();
        let w = &values[block.range()];
        let n = w.len() as f64;
        let variance = w.iter().map(|w| w * w).sum::<f64>() / n;
        let z = (variance / (2.0 / fans) - 1.0) / (0.8 / n).sqrt();
        assert!(z.abs() < 5.0, "{}: z = {z}", block.name);
        assert!(w.iter().all(|w| w.abs() <= (6.0 / fans).sqrt() + 1e-7));
    }
}

fn config(image: [usize; 3], likelihood: LikelihoodConfig) -> VaeConfig {
    let network =
        NetworkConfig::Convolutional(Convolutional { image, channels: vec![3, 4], kernel: 3, stride: 2 });
    VaeConfig { network, activation: Activation::Relu, ..shape(&[6], 2, likelihood) }
}

#[test]
fn impossible_convolutions_are_refused_by_name() {
    let refused = |change: &dyn Fn(&mut Convolutional)| {
        let mut shape = Convolutional { image: [1, 6, 5], channels: vec![2, 3], kernel: 3, stride: 2 };
        change(&mut shape);
        let config =
            VaeConfig { network: NetworkConfig::Convolutional(shape), ..config([1, 6, 5], GAUSSIAN) };
        Vae::new(&config, 30, Key::new(1), &Device::flex()).unwrap_err().to_string()
    };
    assert_eq!(refused(&|s| s.channels = vec![]), "the number of convolutions is 0, but must be at least 1");
    assert!(refused(&|s| s.channels = vec![2, 0]).starts_with("channels[1] is 0, but must be at least 1"));
    assert!(refused(&|s| s.stride = 0).starts_with("stride is 0, but must be at least 1"));
    assert!(refused(&|s| s.stride = 4).starts_with("stride is 4, but must be at most 3, the kernel's side"));
    assert!(refused(&|s| s.kernel = 0).starts_with("stride is 2, but must be at most 0"));
    assert_eq!(
        refused(&|s| (s.kernel, s.channels) = (8, vec![2, 3, 4])),
        "kernel is 8, but must be at most 7, to fit the 1×1 pixels that it is to cover, and their border"
    );
    assert_eq!(
        refused(&|s| s.image = [1, 28, 28]),
        "the number of pixels of the image is 784, but must be 30, the columns of a row"
    );
    assert!(refused(&|s| s.image = [1, usize::MAX, 2]).contains("must be 30, the columns of a row"));
}

/// Rows of 7 × 6 pixels, light on one side.
fn images(rows: usize) -> Vec<f32> {
    let e = normals(9, rows * 43);
    let pixel = |row: &[f64], i: usize| f32::from(row[i] + (1.0 + row[42]) * ((i % 6) as f64 - 2.5) > 0.0);
    e.chunks(43).flat_map(|row| (0..42).map(move |i| pixel(row, i))).collect()
}

/// Bits are the same for 1, 2 and 3 threads, from a stop in the middle, and the bound rises.
#[test]
fn a_fit_repeats_to_the_bit() {
    let values = images(150);
    let start = |threads: usize, stop: Option<Progress>| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let rows = Rows::all(&values, 42);
            let mut steps = steps(Optimiser::Adam, 2e-2);
            steps.estimator = EstimatorConfig::Reparameterised;
            let config = fit_config(config([1, 7, 6], LikelihoodConfig::Bernoulli), steps, 70, 12);
            let mut fit = Fit::new(config, rows.clone(), &rows, &Device::flex()).unwrap();
            if let Some(stop) = stop {
                fit = fit.resume(stop).unwrap();
            }
            let (mut stops, mut bounds) = (Vec::new(), Vec::new());
            while fit.finished().is_none() {
                bounds.push(fit.epoch(|_| {}).unwrap().validation.elbo.value);
                stops.push(fit.progress().clone());
            }
            let vae = fit.last().unwrap();
            let seen = vae.reader(&Device::flex()).reconstruct(&values).unwrap();
            let drawn = vae.reader(&Device::flex()).sample_prior(Key::new(1), 3);
            assert_eq!(vae.reader(&Device::flex()).decode(&drawn).unwrap().len(), 3 * 42);
            (stops, bounds, seen)
        })
    };
    let one = start(1, None);
    assert!(one.1[11] > one.1[0] + 1.0, "{:?}", one.1);
    assert_eq!(one, start(2, None));
    let rest = start(3, Some(one.0[1].clone()));
    assert_eq!((rest.0, rest.1, rest.2), (one.0[2..].to_vec(), one.1[2..].to_vec(), one.2));
}

/// A decoder with small weights gives the mean of all pixels of a channel, as one bias there can.
#[test]
fn the_output_starts_at_the_mean_of_each_channel() {
    let device = Device::flex();
    let values: Vec<f32> =
        (0..20 * 24).map(|i| if i % 24 < 12 { 3.0 } else { ((i + i / 24) % 2) as f32 }).collect();
    let rows = Rows::all(&values, 24);
    let vae = Vae::new(&config([2, 3, 4], GAUSSIAN), 24, Key::new(1), &device).unwrap();
    let vae = vae.start_at(&rows, &device).unwrap();
    let name = "model.convolutions.layers.1.bias";
    let bias: Vec<f32> =
        parameters::values::<f32, _>(&vae)[crate::common::block(&vae, name).range()].to_vec();
    assert_eq!(bias, [3.0, 0.5]);
}

/// x ~ N(the first output, 1), of two.
#[derive(Debug)]
struct FirstOfTwo;

impl Likelihood for FirstOfTwo {
    fn name(&self) -> &'static str {
        "first of two"
    }

    fn support(&self) -> Support {
        Support::Real
    }

    fn outputs(&self) -> usize {
        2
    }

    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, own: Option<Tensor<1>>) -> Tensor<1> {
        (x - self.mean(output, own)).powi_scalar(2).sum_dim(1).squeeze_dim::<1>(1).mul_scalar(-0.5)
    }

    fn mean(&self, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<2> {
        let half = output.dims()[1] / 2;
        output.narrow(1, 0, half)
    }

    fn draw(&self, _: &[f32], _: &[f32], _: Key, _: u64, _: &mut [f32]) {}

    fn start(&self, mean: f64, _: usize) -> Vec<f64> {
        vec![mean, 7.0]
    }
}

/// The outputs of a column are a channel each: at z = 0, where nothing but the last bias is left, they are where they start.
#[test]
fn each_output_of_a_likelihood_is_a_channel() {
    let (device, seed) = (Device::flex(), Key::new(1));
    let images = Convolutional { image: [1, 4, 4], channels: vec![3], kernel: 3, stride: 2 };
    let config = VaeConfig {
        hidden: vec![],
        latent: 2,
        network: NetworkConfig::Convolutional(images),
        ..VaeConfig::default()
    };
    let values: Vec<f32> = (0..6 * 16).map(|i| i as f32 / 10.0).collect();
    let rows = Rows::all(&values, 16);
    let built = Vae::with_likelihood(&config, Arc::new(FirstOfTwo), 16, seed, &device).unwrap();
    let started = built.start_at(&rows, &device).unwrap();
    let outputs =
        started.model.decode(Tensor::zeros([1, 2], &device)).into_data().try_to_vec::<f32>().unwrap();
    let mean = values.iter().sum::<f32>() / 96.0;
    assert!(outputs[..16].iter().all(|a| (a - mean).abs() < 1e-5), "{outputs:?}");
    assert_eq!(outputs[16..], [7.0; 16]);
    let (train, validation) = rows.split(0.3, seed);
    let fit_config = fit_config(config, steps(Optimiser::Adam, 1e-2), 3, 3);
    let mut fit = Fit::of(fit_config, &started, train, &validation, &device).unwrap();
    let bound = fit.epoch(|_| {}).unwrap().validation.elbo.value;
    assert!(bound.is_finite() && fit.best().unwrap().reader(&device).decode(&[0.0; 2]).unwrap().len() == 16);
}
