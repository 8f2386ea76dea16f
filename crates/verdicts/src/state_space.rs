//! State space models of one column, fitted to series of one, and to others.
//!
//! A series is drawn in the innovations form (Hyndman, Koehler, Ord and Snyder 2008), in which the density of each row given
//! those before it is that of one shock, whatever shocks are like; with Gaussian ones it is the model that is fitted.

use elbo::terms::Mean;
use elbo_fit::models::{
    FitContext,
    state_space::{Kind, Request, StateSpace},
};

use crate::{
    Draw, Error, Generator, Judged, Rows,
    density::{ln_mixture, ln_normal, ln_student},
    fit_rows,
};

const NEW: usize = 10;
const LENGTH: usize = 300;

#[derive(Clone, Copy, PartialEq)]
enum Shock {
    Gaussian,
    Heavy,
    Outliers,
}

/// y_t = what is expected + shock; the level takes in a share of the shock.
#[derive(Clone, Copy)]
struct Truth {
    kind: Kind,
    /// The share; of an autoregression that of the moving average.
    share: f64,
    /// By how much the level moves in each row besides.
    drift: f64,
    /// The height of a season of four rows.
    season: f64,
    shock: Shock,
}

impl Truth {
    /// Draws a series, or goes along one: its rows, and their log density.
    fn along(&self, length: usize, mut next: impl FnMut(usize, f64) -> f64) -> (Vec<f64>, f64) {
        let (mut level, mut total, mut rows) = (0.0, 0.0, Vec::with_capacity(length));
        for t in 0..length {
            let season = self.season * if t % 4 < 2 { 1.0 } else { -1.0 };
            let y = next(t, level + season);
            let shock = y - level - season;
            total += match self.shock {
                Shock::Gaussian => ln_normal(shock),
                Shock::Heavy => ln_student(3, shock),
                Shock::Outliers => {
                    ln_mixture([(0.95, ln_normal(shock)), (0.05, ln_normal(shock / 8.0) - 8f64.ln())])
                }
            };
            level = match self.kind {
                Kind::Autoregression => 0.85 * y - self.share * shock,
                _ => level + self.share * shock + self.drift,
            };
            rows.push(y);
        }
        (rows, total)
    }

    fn draw(&self, random: &mut Draw, length: usize) -> (Vec<f64>, f64) {
        self.along(length, |_, expected| {
            expected
                + match self.shock {
                    Shock::Gaussian => random.normal(),
                    Shock::Heavy => random.student(3),
                    Shock::Outliers => random.normal() * if random.uniform() < 0.05 { 8.0 } else { 1.0 },
                }
        })
    }
}

fn judge(truth: Truth, rows: usize, seed: u64) -> Result<Judged, Error> {
    let mut random = Draw::new(seed, 6);
    let data = Rows { width: 1, values: truth.draw(&mut random, rows).0 };
    let request = Request { kind: Some(truth.kind), forecast: 0, ..Request::default() };
    let fitted = fit_rows::<StateSpace>(&data, &request, &FitContext { seed, ..FitContext::default() })?;
    let mut lost = Vec::new();
    for _ in 0..NEW {
        let (values, exact) = truth.draw(&mut random, LENGTH);
        let bound: f64 = fitted.log_density(&Rows { width: 1, values })?.iter().sum();
        lost.push((exact - bound) / LENGTH as f64);
    }
    Ok(Judged { lost: Some(Mean::of(&lost)), ..Judged::new(fitted.results.verdict.clone()) })
}

pub(crate) fn generators() -> Vec<Generator> {
    let plain = Truth { kind: Kind::Level, share: 0.4, drift: 0.0, season: 0.0, shock: Shock::Gaussian };
    let chain = Truth { kind: Kind::Autoregression, share: 0.3, ..plain };
    let of = |(name, truth, rows): (&str, Truth, usize)| {
        Generator::new("state-space", format!("{name}, {rows} rows"), move |seed| judge(truth, rows, seed))
    };
    [
        ("level", plain, 200),
        ("level", plain, 300),
        ("level", Truth { share: 0.2, ..plain }, 400),
        ("level", Truth { share: 0.6, ..plain }, 250),
        ("level", Truth { share: 0.6, ..plain }, 500),
        ("level", plain, 800),
        ("autoregression", chain, 300),
        ("autoregression", chain, 400),
        ("autoregression", chain, 600),
        ("autoregression", chain, 800),
        ("level, Student's t of 3", Truth { shock: Shock::Heavy, ..plain }, 200),
        ("level, Student's t of 3", Truth { shock: Shock::Heavy, ..plain }, 300),
        ("level, outliers", Truth { shock: Shock::Outliers, ..plain }, 200),
        ("level, outliers", Truth { shock: Shock::Outliers, ..plain }, 300),
        ("level, season", Truth { season: 1.5, ..plain }, 150),
        ("level, season", Truth { season: 1.2, ..plain }, 200),
        ("level, drift", Truth { drift: 1.5, ..plain }, 150),
        ("level, drift", Truth { drift: 1.2, ..plain }, 200),
        ("autoregression, Student's t of 3", Truth { shock: Shock::Heavy, ..chain }, 200),
        ("autoregression, outliers", Truth { shock: Shock::Outliers, ..chain }, 250),
        ("autoregression, season", Truth { season: 1.5, ..chain }, 200),
        ("autoregression, season", Truth { season: 1.2, ..chain }, 250),
        ("few rows", plain, 10),
        ("few rows", plain, 12),
    ]
    .map(of)
    .into()
}
