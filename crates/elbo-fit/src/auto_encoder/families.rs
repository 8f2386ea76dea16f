//! The family of each column of a table of several kinds, with or without missing cells (E34).

use std::collections::HashMap;

use elbo::likelihood::{CellFamily, ColumnConfig, LikelihoodFamily, Standard};
use elbo_data::{Coding, ColumnKind, Dataset, Number, nearest};

use super::request::{ColumnFamily, Request};
use crate::{
    columns::listed,
    error::Error,
    observer::{Observer, ObserverExt},
    scaling::Scaling,
    variable::{Variable, decimals},
};

/// Columns of several kinds, as a fit takes them.
pub(super) struct Mixed {
    /// The places of the columns that tell rows apart.
    pub(super) kept: Vec<usize>,
    pub(super) variables: Vec<Variable>,
    pub(super) columns: Vec<ColumnConfig>,
    pub(super) scaling: Scaling,
}

/// A column as its family was chosen.
struct Chosen {
    family: CellFamily,
    /// What x is: stored numbers less this, and divided by that.
    scale: (f64, f64),
    why: &'static str,
}

impl Mixed {
    /// Chooses by the cells that training rows have, but for what is asked, and says so.
    pub(super) fn of<T: Number>(
        request: &Request,
        data: &Dataset<T>,
        codings: &[Coding],
        train: &[usize],
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        for name in request.families.keys() {
            if !data.columns.contains(name) {
                let near = nearest(name, &data.columns);
                let message = format!("`{}` has no column `{name}` of data", data.name);
                return Err(Error::request(message, format!("name one of {}", listed(&near))));
            }
        }
        let kinds: HashMap<&String, ColumnKind> =
            data.reading.columns.iter().map(|of| (&of.name, of.kind)).collect();
        let cells = |d: usize| -> Vec<f64> {
            let of = train.iter().map(|&row| data.row(row)[d].into());
            of.filter(|x: &f64| !x.is_nan()).collect()
        };
        let of = |d: usize| {
            let (cells, name) = (cells(d), &data.columns[d]);
            if cells.iter().all(|&x| x == cells[0]) {
                return Ok(None);
            }
            let kind = kinds.get(name).copied().unwrap_or_else(|| kind_of(&cells));
            let levels = match &codings[d] {
                Coding::Levels(levels) => levels.clone(),
                _ => Vec::new(),
            };
            let asked = request.families.get(name).copied().or(request.likelihood.map(ColumnFamily::from));
            let clock = codings[d] == Coding::Clock;
            let asked = asked.or(clock.then_some(ColumnFamily::Circular(1.0)));
            let chosen = choose(name, kind, &levels, &cells, asked)?;
            let chosen = Chosen {
                why: if clock && chosen.why == AS_ASKED { "it is of times of day" } else { chosen.why },
                ..chosen
            };
            let whole = |x: &f64| (x * 1440.0 - (x * 1440.0).round()).abs() < 1e-6;
            let decimals = match clock {
                true => cells.iter().all(whole).then_some(0),
                false if levels.is_empty() => decimals(&cells),
                false => None,
            };
            let holes = data.column(d).any(|x| x.into().is_nan());
            Ok(Some((d, Variable { kind, levels, decimals, clock }, chosen, holes)))
        };
        let all: Result<Vec<_>, Error> = (0..data.width()).map(of).collect();
        let all: Vec<_> = all?.into_iter().flatten().collect();
        let kept: Vec<usize> = all.iter().map(|(d, ..)| *d).collect();
        let constant: Vec<String> =
            (0..data.width()).filter(|d| !kept.contains(d)).map(|d| data.columns[d].clone()).collect();
        if !constant.is_empty() {
            let text = format!("{}: of one value, or none, in all training rows", listed(&constant));
            observer.say("left out", text);
        }
        if kept.is_empty() {
            let message = format!("`{}`: no column tells its rows apart", data.name);
            return Err(Error::new(message).remedy("there is nothing to model; is this the right file?"));
        }
        let mut said: Vec<(&str, &str, Vec<String>)> = Vec::new();
        for (d, _, Chosen { family, why, .. }, _) in &all {
            let name = data.columns[*d].clone();
            match said.iter_mut().find(|(of, reason, _)| of == &family.name() && reason == why) {
                Some((.., names)) => names.push(name),
                None => said.push((family.name(), why, vec![name])),
            }
        }
        for (family, why, names) in said {
            observer.chose(why != AS_ASKED, "likelihood", format!("{family} of {}", listed(&names)), why);
        }
        let column = |(.., Chosen { family, scale, .. }, holes): &(usize, Variable, Chosen, bool)| {
            ColumnConfig { divisor: scale.1, ..ColumnConfig::new(*family, *holes) }
        };
        Ok(Self {
            columns: all.iter().map(column).collect(),
            scaling: Scaling::of_each(all.iter().map(|(.., chosen, _)| chosen.scale)),
            variables: all.into_iter().map(|(_, variable, ..)| variable).collect(),
            kept,
        })
    }
}

/// What numbers are, where the file's reading says nothing of their column.
fn kind_of(cells: &[f64]) -> ColumnKind {
    match cells {
        cells if cells.iter().all(|&x| x == 0.0 || x == 1.0) => ColumnKind::Binary,
        cells if cells.iter().all(|&x| x >= 0.0 && x.fract() == 0.0) => ColumnKind::Count,
        _ => ColumnKind::Real,
    }
}

const AS_ASKED: &str = "as asked";

/// The nats a cell by which another family must be better than the usual one.
const BETTER: f64 = 0.05;
/// The share of the mean below which the standard deviation of counts that are never 0 says that they lie far from it.
const FAR: f64 = 0.5;
/// The share of zeros from which they are a heap of their own.
const HEAP: f64 = 0.1;

/// The family of a column.
fn choose(
    name: &str,
    kind: ColumnKind,
    levels: &[String],
    cells: &[f64],
    asked: Option<ColumnFamily>,
) -> Result<Chosen, Error> {
    if let Some(asked) = asked {
        return of_asked(name, asked, kind, levels, cells);
    }
    let discrete = |family, why| Ok(Chosen { family, scale: (0.0, 1.0), why });
    match (kind, levels.len()) {
        (ColumnKind::Ordinal, number) if number > 1 => {
            return discrete(CellFamily::Ordinal(number), "it is of levels in their order");
        }
        (_, 2) => return discrete(CellFamily::Bernoulli, "it is of two levels"),
        (_, number) if number > 2 => {
            return discrete(CellFamily::Categorical(number), "it is of levels without order");
        }
        (ColumnKind::Binary, _) => return discrete(CellFamily::Bernoulli, "it is 0 or 1"),
        _ => {}
    }
    let zeros = cells.iter().filter(|&&x| x == 0.0).count() as f64 / cells.len() as f64;
    let (mean, sd) = (Standard::of(cells.iter().copied()).centre, spread(cells));
    let logs = |of: ColumnFamily| of_asked(name, of, kind, levels, cells).ok();
    // The first is the usual one of the kind; the others must be better by so much. Counts far from 0 may vary less, given z, than
    // any family of counts.
    let far = sd < FAR * mean && cells.iter().all(|&x| x > 0.0);
    let usual = match kind {
        ColumnKind::Count if far => (ColumnFamily::Gaussian, "its whole numbers lie far from 0"),
        ColumnKind::Count if sd * sd > mean => {
            (ColumnFamily::NegativeBinomial, "its counts vary more than their mean")
        }
        ColumnKind::Count => (ColumnFamily::Poisson, "it is of counts"),
        _ => (ColumnFamily::Gaussian, "it is of real numbers"),
    };
    let mut others = match kind {
        ColumnKind::Count => {
            vec![(ColumnFamily::Gaussian, "its whole numbers vary otherwise than counts do")]
        }
        ColumnKind::Time => Vec::new(),
        _ => vec![(ColumnFamily::StudentT, "some of its numbers lie far out")],
    };
    if kind != ColumnKind::Time {
        others.push((ColumnFamily::LogNormal, "its numbers are positive, and their logarithms more alike"));
        others.push((
            ColumnFamily::Beta,
            "its numbers lie between 0 and 1, more than a Gaussian's at the ends",
        ));
    }
    if zeros >= HEAP {
        others.push((ColumnFamily::Hurdle, "many of its numbers are 0, and the others positive"));
    }
    let nats = |of: &Chosen| {
        let x: Vec<f64> = cells.iter().map(|x| (x - of.scale.0) / of.scale.1).collect();
        of.family.log_density_at_start(&x) - if of.family.is_discrete() { 0.0 } else { of.scale.1.ln() }
    };
    let mut best =
        logs(usual.0).map(|of| Chosen { why: usual.1, ..of }).expect("any such number is accepted");
    let mut most = nats(&best) + BETTER;
    for (family, why) in others {
        let Some(of) = logs(family) else { continue };
        let reached = nats(&of);
        if reached > most {
            (best, most) = (Chosen { why, ..of }, reached);
        }
    }
    Ok(best)
}

/// The standard deviation, as it is.
fn spread(cells: &[f64]) -> f64 {
    let mean = cells.iter().sum::<f64>() / cells.len() as f64;
    (cells.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / cells.len() as f64).sqrt()
}

/// The family that is asked for, where it is one of the column's numbers.
fn of_asked(
    name: &str,
    asked: ColumnFamily,
    kind: ColumnKind,
    levels: &[String],
    cells: &[f64],
) -> Result<Chosen, Error> {
    let of_levels = |family: &str| {
        let message = format!("column `{name}` holds {kind}, and a {family} family is of levels");
        Error::request(
            message,
            format!(
                "«type {name}=category» makes levels of its numbers, «type {name}=ordinal» in their order"
            ),
        )
    };
    let standard = |of: fn(f64) -> f64, above: bool| {
        Standard::of(cells.iter().copied().filter(move |&x| !above || x > 0.0).map(of))
    };
    let real = Standard::of(cells.iter().copied());
    let standardised = (real.centre, real.spread);
    let (family, scale) = match asked {
        ColumnFamily::Gaussian => (CellFamily::Gaussian, standardised),
        ColumnFamily::StudentT => (CellFamily::StudentT, standardised),
        ColumnFamily::LogNormal => (CellFamily::LogNormal(standard(libm::log, true)), (0.0, 1.0)),
        ColumnFamily::Hurdle => (CellFamily::Hurdle(standard(libm::log, true)), (0.0, 1.0)),
        ColumnFamily::Bernoulli => (CellFamily::Bernoulli, (0.0, 1.0)),
        ColumnFamily::Categorical if levels.is_empty() => return Err(of_levels("categorical")),
        ColumnFamily::Categorical => (CellFamily::Categorical(levels.len()), (0.0, 1.0)),
        ColumnFamily::Ordinal if levels.is_empty() => return Err(of_levels("ordinal")),
        ColumnFamily::Ordinal => (CellFamily::Ordinal(levels.len()), (0.0, 1.0)),
        ColumnFamily::Poisson => (CellFamily::Poisson(standard(libm::log1p, false)), (0.0, 1.0)),
        ColumnFamily::NegativeBinomial => {
            (CellFamily::NegativeBinomial(standard(libm::log1p, false)), (0.0, 1.0))
        }
        ColumnFamily::Beta => (CellFamily::Beta, (0.0, 1.0)),
        ColumnFamily::Circular(period) => (CellFamily::Circular, (0.0, period / std::f64::consts::TAU)),
    };
    let discrete =
        matches!(family, CellFamily::Bernoulli | CellFamily::Categorical(_) | CellFamily::Ordinal(_));
    if !levels.is_empty() && !discrete {
        let message = format!("column `{name}` holds {kind}, and a {} family is of numbers", family.name());
        return Err(Error::request(message, "leave its «likelihood» out: it is of levels then"));
    }
    let x = |x: &f64| (x - scale.0) / scale.1;
    if let Some(cell) = cells.iter().find(|cell| !family.accepts(x(cell))) {
        let message = format!("column `{name}` holds {cell}, which a {} family does not have", family.name());
        return Err(Error::request(
            message,
            "give the column another «likelihood», or leave it out: it is chosen by the cells then",
        ));
    }
    family.check().map_err(|error| Error::new(format!("column `{name}`: {error}")))?;
    Ok(Chosen { family, scale, why: AS_ASKED })
}

impl From<LikelihoodFamily> for ColumnFamily {
    fn from(family: LikelihoodFamily) -> Self {
        match family {
            LikelihoodFamily::Gaussian => Self::Gaussian,
            LikelihoodFamily::Bernoulli => Self::Bernoulli,
            LikelihoodFamily::Poisson => Self::Poisson,
            LikelihoodFamily::NegativeBinomial => Self::NegativeBinomial,
        }
    }
}
