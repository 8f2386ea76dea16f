//! The gap ledger (E24) and the estimates of log p(x) where all of them are known: linear decoders, whose posterior is
//! Gaussian with the same precision Λ for every row (E27), and encoders that are off by a known amount.

use crate::common::{
    GAUSSIAN, bound_of, generic_vae, minibatch, normals,
    pca::{average, digits, precision, reference, rotated, with_encoder},
    shape,
};
use burn::tensor::Device;
use elbo::{
    diagnose::{
        GapLedger, Gaps, LedgerConfig,
        annealed::{Annealing, Start, Temperatures, annealed},
        gap_ledger,
    },
    distribution::Cholesky,
    guide::{Covariance, Family},
    infer::InferConfig,
    minibatch::{Minibatch, Rows},
    model::{LinearGaussian, SecondLayer, Vae, VaeConfig},
    random::Key,
    terms::{Mean, Weights},
};

/// Small enough that the last steps no longer show at 1e-4 nats.
const SHARP: InferConfig =
    InferConfig { importance_samples: 1, samples: 32, step_size: 0.1, tolerance: 1e-7, most_steps: 4000 };
/// By how many posterior standard deviations the encoder's means are off, and how many times too large its variances.
const OFF: f64 = 0.3;
const WIDE: f64 = 1.5;

/// Some rows, the auto-encoder whose every gap is known, and those gaps.
struct Known {
    vae: Vae,
    data: Minibatch,
    /// log p(x) of each row.
    evidence: Vec<f64>,
    /// ½ (Σ log Λ_jj − log |Λ|): the divergence of the best diagonal q from the posterior.
    approximation: f64,
    /// The encoder's divergence beyond that.
    amortisation: f64,
}

impl Known {
    /// Forty of the rows, the maximum of likelihood of `latent` dimensions at this σ², W rotated by angles of this size.
    fn new(values: &[f32], width: usize, latent: usize, sigma2: f64, angle: f64) -> Self {
        let rows = Rows::all(values, width);
        let model = LinearGaussian::fit(&rows, latent, Some(sigma2)).unwrap();
        let angles: Vec<f64> = normals(5, latent * latent).iter().map(|a| angle * a).collect();
        let w = rotated(&model, &angles);
        let precision = precision(&model, &w);
        let diagonal: Vec<f64> = precision.iter().step_by(latent + 1).copied().collect();
        // The weights of the best diagonal q, of precision diag Λ, have a variance: 2Λ − diag Λ is positive definite.
        let mut twice: Vec<f64> = precision.iter().map(|p| 2.0 * p).collect();
        twice.iter_mut().step_by(latent + 1).for_each(|p| *p /= 2.0);
        assert!(Cholesky::of(&twice, latent).is_ok(), "too dense a posterior: {precision:?}");
        // Signs alternate, so that the off-diagonal of Λ counts.
        let sign = |j: usize| if j.is_multiple_of(2) { OFF } else { -OFF };
        let delta: Vec<f64> = diagonal.iter().enumerate().map(|(j, p)| sign(j) / p.sqrt()).collect();
        let s: Vec<f64> = diagonal.iter().map(|p| WIDE / p).collect();
        let mut square = 0.0;
        for i in 0..latent {
            for j in 0..latent {
                square += delta[i] * precision[i * latent + j] * delta[j];
            }
        }
        let log_det = Cholesky::of(&precision, latent).unwrap().ln_determinant();
        let data = minibatch(&rows, (0..40).map(|i| i * rows.len() / 40));
        Self {
            evidence: data.values.chunks(width).map(|x| model.log_evidence(x)).collect(),
            vae: with_encoder(&model, &w, &delta, &s),
            data,
            approximation: 0.5 * (diagonal.iter().map(|p| p.ln()).sum::<f64>() - log_det),
            // Of KL(q ‖ posterior) = ½ (tr ΛS + δᵀΛδ − K − log |S| − log |Λ|) what the diagonal does not account for.
            amortisation: 0.5 * (latent as f64 * (WIDE - 1.0 - WIDE.ln()) + square),
        }
    }

    /// Three latent causes of six columns.
    fn small() -> Self {
        let (latent, width, n) = (3, 6, 200);
        let (mix, noise) = (normals(3, latent * width), normals(4, n * (latent + width)));
        let row = |noise: &[f64]| -> Vec<f32> {
            let signal = |d: usize| (0..latent).map(|k| noise[k] * mix[k * width + d]).sum::<f64>();
            (0..width).map(|d| (1.0 + signal(d) + 0.5 * noise[latent + d]) as f32).collect()
        };
        let values: Vec<f32> = noise.chunks(latent + width).flat_map(row).collect();
        Self::new(&values, width, latent, 0.4, 0.3)
    }

    /// Ten of 64 pixels.
    fn digits() -> Option<Self> {
        reference("digits").map(|_| Self::new(&digits(), 64, 10, 0.1, 0.15))
    }

    fn ledger(&self, covariance: Covariance) -> GapLedger {
        let config = LedgerConfig { covariance, infer: SHARP, draws: 4000 };
        gap_ledger(&*self.vae.reader(&Device::flex()), &self.data, &config, Key::new(1), |_| {}).unwrap()
    }
}

/// A z-test of a mean over 40 rows, |z| < 4.5, with what rounding to f32 and the last steps leave: by Student's t with 39
/// degrees of freedom a false alarm has probability 6e-5.
fn assert_mean(values: &[f64], expected: f64, left: f64, what: &str) {
    assert_eq!(values.len(), 40);
    let Mean { value, standard_error } = Mean::of(values);
    let far = (value - expected).abs();
    assert!(far < 4.5 * standard_error + left, "{what}: {value} ± {standard_error} for {expected}");
}

/// E\[w\] = p(x) without bias, which log w has not: so of p̂(x)/p(x) that the mean is 1. That `within` is more than the
/// standard error says how sharp the test is.
fn assert_evidence(estimates: impl IntoIterator<Item = f64>, exact: &[f64], within: f64, what: &str) {
    let ratios: Vec<f64> = estimates.into_iter().zip(exact).map(|(e, exact)| (e - exact).exp()).collect();
    assert!(Mean::of(&ratios).standard_error < within, "{what}: {:?}", Mean::of(&ratios));
    assert_mean(&ratios, 1.0, 1e-4, what);
}

/// Two families, five z-tests each, on two models: a false alarm has probability 1e-3, were the seeds not fixed.
fn the_ledger_is_exact(known: &Known, name: &str) {
    let Known { evidence, approximation, amortisation, .. } = known;
    assert!(*approximation > 0.02 && *amortisation > 0.1, "gaps to see: {approximation} and {amortisation}");
    for covariance in [Covariance::Diagonal, Covariance::Full] {
        let what = format!("{name}, {covariance:?}");
        let rows = known.ledger(covariance).rows;
        assert!(rows.iter().all(|row| row.converged), "{what}");
        let bound = |gap: f64| move |e: &f64| e - gap;
        let (best, gap, between) = match covariance {
            Covariance::Diagonal => (*approximation, *approximation, *amortisation),
            Covariance::Full => (0.0, 0.0, approximation + amortisation),
        };
        assert_evidence(rows.iter().map(|row| row.log_evidence), evidence, 0.01, &what);
        let above =
            |of: &[f64], exact: Vec<f64>| of.iter().zip(exact).map(|(o, e)| o - e).collect::<Vec<_>>();
        let per_datum: Vec<f64> = rows.iter().map(|row| row.per_datum).collect();
        let amortised: Vec<f64> = rows.iter().map(|row| row.amortised).collect();
        let per_datum = above(&per_datum, evidence.iter().map(bound(best)).collect());
        let amortised = above(&amortised, evidence.iter().map(bound(approximation + amortisation)).collect());
        assert_mean(&per_datum, 0.0, 1e-3, &format!("{what}: the best bound"));
        assert_mean(&amortised, 0.0, 1e-4, &format!("{what}: the encoder's bound"));
        let gaps: Vec<f64> = rows.iter().map(Gaps::approximation).collect();
        assert_mean(&gaps, gap, 1e-3, &format!("{what}: the approximation gap"));
        let gaps: Vec<f64> = rows.iter().map(Gaps::amortisation).collect();
        assert_mean(&gaps, between, 1e-3, &format!("{what}: the amortisation gap"));
        for (row, exact) in rows.iter().zip(evidence) {
            assert!(row.approximation() >= 0.0, "{what}: {row:?}");
            let whole = row.log_evidence - row.amortised;
            assert!(
                (row.approximation() + row.amortisation() - whole).abs() < 1e-12 * exact.abs().max(100.0)
            );
            if covariance == Covariance::Full {
                // Every draw of the posterior has the weight p(x).
                assert!((row.per_datum - exact).abs() < 1e-4, "{what}: {row:?} for {exact}");
                assert!((row.log_evidence - exact).abs() < 1e-4, "{what}: {row:?} for {exact}");
                assert!(row.effective_sample_size > 3990.0, "{what}: {row:?}");
            }
        }
    }
}

#[test]
fn the_ledger_is_exact_on_a_small_model() {
    the_ledger_is_exact(&Known::small(), "three of six");
}

#[test]
fn the_ledger_is_exact_on_digits() {
    if let Some(known) = Known::digits() {
        the_ledger_is_exact(&known, "digits");
    }
}

/// Importance sampling from the encoder and annealing from it and from the prior, on two models: six z-tests, 4e-4.
fn every_estimate_is_the_evidence(known: &Known, name: &str) {
    let Known { vae, data, evidence, .. } = known;
    let device = Device::flex();
    let weighted = bound_of(vae, data, Key::new(2), 20_000, &device).unwrap();
    assert_evidence(weighted, evidence, 0.02, &format!("{name}: importance weights"));
    let joint = vae.joint().unwrap();
    let encoded = vae.reader(&device).encode(&data.values).unwrap();
    let annealing = Annealing { temperatures: Temperatures::Sigmoidal(100), leapfrog: 4, chains: 16 };
    let starts = [("the guide", encoded.into()), ("the prior", Start::prior(data.rows.len(), vae.latent()))];
    for (from, start) in starts {
        let done = annealed(&*joint, data, &start, &annealing, Key::new(3), &|_| {}).unwrap();
        let estimates = done.weights();
        let what = format!("{name}: annealed from {from}");
        assert_evidence(estimates.iter().map(Weights::log_mean), evidence, 0.1, &what);
    }
}

#[test]
fn every_estimate_is_the_evidence_on_a_small_model() {
    every_estimate_is_the_evidence(&Known::small(), "three of six");
}

#[test]
fn every_estimate_is_the_evidence_on_digits() {
    if let Some(known) = Known::digits() {
        every_estimate_is_the_evidence(&known, "digits");
    }
}

/// Where the encoder is the posterior, every weight is p(x), and two are as good as any number: the mean over all
/// digits is the figure that other software has for them.
#[test]
fn the_evidence_of_all_digits_is_that_of_the_reference() {
    let Some(set) = reference("digits") else { return };
    let values = digits();
    let rows = Rows::all(&values, 64);
    for (kind, sigma2) in [("ml", None), ("fixed_sigma2", Some(0.05))] {
        let cases = set[kind].as_array().unwrap();
        let wanted = |case: &&serde_json::Value| {
            case["q"] == 10 && sigma2.is_none_or(|s: f64| case["sigma2"].as_f64() == Some(s))
        };
        let exact = cases.iter().find(wanted).unwrap()["avg_loglik_train"].as_f64().unwrap();
        let model = LinearGaussian::fit(&rows, 10, sigma2).unwrap();
        let w = model.weights();
        let s: Vec<f64> = precision(&model, &w).iter().step_by(11).map(|p| 1.0 / p).collect();
        let vae = with_encoder(&model, &w, &[0.0; 10], &s);
        let all = minibatch(&rows, 0..rows.len());
        let weights = vae.reader(&Device::flex()).weights(&all, Key::new(4), 2).unwrap();
        assert!(weights.iter().all(|row| row.effective_sample_size() > 2.0 - 1e-6));
        let mean = weights.iter().map(Weights::log_mean).sum::<f64>() / weights.len() as f64;
        assert!((mean - exact).abs() < 1e-4, "{kind}: {mean} for {exact}");
        assert!((average(&model, &rows) - exact).abs() < 1e-4);
    }
}

#[test]
fn the_summary_is_of_the_rows_and_the_worst_come_first() {
    let known = Known::small();
    let ledger = known.ledger(Covariance::Diagonal);
    assert!(ledger.rows.iter().zip(&known.data.rows).all(|(row, &number)| row.row == number));
    let summary = ledger.summary();
    let whole = summary.approximation_gap.value + summary.amortisation_gap.value;
    assert!((summary.log_evidence.value - summary.amortised.value - whole).abs() < 1e-9);
    assert!(
        (summary.per_datum.value - summary.amortised.value - summary.amortisation_gap.value).abs() < 1e-9
    );
    let lost = |row: &Gaps| row.log_evidence - row.amortised;
    let worst = ledger.worst(5);
    assert_eq!(worst.len(), 5);
    assert!(worst.windows(2).all(|pair| lost(&pair[0]) >= lost(&pair[1])));
    assert_eq!(ledger.rows.iter().filter(|row| lost(row) >= lost(&worst[4])).count(), 5);
    assert!(ledger.worst(0).is_empty() && ledger.worst(1000).len() == 40);
}

#[test]
fn bits_depend_on_neither_threads_nor_the_other_rows() {
    let known = Known::small();
    let config = LedgerConfig { covariance: Covariance::Full, infer: InferConfig::default(), draws: 300 };
    let all = |data: &Minibatch, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let vae = known.vae.clone();
        pool.install(move || {
            gap_ledger(&*vae.reader(&Device::flex()), data, &config, Key::new(1), |_| {}).unwrap()
        })
    };
    let expected = all(&known.data, 1);
    for threads in [2, 3] {
        assert_eq!(all(&known.data, threads), expected);
    }
    let Minibatch { rows, values, width, .. } = &known.data;
    let one = Minibatch {
        rows: vec![rows[33]],
        values: values[33 * width..34 * width].to_vec(),
        ..known.data.clone()
    };
    assert_eq!(all(&one, 1).rows, [expected.rows[33]]);
}

#[test]
fn each_row_is_told_of_twice() {
    let known = Known::small();
    let config = LedgerConfig { covariance: Covariance::Diagonal, infer: InferConfig::default(), draws: 10 };
    let told = std::sync::atomic::AtomicUsize::new(0);
    let watch = |rows| {
        told.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    };
    gap_ledger(&*known.vae.reader(&Device::flex()), &known.data, &config, Key::new(1), watch).unwrap();
    assert_eq!(told.into_inner(), 80);
}

#[test]
fn what_has_no_ledger_is_refused() {
    let config = LedgerConfig { covariance: Covariance::Diagonal, infer: InferConfig::default(), draws: 10 };
    let said = |vae: &VaeConfig, data: &Minibatch, config: &LedgerConfig| {
        let vae = crate::common::pca::single(&generic_vae(vae, 6, 1));
        let done = gap_ledger(&*vae.reader(&Device::flex()), data, config, Key::new(1), |_| {});
        done.unwrap_err().to_string()
    };
    let data = Known::small().data;
    let usual = shape(&[], 2, GAUSSIAN);
    let bits = VaeConfig { family: Family::Bernoulli, ..usual.clone() };
    let rule = "but per-datum inference is of one layer of Gaussian latents";
    assert_eq!(said(&bits, &data, &config), format!("z is bernoulli, {rule}"));
    let two = VaeConfig { second: Some(SecondLayer { latent: 1, hidden: vec![] }), ..usual.clone() };
    assert_eq!(said(&two, &data, &config), format!("z is two layers, {rule}"));
    let none = LedgerConfig { draws: 0, ..config };
    assert_eq!(said(&usual, &data, &none), "draws is 0, but must be at least 1");
    let narrow = Minibatch { width: 5, rows: vec![0], values: vec![0.0; 5], total: 1 };
    assert_eq!(said(&usual, &narrow, &config), "a matrix of rows has shape [5], but the model needs [1, 6]");
    let mut hole = data.clone();
    hole.values[7] = f32::NAN;
    let said = said(&usual, &hole, &config);
    assert!(!said.is_empty() && said.contains("row"), "{said}");
}
