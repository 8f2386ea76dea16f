//! One factor, conjugate: the bound is the exact log evidence after one sweep.

use std::f64::consts::{PI, TAU};

use elbo::{
    Error,
    distribution::{Beta, Cholesky, Dirichlet, FullGaussian, LogDensity, Moments, Wishart},
    mean_field::{
        Ascent, MeanField, ascend,
        graph::{
            Conditional, Graph, Space, Variable, bernoulli, beta, categorical, dirichlet, dot, gamma,
            gaussian, gaussian_given, gaussian_vector, gaussian_wishart, poisson, wishart,
        },
    },
    special::{ln_beta, ln_gamma, ln_multivariate_gamma},
};

use crate::{assert_near, number, numbers, reference, to_convergence};

/// The bound after one sweep over a parameter and its observed children, and the graph.
fn one_factor<P: Space, X: Space>(
    prior: Conditional<P>,
    child: impl FnOnce(Variable<P>) -> Conditional<X>,
    rows: usize,
    x: &[f64],
) -> (f64, Graph, Variable<P>) {
    let mut model = Graph::new();
    let plate = model.plate("rows", rows).unwrap();
    let parameter = model.add("θ", &[], prior).unwrap();
    let data = model.add("x", &[plate], child(parameter)).unwrap();
    model.observe(data, x).unwrap();
    let record = ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 1 }, |_, _| {}).unwrap();
    (record.last(), model, parameter)
}

#[test]
fn poisson_of_gamma() {
    let x = [3.0, 0.0, 7.0, f64::NAN, 2.0];
    let (bound, model, rate) = one_factor(gamma(2.5, 0.7), poisson, 5, &x);
    let constants: f64 = [3.0, 0.0, 7.0, 2.0].iter().map(|x| ln_gamma(x + 1.0)).sum();
    let evidence = 2.5 * f64::ln(0.7) - ln_gamma(2.5) + ln_gamma(14.5) - 14.5 * f64::ln(4.7) - constants;
    assert_near("evidence", bound, evidence, 1e-12);
    let q = model.factor(rate, 0).unwrap();
    assert_eq!((q.shape(), q.rate()), (14.5, 4.7));
    // The prior's share of the bound belongs to no row.
    assert!(model.bound().kl == 0.0 && model.bound().global < 0.0);
}

#[test]
fn bernoulli_of_beta() {
    let x = [1.0, 0.0, 1.0, 1.0];
    let (bound, model, p) = one_factor(beta(0.3, 2.0), bernoulli, 4, &x);
    assert_near("evidence", bound, ln_beta(3.3, 3.0) - ln_beta(0.3, 2.0), 1e-12);
    let q = model.factor(p, 0).unwrap();
    assert_eq!((q.a(), q.b()), (3.3, 3.0));
}

#[test]
fn categorical_of_dirichlet() {
    let x = [2.0, 0.0, 2.0, 2.0, 1.0, 2.0];
    let (bound, model, shares) = one_factor(dirichlet(&[0.5, 1.0, 3.0]), categorical, 6, &x);
    let terms: f64 =
        [(0.5, 1.0), (1.0, 1.0), (3.0, 4.0)].map(|(a, n)| ln_gamma(a + n) - ln_gamma(a)).iter().sum();
    assert_near("evidence", bound, terms + ln_gamma(4.5) - ln_gamma(10.5), 1e-12);
    assert_eq!(model.factor(shares, 0).unwrap().concentration(), [1.5, 2.0, 7.0]);
}

#[test]
fn gamma_of_gamma() {
    let (x, shape) = ([0.4f64, 2.0, 1.1], 1.7);
    let (bound, ..) = one_factor(gamma(0.9, 3.0), |rate| gamma(shape, rate), 3, &x);
    let of_rows: f64 = x.iter().map(|x| (shape - 1.0) * x.ln() - ln_gamma(shape)).sum();
    let total = 0.9 + 3.0 * shape;
    let evidence = 0.9 * 3f64.ln() - ln_gamma(0.9) + ln_gamma(total) - total * f64::ln(3.0 + 3.5) + of_rows;
    assert_near("evidence", bound, evidence, 1e-12);
}

/// log p of vectors with a known mean and a Wishart precision: Γ_D((ν + N)/2)/Γ_D(ν/2) π^(−ND/2) |V⁻¹|^(ν/2) / |V⁻¹ + S|^((ν+N)/2).
#[test]
fn gaussian_of_wishart() {
    let x = [1.0, 2.0, -0.5, 0.3, 2.2, 1.9];
    let (mean, inverse, freedom) = ([0.5, 1.0], [2.0, 0.3, 0.3, 1.0], 3.5);
    let child = |precision| gaussian_vector(mean, precision);
    let (bound, model, precision) = one_factor(wishart(freedom, &inverse), child, 3, &x);
    let mut total = inverse.to_vec();
    for row in x.chunks(2) {
        for k in 0..4 {
            total[k] += (row[k / 2] - mean[k / 2]) * (row[k % 2] - mean[k % 2]);
        }
    }
    let determinant = |matrix: &[f64]| Cholesky::of(matrix, 2).unwrap().ln_determinant();
    let (before, after) = (0.5 * freedom, 0.5 * (freedom + 3.0));
    let evidence = ln_multivariate_gamma(2, after) - ln_multivariate_gamma(2, before) - 3.0 * PI.ln()
        + before * determinant(&inverse)
        - after * determinant(&total);
    assert_near("evidence", bound, evidence, 1e-12);
    assert_eq!(model.factor(precision, 0).unwrap().freedom(), 6.5);
}

/// The Normal-Gamma: a Gaussian-Wishart of one dimension, of which q is the exact posterior.
#[test]
fn gaussian_of_gaussian_wishart() {
    let Some(file) = reference("small_exact_A.json") else { return };
    let case = &file["normal_gamma_cavi"][0];
    let [m, l, a, b] = ["m0", "l0", "a0", "b0"].map(|name| number(&case[name]));
    let x = numbers(&case["x"]);
    let prior = gaussian_wishart(&[m], l, 2.0 * a, &[2.0 * b]);
    let (bound, model, parameters) = one_factor(prior, gaussian_given, x.len(), &x);
    assert_near("evidence", bound, number(&case["exact_log_evidence"]), 1e-11);
    let (q, exact) = (model.factor(parameters, 0).unwrap(), &case["exact_posterior"]);
    assert_near("m", q.location.mean[0], number(&exact["m"]), 1e-12);
    assert_near("l", q.location.strength, number(&exact["l"]), 1e-12);
    assert_near("a", 0.5 * q.precision.freedom(), number(&exact["a"]), 1e-12);
    assert_near("b", 0.5 * q.precision.inverse_scale()[0], number(&exact["b"]), 1e-11);
}

/// Regression with known noise: of one vector w the bound is the evidence, of separate w_j the best mean-field bound.
#[test]
fn regression() -> Result<(), Error> {
    let Some(file) = reference("bayes_linreg_A.json") else { return Ok(()) };
    for case in file["cases"].as_array().unwrap().iter().filter(|case| case.get("X").is_some()) {
        let (sigma, sd) = (number(&case["sigma"]), number(&case["prior_sd"]));
        let (x, y) = (numbers(&case["X"]), numbers(&case["y"]));
        let (noise, prior, d) = (sigma.powi(-2), sd.powi(-2), x.len() / y.len());

        let mut whole = Graph::new();
        let rows = whole.plate("rows", y.len())?;
        let w = whole.add("w", &[], gaussian_vector(vec![0.0; d], prior))?;
        let regressors = whole.known(&[rows], &x)?;
        let target = whole.add("y", &[rows], gaussian(dot(w, regressors), noise))?;
        whole.observe(target, &y)?;
        let evidence = number(&case["log_evidence"]);
        assert_near("evidence", to_convergence(&mut whole).last(), evidence, 1e-9 * evidence.abs());
        for (got, expected) in whole.factor(w, 0)?.location().iter().zip(numbers(&case["posterior_mean"])) {
            assert_near("mean", *got, expected, 1e-10);
        }

        let mut apart = Graph::new();
        let rows = apart.plate("rows", y.len())?;
        let mut terms = Vec::new();
        for j in 0..d {
            let column: Vec<f64> = x.iter().skip(j).step_by(d).copied().collect();
            terms.push((
                apart.add(&format!("w{j}"), &[], gaussian(0.0, prior))?,
                apart.known(&[rows], &column)?,
            ));
        }
        let mean = terms[1..].iter().fold(dot(terms[0].0, terms[0].1), |sum, &(w, x)| sum.plus(w, x));
        let target = apart.add("y", &[rows], gaussian(mean, noise))?;
        apart.observe(target, &y)?;
        let best = number(&case["meanfield_best_elbo"]);
        assert_near("ELBO", to_convergence(&mut apart).last(), best, 1e-9 * best.abs());
        let sds = numbers(&case["meanfield_optimum_sd"]);
        for (&(w, _), sd) in terms.iter().zip(&sds) {
            assert_near("sd", apart.factor(w, 0)?.sigma(), *sd, 1e-10);
        }
    }
    Ok(())
}

/// A latent between a constant and data: x ~ N(0, 1), y ~ N(x, 1/4); and a missing value inferred.
#[test]
fn imputed_values_have_factors() -> Result<(), Error> {
    let mut model = Graph::new();
    let rows = model.plate("rows", 2)?;
    let x = model.add("x", &[rows], gaussian(0.0, 1.0))?;
    let y = model.add("y", &[rows], gaussian(x, 4.0))?;
    model.impute(x, &[f64::NAN, 0.3])?;
    model.observe(y, &[1.5, 0.2])?;
    let bound = to_convergence(&mut model).last();
    let ln_normal = |x: f64, variance: f64| -0.5 * (x * x / variance + (TAU * variance).ln());
    let evidence = ln_normal(1.5, 1.25) + ln_normal(0.3, 1.0) + ln_normal(0.1, 0.25);
    assert_near("evidence", bound, evidence, 1e-13);
    let q = model.factor(x, 0)?;
    assert_near("mean", q.location(), 1.2, 1e-15);
    assert_near("sd", q.sigma(), 0.2f64.sqrt(), 1e-15);
    assert!(model.factor(x, 1).is_err(), "an observed value has no factor");
    // The inferred value belongs to a row.
    assert!(model.bound().kl > 0.0 && model.bound().global == 0.0);
    Ok(())
}

/// What nobody observes is the predictive distribution, at no cost.
#[test]
fn an_unobserved_leaf_predicts() -> Result<(), Error> {
    let mut model = Graph::new();
    let rate = model.add("λ", &[], gamma(3.0, 2.0))?;
    let weights = model.add("π", &[], dirichlet(&[1.0, 2.0]))?;
    let count = model.add("n", &[], poisson(rate))?;
    let class = model.add("c", &[], categorical([0.2, 0.8]))?;
    let vector = model.add("v", &[], gaussian_vector([1.0, 2.0], [2.0, 1.0, 1.0, 3.0]))?;
    let shares = model.add("d", &[], categorical(weights))?;
    let bound = to_convergence(&mut model).last();
    assert!(bound < 0.0 && bound > -1.0, "{bound}: only the uncertainty of λ and π costs");
    let expected =
        (elbo::special::digamma(model.factor(rate, 0)?.shape()) - model.factor(rate, 0)?.rate().ln()).exp();
    assert_near("rate", model.factor(count, 0)?.rate(), expected, 1e-6);
    assert_near("class", model.factor(class, 0)?.probabilities().next().unwrap(), 0.2, 1e-15);
    assert_near("mean", model.factor(vector, 0)?.location()[1], 2.0, 1e-15);
    assert!(model.factor(shares, 0)?.probabilities().next().unwrap() < 0.5);
    assert_near("E[π]", model.factor(weights, 0)?.mean().unwrap().iter().sum(), 1.0, 1e-15);
    Ok(())
}

/// Parameters that are observed: the bound is their log density.
#[test]
fn observed_parameters_have_their_density() -> Result<(), Error> {
    fn of<S: Space>(conditional: Conditional<S>, value: &[f64]) -> Result<f64, Error> {
        let mut model = Graph::new();
        let variable = model.add("x", &[], conditional)?;
        model.observe(variable, value)?;
        assert!(model.factors().is_empty());
        Ok(model.bound().log_likelihood)
    }
    let (inverse, precision) = ([2.0, 0.3, 0.3, 1.0], [1.5, -0.4, -0.4, 0.8]);
    let factor = |matrix: &[f64]| Cholesky::of(matrix, 2);
    let exact_wishart = Wishart::new(3.5, factor(&factor(&inverse)?.inverse())?)?.log_density(&precision);
    assert_near("Wishart", of(wishart(3.5, &inverse), &precision)?, exact_wishart, 1e-13);
    let scaled = precision.map(|l| 0.7 * l);
    let mean = FullGaussian::new(vec![0.2, -0.1], factor(&factor(&scaled)?.inverse())?)?;
    let expected = exact_wishart + mean.log_density(&[1.0, 2.0]);
    let joint = gaussian_wishart(&[0.2, -0.1], 0.7, 3.5, &inverse);
    assert_near("both", of(joint, &[1.0, 2.0, 1.5, -0.4, -0.4, 0.8])?, expected, 1e-13);
    let shares = [0.2, 0.5, 0.3];
    let expected = Dirichlet::new(vec![0.5, 2.0, 3.0])?.log_density(&shares);
    assert_near("Dirichlet", of(dirichlet(&[0.5, 2.0, 3.0]), &shares)?, expected, 1e-14);
    assert_near("beta", of(beta(0.5, 2.0), &[0.2])?, Beta::new(0.5, 2.0)?.log_density(&0.2), 1e-14);
    Ok(())
}
