//! Gaussian components whose precision is a matrix, one for each or one for all: Gaussian-Wishart.
//!
//! Λ_k ~ W(ν₀, W₀), μ_k|Λ_k ~ N(m₀, (β₀ Λ_k)⁻¹) (Bishop 2006, section 10.2). A missing cell is a latent variable beside
//! z_n, with the exact Gaussian factor of its own given z_n = k.

use std::f64::consts::TAU;

use elbo_kernels::{
    Level,
    mixture::{Block, add_full, full_gaussian},
};
use serde::{Deserialize, Serialize};

use super::{
    Covariance, GaussianPrior,
    components::{Components, Draw, Expectations},
};
use crate::{
    Error, check,
    conjugate::{
        Completed, Expectations as _, RowExpectations, RowLocation, RowMoments, Scatter, WishartPrecision,
    },
    distribution::{Cholesky, FullGaussian, LogDensity, Sample, cholesky::dot},
    divergence::KullbackLeibler,
    random::Key,
};

/// q(μ_k, Λ_k), with one Λ for each component, or one for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised", into = "Serialised")]
pub(super) struct FullGaussians {
    prior: GaussianPrior,
    prior_precision: WishartPrecision,
    /// `[K]`.
    locations: Vec<RowLocation>,
    /// `[K]`, or of one for all `[1]`.
    precisions: Vec<WishartPrecision>,
}

/// As in a file.
#[derive(Serialize, Deserialize)]
struct Serialised {
    prior: GaussianPrior,
    /// `[K, D]`.
    mean: Vec<f64>,
    mean_precision: Vec<f64>,
    freedom: Vec<f64>,
    /// W⁻¹ of each ν.
    inverse_scale: Vec<Vec<f64>>,
}

/// The precision of a component, or of all.
fn named(tied: bool, place: usize) -> String {
    if tied {
        "the precision of all components".into()
    } else {
        format!("the precision of component {}", place + 1)
    }
}

impl TryFrom<Serialised> for FullGaussians {
    type Error = Error;

    fn try_from(
        Serialised { prior, mean, mean_precision, freedom, inverse_scale }: Serialised,
    ) -> Result<Self, Error> {
        let empty = Self::new(&prior, 0)?;
        check::all_finite("a mean", &mean)?;
        let (width, number) = (empty.width(), mean_precision.len());
        let places = if empty.tied() { 1 } else { number };
        Error::check_shape(
            "q of the components",
            &[number * width, places, places],
            &[mean.len(), freedom.len(), inverse_scale.len()],
        )?;
        let location = |(k, (mean, &beta)): (usize, (&[f64], &f64))| {
            let strength =
                check::positive("β", beta).map_err(|error| error.within(&format!("component {}", k + 1)))?;
            Ok(RowLocation { mean: mean.to_vec(), strength })
        };
        let locations = mean.chunks(width).zip(&mean_precision).enumerate().map(location);
        let precision = |(place, (freedom, inverse_scale)): (usize, (f64, Vec<f64>))| {
            Error::check_shape("W⁻¹", &[width * width], &[inverse_scale.len()])
                .and_then(|()| WishartPrecision::new(freedom, inverse_scale))
                .map_err(|error| error.within(&named(empty.tied(), place)))
        };
        let precisions = freedom.into_iter().zip(inverse_scale).enumerate().map(precision);
        let (locations, precisions) =
            (locations.collect::<Result<_, Error>>()?, precisions.collect::<Result<_, Error>>()?);
        Ok(Self { locations, precisions, ..empty })
    }
}

impl From<FullGaussians> for Serialised {
    fn from(FullGaussians { prior, locations, precisions, .. }: FullGaussians) -> Self {
        let (mean, mean_precision): (Vec<Vec<f64>>, _) =
            locations.into_iter().map(|of| (of.mean, of.strength)).unzip();
        let (freedom, inverse_scale) =
            precisions.iter().map(|of| (of.freedom(), of.inverse_scale().to_vec())).unzip();
        Self { prior, mean: mean.concat(), mean_precision, freedom, inverse_scale }
    }
}

impl FullGaussians {
    /// The prior, K times.
    pub(super) fn new(prior: &GaussianPrior, components: usize) -> Result<Self, Error> {
        prior.check()?;
        let prior_precision = prior.wishart()?;
        let location = RowLocation { mean: prior.mean.clone(), strength: prior.mean_precision };
        let places = if prior.covariance == Covariance::Tied { 1 } else { components };
        Ok(Self {
            locations: vec![location; components],
            precisions: vec![prior_precision.clone(); places],
            prior_precision,
            prior: prior.clone(),
        })
    }

    fn width(&self) -> usize {
        self.prior.mean.len()
    }

    fn tied(&self) -> bool {
        self.prior.covariance == Covariance::Tied
    }

    /// The place of Λ_k.
    fn place(&self, component: usize) -> usize {
        if self.tied() { 0 } else { component }
    }

    fn precision(&self, component: usize) -> &WishartPrecision {
        &self.precisions[self.place(component)]
    }

    fn prior_location(&self) -> RowLocation {
        RowLocation { mean: self.prior.mean.clone(), strength: self.prior.mean_precision }
    }

    /// Of the rows of a component.
    fn moments(&self, statistics: &[f64], origins: &[f64], component: usize) -> RowMoments {
        let (width, size) = (self.width(), self.size());
        let origin = &origins[component * width..][..width];
        RowMoments::of_sums(origin, &statistics[component * size..][..size])
    }

    fn expected(&self, component: usize) -> RowExpectations {
        self.locations[component].expectations(self.precision(component))
    }
}

impl Components for FullGaussians {
    fn number(&self) -> usize {
        self.locations.len()
    }

    fn size(&self) -> usize {
        let width = self.width();
        1 + width + width * (width + 1) / 2
    }

    fn expectations(&self) -> Box<dyn Expectations + '_> {
        Box::new(Expected { of: (0..self.number()).map(|k| self.expected(k)).collect(), size: self.size() })
    }

    fn set(&mut self, statistics: &[f64], origins: &[f64]) -> Result<(), Error> {
        let prior = self.prior_location();
        let none = Scatter { weight: 0.0, sum: vec![0.0; self.width() * self.width()] };
        let mut of_precisions = vec![none; self.precisions.len()];
        for k in 0..self.number() {
            let (q, scatter) = prior.updated(&self.moments(statistics, origins, k));
            of_precisions[self.place(k)].merge(&scatter);
            self.locations[k] = q;
        }
        for (place, scatter) in of_precisions.iter().enumerate() {
            self.precisions[place] = self
                .prior_precision
                .updated(scatter)
                .map_err(|error| error.within(&named(self.tied(), place)))?;
        }
        Ok(())
    }

    fn log_likelihood(&self, statistics: &[f64], origins: &[f64]) -> f64 {
        let of = |k| self.expected(k).log_likelihood(&self.moments(statistics, origins, k));
        (0..self.number()).map(of).sum()
    }

    fn kl(&self) -> Result<f64, Error> {
        let (p, prior) = (&self.prior_precision, self.prior_location());
        let of_precisions: f64 = self.precisions.iter().map(|q| q.kl(p)).sum::<Result<_, Error>>()?;
        let of_means = self.locations.iter().enumerate().map(|(k, q)| q.kl(&prior, self.precision(k)));
        Ok(of_precisions + of_means.sum::<f64>())
    }

    /// Student's t with ν + 1 − D degrees of freedom, of the columns that are there.
    fn log_predictive(&self, component: usize, x: &[f64]) -> f64 {
        self.locations[component].log_predictive(self.precision(component), x)
    }

    fn sample(&self, component: usize, key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let width = self.width();
        let (_, factor) = self.precision(component).wishart()?.sample_factored(key.fold(0), row)?;
        // x = m + √(1 + 1/β) e, e ~ N(0, Λ⁻¹): μ and x at once.
        let covariance = factor.inverse();
        let location = &self.locations[component];
        let covariance: Vec<f64> = covariance.iter().map(|c| location.spread() * c).collect();
        let of_row = FullGaussian::new(
            location.mean.clone(),
            Cholesky::named("a drawn covariance", &covariance, width)?,
        )?;
        Ok(of_row.sample(key.fold(1), row))
    }

    fn mean(&self, component: usize) -> &[f64] {
        &self.locations[component].mean
    }

    /// W⁻¹/ν.
    fn covariance(&self, component: usize, [i, j]: [usize; 2]) -> Option<f64> {
        let q = self.precision(component);
        Some(q.inverse_scale()[i * self.width() + j] / q.freedom())
    }

    fn draw(&self, key: Key, row: u64) -> Result<Draw, Error> {
        let (width, prior) = (self.width(), &self.prior);
        let p = self.prior_precision.wishart()?;
        let (mut log_ratio, mut factors) = (0.0, Vec::new());
        for (place, of) in self.precisions.iter().enumerate() {
            let q = of.wishart()?;
            let (precision, factor) = q.sample_factored(key.fold(place as u64), row)?;
            log_ratio += p.log_density(&precision) - q.log_density(&precision);
            factors.push(factor);
        }
        let mut means = Vec::with_capacity(self.number() * width);
        let mut noise = vec![0.0; width];
        for k in 0..self.number() {
            let RowLocation { mean, strength: beta } = &self.locations[k];
            let factor = &factors[self.place(k)];
            key.fold((self.number() + k) as u64).normals(row, &mut noise);
            let away = factor.solve_transposed(&noise);
            let mean: Vec<f64> = mean.iter().zip(&away).map(|(m, e)| m + e / beta.sqrt()).collect();
            let from_prior: Vec<f64> = mean.iter().zip(&prior.mean).map(|(m, p)| m - p).collect();
            let whitened = transposed_product(factor, &from_prior);
            // |Λ| is in both.
            log_ratio += 0.5 * width as f64 * (prior.mean_precision / beta).ln()
                - 0.5 * (prior.mean_precision * dot(&whitened, &whitened) - dot(&noise, &noise));
            means.extend(mean);
        }
        let covariances: Vec<Vec<f64>> = factors.iter().map(Cholesky::inverse).collect();
        let tied = self.tied();
        let log_density = move |x: &[f64], out: &mut [f64]| {
            let seen: Vec<usize> = (0..width).filter(|&d| !x[d].is_nan()).collect();
            let constant = -0.5 * seen.len() as f64 * TAU.ln();
            for (k, out) in out.iter_mut().enumerate() {
                let place = if tied { 0 } else { k };
                let away: Vec<f64> = seen.iter().map(|&d| x[d] - means[k * width + d]).collect();
                *out = constant
                    + if seen.len() == width {
                        let whitened = transposed_product(&factors[place], &away);
                        0.5 * (factors[place].ln_determinant() - dot(&whitened, &whitened))
                    } else {
                        marginal(&covariances[place], width, &seen, &away)
                    };
            }
        };
        Ok(Draw { log_ratio, log_density: Box::new(log_density) })
    }
}

/// Lᵀ v.
fn transposed_product(factor: &Cholesky, v: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; v.len()];
    for (i, v) in v.iter().enumerate() {
        out.iter_mut().zip(factor.row(i)).for_each(|(out, l)| *out += l * v);
    }
    out
}

/// −½ (log |Σ| + dᵀ Σ⁻¹ d) of some columns' Σ.
fn marginal(covariance: &[f64], width: usize, columns: &[usize], away: &[f64]) -> f64 {
    if columns.is_empty() {
        return 0.0;
    }
    let own: Vec<f64> = columns
        .iter()
        .flat_map(|&i| columns.iter().map(move |&j| (i, j)))
        .map(|(i, j)| covariance[i * width + j])
        .collect();
    Cholesky::of(&own, columns.len()).map_or(f64::NAN, |factor| {
        let whitened = factor.solve(away);
        -0.5 * (factor.ln_determinant() + dot(&whitened, &whitened))
    })
}

/// E\[log N(x; μ_k, Λ_k⁻¹)\] of each component.
struct Expected {
    of: Vec<RowExpectations>,
    size: usize,
}

impl Expectations for Expected {
    fn log_densities(&self, level: Level, x: &[Block], room: &mut [Block], out: &mut [Block]) {
        for (of, out) in self.of.iter().zip(out) {
            full_gaussian(level, x, of.mean(), of.whitening(), of.constant(), room, out);
        }
    }

    fn add(
        &self,
        level: Level,
        x: &[Block],
        origins: &[f64],
        r: &[Block],
        room: &mut [Block],
        statistics: &mut [f64],
    ) {
        let own = r.iter().zip(origins.chunks(x.len())).zip(statistics.chunks_mut(self.size));
        for ((r, origin), statistics) in own {
            add_full(level, x, origin, r, room, statistics);
        }
    }

    fn log_densities_of_incomplete(&self, x: &[f64], out: &mut [f64]) {
        for (of, out) in self.of.iter().zip(out) {
            *out = of.complete(x).map_or(f64::NAN, |completed| completed.log_density);
        }
    }

    fn add_incomplete(&self, x: &[f64], origins: &[f64], r: &[f64], statistics: &mut [f64]) -> f64 {
        let width = x.len();
        let mut entropy = 0.0;
        let own = self.of.iter().zip(r).zip(origins.chunks(width)).zip(statistics.chunks_mut(self.size));
        for (((of, &r), origin), own) in own {
            // A block of a positive definite matrix is one, but for rounding.
            let Ok(Completed { row, missing, covariance, entropy: of_row, .. }) = of.complete(x) else {
                return f64::NAN;
            };
            let e: Vec<f64> = row.iter().zip(origin).map(|(x, c)| x - c).collect();
            own[0] += r;
            own[1..=width].iter_mut().zip(&e).for_each(|(s, e)| *s += r * e);
            let squares = &mut own[1 + width..];
            for i in 0..width {
                let row = squares[i * (i + 1) / 2..].iter_mut().zip(&e[..=i]);
                row.for_each(|(s, e_j)| *s += r * e[i] * e_j);
            }
            for (a, &i) in missing.iter().enumerate() {
                for (b, &j) in missing[..=a].iter().enumerate() {
                    squares[i * (i + 1) / 2 + j] += r * covariance[a * missing.len() + b];
                }
            }
            entropy += r * of_row;
        }
        entropy
    }
}
