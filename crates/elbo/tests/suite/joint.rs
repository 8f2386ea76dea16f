//! log p(x, z) and its gradient in z against the composition of tensors in f64, and that against central differences.

use crate::common::{generic_vae, greatest, normals, shape, tensor};
use burn::tensor::Device;
use elbo::{
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma},
    model::{Joint, Latent as _, Vae, VaeConfig},
    network::Activation::{self, Gelu, Relu, Sigmoid, Softplus, Tanh},
    parameters,
    random::Key,
};

const LIKELIHOODS: [LikelihoodConfig; 5] = [
    LikelihoodConfig::Bernoulli,
    LikelihoodConfig::Gaussian(Sigma::Fixed(0.7)),
    LikelihoodConfig::Gaussian(Sigma::Learned),
    LikelihoodConfig::Gaussian(Sigma::PerColumn),
    LikelihoodConfig::Gaussian(Sigma::Solved),
];

fn config(
    hidden: &[usize],
    latent: usize,
    activation: Activation,
    likelihood: LikelihoodConfig,
) -> VaeConfig {
    VaeConfig { activation, ..shape(hidden, latent, likelihood) }
}

/// A model in f32 and the same in f64, R rows of x, and S draws of z for each.
struct Case {
    narrow: Vae,
    wide: Vae,
    x: Vec<f32>,
    z: Vec<f32>,
}

fn case(config: &VaeConfig, width: usize, rows: usize, samples: usize) -> Case {
    let device = Device::flex();
    let wide = generic_vae(config, width, 5);
    let values: Vec<f32> = parameters::values(&wide);
    let narrow = parameters::load(wide.clone(), &values, &device).unwrap();
    let values: Vec<f64> = values.into_iter().map(f64::from).collect();
    let wide = parameters::load(wide, &values, &device).unwrap();
    let mut x = vec![0.0; rows * width];
    Key::new(2).uniforms(0, &mut x);
    if config.likelihood == LikelihoodConfig::Bernoulli {
        Key::new(3).bernoulli(0, &mut x);
    }
    let z = normals(4, samples * rows * config.latent).into_iter().map(|z| z as f32).collect();
    Case { narrow, wide, x, z }
}

fn log_likelihood(joint: &dyn Joint, x: &[f32], z: &[f32]) -> (Vec<f64>, Vec<f32>) {
    let (mut out, mut gradient) = (vec![f64::NAN; z.len() / joint.latent()], vec![f32::NAN; z.len()]);
    joint.log_likelihood(x, z, &mut out, Some(&mut gradient));
    let mut alone = vec![f64::NAN; out.len()];
    joint.log_likelihood(x, z, &mut alone, None);
    // The sum without its gradient may take other roundings.
    for (a, b) in alone.iter().zip(&out) {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} without the gradient, {b} with it");
    }
    (out, gradient)
}

/// log p(x|z) of each draw, composed of the model's tensors in f64.
fn composed(case: &Case, z: &[f64]) -> Vec<f64> {
    let draws = z.len() / case.wide.latent();
    let x = case.x.iter().map(|&x| f64::from(x)).cycle().take(draws * case.wide.width()).collect();
    let (x, z) = (tensor(x, [draws, case.wide.width()]), tensor(z.to_vec(), [draws, case.wide.latent()]));
    case.wide.model.log_likelihood(x, z).into_data().try_to_vec().unwrap()
}

/// Both implementations, the kernels to 1e-5 of the value, or of the largest derivative, and the tensors to 1e-9 and,
/// as their derivative is told in f32, 1e-6.
fn check(case: &Case, what: &str) {
    let z: Vec<f64> = case.z.iter().map(|&z| f64::from(z)).collect();
    let values = composed(case, &z);
    let latent = case.wide.latent();
    // Central differences: one column of every draw at a time, since draws do not touch one another.
    let (h, mut slopes) = (1e-5, vec![0.0; z.len()]);
    for column in 0..latent {
        let shifted = |by: f64| -> Vec<f64> {
            z.iter().enumerate().map(|(i, z)| if i % latent == column { z + by } else { *z }).collect()
        };
        for (draw, (up, down)) in
            composed(case, &shifted(h)).iter().zip(composed(case, &shifted(-h))).enumerate()
        {
            slopes[draw * latent + column] = (up - down) / (2.0 * h);
        }
    }
    let largest = greatest(slopes.iter().map(|slope| slope.abs()));
    for (vae, close, closer) in [(&case.narrow, 1e-5, 1e-5), (&case.wide, 1e-9, 1e-6)] {
        let joint = vae.joint().unwrap();
        assert_eq!((joint.latent(), joint.width()), (latent, vae.width()));
        let (got, gradient) = log_likelihood(&*joint, &case.x, &case.z);
        for (g, e) in got.iter().zip(&values) {
            assert!((g - e).abs() <= close * e.abs().max(1.0), "{what}: {g} for {e}");
        }
        for (g, e) in gradient.iter().zip(&slopes) {
            let error = (f64::from(*g) - e).abs();
            assert!(error <= closer * largest, "{what}: derivative {g} for {e}, of {largest}");
        }
    }
}

#[test]
fn both_ways_agree_with_the_composition_for_every_activation_and_likelihood() {
    for activation in [Relu, Tanh, Gelu, Softplus, Sigmoid] {
        for likelihood in LIKELIHOODS {
            let case = case(&config(&[37, 16], 5, activation, likelihood.clone()), 33, 7, 3);
            check(&case, &format!("{activation:?} {likelihood:?}"));
        }
    }
}

/// One of each; no hidden layer; parts that are full, one more, one less.
#[test]
fn both_ways_agree_at_odd_sizes() {
    for (width, hidden, latent, rows, samples) in [
        (1, vec![], 1, 1, 1),
        (9, vec![8, 7], 9, 1, 128),
        (31, vec![32], 31, 127, 1),
        (65, vec![33], 33, 43, 3),
        (784, vec![64, 17], 40, 5, 26),
    ] {
        for likelihood in [LikelihoodConfig::Bernoulli, LikelihoodConfig::Gaussian(Sigma::PerColumn)] {
            let case = case(&config(&hidden, latent, Tanh, likelihood.clone()), width, rows, samples);
            check(&case, &format!("{rows} rows of {width}, {samples} draws, {likelihood:?}"));
        }
    }
}

#[test]
fn the_prior_is_a_standard_normal() {
    let case = case(&config(&[4], 3, Tanh, LikelihoodConfig::Bernoulli), 2, 10, 2);
    for vae in [&case.narrow, &case.wide] {
        let joint = vae.joint().unwrap();
        let (mut out, mut gradient) = (vec![f64::NAN; 20], vec![f32::NAN; 60]);
        joint.log_prior(&case.z, &mut out, Some(&mut gradient));
        for (draw, (got, z)) in out.iter().zip(case.z.chunks(3)).enumerate() {
            let expected: f64 =
                z.iter().map(|&z| -0.5 * (f64::from(z).powi(2) + std::f64::consts::TAU.ln())).sum();
            assert!((got - expected).abs() < 1e-12, "draw {draw}: {got} for {expected}");
        }
        assert!(gradient.iter().zip(&case.z).all(|(g, z)| *g == -z));
    }
}

/// All at once, each draw by itself, or each row by itself on a thread of its own: the same bits.
#[test]
fn bits_do_not_depend_on_what_else_is_in_the_call() {
    for likelihood in [LikelihoodConfig::Bernoulli, LikelihoodConfig::Gaussian(Sigma::PerColumn)] {
        let (width, latent, rows, samples) = (41, 6, 67, 4);
        let case = case(&config(&[50, 40], latent, Gelu, likelihood), width, rows, samples);
        let joint = case.narrow.joint().unwrap();
        let (values, gradient) = log_likelihood(&*joint, &case.x, &case.z);
        for draw in 0..rows * samples {
            let (x, z) = (&case.x[draw % rows * width..][..width], &case.z[draw * latent..][..latent]);
            let (value, slope) = log_likelihood(&*joint, x, z);
            assert_eq!((value[0], &slope[..]), (values[draw], &gradient[draw * latent..][..latent]));
        }
        std::thread::scope(|scope| {
            for row in 0..rows {
                let (joint, case, values) = (&joint, &case, &values);
                scope.spawn(move || {
                    let of_row = |s: usize| &case.z[(s * rows + row) * latent..][..latent];
                    let z: Vec<f32> = (0..samples).flat_map(of_row).copied().collect();
                    let (mine, _) = log_likelihood(&**joint, &case.x[row * width..][..width], &z);
                    assert!(mine.iter().enumerate().all(|(s, v)| *v == values[s * rows + row]));
                });
            }
        });
    }
}

#[test]
fn a_discrete_latent_has_no_gradient() {
    let config =
        VaeConfig { family: Family::Bernoulli, ..config(&[3], 2, Relu, LikelihoodConfig::Bernoulli) };
    let vae = Vae::new(&config, 4, Key::new(0), &Device::flex()).unwrap();
    let error = vae.joint().err().unwrap();
    assert_eq!(
        error.to_string(),
        "the family of z is bernoulli, but a gradient in z needs a continuous latent: Gaussian"
    );
}
