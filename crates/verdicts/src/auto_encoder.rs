//! Variational auto-encoders, to rows whose density is known exactly or by quadrature over one or two latent variables.

use std::f64::consts::TAU;

use elbo::{
    likelihood::{LikelihoodFamily, Sigma},
    objective::KlWeight,
    terms::Mean,
};
use elbo_fit::{
    Column, Plan, Query,
    auto_encoder::{AutoEncoder, Measures, Request, Scale, fit},
};

use crate::{Draw, Error, Generator, Judged, Rows};

/// New rows that a density is judged by, and draws of z a row with which the fit's is estimated from below.
const NEW: usize = 1000;
const DRAWS: usize = 300;

/// x given z: the mean of each column, or its logit, or its log rate.
#[derive(Clone, Copy)]
enum Noise {
    /// Around the mean, with these standard deviations in turn.
    Gaussian(&'static [f64]),
    /// The same, of Student's t with 3 degrees of freedom.
    Student(f64),
    Bernoulli,
    Poisson,
}

/// A truth: z standard normal, `outputs` its columns, with noise.
#[derive(Clone, Copy)]
struct Truth {
    name: &'static str,
    latent: usize,
    columns: usize,
    outputs: fn(&[f64], usize) -> f64,
    noise: Noise,
}

/// Numbers that look random, one for each pair.
fn weight(i: usize, d: usize) -> f64 {
    (1.7 * (i as f64 + 1.0) * (d as f64 + 1.3)).sin() * 1.3
}

/// Truths by which thresholds were set.
const TRUTHS: [Truth; 11] = [
    Truth {
        name: "plane in 5 columns",
        latent: 2,
        columns: 5,
        outputs: |z, d| weight(0, d) * z[0] + weight(1, d) * z[1],
        noise: Noise::Gaussian(&[0.3, 0.5, 0.4, 0.6, 0.8]),
    },
    Truth {
        name: "line in 8 columns",
        latent: 1,
        columns: 8,
        outputs: |z, d| weight(2, d) * z[0],
        noise: Noise::Gaussian(&[0.5, 0.4, 0.7]),
    },
    Truth {
        name: "curve in 3 columns",
        latent: 1,
        columns: 3,
        outputs: |z, d| if d == 0 { z[0] } else { (1.5 * z[0] + d as f64).sin() },
        noise: Noise::Gaussian(&[0.3]),
    },
    Truth {
        name: "two groups in 4 columns",
        latent: 1,
        columns: 4,
        outputs: |z, d| weight(3, d) * (6.0 * z[0]).tanh() + 0.2 * z[0],
        noise: Noise::Gaussian(&[0.4, 0.5]),
    },
    Truth {
        name: "surface in 6 columns",
        latent: 2,
        columns: 6,
        outputs: |z, d| (weight(4, d) * z[0] + weight(5, d) * z[1] + 0.3 * d as f64).tanh() * 1.5,
        noise: Noise::Gaussian(&[0.4, 0.3]),
    },
    Truth {
        name: "parabola in 4 columns",
        latent: 1,
        columns: 4,
        outputs: |z, d| weight(6, d) * z[0] + 0.5 * weight(7, d) * (z[0] * z[0] - 1.0),
        noise: Noise::Gaussian(&[0.4]),
    },
    Truth {
        name: "line of 0 and 1 in 12 columns",
        latent: 1,
        columns: 12,
        outputs: |z, d| 2.0 * weight(8, d) * z[0] + weight(9, d),
        noise: Noise::Bernoulli,
    },
    Truth {
        name: "plane of 0 and 1 in 16 columns",
        latent: 2,
        columns: 16,
        outputs: |z, d| 2.0 * (weight(10, d) * z[0] + weight(11, d) * z[1]) - 0.5,
        noise: Noise::Bernoulli,
    },
    Truth {
        name: "counts in 5 columns",
        latent: 1,
        columns: 5,
        outputs: |z, d| 1.0 + 0.6 * weight(12, d) * z[0],
        noise: Noise::Poisson,
    },
    Truth {
        name: "counts of two causes in 8 columns",
        latent: 2,
        columns: 8,
        outputs: |z, d| 1.2 + 0.5 * (weight(13, d) * z[0] + weight(14, d) * z[1]),
        noise: Noise::Poisson,
    },
    // No Gaussian likelihood is right for it.
    Truth {
        name: "line with outliers",
        latent: 1,
        columns: 4,
        outputs: |z, d| weight(15, d) * z[0],
        noise: Noise::Student(0.4),
    },
];

/// Others, by which the rates are measured.
const OTHERS: [Truth; 11] = [
    Truth {
        name: "plane in 7 columns",
        latent: 2,
        columns: 7,
        outputs: |z, d| 0.8 * (weight(20, d) * z[0] + weight(21, d) * z[1]),
        noise: Noise::Gaussian(&[0.5, 0.6]),
    },
    Truth {
        name: "line in 4 columns",
        latent: 1,
        columns: 4,
        outputs: |z, d| 0.9 * weight(22, d) * z[0],
        noise: Noise::Gaussian(&[0.6, 0.3, 0.5]),
    },
    Truth {
        name: "saturation in 5 columns",
        latent: 1,
        columns: 5,
        outputs: |z, d| weight(23, d) * z[0].tanh(),
        noise: Noise::Gaussian(&[0.4, 0.6]),
    },
    Truth {
        name: "arc in 3 columns",
        latent: 1,
        columns: 3,
        outputs: |z, d| if d == 0 { z[0] } else { 0.5 * (z[0] * z[0] - 1.0) * weight(24, d).signum() },
        noise: Noise::Gaussian(&[0.5]),
    },
    Truth {
        name: "product in 6 columns",
        latent: 2,
        columns: 6,
        outputs: |z, d| weight(25, d) * z[0] + 0.7 * weight(26, d) * z[1] + 0.2 * z[0] * z[1],
        noise: Noise::Gaussian(&[0.5, 0.7]),
    },
    Truth {
        name: "softplus in 4 columns",
        latent: 1,
        columns: 4,
        outputs: |z, d| (1.0 + (2.0 * weight(27, d) * z[0]).exp()).ln() - 0.8,
        noise: Noise::Gaussian(&[0.5]),
    },
    Truth {
        name: "line of 0 and 1 in 10 columns",
        latent: 1,
        columns: 10,
        outputs: |z, d| 1.6 * weight(28, d) * z[0] - 0.5 * weight(29, d),
        noise: Noise::Bernoulli,
    },
    Truth {
        name: "groups of 0 and 1 in 20 columns",
        latent: 1,
        columns: 20,
        outputs: |z, d| 2.0 * weight(30, d) * (5.0 * z[0]).tanh(),
        noise: Noise::Bernoulli,
    },
    Truth {
        name: "counts in 6 columns",
        latent: 1,
        columns: 6,
        outputs: |z, d| 0.8 + 0.5 * weight(31, d) * z[0],
        noise: Noise::Poisson,
    },
    Truth {
        name: "rare counts in 10 columns",
        latent: 2,
        columns: 10,
        outputs: |z, d| 0.5 * (weight(32, d) * z[0] + weight(33, d) * z[1]) - 0.3,
        noise: Noise::Poisson,
    },
    Truth {
        name: "plane with outliers",
        latent: 2,
        columns: 5,
        outputs: |z, d| weight(34, d) * z[0] + weight(35, d) * z[1],
        noise: Noise::Student(0.5),
    },
];

impl Truth {
    fn draw(&self, random: &mut Draw) -> Vec<f64> {
        let z = random.normals(self.latent);
        let column = |d: usize, random: &mut Draw| {
            let output = (self.outputs)(&z, d);
            match self.noise {
                Noise::Gaussian(sigma) => output + sigma[d % sigma.len()] * random.normal(),
                Noise::Student(scale) => output + scale * random.student(3),
                Noise::Bernoulli => f64::from(random.uniform() < 1.0 / (1.0 + (-output).exp())),
                Noise::Poisson => random.poisson(output.exp()),
            }
        };
        (0..self.columns).map(|d| column(d, random)).collect()
    }

    /// log p(x|z).
    fn given(&self, x: &[f64], outputs: &[f64]) -> f64 {
        let column = |(d, (&x, &output)): (usize, (&f64, &f64))| match self.noise {
            Noise::Gaussian(sigma) => {
                let sigma = sigma[d % sigma.len()];
                -0.5 * (((x - output) / sigma).powi(2) + TAU.ln()) - sigma.ln()
            }
            Noise::Student(scale) => {
                // Γ(2)/(Γ(3/2) √(3π)) = 2/(π √3).
                let constant = (2.0 / (std::f64::consts::PI * 3f64.sqrt() * scale)).ln();
                constant - 2.0 * (((x - output) / scale).powi(2) / 3.0).ln_1p()
            }
            Noise::Bernoulli => x * output - output.max(0.0) - (-output.abs()).exp().ln_1p(),
            Noise::Poisson => {
                x * output - output.exp() - (1..=x as u64).map(|k| (k as f64).ln()).sum::<f64>()
            }
        };
        x.iter().zip(outputs).enumerate().map(column).sum()
    }

    /// log p(x) of rows, by the trapezoidal rule over z.
    fn log_density(&self, rows: &Rows) -> Vec<f64> {
        let points: usize = if self.latent == 1 { 801 } else { 81 };
        let at = |i: usize| -5.5 + 11.0 * i as f64 / (points - 1) as f64;
        let step = (11.0 / (points - 1) as f64).ln();
        let grid: Vec<(f64, Vec<f64>)> = (0..points.pow(self.latent as u32))
            .map(|place| {
                let z: Vec<f64> =
                    (0..self.latent).map(|k| at(place / points.pow(k as u32) % points)).collect();
                let prior: f64 = z.iter().map(|z| -0.5 * (z * z + TAU.ln()) + step).sum();
                (prior, (0..self.columns).map(|d| (self.outputs)(&z, d)).collect())
            })
            .collect();
        let density = |x: &[f64]| {
            let terms: Vec<f64> =
                grid.iter().map(|(prior, outputs)| prior + self.given(x, outputs)).collect();
            let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln()
        };
        rows.values.chunks(self.columns).map(density).collect()
    }

    /// What suits it.
    fn request(&self) -> Request {
        let likelihood = match self.noise {
            Noise::Gaussian(_) | Noise::Student(_) => LikelihoodFamily::Gaussian,
            Noise::Bernoulli => LikelihoodFamily::Bernoulli,
            Noise::Poisson => LikelihoodFamily::Poisson,
        };
        Request {
            likelihood: Some(likelihood),
            scale: Scale::None,
            validation: 0.25,
            hidden: Some(vec![32]),
            latent: Some(vec![self.latent.max(2)]),
            batch: 64,
            step_size: Some(3e-3),
            ..Request::default()
        }
    }

    fn judge(&self, rows: usize, request: &Request, seed: u64) -> Result<Judged, Error> {
        let mut random = Draw::new(seed, 8);
        let data = Rows::of(self.columns, rows, |_| self.draw(&mut random));
        let new = Rows::of(self.columns, NEW, |_| self.draw(&mut random));
        let folder = tempfile::tempdir()?;
        let plan = Plan::in_folder(folder.path().join("runs"));
        let source = data.write(&folder.path().join("rows.csv"))?;
        let request = Request { seed, ..request.clone() };
        let fitted = fit(&request, source, None, None, &plan, &())?;
        let model = AutoEncoder::load(&fitted.folder, &plan.device)?;
        let asked = Query { source: Some(new.write(&folder.path().join("new.csv"))?), memory: None };
        let measures = Measures { importance_samples: Some(DRAWS), seed, ..Measures::default() };
        let told = model.evaluate(&asked, &measures, &())?.rows.table;
        let found = told.columns.iter().find(|(name, _)| name == "importance_weighted");
        let Some((_, Column::Real(density))) = found else { return Err("the fit has no density".into()) };
        let lost: Vec<f64> = self.log_density(&new).iter().zip(density).map(|(t, f)| t - f).collect();
        Ok(Judged { lost: Some(Mean::of(&lost)), ..Judged::new(fitted.results.verdict) })
    }
}

/// What is changed of a fit that would be well, and the rows that it is fitted to.
type Change = (&'static str, usize, fn(&mut Request));

/// Fits that should be well.
const WELL: [Change; 5] = [
    ("4,000 rows", 4000, |_| ()),
    ("2,000 rows", 2000, |_| ()),
    ("3,000 rows, a wider hidden layer", 3000, |request| request.hidden = Some(vec![64])),
    ("4,000 rows, large minibatches", 4000, |request| request.batch = 128),
    ("4,000 rows, small steps", 4000, |request| request.step_size = Some(1e-3)),
];

/// Fits that are made to fail.
const ILL: [Change; 9] = [
    ("3 epochs", 2000, |request| request.epochs = Some(3)),
    ("12 epochs", 1000, |request| request.epochs = Some(12)),
    ("a hidden layer of 1", 2000, |request| request.hidden = Some(vec![1])),
    ("no hidden layer", 2000, |request| request.hidden = Some(vec![])),
    ("60 rows", 60, |_| ()),
    ("200 rows", 200, |_| ()),
    ("steps far too large", 2000, |request| request.step_size = Some(0.3)),
    ("a KL that weighs 5", 2000, |request| {
        request.kl_weight = KlWeight { beta: 5.0, ..KlWeight::default() };
    }),
    ("one latent, noise far too large", 2000, |request| {
        request.latent = Some(vec![1]);
        request.sigma = Some(Sigma::Fixed(1.0));
    }),
];

pub(crate) fn generators() -> Vec<Generator> {
    let mut all = Vec::new();
    let changes = WELL.iter().chain(&ILL);
    for (pair, (what, rows, change)) in
        TRUTHS.iter().zip(&OTHERS).flat_map(|pair| changes.clone().map(move |of| (pair, of)))
    {
        // In turn: the first is of the half on which thresholds were set.
        for truth in [pair.0, pair.1] {
            let mut request = truth.request();
            change(&mut request);
            let (truth, rows) = (*truth, *rows);
            let name = format!("{}, {what}", truth.name);
            all.push(Generator::new("auto-encoder", name, move |seed| truth.judge(rows, &request, seed)));
        }
    }
    all
}
