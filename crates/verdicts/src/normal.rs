//! A Gaussian sample, fitted to data that are one, and to others.

use elbo_fit::{
    Estimates,
    models::{
        FitContext,
        normal::{Normal, Request},
    },
};

use crate::{
    Draw, Error, Generator, Judged, Rows,
    density::{ln_mixture, ln_normal, ln_student},
    fit_rows,
};

/// New rows that a density is judged by.
const NEW: usize = 4000;
/// Half the width of a 90 % interval, in standard deviations.
const NINETY: f64 = 1.644_854;

/// So many values, and their log density and mean.
#[derive(Clone, Copy)]
struct Truth {
    draw: fn(&mut Draw, usize) -> Vec<f64>,
    density: fn(f64) -> f64,
    mean: f64,
}

fn judge(truth: Truth, rows: usize, request: &Request, seed: u64) -> Result<Judged, Error> {
    let mut random = Draw::new(seed, 1);
    let values = (truth.draw)(&mut random, rows);
    let (n, centre) = (rows as f64, values.iter().sum::<f64>() / rows as f64);
    let squares: f64 = values.iter().map(|x| (x - centre).powi(2)).sum();
    let fitted = fit_rows::<Normal>(
        &Rows { width: 1, values },
        request,
        &FitContext { seed, ..FitContext::default() },
    )?;
    let new = Rows { width: 1, values: (truth.draw)(&mut random, NEW) };
    let lost = fitted.lost(&new, |row| (truth.density)(row[0]))?;
    let found = fitted.results.all_rows().map(|all| &all.found);
    let Some(&Estimates::Normal { mean, mean_sd, precision, precision_sd, .. }) = found else {
        return Err("not of `normal`".into());
    };
    // Under a flat prior μ is Student's t with N − 1 degrees of freedom, and τ a gamma variable.
    let exact_sd = (squares / (n - 1.0) / n * (n - 1.0) / (n - 3.0)).sqrt();
    let (exact_precision, exact_precision_sd) = ((n - 1.0) / squares, (2.0 * (n - 1.0)).sqrt() / squares);
    let mut judged = Judged { lost: Some(lost), ..Judged::new(fitted.results.verdict.clone()) };
    if request.prior_mean.is_none() {
        let off = ((mean - centre) / exact_sd).abs();
        judged.means = Some(off.max(((precision - exact_precision) / exact_precision_sd).abs()));
        let factor = |a: f64, b: f64| (a / b).max(b / a);
        let of_precision = factor(precision_sd.unwrap_or(f64::INFINITY), exact_precision_sd);
        judged.deviations = Some(factor(mean_sd, exact_sd).max(of_precision));
    }
    judged.covered = [usize::from((mean - truth.mean).abs() <= NINETY * mean_sd), 1];
    Ok(judged)
}

fn each(random: &mut Draw, rows: usize, one: fn(&mut Draw) -> f64) -> Vec<f64> {
    (0..rows).map(|_| one(random)).collect()
}

/// A chain whose rows are N(0, 1) each.
fn chain(random: &mut Draw, rows: usize, by: f64) -> Vec<f64> {
    let mut last = random.normal();
    let next = |_| {
        last = by * last + (1.0 - by * by).sqrt() * random.normal();
        last
    };
    (0..rows).map(next).collect()
}

pub(crate) fn generators() -> Vec<Generator> {
    let of = |name: &str, truth: Truth, sizes: &[usize]| -> Vec<Generator> {
        let one = |&rows: &usize| {
            Generator::new("normal", format!("{name}, {rows} rows"), move |seed| {
                judge(truth, rows, &Request::default(), seed)
            })
        };
        sizes.iter().map(one).collect()
    };
    let gaussian = Truth {
        draw: |random, rows| each(random, rows, |random| 3.0 + 2.0 * random.normal()),
        density: |x| ln_normal((x - 3.0) / 2.0) - 2f64.ln(),
        mean: 3.0,
    };
    let heavy = Truth {
        draw: |random, rows| each(random, rows, |random| random.student(3)),
        density: |x| ln_student(3, x),
        mean: 0.0,
    };
    let skewed = Truth {
        draw: |random, rows| each(random, rows, |random| 0.5 * random.chi_squared(2)),
        density: |x| -x,
        mean: 1.0,
    };
    let two = Truth {
        draw: |random, rows| {
            each(random, rows, |random| 4.0 * (random.choose(&[0.3, 0.7]) as f64) + random.normal())
        },
        density: |x| ln_mixture([(0.3, ln_normal(x)), (0.7, ln_normal(x - 4.0))]),
        mean: 2.8,
    };
    let outliers = Truth {
        draw: |random, rows| {
            each(random, rows, |random| if random.uniform() < 0.04 { 8.0 } else { 1.0 } * random.normal())
        },
        density: |x| ln_mixture([(0.96, ln_normal(x)), (0.04, ln_normal(x / 8.0) - 8f64.ln())]),
        mean: 0.0,
    };
    let followed = Truth { draw: |random, rows| chain(random, rows, 0.7), density: ln_normal, mean: 0.0 };
    let slightly = Truth {
        draw: |random, rows| each(random, rows, |random| random.student(30)),
        density: |x| ln_student(30, x),
        mean: 0.0,
    };
    let mut all = of("Gaussian", gaussian, &[40, 60, 100, 200, 500, 1000]);
    all.extend(of("Student's t of 30", slightly, &[100, 300]));
    all.extend(of("Student's t of 3", heavy, &[150, 100, 400, 300]));
    all.extend(of("exponential", skewed, &[80, 120, 300, 400]));
    all.extend(of("two modes", two, &[100, 150, 300, 400]));
    all.extend(of("outliers", outliers, &[100, 150, 400, 300]));
    all.extend(of("a chain", followed, &[100, 150, 300, 400]));
    all.extend(of("few rows of a Gaussian", gaussian, &[5, 6, 8, 7]));
    all.extend(of("few rows of a Gaussian", gaussian, &[9, 10]));
    all.extend(of("few rows of Student's t of 3", heavy, &[30, 40]));
    for rows in [60, 80] {
        all.push(Generator::new("normal", format!("a prior far away, {rows} rows"), move |seed| {
            let request =
                Request { prior_mean: Some(20.0), prior_precision: Some(10.0), ..Request::default() };
            judge(gaussian, rows, &request, seed)
        }));
    }
    all
}
