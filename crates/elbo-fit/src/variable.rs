//! What a column holds, and how numbers become its cells again.

use elbo_data::{Cell, Column, ColumnKind, Levels, Times};
use serde::{Deserialize, Serialize};

use crate::number::significant;

/// What a column holds, as it is read and written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Variable {
    pub(crate) kind: ColumnKind,
    /// The names of its levels, in the order of their codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) levels: Vec<String>,
    /// The digits behind the point that its numbers have, where these are few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decimals: Option<i32>,
    /// Whether they are times of day, in days, which have seconds where no number of digits is told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) clock: bool,
}

impl Variable {
    /// A drawn or filled-in number as the file writes its own: rounded as those are.
    pub(crate) fn rounded(&self, x: f64) -> f64 {
        // A Gaussian of whole numbers knows nothing of 0.
        let x = if self.kind == ColumnKind::Count && x < 0.0 { 0.0 } else { x };
        let Some(decimals) = self.decimals else { return x };
        let size = 10f64.powi(decimals);
        (x * size).round() / size
    }

    /// The stored number of a cell as people write it; the error says what may stand there.
    pub(crate) fn read(&self, cell: &str) -> Result<f64, String> {
        if !self.levels.is_empty() {
            let place = self.levels.iter().position(|level| level == cell);
            return place.map(|code| code as f64).ok_or_else(|| format!("one of {}", self.levels.join(", ")));
        }
        if self.kind == ColumnKind::Time {
            let kind = if self.clock { "a time of day, as 13:45" } else { "a day, as 2024-01-31" };
            return elbo_data::days(cell).ok_or_else(|| kind.to_owned());
        }
        cell.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| "a number".into())
    }

    /// A stored number as people read it.
    pub(crate) fn shown(&self, x: f64) -> String {
        match self.kind {
            _ if self.clock => self.time_of_day(x),
            _ if !self.levels.is_empty() => self.level(x).to_owned(),
            ColumnKind::Time => {
                Times { name: String::new(), values: Vec::new(), calendar: true }.text(x * 86_400e6)
            }
            _ => match self.decimals.and_then(|decimals| usize::try_from(decimals).ok()) {
                Some(decimals) => format!("{x:.decimals$}"),
                None => significant(x),
            },
        }
    }

    /// A time of day as a file writes it: to the minute, or to the second where the fit's have seconds.
    fn time_of_day(&self, days: f64) -> String {
        if !days.is_finite() {
            return String::new();
        }
        let second = (days.rem_euclid(1.0) * 86_400.0).round() as u64;
        let second = if self.decimals == Some(0) { (second + 30) / 60 * 60 } else { second } % 86_400;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        match self.decimals {
            Some(0) => format!("{hour:02}:{minute:02}"),
            _ => format!("{hour:02}:{minute:02}:{:02}", second % 60),
        }
    }

    /// The name of the level of a code.
    fn level(&self, code: f64) -> &str {
        self.levels.get(code.round().max(0.0) as usize).or(self.levels.last()).map_or("", String::as_str)
    }

    /// A column of a file, `tables` times one below the other, whose other cells are those that are told: by the number of the
    /// row in all tables, and the stored number or the code. Cells that the file has stay as they are.
    pub(crate) fn completed(
        &self,
        column: &Column,
        place: usize,
        tables: usize,
        cells: impl Iterator<Item = (usize, f64)>,
    ) -> Column {
        let rows = column.rows();
        let number = |row: usize| column.number(row % rows, place).unwrap_or(f64::NAN);
        match column {
            Column::Time(instants) => {
                let mut instants = instants.repeat(tables);
                cells.for_each(|(row, days)| instants[row] = instant(days));
                Column::Time(instants)
            }
            _ if self.levels.is_empty() && !self.clock => {
                let mut values: Vec<f64> = (0..tables * rows).map(number).collect();
                cells.for_each(|(row, x)| values[row] = x);
                Column::Real(values)
            }
            _ if column.is_number() => {
                let mut values: Vec<f64> = (0..tables * rows).map(number).collect();
                cells.for_each(|(row, code)| values[row] = self.level(code).parse().unwrap_or(f64::NAN));
                Column::Real(values)
            }
            _ => {
                let text = |row: usize| match column.cell(row % rows, place) {
                    Cell::Text(text) => text.into_owned(),
                    _ => String::new(),
                };
                let mut texts: Vec<String> = (0..tables * rows).map(text).collect();
                cells.for_each(|(row, x)| texts[row] = self.shown(x));
                Column::Text(texts)
            }
        }
    }

    /// A column of these stored numbers as a file has it: levels by name, times as such. With `drawn`, numbers have no more
    /// digits than those of the fit; else they may be means.
    pub(crate) fn column(&self, stored: Vec<f64>, drawn: bool) -> Column {
        if self.clock {
            return Column::Text(stored.into_iter().map(|x| self.time_of_day(x)).collect());
        }
        let round = |x: f64| if drawn { self.rounded(x) } else { x };
        match self.kind {
            _ if !self.levels.is_empty() => {
                let last = (self.levels.len() - 1) as f64;
                let code = |x: f64| x.is_finite().then(|| x.round().clamp(0.0, last) as u32);
                let codes = stored.into_iter().map(code).collect();
                let levels = Levels::new(self.levels.clone(), codes).expect("codes of the levels");
                if self.kind == ColumnKind::Ordinal {
                    Column::Ordinal(levels)
                } else {
                    Column::Category(levels)
                }
            }
            ColumnKind::Time => Column::Time(stored.into_iter().map(|days| instant(round(days))).collect()),
            _ => Column::Real(stored.into_iter().map(round).collect()),
        }
    }
}

/// Days since 1970 as an instant, to the second.
fn instant(days: f64) -> Option<i64> {
    days.is_finite().then(|| (days * 86_400.0).round() as i64 * 1_000_000)
}

/// Digits behind the point up to which numbers are said to have few.
const DECIMALS: i32 = 6;

/// The digits behind the point that all of these numbers have.
pub(crate) fn decimals(cells: &[f64]) -> Option<i32> {
    let has = |decimals: &i32| {
        let size = 10f64.powi(*decimals);
        cells.iter().all(|x| (x * size - (x * size).round()).abs() <= 1e-9 * (x * size).abs().max(1e-3))
    };
    (0..=DECIMALS).find(has)
}
