//! Mixtures, composed through the gate.

use elbo::{
    Error,
    mean_field::{
        Ascent, MeanField, ascend,
        graph::{
            Graph, bernoulli, beta, categorical, dirichlet, gamma, gaussian, gaussian_given, gaussian_wishart,
        },
    },
    random::Key,
    special::{ln_beta, ln_sum_exp},
};
use serde_json::Value;

use crate::{assert_near, data, number, numbers, reference, to_convergence};

/// The two columns of `faithful.csv`, and the same standardised.
fn faithful() -> Option<[Vec<f64>; 2]> {
    let text = data("tabular/faithful.csv")?;
    let lines = text.lines().skip(1);
    let raw: Vec<f64> = lines
        .flat_map(|line| line.split(',').take(2).map(|v| v.parse().unwrap()).collect::<Vec<f64>>())
        .collect();
    let mut standard = raw.clone();
    for column in 0..2 {
        let values: Vec<f64> = raw.iter().skip(column).step_by(2).copied().collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        standard.iter_mut().skip(column).step_by(2).for_each(|v| *v = (*v - mean) / sd);
    }
    Some([raw, standard])
}

/// 1 at each row's class.
fn one_hot(labels: &[f64], k: usize) -> Vec<f64> {
    labels.iter().flat_map(|&label| (0..k).map(move |c| f64::from(u8::from(c as f64 == label)))).collect()
}

/// The cases of `bayes_gmm_A.json` with Dirichlet weights and some kind of covariance.
fn cases<'a>(file: &'a Value, covariance: &'a str) -> impl Iterator<Item = (usize, &'a Value)> {
    ["raw", "standardised"].into_iter().enumerate().flat_map(move |(i, scale)| {
        let all = file[scale].as_array().unwrap().iter();
        let wanted = all.filter(move |case| {
            let config = &case["config"];
            config["cov"] == covariance && config["wt"] == "dirichlet_distribution"
        });
        wanted.map(move |case| (i, case))
    })
}

#[test]
fn of_gaussians_of_any_covariance() -> Result<(), Error> {
    let (Some(file), Some(columns)) = (reference("bayes_gmm_A.json"), faithful()) else { return Ok(()) };
    for (scale, case) in cases(&file, "full") {
        let (config, expected, x) = (&case["config"], &case["exact_cavi"], &columns[scale]);
        let k = config["K"].as_u64().unwrap() as usize;
        let labels = numbers(&case["start_hard_labels"]);
        let mut model = Graph::new();
        let (rows, components) = (model.plate("rows", x.len() / 2)?, model.plate("components", k)?);
        let weights = model.add("π", &[], dirichlet(&vec![number(&config["g0"]); k]))?;
        let prior = gaussian_wishart(
            &numbers(&config["m0"]),
            number(&config["b0"]),
            number(&config["nu0"]),
            &numbers(&config["covariance_prior"]),
        );
        let parameters = model.add("μ, Λ", &[components], prior)?;
        let z = model.add("z", &[rows], categorical(weights))?;
        let y = model.add("x", &[rows], gaussian_given(parameters).chosen_by(z, components))?;
        model.observe(y, x)?;
        model.start(z, &one_hot(&labels, k))?;
        let elbo = number(&expected["elbo_with_all_constants"]);
        assert_near("ELBO", to_convergence(&mut model).last(), elbo, 1e-9 * elbo.abs());
        assert!(model.bound().kl > 0.0 && model.bound().global < 0.0);
        let alpha = numbers(&expected["alpha"]);
        for (got, alpha) in model.factor(weights, 0)?.concentration().iter().zip(&alpha) {
            assert_near("α", *got, *alpha, 1e-4);
        }
        for component in 0..k {
            let q = model.factor(parameters, component)?;
            assert_near("β", q.location.strength, numbers(&expected["beta"])[component], 1e-4);
            assert_near("ν", q.precision.freedom(), numbers(&expected["nu"])[component], 1e-4);
            for (got, mean) in q.location.mean.iter().zip(numbers(&expected["mean"][component])) {
                assert_near("m", *got, mean, 1e-5 * mean.abs());
            }
        }
    }
    Ok(())
}

/// Diagonal covariances: two observed variables that one class chooses for.
#[test]
fn of_gaussians_of_independent_columns() -> Result<(), Error> {
    let (Some(file), Some(columns)) = (reference("bayes_gmm_A.json"), faithful()) else { return Ok(()) };
    for (scale, case) in cases(&file, "diag") {
        let (config, x) = (&case["config"], &columns[scale]);
        let k = config["K"].as_u64().unwrap() as usize;
        let mut model = Graph::new();
        let (rows, components) = (model.plate("rows", x.len() / 2)?, model.plate("components", k)?);
        let weights = model.add("π", &[], dirichlet(&vec![number(&config["g0"]); k]))?;
        let z = model.add("z", &[rows], categorical(weights))?;
        for column in 0..2 {
            let [mean, inverse] = ["m0", "covariance_prior"].map(|name| numbers(&config[name])[column]);
            let prior = gaussian_wishart(&[mean], number(&config["b0"]), number(&config["nu0"]), &[inverse]);
            let parameters = model.add(&format!("θ{column}"), &[components], prior)?;
            let conditional = gaussian_given(parameters).chosen_by(z, components);
            let y = model.add(&format!("x{column}"), &[rows], conditional)?;
            let values: Vec<f64> = x.iter().skip(column).step_by(2).copied().collect();
            model.observe(y, &values)?;
        }
        model.order(&["π", "θ0", "θ1"])?;
        assert_eq!(model.factors(), ["q(π)", "q(θ0)", "q(θ1)", "q(z)"]);
        model.start(z, &one_hot(&numbers(&case["start_hard_labels"]), k))?;
        let elbo = number(&case["exact_cavi"]["elbo_with_all_constants"]);
        assert_near("ELBO", to_convergence(&mut model).last(), elbo, 1e-9 * elbo.abs());
    }
    Ok(())
}

const BINARY: [f64; 18] =
    [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];

/// With known parameters the classes are the only latents, and the bound is log Σ_k π_k Π_d p_kd.
#[test]
fn of_known_bernoullis() -> Result<(), Error> {
    let (shares, p) = ([0.3, 0.7], [[0.9, 0.6, 0.2], [0.1, 0.5, 0.7]]);
    let mut model = Graph::new();
    let rows = model.plate("rows", 6)?;
    let (columns, components) = (model.plate("columns", 3)?, model.plate("components", 2)?);
    let z = model.add("z", &[rows], categorical(shares))?;
    let probabilities = model.known(&[components, columns], &p.concat())?;
    let x = model.add("x", &[rows, columns], bernoulli(probabilities).chosen_by(z, components))?;
    model.observe(x, &BINARY)?;
    let evidence = |row: &[f64]| {
        let of = |k: usize| {
            let each = row.iter().zip(p[k]).map(|(x, p)| if *x == 1.0 { p } else { 1.0 - p });
            shares[k].ln() + each.map(f64::ln).sum::<f64>()
        };
        ln_sum_exp(&[of(0), of(1)])
    };
    let expected = BINARY.chunks(3).map(evidence).sum();
    assert_near("evidence", to_convergence(&mut model).last(), expected, 1e-13);
    Ok(())
}

/// With unknown parameters the bound is below the evidence, summed over all 2⁶ assignments; a binary variable chooses.
#[test]
fn of_unknown_bernoullis() -> Result<(), Error> {
    let mut model = Graph::new();
    let rows = model.plate("rows", 6)?;
    let (columns, components) = (model.plate("columns", 3)?, model.plate("components", 2)?);
    let share = model.add("π", &[], beta(1.5, 1.0))?;
    let z = model.add("z", &[rows], bernoulli(share))?;
    let probabilities = model.add("p", &[columns, components], beta(0.7, 0.4))?;
    let x = model.add("x", &[rows, columns], bernoulli(probabilities).chosen_by(z, components))?;
    model.observe(x, &BINARY)?;
    model.randomise(z, Key::new(3))?;
    model.order(&["p", "π"])?;
    let bound = to_convergence(&mut model).last();
    let joint = |assignment: usize| {
        let chosen = |row: usize| (assignment >> row) & 1;
        let ones = (0..6).map(chosen).sum::<usize>() as f64;
        let mut total = ln_beta(1.5 + ones, 7.0 - ones) - ln_beta(1.5, 1.0);
        for (k, n) in [6.0 - ones, ones].into_iter().enumerate() {
            for d in 0..3 {
                let hits: f64 = (0..6).filter(|&row| chosen(row) == k).map(|row| BINARY[row * 3 + d]).sum();
                total += ln_beta(0.7 + hits, 0.4 + n - hits) - ln_beta(0.7, 0.4);
            }
        }
        total
    };
    let evidence = ln_sum_exp(&(0..64).map(joint).collect::<Vec<_>>());
    assert!(bound < evidence && bound > evidence - 5.0, "{bound} of {evidence}");
    Ok(())
}

/// One row, seven components.
#[test]
fn more_components_than_rows() -> Result<(), Error> {
    let mut model = Graph::new();
    let (rows, components) = (model.plate("rows", 1)?, model.plate("components", 7)?);
    let weights = model.add("π", &[], dirichlet(&[0.1; 7]))?;
    let z = model.add("z", &[rows], categorical(weights))?;
    let mean = model.add("μ", &[components], gaussian(0.0, 1.0))?;
    let x = model.add("x", &[rows], gaussian(mean, 1.0).chosen_by(z, components))?;
    model.observe(x, &[0.5])?;
    model.randomise(mean, Key::new(1))?;
    let bound = to_convergence(&mut model).last();
    // The evidence is that of N(0, 2), whatever the class.
    let evidence = -0.5 * (0.125 + (2.0 * std::f64::consts::TAU).ln());
    assert!(bound < evidence && bound > evidence - 2.0, "{bound} of {evidence}");
    Ok(())
}

/// Missing rows are as rows left out, at every factor and in the bound.
#[test]
fn missing_rows_are_rows_left_out() -> Result<(), Error> {
    let fit = |x: &[f64]| -> Result<_, Error> {
        let mut model = Graph::new();
        let (rows, components) = (model.plate("rows", x.len())?, model.plate("components", 2)?);
        let mean = model.add("μ", &[components], gaussian(0.0, 0.1))?;
        let precision = model.add("τ", &[components], gamma(1.0, 1.0))?;
        let z = model.add("z", &[rows], categorical([0.5, 0.5]))?;
        let y = model.add("x", &[rows], gaussian(mean, precision).chosen_by(z, components))?;
        model.observe(y, x)?;
        model.start(mean, &[-1.0, 1.0])?;
        // τ, then z, so that the start is seen.
        model.order(&["τ", "z"])?;
        let record = ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 20 }, |_, _| {})?;
        Ok((record.last(), model.factor(mean, 0)?, model.factor(precision, 1)?))
    };
    let whole = fit(&[-2.0, 1.0, 3.0, -1.5])?;
    let missing = fit(&[-2.0, f64::NAN, 1.0, 3.0, f64::NAN, -1.5])?;
    assert_near("bound", missing.0, whole.0, 1e-12);
    assert_near("mean", missing.1.location(), whole.1.location(), 1e-12);
    assert_near("rate", missing.2.rate(), whole.2.rate(), 1e-12);
    assert!(fit(&[f64::NAN])?.0.abs() < 1e-12, "nothing seen: the prior, and log p of nothing");
    Ok(())
}
