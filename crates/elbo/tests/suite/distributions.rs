//! Each family against its own density: it integrates to 1, the draws follow it (Kolmogorov-Smirnov, χ², moments,
//! entropy), score and path gradients are the derivatives they claim to be.
//!
//! Statistical tests are seeded; each has a false-alarm rate of at most 1e-4 (6e-5 for |z| < 4).

use std::borrow::Borrow;

use crate::common::greatest;
use burn::tensor::{DType, Device, Tensor, TensorData};
use elbo::{
    Error,
    distribution::{
        Bernoulli, Beta, Binomial, Categorical, Cholesky, DiagonalGaussian, Dirichlet, Entropy, FullGaussian,
        Gamma, Gaussian, InverseGamma, Laplace, LogDensity, LogNormal, LowRankGaussian, Moments,
        NegativeBinomial, PathGradient, PointMass, Poisson, Sample, Score, StudentT, Wishart,
        ZeroInflatedNegativeBinomial, bernoulli, gaussian, logistic::discretised_log_density,
    },
    random::Key,
    special::{digamma, trigamma},
    transform::{Bijection, Exponential, Interval},
};

const DRAWS: u64 = 20_000;

fn draws<Q: Sample>(q: &Q) -> Vec<Q::Value> {
    (0..DRAWS).map(|row| q.sample(Key::new(11), row)).collect()
}

/// The z-score of the mean of `values` against `expected`.
fn z_score(values: &[f64], expected: f64) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean - expected) / (variance / n).sqrt()
}

fn assert_mean(what: &str, values: &[f64], expected: f64) {
    let z = z_score(values, expected);
    assert!(z.abs() < 4.0, "{what}: z = {z} against {expected}");
}

fn assert_moments(what: &str, values: &[f64], mean: Option<f64>, variance: Option<f64>) {
    let (mean, variance) = (mean.unwrap(), variance.unwrap());
    assert_mean(&format!("{what}, mean"), values, mean);
    let squares: Vec<f64> = values.iter().map(|v| (v - mean).powi(2)).collect();
    assert_mean(&format!("{what}, variance"), &squares, variance);
}

/// H = −E log q.
fn assert_entropy<Q, X: ?Sized>(what: &str, q: &Q)
where
    Q: Sample<Value: Borrow<X>> + LogDensity<X> + Entropy,
{
    let surprise: Vec<f64> = draws(q).iter().map(|x| -q.log_density(x.borrow())).collect();
    assert_mean(&format!("{what}, entropy"), &surprise, q.entropy());
}

/// x = sinh ζ: makes tails of powers exponential.
struct Sinh;

impl Bijection for Sinh {
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(zeta.iter().map(|z| z.sinh()).collect())
    }
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(theta.iter().map(|t| t.asinh()).collect())
    }
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error> {
        Ok(zeta.iter().map(|z| z.cosh().ln()).sum())
    }
}

const STEP: f64 = 1.0 / 256.0;

/// The distribution function at ζ = −100 + i STEP, up to ζ = 100, of the density carried to the whole line, where
/// the trapezium rule converges exponentially fast.
fn distribution_function(q: &impl LogDensity<f64>, onto: &impl Bijection) -> Vec<f64> {
    let mut total = 0.0;
    let steps = (200.0 / STEP) as i32;
    (0..=steps)
        .map(|i| {
            let zeta = [-100.0 + STEP * f64::from(i)];
            let x = onto.forward(&zeta).unwrap()[0];
            // Half of a cell belongs to what lies below its middle.
            let cell = STEP * (q.log_density(&x) + onto.ln_determinant(&zeta).unwrap()).exp();
            total += cell;
            total - 0.5 * cell
        })
        .collect()
}

fn at(cumulated: &[f64], zeta: f64) -> f64 {
    let place = ((zeta + 100.0) / STEP).clamp(0.0, cumulated.len() as f64 - 2.0);
    let (i, part) = (place.floor() as usize, place.fract());
    cumulated[i] + part * (cumulated[i + 1] - cumulated[i])
}

/// The density integrates to 1, and the draws follow it: √n D < 2.23 has a false-alarm rate of 1e-4.
fn assert_continuous<Q>(what: &str, q: &Q, onto: &impl Bijection)
where
    Q: Sample<Value = f64> + LogDensity<f64>,
{
    let cumulated = distribution_function(q, onto);
    let mass = *cumulated.last().unwrap();
    // A kink takes the rule's exponential convergence away.
    let precision = if what == "laplace" { 1e-5 } else { 1e-9 };
    assert!((mass - 1.0).abs() < precision, "{what}: ∫ = {mass}");
    let mut zeta = onto.inverse(&draws(q)).unwrap();
    zeta.sort_by(f64::total_cmp);
    let n = zeta.len() as f64;
    let distances = zeta.iter().enumerate().flat_map(|(i, &z)| {
        let f = at(&cumulated, z);
        [i, i + 1].map(|i| (f - i as f64 / n).abs())
    });
    let distance = greatest(distances);
    assert!(distance * n.sqrt() < 2.23, "{what}: √n D = {}", distance * n.sqrt());
}

#[test]
fn continuous_densities_integrate_to_one_and_the_draws_follow_them() -> Result<(), Error> {
    assert_continuous("gaussian", &Gaussian::new(-1.5, 0.3)?, &Sinh);
    assert_continuous("log-normal", &LogNormal::new(0.5, 1.2)?, &Exponential);
    assert_continuous("laplace", &Laplace::new(0.0, 0.7)?, &Sinh);
    assert_continuous("cauchy", &StudentT::new(1.0, 0.5, 1.0)?, &Sinh);
    assert_continuous("student t", &StudentT::new(4.5, -0.5, 2.0)?, &Sinh);
    for shape in [0.5, 0.9, 1.0, 3.7, 200.0] {
        assert_continuous(&format!("gamma {shape}"), &Gamma::new(shape, 2.5)?, &Exponential);
        assert_continuous(&format!("inverse gamma {shape}"), &InverseGamma::new(shape, 2.5)?, &Exponential);
    }
    let unit = Interval::new(0.0, 1.0)?;
    for (a, b) in [(0.5, 0.6), (2.0, 1.0), (3.0, 17.0), (400.0, 300.0)] {
        assert_continuous(&format!("beta {a} {b}"), &Beta::new(a, b)?, &unit);
    }
    Ok(())
}

/// χ² of the draws over outcomes with an expectation of 10 or more, the others pooled; as a normal by Wilson and
/// Hilferty, z < 4 one-sided: 3e-5. The masses sum to 1.
fn assert_counts(what: &str, masses: &[f64], draws: impl Iterator<Item = usize>) {
    let total: f64 = masses.iter().sum();
    assert!((total - 1.0).abs() < 1e-12, "{what}: Σ = {total}");
    let mut counts = vec![0.0; masses.len()];
    for x in draws {
        counts[x] += 1.0;
    }
    let (mut chi2, mut cells, mut rest) = (0.0, 0.0, (0.0, 0.0));
    for (count, mass) in counts.iter().zip(masses) {
        let expected = mass * DRAWS as f64;
        if expected < 10.0 {
            rest = (rest.0 + count, rest.1 + expected);
        } else {
            chi2 += (count - expected).powi(2) / expected;
            cells += 1.0;
        }
    }
    if rest.1 > 1.0 {
        chi2 += (rest.0 - rest.1).powi(2) / rest.1;
        cells += 1.0;
    }
    let spread = 2.0 / (9.0 * (cells - 1.0));
    let z = ((chi2 / (cells - 1.0)).cbrt() - (1.0 - spread)) / spread.sqrt();
    assert!(z < 4.0, "{what}: χ² = {chi2} over {cells} cells, z = {z}");
}

fn assert_discrete<Q: Sample<Value = u64> + LogDensity<u64>>(what: &str, q: &Q, outcomes: u64) {
    let masses: Vec<f64> = (0..outcomes).map(|x| q.log_density(&x).exp()).collect();
    assert_counts(what, &masses, draws(q).into_iter().map(|x| x as usize));
}

#[test]
fn masses_sum_to_one_and_the_draws_follow_them() -> Result<(), Error> {
    assert_discrete("binomial", &Binomial::new(10, 0.4)?, 11);
    assert_discrete("binomial", &Binomial::new(1000, -1.5)?, 1001);
    assert_discrete("poisson", &Poisson::new(0.3)?, 40);
    assert_discrete("poisson", &Poisson::new(150.0)?, 400);
    assert_discrete("negative binomial", &NegativeBinomial::new(12.0, 3.0)?, 500);
    let counts = NegativeBinomial::new(5.0, 0.8)?;
    assert_discrete("negative binomial", &counts, 1000);
    assert_discrete("zero-inflated", &ZeroInflatedNegativeBinomial::new(0.3, counts)?, 1000);
    let categorical = Categorical::new(vec![0.3, -2.0, 1.0, 0.0])?;
    let masses: Vec<f64> = categorical.probabilities().collect();
    assert_counts("categorical", &masses, draws(&categorical).into_iter());
    let bernoulli = Bernoulli::new(-0.7)?;
    let masses = [1.0 - bernoulli.probability(), bernoulli.probability()];
    assert_counts("bernoulli", &masses, draws(&bernoulli).into_iter().map(usize::from));
    Ok(())
}

#[test]
fn the_discretised_logistic_sums_to_one_and_its_ends_take_the_tails() -> Result<(), Error> {
    for (location, scale) in [(-20.0, 3.0), (0.0, 1.0), (99.3, 7.0), (255.0, 2.0), (300.0, 20.0)] {
        let mass = |k| discretised_log_density(k, location, scale).map(f64::exp);
        let total: f64 = (0..=255).map(mass).sum::<Result<_, _>>()?;
        assert!((total - 1.0).abs() < 1e-13, "{location} {scale}: {total}");
    }
    // Half of the mass lies beyond the middle of the last bin's edge.
    assert!((discretised_log_density(255, 254.5, 1.0)? + 2f64.ln()).abs() < 1e-15);
    assert!((discretised_log_density(0, 0.5, 1.0)? + 2f64.ln()).abs() < 1e-15);
    assert!(discretised_log_density(0, 0.5, 0.0).is_err());
    Ok(())
}

fn scalar_moments<Q>(what: &str, q: &Q)
where
    Q: Sample<Value = f64> + Moments<Value = f64>,
{
    assert_moments(what, &draws(q), q.mean(), q.variance());
}

fn count_moments<Q>(what: &str, q: &Q)
where
    Q: Sample<Value = u64> + Moments<Value = f64>,
{
    let values: Vec<f64> = draws(q).iter().map(|&x| x as f64).collect();
    assert_moments(what, &values, q.mean(), q.variance());
}

fn vector_moments<Q>(what: &str, q: &Q)
where
    Q: Sample<Value = Vec<f64>> + Moments<Value = Vec<f64>>,
{
    let (values, mean, variance) = (draws(q), q.mean().unwrap(), q.variance().unwrap());
    for i in 0..mean.len() {
        let column: Vec<f64> = values.iter().map(|x| x[i]).collect();
        assert_moments(&format!("{what} [{i}]"), &column, Some(mean[i]), Some(variance[i]));
    }
}

fn diagonal() -> DiagonalGaussian {
    DiagonalGaussian::new(vec![0.5, -2.0, 0.0], vec![0.1, 3.0, 1.0]).unwrap()
}

fn full() -> FullGaussian {
    let covariance = [2.0, 0.6, -0.3, 0.6, 1.0, 0.2, -0.3, 0.2, 0.5];
    FullGaussian::new(vec![0.5, -2.0, 0.0], Cholesky::of(&covariance, 3).unwrap()).unwrap()
}

fn low_rank() -> LowRankGaussian {
    LowRankGaussian::new(diagonal(), vec![0.3, 0.0, -1.0, 2.0, 0.5, 0.5], 2).unwrap()
}

fn wishart() -> Wishart {
    Wishart::new(4.5, Cholesky::of(&[1.0, 0.3, 0.3, 0.5], 2).unwrap()).unwrap()
}

#[test]
fn draws_have_the_mean_and_the_variance() -> Result<(), Error> {
    scalar_moments("gaussian", &Gaussian::new(-1.5, 0.3)?);
    scalar_moments("log-normal", &LogNormal::new(0.5, 0.4)?);
    scalar_moments("laplace", &Laplace::new(1.0, 0.7)?);
    scalar_moments("student t", &StudentT::new(9.0, -0.5, 2.0)?);
    scalar_moments("beta", &Beta::new(0.5, 2.0)?);
    scalar_moments("gamma", &Gamma::new(0.3, 2.0)?);
    scalar_moments("gamma", &Gamma::new(30.0, 0.1)?);
    scalar_moments("inverse gamma", &InverseGamma::new(9.0, 3.0)?);
    count_moments("binomial", &Binomial::new(1_000_000, 0.4)?);
    count_moments("poisson", &Poisson::new(1e6)?);
    count_moments("negative binomial", &NegativeBinomial::new(40.0, 2.0)?);
    let counts = NegativeBinomial::new(4.0, 2.0)?;
    count_moments("zero-inflated", &ZeroInflatedNegativeBinomial::new(0.4, counts)?);
    vector_moments("diagonal gaussian", &diagonal());
    vector_moments("full gaussian", &full());
    vector_moments("low-rank gaussian", &low_rank());
    vector_moments("dirichlet", &Dirichlet::new(vec![0.5, 2.0, 7.0])?);
    vector_moments("wishart", &wishart());
    let bernoulli = Bernoulli::new(0.4)?;
    let values: Vec<f64> = draws(&bernoulli).iter().map(|&x| f64::from(x)).collect();
    assert_moments("bernoulli", &values, bernoulli.mean(), bernoulli.variance());
    let point = PointMass::new(vec![3.0])?;
    assert_eq!((point.mean(), point.variance(), point.entropy()), (Some(vec![3.0]), Some(vec![0.0]), 0.0));
    Ok(())
}

#[test]
fn entropy_is_the_mean_surprise() -> Result<(), Error> {
    assert_entropy("gaussian", &Gaussian::new(-1.5, 0.3)?);
    assert_entropy("log-normal", &LogNormal::new(0.5, 1.2)?);
    assert_entropy("laplace", &Laplace::new(1.0, 0.7)?);
    assert_entropy("student t", &StudentT::new(3.0, -0.5, 2.0)?);
    assert_entropy("beta", &Beta::new(0.5, 2.0)?);
    assert_entropy("gamma", &Gamma::new(0.3, 2.0)?);
    assert_entropy("gamma", &Gamma::new(300.0, 2.0)?);
    assert_entropy("inverse gamma", &InverseGamma::new(1.5, 3.0)?);
    assert_entropy("bernoulli", &Bernoulli::new(1.4)?);
    assert_entropy("categorical", &Categorical::new(vec![0.3, -2.0, 1.0])?);
    assert_entropy::<_, [f64]>("diagonal gaussian", &diagonal());
    assert_entropy::<_, [f64]>("full gaussian", &full());
    assert_entropy::<_, [f64]>("low-rank gaussian", &low_rank());
    assert_entropy::<_, [f64]>("dirichlet", &Dirichlet::new(vec![0.5, 2.0, 7.0])?);
    assert_entropy::<_, [f64]>("wishart", &wishart());
    Ok(())
}

/// ∂f/∂λ_i by central differences; their error is about 1e-10 of f's size.
fn differences(parameters: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    (0..parameters.len())
        .map(|i| {
            let h = 1e-5 * parameters[i].abs().max(1e-2);
            let moved = |by: f64| {
                let mut at = parameters.to_vec();
                at[i] += by;
                f(&at)
            };
            // Of fourth order.
            (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h)
        })
        .collect()
}

fn assert_close(what: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() < 1e-7 * e.abs().max(1.0), "{what} [{i}]: {g} for {e}");
    }
}

fn assert_score<Q: Score<X>, X: ?Sized>(
    what: &str,
    parameters: &[f64],
    build: impl Fn(&[f64]) -> Result<Q, Error>,
    points: &[&X],
) {
    for x in points {
        let expected = differences(parameters, |v| build(v).unwrap().log_density(x));
        assert_close(what, &build(parameters).unwrap().score(x), &expected);
    }
}

/// The lower triangle, row by row, as a square.
fn lower(entries: &[f64], n: usize) -> Vec<f64> {
    let mut square = vec![0.0; n * n];
    let mut entries = entries.iter();
    for i in 0..n {
        for j in 0..=i {
            square[i * n + j] = *entries.next().unwrap();
        }
    }
    square
}

fn build_full(v: &[f64]) -> Result<FullGaussian, Error> {
    FullGaussian::new(v[..2].to_vec(), Cholesky::from_factor(lower(&v[2..], 2), 2)?)
}

fn build_diagonal(v: &[f64]) -> Result<DiagonalGaussian, Error> {
    DiagonalGaussian::new(v[..2].to_vec(), v[2..].to_vec())
}

/// D = 3, R = 2.
fn build_low_rank(v: &[f64]) -> Result<LowRankGaussian, Error> {
    LowRankGaussian::new(DiagonalGaussian::new(v[..3].to_vec(), v[3..6].to_vec())?, v[6..].to_vec(), 2)
}

/// n = 3.
fn build_wishart(v: &[f64]) -> Result<Wishart, Error> {
    Wishart::new(v[0], Cholesky::from_factor(lower(&v[1..], 3), 3)?)
}

const WISHART: [f64; 7] = [4.5, 0.9, -0.3, 0.6, 0.5, 0.2, 1.4];

fn build_zero_inflated(v: &[f64]) -> Result<ZeroInflatedNegativeBinomial, Error> {
    ZeroInflatedNegativeBinomial::new(v[0], NegativeBinomial::new(v[1], v[2])?)
}

#[test]
fn the_score_is_the_gradient_of_the_log_density() {
    assert_score("gaussian", &[0.4, 1.3], |v| Gaussian::new(v[0], v[1]), &[&0.7, &-3.0]);
    assert_score("log-normal", &[0.4, 1.3], |v| LogNormal::new(v[0], v[1]), &[&0.7, &5.0]);
    assert_score("laplace", &[0.4, 1.3], |v| Laplace::new(v[0], v[1]), &[&0.7, &-3.0]);
    assert_score("student t", &[3.3, 0.4, 1.3], |v| StudentT::new(v[0], v[1], v[2]), &[&0.7, &-30.0, &0.4]);
    assert_score("bernoulli", &[0.4], |v| Bernoulli::new(v[0]), &[&true, &false]);
    assert_score("binomial", &[0.4], |v| Binomial::new(9, v[0]), &[&0, &5, &9]);
    assert_score("poisson", &[2.4], |v| Poisson::new(v[0]), &[&0, &5]);
    assert_score("negative binomial", &[2.4, 0.7], |v| NegativeBinomial::new(v[0], v[1]), &[&0, &5]);
    assert_score("categorical", &[0.4, -1.0, 2.0], |v| Categorical::new(v.to_vec()), &[&0, &2]);
    assert_score("beta", &[0.4, 3.0], |v| Beta::new(v[0], v[1]), &[&0.1, &0.8]);
    assert_score("gamma", &[0.4, 3.0], |v| Gamma::new(v[0], v[1]), &[&0.1, &8.0]);
    assert_score("inverse gamma", &[0.4, 3.0], |v| InverseGamma::new(v[0], v[1]), &[&0.1, &8.0]);
    let shares: &[&[f64]] = &[&[0.2, 0.5, 0.3], &[0.01, 0.01, 0.98]];
    assert_score("dirichlet", &[0.4, 3.0, 1.0], |v| Dirichlet::new(v.to_vec()), shares);
    let points: &[&[f64]] = &[&[0.3, -1.0], &[4.0, 2.0]];
    assert_score("diagonal gaussian", &[0.1, 0.2, 0.8, 2.0], build_diagonal, points);
    assert_score("full gaussian", &[0.1, 0.2, 0.8, -0.6, 2.0], build_full, points);
    let points: &[&[f64]] = &[&[0.3, -1.0, 0.4], &[4.0, 2.0, -3.0]];
    let low_rank = [0.5, -2.0, 0.1, 0.4, 3.0, 1.0, 0.3, -0.2, -1.0, 2.0, 0.5, 0.6];
    assert_score("low-rank gaussian", &low_rank, build_low_rank, points);
    let points: &[&[f64]] =
        &[&[2.0, 0.6, -0.3, 0.6, 1.0, 0.2, -0.3, 0.2, 0.5], &[9.0, 1.0, 2.0, 1.0, 3.0, -1.0, 2.0, -1.0, 4.0]];
    assert_score("wishart", &WISHART, build_wishart, points);
    // Zeros that the counts explain, and that they do not.
    assert_score("zero-inflated", &[0.3, 0.4, 0.7], build_zero_inflated, &[&0, &5]);
    assert_score("zero-inflated", &[0.3, 12.0, 3.0], build_zero_inflated, &[&0, &5]);
}

/// Of a draw that is itself smooth in the parameters.
fn assert_path<Q: PathGradient>(
    what: &str,
    parameters: &[f64],
    build: impl Fn(&[f64]) -> Result<Q, Error>,
    cotangent: &Q::Value,
    dot: impl Fn(&Q::Value, &Q::Value) -> f64,
) {
    for row in 0..20 {
        let key = Key::new(5);
        let expected = differences(parameters, |v| dot(&build(v).unwrap().sample(key, row), cotangent));
        assert_close(what, &build(parameters).unwrap().path_gradient(key, row, cotangent), &expected);
    }
}

#[test]
fn path_gradients_are_the_derivatives_of_the_draw() {
    let times = |z: &f64, c: &f64| z * c;
    assert_path("gaussian", &[0.4, 1.3], |v| Gaussian::new(v[0], v[1]), &0.7, times);
    assert_path("log-normal", &[0.4, 1.3], |v| LogNormal::new(v[0], v[1]), &0.7, times);
    assert_path("laplace", &[0.4, 1.3], |v| Laplace::new(v[0], v[1]), &0.7, times);
    let dot = |z: &Vec<f64>, c: &Vec<f64>| z.iter().zip(c).map(|(z, c)| z * c).sum();
    let cotangent = vec![0.7, -1.1];
    assert_path("point", &[0.4, 1.3], |v| PointMass::new(v.to_vec()), &cotangent, dot);
    assert_path("diagonal gaussian", &[0.1, 0.2, 0.8, 2.0], build_diagonal, &cotangent, dot);
    assert_path("full gaussian", &[0.1, 0.2, 0.8, -0.6, 2.0], build_full, &cotangent, dot);
    let low_rank = |v: &[f64]| LowRankGaussian::new(build_diagonal(&v[..4])?, v[4..].to_vec(), 1);
    assert_path("low-rank gaussian", &[0.1, 0.2, 0.8, 2.0, 0.5, -0.4], low_rank, &cotangent, dot);
    // An f that is not symmetric; the draw jumps in ν, which implicit gradients do not.
    let cotangent = vec![0.7, -1.1, 0.3, 0.2, 0.5, -0.8, 1.3, 0.4, -0.6];
    let scaled = |v: &[f64]| build_wishart(&[&WISHART[..1], v].concat());
    for row in 0..20 {
        let expected =
            differences(&WISHART[1..], |v| dot(&scaled(v).unwrap().sample(Key::new(5), row), &cotangent));
        let got = build_wishart(&WISHART).unwrap().path_gradient(Key::new(5), row, &cotangent);
        assert_close("wishart", &got[1..], &expected);
    }
    let located = |v: &[f64]| StudentT::new(3.0, v[0], v[1]);
    for row in 0..20 {
        let expected = differences(&[0.4, 1.3], |v| located(v).unwrap().sample(Key::new(5), row));
        let got = located(&[0.4, 1.3]).unwrap().path_gradient(Key::new(5), row, &1.0);
        assert_close("student t", &got[1..], &expected);
    }
}

/// Implicit reparameterisation holds F(x; a) where it is: ∂F/∂a + p(x) ∂x/∂a = 0.
#[test]
fn the_gamma_draw_moves_along_its_distribution_function() -> Result<(), Error> {
    for (shape, rate) in [(0.5, 2.0), (1.0, 1.0), (2.5, 0.3), (30.0, 1.0)] {
        let q = Gamma::new(shape, rate)?;
        let h = 1e-3 * shape;
        let [below2, below, above, above2] = [-2.0, -1.0, 1.0, 2.0]
            .map(|k| distribution_function(&Gamma::new(shape + k * h, rate).unwrap(), &Exponential));
        for row in 0..50 {
            let x = q.sample(Key::new(3), row);
            let differ = |f: &[f64], g: &[f64]| at(f, x.ln()) - at(g, x.ln());
            let in_shape = (8.0 * differ(&above, &below) - differ(&above2, &below2)) / (12.0 * h);
            let expected = -in_shape / q.log_density(&x).exp();
            let got = q.path_gradient(Key::new(3), row, &1.0)[0];
            // The rule's cells are 1/256 of log x wide: an error of about their square.
            assert!((got - expected).abs() < 1e-3 * expected, "{shape} {rate} at {x}: {got} for {expected}");
        }
    }
    Ok(())
}

/// E[∂f(x)/∂λ] along the path is ∂E[f]/∂λ: z-tests.
#[test]
fn implicit_path_gradients_are_unbiased() -> Result<(), Error> {
    let key = Key::new(8);
    for (a, b) in [(0.2, 0.5), (3.0, 1.5), (5000.0, 30.0)] {
        let (gamma, beta) = (Gamma::new(a, b)?, Beta::new(a, b)?);
        let gradients: Vec<_> = (0..DRAWS).map(|row| gamma.path_gradient(key, row, &1.0)).collect();
        // ∂E[x]/∂(a, b) = (1/b, −a/b²).
        assert_mean("gamma shape", &gradients.iter().map(|g| g[0]).collect::<Vec<_>>(), 1.0 / b);
        assert_mean("gamma rate", &gradients.iter().map(|g| g[1]).collect::<Vec<_>>(), -a / b / b);
        // ∂E[log x]/∂a = ψ′(a).
        let logs: Vec<f64> =
            (0..DRAWS).map(|row| gamma.path_gradient(key, row, &(1.0 / gamma.sample(key, row)))[0]).collect();
        assert_mean("gamma log", &logs, trigamma(a));
        // ∂E[x]/∂(a, b) = (b, −a)/(a + b)².
        let gradients: Vec<_> = (0..DRAWS).map(|row| beta.path_gradient(key, row, &1.0)).collect();
        let total2 = (a + b) * (a + b);
        assert_mean("beta a", &gradients.iter().map(|g| g[0]).collect::<Vec<_>>(), b / total2);
        assert_mean("beta b", &gradients.iter().map(|g| g[1]).collect::<Vec<_>>(), -a / total2);
        // And of the inverse −ψ′(a).
        let inverse = InverseGamma::new(a, b)?;
        let logs: Vec<f64> = (0..DRAWS)
            .map(|row| inverse.path_gradient(key, row, &(1.0 / inverse.sample(key, row)))[0])
            .collect();
        assert_mean("inverse gamma log", &logs, -trigamma(a));
    }
    let alpha = [0.4, 1.0, 6.0];
    let dirichlet = Dirichlet::new(alpha.to_vec())?;
    let total: f64 = alpha.iter().sum();
    for i in 0..3 {
        let mut unit = vec![0.0; 3];
        unit[i] = 1.0;
        let gradients: Vec<_> = (0..DRAWS).map(|row| dirichlet.path_gradient(key, row, &unit)).collect();
        for j in 0..3 {
            let expected = (f64::from(i == j) - alpha[i] / total) / total;
            assert_mean("dirichlet", &gradients.iter().map(|g| g[j]).collect::<Vec<_>>(), expected);
        }
    }
    let wishart = build_wishart(&WISHART)?;
    // ∂E[z]/∂ν = V.
    for (k, v) in wishart.scale().product().into_iter().enumerate() {
        let mut unit = vec![0.0; 9];
        unit[k] = 1.0;
        let gradients: Vec<f64> = (0..DRAWS).map(|row| wishart.path_gradient(key, row, &unit)[0]).collect();
        assert_mean("wishart", &gradients, v);
    }
    // One by one a Wishart is Gamma(ν/2, 1/(2V)), of the same draw.
    let single = Wishart::new(1.3, Cholesky::of(&[0.8], 1)?)?;
    let gamma = Gamma::new(0.65, 0.625)?;
    for row in 0..20 {
        let got = single.path_gradient(key, row, &vec![1.0])[0];
        assert_close("wishart", &[got], &[0.5 * gamma.path_gradient(key, row, &1.0)[0]]);
    }
    // E[log(1 + u²/ν)] = ψ((ν+1)/2) − ψ(ν/2), u a standard t: its explicit derivative in ν is added to the path's.
    let (nu, f) = (3.0, |nu: f64| digamma(0.5 * nu + 0.5) - digamma(0.5 * nu));
    let t = StudentT::new(nu, 0.0, 1.0)?;
    let gradient = |row| {
        let u = t.sample(key, row);
        t.path_gradient(key, row, &(2.0 * u / (nu + u * u)))[0] - u * u / nu / (nu + u * u)
    };
    let expected = (f(nu + 1e-4) - f(nu - 1e-4)) / 2e-4;
    assert_mean("student t", &(0..DRAWS).map(gradient).collect::<Vec<_>>(), expected);
    Ok(())
}

/// The densities that models take of tensors are the ones that stand here, to rounding.
#[test]
fn one_definition_serves_numbers_and_tensors() {
    let (x, mean, sigma) = ([0.3, -1.2, 2.0], [0.1, 0.2, -0.4], [0.5, 2.0, 1e-3]);
    let device = Device::flex();
    let row =
        |v: [f64; 3]| Tensor::<2>::from_data(TensorData::new(v.to_vec(), [1, 3]), (&device, DType::F64));
    let log_sigma =
        Tensor::<1>::from_data(TensorData::new(sigma.map(f64::ln).to_vec(), [3]), (&device, DType::F64));
    let got: f64 = gaussian::log_likelihood(row(x), row(mean), log_sigma).into_scalar();
    let expected = DiagonalGaussian::new(mean.to_vec(), sigma.to_vec()).unwrap().log_density(&x);
    assert!((got - expected).abs() < 1e-13 * expected.abs(), "{got} {expected}");
    let (bits, logits) = ([1.0, 0.0, 1.0], [0.3, 40.0, -1e4]);
    let got: f64 = bernoulli::log_likelihood(row(bits), row(logits)).into_scalar();
    let each = bits.iter().zip(logits).map(|(b, l)| Bernoulli::new(l).unwrap().log_density(&(*b == 1.0)));
    assert_eq!(got, each.sum::<f64>());
}

#[test]
fn a_draw_is_a_function_of_key_and_row() -> Result<(), Error> {
    let q = Gamma::new(0.5, 1.0)?;
    let key = Key::new(2);
    assert_eq!(q.sample(key, 7), q.sample(key, 7));
    assert_ne!(q.sample(key, 7), q.sample(key, 8));
    assert_ne!(q.sample(key, 7), q.sample(key.fold(0), 7));
    Ok(())
}

#[test]
fn extreme_parameters_are_finite_and_right() -> Result<(), Error> {
    // A subnormal σ.
    let sigma = 5e-324;
    let q = Gaussian::new(1.0, sigma)?;
    let peak = -0.5 * std::f64::consts::TAU.ln() - sigma.ln();
    assert_eq!(q.log_density(&1.0), peak);
    assert_eq!(q.log_density(&1.5), f64::NEG_INFINITY);
    assert!(q.entropy().is_finite() && q.sample(Key::new(1), 0) == 1.0);
    // Log-variances of ±100.
    for s in [-100.0, 100.0] {
        let sigma = f64::exp(0.5 * s);
        let got = Gaussian::new(0.0, sigma)?.log_density(&sigma);
        assert!((got - (-0.5 * std::f64::consts::TAU.ln() - 0.5 * s - 0.5)).abs() < 1e-13 * got.abs());
    }
    // Logits of ±1e4.
    for l in [-1e4, 1e4] {
        let p = Bernoulli::new(l)?;
        assert_eq!(p.log_density(&(l > 0.0)), 0.0);
        assert_eq!(p.log_density(&(l < 0.0)), -1e4);
        assert_eq!((p.entropy(), p.sample(Key::new(1), 3)), (0.0, l > 0.0));
        assert_eq!(Binomial::new(5, l)?.log_density(&if l > 0.0 { 5 } else { 0 }), 0.0);
        assert!((bernoulli::continuous_log_normaliser(l) - 1e4f64.ln()).abs() < 1e-14);
    }
    assert_eq!(Categorical::new(vec![1e4, -1e4])?.log_density(&1), -2e4);
    // Large counts: a Poisson with λ = 1e12 at its mean is −½ log 2πλ − 1/(12λ).
    let peak = -0.5 * (std::f64::consts::TAU * 1e12).ln();
    assert!((Poisson::new(1e12)?.log_density(&1_000_000_000_000) - peak).abs() < 1e-12);
    // With θ = 1e14 a negative binomial is a Poisson.
    let (counts, poisson) = (NegativeBinomial::new(30.0, 1e14)?, Poisson::new(30.0)?);
    for x in [0, 1, 30, 90] {
        let (got, expected) = (counts.log_density(&x), poisson.log_density(&x));
        assert!((got - expected).abs() < 1e-10, "{x}: {got} {expected}");
    }
    let huge = NegativeBinomial::new(1e308, 1e-3)?;
    assert!((0..100).all(|row| huge.log_density(&huge.sample(Key::new(1), row)).is_finite()));
    // A tiny shape: its draws underflow, and stay in the support.
    let q = Gamma::new(1e-4, 1.0)?;
    assert!((0..100).all(|row| q.log_density(&q.sample(Key::new(1), row)).is_finite()));
    assert!((0..100).all(|row| q.path_gradient(Key::new(1), row, &1.0).iter().all(|g| g.is_finite())));
    let q = Dirichlet::new(vec![1e-3; 5])?;
    assert!((0..100).all(|row| q.log_density(&q.sample(Key::new(1), row)).is_finite()));
    let t = StudentT::new(2.0, 0.0, 1e-200)?;
    assert!(t.log_density(&1.0).is_finite() && t.score(&1.0).iter().all(|g| g.is_finite()));
    Ok(())
}

#[test]
fn two_thousand_dimensions() -> Result<(), Error> {
    let n = 2000;
    // Σ = I + 1 1ᵀ: |Σ| = 1 + n, Σ⁻¹ 1 = 1/(1 + n).
    let standard = DiagonalGaussian::new(vec![0.0; n], vec![1.0; n])?;
    let low_rank = LowRankGaussian::new(standard.clone(), vec![1.0; n], 1)?;
    let covariance = (0..n * n).map(|k| 1.0 + f64::from(k / n == k % n)).collect::<Vec<_>>();
    let full = FullGaussian::new(vec![0.0; n], Cholesky::of(&covariance, n)?)?;
    let size = n as f64;
    let expected = -0.5 * (size * std::f64::consts::TAU.ln() + (1.0 + size).ln() + size / (1.0 + size));
    let x = vec![1.0; n];
    for got in [low_rank.log_density(&x), full.log_density(&x)] {
        assert!((got - expected).abs() < 1e-12 * expected.abs(), "{got} for {expected}");
    }
    assert!((full.entropy() - low_rank.entropy()).abs() < 1e-12 * full.entropy());
    assert!(low_rank.sample(Key::new(1), 0).iter().all(|z| z.is_finite()));
    assert!((full.sample(Key::new(1), 0).len(), standard.sample(Key::new(1), 0).len()) == (n, n));
    Ok(())
}

#[test]
fn low_rank_is_the_full_gaussian_it_stands_for() -> Result<(), Error> {
    let q = low_rank();
    // W Wᵀ + diag σ² by hand.
    let (w, sigma) = ([[0.3, 0.0], [-1.0, 2.0], [0.5, 0.5]], [0.1, 3.0, 1.0]);
    let entry = |i: usize, j: usize| {
        w[i][0] * w[j][0] + w[i][1] * w[j][1] + if i == j { sigma[i] * sigma[i] } else { 0.0 }
    };
    let covariance: Vec<f64> = (0..9).map(|k| entry(k / 3, k % 3)).collect();
    let full = FullGaussian::new(vec![0.5, -2.0, 0.0], Cholesky::of(&covariance, 3)?)?;
    for x in [[0.0, 0.0, 0.0], [0.4, -1.0, 3.0]] {
        let (got, expected) = (q.log_density(&x), full.log_density(&x));
        assert!((got - expected).abs() < 1e-13 * expected.abs(), "{got} {expected}");
    }
    assert!((q.entropy() - full.entropy()).abs() < 1e-14);
    Ok(())
}

#[test]
fn outside_the_support_the_density_is_zero() -> Result<(), Error> {
    let nowhere = f64::NEG_INFINITY;
    for x in [-1.0, 0.0, f64::INFINITY] {
        assert_eq!(Gamma::new(1.0, 1.0)?.log_density(&x), nowhere);
        assert_eq!(InverseGamma::new(1.0, 1.0)?.log_density(&x), nowhere);
        assert_eq!(LogNormal::new(1.0, 1.0)?.log_density(&x), nowhere);
        assert_eq!(Beta::new(1.0, 1.0)?.log_density(&x), nowhere);
    }
    for x in [f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Gaussian::new(1.0, 1.0)?.log_density(&x), nowhere);
        assert_eq!(StudentT::new(1.0, 1.0, 1.0)?.log_density(&x), nowhere);
        assert_eq!(Laplace::new(1.0, 1.0)?.log_density(&x), nowhere);
    }
    assert_eq!(diagonal().log_density(&[0.0]), nowhere);
    assert_eq!(full().log_density(&[0.0; 4]), nowhere);
    assert_eq!(low_rank().log_density(&[]), nowhere);
    for x in [[1.0, 2.0, 2.0, 1.0], [1.0, 0.1, 0.2, 1.0]] {
        assert_eq!(wishart().log_density(&x), nowhere);
    }
    Ok(())
}

#[test]
fn parameters_out_of_range_are_refused_by_name_and_value() {
    let cases = [
        (Gaussian::new(f64::NAN, 1.0).err(), "mean is NaN, but must be finite"),
        (Gaussian::new(0.0, 0.0).err(), "sigma is 0, but must be > 0 and finite"),
        (Gamma::new(-1.0, 1.0).err(), "shape is -1, but must be > 0 and finite"),
        (InverseGamma::new(1.0, -2.0).err(), "scale is -2, but must be > 0 and finite"),
        (
            Wishart::new(1.0, Cholesky::of(&[1.0, 0.0, 0.0, 1.0], 2).unwrap()).err(),
            "degrees of freedom of 2 dimensions is 1, but must be > 1 and finite",
        ),
        (Dirichlet::new(vec![1.0]).err(), "the dimension of a dirichlet is 1, but must be at least 2"),
        (Categorical::new(vec![]).err(), "the dimension of logits is 0, but must be at least 1"),
        (Bernoulli::new(f64::INFINITY).err(), "logit is inf, but must be finite"),
        (
            Cholesky::from_factor(vec![1.0, 2.0, 0.0, 1.0], 2).err(),
            "entry (0, 1) of a cholesky factor is 2, but must be 0",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error.unwrap().to_string(), expected);
    }
    assert!(DiagonalGaussian::new(vec![0.0; 2], vec![1.0]).is_err());
    assert!(LowRankGaussian::new(diagonal(), vec![1.0; 4], 2).is_err());
    assert!(Cholesky::of(&[1.0, f64::NAN, f64::NAN, 1.0], 2).is_err());
}
