use burn::{module::Module, tensor::Device};

use super::{Fused, Plan, Reader};
use crate::{
    distribution::bernoulli::Binarise,
    engine::tensors::{Estimate, gradient},
    gradient::{
        DoublyReparameterised, Estimator, FusedEstimator, ImportanceWeighted, Reparameterised,
        StickingTheLanding, WeightedKl,
    },
    likelihood::{CellFamily, ColumnConfig, LikelihoodConfig, Sigma, Standard},
    minibatch::{Minibatch, Rows},
    model::{Vae, VaeConfig},
    network::Activation,
    objective::{KlCost, elbo::KlForm},
    parameters,
    random::{Draws, Key, Purpose},
    schedule::ActiveBlocks,
    terms::RowTerms,
};

pub(super) const LIKELIHOODS: [LikelihoodConfig; 5] = [
    LikelihoodConfig::Bernoulli,
    LikelihoodConfig::Gaussian(Sigma::Fixed(0.7)),
    LikelihoodConfig::Gaussian(Sigma::Learned),
    LikelihoodConfig::Gaussian(Sigma::PerColumn),
    LikelihoodConfig::Gaussian(Sigma::Solved),
];

pub(super) const ANALYTIC: FusedEstimator = FusedEstimator::Reparameterised(KlForm::Analytic);
const WAYS: [(FusedEstimator, usize); 5] = [
    (ANALYTIC, 1),
    (FusedEstimator::Reparameterised(KlForm::MonteCarlo), 3),
    (FusedEstimator::StickingTheLanding, 2),
    (FusedEstimator::ImportanceWeighted, 4),
    (FusedEstimator::DoublyReparameterised, 3),
];

pub(super) struct Case {
    pub(super) vae: Vae,
    pub(super) parameters: Vec<f32>,
    pub(super) minibatch: Minibatch,
}

/// An auto-encoder whose parameters are all away from their symmetric start, and a minibatch of a larger data set.
pub(super) fn case(config: &VaeConfig, rows: usize, width: usize) -> Case {
    let seed = Key::new(7);
    let device = Device::flex();
    let shape = Vae::new(config, width, seed, &device).unwrap();
    let mut parameters: Vec<f32> = parameters::values(&shape);
    let mut noise = vec![0.0; parameters.len()];
    seed.fold(1).standard_normals(0, &mut noise);
    for (p, e) in parameters.iter_mut().zip(noise) {
        *p += 0.1 * e;
    }
    let mut values = vec![0.0; (rows + 3) * width];
    seed.fold(2).uniforms(0, &mut values);
    match &config.likelihood {
        LikelihoodConfig::Bernoulli => seed.fold(3).bernoulli(0, &mut values),
        LikelihoodConfig::Columns(columns) => {
            for (x, (column, n)) in values.iter_mut().zip(columns.iter().cycle().zip(0..)) {
                *x = cell(column, *x, n);
            }
        }
        _ => {}
    }
    let rows = Rows::all(&values, width);
    let minibatch = rows.minibatch(3..rows.len(), Binarise::None, seed);
    let vae = parameters::load(shape, &parameters, &device).unwrap();
    Case { vae, parameters, minibatch }
}

/// A cell of a column from a number in (0, 1): every fifth of a column with holes is missing.
fn cell(column: &ColumnConfig, u: f32, n: usize) -> f32 {
    match column.family {
        _ if column.holes && n.is_multiple_of(5) => f32::NAN,
        CellFamily::Hurdle(_) if u < 0.4 => 0.0,
        CellFamily::Bernoulli => u.round(),
        CellFamily::Categorical(levels) | CellFamily::Ordinal(levels) => (u * levels as f32).floor(),
        CellFamily::Poisson(_) | CellFamily::NegativeBinomial(_) => (9.0 * u * u).floor(),
        CellFamily::Circular => 6.0 * u,
        _ => u,
    }
}

/// A column of every family, with holes and without, more than a panel of outputs.
fn columns() -> LikelihoodConfig {
    let standard = Standard { centre: 0.4, spread: 1.3 };
    let families = [
        CellFamily::Gaussian,
        CellFamily::StudentT,
        CellFamily::LogNormal(standard),
        CellFamily::Hurdle(standard),
        CellFamily::Bernoulli,
        CellFamily::Categorical(7),
        CellFamily::Ordinal(4),
        CellFamily::Poisson(standard),
        CellFamily::NegativeBinomial(standard),
        CellFamily::Beta,
        CellFamily::Circular,
    ];
    let both =
        [true, false].into_iter().flat_map(|holes| families.map(|family| ColumnConfig::new(family, holes)));
    LikelihoodConfig::Columns(both.collect())
}

#[test]
fn columns_agree_with_the_composition_of_tensors() {
    for rows in [1, 140] {
        let case = case(&config(&[37, 16], 5, Activation::Tanh, columns()), rows, 22);
        for (way, samples) in WAYS {
            let got = fused(&case, ActiveBlocks::BOTH, way, samples);
            let expected = reference(&case, ActiveBlocks::BOTH, way, samples);
            assert_close(&case, &got, &expected, &format!("{rows} rows, {way:?}"));
        }
    }
}

pub(super) fn config(
    hidden: &[usize],
    latent: usize,
    activation: Activation,
    likelihood: LikelihoodConfig,
) -> VaeConfig {
    VaeConfig { hidden: hidden.to_vec(), latent, activation, likelihood, ..VaeConfig::default() }
}

/// The fused engine of a case.
pub(super) fn new(case: &Case, way: FusedEstimator, samples: usize) -> Option<Fused> {
    Fused::new(&case.vae.model, &case.vae.guide, way, samples)
}

fn fused(case: &Case, moves: ActiveBlocks, way: FusedEstimator, samples: usize) -> Estimate<f32> {
    let mut terms = RowTerms::default();
    let mut gradient = vec![f32::NAN; case.parameters.len()];
    let mut fused = new(case, way, samples).unwrap();
    let key = Key::new(11).purpose(Purpose::Noise);
    fused.gradient(&case.parameters, &case.minibatch, moves, key, &mut terms, &mut gradient);
    Estimate { terms, gradient, surrogate: 0.0 }
}

/// The composition of tensors, differentiated automatically in f64, at the same f32 parameters and noise.
pub(super) fn reference(
    case: &Case,
    moves: ActiveBlocks,
    way: FusedEstimator,
    samples: usize,
) -> Estimate<f64> {
    let wide: Vec<f64> = case.parameters.iter().map(|&p| f64::from(p)).collect();
    let vae = parameters::load(case.vae.clone(), &wide, &Device::flex()).unwrap();
    let draws = Draws { samples, key: Key::new(11).purpose(Purpose::Noise) };
    let estimator: &dyn Estimator = match way {
        FusedEstimator::Reparameterised(form) => &Reparameterised(form),
        FusedEstimator::StickingTheLanding => &StickingTheLanding,
        FusedEstimator::ImportanceWeighted => &ImportanceWeighted,
        FusedEstimator::DoublyReparameterised => &DoublyReparameterised,
    };
    gradient::<f64, _, _>(&vae, &case.minibatch, moves, estimator, draws, (0, &[]), &Device::flex()).unwrap()
}

/// Relative to the largest of each block of parameters.
pub(super) fn assert_close(case: &Case, got: &Estimate<f32>, expected: &Estimate<f64>, what: &str) {
    for (got, expected) in
        [(&got.terms.log_likelihood, &expected.terms.log_likelihood), (&got.terms.kl, &expected.terms.kl)]
    {
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() <= 1e-5 * e.abs().max(1.0), "{what}: {g} for {e}");
        }
    }
    for block in parameters::layout(&case.vae) {
        let size = expected.gradient[block.range()].iter().fold(0.0f64, |a, g| a.max(g.abs()));
        for (g, e) in got.gradient[block.range()].iter().zip(&expected.gradient[block.range()]) {
            let error = (f64::from(*g) - e).abs();
            assert!(error <= 1e-5 * size, "{what}, {}: {g} for {e}, of {size}", block.name);
        }
    }
}

#[test]
fn agrees_with_the_composition_of_tensors_for_every_activation_and_likelihood() {
    use Activation::{Gelu, Relu, Sigmoid, Softplus, Tanh};
    for activation in [Relu, Tanh, Gelu, Softplus, Sigmoid] {
        for likelihood in LIKELIHOODS {
            let case = case(&config(&[37, 16], 5, activation, likelihood.clone()), 21, 33);
            for (way, samples) in WAYS {
                let got = fused(&case, ActiveBlocks::BOTH, way, samples);
                let expected = reference(&case, ActiveBlocks::BOTH, way, samples);
                assert_close(&case, &got, &expected, &format!("{activation:?} {likelihood:?} {way:?}"));
            }
        }
    }
}

/// One row, one column, one unit; panels that are full, one more, one less; no hidden layer; shards of unequal size.
#[test]
fn agrees_at_odd_sizes() {
    for (rows, width, hidden, latent) in [
        (1, 1, vec![], 1),
        (1, 7, vec![1], 1),
        (7, 8, vec![9], 8),
        (8, 9, vec![8, 7], 9),
        (9, 31, vec![32], 31),
        (129, 32, vec![33], 32),
        (131, 65, vec![64, 17], 33),
        (64, 784, vec![16], 40),
    ] {
        for likelihood in [LikelihoodConfig::Bernoulli, LikelihoodConfig::Gaussian(Sigma::PerColumn)] {
            let case = case(&config(&hidden, latent, Activation::Tanh, likelihood.clone()), rows, width);
            let got = fused(&case, ActiveBlocks::BOTH, ANALYTIC, 2);
            let expected = reference(&case, ActiveBlocks::BOTH, ANALYTIC, 2);
            assert_close(&case, &got, &expected, &format!("{rows} rows of {width}, {likelihood:?}"));
        }
    }
}

#[test]
fn a_held_block_has_no_gradient_and_the_other_its_own() {
    let case = case(&config(&[20], 4, Activation::Relu, LikelihoodConfig::Gaussian(Sigma::Learned)), 12, 17);
    let both = fused(&case, ActiveBlocks::BOTH, ANALYTIC, 1).gradient;
    let guide_start = case.vae.model.num_params();
    for (model, guide) in [(true, false), (false, true)] {
        let got = fused(&case, ActiveBlocks { model, guide }, ANALYTIC, 1).gradient;
        let held = |moves: bool, range: std::ops::Range<usize>| {
            if moves { both[range].to_vec() } else { vec![0.0; range.len()] }
        };
        let expected = [held(model, 0..guide_start), held(guide, guide_start..both.len())].concat();
        assert_eq!(got, expected);
    }
}

/// Neither the threads, the shards nor what the buffers held before change a bit.
#[test]
fn bits_do_not_depend_on_threads_or_on_earlier_rows() {
    for (way, samples) in WAYS {
        bits_of(way, samples, LikelihoodConfig::Gaussian(Sigma::PerColumn), 41);
        bits_of(way, samples, columns(), 22);
    }
}

fn bits_of(way: FusedEstimator, samples: usize, likelihood: LikelihoodConfig, width: usize) {
    let shape = config(&[50], 6, Activation::Gelu, likelihood);
    let (large, small) = (case(&shape, 150, width), case(&shape, 100, width));
    let expected = fused(&small, ActiveBlocks::BOTH, way, samples);
    for threads in [1, 2, 3, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut used = new(&small, way, samples).unwrap();
            let (mut terms, mut gradient) = (RowTerms::default(), vec![0.0; small.parameters.len()]);
            let key = Key::new(11).purpose(Purpose::Noise);
            for case in [&large, &small] {
                let (p, m) = (&case.parameters, &case.minibatch);
                used.gradient(p, m, ActiveBlocks::BOTH, key, &mut terms, &mut gradient);
            }
            assert_eq!((&terms, &gradient), (&expected.terms, &expected.gradient), "{threads} threads");
        });
    }
}

/// A reader weighs one draw at a time, a step all of a row's at once.
#[test]
fn the_importance_weighted_terms_are_the_same_read_and_differentiated() {
    let case = case(&config(&[20], 4, Activation::Tanh, LikelihoodConfig::Bernoulli), 150, 17);
    let key = Key::new(11).purpose(Purpose::Noise);
    let read = Reader::new(&case.vae.model, &case.vae.guide, || case.parameters.clone()).unwrap();
    let read = read.terms(&case.minibatch, Plan::read(FusedEstimator::ImportanceWeighted, 7), key);
    let step = fused(&case, ActiveBlocks::BOTH, FusedEstimator::ImportanceWeighted, 7).terms;
    for (a, b) in read.elbo().iter().zip(step.elbo()) {
        // The log-likelihood is summed in f32 by kernels whose terms are rounded each in its own way.
        assert!((a - b).abs() <= 1e-5 * b.abs(), "{a} {b}");
    }
}

/// β and free bits: the gradient of what is maximised, its value, and the true terms beside it.
#[test]
fn a_weighted_kl_agrees_with_the_composition_of_tensors() {
    let case = case(&config(&[20], 6, Activation::Tanh, LikelihoodConfig::Bernoulli), 40, 17);
    for (form, beta, free_bits) in
        [(KlForm::Analytic, 0.3, 0.0), (KlForm::Analytic, 2.0, 0.05), (KlForm::MonteCarlo, 0.3, 0.0)]
    {
        let (way, samples) = (FusedEstimator::Reparameterised(form), 2);
        let wide: Vec<f64> = case.parameters.iter().map(|&p| f64::from(p)).collect();
        let vae = parameters::load(case.vae.clone(), &wide, &Device::flex()).unwrap();
        let draws = Draws { samples, key: Key::new(11).purpose(Purpose::Noise) };
        let estimator = WeightedKl { form, cost: KlCost { beta, free_bits } };
        let (minibatch, device) = (&case.minibatch, &Device::flex());
        let expected =
            gradient::<f64, _, _>(&vae, minibatch, ActiveBlocks::BOTH, &estimator, draws, (0, &[]), device)
                .unwrap();
        let mut fused = new(&case, way, samples).unwrap();
        fused.weigh_kl(KlCost { beta, free_bits });
        let (mut terms, mut gradient) = (RowTerms::default(), vec![f32::NAN; case.parameters.len()]);
        fused.gradient(&case.parameters, minibatch, ActiveBlocks::BOTH, draws.key, &mut terms, &mut gradient);
        let value = fused.objective(&terms);
        let cost = (terms.log_likelihood.iter().sum::<f64>() - value) / beta;
        assert!((value - expected.surrogate).abs() <= 1e-5 * value.abs(), "{value} {}", expected.surrogate);
        let free = cost - terms.kl.iter().sum::<f64>();
        assert!(if free_bits > 0.0 { free > 0.1 } else { free.abs() < 1e-9 }, "{free}");
        assert_close(&case, &Estimate { terms, gradient, surrogate: 0.0 }, &expected, "weighted");
    }
}
