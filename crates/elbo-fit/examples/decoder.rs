//! A decoder of one's own: any module of Burn is fitted, watched, kept, audited and judged as ours are.
//!
//! Here f(z) = W tanh(Uz) + Vz, whose linear part no [`elbo::network::Dense`] has.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::fs;

use elbo::{
    burn::{
        self,
        module::Module,
        nn::{Linear, LinearConfig},
        tensor::{Device, Tensor},
    },
    guide::Amortised,
    model::{AutoEncoder, Generative, VaeConfig},
    network::{Activation, Decoder, Dense},
    parameters,
    random::Key,
};
use elbo_fit::{
    Error, Plan, Query, Source,
    auto_encoder::{AuditRequest, AutoEncoder as Fitted, Built, Networks, Request, fit_of},
    plus_minus,
};

#[derive(Module, Debug)]
struct Residual {
    inner: Linear,
    outer: Linear,
    straight: Linear,
}

impl Residual {
    fn new(latent: usize, hidden: usize, width: usize, device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        Self { inner: linear(latent, hidden), outer: linear(hidden, width), straight: linear(latent, width) }
    }
}

impl Decoder for Residual {
    fn input(&self) -> usize {
        self.straight.weight.dims()[0]
    }

    fn output(&self) -> usize {
        self.straight.weight.dims()[1]
    }

    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        self.outer.forward(self.inner.forward(z.clone()).tanh()) + self.straight.forward(z)
    }
}

/// The networks that are fitted: this decoder, and a dense guide.
#[derive(Debug)]
struct Curve;

impl Networks for Curve {
    type Model = Generative<Residual>;
    type Guide = Amortised;

    fn name(&self) -> Option<&str> {
        Some("curve")
    }

    fn build(
        &self,
        shape: &VaeConfig,
        width: usize,
        seed: Key,
        device: &Device,
    ) -> Result<Built<Self>, elbo::Error> {
        let decoder = Residual::new(shape.latent, 16, width, device);
        // Burn's own first weights are drawn from a stream that no key names: these give the same fit each time.
        let mut weights = vec![0.0; decoder.num_params()];
        seed.standard_normals(0, &mut weights);
        for w in &mut weights {
            *w *= 0.7;
        }
        let decoder = parameters::load(decoder, &weights, device)?;
        let likelihood = self.likelihood(&shape.likelihood);
        let model = Generative::new(decoder, likelihood, shape.family, width, device)?;
        let layers = [width, 16, 2 * shape.latent];
        let guide = Amortised::new(Dense::new(&layers, shape.activation, seed, device), shape.family);
        Ok(AutoEncoder { model, guide })
    }
}

fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join(format!("elbo-decoder-{}", std::process::id()));
    let rows = folder.join("parabola.csv");
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&rows, parabola()));
    written.map_err(|cause| Error::new(cause.to_string()))?;
    let device = Device::flex();
    let plan = Plan::in_folder(folder.join("runs"));
    let request = Request {
        latent: Some(vec![1]),
        activation: Activation::Tanh,
        step_size: Some(1e-2),
        samples: Some(8),
        batch: 32,
        epochs: Some(300),
        patience: Some(60),
        ..Request::default()
    };
    let done = fit_of(&Curve, &request, Source::file(&rows)?, None, None, &plan, &())?;
    let reached = done.results.held_out().expect("rows were held out");
    let linear = reached.linear.as_ref().expect("columns are Gaussian");
    println!(
        "{} nats a row, {} above the best linear model",
        plus_minus(reached.validation.elbo),
        plus_minus(linear.advantage)
    );
    assert!(linear.advantage.value > 0.5);

    let model = Fitted::load_of(&Curve, &done.folder, &device)?;
    let audit = model.audit(&Query::default(), &AuditRequest { rows: 40, ..AuditRequest::default() }, &())?;
    println!("log p(x) {}; {:?}", plus_minus(audit.record.ledger.log_evidence), audit.record.verdict.level);
    println!("three draws: {:?}", model.sample(3, true, 1)?.table);
    fs::remove_dir_all(folder).map_err(|cause| Error::new(cause.to_string()))
}

/// 400 points near a parabola in space.
fn parabola() -> String {
    let row = |row: u64| {
        let mut e = [0.0; 4];
        Key::new(1).standard_normals(row, &mut e);
        format!("{},{},{}\n", e[0] + 0.1 * e[1], e[0] * e[0] + 0.1 * e[2], 0.1 * e[3] - e[0])
    };
    "x,y,z\n".to_owned() + &(0..400).map(row).collect::<String>()
}
