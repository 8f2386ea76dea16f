//! Fitted models that speak of each row by itself.

use std::fmt;

use elbo::{
    random::{Key, Purpose},
    terms::Mean,
};
use elbo_data::{Column, ColumnKind, Dataset, Table};

use crate::{
    anomalies::{Anomalies, DRAWN, Measured, Surprises, USUAL, anomalies as scored},
    columns::listed,
    error::Error,
    fitted::{Fitted, Latents, ModelMetadata, fills_nothing},
    number::significant,
    observer::{Observer, ObserverExt},
    query::{Answer, Approximation, Evaluation, LOG_DENSITY, Query, Selection, Term, push_log_density},
    subset::drawn,
    text::counted,
    took_part,
};

/// A fitted model of rows that do not depend on one another.
pub(crate) trait RowModel: fmt::Debug + Send + Sync {
    /// What the log density is of, as a formula.
    const DENSITY: &'static str;

    /// Whether it is exact under q, or an estimate.
    fn approximation(&self) -> Approximation {
        Approximation::Exact
    }

    /// Those of the model's columns by which it predicts.
    fn given<'a>(&self, columns: &'a [String]) -> &'a [String] {
        columns
    }

    /// What the model says of each row, of the columns that are given, but for its log density.
    fn describe(&self, data: &Dataset<f64>) -> Result<Table, Error>;

    /// Whether what it says of a row has its log density.
    fn tells_density(&self) -> bool {
        true
    }

    /// The log density of each row in stored units, in nats; NaN of one that lacks what it is of.
    fn log_density(&self, data: Dataset<f64>) -> Result<Vec<f64>, Error>;

    /// New rows.
    fn sample(&self, about: &ModelMetadata, rows: usize, key: Key) -> Result<Table, Error>;

    /// The same model as a function of z, where it is one.
    fn latents(&self) -> Option<&dyn Latents> {
        None
    }

    /// Rows with their missing cells filled, of models that can.
    fn filled(&self, _data: &Dataset<f64>) -> Option<Result<Table, Error>> {
        None
    }
}

impl<M: RowModel> Fitted for M {
    fn predict(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        _: usize,
        watch: &dyn Observer,
    ) -> Result<Answer, Error> {
        let mut data = about.rows(asked, self.given(&about.columns), watch)?;
        let labels = data.labels.take();
        let mut out = self.describe(&data)?;
        let rows = data.rows();
        if self.tells_density() {
            push_log_density(&mut out, self.log_density(data)?, self.approximation());
        }
        let unsaid = rows_with_nan(&out);
        if unsaid > 0 {
            watch.say("note", format!("{unsaid} rows lack cells, so that not all can be said of them: NaN"));
        }
        Ok(Answer::of("row", 0..rows, labels, out))
    }

    fn sample(
        &self,
        about: &ModelMetadata,
        number: usize,
        seed: u64,
        _: &dyn Observer,
    ) -> Result<Answer, Error> {
        Ok(Answer::new(RowModel::sample(self, about, number, Key::new(seed))?))
    }

    fn evaluate(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        number: Option<usize>,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        let (data, weights) = about.weighted_rows(asked, watch)?;
        let (name, all, took_part) = (data.name.clone(), data.rows(), about.took_part(asked, &data));
        let some = drawn(all, number, Key::new(seed).purpose(Purpose::Test));
        let index = some.unwrap_or_else(|| (0..all).collect());
        let mut data = if index.len() < all { data.at_rows(&index) } else { data };
        let weights = weights.map(|of_all| index.iter().map(|&row| of_all[row]).collect::<Vec<f64>>());
        let (rows, labels, formula) = (data.rows(), data.labels.take(), M::DENSITY);
        let lacking: Vec<bool> = (0..rows).map(|n| data.row(n).iter().any(|x| x.is_nan())).collect();
        let density = self.log_density(data)?;
        let seen: Vec<f64> = density.iter().copied().filter(|x| !x.is_nan()).collect();
        let of_seen: Option<Vec<f64>> = weights.as_ref().map(|weights| {
            weights.iter().zip(&density).filter(|(_, x)| !x.is_nan()).map(|(weight, _)| *weight).collect()
        });
        if seen.is_empty() {
            return Err(Error::new(format!("no row of `{name}` has all the cells that {formula} needs"))
                .remedy(format!("it is of {}", listed(&about.columns))));
        }
        if of_seen.as_ref().is_some_and(|of| of.iter().sum::<f64>() == 0.0) {
            return Err(Error::new(format!("the weights of all rows of `{name}` that are measured are 0"))
                .remedy("give rows that count"));
        }
        let mean = of_seen.as_ref().map_or_else(|| Mean::of(&seen), |of| Mean::weighted(&seen, of));
        let count = of_seen
            .as_ref()
            .map_or(String::new(), |of| format!(", which count as {}", of.iter().sum::<f64>()));
        let (value, is) = (mean.value, self.approximation().name());
        let text = match mean.error() {
            None => format!(
                "{}{count}: log_density, {formula}, {value:.4} nats ({is})",
                counted(seen.len(), "row")
            ),
            Some(error) => format!(
                "{}{count}: log_density, {formula}, {value:.4} ± {error:.4} nats per row ({is})",
                counted(seen.len(), "row")
            ),
        };
        let mut facts = vec![("", text.into())];
        if seen.len() < rows {
            let without = rows - seen.len();
            let lack = if without == 1 {
                "lacks the cells that it is of, and is"
            } else {
                "lack the cells that it is of, and are"
            };
            let text = format!("{} {lack} left out", counted(without, "row"));
            facts.push(("note", text.into()));
        }
        let partial = lacking.iter().zip(&density).filter(|(lacks, x)| **lacks && !x.is_nan()).count();
        if partial > 0 {
            let (lack, have) = if partial == 1 { ("lacks", "it has") } else { ("lack", "they have") };
            let text = format!(
                "{} of {} {lack} some cells: the density is that of the cells that {have}, and is in the mean with that of whole rows",
                counted(partial, "row"),
                seen.len()
            );
            facts.push(("note", text.into()));
        }
        facts.extend(about.count_once(weights.as_deref()));
        facts.extend(took_part::told(took_part, all, "row"));
        let mut table = Table::new();
        push_log_density(&mut table, density, self.approximation());
        Ok(Evaluation {
            facts,
            unit: "nats_per_row",
            part: [seen.len(), all],
            took_part,
            weights,
            terms: vec![Term::mean(LOG_DENSITY, mean, seen.len()).is(self.approximation())],
            rows: Answer::of("row", index, labels, table),
        })
    }

    fn anomalies(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<Anomalies, Error> {
        let names = &about.columns;
        let given = self.given(names);
        let mut data = about.rows(asked, names, watch)?;
        let (labels, width) = (data.labels.take(), names.len());
        let sampled = RowModel::sample(self, about, DRAWN, Key::new(seed))?;
        let columns: Vec<&Column> =
            names.iter().map(|name| sampled.column(name)).collect::<Result<_, _>>()?;
        let number = |cell: usize| columns[cell % width].number(cell / width, 0).unwrap_or(f64::NAN);
        let drawn: Vec<f64> = (0..DRAWN * width).map(number).collect();
        let of_model = |values: Vec<f64>| Dataset { values: values.into(), ..data.at_rows(&[]) };
        // By what the other cells lose the model tells the last.
        let of = |x: &[f64], watch: &dyn Observer| -> Result<Surprises, Error> {
            let log_density = self.log_density(of_model(x.to_vec()))?;
            let mut of_cells = vec![f64::NAN; x.len()];
            watch.work("anomalies", width as u64);
            for d in (0..width).filter(|&d| given.len() == width || !given.contains(&names[d])) {
                let mut without = x.to_vec();
                without.iter_mut().skip(d).step_by(width).for_each(|x| *x = f64::NAN);
                let others = if width == 1 || given.len() < width {
                    vec![0.0; log_density.len()]
                } else {
                    self.log_density(of_model(without))?
                };
                for (n, (whole, others)) in log_density.iter().zip(others).enumerate() {
                    if !x[n * width + d].is_nan() {
                        // A row of one cell has no others.
                        of_cells[n * width + d] = if others.is_nan() { 0.0 } else { others } - whole;
                    }
                }
                watch.worked(1);
            }
            watch.work_end();
            Ok(Surprises { log_density, of_cells })
        };
        let (rows, usual) = (of(&data.values, watch)?, of(&drawn[..USUAL * width], &())?);
        if let Some(row) = rows.log_density.iter().position(|density| density.is_nan()) {
            let (name, line) = (&data.name, data.lines.of(row));
            let message =
                format!("`{name}`: the row in line {line} lacks the cells that {} needs", M::DENSITY);
            return Err(Error::new(message).remedy("leave it out, or fill in its cells"));
        }
        let values = &data.values;
        let kind = |d: usize| {
            let binary = values.iter().skip(d).step_by(width).all(|&x| x.is_nan() || x == 0.0 || x == 1.0);
            if binary { ColumnKind::Binary } else { ColumnKind::Real }
        };
        let kinds: Vec<ColumnKind> = (0..width).map(kind).collect();
        let shown = |_: usize, x: f64| significant(x);
        let measured = Measured { names, kinds: &kinds, x: values, labels, shown: &shown };
        Ok(scored(&measured, &rows, &drawn, &usual, self.approximation()))
    }

    fn latents(&self) -> Option<&dyn Latents> {
        RowModel::latents(self)
    }

    fn reconstruct(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        which: Selection,
        watch: &dyn Observer,
    ) -> Result<Answer, Error> {
        let data = about.rows(asked, &about.columns, watch)?;
        let index = which.of(data.rows());
        let mut data = data.at_rows(&index);
        let labels = data.labels.take();
        let filled = self.filled(&data).unwrap_or_else(|| Err(fills_nothing()))?;
        Ok(Answer::of("row", index, labels, filled))
    }
}

fn rows_with_nan(out: &Table) -> usize {
    fn real((_, column): &(String, Column)) -> Option<&Vec<f64>> {
        if let Column::Real(values) = column { Some(values) } else { None }
    }
    let columns: Vec<&Vec<f64>> = out.columns.iter().filter_map(real).collect();
    let rows = columns.first().map_or(0, |column| column.len());
    (0..rows).filter(|&row| columns.iter().any(|column| column[row].is_nan())).count()
}

/// The densities of rows, of those that show nothing NaN.
pub(crate) fn of_seen(data: &Dataset<f64>, density: Vec<f64>) -> Vec<f64> {
    let rows = data.values.chunks_exact(data.width());
    let of = |(row, density): (&[f64], f64)| if row.iter().all(|x| x.is_nan()) { f64::NAN } else { density };
    rows.zip(density).map(of).collect()
}
