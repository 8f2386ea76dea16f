//! The mean field of Ising models, whose exact marginals are enumerated.

use elbo::terms::Mean;
use elbo_fit::{
    Estimates,
    models::{
        FitContext,
        ising::{Ising, Request},
    },
};

use crate::{Draw, Error, Generator, Judged, Rows, fit_rows};

fn judge(spins: usize, strength: f64, field: f64, seed: u64) -> Result<Judged, Error> {
    let mut random = Draw::new(seed, 7);
    let mut values = vec![0.0; spins * spins];
    for i in 0..spins {
        for j in 0..i {
            let coupling = strength * random.normal() / (spins as f64).sqrt();
            (values[i * spins + j], values[j * spins + i]) = (coupling, coupling);
        }
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("h.csv");
    let fields: Vec<String> = (0..spins).map(|_| format!("{:e}", field * random.normal())).collect();
    std::fs::write(&path, format!("h\n{}\n", fields.join("\n")))?;
    let request = Request { fields: Some(path), ..Request::default() };
    let fitted = fit_rows::<Ising>(
        &Rows { width: spins, values },
        &request,
        &FitContext { seed, ..FitContext::default() },
    )?;
    let Some(all) = fitted.results.all_rows() else { return Err("not of `ising`".into()) };
    let Estimates::Ising { means, exact: Some(exact), .. } = &all.found else {
        return Err("not exact".into());
    };
    let lost = (exact.log_partition - all.elbo) / spins as f64;
    let deviation = |mean: f64| (1.0 - mean * mean).max(1e-12).sqrt();
    let pairs = || means.iter().zip(&exact.means);
    let off = pairs().map(|(m, e)| (m - e).abs() / deviation(*e)).fold(0.0, f64::max);
    let factor = |(m, e): (&f64, &f64)| (deviation(*m) / deviation(*e)).max(deviation(*e) / deviation(*m));
    Ok(Judged {
        lost: Some(Mean { value: lost, standard_error: 0.0 }),
        means: Some(off),
        deviations: Some(pairs().map(factor).fold(1.0, f64::max)),
        ..Judged::new(fitted.results.verdict.clone())
    })
}

pub(crate) fn generators() -> Vec<Generator> {
    let of = |(spins, strength, field): (usize, f64, f64)| {
        let name = format!("{spins} spins, couplings of {strength}, fields of {field}");
        Generator::new("ising", name, move |seed| judge(spins, strength, field, seed))
    };
    [
        (6, 0.1, 0.5),
        (8, 0.1, 0.5),
        (10, 0.15, 1.0),
        (12, 0.15, 0.5),
        (10, 0.2, 0.5),
        (12, 0.2, 1.0),
        (8, 0.6, 0.3),
        (10, 0.6, 0.3),
        (8, 1.0, 0.2),
        (10, 1.0, 0.2),
        (9, 1.0, 0.2),
        (11, 1.2, 0.3),
        (9, 3.0, 0.5),
        (11, 3.0, 0.5),
        (10, 2.0, 0.2),
        (12, 2.0, 0.2),
    ]
    .map(of)
    .into()
}
