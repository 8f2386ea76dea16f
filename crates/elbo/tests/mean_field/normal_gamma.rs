//! μ and τ of a Gaussian sample.

use elbo::distribution::{LogDensity, StudentT};
use elbo::mean_field::{
    Ascent, MeanField, ascend,
    normal_gamma::{Fit, Posterior, Prior},
};
use serde_json::json;

use crate::{known_trace, number, numbers, reference, to_convergence};

#[test]
fn the_known_trace() {
    let (y, expected) = known_trace();
    let mut fit = Fit::new(&y, Prior::default()).unwrap();
    let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 4 }, |_, _| {}).unwrap();
    let bounds: Vec<f64> = record.bounds.iter().map(elbo::terms::Bound::value).collect();
    for (got, expected) in bounds.iter().zip(expected) {
        assert!((got - expected).abs() < 5e-6, "{bounds:?}");
    }
}

/// The Normal-Gamma prior: the fixed point, its bound, and the exact evidence above it.
#[test]
fn the_fixed_point_of_the_conjugate_prior() {
    let Some(file) = reference("small_exact_A.json") else { return };
    let case = &file["normal_gamma_cavi"][0];
    let prior = Prior {
        mean: number(&case["m0"]),
        precision: number(&case["l0"]),
        scaled: true,
        shape: number(&case["a0"]),
        rate: number(&case["b0"]),
    };
    let x = numbers(&case["x"]);
    let mut fit = Fit::new(&x, prior).unwrap();
    // Parameters are known to the root of what the bound is: sweeps go on until they stand still.
    for _ in 0..200 {
        (0..2).for_each(|factor| fit.update(factor).unwrap());
    }
    let bound = fit.bound().value();
    let (q, expected) = (fit.posterior(), &case["cavi"]);
    for (got, name) in
        [(q.mean, "mu_mean"), (q.precision, "mu_precision"), (q.shape, "a"), (q.rate, "b"), (bound, "elbo")]
    {
        let expected = number(&expected[name]);
        assert!((got - expected).abs() < 1e-12 * expected.abs(), "{name}: {got} {expected}");
    }
    assert!(bound < number(&case["exact_log_evidence"]));
}

/// A missing value says nothing; a sample of none leaves the prior.
#[test]
fn missing_values_are_left_out() {
    let prior = Prior { mean: 1.0, precision: 0.3, scaled: true, shape: 2.0, rate: 3.0 };
    let fitted = |x: &[f64]| {
        let mut fit = Fit::new(x, prior).unwrap();
        (to_convergence(&mut fit).last(), *fit.posterior())
    };
    assert_eq!(fitted(&[2.0, f64::NAN, 3.5]), fitted(&[2.0, 3.5]));
    assert!(fitted(&[f64::NAN]).0.abs() < 0.2, "log p of nothing is 0, less the gap of the factorised prior");
    let wrong = Fit::new(&[1.0, f64::INFINITY], prior).unwrap_err();
    assert!(wrong.to_string().contains("inf"));
    assert!(Fit::new(&[1.0], Prior { precision: -1.0, ..prior }).is_err());
}

#[test]
fn a_posterior_that_is_none_is_not_read() {
    let right = json!({ "mean": 1.0, "precision": 2.0, "shape": 3.0, "rate": 4.0 });
    let q = Posterior { mean: 1.0, precision: 2.0, shape: 3.0, rate: 4.0 };
    assert_eq!(serde_json::from_value::<Posterior>(right.clone()).unwrap(), q);
    assert_eq!(serde_json::to_value(q).unwrap(), right);
    for field in ["precision", "shape", "rate"] {
        let mut wrong = right.clone();
        wrong[field] = json!(-1.0);
        let error = serde_json::from_value::<Posterior>(wrong).unwrap_err().to_string();
        assert!(error.contains("is -1, but must be > 0 and finite"), "{error}");
    }
}

/// The density of a new value is the integral of N(x; μ, 1/τ) over q(μ) and q(τ): Student's t where μ is known, and by a sum over
/// quantiles of both in general; far out too.
#[test]
fn the_predictive_integrates_both_factors() {
    let posterior = |precision: f64, shape: f64, rate: f64| -> Posterior {
        let json = json!({"mean": 1.5, "precision": precision, "shape": shape, "rate": rate});
        serde_json::from_value(json).unwrap()
    };
    for (shape, rate) in [(0.5, 0.3), (3.0, 9.0), (80.0, 40.0), (1e5, 2e5)] {
        let t = StudentT::new(2.0 * shape, 1.5, (rate / shape).sqrt()).unwrap();
        let x: Vec<f64> =
            [0.0, 0.5, 3.0, 30.0, 1e4].iter().map(|u| 1.5 + u * (rate / shape).sqrt()).collect();
        for (got, x) in posterior(1e30, shape, rate).log_predictive(&x).into_iter().zip(x) {
            let expected = t.log_density(&x);
            assert!(
                (got - expected).abs() < 1e-8 * expected.abs().max(1.0),
                "{shape} {x}: {got} for {expected}"
            );
        }
    }
    // A density, whatever the factors.
    for (precision, shape, rate) in [(0.4, 1.2, 3.0), (5.0, 6.0, 2.0), (1e-3, 40.0, 40.0)] {
        let n = 20_000;
        let at = |i: i32| (std::f64::consts::PI * ((f64::from(i) + 0.5) / f64::from(n) - 0.5)).tan();
        let x: Vec<f64> = (0..n).map(at).collect();
        let values = posterior(precision, shape, rate).log_predictive(&x);
        let step = std::f64::consts::PI / f64::from(n);
        let total: f64 = values.iter().zip(&x).map(|(l, x)| l.exp() * (1.0 + x * x) * step).sum();
        assert!((total - 1.0).abs() < 1e-4, "{precision} {shape} {rate}: {total}");
        // Its variance is the mean of 1/τ and the variance of μ, where there is one.
        let of = |f: &dyn Fn(f64) -> f64| -> f64 {
            values.iter().zip(&x).map(|(l, x)| f(*x) * l.exp() * (1.0 + x * x) * step).sum()
        };
        if shape > 5.0 {
            let variance = of(&|x| (x - 1.5).powi(2));
            let expected = rate / (shape - 1.0) + 1.0 / precision;
            assert!((variance / expected - 1.0).abs() < 1e-3, "{precision}: {variance} for {expected}");
        }
    }
}
