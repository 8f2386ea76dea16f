//! What a fit refuses, and how it fails: with the place named and the state as it was.

use crate::common::{
    Estimator, GAUSSIAN, block, curve, evaluate, fit_config, generic_vae, gradient, minibatch, normals,
    shape, steps,
};
use burn::tensor::Device;
use elbo::{
    Error,
    fit::{Fit, FitConfig},
    likelihood::{LikelihoodConfig, Sigma},
    minibatch::Rows,
    model::Vae,
    objective::elbo::KlForm,
    optimiser::Optimiser,
    parameters,
    random::Key,
    schedule::{ActiveBlocks, StepFactors},
    train::Trainer,
};

fn config(likelihood: LikelihoodConfig) -> FitConfig {
    fit_config(shape(&[8], 2, likelihood), steps(Optimiser::Adam, 1e-2), 10, 3)
}

fn refusal(config: &FitConfig, values: &[f32], width: usize) -> String {
    let rows = Rows::all(values, width);
    let error = Fit::new(config.clone(), rows.clone(), &rows, &Device::flex()).unwrap_err();
    let named = matches!(
        error,
        Error::OutOfRange { .. }
            | Error::TooFew { .. }
            | Error::Support { .. }
            | Error::ConstantColumn { .. }
    );
    assert!(named, "{error:?}");
    error.to_string()
}

#[test]
fn impossible_settings_are_refused_by_name() {
    let values = curve(30, 3, 1);
    let refused = |change: &dyn Fn(&mut FitConfig)| {
        let mut config = config(GAUSSIAN);
        change(&mut config);
        refusal(&config, &values, 3)
    };
    assert_eq!(refused(&|c| c.vae.latent = 0), "latent is 0, but must be at least 1");
    assert_eq!(refused(&|c| c.vae.hidden = vec![4, 0]), "hidden[1] is 0, but must be at least 1");
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let got = refused(&|c| c.vae.likelihood = LikelihoodConfig::Gaussian(Sigma::Fixed(sigma)));
        assert_eq!(got, format!("sigma is {sigma}, but must be > 0 and finite"));
    }
    assert_eq!(refused(&|c| c.batch = 0), "batch is 0, but must be at least 1");
    assert_eq!(refused(&|c| c.validation_samples = 0), "validation_samples is 0, but must be at least 1");
    for size in [0.0, -1e-3, f64::NAN, f64::INFINITY] {
        assert_eq!(
            refused(&|c| c.train.step_size = size),
            format!("step_size is {size}, but must be > 0 and finite")
        );
        let got = refused(&|c| c.train.encoder_step_size = size);
        assert_eq!(got, format!("encoder_step_size is {size}, but must be > 0 and finite"));
    }
    assert_eq!(refused(&|c| c.train.samples = 0), "samples is 0, but must be at least 1");
    assert_eq!(refused(&|c| c.train.clip_norm = Some(0.0)), "clip_norm is 0, but must be > 0");
    let (some, none) = (Rows::all(&values, 3), Rows::all(&[], 3));
    let of = |train: &Rows<'_>, validation: &Rows<'_>| {
        Fit::new(config(GAUSSIAN), train.clone(), validation, &Device::flex())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(of(&none, &some), "the number of training rows is 0, but must be at least 1");
    assert_eq!(of(&some, &none), "the number of validation rows is 0, but must be at least 1");
}

#[test]
fn data_that_do_not_suit_the_likelihood_are_refused_by_place() {
    let mut values = curve(30, 3, 1);
    for row in values.chunks_mut(3) {
        row[1] = 4.25;
    }
    let got = refusal(&config(LikelihoodConfig::Gaussian(Sigma::PerColumn)), &values, 3);
    assert_eq!(
        got,
        "column 1 is constant, but sigma would shrink to 0 on it, and the bound grow without limit"
    );
    // One σ for all columns is not in danger from one of them.
    let rows = Rows::all(&values, 3);
    Fit::new(config(GAUSSIAN), rows.clone(), &rows, &Device::flex()).unwrap();

    for sigma in [Sigma::Learned, Sigma::Solved] {
        let got = refusal(&config(LikelihoodConfig::Gaussian(sigma)), &[2.0; 30], 3);
        assert!(got.starts_with("every column is constant, but sigma would shrink to 0"), "{got}");
    }
    let fixed = config(LikelihoodConfig::Gaussian(Sigma::Fixed(1.0)));
    let rows = Rows::all(&[2.0; 30], 3);
    Fit::new(fixed, rows.clone(), &rows, &Device::flex()).unwrap();

    for wrong in [1.5, -0.1, f32::NAN] {
        let mut grey = vec![0.5; 30];
        grey[3 * 7 + 2] = wrong;
        let got = refusal(&config(LikelihoodConfig::Bernoulli), &grey, 3);
        assert_eq!(got, format!("x[7, 2] is {wrong}, but a Bernoulli likelihood needs values in [0, 1]"));
    }
}

#[test]
fn data_of_another_width_are_refused() {
    let device = Device::flex();
    let vae = Vae::new(&shape(&[4], 2, GAUSSIAN), 3, Key::new(1), &device).unwrap();
    let values = curve(10, 2, 1);
    let rows = Rows::all(&values, 2);
    let expected = Error::Shape { what: "a row of data".into(), expected: vec![3], got: vec![2] };
    let narrow = minibatch(&rows, 0..10);
    let estimator = Estimator { samples: 1, form: KlForm::Analytic, noise: Key::new(1) };
    let got = gradient::<f32>(&vae, &narrow, ActiveBlocks::BOTH, estimator).unwrap_err();
    assert_eq!(got, expected);
    assert_eq!(evaluate(&vae, &narrow, Key::new(1), KlForm::Analytic, 1, &device).unwrap_err(), expected);
    assert_eq!(vae.clone().start_at(&rows, &device).unwrap_err(), expected);
    assert_eq!(got.to_string(), "a row of data has shape [2], but the model needs [3]");
    let short = parameters::load(vae, &[0.0f32; 5], &device).unwrap_err();
    assert!(
        matches!(&short, Error::Shape { what, got, .. } if what == "the parameter vector" && got == &[5])
    );
}

/// Plain ascent far beyond the stable step size: the parameters grow until the bound overflows.
#[test]
fn a_step_size_too_large_ends_in_an_error_that_leaves_the_state() {
    let device = Device::flex();
    let values = curve(40, 3, 1);
    let rows = Rows::all(&values, 3);
    let vae = Vae::new(&shape(&[8], 2, GAUSSIAN), 3, Key::new(1), &device).unwrap();
    for step_size in [1.0, 1e10, 1e30] {
        let (mut trainer, mut state) =
            Trainer::init(steps(Optimiser::Sgd, step_size), &vae, Key::new(1), &device).unwrap();
        let minibatch = minibatch(&rows, [30, 7, 12]);
        let error = loop {
            let before = state.clone();
            match trainer.step(&mut state, &minibatch, StepFactors::FULL) {
                Ok(_) => assert_eq!(state.step, before.step + 1),
                Err(error) => {
                    assert_eq!(state, before);
                    break error;
                }
            }
            assert!(state.step < 100, "step size {step_size}: it never failed");
        };
        assert!(state.step > 0);
        let Error::NonFinite { what, step, rows } = &error else { panic!("{error:?}") };
        assert_eq!((*step, &rows[..]), (Some(state.step), &[30, 7, 12][..]));
        let (what, step) = (what.clone(), state.step);
        assert_eq!(
            error.to_string(),
            format!("{what} is not finite at step {step} (minibatch of data rows 30, 7, 12)")
        );
    }
}

#[test]
fn a_fit_that_fails_names_the_step_and_keeps_the_last_good_state() {
    let values = curve(40, 3, 1);
    let rows = Rows::all(&values, 3);
    let mut config = config(GAUSSIAN);
    config.train = steps(Optimiser::Sgd, 1e10);
    let mut fit = Fit::new(config, rows.clone(), &rows, &Device::flex()).unwrap();
    let mut reports = 0;
    let error = fit.epoch(|_| reports += 1).unwrap_err();
    let Error::NonFinite { step, rows, .. } = error else { panic!("{error:?}") };
    assert_eq!((step, fit.progress().state.step, rows.len()), (Some(reports), reports, 10));
    assert!(fit.progress().state.parameters.iter().all(|p| p.is_finite()));
    assert_eq!(fit.progress().epoch, 0);
}

#[test]
fn a_nan_in_the_data_is_named_as_such() {
    let device = Device::flex();
    let mut values = curve(200, 3, 1);
    values[3 * 150 + 1] = f32::NAN;
    let rows = Rows::all(&values, 3);
    let vae = Vae::new(&shape(&[8], 2, GAUSSIAN), 3, Key::new(1), &device).unwrap();
    let (mut trainer, mut state) =
        Trainer::init(steps(Optimiser::Adam, 1e-3), &vae, Key::new(1), &device).unwrap();
    let before = state.clone();
    let error = trainer.step(&mut state, &minibatch(&rows, 0..200), StepFactors::FULL).unwrap_err();
    assert_eq!(state, before);
    // Of the shard that holds it: rows 128 to 191.
    let Error::NonFinite { what, step: Some(0), rows } = error else { panic!("{error:?}") };
    assert_eq!((what.as_str(), rows), ("the data x", (128..192).collect()));
    let all = minibatch(&Rows::all(&values, 3), 0..200);
    let error = evaluate(&vae, &all, Key::new(1), KlForm::Analytic, 1, &device).unwrap_err();
    assert!(error.to_string().starts_with("the data x is not finite"), "{error}");
}

/// The head is bounded by construction, so exp never overflows in f32, and the gradient neither.
#[test]
fn a_huge_log_variance_keeps_the_bound_finite() {
    let device = Device::flex();
    let values: Vec<f32> = normals(4, 30).into_iter().map(|v| v as f32).collect();
    let minibatch = minibatch(&Rows::all(&values, 3), 0..10);
    for likelihood in [GAUSSIAN, LikelihoodConfig::Bernoulli] {
        let vae = generic_vae(&shape(&[4], 2, likelihood), 3, 1);
        let bias = block(&vae, "guide.encoder.layers.1.bias").range();
        for (head, log_variance) in [(1e4, 30.0), (-1e4, -30.0), (100.0, 30.0), (-100.0, -30.0)] {
            let mut values: Vec<f32> = parameters::values(&vae);
            values[bias.clone()][2..].fill(head);
            let vae = parameters::load(vae.clone(), &values, &device).unwrap();
            for form in [KlForm::Analytic, KlForm::MonteCarlo] {
                let terms = evaluate(&vae, &minibatch, Key::new(1), form, 3, &device).unwrap();
                assert!(terms.elbo().iter().all(|v| v.is_finite()));
                let estimator = Estimator { samples: 3, form, noise: Key::new(1) };
                let estimate = gradient::<f32>(&vae, &minibatch, ActiveBlocks::BOTH, estimator).unwrap();
                assert!(estimate.gradient.iter().all(|g| g.is_finite()));
                if form == KlForm::Analytic {
                    // Two dimensions of ½ (e^s − 1 − s), and ½ μ² of order one.
                    let least = f64::exp(log_variance) - 1.0 - log_variance;
                    let close = |kl: f64| kl > least * 0.75 && kl < least * 1.01 + 10.0;
                    assert!(terms.kl.iter().all(|&kl| close(kl)), "{head}: {:?} {least}", terms.kl);
                }
            }
        }
    }
}
