//! What simpler models make of the rows that a fit is judged by: each is fitted to the same training rows, and its log p(x)
//! is exact. And whether rows drawn from the fit are like those that were held out.

use elbo::{
    burn::tensor::{Device, Tensor, TensorData},
    diagnose::Predictive,
    distribution::bernoulli::Binarise,
    engine::Reader,
    likelihood::{Likelihood, Support},
    mean_field::{
        Ascent, Start, ascend,
        mixture::{Covariance, Family, Fit, GaussianPrior, Prior, Weights},
    },
    minibatch::{Minibatch, Rows},
    model::LinearGaussian,
    random::{Key, Purpose},
    special::{ln_gamma, ln_sum_exp},
};

use crate::error::Error;

/// log p(x) of each row under columns that are independent, each with the mean and spread of the training rows; none where
/// the likelihood has no maximum on them.
pub(super) fn independent(
    likelihood: &dyn Likelihood,
    train: &Rows<'_>,
    rows: &Minibatch,
    device: &Device,
) -> Option<Vec<f64>> {
    let (outputs, own): (Vec<f32>, Vec<f32>) = if let Some([outputs, own]) = likelihood.start_at(train) {
        (outputs, own)
    } else {
        let (mean, variance) = train.moments();
        let own = likelihood.start_own(&mean, &variance).ok()?;
        let starts: Vec<Vec<f64>> = mean.iter().map(|&mean| likelihood.start(mean, train.len())).collect();
        let outputs = (0..likelihood.outputs()).flat_map(|o| starts.iter().map(move |start| start[o] as f32));
        (outputs.collect(), own)
    };
    let (number, width) = (rows.rows.len(), outputs.len());
    let matrix =
        |values: Vec<f32>, width| Tensor::<2>::from_data(TensorData::new(values, [number, width]), device);
    let length = own.len();
    let own = (length > 0).then(|| Tensor::<1>::from_data(TensorData::new(own, [length]), device));
    let density = likelihood.log_density(
        matrix(rows.values.clone(), rows.width),
        matrix(outputs.repeat(number), width),
        own,
    );
    Some(density.into_data().iter::<f64>().collect())
}

/// Components of the mixture, of which it uses as many as the rows bear.
const COMPONENTS: usize = 10;
/// Training rows that it is fitted to, and columns, at most: some seconds' work.
const ROWS: usize = 4000;
const COLUMNS: usize = 1000;
/// Columns up to which components have a whole matrix of covariances.
const FULL: usize = 32;
const SWEEPS: Ascent = Ascent { tolerance: 1e-6, sweeps: 100 };

/// log p(x) of each row under a mixture: of Gaussians, with any covariance or, of more columns, independent ones; of columns of
/// 0 and 1; of Poisson columns. None of wide rows.
pub(super) fn mixture(
    support: Support,
    binarise: Binarise,
    train: &Rows<'_>,
    rows: &Minibatch,
    key: Key,
) -> Option<Vec<f64>> {
    if rows.width > COLUMNS || support == Support::Mixed {
        return None;
    }
    let some = train.index().iter().copied().take(ROWS);
    let x = train.minibatch(some, binarise, key.purpose(Purpose::Binarise)).values;
    let x: Vec<f64> = x.into_iter().map(f64::from).collect();
    let values: Vec<f64> = rows.values.iter().map(|&x| f64::from(x)).collect();
    let covariance = if rows.width > FULL { Covariance::Diagonal } else { Covariance::Full };
    let family = match support {
        Support::Binary => Family::Bernoulli([1.0, 1.0]),
        Support::Count => return Some(Poissons::fit(&x, rows.width, key).log_density(&values)),
        _ => Family::Gaussian(GaussianPrior::of(&x, rows.width, covariance).ok()?),
    };
    let weights = Weights::Dirichlet(1.0 / COMPONENTS as f64);
    let prior = Prior { components: COMPONENTS, weights, family };
    let mut fit = Fit::new(&x, rows.width, prior, Start::KMeans, key).ok()?;
    ascend(&mut fit, &SWEEPS, |_, _| {}).ok()?;
    fit.posterior().log_predictive(&values).ok()
}

/// A mixture of independent Poisson columns, by expectation maximisation.
struct Poissons {
    /// Each component's share of the rows.
    shares: Vec<f64>,
    /// The mean of each column, of each component.
    rates: Vec<Vec<f64>>,
}

impl Poissons {
    /// A component starts at a row; each has the mean of all rows as one row more, so that no rate is 0.
    fn fit(x: &[f64], width: usize, key: Key) -> Self {
        let rows = x.len() / width;
        let mean: Vec<f64> = (0..width)
            .map(|d| (x.iter().skip(d).step_by(width).sum::<f64>() + 0.5) / (rows as f64 + 0.5))
            .collect();
        let start = key.permutation(rows).into_iter().take(COMPONENTS);
        let between =
            |row: usize| x[row * width..][..width].iter().zip(&mean).map(|(x, m)| 0.5 * (x + m)).collect();
        let rates: Vec<Vec<f64>> = start.map(between).collect();
        let mut fit = Self { shares: vec![1.0 / rates.len() as f64; rates.len()], rates };
        for _ in 0..SWEEPS.sweeps {
            let mut shares = vec![1.0; fit.shares.len()];
            let mut sums = vec![mean.clone(); fit.shares.len()];
            for row in x.chunks(width) {
                let terms = fit.terms(row);
                let total = ln_sum_exp(&terms);
                for ((share, sums), term) in shares.iter_mut().zip(&mut sums).zip(terms) {
                    let responsibility = (term - total).exp();
                    *share += responsibility;
                    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += responsibility * x);
                }
            }
            for (rates, (sums, share)) in fit.rates.iter_mut().zip(sums.iter().zip(&shares)) {
                rates.iter_mut().zip(sums).for_each(|(rate, sum)| *rate = sum / share);
            }
            let total: f64 = shares.iter().sum();
            fit.shares = shares.iter().map(|share| share / total).collect();
        }
        fit
    }

    /// log π_k p(x|k) of each component, but for what depends on x alone.
    fn terms(&self, x: &[f64]) -> Vec<f64> {
        let term = |(share, rates): (&f64, &Vec<f64>)| {
            share.ln() + x.iter().zip(rates).map(|(x, rate)| x * rate.ln() - rate).sum::<f64>()
        };
        self.shares.iter().zip(&self.rates).map(term).collect()
    }

    fn log_density(&self, x: &[f64]) -> Vec<f64> {
        let of = |x: &[f64]| ln_sum_exp(&self.terms(x)) - x.iter().map(|x| ln_gamma(x + 1.0)).sum::<f64>();
        x.chunks(self.rates[0].len()).map(of).collect()
    }
}

/// Numbers drawn from the model at most, and rows.
const DRAWN: (usize, usize) = (20_000_000, 2000);
/// Columns that are looked at by themselves, at most, and principal components of the training rows.
const LOOKED_AT: (usize, usize) = (1000, 5);
/// How often rows of the model itself would seem to be too few in some direction.
const FALSE_ALARMS: f64 = 0.001;

/// The share of what is drawn from the model that an interval holds.
const HELD: f64 = 0.9;

/// The direction, of the columns and the largest principal components, in which the central 90 % of rows drawn from the model
/// hold the fewest of those held out; none of a single row.
pub(super) fn predictive(
    reader: &dyn Reader,
    train: &Rows<'_>,
    rows: &Minibatch,
    names: &[String],
    key: Key,
) -> Result<Option<Predictive>, Error> {
    let (width, number) = (rows.width, rows.rows.len());
    if number < 2 {
        return Ok(None);
    }
    let draws = (DRAWN.0 / width).clamp(100, DRAWN.1);
    let z = reader.sample_prior(key.fold(0), draws);
    let drawn = reader.sample(&z, key.fold(1))?;
    let column = |x: &[f32], d: usize| {
        let cells = x.iter().skip(d).step_by(width).map(|&x| f64::from(x));
        cells.filter(|x| !x.is_nan()).collect::<Vec<f64>>()
    };
    let mut worst: Option<(f64, String)> = None;
    let mut look = |held_out: Vec<f64>, drawn: Vec<f64>, of: String| {
        // Of few cells a share says little.
        if held_out.len() < 2 {
            return;
        }
        let coverage = coverage(&held_out, drawn);
        if worst.as_ref().is_none_or(|(least, _)| coverage < *least) {
            worst = Some((coverage, of));
        }
    };
    for (d, name) in names.iter().enumerate().take(LOOKED_AT.0) {
        look(column(&rows.values, d), column(&drawn, d), format!("column {name}"));
    }
    let mut directions = width.min(LOOKED_AT.0);
    let some = train.select(train.index().iter().copied().take(ROWS).collect());
    let components = LOOKED_AT.1.min(width.saturating_sub(1));
    if width <= LOOKED_AT.0
        && reader.likelihood().support() != Support::Mixed
        && let Ok(linear) = LinearGaussian::fit(&some, components, None)
    {
        let scores = |x: &[f32]| x.chunks(width).map(|x| linear.principal_components(x)).collect::<Vec<_>>();
        let (held_out, drawn) = (scores(&rows.values), scores(&drawn));
        for c in 0..linear.active() {
            let of = |scores: &[Vec<f64>]| scores.iter().map(|row| row[c]).collect();
            look(of(&held_out), of(&drawn), format!("principal component {}", c + 1));
        }
        directions += linear.active();
    }
    // A share of so many rows is about Gaussian; of all directions together it is lower than this about once in a thousand fits.
    let variance = HELD * (1.0 - HELD) * (1.0 / number as f64 + 1.0 / draws as f64);
    let chance = (2.0 * (directions as f64 / FALSE_ALARMS).ln() * variance).sqrt() + 1.0 / number as f64;
    Ok(worst.map(|(coverage, of)| Predictive { coverage, limit: HELD - chance, of }))
}

/// The share of some values within the central 90 % of others; 0 where one of those is no number.
fn coverage(values: &[f64], mut drawn: Vec<f64>) -> f64 {
    if drawn.iter().any(|x| x.is_nan()) {
        return 0.0;
    }
    drawn.sort_unstable_by(f64::total_cmp);
    let out = (0.5 * (1.0 - HELD) * drawn.len() as f64).round() as usize;
    let (low, high) = (drawn[out], drawn[drawn.len() - 1 - out]);
    values.iter().filter(|&&x| low <= x && x <= high).count() as f64 / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::coverage;

    #[test]
    fn the_central_interval_of_draws_holds_its_share() {
        let drawn: Vec<f64> = (0..100).rev().map(f64::from).collect();
        // It reaches from the sixth to the last but five.
        assert_eq!(coverage(&[4.0, 5.0, 94.0, 95.0], drawn.clone()), 0.5);
        assert_eq!(coverage(&drawn, drawn.clone()), 0.9);
        // Ties lie within.
        assert_eq!(coverage(&[0.0, 0.0], vec![0.0; 10]), 1.0);
        assert_eq!(coverage(&[0.0], vec![f64::NAN]), 0.0);
    }
}
