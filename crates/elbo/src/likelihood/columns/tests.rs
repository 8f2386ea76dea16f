use std::f64::consts::{PI, TAU};

use super::{
    cell::{Cell, Gradient},
    config::CellFamily,
    standard::Standard,
};
use crate::{
    distribution::{self, LogDensity, von_mises::log_normaliser},
    random::Key,
    special::{ln_gamma, logistic},
};

const STANDARD: Standard = Standard { centre: 0.7, spread: 1.6 };

const FAMILIES: [CellFamily; 12] = [
    CellFamily::Gaussian,
    CellFamily::StudentT,
    CellFamily::LogNormal(STANDARD),
    CellFamily::Hurdle(STANDARD),
    CellFamily::Bernoulli,
    CellFamily::Categorical(5),
    CellFamily::Ordinal(5),
    CellFamily::Ordinal(2),
    CellFamily::Poisson(STANDARD),
    CellFamily::NegativeBinomial(STANDARD),
    CellFamily::Beta,
    CellFamily::Circular,
];

/// Values that the family accepts.
fn values(family: CellFamily) -> Vec<f64> {
    match family {
        CellFamily::Bernoulli => vec![0.0, 1.0],
        CellFamily::Categorical(levels) | CellFamily::Ordinal(levels) => {
            (0..levels).map(|level| level as f64).collect()
        }
        CellFamily::Poisson(_) | CellFamily::NegativeBinomial(_) => vec![0.0, 1.0, 4.0, 60.0],
        CellFamily::Beta => vec![0.003, 0.4, 0.97],
        CellFamily::Hurdle(_) => vec![0.0, 0.2, 30.0],
        CellFamily::LogNormal(_) => vec![0.2, 1.0, 30.0],
        CellFamily::Circular => vec![0.1, 3.0, 5.5],
        _ => vec![-2.5, 0.0, 0.4, 8.0],
    }
}

/// Some outputs and own parameters of a family.
fn parameters(cell: &dyn Cell, case: u64) -> (Vec<f64>, Vec<f64>) {
    let (mut output, mut own) = (vec![0.0; cell.outputs()], vec![0.0; cell.own()]);
    Key::new(case).normals(0, &mut output);
    Key::new(case).normals(1, &mut own);
    let scale = [0.3, 1.0, 2.5][case as usize % 3];
    for v in &mut output {
        *v *= scale;
    }
    // Degrees of freedom lie within their bounds.
    for v in own.iter_mut().skip(1) {
        *v = 0.4 + v.abs();
    }
    (output, own)
}

#[test]
fn derivatives_are_those_of_the_density_by_central_differences() {
    let h = 1e-6;
    for family in FAMILIES {
        let cell = family.cell();
        for (case, x) in (0..12).flat_map(|case| values(family).into_iter().map(move |x| (case, x))) {
            let (output, own) = parameters(&*cell, case);
            let (mut by_output, mut by_own) = (vec![f64::NAN; output.len()], vec![f64::NAN; own.len()]);
            let gradient = Gradient { output: &mut by_output, own: &mut by_own };
            let value = cell.log_density(x, &output, &own, Some(gradient));
            assert_eq!(value, cell.log_density(x, &output, &own, None), "{family:?} {x}");
            let all = [&output[..], &own].concat();
            for (place, &by) in by_output.iter().chain(&by_own).enumerate() {
                let at = |shift: f64| {
                    let mut all = all.clone();
                    all[place] += shift;
                    let (output, own) = all.split_at(output.len());
                    cell.log_density(x, output, own, None)
                };
                let expected = (at(h) - at(-h)) / (2.0 * h);
                let error = (by - expected).abs();
                assert!(
                    error < 1e-6 * expected.abs().max(value.abs()).max(1.0),
                    "{family:?} {x}: {by} for {expected}"
                );
            }
        }
    }
}

/// Masses sum to 1, and densities integrate to 1 on a grid of their bounded image.
#[test]
fn densities_are_normalised() {
    for (family, case) in FAMILIES.into_iter().flat_map(|family| (0..6).map(move |case| (family, case))) {
        let cell = family.cell();
        let (mut output, mut own) = parameters(&*cell, case);
        if matches!(family, CellFamily::Poisson(_) | CellFamily::NegativeBinomial(_)) {
            output[0] = output[0].min(2.0);
        }
        if let CellFamily::Beta = family {
            // No mass lies nearer to 1 than a number can.
            own[0] = own[0].min(-2.0);
        }
        let p = |x: f64| cell.log_density(x, &output, &own, None).exp();
        let n = 40_000;
        let middles = (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n));
        let total: f64 = match family {
            CellFamily::Poisson(_) | CellFamily::NegativeBinomial(_) => {
                (0..200_000).map(|x| p(f64::from(x))).sum()
            }
            _ if family.is_discrete() => values(family).into_iter().map(p).sum(),
            CellFamily::Circular => middles.map(|u| TAU * p(TAU * u)).sum::<f64>() / f64::from(n),
            // x = S(t): the ends of a beta density may be infinite.
            CellFamily::Beta => {
                middles
                    .map(|u| (u - 0.5) * 120.0)
                    .map(|t| p(logistic(t).clamp(1e-300, 1.0 - 1e-16)) * logistic(t) * logistic(-t))
                    .sum::<f64>()
                    * 120.0
                    / f64::from(n)
            }
            CellFamily::LogNormal(_) | CellFamily::Hurdle(_) => {
                let above = middles.map(|u| (u - 0.5) * 160.0).map(|t| p(t.exp()) * t.exp()).sum::<f64>()
                    * 160.0
                    / f64::from(n);
                above + if let CellFamily::Hurdle(_) = family { p(0.0) } else { 0.0 }
            }
            // x = tan(π(u − ½)), of which dx = π (1 + x²) du.
            _ => {
                middles.map(|u| (PI * (u - 0.5)).tan()).map(|x| PI * (1.0 + x * x) * p(x)).sum::<f64>()
                    / f64::from(n)
            }
        };
        assert!((total - 1.0).abs() < 2e-4, "{family:?} {case}: {total}");
    }
}

#[test]
fn densities_are_those_of_the_distributions() {
    let close = |got: f64, expected: f64| {
        assert!((got - expected).abs() < 1e-12 * expected.abs().max(1.0), "{got} for {expected}");
    };
    for (case, x) in [(0, 0.3), (1, 1.7), (2, 4.2), (3, 0.6)] {
        let of = |family: CellFamily, x: f64| {
            let cell = family.cell();
            let (output, own) = parameters(&*cell, case);
            (cell.log_density(x, &output, &own, None), output, own)
        };
        let (got, f, own) = of(CellFamily::Gaussian, x);
        close(got, distribution::Gaussian::new(f[0], own[0].exp()).unwrap().log_density(&x));
        let (got, f, own) = of(CellFamily::StudentT, x);
        close(got, distribution::StudentT::new(own[1].exp(), f[0], own[0].exp()).unwrap().log_density(&x));
        let (got, f, own) = of(CellFamily::LogNormal(STANDARD), x);
        let log_normal = distribution::LogNormal::new(0.7 + 1.6 * f[0], 1.6 * own[0].exp()).unwrap();
        close(got, log_normal.log_density(&x));
        let (got, f, _) = of(CellFamily::Poisson(STANDARD), x.floor());
        let rate = (30.0 * (f[0] / 30.0).tanh()).exp();
        close(got, distribution::Poisson::new(rate).unwrap().log_density(&(x as u64)));
        let (got, f, own) = of(CellFamily::NegativeBinomial(STANDARD), x.floor());
        let counts =
            distribution::NegativeBinomial::new((30.0 * (f[0] / 30.0).tanh()).exp(), (-own[0]).exp());
        close(got, counts.unwrap().log_density(&(x as u64)));
        let share = x / 5.0;
        let (got, f, own) = of(CellFamily::Beta, share);
        let (m, phi) = (logistic(15.0 * (f[0] / 15.0).tanh()), (-own[0]).exp());
        close(got, distribution::Beta::new(m * phi, (1.0 - m) * phi).unwrap().log_density(&share));
        let (got, f, _) = of(CellFamily::Circular, x);
        let length = f[0].hypot(f[1]);
        let kappa = 1e4 * (length / 1e4).tanh();
        close(got, kappa / length * (f[0] * x.cos() + f[1] * x.sin()) - log_normaliser(kappa).unwrap());
    }
    assert_eq!(ln_gamma(1.0), 0.0);
}

/// Mean and spread of draws beside those of the density, at 5 standard errors: one false alarm in 1.7 million of each check.
#[test]
fn draws_have_the_mean_of_the_density() {
    let n = 20_000;
    for family in FAMILIES {
        let cell = family.cell();
        let (output, mut own) = parameters(&*cell, 1);
        if let CellFamily::StudentT = family {
            own[1] = 9f64.ln();
        }
        let draws: Vec<f64> = (0..n).map(|row| cell.draw(&output, &own, Key::new(5), row)).collect();
        assert!(draws.iter().all(|&x| cell.accepts(x)), "{family:?}");
        if let CellFamily::Categorical(levels) | CellFamily::Ordinal(levels) = family {
            for level in 0..levels {
                let p = cell.log_density(level as f64, &output, &own, None).exp();
                let share = draws.iter().filter(|&&x| x == level as f64).count() as f64 / n as f64;
                assert!(
                    (share - p).abs() < 5.0 * (p * (1.0 - p) / n as f64).sqrt() + 1e-9,
                    "{family:?} {level}"
                );
            }
            continue;
        }
        let about: Vec<f64> = if let CellFamily::Circular = family {
            draws.iter().map(|x| (x - cell.mean(&output, &own)).sin()).collect()
        } else {
            draws.iter().map(|x| x - cell.mean(&output, &own)).collect()
        };
        let mean = about.iter().sum::<f64>() / n as f64;
        let error = (about.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64 / n as f64).sqrt();
        assert!(mean.abs() < 5.0 * error, "{family:?}: {mean} ± {error}");
    }
}

/// Without z the best a column can do, where that is in closed form: the derivatives at the start sum to 0.
#[test]
fn columns_start_where_their_cells_are_most_likely() {
    for (family, cells) in [
        (CellFamily::Gaussian, vec![-1.0, 0.5, 2.0, 2.5]),
        (CellFamily::LogNormal(STANDARD), vec![0.5, 2.0, 9.0]),
        (CellFamily::Poisson(STANDARD), vec![0.0, 3.0, 5.0, 1.0]),
    ] {
        let cell = family.cell();
        let start = cell.start(&cells, 0.01);
        let mut sums = vec![0.0; cell.outputs() + cell.own()];
        for &x in &cells {
            let (mut by_output, mut by_own) = (vec![0.0; cell.outputs()], vec![0.0; cell.own()]);
            let gradient = Gradient { output: &mut by_output, own: &mut by_own };
            cell.log_density(x, &start.output, &start.own, Some(gradient));
            sums.iter_mut().zip(by_output.iter().chain(&by_own)).for_each(|(sum, by)| *sum += by);
        }
        assert!(sums.iter().all(|sum| sum.abs() < 1e-9), "{family:?}: {sums:?}");
    }
    // Levels start at their shares, with half a count of each more.
    for family in [CellFamily::Categorical(3), CellFamily::Ordinal(3)] {
        let cell = family.cell();
        let start = cell.start(&[0.0, 0.0, 2.0], 1.0);
        for (level, share) in [2.5 / 4.5, 0.5 / 4.5, 1.5 / 4.5].into_iter().enumerate() {
            let p = cell.log_density(level as f64, &start.output, &start.own, None).exp();
            assert!((p - share).abs() < 1e-12, "{family:?} {level}: {p}");
        }
    }
}
