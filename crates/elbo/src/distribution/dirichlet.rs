//! The Dirichlet distribution: p(x) = Π_i x_i^(α_i − 1) Γ(Σα)/Π_i Γ(α_i) on the simplex.

use crate::{
    Error, check,
    distribution::{
        Entropy, LogDensity, Moments, PathGradient, Sample, Score,
        standard_gamma::{ln_gamma_path_derivative, ln_standard_gamma},
        stream::Stream,
    },
    random::Key,
    special::{digamma, ln_gamma, ln_sum_exp},
};

/// Dirichlet(α) over K ≥ 2 shares; a density in the first K − 1 of them.
///
/// ```
/// use elbo::distribution::{Dirichlet, LogDensity};
/// let flat = Dirichlet::new(vec![1.0; 3])?; // Γ(3) = 2 on the triangle
/// assert!((flat.log_density(&[0.2, 0.3, 0.5]) - 2f64.ln()).abs() < 1e-15);
/// assert_eq!(flat.log_density(&[0.2, 0.3, 0.6]), f64::NEG_INFINITY);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dirichlet {
    concentration: Vec<f64>,
}

/// How far from 1 the shares of a point of the simplex may add up.
const ROUNDING: f64 = 1e-9;

impl Dirichlet {
    /// Makes the distribution from α, `[K]`.
    ///
    /// # Errors
    /// It fails where K < 2, or an α is not a finite number > 0.
    pub fn new(concentration: Vec<f64>) -> Result<Self, Error> {
        check::at_least("the dimension of a dirichlet", concentration.len(), 2)?;
        check::each_positive("concentration", &concentration)?;
        Ok(Self { concentration })
    }

    /// The concentration α, `[K]`.
    pub fn concentration(&self) -> &[f64] {
        &self.concentration
    }

    /// Σα.
    pub fn total(&self) -> f64 {
        self.concentration.iter().sum()
    }

    fn log_normaliser(&self) -> f64 {
        self.concentration.iter().map(|&a| ln_gamma(a)).sum::<f64>() - ln_gamma(self.total())
    }

    /// log g of the K gamma variables with x = g/Σg.
    fn sample_ln_gammas(&self, key: Key, row: u64) -> Vec<f64> {
        let mut stream = Stream::new(key, row);
        self.concentration.iter().map(|&shape| ln_standard_gamma(shape, &mut stream)).collect()
    }
}

/// g/Σg.
fn shares(ln_gammas: &[f64]) -> Vec<f64> {
    let total = ln_sum_exp(ln_gammas);
    ln_gammas.iter().map(|g| libm::exp(g - total).max(f64::MIN_POSITIVE)).collect()
}

impl LogDensity<[f64]> for Dirichlet {
    fn log_density(&self, x: &[f64]) -> f64 {
        let inside = x.len() == self.concentration.len() && x.iter().all(|&x| x > 0.0);
        if !inside || (x.iter().sum::<f64>() - 1.0).abs() > ROUNDING {
            return f64::NEG_INFINITY;
        }
        let terms = self.concentration.iter().zip(x).map(|(alpha, x)| (alpha - 1.0) * x.ln());
        terms.sum::<f64>() - self.log_normaliser()
    }
}

impl Sample for Dirichlet {
    type Value = Vec<f64>;
    /// A share below the least positive normal number is that number.
    fn sample(&self, key: Key, row: u64) -> Vec<f64> {
        shares(&self.sample_ln_gammas(key, row))
    }
}

impl Moments for Dirichlet {
    type Value = Vec<f64>;
    fn mean(&self) -> Option<Vec<f64>> {
        let total = self.total();
        Some(self.concentration.iter().map(|a| a / total).collect())
    }
    fn variance(&self) -> Option<Vec<f64>> {
        let total = self.total();
        Some(self.concentration.iter().map(|a| a / total * ((total - a) / total) / (total + 1.0)).collect())
    }
}

impl Entropy for Dirichlet {
    /// log B(α) + Σ (α_i − 1)(ψ(Σα) − ψ(α_i)).
    fn entropy(&self) -> f64 {
        let whole = digamma(self.total());
        let terms = self.concentration.iter().map(|&a| (a - 1.0) * (whole - digamma(a)));
        self.log_normaliser() + terms.sum::<f64>()
    }
}

impl Score<[f64]> for Dirichlet {
    /// ∂/∂α_i = log x_i − ψ(α_i) + ψ(Σα).
    fn score(&self, x: &[f64]) -> Vec<f64> {
        let whole = digamma(self.total());
        self.concentration.iter().zip(x).map(|(&a, x)| x.ln() - digamma(a) + whole).collect()
    }
}

impl PathGradient for Dirichlet {
    /// Through the gamma variables: ∂x_i/∂α_j = x_i (1{i = j} − x_j) ∂ log g_j/∂α_j.
    fn path_gradient(&self, key: Key, row: u64, cotangent: &Vec<f64>) -> Vec<f64> {
        let ln_gammas = self.sample_ln_gammas(key, row);
        let x = shares(&ln_gammas);
        let mean: f64 = x.iter().zip(cotangent).map(|(x, c)| x * c).sum();
        let slopes = self.concentration.iter().zip(&ln_gammas).map(|(&a, &g)| ln_gamma_path_derivative(a, g));
        slopes.zip(x.iter().zip(cotangent)).map(|(slope, (x, c))| slope * x * (c - mean)).collect()
    }
}
