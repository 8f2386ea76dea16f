//! Conjugate families against what they must obey: Bayes' rule at any θ, the evidence by normalisers and by predictives, the
//! bound that is the evidence at the posterior, and Monte Carlo.

use elbo::{
    conjugate::{
        Conjugate, Expectations, GaussianGamma, GaussianWishart, Moments, RowMoments, Square, Statistics,
        WishartPrecision,
    },
    distribution::{
        Bernoulli, Beta, Categorical, Cholesky, Dirichlet, FullGaussian, Gamma, Gaussian, LogDensity, Poisson,
    },
    divergence::KullbackLeibler,
    random::Key,
    special::{ln_beta, ln_gamma, ln_multivariate_gamma},
};
use proptest::prelude::*;

use crate::{assert_near, assert_zero_mean};

const MISSING: f64 = f64::NAN;

/// A prior, observations, and what is known of both by other means.
struct Case<Q, L, X: ?Sized + 'static> {
    name: &'static str,
    prior: Q,
    /// Observations, one of them missing.
    x: Vec<Vec<f64>>,
    view: fn(&[f64]) -> &X,
    /// log p(x|θ) of an observation that is there.
    likelihood: fn(&L, &X) -> f64,
    /// log q(θ).
    density: fn(&Q, &L) -> f64,
    /// log p(x), all observations with weight 1.
    evidence: f64,
    /// An observation that is none.
    wrong: Vec<f64>,
}

fn one(row: &[f64]) -> &f64 {
    &row[0]
}

fn row(row: &[f64]) -> &[f64] {
    row
}

fn cells(x: &[f64]) -> Vec<Vec<f64>> {
    x.iter().map(|&x| vec![x]).collect()
}

const REAL: [f64; 5] = [1.3, -0.4, MISSING, 2.2, 0.1];
const COUNTS: [f64; 5] = [3.0, 0.0, MISSING, 7.0, 2.0];
const CLASSES: [f64; 6] = [2.0, 0.0, MISSING, 2.0, 2.0, 1.0];
const BITS: [f64; 5] = [1.0, 0.0, MISSING, 1.0, 1.0];
const ROWS: [[f64; 2]; 5] = [[1.0, 2.0], [-0.5, 0.3], [MISSING; 2], [2.2, 1.9], [0.7, -1.1]];

/// Σ x and Σ (x − m)² of what is there.
fn squares(x: &[f64], m: f64) -> f64 {
    x.iter().filter(|x| !x.is_nan()).map(|x| (x - m) * (x - m)).sum()
}

fn gaussian_gamma() -> Case<GaussianGamma, Gaussian, f64> {
    let (m, beta, a, b) = (0.4, 0.7, 1.2, 0.9);
    let (n, total) = (4.0, 3.2);
    let (strength, shape) = (beta + n, a + 0.5 * n);
    let centre = (beta * m + total) / strength;
    let rate = b + 0.5 * (squares(&REAL, 0.0) + beta * m * m - strength * centre * centre);
    let evidence = ln_gamma(shape) - ln_gamma(a) + a * f64::ln(b) - shape * rate.ln()
        + 0.5 * f64::ln(beta / strength)
        - 0.5 * n * std::f64::consts::TAU.ln();
    Case {
        name: "Gaussian-gamma",
        prior: GaussianGamma::new(m, beta, Gamma::new(a, b).unwrap()).unwrap(),
        x: cells(&REAL),
        view: one,
        likelihood: |p, x| p.log_density(x),
        density: |q, p| {
            let mean = Gaussian::new(q.location.mean, p.sigma() / q.location.strength.sqrt()).unwrap();
            mean.log_density(&p.location()) + q.precision.log_density(&p.sigma().powi(-2))
        },
        evidence,
        wrong: vec![f64::INFINITY],
    }
}

fn gaussian_wishart() -> Case<GaussianWishart, FullGaussian, [f64]> {
    let (m, beta, nu, inverse) = ([0.5, 1.0], 0.7, 3.4, [2.0, 0.3, 0.3, 1.0]);
    let n = 4.0;
    let seen: Vec<[f64; 2]> = ROWS.into_iter().filter(|row| !row[0].is_nan()).collect();
    let after = (0..4).map(|e| {
        let (i, j) = (e / 2, e % 2);
        let centre = |i: usize| (beta * m[i] + seen.iter().map(|x| x[i]).sum::<f64>()) / (beta + n);
        let products: f64 = seen.iter().map(|x| x[i] * x[j]).sum();
        inverse[e] + products + beta * m[i] * m[j] - (beta + n) * centre(i) * centre(j)
    });
    let after: Vec<f64> = after.collect();
    let determinant = |of: &[f64]| of[0] * of[3] - of[1] * of[2];
    let evidence = ln_multivariate_gamma(2, 0.5 * (nu + n)) - ln_multivariate_gamma(2, 0.5 * nu)
        + 0.5 * nu * determinant(&inverse).ln()
        - 0.5 * (nu + n) * determinant(&after).ln()
        + f64::ln(beta / (beta + n))
        - n * std::f64::consts::PI.ln();
    let precision = WishartPrecision::new(nu, inverse.to_vec()).unwrap();
    Case {
        name: "Gaussian-Wishart",
        prior: GaussianWishart::new(m.to_vec(), beta, precision).unwrap(),
        x: ROWS.iter().map(|row| row.to_vec()).collect(),
        view: row,
        likelihood: |p, x| p.log_density(x),
        density: |q, p| {
            let covariance = p.factor().product();
            let scaled: Vec<f64> = covariance.iter().map(|c| c / q.location.strength).collect();
            let mean = FullGaussian::new(q.location.mean.clone(), Cholesky::of(&scaled, 2).unwrap()).unwrap();
            let precision = Cholesky::of(&covariance, 2).unwrap().inverse();
            mean.log_density(p.location()) + q.precision.wishart().unwrap().log_density(&precision)
        },
        evidence,
        wrong: vec![1.0, f64::INFINITY],
    }
}

fn gamma_precision() -> Case<Gamma, Gaussian, f64> {
    let (a, b) = (1.2, 0.9);
    let (shape, rate) = (a + 2.0, b + 0.5 * squares(&REAL, 0.0));
    Case {
        name: "gamma and Gaussian",
        prior: Gamma::new(a, b).unwrap(),
        x: cells(&REAL),
        view: one,
        likelihood: |p, x| p.log_density(x),
        density: |q, p| q.log_density(&p.sigma().powi(-2)),
        evidence: ln_gamma(shape) - ln_gamma(a) + a * f64::ln(b)
            - shape * f64::ln(rate)
            - 2.0 * std::f64::consts::TAU.ln(),
        wrong: vec![f64::NEG_INFINITY],
    }
}

fn gamma_poisson() -> Case<Gamma, Poisson, f64> {
    let (a, b) = (2.5, 0.7);
    let factorials: f64 = [3.0, 0.0, 7.0, 2.0].iter().map(|x| ln_gamma(x + 1.0)).sum();
    Case {
        name: "gamma and Poisson",
        prior: Gamma::new(a, b).unwrap(),
        x: cells(&COUNTS),
        view: one,
        likelihood: |p, x| p.log_density(&(*x as u64)),
        density: |q, p| q.log_density(&p.rate()),
        evidence: a * f64::ln(b) - ln_gamma(a) + ln_gamma(a + 12.0)
            - (a + 12.0) * f64::ln(b + 4.0)
            - factorials,
        wrong: vec![1.5],
    }
}

fn beta_bernoulli() -> Case<Beta, Bernoulli, f64> {
    Case {
        name: "beta and Bernoulli",
        prior: Beta::new(0.3, 2.0).unwrap(),
        x: cells(&BITS),
        view: one,
        likelihood: |p, x| p.log_density(&(*x == 1.0)),
        density: |q, p| q.log_density(&elbo::special::logistic(p.logit())),
        evidence: ln_beta(3.3, 3.0) - ln_beta(0.3, 2.0),
        wrong: vec![0.5],
    }
}

fn dirichlet_categorical() -> Case<Dirichlet, Categorical, f64> {
    let gain = |a: f64, n: f64| ln_gamma(a + n) - ln_gamma(a);
    Case {
        name: "Dirichlet and categorical",
        prior: Dirichlet::new(vec![0.5, 1.0, 3.0]).unwrap(),
        x: cells(&CLASSES),
        view: one,
        likelihood: |p, x| p.log_density(&(*x as usize)),
        density: |q, p| q.log_density(&p.probabilities().collect::<Vec<f64>>()),
        evidence: gain(0.5, 1.0) + gain(1.0, 1.0) + gain(3.0, 3.0) - gain(4.5, 5.0),
        wrong: vec![3.0],
    }
}

/// What a test asks of every family.
trait Check {
    fn check<L, Q: Conjugate<L>>(&self, case: &Case<Q, L, Q::Observation>);
}

fn all(test: &impl Check) {
    test.check(&gaussian_gamma());
    test.check(&gaussian_wishart());
    test.check(&gamma_precision());
    test.check(&gamma_poisson());
    test.check(&beta_bernoulli());
    test.check(&dirichlet_categorical());
}

impl<L, Q: Conjugate<L>> Case<Q, L, Q::Observation> {
    fn statistics(&self, weights: impl Fn(usize) -> f64) -> Q::Statistics {
        let mut of = self.prior.statistics();
        self.x.iter().enumerate().for_each(|(i, x)| of.add(weights(i), (self.view)(x)));
        of
    }

    /// Those that are not missing, with their places.
    fn seen(&self) -> impl Iterator<Item = (usize, &Q::Observation)> {
        let there = self.x.iter().enumerate().filter(|(_, x)| !x[0].is_nan());
        there.map(|(i, x)| (i, (self.view)(x)))
    }
}

/// The evidence by the families' normalisers, by the chain of predictives, and as the bound at the exact posterior:
/// E\[log p(x|θ)\] − KL(q ‖ p).
struct Evidence;

impl Check for Evidence {
    fn check<L, Q: Conjugate<L>>(&self, case: &Case<Q, L, Q::Observation>) {
        let (mut chain, mut so_far) = (0.0, case.prior.statistics());
        for x in &case.x {
            let x = (case.view)(x);
            chain += case.prior.updated(&so_far).unwrap().log_predictive(x);
            so_far.add(1.0, x);
        }
        assert_near(&format!("{}: predictives", case.name), chain, case.evidence, 1e-12);
        let q = case.prior.updated(&so_far).unwrap();
        let base: f64 = case.seen().map(|(_, x)| Q::ln_base(x)).sum();
        let expected = q.expectations();
        let log_likelihood = expected.log_likelihood(&so_far) + base;
        let bound = log_likelihood - q.kl(&case.prior).unwrap();
        assert_near(&format!("{}: the bound", case.name), bound, case.evidence, 1e-12);
        let by_row: f64 = case.x.iter().map(|x| expected.log_density((case.view)(x))).sum();
        assert_near(&format!("{}: row by row", case.name), by_row + base, log_likelihood, 1e-12);
    }
}

#[test]
fn predictives_normalisers_and_the_bound_agree_on_the_evidence() {
    all(&Evidence);
}

/// Bayes' rule with weights: log q(θ) − log p(θ) − Σ w log p(x|θ) is the same at every θ.
struct Bayes;

impl Check for Bayes {
    fn check<L, Q: Conjugate<L>>(&self, case: &Case<Q, L, Q::Observation>) {
        let weight = |i: usize| [0.3, 1.0, 0.5, 0.8, 1.7, 0.2][i];
        let q = case.prior.updated(&case.statistics(weight)).unwrap();
        let constant = |row: u64| {
            let theta = q.draw(Key::new(5), row).unwrap();
            let data: f64 = case.seen().map(|(i, x)| weight(i) * (case.likelihood)(&theta, x)).sum();
            (case.density)(&q, &theta) - (case.density)(&case.prior, &theta) - data
        };
        let first = constant(0);
        for row in 1..50 {
            assert_near(case.name, constant(row), first, 1e-11);
        }
    }
}

#[test]
fn an_update_is_bayes_rule() {
    all(&Bayes);
}

/// Divergence, expectations and predictive by their definitions over 20,000 draws of θ; each is a test of P(|z| > 4.5) =
/// 7e-6.
struct MonteCarlo;

impl Check for MonteCarlo {
    fn check<L, Q: Conjugate<L>>(&self, case: &Case<Q, L, Q::Observation>) {
        let q = case.prior.updated(&case.statistics(|_| 1.0)).unwrap();
        let draws: Vec<L> = (0..20_000).map(|row| q.draw(Key::new(11), row).unwrap()).collect();
        let zero = |what: &str, expected: f64, value: &dyn Fn(&L) -> f64| {
            let values: Vec<f64> = draws.iter().map(|theta| value(theta) - expected).collect();
            assert_zero_mean(&format!("{}: {what}", case.name), &values, 4.5);
        };
        let kl = q.kl(&case.prior).unwrap();
        assert!(kl > 0.0 && q.kl(&q).unwrap().abs() < 1e-14);
        zero("KL", kl, &|theta| (case.density)(&q, theta) - (case.density)(&case.prior, theta));
        let expected = q.expectations();
        for (_, x) in case.seen() {
            let log_density = expected.log_density(x) + Q::ln_base(x);
            zero("E[log p(x|θ)]", log_density, &|theta| (case.likelihood)(theta, x));
            zero("p(x)", q.log_predictive(x).exp(), &|theta| (case.likelihood)(theta, x).exp());
        }
    }
}

#[test]
fn divergences_expectations_and_predictives_by_monte_carlo() {
    all(&MonteCarlo);
}

/// A missing observation says nothing, one that is none is refused, and parts of observations join to the whole.
struct Missing;

impl Check for Missing {
    fn check<L, Q: Conjugate<L>>(&self, case: &Case<Q, L, Q::Observation>) {
        let missing = vec![MISSING; case.x[0].len()];
        let missing = (case.view)(&missing);
        assert_eq!(case.prior.log_predictive(missing), 0.0, "{}", case.name);
        assert_eq!(case.prior.expectations().log_density(missing), 0.0, "{}", case.name);
        assert_eq!(case.prior.refuses(missing), None, "{}", case.name);
        assert!(case.prior.refuses((case.view)(&case.wrong)).is_some(), "{}", case.name);
        assert!(case.seen().all(|(_, x)| case.prior.refuses(x).is_none()), "{}", case.name);
        let whole = case.prior.updated(&case.statistics(|_| 1.0)).unwrap();
        let mut joined = case.statistics(|i| f64::from(u8::from(i < 2)));
        joined.merge(&case.statistics(|i| f64::from(u8::from(i >= 2))));
        let joined = case.prior.updated(&joined).unwrap();
        assert!(whole.kl(&joined).unwrap() < 1e-28, "{}: {}", case.name, whole.kl(&joined).unwrap());
        let none = case.prior.updated(&case.statistics(|_| 0.0)).unwrap();
        assert!(none.kl(&case.prior).unwrap() < 1e-28, "{}", case.name);
    }
}

#[test]
fn missing_observations_say_nothing_and_parts_join() {
    all(&Missing);
}

/// What is no count, class or bit has no probability; all that is has probability 1 in all.
#[test]
fn predictives_are_distributions() {
    let total = |p: &dyn Fn(f64) -> f64, n: u32| (0..n).map(|x| p(f64::from(x)).exp()).sum::<f64>();
    let rate = Gamma::new(2.5, 0.7).unwrap();
    let count = |x: f64| Conjugate::<Poisson>::log_predictive(&rate, &x);
    assert_near("counts", total(&count, 300), 1.0, 1e-12);
    assert_eq!(count(0.5), f64::NEG_INFINITY);
    let shares = Dirichlet::new(vec![0.5, 1.0, 3.0]).unwrap();
    assert_near("classes", total(&|x| shares.log_predictive(&x), 3), 1.0, 1e-15);
    assert_eq!(shares.log_predictive(&3.0), f64::NEG_INFINITY);
    let bit = Beta::new(0.3, 2.0).unwrap();
    assert_near("bits", total(&|x| bit.log_predictive(&x), 2), 1.0, 1e-15);
    assert_eq!(bit.log_predictive(&0.5), f64::NEG_INFINITY);
}

/// ψ(a + 1) = ψ(a) + 1/a, and what follows of it for each expectation of a logarithm.
#[test]
fn expectations_of_logarithms_obey_the_recurrence_of_digamma() {
    for a in [1e-3, 0.4, 3.0, 250.0] {
        let ln = |a: f64| Conjugate::<Gaussian>::expectations(&Gamma::new(a, 0.7).unwrap()).ln;
        assert_near("E log τ", ln(a + 1.0) - ln(a), 1.0 / a, 1e-14 / a.min(1.0));
        let beta = |a: f64| Beta::new(a, 1.3).unwrap().expectations();
        let (more, less) = (beta(a + 1.0), beta(a));
        assert_near("E log θ", more.one - less.one, 1.0 / a - 1.0 / (a + 1.3), 1e-14 / a.min(1.0));
        assert_near("E log (1 − θ)", more.zero - less.zero, -1.0 / (a + 1.3), 1e-13);
        let dirichlet = |a: f64| Dirichlet::new(vec![a, 0.6, 1.1]).unwrap().expectations().0;
        let (more, less) = (dirichlet(a + 1.0), dirichlet(a));
        assert_near("E log π_1", more[0] - less[0], 1.0 / a - 1.0 / (a + 1.7), 1e-14 / a.min(1.0));
        assert_near("E log π_2", more[1] - less[1], -1.0 / (a + 1.7), 1e-13);
        let wishart =
            |nu: f64| WishartPrecision::new(nu, vec![2.0, 0.3, 0.3, 1.0]).unwrap().expected_ln_determinant();
        let nu = 1.0 + a;
        let step = 2.0 / nu + 2.0 / (nu - 1.0);
        assert_near("E log |Λ|", wishart(nu + 2.0) - wishart(nu), step, 1e-12 * step.max(1.0));
    }
    // Of one dimension a Wishart is a gamma.
    let wishart = WishartPrecision::new(3.0, vec![1.6]).unwrap();
    let gamma = Conjugate::<Gaussian>::expectations(&Gamma::new(1.5, 0.8).unwrap());
    assert_near("E log Λ", wishart.expected_ln_determinant(), gamma.ln, 1e-14);
    assert_near("E Λ", wishart.mean()[0], gamma.mean, 1e-14);
}

/// A Gaussian-Wishart of one column is a Gaussian-gamma.
#[test]
fn one_column_of_a_matrix_is_a_column() {
    let scalar = GaussianGamma::new(0.4, 0.7, Gamma::new(1.2, 0.9).unwrap()).unwrap();
    let matrix =
        GaussianWishart::new(vec![0.4], 0.7, WishartPrecision::new(2.4, vec![1.8]).unwrap()).unwrap();
    let (mut cells, mut rows) = (scalar.statistics(), matrix.statistics());
    for x in REAL {
        cells.add(0.6, &x);
        rows.add(0.6, &[x]);
    }
    let (a, b) = (scalar.updated(&cells).unwrap(), matrix.updated(&rows).unwrap());
    assert_near("KL", a.kl(&scalar).unwrap(), b.kl(&matrix).unwrap(), 1e-13);
    for x in [-3.0, 0.2, 5.0] {
        assert_near("log p(x)", a.log_predictive(&x), b.log_predictive(&[x]), 1e-13);
        let (of_cell, of_row) = (a.expectations().log_density(&x), b.expectations().log_density(&[x]));
        assert_near("E log p(x|θ)", of_cell, of_row, 1e-13);
    }
}

/// The marginal of a row that lacks a cell: the density of the whole, integrated over the cell by the trapezium rule; and the
/// factor of the cell is what its completion says.
#[test]
fn a_missing_cell_of_a_row_is_integrated_out() {
    let case = gaussian_wishart();
    let q = case.prior.updated(&case.statistics(|_| 1.0)).unwrap();
    let expected = q.expectations();
    let holed = [0.8, MISSING];
    let completed = expected.complete(&holed).unwrap();
    assert_eq!(completed.missing, [1]);
    assert_near("the density", completed.log_density, expected.log_density(&holed), 0.0);
    let h = 1e-3;
    let (mut total, mut mean, mut square, mut predictive) = (0.0, 0.0, 0.0, 0.0);
    for i in -400_000..400_000 {
        let y = h * f64::from(i);
        let density = h * expected.log_density(&[0.8, y]).exp();
        total += density;
        mean += density * y;
        square += density * y * y;
        predictive += h * q.log_predictive(&[0.8, y]).exp();
    }
    let (mean, square) = (mean / total, square / total);
    assert_near("∫ exp E log p", completed.log_density, total.ln(), 1e-12);
    assert_near("the mean", completed.row[1], mean, 1e-12);
    assert_near("the variance", completed.covariance[0], square - mean * mean, 1e-11);
    let entropy = 0.5 * (1.0 + f64::ln(std::f64::consts::TAU * completed.covariance[0]));
    assert_near("the entropy", completed.entropy, entropy, 1e-12);
    // Student's t has heavy tails.
    assert_near("the predictive", q.log_predictive(&holed).exp(), predictive, 1e-8);
}

/// Values far from 0: no digits are lost to their origin.
#[test]
fn moments_are_about_their_origin() {
    let (origin, x) = (1.7e9, [0.25, -1.5, 3.0, 0.0, -0.75]);
    let (mut near, mut far) = (Moments::<Square>::from_origin(0.0), Moments::<Square>::from_origin(origin));
    let (mut rows, mut far_rows) =
        (RowMoments::from_origin(&[0.0, 0.0]), RowMoments::from_origin(&[origin, -origin]));
    for (i, &x) in x.iter().enumerate() {
        let weight = 0.5 + i as f64;
        near.add(weight, &x);
        far.add(weight, &(origin + x));
        rows.add(weight, &[x, 2.0 * x]);
        far_rows.add(weight, &[origin + x, 2.0 * x - origin]);
    }
    assert_eq!((near.scatter(), near.step(1.0)), (far.scatter(), far.step(origin + 1.0)));
    assert_eq!(rows.scatter(), far_rows.scatter());
    assert_eq!(rows.step(&[1.0, 1.0]), far_rows.step(&[origin + 1.0, 1.0 - origin]));
    // Σ w (x − m)² by its definition.
    let about: f64 = x.iter().enumerate().map(|(i, x)| (0.5 + i as f64) * (x - 2.0) * (x - 2.0)).sum();
    assert_near("about 2", near.about(2.0), about, 1e-12);
}

#[test]
fn what_is_no_distribution_is_an_error() {
    let tau = Gamma::new(1.0, 1.0).unwrap();
    assert!(GaussianGamma::new(f64::NAN, 1.0, tau).is_err());
    assert!(GaussianGamma::new(0.0, 0.0, tau).is_err());
    let wishart = |nu: f64, inverse: &[f64]| WishartPrecision::new(nu, inverse.to_vec());
    assert!(
        wishart(1.0, &[1.0, 0.0, 0.0, 1.0])
            .unwrap_err()
            .to_string()
            .contains("degrees of freedom of 2 dimensions is 1, but must be > 1")
    );
    let lopsided = wishart(3.0, &[2.0, 0.5, 0.4, 1.0]).unwrap_err().to_string();
    assert!(lopsided.contains("entry (0, 1) of the inverse scale is 0.5, but must be"), "{lopsided}");
    assert!(wishart(3.0, &[1.0, 2.0, 2.0, 1.0]).is_err() && wishart(3.0, &[1.0, 0.0, 0.0]).is_err());
    assert!(wishart(3.0, &[]).is_err());
    let right = wishart(3.0, &[1.0, 0.0, 0.0, 1.0]).unwrap();
    assert!(GaussianWishart::new(vec![0.0], 1.0, right.clone()).is_err());
    assert!(GaussianWishart::new(vec![0.0; 2], f64::INFINITY, right).is_err());
}

proptest! {
    /// KL(q ‖ p) ≥ 0, and 0 of p itself.
    #[test]
    fn divergences_are_not_negative(
        m in -5.0..5.0f64,
        [beta, a, b, beta_q, a_q, b_q] in prop::array::uniform6(1e-3..1e3f64),
        off in -0.99..0.99f64,
    ) {
        let family = |m: f64, beta: f64, a: f64, b: f64| {
            let scalar = GaussianGamma::new(m, beta, Gamma::new(a, b).unwrap()).unwrap();
            let c = off * (b * a).sqrt();
            let precision = WishartPrecision::new(1.0 + a, vec![a, c, c, b]).unwrap();
            (scalar, GaussianWishart::new(vec![m, 0.0], beta, precision).unwrap())
        };
        let (p, q) = (family(0.0, beta, a, b), family(m, beta_q, a_q, b_q));
        for kl in [q.0.kl(&p.0).unwrap(), q.1.kl(&p.1).unwrap()] {
            prop_assert!(kl >= 0.0, "{kl}");
        }
        for kl in [q.0.kl(&q.0).unwrap(), q.1.kl(&q.1).unwrap()] {
            prop_assert!(kl == 0.0, "{kl}");
        }
    }
}
