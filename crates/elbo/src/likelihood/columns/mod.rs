//! Columns of a family each, with missing cells (E34): log p(x_obs|z) = Σ over the observed cells of log p_d(x_d|f_θ(z)).
//!
//! A missing cell is NaN: it is summed out, and the encoder is given 0 for it and, where the column has holes in the data, 0 in
//! a mask that is 1 of observed cells. Each family is defined once, in f64 with its derivatives.

mod bernoulli;
mod beta;
mod categorical;
mod cell;
mod circular;
mod config;
mod gaussian;
mod hurdle;
mod log_normal;
mod negative_binomial;
mod ordinal;
mod poisson;
mod standard;
mod student_t;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rayon::prelude::*;

use self::{
    cell::{Cell, Gradient, Start},
    config::resolution,
};
use crate::{minibatch::Rows, random::Key};

pub use config::{CellFamily, ColumnConfig};
pub use standard::Standard;

/// p(x|z) of columns, each of its own family.
#[derive(Clone, Debug)]
pub struct Columns(Arc<[Column]>);

/// A column, and where its numbers begin among those of all columns.
#[derive(Debug)]
struct Column {
    config: ColumnConfig,
    cell: Box<dyn Cell>,
    /// Its outputs of the decoder, its own parameters, and what the encoder is given of it, the mask last.
    output: std::ops::Range<usize>,
    own: std::ops::Range<usize>,
    encoded: std::ops::Range<usize>,
    /// What log p of a stored cell is lower by than that of x.
    log_volume: f64,
}

impl Column {
    /// log p(x_d|z) of a stored cell, whose x is observed.
    fn log_density(&self, x: f32, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        self.cell.log_density(x.into(), output, own, gradient) - self.log_volume
    }
}

impl Columns {
    /// The likelihood of these columns.
    ///
    /// ```
    /// use elbo::likelihood::{CellFamily, ColumnConfig, Columns, Likelihood};
    /// let levels = ColumnConfig::new(CellFamily::Categorical(3), true);
    /// let columns = Columns::new(&[ColumnConfig::new(CellFamily::Gaussian, false), levels]);
    /// // The decoder gives a mean and three logits; the first column's log σ is its own. The second cell is missing.
    /// let of_cells = columns.cells(&[0.5, f32::NAN], &[0.5, 0.0, 0.0, 0.0], &[0.0]);
    /// assert!((of_cells[0] + 0.5 * std::f64::consts::TAU.ln()).abs() < 1e-12);
    /// assert_eq!((of_cells[1], columns.decoded(2)), (0.0, 4));
    /// ```
    pub fn new(columns: &[ColumnConfig]) -> Self {
        let [mut output, mut own, mut encoded] = [0; 3];
        let next = |at: &mut usize, number: usize| {
            let start = *at;
            *at += number;
            start..*at
        };
        let column = |&config: &ColumnConfig| {
            let cell = config.family.cell();
            Column {
                config,
                output: next(&mut output, cell.outputs()),
                own: next(&mut own, cell.own()),
                encoded: next(&mut encoded, cell.encoded() + usize::from(config.holes)),
                log_volume: config.log_volume(),
                cell,
            }
        };
        Self(columns.iter().map(column).collect())
    }

    /// What each column is.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = ColumnConfig> {
        self.0.iter().map(|column| column.config)
    }

    /// D.
    pub(crate) fn width(&self) -> usize {
        self.0.len()
    }

    /// The decoder's outputs, own parameters, and the encoder's inputs, of all columns.
    fn ends(&self) -> [usize; 3] {
        self.0.last().map_or([0; 3], |last| [last.output.end, last.own.end, last.encoded.end])
    }

    /// The decoder's outputs of all columns.
    pub(crate) fn outputs(&self) -> usize {
        self.ends()[0]
    }

    /// The own parameters of all columns.
    pub(crate) fn owned(&self) -> usize {
        self.ends()[1]
    }

    /// What the encoder is given of a row.
    pub(crate) fn encoded(&self) -> usize {
        self.ends()[2]
    }

    /// What the encoder is given of a row x `[D]`, into `out`.
    pub(crate) fn encode(&self, x: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        for (column, &x) in self.0.iter().zip(x) {
            if x.is_nan() {
                continue;
            }
            let out = &mut out[column.encoded.clone()];
            column.cell.encode(x.into(), out);
            if column.config.holes {
                out[column.encoded.len() - 1] = 1.0;
            }
        }
    }

    /// log p(x_d|z) of each column of a row, in nats, 0 of a missing cell: of x `[D]`, the decoder's outputs for the row, and
    /// the own parameters.
    pub fn cells(&self, x: &[f32], output: &[f32], own: &[f32]) -> Vec<f64> {
        let [output, own] =
            [output, own].map(|values| values.iter().map(|&v| v.into()).collect::<Vec<f64>>());
        let of = |(column, &x): (&Column, &f32)| {
            let (output, own) = (&output[column.output.clone()], &own[column.own.clone()]);
            if x.is_nan() { 0.0 } else { column.log_density(x, output, own, None) }
        };
        self.0.iter().zip(x).map(of).collect()
    }

    /// The probability of each level of a column.
    pub(super) fn probabilities_of(&self, d: usize, output: &[f32], own: &[f32]) -> Option<Vec<f64>> {
        let column = &self.0[d];
        let of = |values: &[f32], range: &std::ops::Range<usize>| -> Vec<f64> {
            values[range.clone()].iter().map(|&v| v.into()).collect()
        };
        column.cell.probabilities(&of(output, &column.output), &of(own, &column.own))
    }

    /// log p(x_obs|z) of a row; the derivatives in `output` and `own` overwrite what stands in their room.
    pub(crate) fn row(
        &self,
        x: &[f32],
        output: &[f64],
        own: &[f64],
        gradient: Option<(&mut [f64], &mut [f64])>,
    ) -> f64 {
        let mut sum = 0.0;
        let Some((by_output, by_own)) = gradient else {
            for (column, &x) in self.0.iter().zip(x).filter(|(_, x)| !x.is_nan()) {
                let (output, own) = (&output[column.output.clone()], &own[column.own.clone()]);
                sum += column.log_density(x, output, own, None);
            }
            return sum;
        };
        for (column, &x) in self.0.iter().zip(x) {
            let (by_output, by_own) =
                (&mut by_output[column.output.clone()], &mut by_own[column.own.clone()]);
            if x.is_nan() {
                by_output.fill(0.0);
                by_own.fill(0.0);
                continue;
            }
            let (output, own) = (&output[column.output.clone()], &own[column.own.clone()]);
            let gradient = Gradient { output: by_output, own: by_own };
            sum += column.log_density(x, output, own, Some(gradient));
        }
        sum
    }

    /// E[x|z] of a row.
    pub(crate) fn means(&self, output: &[f32], own: &[f32], x: &mut [f32]) {
        self.each(output, own, x, |column, output, own, _| column.cell.mean(output, own));
    }

    /// x of a row, column by column: `of` of a column's cell, its outputs and own parameters, and its number.
    fn each(
        &self,
        output: &[f32],
        own: &[f32],
        x: &mut [f32],
        of: impl Fn(&Column, &[f64], &[f64], u64) -> f64,
    ) {
        let [output, own] =
            [output, own].map(|values| values.iter().map(|&v| v.into()).collect::<Vec<f64>>());
        for ((d, column), x) in (0..).zip(&*self.0).zip(x) {
            *x = of(column, &output[column.output.clone()], &own[column.own.clone()], d) as f32;
        }
    }

    /// A draw of a row.
    pub(super) fn draw_row(&self, output: &[f32], own: &[f32], key: Key, row: u64, x: &mut [f32]) {
        self.each(output, own, x, |column, output, own, d| column.cell.draw(output, own, key.fold(d), row));
    }

    /// Row, column and value of the first cell that its family is no density of, and what that accepts.
    pub(super) fn first_unsupported(&self, rows: &Rows<'_>) -> Option<(usize, usize, f32, &'static str)> {
        self.0.iter().enumerate().find_map(|(column, of)| {
            let cells = rows.index().iter().zip(rows.iter());
            let mut wrong = cells.filter(|(_, x)| !x[column].is_nan() && !of.cell.accepts(x[column].into()));
            wrong.next().map(|(&row, x)| (row, column, x[column], of.cell.values()))
        })
    }

    /// Where a fit starts by the observed cells of each column: the decoder's outputs, the own parameters, and their floor.
    pub(super) fn starts(&self, rows: &Rows<'_>) -> [Vec<f32>; 3] {
        let of = |(d, column): (usize, &Column)| {
            let cells = rows.iter().map(|row| f64::from(row[d])).filter(|x| !x.is_nan());
            let cells: Vec<f64> = cells.collect();
            column.cell.start(&cells, resolution(&cells))
        };
        let starts: Vec<Start> = self.0.par_iter().enumerate().map(of).collect();
        let all = |of: fn(&Start) -> &Vec<f64>| {
            starts.iter().flat_map(|start| of(start).iter().map(|&v| v as f32)).collect()
        };
        [all(|start| &start.output), all(|start| &start.own), all(|start| &start.floor)]
    }
}

impl PartialEq for Columns {
    fn eq(&self, other: &Self) -> bool {
        self.columns().eq(other.columns())
    }
}
