//! Fitted models that speak of each row by itself.

use elbo::{
    objective::elbo::Mean,
    random::{Key, Purpose},
};
use elbo_data::{Column, Dataset, Table};

use super::fitted::{Applied, Fitted, listed, of_the_fit};
use crate::{
    arguments::{Evaluate, Predict, Sample},
    error::Error,
    results::{heading, print},
    source::drawn,
    table, tell,
};

/// A fitted model of rows that do not depend on one another.
pub(super) trait RowModel {
    /// What the density is called: as a term, and as a formula.
    const DENSITY: [&'static str; 2];

    /// Those of the model's columns by which it predicts.
    fn given<'a>(&self, columns: &'a [String]) -> &'a [String] {
        columns
    }

    /// What the model says of each row, of the columns that are given.
    fn describe(&self, data: Dataset<f64>) -> Result<Table, Error>;

    /// The log density of each row in stored units, in nats; NaN of one that lacks what it is of.
    fn log_density(&self, data: Dataset<f64>) -> Result<Vec<f64>, Error>;

    /// New rows.
    fn sample(&self, fitted: &Fitted, rows: usize, key: Key) -> Result<Table, Error>;
}

impl<M: RowModel> Applied for M {
    fn predict(&self, fitted: &Fitted, arguments: &Predict) -> Result<(), Error> {
        let mut data = fitted.rows(&arguments.source, self.given(&fitted.columns))?;
        let labels = data.labels.take();
        let out = self.describe(data)?;
        let unsaid = rows_with_nan(&out);
        if unsaid > 0 {
            tell(format!("note        {unsaid} rows lack cells, so that not all can be said of them: NaN"));
        }
        table::write(out, labels, arguments.output.as_deref())
    }

    fn sample(&self, fitted: &Fitted, arguments: &Sample) -> Result<(), Error> {
        let drawn = RowModel::sample(self, fitted, arguments.number, Key::new(arguments.seed))?;
        table::write(drawn, None, arguments.output.as_deref())
    }

    fn evaluate(&self, fitted: &Fitted, arguments: &Evaluate) -> Result<(), Error> {
        let data = fitted.rows(&arguments.source, &fitted.columns)?;
        let (name, all) = (data.name.clone(), data.rows());
        let some = drawn(all, arguments.rows, Key::new(arguments.seed).purpose(Purpose::Test));
        let mut data = if let Some(index) = &some { data.at_rows(index) } else { data };
        let (rows, labels, [term, formula]) = (data.rows(), data.labels.take(), M::DENSITY);
        let density = self.log_density(data)?;
        let seen: Vec<f64> = density.iter().copied().filter(|x| !x.is_nan()).collect();
        if seen.is_empty() {
            return Err(Error::plain(format!("no row of `{name}` has the cells that {formula} is of"))
                .hint(format!("it is of {}", listed(&fitted.columns))));
        }
        let Mean { value, standard_error } = Mean::of(&seen);
        tell(format!("{} rows: {formula} {value:.4} ± {standard_error:.4} nats per row", seen.len()));
        if seen.len() < rows {
            tell(format!(
                "note        {} rows lack the cells that it is of, and are left out",
                rows - seen.len()
            ));
        }
        of_the_fit(arguments.source.data.is_none());
        if let Some(path) = &arguments.output {
            let mut out = Table::new();
            if let Some(index) = &some {
                out.push("row", Column::Real(index.iter().map(|&row| row as f64 + 1.0).collect()));
            }
            out.push(term, Column::Real(density));
            table::write(out, labels, Some(path))?;
        }
        let heading = heading("nats_per_row", rows, all);
        // One row alone has none.
        let error = if seen.len() > 1 { format!("{standard_error:.6}") } else { String::new() };
        print(&format!("{heading}{term},{value:.6},{error}\n"))
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
pub(super) fn of_seen(data: &Dataset<f64>, density: Vec<f64>) -> Vec<f64> {
    let rows = data.values.chunks_exact(data.width());
    let of = |(row, density): (&[f64], f64)| if row.iter().all(|x| x.is_nan()) { f64::NAN } else { density };
    rows.zip(density).map(of).collect()
}
