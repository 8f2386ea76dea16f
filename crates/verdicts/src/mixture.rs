//! A mixture, fitted to mixtures, and to others.

use std::f64::consts::TAU;

use elbo::mean_field::{Ascent, Start, mixture::Covariance};
use elbo_fit::models::{
    FitContext,
    mixture::{Mixture, Request},
};

use crate::{
    Draw, Error, Generator, Judged, Rows,
    density::{Cloud, ln_mixture, ln_normal},
    fit_rows,
};

const NEW: usize = 3000;

/// What is drawn.
#[derive(Clone, Copy, PartialEq)]
enum Truth {
    /// So many Gaussians in the plane, with this distance between neighbours.
    Clouds(usize, f64),
    /// The same of Student's t of 3.
    Heavy(usize, f64),
    /// A ring of radius 3.
    Ring,
    /// Two kinds of rows of 0 and 1, of 8 columns.
    Bits,
}

const BITS: usize = 8;

fn clouds(number: usize, apart: f64, freedom: Option<usize>) -> Result<Vec<Cloud>, Error> {
    let covariances = [[1.0, 0.6, 0.6, 1.0], [0.5, 0.0, 0.0, 1.5], [1.0, -0.5, -0.5, 0.6]];
    let one = |k: usize| {
        let place = vec![apart * k as f64, apart * (k % 2) as f64];
        Cloud::new(place, &covariances[k % 3], freedom)
    };
    (0..number).map(one).collect()
}

/// The probability of a 1.
fn bit(kind: usize, d: usize) -> f64 {
    if (d < BITS / 2) == (kind == 0) { 0.85 } else { 0.2 }
}

impl Truth {
    fn clouds(self) -> Result<Vec<Cloud>, Error> {
        match self {
            Self::Clouds(number, apart) => clouds(number, apart, None),
            Self::Heavy(number, apart) => clouds(number, apart, Some(3)),
            Self::Ring | Self::Bits => Ok(Vec::new()),
        }
    }

    fn draw(self, clouds: &[Cloud], random: &mut Draw) -> Vec<f64> {
        match self {
            Self::Clouds(..) | Self::Heavy(..) => {
                clouds[random.choose(&vec![1.0; clouds.len()])].draw(random)
            }
            Self::Ring => {
                let (radius, angle) = (3.0 + 0.3 * random.normal(), TAU * random.uniform());
                vec![radius * angle.cos(), radius * angle.sin()]
            }
            Self::Bits => {
                let kind = random.choose(&[0.4, 0.6]);
                (0..BITS).map(|d| f64::from(random.uniform() < bit(kind, d))).collect()
            }
        }
    }

    fn ln(self, clouds: &[Cloud], x: &[f64]) -> f64 {
        match self {
            Self::Clouds(..) | Self::Heavy(..) => {
                let share = (clouds.len() as f64).recip();
                ln_mixture(clouds.iter().map(|cloud| (share, cloud.ln(x))))
            }
            Self::Ring => {
                let radius = x[0].hypot(x[1]);
                ln_normal((radius - 3.0) / 0.3) - 0.3f64.ln() - (TAU * radius).ln()
            }
            Self::Bits => {
                let of = |kind: usize| -> f64 {
                    x.iter()
                        .enumerate()
                        .map(|(d, &x)| if x == 1.0 { bit(kind, d) } else { 1.0 - bit(kind, d) }.ln())
                        .sum()
                };
                ln_mixture([(0.4, of(0)), (0.6, of(1))])
            }
        }
    }
}

fn judge(truth: Truth, rows: usize, request: &Request, ascent: Ascent, seed: u64) -> Result<Judged, Error> {
    let (mut random, clouds) = (Draw::new(seed, 3), truth.clouds()?);
    let width = if truth == Truth::Bits { BITS } else { 2 };
    let mut row = |_| truth.draw(&clouds, &mut random);
    let (data, new) = (Rows::of(width, rows, &mut row), Rows::of(width, NEW, &mut row));
    let fitted = fit_rows::<Mixture>(&data, request, &FitContext { seed, ascent, ..FitContext::default() })?;
    let lost = fitted.lost(&new, |x| truth.ln(&clouds, x))?;
    Ok(Judged { lost: Some(lost), ..Judged::new(fitted.results.verdict.clone()) })
}

pub(crate) fn generators() -> Vec<Generator> {
    use Truth::{Bits, Clouds, Heavy, Ring};
    let of = |(name, truth, rows, components): (&str, Truth, usize, usize)| {
        Generator::new("mixture", format!("{name}, {rows} rows, {components} components"), move |seed| {
            let request = Request { components, ..Request::default() };
            judge(truth, rows, &request, Ascent::default(), seed)
        })
    };
    let mut all: Vec<Generator> = [
        ("two apart", Clouds(2, 5.0), 300, 2),
        ("two apart", Clouds(2, 5.0), 500, 4),
        ("three apart", Clouds(3, 4.0), 500, 3),
        ("three apart", Clouds(3, 4.0), 800, 6),
        ("three near", Clouds(3, 2.5), 1000, 3),
        ("three near", Clouds(3, 2.5), 1500, 5),
        ("one", Clouds(1, 0.0), 200, 3),
        ("one", Clouds(1, 0.0), 400, 2),
        ("bits", Bits, 500, 2),
        ("bits", Bits, 800, 4),
        ("three by too few", Clouds(3, 4.0), 300, 1),
        ("three by too few", Clouds(3, 4.0), 400, 2),
        ("four by too few", Clouds(4, 4.0), 400, 2),
        ("two by too few", Clouds(2, 4.0), 300, 1),
        ("heavy tails", Heavy(2, 6.0), 300, 2),
        ("heavy tails", Heavy(1, 0.0), 300, 1),
        ("ring", Ring, 300, 2),
        ("ring", Ring, 400, 3),
        ("too few kinds of bits", Bits, 400, 1),
        ("too few kinds of bits", Bits, 600, 1),
        ("few rows", Clouds(3, 3.0), 40, 6),
        ("few rows", Clouds(4, 3.0), 50, 5),
    ]
    .map(of)
    .into();
    for (rows, sweeps) in [(300, 2), (400, 3)] {
        all.push(Generator::new("mixture", format!("{sweeps} sweeps, {rows} rows"), move |seed| {
            let request = Request { components: 4, starts: 1, start: Start::Random, ..Request::default() };
            judge(Clouds(4, 3.0), rows, &request, Ascent { sweeps, ..Ascent::default() }, seed)
        }));
    }
    for rows in [400, 600] {
        all.push(Generator::new("mixture", format!("spherical, {rows} rows"), move |seed| {
            let covariance = Some(Covariance::Spherical);
            let request = Request { components: 1, covariance, ..Request::default() };
            judge(Clouds(1, 0.0), rows, &request, Ascent::default(), seed)
        }));
    }
    all
}
