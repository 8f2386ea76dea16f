//! Divergences, entropies, densities and special functions against 50-digit values computed elsewhere (mpmath).
//!
//! The rule: a relative error of at most 1e-12, but for the full Gaussians, whose covariances' condition numbers κ
//! a backward stable Cholesky factor multiplies: there D κ ε of the sum of the terms' sizes.
//!
//! The data lie in the folder named by `ELBO_DATA`; without them these tests skip, and say so.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use elbo::{
    Error,
    distribution::{
        Bernoulli, Beta, Cholesky, DiagonalGaussian, Dirichlet, Entropy, FullGaussian, Gamma, InverseGamma,
        Laplace, LogDensity, NegativeBinomial, StudentT, ZeroInflatedNegativeBinomial,
        bernoulli::continuous_log_normaliser, logistic::discretised_log_density, von_mises,
    },
    divergence::{KullbackLeibler, Renyi},
    special,
};
use faer::Mat;
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

fn reference() -> Option<Value> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("ELBO_DATA").map_or_else(|| default.into(), PathBuf::from);
    let path = folder.join("reference/divergences_A.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past the test harness, which would hide a line printed by a test that passes.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "SKIPPED: no {} (set ELBO_DATA)", path.display()).unwrap();
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// A number, or one of 50 digits in a string.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|v| if v.is_array() { numbers(v) } else { vec![number(v)] })
        .collect()
}

/// The worst relative error of each family; an error where the value is 0 counts absolutely.
#[derive(Default)]
struct Worst(BTreeMap<String, (usize, f64)>);

impl Worst {
    fn check(&mut self, family: &str, got: f64, expected: f64, tolerance: f64) {
        let scale = if expected == 0.0 { 1.0 } else { expected.abs() };
        let error = (got - expected).abs() / scale;
        assert!(
            error <= tolerance,
            "{family}: {got} for {expected}, relative error {error:e} > {tolerance:e}"
        );
        let (count, worst) = self.0.entry(family.into()).or_default();
        *count += 1;
        *worst = worst.max(error);
    }

    #[allow(clippy::print_stdout, reason = "the figures reached are worth reading with --nocapture")]
    fn report(&self) {
        for (family, (count, worst)) in &self.0 {
            println!("{family}: {count} values, worst relative error {worst:.1e}");
        }
    }
}

#[test]
fn gaussians_agree_with_the_reference() {
    let Some(all) = reference() else { return };
    let mut worst = Worst::default();
    for case in all["gaussians"].as_array().unwrap() {
        let n = case["D"].as_u64().unwrap() as usize;
        let [q, p] = [("m1", "S1"), ("m2", "S2")].map(|(mean, covariance)| {
            let factor = Cholesky::of(&numbers(&case[covariance]), n).unwrap();
            FullGaussian::new(numbers(&case[mean]), factor).unwrap()
        });
        let condition = ["S1", "S2"].map(|name| {
            let flat = numbers(&case[name]);
            let values = Mat::from_fn(n, n, |i, j| flat[i * n + j]).singular_values().unwrap();
            values[0] / values[n - 1]
        });
        let tolerance = (n as f64 * condition[0].max(condition[1]) * f64::EPSILON).max(TOLERANCE);
        let name = |what: &str| format!("{what}, D = {n}, scale {}", case["cond_scale"]);
        let mut check = |what: &str, got: f64, key: &str, tolerance: f64| {
            worst.check(&name(what), got, number(&case[key]), tolerance);
        };
        check("KL", q.kl(&p).unwrap(), "kl_1_2", tolerance);
        check("Rényi ½", q.renyi(&p, 0.5).unwrap(), "renyi_half_1_2", tolerance);
        check("Bhattacharyya", q.bhattacharyya(&p).unwrap(), "bhattacharyya", tolerance);
        check("entropy", q.entropy(), "entropy_1", tolerance);
        let variance = numbers(&case["S1"]).into_iter().step_by(n + 1).map(f64::sqrt).collect();
        let diagonal = DiagonalGaussian::new(numbers(&case["m1"]), variance).unwrap();
        let standard = DiagonalGaussian::new(vec![0.0; n], vec![1.0; n]).unwrap();
        check(
            "KL diagonal to standard",
            diagonal.kl(&standard).unwrap(),
            "kl_diag1_to_std_normal",
            TOLERANCE,
        );
    }
    worst.report();
}

fn logit(p: f64) -> f64 {
    // Near ½ the quotient is near 1, and its logarithm exact by log1p.
    if (0.25..0.75).contains(&p) { ((2.0 * p - 1.0) / (1.0 - p)).ln_1p() } else { (p / (1.0 - p)).ln() }
}

#[test]
fn distributions_agree_with_the_reference() -> Result<(), Error> {
    let Some(all) = reference() else { return Ok(()) };
    let mut worst = Worst::default();
    let cases = all["distributions"].as_array().unwrap();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let family = name.split([' ', '(']).next().unwrap();
        let v = numbers(&case["params"]);
        let mut check = |what: &str, got: f64, key: &str| {
            worst.check(&format!("{family} {what}"), got, number(&case[key]), TOLERANCE);
        };
        match family {
            "gamma" => {
                let (q, p) = (Gamma::new(v[0], v[1])?, Gamma::new(v[2], v[3])?);
                check("KL", q.kl(&p)?, "kl");
                check("entropy", q.entropy(), "entropy");
                // The divergence does not see the bijection 1/x.
                check("KL of 1/x", InverseGamma::new(v[0], v[1])?.kl(&InverseGamma::new(v[2], v[3])?)?, "kl");
            }
            "beta" => check("KL", Beta::new(v[0], v[1])?.kl(&Beta::new(v[2], v[3])?)?, "kl"),
            "dirichlet" => {
                let (q, p) = v.split_at(v.len() / 2);
                check("KL", Dirichlet::new(q.to_vec())?.kl(&Dirichlet::new(p.to_vec())?)?, "kl");
            }
            "bernoulli" => {
                check("KL", Bernoulli::new(logit(v[0]))?.kl(&Bernoulli::new(logit(v[1]))?)?, "kl");
            }
            "negative_binomial" => {
                check("log pmf", NegativeBinomial::new(v[1], v[2])?.log_density(&(v[0] as u64)), "logpmf");
            }
            "zinb" => {
                let p = ZeroInflatedNegativeBinomial::new(v[3], NegativeBinomial::new(v[1], v[2])?)?;
                check("log pmf", p.log_density(&0), "at0");
                check("log pmf", p.log_density(&(v[0] as u64)), "at_x");
            }
            "student_t" => {
                check("log pdf", StudentT::new(v[1], v[2], v[3])?.log_density(&v[0]), "logpdf");
            }
            // The reference lost all but 9 digits of this difference of probabilities, 1e-55 with 60 working
            // digits; with 200 it is this.
            "discretised" if v[0] == 198.0 => {
                let got = discretised_log_density(198, v[1], v[2])?;
                worst.check("discretised logistic log pmf", got, -127.175_974_143_383_48, TOLERANCE);
            }
            "discretised" => {
                check("logistic log pmf", discretised_log_density(v[0] as u8, v[1], v[2])?, "logpmf");
            }
            "von_mises" => check("log normaliser", von_mises::log_normaliser(v[0])?, "value"),
            "laplace" => check("KL", Laplace::new(v[0], v[1])?.kl(&Laplace::new(v[2], v[3])?)?, "kl"),
            "continuous_bernoulli" => {
                check("log normaliser", continuous_log_normaliser(logit(v[0])), "value");
            }
            "lgamma/digamma/trigamma" => {
                check("ln Γ", special::ln_gamma(v[0]), "lgamma");
                check("ψ′", special::trigamma(v[0]), "trigamma");
                // At ψ's root one unit of its terms' last place: relative accuracy there would need x − x₀ to
                // more digits than x has.
                let expected = number(&case["digamma"]);
                let got = special::digamma(v[0]);
                let (got, expected) =
                    if expected.abs() < 1e-3 { (got - expected, 0.0) } else { (got, expected) };
                worst.check("ψ", got, expected, TOLERANCE);
            }
            "softplus," => {
                // The reference gives 0 for e^−800, which is below 1e-347.
                check("softplus", special::softplus(v[0]), "softplus");
                check("log S", special::ln_logistic(v[0]), "log_sigmoid");
            }
            "log" => check("Φ", special::ln_normal_cdf(v[0]), "value"),
            other => panic!("{other} is not tested"),
        }
    }
    assert_eq!(cases.len(), 75);
    worst.report();
    Ok(())
}
