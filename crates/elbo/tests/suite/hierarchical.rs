//! Two layers of z against exact values: with linear networks and one variable a layer, p(x), p(z₁, z₂|x) and
//! q(z₁, z₂|x) are Gaussian.

use std::f64::consts::TAU;

use crate::common::{
    GAUSSIAN, assert_unbiased, assert_unbiased_derivative, block, bound_of, curve, data, fit_config,
    generic_vae, greatest, minibatch, normals, shape, steps,
};
use burn::tensor::Device;
use elbo::{
    distribution::{Cholesky, FullGaussian},
    divergence::KullbackLeibler,
    engine::gradient,
    fit::{Fit, Progress},
    gradient::{
        Baseline, DoublyReparameterised, Estimator, ImportanceWeighted, Reparameterised, ScoreFunction,
        StickingTheLanding,
    },
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma},
    minibatch::{Minibatch, Rows},
    model::{SecondLayer, Vae, VaeConfig},
    objective::{
        elbo::{KlForm, elbo},
        importance_weighted::log_weights,
        noiseless::Noiseless,
    },
    optimiser::Optimiser,
    parameters,
    random::{Draws, Key},
    schedule::ActiveBlocks,
    terms::Mean,
};

const D: usize = 3;

/// z₂ ~ N(0, 1), z₁ ~ N(a z₂ + b, v), x = w z₁ + c + σ·noise; q(z₁|x) = N(m, s²), q(z₂|z₁) = N(α z₁ + β, t²). Read from
/// the flat parameters in their documented order, with weights of 0 from z₂ to log v and from z₁ to log t².
struct Linear {
    w: [f64; D],
    c: [f64; D],
    sigma2: f64,
    a: f64,
    b: f64,
    v: f64,
    encoder: [[f64; 2]; D],
    encoder_bias: [f64; 2],
    alpha: f64,
    beta: f64,
    t2: f64,
}

/// log σ² of a head, and back.
fn bounded(head: f64) -> f64 {
    30.0 * (head / 30.0).tanh()
}

fn head(variance: f64) -> f64 {
    30.0 * (variance.ln() / 30.0).atanh()
}

/// Where the two weights that must be 0 stand.
const ZEROS: [usize; 2] = [8, 20];

impl Linear {
    fn of(p: &[f64]) -> Self {
        assert!(p.len() == 23 && ZEROS.iter().all(|&i| p[i] == 0.0));
        Self {
            w: std::array::from_fn(|d| p[d]),
            c: std::array::from_fn(|d| p[3 + d]),
            sigma2: (2.0 * p[6]).exp(),
            a: p[7],
            b: p[9],
            v: bounded(p[10]).exp(),
            encoder: std::array::from_fn(|d| [p[11 + 2 * d], p[12 + 2 * d]]),
            encoder_bias: [p[17], p[18]],
            alpha: p[19],
            beta: p[21],
            t2: bounded(p[22]).exp(),
        }
    }

    fn residual(&self, x: &[f64]) -> [f64; D] {
        std::array::from_fn(|d| x[d] - self.c[d])
    }

    /// m and s².
    fn guide(&self, x: &[f64]) -> (f64, f64) {
        let output = |j: usize| self.encoder_bias[j] + (0..D).map(|d| x[d] * self.encoder[d][j]).sum::<f64>();
        (output(0), bounded(output(1)).exp())
    }

    /// log N(x; wb + c, (a² + v) wwᵀ + σ²I) by Sherman and Morrison.
    fn log_evidence(&self, x: &[f64]) -> f64 {
        let spread = self.a * self.a + self.v;
        let r: [f64; D] = std::array::from_fn(|d| x[d] - self.c[d] - self.w[d] * self.b);
        let (along, length) = (dot(&self.w, &r), dot(&self.w, &self.w));
        let log_det = D as f64 * self.sigma2.ln() + (1.0 + spread * length / self.sigma2).ln();
        let square = (dot(&r, &r) - spread * along * along / (self.sigma2 + spread * length)) / self.sigma2;
        -0.5 * (square + log_det + D as f64 * TAU.ln())
    }

    /// Mean and covariance of p(z₁, z₂|x).
    fn posterior(&self, x: &[f64]) -> ([f64; 2], [f64; 4]) {
        let one = 1.0 / self.v + dot(&self.w, &self.w) / self.sigma2;
        let (both, two) = (-self.a / self.v, 1.0 + self.a * self.a / self.v);
        let (first, second) =
            (self.b / self.v + dot(&self.w, &self.residual(x)) / self.sigma2, -self.a * self.b / self.v);
        let det = one * two - both * both;
        let covariance = [two / det, -both / det, -both / det, one / det];
        let mean =
            [covariance[0] * first + covariance[1] * second, covariance[2] * first + covariance[3] * second];
        (mean, covariance)
    }

    /// E6: log p(x) − KL(q(z₁, z₂|x) ‖ p(z₁, z₂|x)), the divergence by the library (E8).
    fn elbo(&self, x: &[f64]) -> f64 {
        let (m, s2) = self.guide(x);
        let (mean, covariance) = self.posterior(x);
        let gaussian = |mean: &[f64], covariance: &[f64]| {
            FullGaussian::new(mean.to_vec(), Cholesky::of(covariance, 2).unwrap()).unwrap()
        };
        let shared = self.alpha * s2;
        let q = [s2, shared, shared, self.alpha * shared + self.t2];
        let q = gaussian(&[m, self.alpha * m + self.beta], &q);
        self.log_evidence(x) - q.kl(&gaussian(&mean, &covariance)).unwrap()
    }
}

fn dot(a: &[f64; D], b: &[f64; D]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn config() -> VaeConfig {
    VaeConfig { second: Some(SecondLayer { latent: 1, hidden: Vec::new() }), ..shape(&[], 1, GAUSSIAN) }
}

fn of(p: &[f64]) -> Vae {
    let names: Vec<String> = parameters::layout(&generic_vae(&config(), D, 8))
        .into_iter()
        .map(|b| format!("{} {:?}", b.name, b.shape))
        .collect();
    assert_eq!(
        names,
        [
            "model.decoder.layers.0.weight [1, 3]",
            "model.decoder.layers.0.bias [3]",
            "model.log_sigma [1]",
            "model.prior.layers.0.weight [1, 2]",
            "model.prior.layers.0.bias [2]",
            "guide.encoder.layers.0.weight [3, 2]",
            "guide.encoder.layers.0.bias [2]",
            "guide.second.layers.0.weight [1, 2]",
            "guide.second.layers.0.bias [2]",
        ]
    );
    parameters::load(generic_vae(&config(), D, 8), p, &Device::flex()).unwrap()
}

/// Any linear model and guide.
fn generic() -> Vec<f64> {
    let mut p: Vec<f64> = parameters::values(&generic_vae(&config(), D, 8));
    for i in ZEROS {
        p[i] = 0.0;
    }
    p
}

/// The same model with its exact posterior for a guide: p(z₁|x) and p(z₂|z₁) are Gaussian and linear.
fn exact() -> Vec<f64> {
    let mut p = generic();
    let model = Linear::of(&p);
    // p(z₁) = N(b, a² + v).
    let prior = 1.0 / (model.a * model.a + model.v);
    let precision = prior + dot(&model.w, &model.w) / model.sigma2;
    for d in 0..D {
        p[11 + 2 * d] = model.w[d] / model.sigma2 / precision;
        p[12 + 2 * d] = 0.0;
    }
    p[17] = (prior * model.b - dot(&model.w, &model.c) / model.sigma2) / precision;
    p[18] = head(1.0 / precision);
    // Of z₂ given z₁: precision 1 + a²/v.
    let above = 1.0 + model.a * model.a / model.v;
    p[19] = model.a / model.v / above;
    p[21] = -model.a * model.b / model.v / above;
    p[22] = head(1.0 / above);
    p
}

/// Three of five rows: a gradient is scaled by 5/3.
fn three_of_five() -> Minibatch {
    let values: Vec<f32> = normals(21, 5 * D).into_iter().map(|v| 1.5 * v as f32).collect();
    minibatch(&Rows::all(&values, D), [3, 0, 4])
}

fn rows_of(batch: &Minibatch) -> Vec<Vec<f64>> {
    batch.values.chunks(D).map(|x| x.iter().map(|&v| f64::from(v)).collect()).collect()
}

/// E6 in both forms of the KL: two z-tests, 1.6e-6 together.
#[test]
fn the_bound_is_the_evidence_less_the_divergence_from_the_posterior() {
    let (p, batch) = (generic(), three_of_five());
    let (vae, linear) = (of(&p), Linear::of(&p));
    let x = rows_of(&batch);
    let expected: f64 = x.iter().map(|x| linear.elbo(x)).sum();
    let evidence: f64 = x.iter().map(|x| linear.log_evidence(x)).sum();
    assert!(evidence > expected + 0.1, "{evidence} {expected}");
    for form in [KlForm::Analytic, KlForm::MonteCarlo] {
        let draws: Vec<f64> = (0..600)
            .map(|seed| {
                let noise = vae.noise::<f64>(Key::new(seed), &batch.rows, 8, &Device::flex());
                elbo(&vae.model, &vae.guide, &data(&batch), &noise, form).elbo().sum().into_scalar()
            })
            .collect();
        assert_unbiased(&draws, expected, &format!("{form:?}"));
    }
}

/// L_k rises with k, from the ELBO to below log p(x): z-tests of 4 standard errors on means of 4,000 rows, six of which
/// fail another seed with probability 2e-4 together.
#[test]
fn the_importance_weighted_bound_rises_to_the_evidence() {
    let p = generic();
    let linear = Linear::of(&p);
    let p: Vec<f32> = p.iter().map(|&v| v as f32).collect();
    let vae = parameters::load(generic_vae(&config(), D, 8), &p, &Device::flex()).unwrap();
    let x = [0.7_f32, -1.1, 0.4];
    let (values, wide) = (x.repeat(4000), x.map(f64::from));
    let batch = minibatch(&Rows::all(&values, D), 0..4000);
    let mut last = Mean { value: f64::NEG_INFINITY, standard_error: 0.0 };
    for k in [1, 4, 16, 64] {
        let bound = Mean::of(&bound_of(&vae, &batch, Key::new(3), k, &Device::flex()).unwrap());
        assert!(bound.value > last.value + 4.0 * last.standard_error, "L_{k} = {bound:?} after {last:?}");
        let evidence = linear.log_evidence(&wide);
        assert!(bound.value < evidence + 4.0 * bound.standard_error, "L_{k} = {bound:?}, log p = {evidence}");
        if k == 1 {
            let z = (bound.value - linear.elbo(&wide)) / bound.standard_error;
            assert!(z.abs() < 4.0, "L_1 = {bound:?}, z = {z}");
        }
        last = bound;
    }
    let (evidence, elbo) = (linear.log_evidence(&wide), linear.elbo(&wide));
    assert!(evidence - last.value < 0.3 * (evidence - elbo), "{elbo} {last:?} {evidence}");
}

/// Each weight is p(x), whatever the draw.
#[test]
fn at_the_posterior_every_weight_is_the_evidence() {
    let (p, batch) = (exact(), three_of_five());
    let noise = Family::Gaussian.noise::<f64>(Key::new(1), &batch.rows, 2, 6, &Device::flex());
    let vae = of(&p);
    let weights: Vec<f64> =
        log_weights(&vae.model, &vae.guide, &data(&batch), &noise).into_data().try_to_vec().unwrap();
    for draw in weights.chunks(3) {
        for (x, weight) in rows_of(&batch).iter().zip(draw) {
            let evidence = Linear::of(&p).log_evidence(x);
            assert!((weight - evidence).abs() < 1e-11 && (Linear::of(&p).elbo(x) - evidence).abs() < 1e-11);
        }
    }
}

fn draw(vae: &Vae, estimator: &dyn Estimator, samples: usize, seed: u64) -> Vec<f64> {
    let draws = Draws { samples, key: Key::new(seed) };
    gradient(vae, &three_of_five(), ActiveBlocks::BOTH, estimator, draws, (0, &[]), &Device::flex())
        .unwrap()
        .gradient
}

/// log p(x, z) − log q(z|x) is log p(x) whatever z: its derivative through z is 0 for each draw.
#[test]
fn at_the_posterior_gradients_without_the_score_are_zero() {
    let vae = of(&exact());
    for seed in 0..5 {
        let all_below = |estimator: &dyn Estimator, limit: f64| {
            draw(&vae, estimator, 3, seed)[11..].iter().all(|g| g.abs() < limit)
        };
        assert!(all_below(&StickingTheLanding, 1e-11));
        assert!(all_below(&DoublyReparameterised, 1e-11));
        let plain = draw(&vae, &Reparameterised(KlForm::MonteCarlo), 3, seed);
        assert!(greatest(plain[11..].iter().map(|g| g.abs())) > 1e-3);
    }
}

/// Every estimator of the ELBO's gradient has that of [`Linear::elbo`] as its mean: 21 z-tests for each of four, a false
/// alarm with probability 7e-5 together (Bonferroni).
#[test]
fn estimators_of_the_elbo_have_its_exact_gradient_as_their_mean() {
    let (p, x) = (generic(), rows_of(&three_of_five()));
    let vae = of(&p);
    let exact = |p: &[f64]| 5.0 / 3.0 * x.iter().map(|x| Linear::of(p).elbo(x)).sum::<f64>();
    let estimators: [&dyn Estimator; 4] = [
        &Reparameterised(KlForm::Analytic),
        &Reparameterised(KlForm::MonteCarlo),
        &StickingTheLanding,
        &ScoreFunction(Baseline::LeaveOneOut),
    ];
    for (number, estimator) in estimators.into_iter().enumerate() {
        let draws: Vec<Vec<f64>> = (0..600).map(|seed| draw(&vae, estimator, 8, seed)).collect();
        for i in (0..p.len()).filter(|i| !ZEROS.contains(i)) {
            assert_unbiased_derivative(&draws, i, &p, &exact, &format!("estimator {number}, parameter {i}"));
        }
    }
}

/// Both estimators of L_k's gradient have the same mean, for each of 23 parameters: differences of independent draws, a
/// false alarm with probability 2e-5 (Bonferroni).
#[test]
fn estimators_of_the_importance_weighted_gradient_agree() {
    let vae = generic_vae(&config(), D, 8);
    let plain: Vec<Vec<f64>> = (0..600).map(|seed| draw(&vae, &ImportanceWeighted, 5, seed)).collect();
    let doubly: Vec<Vec<f64>> =
        (0..600).map(|seed| draw(&vae, &DoublyReparameterised, 5, 1_000_000 + seed)).collect();
    for i in 0..plain[0].len() {
        let difference: Vec<f64> = plain.iter().zip(&doubly).map(|(a, b)| a[i] - b[i]).collect();
        assert_unbiased(&difference, 0.0, &format!("parameter {i}"));
    }
}

/// Means, variances and the covariance of (z₁, z₂): z-tests of 5 standard errors, 3e-6 together.
#[test]
fn draws_of_the_prior_have_its_moments() {
    let p = generic();
    let model = Linear::of(&p);
    let p: Vec<f32> = p.iter().map(|&v| v as f32).collect();
    let vae = parameters::load(generic_vae(&config(), D, 8), &p, &Device::flex()).unwrap();
    let n = 20_000;
    let z = vae.reader(&Device::flex()).sample_prior(Key::new(4), n);
    let spread = model.a * model.a + model.v;
    let moment = |what: &str, f: &dyn Fn(f64, f64) -> f64, mean: f64, variance: f64| {
        let values = z.chunks(2).map(|z| f(f64::from(z[0]), f64::from(z[1])));
        let score = (values.sum::<f64>() / n as f64 - mean) / (variance / n as f64).sqrt();
        assert!(score.abs() < 5.0, "{what}: z = {score}");
    };
    moment("E z₁", &|z1, _| z1, model.b, spread);
    moment("E z₂", &|_, z2| z2, 0.0, 1.0);
    moment("Var z₁", &|z1, _| (z1 - model.b).powi(2), spread, 2.0 * spread * spread);
    moment("Var z₂", &|_, z2| z2 * z2, 1.0, 2.0);
    moment("Cov", &|z1, z2| (z1 - model.b) * z2, model.a, spread + model.a * model.a);
    // A row's draw does not depend on how many there are.
    assert_eq!(vae.reader(&Device::flex()).sample_prior(Key::new(4), 3), z[..6]);
}

/// Means of z₁, then of z₂ there; the estimated divergences of each variable sum to KL(q ‖ p), here that of Gaussians:
/// a z-test over 500 equal rows, 6e-7.
#[test]
fn rows_are_encoded_in_both_layers() {
    let p = generic();
    let model = Linear::of(&p);
    let narrow: Vec<f32> = p.iter().map(|&v| v as f32).collect();
    let vae = parameters::load(generic_vae(&config(), D, 8), &narrow, &Device::flex()).unwrap();
    assert_eq!((vae.latent(), elbo::guide::Guide::layers(&vae.guide)), (2, vec![1, 1]));
    let x = [0.7_f32, -1.1, 0.4];
    let encoded = vae.reader(&Device::flex()).encode(&x.repeat(500)).unwrap();
    let (m, s2) = model.guide(&x.map(f64::from));
    let close =
        |got: f32, expected: f64| assert!((f64::from(got) - expected).abs() < 1e-5, "{got} {expected}");
    close(encoded.mean[0], m);
    close(encoded.mean[1], model.alpha * m + model.beta);
    close(encoded.standard_deviation[0], s2.sqrt());
    close(encoded.standard_deviation[1], model.t2.sqrt());
    // E_q[log q(z₁|x) − log p(z₁|z₂)] + E_q[KL(q(z₂|z₁) ‖ N(0, 1))].
    let away = m - model.a * (model.alpha * m + model.beta) - model.b;
    let slack = 1.0 - model.a * model.alpha;
    let around = away * away + slack * slack * s2 + model.a * model.a * model.t2;
    let first = 0.5 * ((model.v / s2).ln() - 1.0 + around / model.v);
    let square = (model.alpha * m + model.beta).powi(2) + model.alpha * model.alpha * s2;
    let second = 0.5 * (model.t2 + square - 1.0 - model.t2.ln());
    for (j, expected) in [first, second].into_iter().enumerate() {
        let kl: Vec<f64> = encoded.kl.iter().skip(j).step_by(2).map(|&v| f64::from(v)).collect();
        let kl = Mean::of(&kl);
        assert!((kl.value - expected).abs() < 5.0 * kl.standard_error, "z{}: {kl:?} for {expected}", j + 1);
    }
    let seen = vae.reader(&Device::flex()).reconstruct(&x).unwrap();
    for d in 0..D {
        close(seen[d], model.w[d] * m + model.c[d]);
    }
}

/// Bits are the same for 1, 2 and 3 threads, from a stop in the middle, and the bound rises.
#[test]
fn a_fit_repeats_to_the_bit() {
    let values = curve(150, D, 40);
    let second = Some(SecondLayer { latent: 2, hidden: vec![5] });
    let config = VaeConfig { second, ..shape(&[6], 3, GAUSSIAN) };
    let start = |threads: usize, stop: Option<Progress>| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let rows = Rows::all(&values, D);
            let config = fit_config(config.clone(), steps(Optimiser::Adam, 1e-2), 70, 12);
            let mut fit = Fit::new(config, rows.clone(), &rows, &Device::flex()).unwrap();
            if let Some(stop) = stop {
                fit = fit.resume(stop).unwrap();
            }
            let (mut stops, mut bounds) = (Vec::new(), Vec::new());
            while fit.finished().is_none() {
                bounds.push(fit.epoch(|_| {}).unwrap().validation.elbo.value);
                stops.push(fit.progress().clone());
            }
            (stops, bounds, fit.last().unwrap().reader(&Device::flex()).encode(&values).unwrap())
        })
    };
    let one = start(1, None);
    assert!(one.1[11] > one.1[0] + 0.3, "{:?}", one.1);
    assert_eq!(one, start(2, None));
    let rest = start(3, Some(one.0[1].clone()));
    assert_eq!((rest.0, rest.1, rest.2), (one.0[2..].to_vec(), one.1[2..].to_vec(), one.2));
}

#[test]
fn impossible_layers_are_refused_by_name() {
    let refused = |change: &dyn Fn(&mut VaeConfig)| {
        let mut config = config();
        change(&mut config);
        Vae::new(&config, D, Key::new(1), &Device::flex()).unwrap_err().to_string()
    };
    let second = |latent, hidden| Some(SecondLayer { latent, hidden });
    assert_eq!(refused(&|c| c.second = second(0, vec![])), "the second latent is 0, but must be at least 1");
    assert_eq!(
        refused(&|c| c.second = second(1, vec![3, 0])),
        "the second hidden[1] is 0, but must be at least 1"
    );
    assert_eq!(
        refused(&|c| c.family = Family::Bernoulli),
        "the latent is bernoulli, but two layers of z need a Gaussian one"
    );
    let fixed = VaeConfig { likelihood: LikelihoodConfig::Gaussian(Sigma::Fixed(1.0)), ..config() };
    let vae = Vae::new(&fixed, D, Key::new(1), &Device::flex()).unwrap();
    let message = Noiseless::new(&vae.model).unwrap_err().to_string();
    assert_eq!(message, "the number of layers of z is 2, but the noiseless objective is of one");
}

/// Configurations from before there were networks and layers to choose, which are also those written without either.
#[test]
fn a_configuration_without_the_new_choices_is_dense_with_one_layer() {
    let plain = shape(&[4], 2, GAUSSIAN);
    let text = serde_json::to_string(&plain).unwrap();
    assert!(!text.contains("network") && !text.contains("second"), "{text}");
    assert_eq!(serde_json::from_str::<VaeConfig>(&text).unwrap(), plain);
    let both = config();
    assert_eq!(serde_json::from_str::<VaeConfig>(&serde_json::to_string(&both).unwrap()).unwrap(), both);
    assert_eq!(block(&generic_vae(&plain, D, 8), "model.decoder.layers.0.weight").shape, [2, 4]);
}
