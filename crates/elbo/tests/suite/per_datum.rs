//! Per-datum inference (E16) where the best bound is known: linear-Gaussian models, whose posterior is Gaussian (E27).

use crate::common::{
    GAUSSIAN, generic_vae,
    linear::{D, K, Linear},
    minibatch, normals,
    pca::{rotated, single, with_decoder},
    shape,
};
use burn::tensor::Device;
use elbo::{
    Error,
    guide::{Covariance, PerDatum},
    infer::{InferConfig, bounds, infer, log_weights},
    minibatch::{Minibatch, Rows},
    model::{LinearGaussian, Vae},
    parameters,
    random::Key,
    terms::Mean,
};

/// Small enough that the last steps no longer show at 1e-4 nats.
const SHARP: InferConfig =
    InferConfig { importance_samples: 1, samples: 64, step_size: 0.1, tolerance: 1e-8, most_steps: 5000 };

fn start(vae: &Vae, data: &Minibatch, covariance: Covariance) -> PerDatum {
    let encoded = vae.reader(&Device::flex()).encode(&data.values).unwrap();
    PerDatum::start(&encoded, vae.latent(), covariance).unwrap()
}

fn linear_case() -> (Vae, Linear, Minibatch) {
    let vae = single(&generic_vae(&shape(&[], K, GAUSSIAN), D, 8));
    let wide: Vec<f64> = parameters::values::<f32, _>(&vae).into_iter().map(f64::from).collect();
    let values: Vec<f32> = normals(21, 20 * D).into_iter().map(|v| 1.5 * v as f32).collect();
    (vae, Linear::of(&wide), minibatch(&Rows::all(&values, D), 0..20))
}

#[test]
fn the_full_covariance_finds_the_posterior_and_its_bound_is_the_evidence() {
    let (vae, linear, data) = linear_case();
    let joint = vae.joint().unwrap();
    let from = start(&vae, &data, Covariance::Full);
    let found = infer(&*joint, &data, &from, &SHARP, Key::new(1), |_| {}).unwrap();
    assert!(found.converged.iter().all(|&c| c), "{:?}", found.steps);
    let draws = 10_000;
    let weights = log_weights(&*joint, &data, &found.q, draws, Key::new(2)).unwrap();
    for (x, bound) in data.values.chunks(D).zip(bounds(&weights, draws, 1)) {
        let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let exact = linear.log_evidence(&x);
        assert!((bound.value - exact).abs() < 1e-4, "{bound:?} {exact}");
        // At the posterior log w is log p(x) at every draw: what is left of its spread is twice the divergence.
        assert!(bound.standard_error < 5e-5, "{bound:?}");
    }
}

/// The gap of the best diagonal q is the same for every row; one z-test over all draws, |z| < 4.5 (7e-6), with 1e-3 nats
/// for what the last steps leave.
#[test]
fn the_mean_field_gap_is_the_exact_one() {
    let (vae, linear, data) = linear_case();
    let joint = vae.joint().unwrap();
    let from = start(&vae, &data, Covariance::Diagonal);
    let found = infer(&*joint, &data, &from, &SHARP, Key::new(1), |_| {}).unwrap();
    let draws = 4000;
    let weights = log_weights(&*joint, &data, &found.q, draws, Key::new(2)).unwrap();
    let rows = data.values.chunks(D).zip(bounds(&weights, draws, 1));
    let gaps: Vec<Mean> = rows
        .map(|(x, bound)| {
            let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
            Mean { value: linear.log_evidence(&x) - bound.value, ..bound }
        })
        .collect();
    let n = gaps.len() as f64;
    let gap = gaps.iter().map(|g| g.value).sum::<f64>() / n;
    let error = gaps.iter().map(|g| g.standard_error.powi(2)).sum::<f64>().sqrt() / n;
    let exact = linear.mean_field_gap();
    assert!(exact > 0.01, "a gap to see: {exact}");
    assert!((gap - exact).abs() < 4.5 * error + 1e-3, "{gap} ± {error} for {exact}");
}

/// Ten latent variables with a dense posterior, 64 columns.
#[test]
fn ten_correlated_dimensions_are_found() {
    let (latent, width, n) = (10, 64, 300);
    let (mix, noise) = (normals(3, latent * width), normals(4, n * (latent + width)));
    let mut values = vec![0.0f32; n * width];
    for (row, noise) in values.chunks_mut(width).zip(noise.chunks(latent + width)) {
        for (d, v) in row.iter_mut().enumerate() {
            let signal: f64 = (0..latent).map(|k| noise[k] * mix[k * width + d]).sum();
            *v = (0.3 * signal + 0.5 * noise[latent + d]) as f32;
        }
    }
    let rows = Rows::all(&values, width);
    let model = LinearGaussian::fit(&rows, latent, None).unwrap();
    let vae = with_decoder(&model, &rotated(&model, &normals(5, latent * latent)));
    let data = minibatch(&rows, 0..8);
    let joint = vae.joint().unwrap();
    let from = start(&vae, &data, Covariance::Full);
    let found = infer(&*joint, &data, &from, &SHARP, Key::new(1), |_| {}).unwrap();
    let weights = log_weights(&*joint, &data, &found.q, 10_000, Key::new(2)).unwrap();
    for (x, bound) in data.values.chunks(width).zip(bounds(&weights, 10_000, 1)) {
        let exact = model.log_evidence(x);
        assert!((bound.value - exact).abs() < 1e-4, "{bound:?} {exact}");
    }
}

/// L_8 of a diagonal q lies above its ELBO and below log p(x): z-tests of the mean over the rows, |z| < 4.5 (7e-6).
#[test]
fn the_importance_weighted_variant_lies_between_the_elbo_and_the_evidence() {
    let (vae, linear, data) = linear_case();
    let joint = vae.joint().unwrap();
    let from = start(&vae, &data, Covariance::Diagonal);
    let weighted = InferConfig { importance_samples: 8, ..SHARP };
    let found = infer(&*joint, &data, &from, &weighted, Key::new(1), |_| {}).unwrap();
    let plain = infer(&*joint, &data, &from, &SHARP, Key::new(1), |_| {}).unwrap();
    let draws = 4096;
    let of = |q: &PerDatum, k: usize| -> (f64, f64) {
        let weights = log_weights(&*joint, &data, q, draws, Key::new(2)).unwrap();
        let rows = bounds(&weights, draws, k);
        let n = rows.len() as f64;
        let error = rows.iter().map(|b| b.standard_error.powi(2)).sum::<f64>().sqrt() / n;
        (rows.iter().map(|b| b.value).sum::<f64>() / n, error)
    };
    let exact: f64 = data
        .values
        .chunks(D)
        .map(|x| linear.log_evidence(&x.iter().map(|&v| f64::from(v)).collect::<Vec<_>>()))
        .sum::<f64>()
        / 20.0;
    let ((iw, iw_error), (elbo, elbo_error)) = (of(&found.q, 8), of(&plain.q, 1));
    assert!(iw > elbo + 4.5 * (iw_error + elbo_error), "{iw} ± {iw_error}, {elbo} ± {elbo_error}");
    assert!(iw < exact + 4.5 * iw_error, "{iw} ± {iw_error}, {exact}");
    // What was optimised for L_8 has the higher L_8, but for noise.
    assert!(iw > of(&plain.q, 8).0 - 4.5 * iw_error);
}

#[test]
fn a_row_does_not_depend_on_the_others_nor_on_threads() {
    let (vae, _, data) = linear_case();
    let joint = vae.joint().unwrap();
    let all = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let from = start(&vae, &data, Covariance::Full);
        pool.install(|| infer(&*joint, &data, &from, &InferConfig::default(), Key::new(1), |_| {}).unwrap())
    };
    let expected = all(1);
    for threads in [2, 3] {
        assert_eq!(all(threads), expected);
    }
    let values = &data.values;
    let few = Minibatch {
        rows: vec![17, 3],
        values: [&values[17 * D..18 * D], &values[3 * D..4 * D]].concat(),
        ..data.clone()
    };
    let from = start(&vae, &few, Covariance::Full);
    let found = infer(&*joint, &few, &from, &InferConfig::default(), Key::new(1), |_| {}).unwrap();
    for (place, row) in [(0, 17), (1, 3)] {
        assert_eq!(found.q.mean(place), expected.q.mean(row));
        assert_eq!(found.q.scale(place), expected.q.scale(row));
        assert_eq!(found.steps[place], expected.steps[row]);
    }
}

#[test]
fn bad_input_is_named() {
    let (vae, _, mut data) = linear_case();
    let joint = vae.joint().unwrap();
    let from = start(&vae, &data, Covariance::Diagonal);
    let run = |data: &Minibatch, config: InferConfig| {
        infer(&*joint, data, &from, &config, Key::new(1), |_| {}).unwrap_err().to_string()
    };
    let odd = InferConfig { importance_samples: 3, ..SHARP };
    assert_eq!(run(&data, odd), "samples is 64, but must be a multiple of 3, the importance samples");
    let few = InferConfig { tolerance: 0.0, ..SHARP };
    assert_eq!(run(&data, few), "tolerance is 0, but must be > 0 and finite");
    data.values[7 * D] = f32::NAN;
    let said = run(&data, SHARP);
    assert!(said.contains("data rows 7)"), "{said}");
    let encoded = elbo::guide::Encoded { mean: vec![0.0], standard_deviation: vec![0.0], kl: vec![] };
    let error = PerDatum::start(&encoded, 1, Covariance::Diagonal).unwrap_err();
    assert!(matches!(error, Error::OutOfRange { value: 0.0, .. }));
    assert!(
        error.to_string().contains("the standard deviation of q of row 0, dimension 1 is 0, but must be > 0"),
        "{error}"
    );
}
