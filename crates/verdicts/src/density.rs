//! Log densities of what is drawn.

use elbo::{
    distribution::{Cholesky, FullGaussian, LogDensity, StudentT},
    special::{ln_gamma, ln_sum_exp},
};

/// log N(x; 0, 1).
pub(crate) fn ln_normal(x: f64) -> f64 {
    -0.5 * (x * x + std::f64::consts::TAU.ln())
}

/// log p of Student's t with centre 0 and scale 1.
pub(crate) fn ln_student(freedom: usize, x: f64) -> f64 {
    StudentT::new(freedom as f64, 0.0, 1.0).map_or(f64::NAN, |t| t.log_density(&x))
}

/// log Σ w e^l.
pub(crate) fn ln_mixture(terms: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    ln_sum_exp(&terms.into_iter().map(|(weight, ln)| weight.ln() + ln).collect::<Vec<f64>>())
}

/// N(mean, covariance), or with degrees of freedom the t distribution of that scale.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    mean: Vec<f64>,
    factor: Cholesky,
    freedom: Option<usize>,
}

impl Cloud {
    pub(crate) fn new(
        mean: Vec<f64>,
        covariance: &[f64],
        freedom: Option<usize>,
    ) -> Result<Self, crate::Error> {
        let factor = Cholesky::of(covariance, mean.len())?;
        Ok(Self { mean, factor, freedom })
    }

    pub(crate) fn draw(&self, random: &mut crate::Draw) -> Vec<f64> {
        let n = self.mean.len();
        let scale =
            self.freedom.map_or(1.0, |freedom| (random.chi_squared(freedom) / freedom as f64).sqrt().recip());
        let step = self.factor.multiply(&random.normals(n));
        self.mean.iter().zip(step).map(|(mean, step)| mean + scale * step).collect()
    }

    pub(crate) fn ln(&self, x: &[f64]) -> f64 {
        let Some(freedom) = self.freedom else {
            let gaussian = FullGaussian::new(self.mean.clone(), self.factor.clone());
            return gaussian.map_or(f64::NAN, |gaussian| gaussian.log_density(x));
        };
        let away: Vec<f64> = x.iter().zip(&self.mean).map(|(x, mean)| x - mean).collect();
        let square: f64 = self.factor.solve(&away).iter().map(|z| z * z).sum();
        let (nu, n) = (freedom as f64, x.len() as f64);
        ln_gamma(0.5 * (nu + n))
            - ln_gamma(0.5 * nu)
            - 0.5 * (n * (nu * std::f64::consts::PI).ln() + self.factor.ln_determinant())
            - 0.5 * (nu + n) * (square / nu).ln_1p()
    }
}
