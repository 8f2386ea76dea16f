//! The mean-field workloads that `benches/mean_field.py` measures, as a server: a line such as
//! `mixture rows.f64 8 10 5 2` (the file of rows, D, K, sweeps, threads) in, `{"seconds":0.9,"elbo":-1.2e6}` out.

use std::{
    error::Error,
    fs,
    io::{self, BufRead, Write},
    time::Instant,
};

use elbo::mean_field::{
    Ascent, ascend,
    mixture::{Covariance, Family, Fit, GaussianPrior, Prior, Weights},
};
use rayon::ThreadPoolBuilder;
use serde_json::{Value, json};

fn mixture(arguments: &[&str]) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let &[path, width, components, sweeps, threads] = arguments else { return Err("mixture takes 5".into()) };
    let bytes = fs::read(path)?;
    let x: Vec<f64> = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    let (width, components): (usize, usize) = (width.parse()?, components.parse()?);
    let pool = ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
    pool.install(|| {
        let gaussian = GaussianPrior::of(&x, width, Covariance::Full)?;
        let weights = Weights::Dirichlet(1.0 / components as f64);
        let prior = Prior { components, weights, family: Family::Gaussian(gaussian) };
        let labels: Vec<u32> = (0..x.len() / width).map(|row| (row % components) as u32).collect();
        let mut fit = Fit::with_labels(&x, width, prior, &labels)?;
        let start = Instant::now();
        // −∞: it never has converged.
        let ascent = Ascent { tolerance: f64::NEG_INFINITY, sweeps: sweeps.parse()? };
        let record = ascend(&mut fit, &ascent, |_, _| {})?;
        Ok(json!({ "seconds": start.elapsed().as_secs_f64(), "elbo": record.last() }))
    })
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.split_first() {
            Some((&"mixture", arguments)) => mixture(arguments),
            _ => Err(format!("no such command: {line}").into()),
        };
        let answer = answer.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}
