//! The known trace, draws against the closed form, scales, threads, what is kept.

use elbo::{
    Error,
    distribution::{Gaussian, LogDensity, Sample},
    mean_field::{
        Ascent, MeanField, ascend,
        graph::{
            Graph, Posterior, Variable, Vector, categorical, dot, gamma, gaussian, gaussian_given,
            gaussian_vector, gaussian_wishart, wishart,
        },
    },
    random::Key,
};

use crate::{assert_near, known_trace, to_convergence};

/// As `normal_gamma`'s, by nodes.
#[test]
fn the_known_trace() -> Result<(), Error> {
    let (values, expected) = known_trace();
    let mut model = Graph::new();
    let rows = model.plate("rows", 10)?;
    let mean = model.add("μ", &[], gaussian(0.0, 1e-6))?;
    let precision = model.add("τ", &[], gamma(1e-6, 1e-6))?;
    let y = model.add("y", &[rows], gaussian(mean, precision))?;
    model.observe(y, &values)?;
    model.start(precision, &[1.0])?;
    assert_eq!(model.factors(), ["q(μ)", "q(τ)"]);
    let record = ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 4 }, |_, _| {})?;
    for (got, expected) in record.bounds.iter().zip(expected) {
        assert_near("bound", got.value(), expected, 5e-6);
    }
    Ok(())
}

const POINTS: [f64; 6] = [0.7, -1.1, 2.3, 0.4, 1.9, -0.2];

/// y_n ~ N(wᵀ s_n + b, 1/τ): a product of two latents.
struct FactorAnalysis {
    model: Graph,
    w: Variable<Vector>,
    s: Variable<Vector>,
}

fn factor_analysis(y: &[f64]) -> Result<FactorAnalysis, Error> {
    let mut model = Graph::new();
    let rows = model.plate("rows", y.len())?;
    let w = model.add("w", &[], gaussian_vector([0.0, 0.5], [1.0, 0.2, 0.2, 2.0]))?;
    let s = model.add("s", &[rows], gaussian_vector([0.0, 0.0], 1.0))?;
    let b = model.add("b", &[], gaussian(0.3, 0.5))?;
    let tau = model.add("τ", &[], gamma(2.0, 1.5))?;
    let x = model.add("x", &[rows], gaussian(dot(w, s).plus(b, 1.0), tau))?;
    model.observe(x, y)?;
    model.randomise(w, Key::new(5))?;
    ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 3 }, |_, _| {})?;
    Ok(FactorAnalysis { model, w, s })
}

/// E_q[log p(x, z) − log q(z)] of draws is the closed form. |z| < 4: a false alarm in 16,000.
#[test]
fn the_bound_is_that_of_draws() -> Result<(), Error> {
    let FactorAnalysis { model, w, s } = factor_analysis(&POINTS)?;
    // In the order of creation: w, s, b, τ.
    let natural: Posterior = model.posterior();
    let scalar = |name: &str| (natural.natural[name][0], natural.natural[name][1]);
    let ((h, precision), (shape, rate)) = (scalar("b"), scalar("τ"));
    let q_b = Gaussian::new(h / precision, precision.powf(-0.5))?;
    let q_tau = elbo::distribution::Gamma::new(shape, rate)?;
    let (p_b, p_tau) = (Gaussian::new(0.3, 2f64.sqrt())?, elbo::distribution::Gamma::new(2.0, 1.5)?);
    let vector = |mean: [f64; 2], precision: [f64; 4]| {
        let covariance = elbo::distribution::Cholesky::of(&precision, 2)?.inverse();
        elbo::distribution::FullGaussian::new(mean.into(), elbo::distribution::Cholesky::of(&covariance, 2)?)
    };
    let (p_w, p_s) = (vector([0.0, 0.5], [1.0, 0.2, 0.2, 2.0])?, vector([0.0; 2], [1.0, 0.0, 0.0, 1.0])?);
    let q_w = model.factor(w, 0)?;
    let q_s = (0..POINTS.len()).map(|row| model.factor(s, row)).collect::<Result<Vec<_>, _>>()?;
    let draws = 40_000;
    let term = |draw: u64| {
        let key = |node: u64| Key::new(11).fold(node);
        let (w, b, tau) = (q_w.sample(key(0), draw), q_b.sample(key(1), draw), q_tau.sample(key(2), draw));
        let mut total = p_w.log_density(&w) - q_w.log_density(&w) + p_b.log_density(&b) - q_b.log_density(&b)
            + p_tau.log_density(&tau)
            - q_tau.log_density(&tau);
        for (row, q) in q_s.iter().enumerate() {
            let s = q.sample(key(3 + row as u64), draw);
            let mean = w[0] * s[0] + w[1] * s[1] + b;
            total += p_s.log_density(&s) - q.log_density(&s);
            total += Gaussian::new(mean, tau.powf(-0.5)).unwrap().log_density(&POINTS[row]);
        }
        total
    };
    let values: Vec<f64> = (0..draws).map(term).collect();
    let n = draws as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let z = (mean - model.bound().value()) / (variance / n).sqrt();
    assert!(z.abs() < 4.0, "{mean} by draws, {} in closed form: z = {z}", model.bound().value());
    Ok(())
}

/// A datum of each scale and offset: the bound moves by the Jacobian, and nothing is lost to a mean of 1e8.
#[test]
fn offsets_and_scales() -> Result<(), Error> {
    let x = [0.5, 1.0, -0.25, 2.0, 1.5, 0.75, -1.0, 0.125];
    let fit = |offset: f64, scale: f64| -> Result<_, Error> {
        let mut model = Graph::new();
        let rows = model.plate("rows", 4)?;
        let square = scale * scale;
        let prior = gaussian_wishart(&[offset; 2], 0.5, 3.0, &[square, 0.0, 0.0, square]);
        let parameters = model.add("θ", &[], prior)?;
        let y = model.add("x", &[rows], gaussian_given(parameters))?;
        model.observe(y, &x.map(|v| offset + scale * v))?;
        Ok(to_convergence(&mut model).last() + 8.0 * scale.ln())
    };
    let plain = fit(0.0, 1.0)?;
    for (offset, scale) in [(1e8, 1.0), (-3e5, 1e-3), (0.0, 1e100), (0.0, 1e-100)] {
        assert_near("bound", fit(offset, scale)?, plain, 1e-7);
    }
    let huge = fit(0.0, 1e200).unwrap_err().to_string();
    assert!(huge.contains("inf") || huge.contains("finite"), "{huge}");
    Ok(())
}

/// Sums of many rows are the same to the bit for any number of threads.
#[test]
fn threads_change_no_bit() -> Result<(), Error> {
    let mut x = vec![0.0; 6000];
    Key::new(1).normals(0, &mut x);
    let fit = || -> Result<_, Error> {
        let mut model = Graph::new();
        let (rows, components) = (model.plate("rows", 3000)?, model.plate("components", 3)?);
        let mean = model.add("μ", &[components], gaussian_vector([0.0, 0.0], 0.1))?;
        let precision = model.add("Λ", &[], wishart(3.0, &[1.0, 0.0, 0.0, 1.0]))?;
        let z = model.add("z", &[rows], categorical([0.2, 0.3, 0.5]))?;
        let y = model.add("x", &[rows], gaussian_vector(mean, precision).chosen_by(z, components))?;
        model.observe(y, &x)?;
        model.randomise(z, Key::new(2))?;
        let record = ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 3 }, |_, _| {})?;
        Ok((record.last().to_bits(), model.posterior()))
    };
    let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(fit);
    assert_eq!(with(1)?, with(3)?);
    Ok(())
}

/// The factors of one fit, kept as text, are those of a graph with other rows.
#[test]
fn a_posterior_is_kept_and_restored() -> Result<(), Error> {
    let build = |x: &[f64]| -> Result<_, Error> {
        let mut model = Graph::new();
        let rows = model.plate("rows", x.len())?;
        let mean = model.add("μ", &[], gaussian(0.0, 1e-3))?;
        let tau = model.add("τ", &[], gamma(1.0, 1.0))?;
        let y = model.add("x", &[rows], gaussian(mean, tau))?;
        model.observe(y, x)?;
        Ok((model, mean, y))
    };
    let (mut first, mean, _) = build(&POINTS)?;
    to_convergence(&mut first);
    let kept = serde_json::to_string(&first.posterior()).unwrap();
    let (mut second, other_mean, y) = build(&[f64::NAN])?;
    second.impute(y, &[f64::NAN])?;
    second.restore(&serde_json::from_str(&kept).unwrap())?;
    assert_eq!(second.factor(other_mean, 0)?, first.factor(mean, 0)?);
    let predicted = second.factors().iter().position(|name| name == "q(x)").unwrap();
    second.update(predicted)?;
    assert_near("prediction", second.factor(y, 0)?.location(), first.factor(mean, 0)?.location(), 1e-12);
    let mut wrong = first.posterior();
    wrong.natural.insert("ρ".into(), vec![1.0]);
    assert!(second.restore(&wrong).unwrap_err().to_string().contains("the variable is ρ"));
    Ok(())
}
