//! The reparameterised gradient against central differences of the bound, in f64 and with the same noise.

use crate::common::{Estimator, block, data, generic_vae, gradient, minibatch, normals, shape};
use burn::tensor::Device;
use elbo::model::Latent as _;
use elbo::{
    distribution::bernoulli::Binarise,
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma, Support},
    minibatch::{Minibatch, Rows},
    model::{SecondLayer, Vae, VaeConfig},
    network::{Activation, Convolutional, NetworkConfig},
    objective::elbo::{KlForm, elbo},
    parameters::{self, Block},
    random::Key,
    schedule::ActiveBlocks,
};

const FIXED: LikelihoodConfig = LikelihoodConfig::Gaussian(Sigma::Fixed(0.7));
const LEARNED: LikelihoodConfig = LikelihoodConfig::Gaussian(Sigma::Learned);
const PER_COLUMN: LikelihoodConfig = LikelihoodConfig::Gaussian(Sigma::PerColumn);
const SOLVED: LikelihoodConfig = LikelihoodConfig::Gaussian(Sigma::Solved);
const WIDTH: usize = 5;

fn estimator(form: KlForm) -> Estimator {
    Estimator { samples: 2, form, noise: Key::new(77) }
}

fn vae(likelihood: LikelihoodConfig, activation: Activation) -> Vae {
    generic_vae(&VaeConfig { activation, ..shape(&[6, 4], 2, likelihood) }, WIDTH, 3)
}

/// 150 rows of values that the likelihood accepts.
fn rows_for(likelihood: &LikelihoodConfig) -> Vec<f32> {
    let values = normals(11, 150 * WIDTH).into_iter();
    match likelihood.likelihood().support() {
        Support::Binary => values.map(|v| f32::from(v > 0.2)).collect(),
        Support::Count => values.map(|v| (5.0 * v * v).floor() as f32).collect(),
        _ => values.map(|v| v as f32).collect(),
    }
}

fn gradient_of(vae: &Vae, minibatch: &Minibatch, moves: ActiveBlocks, estimator: Estimator) -> Vec<f64> {
    gradient(vae, minibatch, moves, estimator).unwrap().gradient
}

/// Σ over the minibatch's rows of the bound, not scaled, with the noise that the gradient uses.
fn bound(vae: &Vae, minibatch: &Minibatch, estimator: Estimator) -> f64 {
    let Estimator { samples, form, noise: key } = estimator;
    let noise = Family::Gaussian.noise::<f64>(key, &minibatch.rows, vae.latent(), samples, &Device::flex());
    elbo(&vae.model, &vae.guide, &data(minibatch), &noise, form).elbo().sum().into_scalar()
}

/// The derivative at 0 by the five-point rule, whose error is of order h⁴.
fn derivative(h: f64, f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

/// Twenty entries of a block, all of them where it has no more.
fn sample(block: &Block) -> Vec<usize> {
    let order = Key::new(block.start as u64).permutation(block.len());
    order.into_iter().take(20).map(|i| block.start + i).collect()
}

/// Every block of the gradient of a minibatch of B rows is N/B times the derivative of the plain sum.
fn check(vae: &Vae, minibatch: &Minibatch, form: KlForm, h: f64) {
    let estimator = estimator(form);
    let got = gradient_of(vae, minibatch, ActiveBlocks::BOTH, estimator);
    let values: Vec<f64> = parameters::values(vae);
    let scale = minibatch.total as f64 / minibatch.rows.len() as f64;
    for block in parameters::layout(vae) {
        let part = &got[block.range()];
        let held = vae.model.likelihood().own(WIDTH).is_some_and(|own| !own.learned);
        if block.name == "model.log_sigma" && held {
            assert!(part.iter().all(|&g| g == 0.0), "a held σ moves: {part:?}");
            continue;
        }
        let size = (part.iter().map(|g| g * g).sum::<f64>() / part.len() as f64).sqrt();
        assert!(size > 1e-3, "{}: a gradient of 0 tests nothing", block.name);
        for i in sample(&block) {
            let expected = scale
                * derivative(h, |shift| {
                    let mut moved = values.clone();
                    moved[i] += shift;
                    let moved = parameters::load(vae.clone(), &moved, &Device::flex()).unwrap();
                    bound(&moved, minibatch, estimator)
                });
            let error = (got[i] - expected).abs() / size.max(expected.abs());
            assert!(error <= 1e-6, "{} {i}: {} but {expected} by differences", block.name, got[i]);
        }
    }
}

#[test]
fn of_counts_agrees_with_central_differences() {
    check_both_forms(&LikelihoodConfig::Poisson, Activation::Tanh);
    check_both_forms(&LikelihoodConfig::NegativeBinomial, Activation::Tanh);
}

fn check_both_forms(likelihood: &LikelihoodConfig, activation: Activation) {
    let values = rows_for(likelihood);
    let rows = Rows::all(&values, WIDTH).select((2..13).collect());
    for form in [KlForm::Analytic, KlForm::MonteCarlo] {
        check(&vae(likelihood.clone(), activation), &minibatch(&rows, [4, 2, 12, 9, 7, 3, 10]), form, 1e-3);
    }
}

#[test]
fn bernoulli_with_tanh() {
    check_both_forms(&LikelihoodConfig::Bernoulli, Activation::Tanh);
}

#[test]
fn bernoulli_with_gelu() {
    check_both_forms(&LikelihoodConfig::Bernoulli, Activation::Gelu);
}

#[test]
fn bernoulli_with_sigmoid() {
    check_both_forms(&LikelihoodConfig::Bernoulli, Activation::Sigmoid);
}

#[test]
fn gaussian_of_fixed_sigma_with_softplus() {
    check_both_forms(&FIXED, Activation::Softplus);
}

#[test]
fn gaussian_of_learned_sigma_with_gelu() {
    check_both_forms(&LEARNED, Activation::Gelu);
}

#[test]
fn gaussian_of_a_sigma_for_each_column_with_tanh() {
    check_both_forms(&PER_COLUMN, Activation::Tanh);
}

#[test]
fn gaussian_of_solved_sigma_with_tanh() {
    check_both_forms(&SOLVED, Activation::Tanh);
}

/// Images that lose a pixel at a stride of 2 and some that do not, of one channel and of two, with and without a hidden
/// dense layer: every weight and bias of each convolution, there and back.
#[test]
fn convolutions_with_softplus() {
    for (image, channels, kernel, stride, hidden) in [
        ([1, 5, 6], vec![2, 3], 3, 2, vec![]),
        ([2, 4, 7], vec![3], 4, 2, vec![4]),
        ([1, 7, 7], vec![2, 2], 3, 3, vec![]),
        ([1, 3, 4], vec![2], 2, 1, vec![3]),
    ] {
        let width = image.iter().product();
        let network = NetworkConfig::Convolutional(Convolutional { image, channels, kernel, stride });
        let config = VaeConfig { network, activation: Activation::Softplus, ..shape(&hidden, 2, PER_COLUMN) };
        let values: Vec<f32> = normals(11, 20 * width).into_iter().map(|v| v as f32).collect();
        let rows = Rows::all(&values, width);
        let vae = generic_vae(&config, width, 3);
        check(&vae, &minibatch(&rows, [4, 2, 12, 9]), KlForm::Analytic, 1e-3);
    }
}

/// Two layers of z: both networks between them, there and back, in both forms of the KL.
#[test]
fn two_layers_of_z_with_tanh() {
    for (likelihood, between) in [(LEARNED, vec![4, 3]), (LikelihoodConfig::Bernoulli, vec![])] {
        let second = Some(SecondLayer { latent: 3, hidden: between });
        let vae = generic_vae(&VaeConfig { second, ..shape(&[6], 2, likelihood.clone()) }, WIDTH, 3);
        let values = rows_for(&likelihood);
        let rows = Rows::all(&values, WIDTH);
        for form in [KlForm::Analytic, KlForm::MonteCarlo] {
            check(&vae, &minibatch(&rows, [4, 2, 12, 9, 7, 3, 10]), form, 1e-3);
        }
    }
}

/// Biases of ±20 put every relu well on one side of its kink.
#[test]
fn gaussian_with_relu_away_from_its_kinks() {
    let vae = generic_vae(&VaeConfig { activation: Activation::Relu, ..shape(&[6], 2, LEARNED) }, WIDTH, 3);
    let mut values: Vec<f64> = parameters::values(&vae);
    for network in ["model.decoder", "guide.encoder"] {
        for (n, i) in block(&vae, &format!("{network}.layers.0.bias")).range().enumerate() {
            values[i] = if n % 3 == 2 { -20.0 } else { 20.0 };
        }
        // Small weights, lest outputs of hundreds swamp the differences.
        for i in block(&vae, &format!("{network}.layers.1.weight")).range() {
            values[i] *= 0.05;
        }
    }
    let vae = parameters::load(vae, &values, &Device::flex()).unwrap();
    let values = rows_for(&LEARNED);
    let rows = Rows::all(&values, WIDTH).select((2..13).collect());
    check(&vae, &minibatch(&rows, [4, 2, 12, 9, 7, 3, 10]), KlForm::Analytic, 1e-3);
}

/// More rows than a shard holds, so that the gradient is a sum of parts.
#[test]
fn a_minibatch_of_two_shards() {
    let values = rows_for(&PER_COLUMN);
    let rows = Rows::all(&values, WIDTH);
    check(&vae(PER_COLUMN, Activation::Tanh), &minibatch(&rows, 40..110), KlForm::MonteCarlo, 1e-3);
}

/// What a fit does: parameters in f32, the output's bias and σ started at the data's moments.
#[test]
fn an_auto_encoder_started_at_the_data() {
    let device = Device::flex();
    for likelihood in [LikelihoodConfig::Bernoulli, FIXED, LEARNED, PER_COLUMN, SOLVED] {
        let values = rows_for(&likelihood);
        let rows = Rows::all(&values, WIDTH);
        let config = shape(&[6], 2, likelihood);
        let vae = Vae::new(&config, WIDTH, Key::new(3), &device).unwrap().start_at(&rows, &device).unwrap();
        let stored: Vec<f64> = parameters::values(&vae);
        let vae = parameters::load(vae, &stored, &device).unwrap();
        check(&vae, &minibatch(&rows, 5..20), KlForm::Analytic, 1e-3);
    }
}

#[test]
fn a_held_block_has_gradient_zero_and_the_other_that_of_the_joint_gradient() {
    for likelihood in [LEARNED, LikelihoodConfig::Bernoulli] {
        let values = rows_for(&likelihood);
        let minibatch = minibatch(&Rows::all(&values, WIDTH), 0..70);
        let vae = vae(likelihood, Activation::Gelu);
        let theta = burn::module::Module::num_params(&vae.model);
        for form in [KlForm::Analytic, KlForm::MonteCarlo] {
            let of = |moves| gradient_of(&vae, &minibatch, moves, estimator(form));
            let joint = of(ActiveBlocks::BOTH);
            let model = of(ActiveBlocks { model: true, guide: false });
            let guide = of(ActiveBlocks { model: false, guide: true });
            assert!(model[theta..].iter().all(|&g| g == 0.0) && guide[..theta].iter().all(|&g| g == 0.0));
            assert_eq!(model[..theta], joint[..theta]);
            assert_eq!(guide[theta..], joint[theta..]);
            assert!(joint.iter().all(|&g| g.abs() > 0.0));
        }
    }
}

/// Σ_b (|b|/N) g_b = g of all rows, the short last minibatch included: noise belongs to a row, not to a batch.
#[test]
fn the_minibatches_of_an_epoch_add_up_to_the_whole() {
    for likelihood in [PER_COLUMN, LikelihoodConfig::Bernoulli] {
        let values = rows_for(&likelihood);
        let rows = Rows::all(&values, WIDTH);
        let vae = vae(likelihood, Activation::Softplus);
        let of = |m: &Minibatch| gradient_of(&vae, m, ActiveBlocks::BOTH, estimator(KlForm::Analytic));
        let whole = of(&minibatch(&rows, 0..150));
        let mut sum = vec![0.0; whole.len()];
        let mut sizes = Vec::new();
        for batch in rows.minibatches(70, Binarise::None, Key::new(5), 0) {
            sizes.push(batch.rows.len());
            for (s, g) in sum.iter_mut().zip(of(&batch)) {
                *s += batch.rows.len() as f64 / 150.0 * g;
            }
        }
        assert_eq!(sizes, [70, 70, 10]);
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let difference: Vec<f64> = sum.iter().zip(&whole).map(|(a, b)| a - b).collect();
        assert!(norm(&difference) <= 1e-12 * norm(&whole), "{} of {}", norm(&difference), norm(&whole));
    }
}
