//! A factor analysis, fitted to data that are one, and to others.

use elbo_fit::models::{
    FitContext,
    factors::{Factors, Request},
};

use crate::{
    Draw, Error, Generator, Judged, Rows,
    density::{Cloud, ln_mixture},
    fit_rows,
};

const NEW: usize = 3000;

/// What is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Truth {
    /// D columns with so many factors.
    Factors(usize, usize),
    /// The same of Student's t of 4.
    Heavy(usize, usize),
    /// Two clusters of D columns.
    Clusters(usize),
    /// Two blocks of columns, D in all, with a factor each.
    Blocks(usize),
}

impl Truth {
    fn width(self) -> usize {
        match self {
            Self::Factors(width, _) | Self::Heavy(width, _) | Self::Clusters(width) | Self::Blocks(width) => {
                width
            }
        }
    }

    /// Clouds with equal shares. The loadings are those of a seed.
    fn clouds(self, random: &mut Draw) -> Result<Vec<Cloud>, Error> {
        let width = self.width();
        let (factors, freedom) = match self {
            Self::Factors(_, factors) => (factors, None),
            Self::Heavy(_, factors) => (factors, Some(4)),
            Self::Clusters(_) => (1, None),
            Self::Blocks(_) => (2, None),
        };
        let blocks = matches!(self, Self::Blocks(_));
        let w: Vec<f64> = (0..width * factors)
            .map(|i| {
                let (d, k) = (i / factors, i % factors);
                let own = if !blocks {
                    0.9
                } else if (d < width / 2) == (k == 0) {
                    1.0
                } else {
                    0.0
                };
                own * (1.0 + 0.3 * random.normal())
                    * if random.uniform() < 0.5 && !blocks { -1.0 } else { 1.0 }
            })
            .collect();
        let noise: Vec<f64> = (0..width).map(|_| 0.3 + 0.7 * random.uniform()).collect();
        let entry = |d: usize, e: usize| {
            let shared: f64 = (0..factors).map(|k| w[d * factors + k] * w[e * factors + k]).sum();
            shared + if d == e { noise[d] } else { 0.0 }
        };
        let covariance: Vec<f64> = (0..width * width).map(|i| entry(i / width, i % width)).collect();
        let one = |mean: f64| Cloud::new(vec![mean; width], &covariance, freedom);
        if let Self::Clusters(_) = self { Ok(vec![one(-2.5)?, one(2.5)?]) } else { Ok(vec![one(1.0)?]) }
    }
}

fn judge(truth: Truth, rows: usize, request: &Request, seed: u64) -> Result<Judged, Error> {
    let mut random = Draw::new(seed, 4);
    let clouds = truth.clouds(&mut random)?;
    let mut row = |_| clouds[random.choose(&vec![1.0; clouds.len()])].draw(&mut random);
    let (data, new) = (Rows::of(truth.width(), rows, &mut row), Rows::of(truth.width(), NEW, &mut row));
    let fitted = fit_rows::<Factors>(&data, request, &FitContext { seed, ..FitContext::default() })?;
    let share = (clouds.len() as f64).recip();
    let lost = fitted.lost(&new, |x| ln_mixture(clouds.iter().map(|cloud| (share, cloud.ln(x)))))?;
    Ok(Judged { lost: Some(lost), ..Judged::new(fitted.results.verdict.clone()) })
}

pub(crate) fn generators() -> Vec<Generator> {
    use Truth::{Blocks, Clusters, Factors, Heavy};
    let of = |(name, truth, rows, latent, pca): (&str, Truth, usize, usize, bool)| {
        let noise = if pca { ", one noise" } else { "" };
        Generator::new("factors", format!("{name}, {rows} rows, {latent} dimensions{noise}"), move |seed| {
            judge(truth, rows, &Request { latent: Some(latent), pca, ..Request::default() }, seed)
        })
    };
    [
        ("one factor", Factors(5, 1), 400, 1, false),
        ("one factor", Factors(6, 1), 500, 2, false),
        ("two factors", Factors(8, 2), 800, 2, false),
        ("two factors", Factors(8, 2), 1000, 4, false),
        ("three factors", Factors(10, 3), 1200, 3, false),
        ("three factors", Factors(10, 3), 1500, 5, false),
        ("two factors", Factors(6, 2), 600, 2, false),
        ("one factor", Factors(4, 1), 300, 1, false),
        ("too few dimensions", Factors(8, 2), 300, 1, false),
        ("too few dimensions", Factors(8, 3), 400, 1, false),
        ("too few dimensions", Factors(10, 3), 400, 2, false),
        ("too few dimensions", Factors(12, 4), 500, 2, false),
        ("two blocks of 4", Blocks(8), 300, 1, false),
        ("two blocks of 6", Blocks(12), 300, 1, false),
        ("Student's t of 4", Heavy(6, 1), 300, 1, false),
        ("Student's t of 4", Heavy(8, 2), 400, 2, false),
        ("two clusters", Clusters(4), 300, 2, false),
        ("two clusters", Clusters(6), 400, 2, false),
        ("few rows", Factors(10, 2), 40, 3, false),
        ("few rows", Factors(12, 3), 60, 4, false),
    ]
    .map(of)
    .into()
}
