//! A linear regression, fitted to targets that are linear in x, and to others.

use elbo::{
    mean_field::{
        Ascent, ascend,
        regression::{Fit, Noise, Prior, Weights},
    },
    random::Key,
};
use elbo_fit::{
    Estimates,
    models::{
        FitContext,
        regress::{Regress, Request, WeightsPrior},
    },
};

use crate::{
    Draw, Error, Generator, Judged, Rows,
    density::{ln_mixture, ln_normal, ln_student},
    fit_rows,
};

const NEW: usize = 4000;

/// What y − E[y] is like, and what E[y] and x are.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Linear,
    /// Student's t of 3.
    Heavy,
    Outliers,
    /// The square of the first x too.
    Curved,
    /// The noise grows with the first x.
    Spreading,
    /// x and the noise follow those of the row before.
    Chained,
    /// The columns of x are nearly the same, and q of each is by itself.
    Factorised,
    /// Each weight has a prior of its own.
    Relevance,
}

impl Target {
    fn x(self, random: &mut Draw, width: usize, before: &[f64]) -> Vec<f64> {
        let z = random.normals(width);
        match self {
            Self::Chained => z.iter().zip(before).map(|(z, before)| 0.9 * before + 0.436 * z).collect(),
            Self::Factorised => z.iter().map(|own| z[0] + 0.3 * own).collect(),
            _ => z,
        }
    }

    fn scale(self, x: &[f64]) -> f64 {
        if self == Self::Spreading { (0.8 * x[0]).exp() } else { 1.0 }
    }

    fn noise(self, random: &mut Draw, before: f64) -> f64 {
        match self {
            Self::Heavy => random.student(3),
            Self::Outliers => random.normal() * if random.uniform() < 0.04 { 8.0 } else { 1.0 },
            Self::Chained => 0.9 * before + 0.436 * random.normal(),
            _ => random.normal(),
        }
    }

    fn ln(self, noise: f64) -> f64 {
        match self {
            Self::Heavy => ln_student(3, noise),
            Self::Outliers => {
                ln_mixture([(0.96, ln_normal(noise)), (0.04, ln_normal(noise / 8.0) - 8f64.ln())])
            }
            _ => ln_normal(noise),
        }
    }

    fn mean(self, x: &[f64]) -> f64 {
        let linear: f64 = x.iter().enumerate().map(|(d, x)| weight(d) * x).sum();
        let curve = if self == Self::Curved { 0.7 * x[0] * x[0] } else { 0.0 };
        1.0 + linear + curve
    }
}

fn weight(d: usize) -> f64 {
    [1.0, -0.5, 0.0, 0.3][d % 4]
}

/// Sweeps of the chain that standard deviations are held against.
const SWEEPS: usize = 4000;

/// The largest factor between the standard deviations of q and those of the posterior, by a chain that is long.
fn deviations(data: &Rows, prior: WeightsPrior, seed: u64) -> Result<f64, Error> {
    let (rows, last) = (data.values.len() / data.width, data.width - 1);
    let scaled = |d: usize| -> Vec<f64> {
        let column = || data.values.iter().skip(d).step_by(data.width);
        let mean = column().sum::<f64>() / rows as f64;
        let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64;
        column().map(|x| (x - mean) / variance.sqrt()).collect()
    };
    let columns: Vec<Vec<f64>> = (0..data.width).map(scaled).collect();
    let x: Vec<f64> = (0..rows).flat_map(|n| columns[..last].iter().map(move |of| of[n])).collect();
    let Prior { noise: Noise::Gamma { shape, rate }, .. } = Prior::default() else {
        return Err("the noise is known".into());
    };
    let weights = match prior {
        WeightsPrior::Relevance => Weights::Each { shape, rate },
        _ => Weights::Shared { shape, rate },
    };
    let mut fit = Fit::new(&x, last, &columns[last], Prior { weights, ..Prior::default() })?;
    ascend(&mut fit, &Ascent::default(), |_, _| {})?;
    let chain = fit.chain(SWEEPS, Key::new(seed).fold(2))?.deviations;
    let factor = |(a, b): (&f64, &f64)| (a / b).max(b / a);
    Ok(chain.iter().zip(&fit.posterior().deviations()).map(factor).fold(1.0, f64::max))
}

fn judge(target: Target, rows: usize, width: usize, seed: u64) -> Result<Judged, Error> {
    let mut random = Draw::new(seed, 2);
    let (mut before, mut last) = (random.normals(width), random.normal());
    let mut row = |_| {
        before = target.x(&mut random, width, &before);
        last = target.noise(&mut random, last);
        let y = target.mean(&before) + target.scale(&before) * last;
        before.iter().copied().chain([y]).collect()
    };
    let (data, new) = (Rows::of(width + 1, rows, &mut row), Rows::of(width + 1, NEW, &mut row));
    let prior = if target == Target::Relevance { WeightsPrior::Relevance } else { WeightsPrior::Ridge };
    let factorised = target == Target::Factorised;
    let request = Request { factorised, prior, interval: 0.9, ..Request::default() };
    let fitted = fit_rows::<Regress>(&data, &request, &FitContext { seed, ..FitContext::default() })?;
    let lost = fitted.lost(&new, |row| {
        let (y, x) = (row[width], &row[..width]);
        let scale = target.scale(x);
        target.ln((y - target.mean(x)) / scale) - scale.ln()
    })?;
    let mut judged = Judged { lost: Some(lost), ..Judged::new(fitted.results.verdict.clone()) };
    let Some(Estimates::Regression { coefficients, .. }) = fitted.results.all_rows().map(|all| &all.found)
    else {
        return Err("not of `regress`".into());
    };
    if !factorised {
        judged.deviations = Some(deviations(&data, prior, seed)?);
    }
    for (d, of) in coefficients.iter().skip(1).enumerate() {
        judged.covered[0] += usize::from((of.low..=of.high).contains(&weight(d)));
        judged.covered[1] += 1;
    }
    Ok(judged)
}

pub(crate) fn generators() -> Vec<Generator> {
    use Target::{Chained, Curved, Factorised, Heavy, Linear, Outliers, Relevance, Spreading};
    let of = |(name, target, rows, width): (&str, Target, usize, usize)| {
        Generator::new("regress", format!("{name}, {rows} rows of {width}"), move |seed| {
            judge(target, rows, width, seed)
        })
    };
    [
        ("linear", Linear, 60, 1),
        ("linear", Linear, 100, 2),
        ("linear", Linear, 150, 4),
        ("linear", Linear, 300, 8),
        ("linear", Linear, 500, 4),
        ("linear", Linear, 1000, 16),
        ("linear", Linear, 800, 12),
        ("linear", Linear, 1500, 8),
        ("Student's t of 3", Heavy, 150, 2),
        ("Student's t of 3", Heavy, 200, 4),
        ("outliers", Outliers, 150, 2),
        ("outliers", Outliers, 200, 4),
        ("curved", Curved, 100, 2),
        ("curved", Curved, 150, 4),
        ("spreading", Spreading, 150, 2),
        ("spreading", Spreading, 200, 4),
        ("chained", Chained, 200, 1),
        ("chained", Chained, 150, 2),
        ("factorised", Factorised, 200, 3),
        ("factorised", Factorised, 400, 4),
        ("few rows", Linear, 30, 8),
        ("few rows", Linear, 60, 16),
        ("few rows", Linear, 12, 2),
        ("few rows", Linear, 16, 3),
        ("wide", Linear, 30, 60),
        ("wide", Linear, 40, 50),
        ("relevance", Relevance, 200, 8),
        ("relevance", Relevance, 400, 12),
        ("few rows of relevance", Relevance, 20, 8),
        ("few rows of relevance", Relevance, 30, 12),
    ]
    .map(of)
    .into()
}
