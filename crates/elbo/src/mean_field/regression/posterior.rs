//! q(w), q(α), q(τ), and what they predict: ŷ = xᵀm, Var\[y\] = xᵀ Cov\[w\] x + E\[1/τ\].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Covariance, Noise, statistics::given};
use crate::{
    Error, check,
    distribution::{CentralInterval, Gamma, Gaussian, Sample, StudentT, cholesky::dot},
    random::{Key, Purpose},
};

/// The factors of a fitted regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised", into = "Serialised")]
#[non_exhaustive]
pub struct Posterior {
    /// Whether the first coefficient is the intercept.
    pub intercept: bool,
    /// Whether the covariance of w is V/τ.
    pub scaled: bool,
    /// m, `[P]`: the intercept, if there is one, and a weight for each column.
    pub mean: Vec<f64>,
    /// V.
    pub v: Covariance,
    /// q(τ); scaled, of q(w, τ) = q(w|τ) q(τ).
    pub noise: Noise,
    /// a of q(α_j) = Gamma(a, b_j).
    pub relevance_shape: f64,
    /// b_j: none where α is known, one where it is shared, else one for each column.
    pub relevance_rate: Vec<f64>,
}

/// As in a file.
#[derive(Serialize, Deserialize)]
struct Serialised {
    intercept: bool,
    scaled: bool,
    mean: Vec<f64>,
    /// V: the factor alone, the deviations alone, or deviations, basis and factor of one of low rank.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deviations: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    basis: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    factor: Vec<f64>,
    noise: Noise,
    relevance_shape: f64,
    relevance_rate: Vec<f64>,
}

impl TryFrom<Serialised> for Posterior {
    type Error = Error;

    fn try_from(of: Serialised) -> Result<Self, Error> {
        let Serialised { intercept, scaled, mean, deviations, basis, factor, noise, .. } = of;
        let (relevance_shape, relevance_rate) = (of.relevance_shape, of.relevance_rate);
        check::all_finite("a coefficient", &mean)?;
        let v = if deviations.is_empty() {
            Covariance::Full { factor }
        } else if factor.is_empty() {
            Covariance::Diagonal { deviations }
        } else {
            Covariance::LowRank { deviations, basis: Arc::new(basis), factor }
        };
        let p = mean.len();
        v.check(p, intercept)?;
        noise.check()?;
        let columns = p - usize::from(intercept);
        if ![0, 1, columns].contains(&relevance_rate.len()) {
            let (what, expected) = ("the rates of α".into(), vec![columns]);
            return Err(Error::Shape { what, expected, got: vec![relevance_rate.len()] });
        }
        check::positive("the shape of α", relevance_shape)?;
        relevance_rate.iter().try_for_each(|&b| check::positive("a rate of α", b).map(|_| ()))?;
        Ok(Self { intercept, scaled, mean, v, noise, relevance_shape, relevance_rate })
    }
}

impl From<Posterior> for Serialised {
    fn from(q: Posterior) -> Self {
        let (deviations, basis, factor) = match q.v {
            Covariance::Full { factor } => (Vec::new(), Vec::new(), factor),
            Covariance::Diagonal { deviations } => (deviations, Vec::new(), Vec::new()),
            Covariance::LowRank { deviations, basis, factor } => {
                (deviations, Arc::unwrap_or_clone(basis), factor)
            }
        };
        Self {
            intercept: q.intercept,
            scaled: q.scaled,
            mean: q.mean,
            deviations,
            basis,
            factor,
            noise: q.noise,
            relevance_shape: q.relevance_shape,
            relevance_rate: q.relevance_rate,
        }
    }
}

/// What is predicted of some rows, `[R]` each, in units of y.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// E\[y\] = E\[xᵀw\].
    pub mean: Vec<f64>,
    /// The standard deviation of xᵀw: how well the mean is known.
    pub mean_sd: Vec<f64>,
    /// The standard deviation of y itself.
    pub sd: Vec<f64>,
    /// The degrees of freedom where y and xᵀw are exactly Student's t, as under the scaled prior with τ unknown. `None`
    /// otherwise: Gaussian where τ is known, else a mixture of Gaussians without a name, whose moments these are.
    pub freedom: Option<f64>,
}

impl Posterior {
    fn width(&self) -> usize {
        self.mean.len()
    }

    /// E\[1/τ\], the variance of the noise; ∞ where it has no mean, of fewer than two rows under a flat prior.
    pub fn noise_variance(&self) -> f64 {
        match self.noise {
            Noise::Known { sd } => sd * sd,
            Noise::Gamma { shape, rate } if shape > 1.0 => rate / (shape - 1.0),
            Noise::Gamma { .. } => f64::INFINITY,
        }
    }

    /// v, or E\[v/τ\] where w is scaled by τ.
    fn marginal(&self, v: f64) -> f64 {
        // Not 0 · ∞.
        if self.scaled && v > 0.0 { v * self.noise_variance() } else { v }
    }

    /// E\[α_j\], as many as there are rates: a column with a large one is switched off.
    pub fn relevance(&self) -> Vec<f64> {
        self.relevance_rate.iter().map(|b| self.relevance_shape / b).collect()
    }

    /// Cov\[w\], `[P, P]`, of the intercept and the weights; scaled, the mean of V/τ.
    pub fn covariance(&self) -> Vec<f64> {
        let (p, scale) = (self.width(), self.marginal(1.0));
        let unit = |j: usize| (0..p).map(|i| f64::from(u8::from(i == j))).collect::<Vec<f64>>();
        let scaled = |v: f64| if v == 0.0 { 0.0 } else { v * scale };
        (0..p).flat_map(|j| self.v.times(&unit(j))).map(scaled).collect()
    }

    /// The standard deviation of each coefficient, `[P]`.
    pub fn deviations(&self) -> Vec<f64> {
        self.v.variances().into_iter().map(|v| self.marginal(v).sqrt()).collect()
    }

    /// 2a where q(w, τ) is one factor.
    fn freedom(&self) -> Option<f64> {
        match self.noise {
            Noise::Gamma { shape, .. } if self.scaled => Some(2.0 * shape),
            _ => None,
        }
    }

    /// The interval that holds each coefficient with probability `level`, as much outside it on one side as on the other,
    /// `[P]`: of Student's t under the scaled prior with τ unknown, else of a Gaussian. Both are exact of q.
    ///
    /// # Errors
    /// It fails where `level` is outside (0, 1).
    pub fn credible_intervals(&self, level: f64) -> Result<Vec<(f64, f64)>, Error> {
        self.mean.iter().zip(self.v.variances()).map(|(&mean, v)| self.interval(mean, v, level)).collect()
    }

    /// The same for a linear combination of the coefficients, Σ_j x_j w_j with x `[P]`; its mean comes first. The
    /// intercept in other units is one.
    ///
    /// ```
    /// use elbo::mean_field::{Ascent, ascend, regression::{Fit, Prior}};
    /// let mut fit = Fit::new(&[0.0, 1.0, 2.0, 3.0], 1, &[1.0, 3.1, 4.9, 7.0], Prior::default())?;
    /// ascend(&mut fit, &Ascent::default(), |_, _| {})?;
    /// // The target at x = 2.
    /// let (mean, (low, high)) = fit.posterior().combination(&[1.0, 2.0], 0.9)?;
    /// assert!((mean - 5.0).abs() < 0.1 && low < mean && mean < high);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// It fails where `level` is outside (0, 1), or there is not a number for each coefficient.
    pub fn combination(&self, x: &[f64], level: f64) -> Result<(f64, (f64, f64)), Error> {
        Error::check_shape("a combination", &[self.width()], &[x.len()])?;
        let mean = dot(x, &self.mean);
        Ok((mean, self.interval(mean, self.v.square(x), level)?))
    }

    fn interval(&self, mean: f64, v: f64, level: f64) -> Result<(f64, f64), Error> {
        match (self.freedom(), self.noise) {
            (Some(freedom), Noise::Gamma { shape, rate }) => {
                StudentT::new(freedom, mean, (v * (rate / shape)).sqrt())?.central_interval(level)
            }
            _ => Gaussian::new(mean, self.marginal(v).sqrt())?.central_interval(level),
        }
    }

    /// Σ_j x_j w_j with the intercept, of rows x that are checked.
    fn rows<'a>(&'a self, x: &'a [f64]) -> Result<impl Iterator<Item = Vec<f64>> + 'a, Error> {
        let (one, p) = (usize::from(self.intercept), self.width());
        check::at_least("the number of coefficients", p, one.max(1))?;
        self.v.check(p, self.intercept)?;
        let columns = p - one;
        if !x.len().is_multiple_of(columns.max(1)) {
            return Err(Error::Shape { what: "x".into(), expected: vec![columns], got: vec![x.len()] });
        }
        x.chunks(columns.max(1)).enumerate().try_for_each(|(row, x)| given(x, row, false))?;
        let one = self.intercept.then_some(1.0);
        Ok(x.chunks(columns.max(1)).map(move |x| one.into_iter().chain(x.iter().copied()).collect()))
    }

    /// Predicts rows x, `[R, columns]`; NaN of a row that lacks a cell, of which x has no distribution.
    ///
    /// # Errors
    /// It fails where a value is infinite, or the rows have other columns.
    pub fn predict(&self, x: &[f64]) -> Result<Prediction, Error> {
        let freedom = self.freedom();
        let mut out = Prediction { mean: Vec::new(), mean_sd: Vec::new(), sd: Vec::new(), freedom };
        for x in self.rows(x)? {
            let variance = self.marginal(self.v.square(&x));
            out.mean.push(dot(&x, &self.mean));
            out.mean_sd.push(variance.sqrt());
            out.sd.push((variance + self.noise_variance()).sqrt());
        }
        Ok(out)
    }

    /// A draw of y, `[R]`, for rows x, `[R, columns]`: one w and τ from q for all of them, and noise for each.
    ///
    /// # Errors
    /// It fails as [`Self::predict`] does.
    pub fn sample(&self, x: &[f64], key: Key) -> Result<Vec<f64>, Error> {
        let key = key.purpose(Purpose::Sample);
        let tau = match self.noise {
            Noise::Known { sd } => (sd * sd).recip(),
            Noise::Gamma { shape, rate } => Gamma::new(shape, rate)?.sample(key, 0),
        };
        let (mut of_weights, mut noise) = (vec![0.0; self.v.numbers()], [0.0]);
        key.fold(0).normals(0, &mut of_weights);
        let sd = libm::sqrt(tau.recip());
        let scale = if self.scaled { sd } else { 1.0 };
        let away = self.v.draw(&of_weights);
        let w: Vec<f64> = self.mean.iter().zip(away).map(|(m, e)| m + scale * e).collect();
        let draw = |(n, x): (usize, Vec<f64>)| {
            key.fold(1).normals(n as u64, &mut noise);
            dot(&x, &w) + sd * noise[0]
        };
        Ok(self.rows(x)?.enumerate().map(draw).collect())
    }
}
