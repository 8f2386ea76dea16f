//! Divergences: never negative, 0 at q = p and exact near it, equal to sums, to Monte Carlo, and to one another
//! where families meet. The reference's values are in `reference.rs`.

use std::borrow::Borrow;

use elbo::{
    Error,
    distribution::{
        Bernoulli, Beta, Binomial, Categorical, Cholesky, DiagonalGaussian, Dirichlet, FullGaussian, Gamma,
        Gaussian, InverseGamma, Laplace, LogDensity, LogNormal, LowRankGaussian, Poisson, Sample, StudentT,
        Wishart,
    },
    divergence::{KullbackLeibler, Renyi, monte_carlo},
    random::Key,
    special::trigamma,
};
use proptest::prelude::*;

/// 20,000 draws, |z| < 4: a false-alarm rate of 6e-5 each, seeded.
fn assert_monte_carlo<Q, X: ?Sized>(what: &str, q: &Q, p: &Q)
where
    Q: Sample<Value: Borrow<X>> + LogDensity<X> + KullbackLeibler,
{
    let (exact, estimate) = (q.kl(p).unwrap(), monte_carlo(q, p, Key::new(21), 20_000));
    let z = (estimate.value - exact) / estimate.standard_error;
    assert!(z.abs() < 4.0, "{what}: {estimate:?} for {exact}, z = {z}");
}

fn diagonal(mean: [f64; 3], sigma: [f64; 3]) -> DiagonalGaussian {
    DiagonalGaussian::new(mean.to_vec(), sigma.to_vec()).unwrap()
}

fn low_ranks() -> [LowRankGaussian; 2] {
    let q = diagonal([0.0, 1.0, 2.0], [1.0, 0.5, 0.3]);
    let p = diagonal([0.2, 0.7, 2.0], [0.8, 0.6, 0.5]);
    [
        LowRankGaussian::new(q, vec![0.5, 0.1, -0.4, 0.3, 0.2, 0.2], 2).unwrap(),
        LowRankGaussian::new(p, vec![0.3, -0.2, 0.6], 1).unwrap(),
    ]
}

/// The full Gaussian of the same mean and covariance.
fn as_full(mean: &[f64], sigma: &[f64], weights: &[f64], rank: usize) -> FullGaussian {
    let n = mean.len();
    let entry = |i: usize, j: usize| {
        let shared: f64 = (0..rank).map(|r| weights[i * rank + r] * weights[j * rank + r]).sum();
        shared + if i == j { sigma[i] * sigma[i] } else { 0.0 }
    };
    let covariance: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n)).collect();
    FullGaussian::new(mean.to_vec(), Cholesky::of(&covariance, n).unwrap()).unwrap()
}

fn fulls() -> [FullGaussian; 2] {
    [
        as_full(&[0.0, 1.0, 2.0], &[1.0, 0.5, 0.3], &[0.5, 0.1, -0.4, 0.3, 0.2, 0.2], 2),
        as_full(&[0.2, 0.7, 2.0], &[0.8, 0.6, 0.5], &[0.3, -0.2, 0.6], 1),
    ]
}

fn wisharts() -> [Wishart; 2] {
    [
        Wishart::new(5.5, Cholesky::of(&[1.0, 0.3, 0.3, 0.5], 2).unwrap()).unwrap(),
        Wishart::new(4.2, Cholesky::of(&[1.2, 0.1, 0.1, 0.6], 2).unwrap()).unwrap(),
    ]
}

#[test]
fn closed_forms_agree_with_monte_carlo() -> Result<(), Error> {
    assert_monte_carlo("gaussian", &Gaussian::new(0.0, 1.0)?, &Gaussian::new(0.5, 1.3)?);
    assert_monte_carlo("log-normal", &LogNormal::new(0.0, 1.0)?, &LogNormal::new(0.5, 1.3)?);
    assert_monte_carlo("laplace", &Laplace::new(0.0, 1.0)?, &Laplace::new(0.5, 1.3)?);
    assert_monte_carlo("gamma", &Gamma::new(0.7, 1.0)?, &Gamma::new(1.5, 1.3)?);
    assert_monte_carlo("inverse gamma", &InverseGamma::new(2.7, 1.0)?, &InverseGamma::new(1.5, 1.3)?);
    assert_monte_carlo("beta", &Beta::new(0.7, 1.0)?, &Beta::new(1.5, 1.3)?);
    assert_monte_carlo("bernoulli", &Bernoulli::new(0.7)?, &Bernoulli::new(-1.5)?);
    assert_monte_carlo("binomial", &Binomial::new(40, 0.7)?, &Binomial::new(40, 0.4)?);
    assert_monte_carlo("poisson", &Poisson::new(70.0)?, &Poisson::new(75.0)?);
    let logits = [vec![0.3, -1.0, 0.0], vec![0.0, 0.2, 0.4]].map(Categorical::new);
    let [q, p] = logits;
    assert_monte_carlo("categorical", &q?, &p?);
    let (q, p) = (Dirichlet::new(vec![0.7, 2.0, 3.0])?, Dirichlet::new(vec![1.0, 1.5, 3.5])?);
    assert_monte_carlo::<_, [f64]>("dirichlet", &q, &p);
    let (q, p) = (diagonal([0.0, 1.0, 2.0], [1.0, 0.5, 0.3]), diagonal([0.2, 0.7, 2.0], [0.8, 0.6, 0.5]));
    assert_monte_carlo::<_, [f64]>("diagonal", &q, &p);
    let [q, p] = fulls();
    assert_monte_carlo::<_, [f64]>("full", &q, &p);
    let [q, p] = low_ranks();
    assert_monte_carlo::<_, [f64]>("low rank", &q, &p);
    let [q, p] = wisharts();
    assert_monte_carlo::<_, [f64]>("wishart", &q, &p);
    Ok(())
}

/// A pair of two families, against quadrature: KL(t_5 ‖ N(0, 2²)).
#[test]
fn monte_carlo_serves_any_pair() -> Result<(), Error> {
    let (q, p) = (StudentT::new(5.0, 0.0, 1.0)?, Gaussian::new(0.0, 2.0)?);
    let h = 0.01;
    let term = |i: i32| {
        let x = f64::sinh(h * f64::from(i));
        let log_q = q.log_density(&x);
        h * f64::cosh(h * f64::from(i)) * log_q.exp() * (log_q - p.log_density(&x))
    };
    let exact: f64 = (-2000..=2000).map(term).sum();
    let estimate = monte_carlo(&q, &p, Key::new(4), 20_000);
    assert!((estimate.value - exact).abs() < 4.0 * estimate.standard_error, "{estimate:?} for {exact}");
    Ok(())
}

fn assert_near(what: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * expected.abs(), "{what}: {got} for {expected}");
}

/// Σ q (log q − log p).
fn sum(q: &impl LogDensity<u64>, p: &impl LogDensity<u64>, outcomes: u64) -> f64 {
    (0..outcomes).map(|x| q.log_density(&x).exp() * (q.log_density(&x) - p.log_density(&x))).sum()
}

#[test]
fn discrete_divergences_are_their_sums() -> Result<(), Error> {
    let (q, p) = (Binomial::new(20, 0.3)?, Binomial::new(20, -1.2)?);
    assert_near("binomial", q.kl(&p)?, sum(&q, &p, 21), 1e-13);
    assert_eq!(Binomial::new(21, 0.0)?.kl(&p)?, f64::INFINITY);
    assert!(Binomial::new(19, 0.0)?.kl(&p).is_err());
    let (q, p) = (Poisson::new(3.0)?, Poisson::new(11.0)?);
    assert_near("poisson", q.kl(&p)?, sum(&q, &p, 100), 1e-13);
    // One class among two is a Bernoulli, whatever the logits' constant.
    for (q, p) in [(0.4, -1.3), (3.0, 3.5), (-50.0, 20.0), (1e4, -1e4), (40.0, 41.0)] {
        let bernoulli = Bernoulli::new(q)?.kl(&Bernoulli::new(p)?)?;
        let classes = Categorical::new(vec![7.0, q + 7.0])?.kl(&Categorical::new(vec![-2.0, p - 2.0])?)?;
        assert_near("categorical", classes, bernoulli, 1e-12);
    }
    Ok(())
}

#[test]
fn families_agree_where_they_meet() -> Result<(), Error> {
    let [q, p] = fulls();
    let [low_q, low_p] = low_ranks();
    assert_near("low rank", low_q.kl(&low_p)?, q.kl(&p)?, 1e-13);
    assert_near("low rank", low_p.kl(&low_q)?, p.kl(&q)?, 1e-13);
    let (q, p) = (diagonal([0.0, 1.0, 2.0], [1.0, 0.5, 0.3]), diagonal([0.2, 0.7, 2.0], [0.8, 0.6, 0.5]));
    let (full_q, full_p) = (FullGaussian::from(&q), FullGaussian::from(&p));
    assert_near("diagonal", full_q.kl(&full_p)?, q.kl(&p)?, 1e-15);
    for alpha in [0.3, 0.5, 0.999, 1.7] {
        assert_near("rényi", full_q.renyi(&full_p, alpha)?, q.renyi(&p, alpha)?, 1e-14);
    }
    let (q, p) = (Beta::new(0.4, 3.0)?, Beta::new(2.0, 5.0)?);
    let (wide_q, wide_p) = (Dirichlet::new(vec![0.4, 3.0])?, Dirichlet::new(vec![2.0, 5.0])?);
    assert_eq!(q.kl(&p)?, wide_q.kl(&wide_p)?);
    // Wishart(ν, V) of one dimension is Gamma(ν/2, 1/(2V)).
    let wishart = |nu, v: f64| Wishart::new(nu, Cholesky::of(&[v], 1)?);
    let (q, p) = (wishart(3.0, 0.7)?, wishart(2.0, 1.9)?);
    let (gamma_q, gamma_p) = (Gamma::new(1.5, 0.5 / 0.7)?, Gamma::new(1.0, 0.5 / 1.9)?);
    assert_near("wishart", q.kl(&p)?, gamma_q.kl(&gamma_p)?, 1e-14);
    assert!(fulls()[0].kl(&FullGaussian::from(&DiagonalGaussian::new(vec![0.0], vec![1.0])?)).is_err());
    Ok(())
}

/// KL(q‖q) is exactly 0 (low rank: to the rounding of its traces).
#[test]
fn nothing_diverges_from_itself() -> Result<(), Error> {
    let zeros = [
        Gaussian::new(0.3, 0.7)?.kl(&Gaussian::new(0.3, 0.7)?)?,
        LogNormal::new(0.3, 0.7)?.kl(&LogNormal::new(0.3, 0.7)?)?,
        Laplace::new(0.3, 0.7)?.kl(&Laplace::new(0.3, 0.7)?)?,
        Gamma::new(0.3, 0.7)?.kl(&Gamma::new(0.3, 0.7)?)?,
        InverseGamma::new(0.3, 0.7)?.kl(&InverseGamma::new(0.3, 0.7)?)?,
        Beta::new(0.3, 0.7)?.kl(&Beta::new(0.3, 0.7)?)?,
        Bernoulli::new(0.3)?.kl(&Bernoulli::new(0.3)?)?,
        Binomial::new(7, 0.3)?.kl(&Binomial::new(7, 0.3)?)?,
        Poisson::new(0.3)?.kl(&Poisson::new(0.3)?)?,
        Categorical::new(vec![0.3, 0.7])?.kl(&Categorical::new(vec![0.3, 0.7])?)?,
        fulls()[0].kl(&fulls()[0])?,
        fulls()[0].renyi(&fulls()[0], 1.0)?,
        Gaussian::new(0.3, 0.7)?.renyi(&Gaussian::new(0.3, 0.7)?, 3.0)?,
        wisharts()[0].kl(&wisharts()[0])?,
    ];
    assert_eq!(zeros, [0.0; 14]);
    let dirichlet = Dirichlet::new(vec![0.3, 0.7, 11.0])?;
    assert_eq!(dirichlet.kl(&dirichlet)?, 0.0);
    assert!(low_ranks()[0].kl(&low_ranks()[0])? < 1e-15);
    Ok(())
}

/// Within a step δ of q the divergence is ½ I δ², I Fisher's information, to a relative O(δ): a difference of terms of
/// size 1 would be rounding alone here.
#[test]
fn near_q_the_divergence_is_fishers() -> Result<(), Error> {
    let d = 1e-9;
    let half = 0.5 * d * d;
    let near = |what: &str, got: f64, information: f64| assert_near(what, got, half * information, 1e-6);
    near("mean", Gaussian::new(d, 1.0)?.kl(&Gaussian::new(0.0, 1.0)?)?, 1.0);
    near("log σ", Gaussian::new(0.0, 1.0 + d)?.kl(&Gaussian::new(0.0, 1.0)?)?, 2.0);
    near("gamma shape", Gamma::new(3.0 + d, 2.0)?.kl(&Gamma::new(3.0, 2.0)?)?, trigamma(3.0));
    near("gamma shape", Gamma::new(0.1 + d, 2.0)?.kl(&Gamma::new(0.1, 2.0)?)?, trigamma(0.1));
    near("gamma rate", Gamma::new(3.0, 2.0 + d)?.kl(&Gamma::new(3.0, 2.0)?)?, 3.0 / 4.0);
    near("beta", Beta::new(3.0 + d, 2.0)?.kl(&Beta::new(3.0, 2.0)?)?, trigamma(3.0) - trigamma(5.0));
    let p = 1.0 / (1.0 + f64::exp(-0.3));
    near("bernoulli", Bernoulli::new(0.3 + d)?.kl(&Bernoulli::new(0.3)?)?, p * (1.0 - p));
    // At 0 the step is exact, and so is the divergence.
    let at_zero = Bernoulli::new(d)?.kl(&Bernoulli::new(0.0)?)?;
    assert_near("bernoulli", at_zero, 0.25 * half, 2e-9);
    near("poisson", Poisson::new(4.0 + d)?.kl(&Poisson::new(4.0)?)?, 0.25);
    let (q, p) = (Categorical::new(vec![d, 0.0, 0.0])?, Categorical::new(vec![0.0; 3])?);
    near("categorical", q.kl(&p)?, 2.0 / 9.0);
    near("laplace scale", Laplace::new(0.0, 1.0 + d)?.kl(&Laplace::new(0.0, 1.0)?)?, 1.0);
    near("laplace location", Laplace::new(d, 1.0)?.kl(&Laplace::new(0.0, 1.0)?)?, 1.0);
    for alpha in [0.5, 0.9, 1.0, 2.0] {
        let got = Gaussian::new(0.0, 1.0 + d)?.renyi(&Gaussian::new(0.0, 1.0)?, alpha)?;
        near("rényi", got, 2.0 * alpha);
    }
    Ok(())
}

#[test]
fn extremes_are_finite_and_right() -> Result<(), Error> {
    // Logits of ±1e4: q is sure, p is sure of the other.
    assert_eq!(Bernoulli::new(1e4)?.kl(&Bernoulli::new(-1e4)?)?, 1e4);
    assert_eq!(Categorical::new(vec![1e4, -1e4])?.kl(&Categorical::new(vec![-1e4, 1e4])?)?, 2e4);
    // log σ² = ±100, against ½ (eˢ − 1 − s).
    let standard = Gaussian::new(0.0, 1.0)?;
    for s in [-100.0, 100.0] {
        let expected = 0.5 * (f64::exp(s) - 1.0 - s);
        assert_near("variance", Gaussian::new(0.0, f64::exp(0.5 * s))?.kl(&standard)?, expected, 1e-13);
    }
    // A subnormal σ: ½ (μ² − 1) − log σ.
    let tiny = Gaussian::new(3.0, 5e-324)?.kl(&standard)?;
    assert_near("subnormal", tiny, 4.0 - f64::ln(5e-324), 1e-15);
    // Concentrations of 1e10 with the same mean: ½ (1 − log 2) of the terms of size 1e10.
    let wide = Gamma::new(1e10, 1e10)?.kl(&Gamma::new(2e10, 2e10)?)?;
    assert_near("gamma", wide, 0.5 * (1.0 - 2f64.ln()), 1e-9);
    let (q, p) = (Dirichlet::new(vec![1e10; 2])?, Dirichlet::new(vec![2e10; 2])?);
    assert_near("dirichlet", q.kl(&p)?, 0.5 * (1.0 - 2f64.ln()), 1e-9);
    // Equal halves but for 1e-8 of a Poisson's 1e16 events.
    let poisson = Poisson::new(1e16)?.kl(&Poisson::new(1e16 + 1e8)?)?;
    assert_near("poisson", poisson, 0.5, 1e-7);
    for (a, b) in [(1e-300, 1.0), (1.0, 1e-300), (1e-300, 1e-200)] {
        assert!(Gamma::new(a, 1.0)?.kl(&Gamma::new(b, 1.0)?)? >= 0.0, "{a} {b}");
    }
    Ok(())
}

#[test]
fn two_thousand_dimensions() -> Result<(), Error> {
    let n = 2000;
    let size = n as f64;
    // KL(N(1, I + 1 1ᵀ) ‖ N(0, I)) = ½ (n + n − log(1 + n)), and back ½ (log(1 + n) − n/(1+n) + n/(1 + n)).
    let standard = DiagonalGaussian::new(vec![0.0; n], vec![1.0; n])?;
    let shifted = DiagonalGaussian::new(vec![1.0; n], vec![1.0; n])?;
    let low_q = LowRankGaussian::new(shifted.clone(), vec![1.0; n], 1)?;
    let low_p = LowRankGaussian::new(standard.clone(), vec![0.0; n], 1)?;
    let covariance: Vec<f64> = (0..n * n).map(|k| 1.0 + f64::from(k / n == k % n)).collect();
    let full_q = FullGaussian::new(vec![1.0; n], Cholesky::of(&covariance, n)?)?;
    let full_p = FullGaussian::from(&standard);
    let forward = 0.5 * (2.0 * size - (1.0 + size).ln());
    let back = 0.5 * (1.0 + size).ln();
    for (got, expected) in [
        (low_q.kl(&low_p)?, forward),
        (full_q.kl(&full_p)?, forward),
        (low_p.kl(&low_q)?, back),
        (full_p.kl(&full_q)?, back),
        (shifted.kl(&standard)?, 0.5 * size),
    ] {
        // The traces have n terms of size 1, and 1e-12 is n ε of them.
        assert!((got - expected).abs() < 1e-12 * size, "{got} for {expected}");
    }
    Ok(())
}

/// The trapezium rule for log ∫ q^α p^(1−α) / (α − 1).
fn renyi_by_quadrature(q: &Gaussian, p: &Gaussian, alpha: f64) -> f64 {
    let h = 1e-3;
    let term = |i: i32| {
        let x = h * f64::from(i);
        h * (alpha * q.log_density(&x) + (1.0 - alpha) * p.log_density(&x)).exp()
    };
    (-40_000..=40_000).map(term).sum::<f64>().ln() / (alpha - 1.0)
}

#[test]
fn renyi_agrees_with_quadrature_and_knows_where_it_diverges() -> Result<(), Error> {
    let (q, p) = (Gaussian::new(0.3, 1.2)?, Gaussian::new(-0.4, 1.0)?);
    for alpha in [0.1, 0.5, 0.9, 1.5, 3.0] {
        assert_near("rényi", q.renyi(&p, alpha)?, renyi_by_quadrature(&q, &p, alpha), 1e-10);
    }
    // α σ_p² + (1 − α) σ_q² ≤ 0 from α = 1.44/0.44 on.
    assert_eq!(q.renyi(&p, 3.3)?, f64::INFINITY);
    assert!(q.renyi(&p, 0.0).is_err() && q.renyi(&p, f64::NAN).is_err());
    assert_near("α → 1", q.renyi(&p, 1.0 - 1e-9)?, q.kl(&p)?, 1e-8);
    assert_near("α → 1", q.renyi(&p, 1.0 + 1e-9)?, q.kl(&p)?, 1e-8);
    Ok(())
}

fn positive() -> impl Strategy<Value = f64> {
    (-8.0..8.0).prop_map(f64::exp)
}

proptest! {
    #[test]
    fn no_divergence_is_negative(
        a in positive(), b in positive(), c in positive(), d in positive(),
        m in -30.0..30.0, n in -30.0..30.0, alpha in 0.01..3.0,
    ) {
        let (q, p) = (Gaussian::new(m, a).unwrap(), Gaussian::new(n, b).unwrap());
        prop_assert!(q.kl(&p).unwrap() >= 0.0);
        prop_assert!(q.renyi(&p, alpha).unwrap() >= -1e-15);
        // Not falling in the order; symmetric at ½; (1 − α) D_α(q‖p) = α D_{1−α}(p‖q).
        prop_assert!(q.renyi(&p, 0.5 * alpha).unwrap() <= q.renyi(&p, alpha).unwrap() * (1.0 + 1e-9) + 1e-12);
        let (there, back) = (q.bhattacharyya(&p).unwrap(), p.bhattacharyya(&q).unwrap());
        prop_assert!((there - back).abs() <= 1e-12 * there.max(1e-3));
        prop_assert!(Gamma::new(a, b).unwrap().kl(&Gamma::new(c, d).unwrap()).unwrap() >= 0.0);
        let (shape_q, shape_p) = (InverseGamma::new(a, b).unwrap(), InverseGamma::new(c, d).unwrap());
        prop_assert!(shape_q.kl(&shape_p).unwrap() >= 0.0);
        let beta = Beta::new(a, b).unwrap().kl(&Beta::new(c, d).unwrap()).unwrap();
        prop_assert!(beta >= 0.0);
        prop_assert!(Laplace::new(m, a).unwrap().kl(&Laplace::new(n, b).unwrap()).unwrap() >= 0.0);
        prop_assert!(Bernoulli::new(m).unwrap().kl(&Bernoulli::new(n).unwrap()).unwrap() >= 0.0);
        prop_assert!(Poisson::new(a).unwrap().kl(&Poisson::new(b).unwrap()).unwrap() >= 0.0);
        let (q, p) = (Categorical::new(vec![m, 0.0, n]).unwrap(), Categorical::new(vec![n, m, 1.0]).unwrap());
        prop_assert!(q.kl(&p).unwrap() >= 0.0);
    }

    #[test]
    fn no_gaussian_divergence_is_negative(x in prop::collection::vec(-2.0..2.0, 24), alpha in 0.1..0.99) {
        let (q, p) = (as_full(&x[..3], &[0.3; 3], &x[6..15], 3), as_full(&x[3..6], &[0.3; 3], &x[15..24], 3));
        prop_assert!(q.kl(&p).unwrap() >= 0.0);
        prop_assert!(q.renyi(&p, alpha).unwrap() <= q.kl(&p).unwrap() * (1.0 + 1e-9));
        let there = (1.0 - alpha) * q.renyi(&p, alpha).unwrap();
        let back = alpha * p.renyi(&q, 1.0 - alpha).unwrap();
        prop_assert!((there - back).abs() <= 1e-9 * there, "{there} {back}");
    }
}
