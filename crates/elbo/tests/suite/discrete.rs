//! Discrete latents: everything is a sum over states, so everything has an exact value.

use crate::common::{
    GAUSSIAN, assert_unbiased, data, fit_config, generic_vae, greatest, minibatch, normals, shape, steps,
};
use burn::tensor::{DType, Device, Tensor, TensorData};
use elbo::{
    engine::gradient,
    fit::Fit,
    gradient::{Baseline, Enumerated, Estimator, EstimatorConfig, Relaxed, ScoreFunction},
    guide::{Family, Posterior},
    likelihood::LikelihoodConfig,
    minibatch::{Minibatch, Rows},
    model::{Vae, VaeConfig},
    objective::{
        Objective,
        elbo::{KlForm, elbo},
    },
    optimiser::Optimiser,
    parameters,
    random::{Draws, Key},
    schedule::ActiveBlocks,
    train::TrainConfig,
};
use elbo::{guide::Guide as _, model::Latent as _};

const D: usize = 4;
const FAMILIES: [Family; 2] = [Family::Bernoulli, Family::Categorical(3)];

fn vae(family: Family) -> Vae {
    generic_vae(&VaeConfig { family, ..shape(&[5], 2, LikelihoodConfig::Bernoulli) }, D, 6)
}

fn batch() -> Minibatch {
    let values: Vec<f32> = normals(4, 5 * D).into_iter().map(|v| f32::from(v > 0.0)).collect();
    // Three of five rows: the gradient is scaled by 5/3.
    minibatch(&Rows::all(&values, D), [3, 0, 4])
}

fn rows(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data_as::<f64>().try_to_vec().unwrap()
}

/// log p(x|z), log q(z|x) and log p(z) of each row in each state.
fn states(vae: &Vae, x: &Tensor<2>) -> Vec<[Vec<f64>; 3]> {
    let q = vae.guide.posterior(x.clone());
    let n = x.dims()[0];
    let all = vae.model.family().states(vae.latent(), 1000).unwrap();
    all.into_iter()
        .map(|state| {
            let z = TensorData::new(state.repeat(n), [n, state.len()]);
            let z = Tensor::<2>::from_data(z, (&Device::flex(), DType::F64));
            let likelihood = vae.model.log_likelihood(x.clone(), z.clone());
            [rows(likelihood), rows(q.log_density(z.clone())), rows(vae.model.log_prior(z))]
        })
        .collect()
}

/// Σ over rows of the bound, state by state.
fn exact_elbo(vae: &Vae, x: &Tensor<2>) -> f64 {
    let term =
        |[l, q, p]: &[Vec<f64>; 3]| -> f64 { (0..l.len()).map(|i| q[i].exp() * (l[i] + p[i] - q[i])).sum() };
    states(vae, x).iter().map(term).sum()
}

fn draw(vae: &Vae, estimator: &dyn Estimator, samples: usize, seed: u64) -> Vec<f64> {
    let draws = Draws { samples, key: Key::new(seed) };
    gradient(vae, &batch(), ActiveBlocks::BOTH, estimator, draws, (0, &[]), &Device::flex()).unwrap().gradient
}

#[test]
fn states_are_all_there_and_q_and_p_sum_to_one() {
    for (family, count) in FAMILIES.into_iter().zip([4, 9]) {
        let vae = vae(family);
        let states = states(&vae, &data(&batch()));
        assert_eq!(states.len(), count);
        for i in 0..3 {
            for term in [1, 2] {
                let total: f64 = states.iter().map(|s| s[term][i].exp()).sum();
                assert!((total - 1.0).abs() < 1e-12, "{family:?}: {total}");
            }
        }
        assert!(family.states(2, count - 1).is_none());
    }
}

/// E6: the bound is log p(x) = log Σ_z p(x, z) less KL(q ‖ posterior), state by state; the KL in closed form is the
/// sum over states as well.
#[test]
fn enumeration_is_the_exact_bound() {
    for family in FAMILIES {
        let vae = vae(family);
        let x = data(&batch());
        let enumerated = Enumerated::new(&vae.model, &vae.guide).unwrap();
        let (terms, _) = enumerated.estimate(&vae.model, &vae.guide, &x, &[], &[]);
        let closed: Vec<f64> = rows(vae.guide.posterior(x.clone()).kl().unwrap().sum_dim(1).squeeze_dim(1));
        let (kl, bound) = (rows(terms.kl.clone()), rows(terms.elbo()));
        assert!((bound.iter().sum::<f64>() - exact_elbo(&vae, &x)).abs() < 1e-12);
        let states = states(&vae, &x);
        for i in 0..3 {
            assert!((kl[i] - closed[i]).abs() < 1e-12, "{family:?}: {} {}", kl[i], closed[i]);
            let evidence = states.iter().map(|[l, _, p]| (l[i] + p[i]).exp()).sum::<f64>().ln();
            let gap: f64 =
                states.iter().map(|[l, q, p]| q[i].exp() * (q[i] - (l[i] + p[i] - evidence))).sum();
            assert!(gap > 0.0 && (bound[i] + gap - evidence).abs() < 1e-12, "{family:?}: {gap}");
        }
    }
}

/// Central differences of the bound summed by hand.
#[test]
fn enumeration_has_the_exact_gradient() {
    for family in FAMILIES {
        let vae = vae(family);
        let p: Vec<f64> = parameters::values(&vae);
        let got = draw(&vae, &Enumerated::new(&vae.model, &vae.guide).unwrap(), 1, 0);
        for i in 0..p.len() {
            let at = |h: f64| {
                let mut p = p.clone();
                p[i] += h;
                let vae = parameters::load(vae.clone(), &p, &Device::flex()).unwrap();
                5.0 / 3.0 * exact_elbo(&vae, &data(&batch()))
            };
            let expected = (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!((got[i] - expected).abs() < 1e-6, "{family:?} {i}: {} {expected}", got[i]);
        }
    }
}

/// About 80 parameters of two families, 600 draws: false alarms 1.3e-4 together (Bonferroni).
#[test]
fn the_score_function_has_the_enumerated_gradient_as_its_mean() {
    for family in FAMILIES {
        let vae = vae(family);
        let exact = draw(&vae, &Enumerated::new(&vae.model, &vae.guide).unwrap(), 1, 0);
        let estimator = ScoreFunction(Baseline::LeaveOneOut);
        let draws: Vec<Vec<f64>> = (0..600).map(|seed| draw(&vae, &estimator, 4, seed)).collect();
        for (i, &exact) in exact.iter().enumerate() {
            let entry: Vec<f64> = draws.iter().map(|g| g[i]).collect();
            if entry.iter().all(|g| (g - exact).abs() < 1e-12) {
                continue; // A hidden unit that is off has no gradient and no noise.
            }
            assert_unbiased(&entry, exact, &format!("{family:?}, parameter {i}"));
        }
    }
}

/// The relaxation is what it is labelled: biased, and less so at a lower temperature.
#[test]
fn the_relaxed_gradient_is_biased_and_less_so_when_cold() {
    for family in FAMILIES {
        let vae = vae(family);
        let exact = draw(&vae, &Enumerated::new(&vae.model, &vae.guide).unwrap(), 1, 0);
        let bias = |temperature| {
            let relaxed = Relaxed { temperature };
            let mut mean = vec![0.0; exact.len()];
            for seed in 0..400 {
                for (m, g) in mean.iter_mut().zip(draw(&vae, &relaxed, 8, seed)) {
                    *m += g / 400.0;
                }
            }
            mean.iter().zip(&exact).map(|(m, e)| (m - e).powi(2)).sum::<f64>().sqrt()
        };
        let (hot, cold) = (bias(3.0), bias(0.3));
        assert!(hot > 0.05 && cold < 0.7 * hot, "{family:?}: {hot} {cold}");
    }
}

/// Frequencies of 40,000 draws against q and p: z-tests for 2·(2 + 6) columns, false alarms 1e-3 together.
#[test]
fn draws_have_their_probabilities() {
    let n = 40_000;
    for family in FAMILIES {
        let vae = vae(family);
        let index: Vec<usize> = (0..n).collect();
        let noise = &family.noise::<f64>(Key::new(3), &index, 2, 1, &Device::flex())[0];
        let x = data(&batch()).narrow(0, 0, 1).repeat_dim(0, n);
        let q: Posterior = vae.guide.posterior(x);
        let width = family.width(2);
        let frequency = |z: &[f64], c: usize| z.iter().skip(c).step_by(width).sum::<f64>() / n as f64;
        let drawn: Vec<f64> = q.sample(noise.clone()).into_data_as::<f64>().try_to_vec().unwrap();
        assert!(drawn.iter().all(|&z| z == 0.0 || z == 1.0));
        let p: Vec<f64> = q.mean().narrow(0, 0, 1).into_data_as::<f64>().try_to_vec().unwrap();
        let sd: Vec<f64> = q.standard_deviation().narrow(0, 0, 1).into_data_as::<f64>().try_to_vec().unwrap();
        let prior: Vec<f64> = family.sample_prior(Key::new(8), n, 2).into_iter().map(f64::from).collect();
        let even = if family == Family::Bernoulli { 0.5 } else { 1.0 / 3.0 };
        for c in 0..width {
            assert!((sd[c] - (p[c] * (1.0 - p[c])).sqrt()).abs() < 1e-12);
            for (z, p) in [(&drawn, p[c]), (&prior, even)] {
                let score = (frequency(z, c) - p) / (p * (1.0 - p) / n as f64).sqrt();
                assert!(score.abs() < 4.2, "{family:?} column {c}: {} for {p}", frequency(z, c));
            }
        }
    }
}

/// A relaxed draw lies between the states and tends to the true one.
#[test]
fn a_relaxed_draw_tends_to_the_draw() {
    for family in FAMILIES {
        let q = vae(family).guide.posterior(data(&batch()));
        let noise = &family.noise::<f64>(Key::new(3), &[0, 1, 2], 2, 1, &Device::flex())[0];
        let distance = |temperature| -> f64 {
            let relaxed = q.relaxed(noise.clone(), temperature);
            let least: f64 = relaxed.clone().min().into_scalar();
            assert!(least >= 0.0);
            greatest((relaxed - q.sample(noise.clone())).abs().into_data().try_to_vec::<f64>().unwrap())
        };
        assert!(distance(1.0) > 0.1 && distance(1e-3) < 1e-3, "{} {}", distance(1.0), distance(1e-3));
    }
}

/// Logits of ±1e4: finite, and right in the limit.
#[test]
fn extreme_logits_are_finite_and_right() {
    let tensor = |v: [f64; 2]| {
        Tensor::<2>::from_data(TensorData::new(v.to_vec(), [1, 2]), (&Device::flex(), DType::F64))
    };
    let q = Posterior::Bernoulli(tensor([1e4, -1e4]));
    let kl: Vec<f64> = q.kl().unwrap().into_data().try_to_vec().unwrap();
    assert!(kl.iter().all(|k| (k - 2f64.ln()).abs() < 1e-15), "{kl:?}");
    assert_eq!(rows(q.log_density(tensor([1.0, 0.0]))), [0.0]);
    assert_eq!(rows(q.log_density(tensor([0.0, 1.0]))), [-2e4]);
}

#[test]
fn a_fit_by_the_score_function_raises_the_bound_and_does_not_depend_on_threads() {
    // Four kinds of rows, told apart by two bits.
    let mut values = Vec::new();
    for i in 0..400_usize {
        let (a, b) = (i % 2, i / 2 % 2);
        values.extend([a, a, a, b, b, b, 1 - a, 1 - b].map(|v| v as f32));
    }
    let all = Rows::all(&values, 8);
    let fit = |threads| {
        let shape = VaeConfig { family: Family::Bernoulli, ..shape(&[], 2, LikelihoodConfig::Bernoulli) };
        let steps = TrainConfig {
            estimator: EstimatorConfig::ScoreFunction,
            samples: 8,
            ..steps(Optimiser::Adam, 0.05)
        };
        let config = fit_config(shape, steps, 100, 150);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut fit = Fit::new(config, all.clone(), &all, &Device::flex()).unwrap();
            let first = fit.epoch(|_| {}).unwrap().validation.elbo.value;
            let mut last = first;
            while fit.finished().is_none() {
                last = fit.epoch(|_| {}).unwrap().validation.elbo.value;
            }
            (first, last, fit.progress().state.parameters.clone())
        })
    };
    let (first, last, parameters) = fit(1);
    // log p(x) is at most −log 4: four kinds, equally frequent.
    assert!(first < -3.0 && last > -1.5 && last < -4f64.ln() + 1e-3, "{first} {last}");
    assert_eq!(parameters, fit(2).2);
}

#[test]
fn an_estimator_that_does_not_suit_the_latent_is_refused() {
    let refused = |form: EstimatorConfig, family| {
        let vae = vae(family);
        form.estimator(Objective::Elbo, KlForm::Analytic, &vae.model, &vae.guide).unwrap_err().to_string()
    };
    for form in [EstimatorConfig::Reparameterised, EstimatorConfig::StickingTheLanding] {
        assert!(refused(form, Family::Bernoulli).contains("a discrete latent has no derivative"));
    }
    assert!(refused(EstimatorConfig::Relaxed(0.5), Family::Gaussian).contains("needs no relaxation"));
    assert!(
        refused(EstimatorConfig::Relaxed(0.0), Family::Bernoulli)
            .contains("the temperature of the relaxation is 0, but must be > 0")
    );
    assert!(
        refused(EstimatorConfig::Enumerated, Family::Gaussian).contains("enumeration needs a discrete one")
    );
    let many = VaeConfig { family: Family::Bernoulli, ..shape(&[], 11, LikelihoodConfig::Bernoulli) };
    let many = generic_vae(&many, D, 1);
    assert!(Enumerated::new(&many.model, &many.guide).is_err());
    let one = VaeConfig { family: Family::Categorical(1), ..shape(&[], 2, GAUSSIAN) };
    let error = Vae::new(&one, D, Key::new(0), &Device::flex()).unwrap_err();
    assert_eq!(error.to_string(), "the number of classes is 1, but must be at least 2");
}

/// The bound at true draws has the enumerated bound as its mean: 2 z-tests.
#[test]
fn the_sampled_bound_has_the_enumerated_one_as_its_mean() {
    for family in FAMILIES {
        let vae = vae(family);
        let x = data(&batch());
        let exact = exact_elbo(&vae, &x);
        let draws: Vec<f64> = (0..600)
            .map(|seed| {
                let noise = vae.noise::<f64>(Key::new(seed), &[3, 0, 4], 4, &Device::flex());
                elbo(&vae.model, &vae.guide, &x, &noise, KlForm::MonteCarlo).elbo().sum().into_scalar()
            })
            .collect();
        assert_unbiased(&draws, exact, &format!("{family:?}"));
    }
}
