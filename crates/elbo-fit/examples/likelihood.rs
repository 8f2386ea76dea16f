//! A likelihood of one's own: a Laplace distribution of each column, whose location and scale the decoder both gives, so
//! that its width may change with z.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::{fs, sync::Arc};

use elbo::{
    burn::tensor::{Device, Tensor},
    distribution::{Laplace, Sample},
    likelihood::{Likelihood, Support},
    random::Key,
};
use elbo_fit::{
    Error, Plan, Query, Source,
    auto_encoder::{AuditRequest, AutoEncoder, OwnLikelihood, Request, fit, fit_of},
    plus_minus,
};

/// p(x|z) = e^(−|x − m|/s)/(2s), log s held within ±10.
#[derive(Debug)]
struct Robust;

/// m and log s, `[R, D]` each, of the decoder's output.
fn parameters(output: &Tensor<2>) -> [Tensor<2>; 2] {
    let mut halves = output.clone().split(output.dims()[1] / 2, 1);
    let scale = halves.remove(1);
    [halves.remove(0), scale.div_scalar(10.0).tanh().mul_scalar(10.0)]
}

impl Likelihood for Robust {
    fn name(&self) -> &'static str {
        "Laplace"
    }

    fn support(&self) -> Support {
        Support::Real
    }

    fn outputs(&self) -> usize {
        2
    }

    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<1> {
        let [location, log_scale] = parameters(&output);
        let distance = (x - location).abs() * log_scale.clone().neg().exp();
        (distance + log_scale).add_scalar(2f64.ln()).neg().sum_dim(1).squeeze_dim(1)
    }

    fn mean(&self, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<2> {
        let [location, _] = parameters(&output);
        location
    }

    fn draw(&self, output: &[f32], _: &[f32], key: Key, row: u64, x: &mut [f32]) {
        let scales = output[x.len()..].iter().map(|&a| (10.0 * (f64::from(a) / 10.0).tanh()).exp());
        for ((column, x), scale) in (0..).zip(x).zip(scales) {
            let drawn = Laplace::new(f64::from(*x), scale).map(|p| p.sample(key.fold(column), row));
            *x = drawn.map_or(f32::NAN, |x| x as f32);
        }
    }

    fn start(&self, mean: f64, _: usize) -> Vec<f64> {
        vec![mean, 0.0]
    }
}

fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join(format!("elbo-likelihood-{}", std::process::id()));
    let rows = folder.join("line.csv");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&rows, line()))
        .map_err(|e| Error::new(e.to_string()))?;
    let (robust, device) = (OwnLikelihood(Arc::new(Robust)), Device::flex());
    let plan = Plan::in_folder(folder.join("runs"));
    let request = Request {
        hidden: Some(vec![32]),
        latent: Some(vec![1]),
        epochs: Some(60),
        batch: 32,
        ..Request::default()
    };
    let request = Request { step_size: Some(1e-2), ..request };
    let done = fit_of(&robust, &request, Source::file(&rows)?, None, None, &plan, &())?;
    let reached = done.results.held_out().expect("rows were held out");
    println!("{} nats a row of those held out", plus_minus(reached.validation.elbo));

    // What is kept is read, audited and judged as any other fit is.
    let model = AutoEncoder::load_of(&robust, &done.folder, &device)?;
    let audit = model.audit(&Query::default(), &AuditRequest { rows: 50, ..AuditRequest::default() }, &())?;
    println!("log p(x) {}; {:?}", plus_minus(audit.record.ledger.log_evidence), audit.record.verdict.level);
    let error = AutoEncoder::load(&done.folder, &device).unwrap_err();
    assert!(error.to_string().contains("are `Laplace`, not elbo's own"), "{error}");

    // A Gaussian of one width for all rows is worse.
    let gaussian = fit(&request, Source::file(&rows)?, None, None, &plan, &())?;
    let gaussian = gaussian.results.held_out().expect("rows were held out").validation.elbo;
    println!("a Gaussian of one width: {}", plus_minus(gaussian));
    assert!(reached.validation.elbo.value > gaussian.value + 0.3);
    fs::remove_dir_all(folder).map_err(|cause| Error::new(cause.to_string()))
}

/// A line whose noise grows along it.
fn line() -> String {
    let row = |row: u64| {
        let mut e = [0.0; 3];
        Key::new(1).standard_normals(row, &mut e);
        let noise = 0.3 * e[0].exp();
        format!("{},{}\n", e[0] + 0.02 * e[1], 2.0 * e[0] + noise * e[2])
    };
    "x,y\n".to_owned() + &(0..500).map(row).collect::<String>()
}
