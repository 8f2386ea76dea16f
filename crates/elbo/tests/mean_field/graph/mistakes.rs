//! What is wrong is said, with its place.

use elbo::{
    Error,
    mean_field::graph::{
        Graph, bernoulli, beta, categorical, dirichlet, dot, gamma, gaussian, gaussian_vector, poisson,
        wishart,
    },
};

#[track_caller]
fn says<T>(result: Result<T, Error>, parts: &[&str]) {
    let error = result.err().expect("an error").to_string();
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn of_data() -> Result<(), Error> {
    let mut model = Graph::new();
    let (rows, columns) = (model.plate("rows", 3)?, model.plate("columns", 2)?);
    let y = model.add("y", &[rows, columns], gaussian(0.0, 1.0))?;
    let infinite = [0.0, 1.0, 2.0, f64::INFINITY, 0.0, 0.0];
    says(model.observe(y, &infinite), &["y, row 2, column 2", "inf", "must be finite"]);
    says(model.observe(y, &[1.0; 5]), &["the data of y", "[5]", "[6, 1]"]);
    let v = model.add("v", &[rows], gaussian_vector([0.0, 0.0], 1.0))?;
    says(
        model.observe(v, &[0.0, 0.0, 1.0, f64::NAN, 0.0, 0.0]),
        &["v, row 2", "must be 2, all of them, or 0"],
    );
    let n = model.add("n", &[rows], poisson(1.0))?;
    says(model.observe(n, &[0.0, 3.0, -1.0]), &["n, row 3", "-1", "a count"]);
    let z = model.add("z", &[rows], categorical([0.5, 0.5]))?;
    says(model.observe(z, &[0.0, 2.0, 1.0]), &["z, row 2", "from 0 to 1"]);
    let b = model.add("b", &[rows], bernoulli(0.5))?;
    says(model.observe(b, &[0.5, 0.0, 1.0]), &["b, row 1", "0.5"]);
    says(model.start(z, &[0.7, 0.7, 0.0, 1.0, 1.0, 0.0]), &["the start of z", "add up to 1"]);
    says(model.start(b, &[f64::NAN; 3]), &["the start of b", "NaN"]);
    says(model.start(y, &[f64::NAN; 6]), &["q(y)", "NaN"]);
    // A missing value cannot be a parameter, unless it is inferred.
    model.observe(y, &[0.0, f64::NAN, 0.0, 0.0, 0.0, 0.0])?;
    says(model.add("child", &[rows, columns], gaussian(y, 1.0)), &["y", "impute"]);
    model.impute(y, &[0.0, f64::NAN, 0.0, 0.0, 0.0, 0.0])?;
    model.add("child", &[rows, columns], gaussian(y, 1.0))?;
    says(model.observe(y, &[f64::NAN; 6]), &["y", "impute"]);
    Ok(())
}

#[test]
fn of_models() -> Result<(), Error> {
    let mut model = Graph::new();
    let (rows, components) = (model.plate("rows", 3)?, model.plate("components", 2)?);
    says(model.plate("rows", 2), &["rows", "only once"]);
    says(model.plate("none", 0), &["plate none", "at least 1"]);
    let mean = model.add("μ", &[components], gaussian(0.0, 1.0))?;
    let tau = model.add("τ", &[], gamma(1.0, 1.0))?;
    says(model.add("μ", &[], gamma(1.0, 1.0)), &["μ", "only once"]);
    says(model.add("y", &[rows], gaussian(mean, tau)), &["parameter μ of y", "components"]);
    says(model.add("y", &[rows, rows], gaussian(0.0, tau)), &["plate", "once"]);
    says(model.add("y", &[rows], gaussian(dot(mean, mean), tau)), &["dot product of y", "μ", "once"]);
    says(model.add("g", &[], gamma(-1.0, 1.0)), &["shape of g", "-1"]);
    says(model.add("g", &[], gamma(1.0, 0.0)), &["g", "0", "> 0"]);
    says(model.add("g", &[], gaussian(f64::NAN, 1.0)), &["g", "NaN"]);
    says(model.add("d", &[], dirichlet(&[1.0])), &["d", "at least 2"]);
    says(model.add("p", &[], beta(1.0, f64::NAN)), &["p", "NaN"]);
    says(model.add("Λ", &[], wishart(0.5, &[1.0, 0.0, 0.0, 1.0])), &["degrees of freedom", "0.5"]);
    says(model.add("Λ", &[], wishart(3.0, &[1.0, 2.0, 2.0, 1.0])), &["positive definite"]);
    says(model.add("v", &[], gaussian_vector([0.0; 3], [1.0, 0.0, 0.0, 1.0])), &["precision of v", "[3, 3]"]);
    let pair = model.add("pair", &[], gaussian_vector([0.0; 2], 1.0))?;
    says(model.add("y", &[], gaussian(dot(pair, [1.0; 3]), tau)), &["pair", "[3]", "[2]"]);
    let z = model.add("z", &[rows], categorical([0.2, 0.3, 0.5]))?;
    says(model.add("y", &[rows], gaussian(mean, tau).chosen_by(z, components)), &["plate components", "3"]);
    let b = model.add("b", &[rows], bernoulli(0.5))?;
    says(model.add("y", &[rows], gaussian(0.0, tau).chosen_by(b, components)), &["plates of a parameter"]);
    says(model.add("y", &[], gaussian(mean, tau).chosen_by(b, components)), &["parameter b", "rows"]);
    says(model.order(&["μ", "μ"]), &["order", "μ"]);
    says(model.known::<elbo::mean_field::graph::Real>(&[rows], &[0.0, 1.0, f64::NAN]), &["row 3", "NaN"]);
    // After all this the graph is still of use.
    model.add("y", &[rows], gaussian(mean, tau).chosen_by(b, components))?;
    Ok(())
}
