//! Schedules, σ in closed form, clipping, samples and decay, each seen in what the steps do.

use crate::common::{
    Estimator, GAUSSIAN, block, curve, data, fit_config, generic_vae, gradient, greatest, minibatch, normals,
    shape, steps,
};
use burn::{module::Module, tensor::Device};
use elbo::{
    distribution::bernoulli::Binarise,
    fit::{Fit, FitConfig},
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma},
    minibatch::Rows,
    model::{LinearGaussian, Vae},
    objective::elbo::KlForm,
    optimiser::Optimiser,
    parameters,
    random::{Key, Purpose},
    schedule::{ActiveBlocks, Decay, Schedule, StepFactors},
    terms::Mean,
    train::{TrainConfig, Trainer},
};
use elbo::{guide::Guide as _, model::Latent as _};

const WIDTH: usize = 4;
const SOLVED: LikelihoodConfig = LikelihoodConfig::Gaussian(Sigma::Solved);

fn fitted(config: FitConfig, values: &[f32], width: usize) -> Fit<'_> {
    let rows = Rows::all(values, width);
    let mut fit = Fit::new(config, rows.clone(), &rows, &Device::flex()).unwrap();
    while fit.finished().is_none() {
        fit.epoch(|_| {}).unwrap();
    }
    fit
}

fn sigma(vae: &Vae) -> f64 {
    vae.model.log_sigma().unwrap().into_scalar::<f32>().exp().into()
}

/// E_q‖x − f(z)‖²/D over all rows by 50 samples of each: what σ² is to be.
fn mean_squared_residual(vae: &Vae, values: &[f32]) -> f64 {
    let rows = Rows::all(values, WIDTH);
    let all = minibatch(&rows, 0..rows.len());
    let vae = parameters::load(vae.clone(), &parameters::values::<f64, _>(vae), &Device::flex()).unwrap();
    let q = vae.guide.posterior(data(&all));
    let noise = Family::Gaussian.noise::<f64>(Key::new(99), &all.rows, vae.latent(), 50, &Device::flex());
    let squares: f64 = noise
        .iter()
        .map(|e| (data(&all) - vae.model.decode(q.sample(e.clone()))).square().mean().into_scalar::<f64>())
        .sum();
    squares / 50.0
}

/// Points on a line with noise of standard deviation 0.3: without hidden layers the best σ² is known exactly, the
/// mean of the eigenvalues left over. The window of σ² holds about 2N rows of 4 columns: σ has a standard error of
/// √(2/16,000)/2 = 0.6 %.
#[test]
fn sigma_in_closed_form_is_the_one_that_learning_finds() {
    let mut values = Vec::new();
    for i in 0..2000 {
        let e = normals(900 + i, WIDTH + 1);
        values.extend((0..WIDTH).map(|d| (e[WIDTH] * (1.0 - 0.6 * d as f64) + 0.3 * e[d]) as f32));
    }
    let exact = LinearGaussian::fit(&Rows::all(&values, WIDTH), 1, None).unwrap().sigma2().sqrt();
    let of = |hidden: &[usize], likelihood, schedule| {
        // Half as many steps of each block an epoch.
        let epochs = if schedule == Schedule::Joint { 300 } else { 700 };
        let mut config = fit_config(shape(hidden, 1, likelihood), steps(Optimiser::Adam, 1e-2), 400, epochs);
        config.decay = Decay::Cosine;
        config.train.schedule = schedule;
        let vae = fitted(config, &values, WIDTH).last().unwrap();
        (sigma(&vae), mean_squared_residual(&vae, &values).sqrt())
    };
    let close = |a: f64, b: f64, by: f64| (a / b - 1.0).abs() < by;
    for (hidden, schedule) in
        [(&[][..], Schedule::Joint), (&[], Schedule::Alternating), (&[8], Schedule::Joint)]
    {
        let (learned, residual) = of(hidden, GAUSSIAN, Schedule::Joint);
        assert!(close(learned, residual, 0.01), "learned {learned}, residual {residual}");
        let (solved, residual) = of(hidden, SOLVED, schedule);
        assert!(close(solved, residual, 0.02), "solved {solved}, residual {residual}");
        assert!(close(solved, learned, 0.02), "solved {solved}, learned {learned}");
        if hidden.is_empty() {
            assert!(close(learned, exact, 0.02), "learned {learned}, exact {exact}");
            assert!(close(solved, exact, 0.02), "solved {solved}, exact {exact}");
        }
    }
}

/// With the weights all but still, σ² alone moves: to the mean squared residual, which it is then.
#[test]
fn sigma_in_closed_form_has_the_mean_squared_residual_as_its_fixed_point() {
    let values = curve(400, WIDTH, 70);
    let rows = Rows::all(&values, WIDTH);
    let device = Device::flex();
    let vae = generic_vae(&shape(&[8], 2, SOLVED), WIDTH, 5);
    let start: Vec<f32> = parameters::values(&vae);
    let vae = parameters::load(vae, &start, &device).unwrap();
    let config = TrainConfig { samples: 4, ..steps(Optimiser::Sgd, 1e-30) };
    let (mut trainer, mut state) = Trainer::init(config, &vae, Key::new(1), &device).unwrap();
    for epoch in 0..20 {
        for batch in rows.minibatches(90, Binarise::None, Key::new(1), epoch) {
            trainer.step(&mut state, &batch, StepFactors::FULL).unwrap();
        }
    }
    let found = sigma(&trainer.auto_encoder(&state.parameters).unwrap()).powi(2);
    let expected = mean_squared_residual(&vae, &values);
    let before = sigma(&vae).powi(2);
    assert!((before / expected - 1.0).abs() > 0.2, "{before} is near {expected} already");
    // About 400 rows weigh in, of 4 samples each: a few per cent.
    assert!((found / expected - 1.0).abs() < 0.05, "{found} for {expected}");
    let place = block(&vae, "model.log_sigma").start;
    for (i, (now, then)) in state.parameters.iter().zip(&start).enumerate() {
        assert_eq!(now == then, i != place, "parameter {i}");
    }
}

#[test]
fn alternating_steps_move_one_block_each_and_raise_the_bound() {
    let values = curve(300, WIDTH, 70);
    let rows = Rows::all(&values, WIDTH);
    let device = Device::flex();
    for likelihood in [GAUSSIAN, SOLVED] {
        let vae = Vae::new(&shape(&[8], 2, likelihood.clone()), WIDTH, Key::new(4), &device).unwrap();
        let vae = vae.start_at(&rows, &device).unwrap();
        let theta = vae.model.num_params();
        let config = TrainConfig { schedule: Schedule::Alternating, ..steps(Optimiser::Adam, 1e-2) };
        let (mut trainer, mut state) = Trainer::init(config, &vae, Key::new(1), &device).unwrap();
        let mut bounds = Vec::new();
        for epoch in 0..40 {
            for batch in rows.minibatches(100, Binarise::None, Key::new(1), epoch) {
                let before = state.clone();
                bounds.push(
                    trainer.step(&mut state, &batch, StepFactors::FULL).unwrap().terms.summary().elbo.value,
                );
                let moved = |range: std::ops::Range<usize>| {
                    before.parameters[range.clone()] != state.parameters[range]
                };
                let even = before.step % 2 == 0;
                assert_eq!((moved(0..theta), moved(theta..state.parameters.len())), (even, !even));
                // The optimiser's state of a held block rests too.
                assert_eq!((before.model != state.model, before.guide != state.guide), (even, !even));
            }
        }
        let rise = Mean::of(&bounds[110..]).value - bounds[0];
        assert!(rise > 0.5, "{likelihood:?}: the bound rose by {rise}");
    }
}

/// E17: θ moves by α′ and φ by α times the gradient of the data set's bound, each times the decay.
#[test]
fn each_block_has_its_own_step_size() {
    let values = curve(100, WIDTH, 70);
    let rows = Rows::all(&values, WIDTH);
    let device = Device::flex();
    let vae = Vae::new(&shape(&[8], 2, GAUSSIAN), WIDTH, Key::new(4), &device).unwrap();
    let batch = minibatch(&rows, 20..50);
    let config = TrainConfig { encoder_step_size: 1e-4, ..steps(Optimiser::Sgd, 3e-4) };
    let (mut trainer, mut state) = Trainer::init(config, &vae, Key::new(1), &device).unwrap();
    let before = state.parameters.clone();
    trainer.step(&mut state, &batch, StepFactors { decay: 0.5, kl: 1.0 }).unwrap();
    let key = Key::new(1).purpose(Purpose::Noise).fold(0);
    let estimator = Estimator { samples: 1, form: KlForm::Analytic, noise: key };
    let vae = parameters::load(vae.clone(), &parameters::values::<f64, _>(&vae), &device).unwrap();
    let gradient = gradient::<f64>(&vae, &batch, ActiveBlocks::BOTH, estimator).unwrap().gradient;
    for (i, g) in gradient.iter().enumerate() {
        let expected = g * 0.5 * if i < vae.model.num_params() { 3e-4 } else { 1e-4 };
        let moved = f64::from(state.parameters[i]) - f64::from(before[i]);
        // f32: a rounding of a parameter of order one, and of a gradient of order 100.
        assert!((moved - expected).abs() < 2e-7, "parameter {i}: {moved} for {expected}");
    }
}

/// Plain ascent moves by α times the gradient of all N rows, whose norm is N times that of a datum.
#[test]
fn clipping_shortens_a_step_to_the_norm_and_keeps_its_direction() {
    let values = curve(100, WIDTH, 70);
    let rows = Rows::all(&values, WIDTH);
    let device = Device::flex();
    let vae = Vae::new(&shape(&[8], 2, GAUSSIAN), WIDTH, Key::new(4), &device).unwrap();
    let alpha = 1e-4;
    let change = |clip_norm| -> (Vec<f64>, f64) {
        let config = TrainConfig { clip_norm, ..steps(Optimiser::Sgd, alpha) };
        let (mut trainer, mut state) = Trainer::init(config, &vae, Key::new(1), &device).unwrap();
        let before = state.clone();
        let report = trainer.step(&mut state, &minibatch(&rows, 20..50), StepFactors::FULL).unwrap();
        let change = state.parameters.iter().zip(&before.parameters).map(|(a, b)| f64::from(a - b)).collect();
        (change, report.gradient_norm)
    };
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (free, gradient_norm) = change(None);
    // Parameters of order one in f32 round by 6e-8 where the whole step is about 1e-2.
    assert!((norm(&free) / (alpha * 100.0 * gradient_norm) - 1.0).abs() < 1e-4);
    for clip in [0.5, 0.01] {
        let (clipped, norm_before) = change(Some(clip * gradient_norm));
        assert_eq!(norm_before, gradient_norm);
        let expected = alpha * 100.0 * clip * gradient_norm;
        assert!((norm(&clipped) / expected - 1.0).abs() < 1e-2, "{} {expected}", norm(&clipped));
        let dot: f64 = clipped.iter().zip(&free).map(|(a, b)| a * b).sum();
        assert!(dot / norm(&clipped) / norm(&free) > 0.999);
    }
    // A longer norm than the gradient's changes nothing.
    assert_eq!(change(Some(2.0 * gradient_norm)).0, free);
}

/// Var of the mean of 5 samples is a fifth: the mean squared deviation of 1,000 gradients at L = 1 less five
/// times that at L = 5 is 0 by a z-test; |z| < 4.5 has a false-alarm rate of 7e-6.
#[test]
fn five_samples_divide_the_variance_of_the_gradient_by_five() {
    let values = curve(6, WIDTH, 70);
    let minibatch = minibatch(&Rows::all(&values, WIDTH), 0..6);
    let vae = generic_vae(&shape(&[5], 2, GAUSSIAN), WIDTH, 3);
    let deviations = |samples, first: u64| -> Mean {
        let draws: Vec<Vec<f64>> = (first..first + 1000)
            .map(|seed| {
                let estimator = Estimator { samples, form: KlForm::Analytic, noise: Key::new(seed) };
                gradient(&vae, &minibatch, ActiveBlocks::BOTH, estimator).unwrap().gradient
            })
            .collect();
        let column = |i: usize| draws.iter().map(|g: &Vec<f64>| g[i]).collect::<Vec<_>>();
        let means: Vec<f64> = (0..draws[0].len()).map(|i| Mean::of(&column(i)).value).collect();
        let squares = |g: &Vec<f64>| g.iter().zip(&means).map(|(g, m)| (g - m).powi(2)).sum();
        Mean::of(&draws.iter().map(squares).collect::<Vec<f64>>())
    };
    let (one, five) = (deviations(1, 0), deviations(5, 5000));
    let z = (one.value - 5.0 * five.value) / one.standard_error.hypot(5.0 * five.standard_error);
    assert!(z.abs() < 4.5, "{one:?} {five:?}: z = {z}");
    // And the test can tell 5 from 3 or 8.
    assert!(one.standard_error / one.value < 0.08 && five.standard_error / five.value < 0.08);
}

#[test]
fn cosine_decay_ends_at_a_step_size_of_almost_nothing() {
    let values = curve(100, WIDTH, 70);
    let last_move = |decay| {
        let mut config = fit_config(shape(&[8], 1, GAUSSIAN), steps(Optimiser::Sgd, 1e-5), 20, 10);
        config.decay = decay;
        // The length of a step is then α N clip times the decay.
        config.train.clip_norm = Some(1e-3);
        let rows = Rows::all(&values, WIDTH);
        let mut fit = Fit::new(config, rows.clone(), &rows, &Device::flex()).unwrap();
        let mut norms = 0;
        for _ in 0..9 {
            fit.epoch(|r| norms += usize::from(r.gradient_norm > 1e-3)).unwrap();
        }
        assert_eq!(norms, 45, "every step is clipped");
        let before = fit.progress().state.parameters.clone();
        fit.epoch(|_| {}).unwrap();
        let after = &fit.progress().state.parameters;
        greatest(after.iter().zip(&before).map(|(a, b)| f64::from((a - b).abs())))
    };
    let (constant, cosine) = (last_move(Decay::Constant), last_move(Decay::Cosine));
    assert!(constant > 0.0 && cosine < 0.05 * constant, "{cosine} of {constant}");
}

/// Grey 0.2 everywhere, drawn to 0/1 at each epoch: the decoder's probability stays at 0.2.
#[test]
fn a_fit_to_drawn_pixels_keeps_their_mean() {
    let values = vec![0.2; 1000 * WIDTH];
    let config = FitConfig {
        binarise: Binarise::Dynamic,
        decay: Decay::Cosine,
        ..fit_config(shape(&[4], 1, LikelihoodConfig::Bernoulli), steps(Optimiser::Adam, 2e-2), 200, 60)
    };
    let fit = fitted(config, &values, WIDTH);
    let drawn = fit.validation().next().unwrap();
    assert!(drawn.values.iter().all(|&x| x == 0.0 || x == 1.0));
    let vae = fit.last().unwrap();
    let z = vae.guide.posterior(crate::common::data(&drawn).cast(burn::tensor::DType::F32)).mean();
    let mean: f32 = vae.model.mean(z).mean().into_scalar();
    // 4,000 draws have a standard error of 0.006, and as many again are seen each epoch.
    assert!((mean - 0.2).abs() < 0.03, "{mean}");
}

/// A global term is counted once: a step of plain ascent moves θ by α (N/B Σ ∇ELBO − θ/s²), and a forgotten N/B, which
/// a constant factor in Adam's steps would hide, changes the balance of the two.
#[test]
fn a_prior_on_the_parameters_is_counted_once() {
    let values = curve(30, WIDTH, 3);
    let rows = Rows::all(&values, WIDTH);
    let batch = minibatch(&rows, 4..10);
    let device = Device::flex();
    let vae = generic_vae(&shape(&[5], 2, GAUSSIAN), WIDTH, 4);
    let vae = parameters::load(vae.clone(), &parameters::values::<f32, _>(&vae), &device).unwrap();
    let (sd, step_size) = (0.5, 1e-4);
    let take = |prior_sd| {
        let config = TrainConfig { prior_sd, ..steps(Optimiser::Sgd, step_size) };
        let (mut trainer, mut state) = Trainer::init(config, &vae, Key::new(1), &device).unwrap();
        let before = state.parameters.clone();
        let report = trainer.step(&mut state, &batch, StepFactors::FULL).unwrap();
        let (bound, rows) = (report.bound, report.terms.elbo().iter().sum::<f64>());
        (before, state.parameters, bound, rows)
    };
    let (before, without, plain, sum) = take(None);
    let (_, with, bound, _) = take(Some(sd));
    let theta: usize = parameters::layout(&vae.model).iter().map(parameters::Block::len).sum();
    for i in 0..before.len() {
        let pull = if i < theta { -step_size * f64::from(before[i]) / (sd * sd) } else { 0.0 };
        let got = f64::from(with[i]) - f64::from(without[i]);
        assert!((got - pull).abs() < 1e-6, "{i}: {got} {pull}");
    }
    // 6 rows of 30, and log p(θ) once.
    let prior: f64 = before[..theta]
        .iter()
        .map(|&p| {
            let scaled = f64::from(p) / sd;
            -0.5 * scaled * scaled - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
        })
        .sum();
    assert!((plain.value() - 5.0 * sum).abs() < 1e-9 * sum.abs());
    assert!((bound.value() - 5.0 * sum - prior).abs() < 1e-9 * sum.abs());
    assert!((bound.global - prior).abs() < 1e-9 * prior.abs());
}

/// σ of what is discrete or nearly constant has no maximum of the density above 0: it stays above what the values resolve.
#[test]
fn sigma_has_a_floor() {
    use elbo::{
        likelihood::{Gaussian, Likelihood, Sigma},
        minibatch::Rows,
    };
    // 0 and 1 in turn; one row in a hundred apart; no two alike.
    let values: Vec<f32> =
        (0..100).flat_map(|n| [(n % 2) as f32, f32::from(u8::from(n == 7)), (n * n) as f32 + 0.5]).collect();
    let rows = Rows::all(&values, 3);
    let sd = |d: usize| rows.moments().1[d].sqrt();
    let floor = |sigma: Sigma| {
        Gaussian(sigma).floor(&rows).map(|of| of.iter().map(|s| f64::from(*s).exp()).collect::<Vec<_>>())
    };
    let each = floor(Sigma::PerColumn).unwrap();
    for (got, expected) in each.iter().zip([1.0 / 12f64.sqrt(), sd(1), 1e-3 * sd(2)]) {
        assert!((got / expected - 1.0).abs() < 1e-6, "{each:?}");
    }
    let all = ((sd(0).powi(2) + sd(1).powi(2) + sd(2).powi(2)) / 3.0).sqrt();
    assert!((floor(Sigma::Learned).unwrap()[0] / (1e-3 * all) - 1.0).abs() < 1e-6);
    assert_eq!(floor(Sigma::Fixed(0.1)), None);
}
