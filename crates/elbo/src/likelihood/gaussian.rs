//! Independent Gaussian columns from means (E11), and the four ways to find their σ.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Kernel, Likelihood, OwnParameters, Support};
use crate::{Error, distribution::gaussian, minibatch::Rows, random::Key};

/// How the σ of a Gaussian likelihood is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sigma {
    /// σ is held at this value (> 0), one for all columns.
    Fixed(f64),
    /// There is one σ, learned by gradient with θ.
    #[default]
    Learned,
    /// There is a σ for each column, learned by gradient with θ.
    PerColumn,
    /// One σ, solved in closed form: the maximiser of the bound for the rest held fixed is
    /// σ² = E_q‖x − f_θ(z)‖² / D; the mean is taken over the last N rows seen.
    Solved,
}

/// The share of a column's standard deviation below which no learned σ falls.
const LEAST: f64 = 1e-3;
/// Rows by which the resolution of a column is found.
const LOOKED_AT: usize = 10_000;

/// x_d ~ N(f_d, σ²), f the decoder's output; log σ is its own parameter, `[1]` or `[D]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian(pub Sigma);

impl Likelihood for Gaussian {
    fn name(&self) -> &'static str {
        "Gaussian"
    }

    fn describe(&self) -> String {
        match self.0 {
            Sigma::Fixed(sigma) => format!("Gaussian, σ = {sigma}"),
            Sigma::Learned => "Gaussian, one learned σ".into(),
            Sigma::PerColumn => "Gaussian, a learned σ for each column".into(),
            Sigma::Solved => "Gaussian, one σ solved in closed form".into(),
        }
    }

    fn support(&self) -> Support {
        Support::Real
    }

    fn own(&self, width: usize) -> Option<OwnParameters> {
        let (values, learned) = match self.0 {
            Sigma::Fixed(sigma) => (vec![libm::log(sigma) as f32], false),
            Sigma::Learned => (vec![0.0], true),
            Sigma::PerColumn => (vec![0.0; width], true),
            Sigma::Solved => (vec![0.0], false),
        };
        Some(OwnParameters { name: "log_sigma", values, learned })
    }

    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, own: Option<Tensor<1>>) -> Tensor<1> {
        gaussian::log_likelihood(x, output, own.expect("log σ"))
    }

    fn cell_log_densities(&self, x: &[f32], output: &[f32], own: &[f32]) -> Vec<f64> {
        let log_sigma = |d: usize| f64::from(own[if own.len() == 1 { 0 } else { d }]);
        let of = |(d, (&x, &f)): (usize, (&f32, &f32))| {
            let s = log_sigma(d);
            let u = f64::from(x - f) * libm::exp(-s);
            if x.is_nan() { 0.0 } else { -0.5 * (u * u + libm::log(std::f64::consts::TAU)) - s }
        };
        x.iter().zip(output).enumerate().map(of).collect()
    }

    fn mean(&self, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<2> {
        output
    }

    fn draw(&self, _: &[f32], own: &[f32], key: Key, row: u64, x: &mut [f32]) {
        let mut noise = vec![0.0; x.len()];
        key.normals(row, &mut noise);
        let sigma = own.iter().map(|&s| libm::exp(f64::from(s))).collect::<Vec<_>>();
        for ((x, e), sigma) in x.iter_mut().zip(noise).zip(sigma.iter().cycle()) {
            *x = (f64::from(*x) + sigma * e) as f32;
        }
    }

    fn start(&self, mean: f64, _: usize) -> Vec<f64> {
        vec![mean]
    }

    /// log of the standard deviation of the data around the mean of each column.
    fn start_own(&self, _: &[f64], variance: &[f64]) -> Result<Vec<f32>, Error> {
        let variance = match self.0 {
            Sigma::Fixed(sigma) => vec![sigma * sigma],
            Sigma::Learned | Sigma::Solved => vec![variance.iter().sum::<f64>() / variance.len() as f64],
            Sigma::PerColumn => variance.to_vec(),
        };
        if let Some(column) = variance.iter().position(|&v| v <= 0.0) {
            let column = (variance.len() > 1).then_some(column);
            return Err(Error::ConstantColumn { column });
        }
        Ok(variance.iter().map(|&v| (0.5 * libm::log(v)) as f32).collect())
    }

    /// The density of a column that is discrete, nearly constant or a function of the others has no maximum: σ would shrink for
    /// ever. So it stays above a thousandth of the standard deviation, and a column's own σ above δ/√12 as well, the standard
    /// deviation of what is lost by rounding to δ, the smallest difference between two of the column's values. A floor is never
    /// more than the column's standard deviation.
    fn floor(&self, rows: &Rows<'_>) -> Option<Vec<f32>> {
        if let Sigma::Fixed(_) = self.0 {
            return None;
        }
        let variance = rows.moments().1;
        let log = |sigma: f64| libm::log(sigma) as f32;
        if self.0 != Sigma::PerColumn {
            let mean = variance.iter().sum::<f64>() / variance.len() as f64;
            return Some(vec![log(LEAST * mean.sqrt())]);
        }
        let floor = |(step, variance): (f64, f64)| {
            let sd = variance.sqrt();
            log((step / 12f64.sqrt()).max(LEAST * sd).min(sd))
        };
        Some(rows.resolution(LOOKED_AT).into_iter().zip(variance).map(floor).collect())
    }

    /// σ² ← (1 − w)σ² + w E_q‖x − f(z)‖²/D, where it is solved.
    fn solve(&self, own: &mut [f32], log_likelihood: f64, weight: f64) {
        let (Sigma::Solved, [log_sigma]) = (self.0, own) else { return };
        let sigma2 = libm::exp(2.0 * f64::from(*log_sigma));
        // E11 solved for the squared residual of a column.
        let residual = -2.0 * sigma2 * (log_likelihood + 0.5 * libm::log(std::f64::consts::TAU * sigma2));
        let sigma2 = (1.0 - weight) * sigma2 + weight * residual;
        *log_sigma = (0.5 * libm::log(sigma2)) as f32;
    }

    fn noise_scale(&self, own: &[f32]) -> Option<Vec<f64>> {
        Some(own.iter().map(|&log_sigma| f64::from(log_sigma).exp()).collect())
    }

    fn held_scale(&self) -> Option<f64> {
        if let Sigma::Fixed(sigma) = self.0 { Some(sigma) } else { None }
    }

    fn kernel(&self) -> Option<Kernel> {
        Some(Kernel::Gaussian)
    }
}
