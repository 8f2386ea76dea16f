//! A Gaussian sample, to data that are one, and to others.

use elbo::mean_field::Ascent;
use elbo_fit::models::{
    Run,
    normal::{Normal, Request},
};

use crate::{Draw, Error, Generator, Judged, Rows, fit_rows};

/// New rows that a density is judged by.
const NEW: usize = 4000;

/// log N(x; 0, 1).
pub(crate) fn ln_normal(x: f64) -> f64 {
    -0.5 * (x * x + std::f64::consts::TAU.ln())
}

/// What is drawn, and its log density.
type Truth = (fn(&mut Draw) -> f64, fn(f64) -> f64);

fn judge(truth: Truth, rows: usize, request: &Request, ascent: Ascent, seed: u64) -> Result<Judged, Error> {
    let (draw, density) = truth;
    let mut random = Draw::new(seed, 1);
    let data = Rows::of(1, rows, |_| vec![draw(&mut random)]);
    let fitted = fit_rows::<Normal>(&data, request, &Run { seed, ascent, ..Run::default() })?;
    let new = Rows::of(1, NEW, |_| vec![draw(&mut random)]);
    let lost = fitted.lost(&new, |row| density(row[0]))?;
    Ok(Judged { lost: Some(lost), ..Judged::new(fitted.results.verdict.clone()) })
}

pub(crate) fn generators() -> Vec<Generator> {
    let gaussian: Truth = (|random| 3.0 + 2.0 * random.normal(), |x| ln_normal((x - 3.0) / 2.0) - 2f64.ln());
    [30, 60, 100, 200, 500, 1000]
        .map(|rows| {
            Generator::new("normal", format!("Gaussian, {rows} rows"), move |seed| {
                judge(gaussian, rows, &Request::default(), Ascent::default(), seed)
            })
        })
        .into()
}
