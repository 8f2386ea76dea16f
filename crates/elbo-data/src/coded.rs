//! A frame of columns of every kind as numbers: levels by their places, instants as days.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::cells::Cells;
use crate::dataset::Dataset;
use crate::error::{CellFault, Error};
use crate::frame::{Cell, Column, ColumnKind, Frame, Levels};
use crate::names::listed;
use crate::options::TableOptions;
use crate::reading::{ColumnReading, Role};
use crate::roles::{self, place};
use crate::time::of_clock;

/// Microseconds of a day, in which instants are counted.
const DAY: f64 = 86_400e6;
/// Levels that a column may have whatever its rows, rows a level where it has more, and levels at most, unless it is told to
/// hold categories.
const LEVELS: (usize, usize, usize) = (20, 10, 500);

/// What the numbers of a column stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Coding {
    /// Themselves.
    Number,
    /// Levels of these names, by their places from 0.
    Levels(Vec<String>),
    /// Days since 1970-01-01 00:00 UTC.
    Days,
    /// Times of day, as `13:45` or `13:45:30`: shares of a day from midnight.
    Clock,
}

impl Frame {
    /// The columns that hold data as numbers, with what the numbers of each stand for; missing cells are NaN. Columns that were
    /// left out stay so, and free text and categories of nearly as many levels as rows are set aside, or become the labels.
    ///
    /// ```
    /// use elbo_data::{Coding, ReadOptions, TextColumns, read_frame};
    ///
    /// let path = std::env::temp_dir().join(format!("elbo-coded-{}.csv", std::process::id()));
    /// std::fs::write(&path, "size,colour\n1.5,red\n,blue\n2.5,red\n3.5,blue\n")?;
    /// let options = ReadOptions { missing: true, text: TextColumns::Kept, ..Default::default() };
    /// let (data, codings) = read_frame(&path, &options)?.coded(&options.table)?;
    /// assert_eq!(codings, [Coding::Number, Coding::Levels(vec!["blue".into(), "red".into()])]);
    /// assert_eq!((data.row(0), data.row(2)), (&[1.5, 1.0][..], &[2.5, 1.0][..]));
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Two columns of one name; a level that is none of those that are told; no column of data; no space for a temporary file.
    pub fn coded(mut self, table: &TableOptions) -> Result<(Dataset<f64>, Vec<Coding>), Error> {
        let names: Vec<String> = self.names().map(Into::into).collect();
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::NameTwice { name: self.name.clone(), column: pair[0].clone() });
        }
        let rows = self.rows()?;
        let mut reading = std::mem::take(&mut self.reading);
        let all = reading.columns.clone();
        let named = |key: &String| place(key, &names).map(|i| &names[i]);
        let levels: HashMap<&String, &Vec<String>> =
            table.levels.iter().filter_map(|(key, levels)| Some((named(key)?, levels))).collect();
        let told: HashSet<&String> =
            table.types.keys().chain(table.levels.keys()).filter_map(named).collect();
        self.check_columns(&all, &told)?;
        let place_of: HashMap<&String, usize> = all.iter().map(|of| &of.name).zip(0..).collect();
        let mut kept = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let Some(&place) = place_of.get(name) else {
                kept.push(i);
                continue;
            };
            let column = &mut reading.columns[place];
            if open(column) && !column.kind.is_number() && self.is_clock(i, rows) {
                (column.kind, column.role) = (ColumnKind::Time, Role::Data);
                column.why = "it holds times of day".into();
                kept.push(i);
                continue;
            }
            let asked = told.contains(name);
            match column.kind {
                _ if !open(column) => {}
                ColumnKind::Category | ColumnKind::Ordinal if !asked && roles::names_labels(name) => {
                    column.role = Role::Label;
                }
                ColumnKind::Category | ColumnKind::Ordinal => match too_many(self.levels_of(i), rows) {
                    Some(why) if !asked => column.role = Role::Aside(why),
                    _ => column.role = Role::Data,
                },
                ColumnKind::Time => column.role = Role::Data,
                _ => {}
            }
            if column.role == Role::Data {
                kept.push(i);
            }
        }
        if self.labels.is_none() {
            self.take_labels(&names, &mut reading.columns, rows);
        }
        if kept.is_empty() {
            return Err(roles::no_data(&all, Path::new(&self.name)));
        }
        let mut frame = self.select(&kept)?;
        let kind = |name: &String| place_of.get(name).map(|&place| reading.columns[place].kind);
        let numbers = kept.iter().all(|&i| kind(&names[i]).is_none_or(ColumnKind::is_number));
        if matches!(frame.columns[..], [(_, Column::Matrix(_))]) && numbers {
            frame.reading = reading;
            return Ok((frame.into_dataset()?, vec![Coding::Number; kept.len()]));
        }
        let mut codings = Vec::with_capacity(kept.len());
        let mut columns = Vec::with_capacity(kept.len());
        for (i, name) in kept.iter().map(|&i| &names[i]).enumerate() {
            let (coding, numbers) = frame.code(i, rows, kind(name), levels.get(name).copied())?;
            codings.push(coding);
            columns.push(numbers);
        }
        let width = columns.len();
        let values: Vec<f64> = (0..rows * width).map(|cell| columns[cell % width][cell / width]).collect();
        frame.columns = Vec::new();
        let columns = kept.iter().map(|&i| names[i].clone()).collect();
        let data = Dataset {
            name: frame.name,
            columns,
            values: Cells::from(values),
            labels: frame.labels,
            label_names: frame.label_names,
            image: None,
            full_scale: None,
            lines: frame.lines,
            reading,
            times: frame.times,
        };
        Ok((data, codings))
    }

    /// Refuses columns with cells that are not what most of them are.
    fn check_columns(&self, columns: &[ColumnReading], told: &HashSet<&String>) -> Result<(), Error> {
        if let Some((i, column)) =
            columns.iter().enumerate().find(|(_, column)| matches!(column.role, Role::Refused(_)))
            && let Role::Refused(why) = &column.role
        {
            let (name, column, why) = (self.name.clone(), column.name.clone(), why.clone());
            return Err(Error::Refused { name, column, number: i + 1, why });
        }
        // Of text most of which is dates, what is none is a slip.
        for (i, column) in
            columns.iter().enumerate().filter(|(_, column)| open(column) && !told.contains(&column.name))
        {
            if let Some((line, text)) = column.odd_date.clone() {
                let (path, column) = (self.name.clone().into(), column.name.clone());
                return Err(Error::Cell {
                    path,
                    column,
                    number: i + 1,
                    line,
                    text,
                    fault: CellFault::NotADate,
                });
            }
        }
        Ok(())
    }

    /// Makes labels of the columns that are called so, or else of the only one of free text.
    fn take_labels(&mut self, names: &[String], columns: &mut [ColumnReading], rows: usize) {
        if !columns.iter().any(|column| column.role == Role::Label)
            && let Some(text) = roles::only_text(columns)
        {
            columns[text].role = Role::Label;
        }
        let called: HashSet<&String> =
            columns.iter().filter(|of| of.role == Role::Label).map(|of| &of.name).collect();
        let labels: Vec<usize> = (0..names.len()).filter(|&i| called.contains(&names[i])).collect();
        if labels.is_empty() {
            return;
        }
        let label = |row| roles::joined(labels.iter().map(|&c| roles::shown(&self.cell(row, c))));
        self.labels = Some((0..rows).map(label).collect());
        self.label_names = labels.iter().map(|&i| names[i].clone()).collect();
    }

    /// Whether every cell of a column of text that is there is a time of day.
    fn is_clock(&self, column: usize, rows: usize) -> bool {
        let mut seen =
            (0..rows).map(|row| self.cell(row, column)).filter(|cell| *cell != Cell::Missing).peekable();
        seen.peek().is_some()
            && seen.all(|cell| matches!(cell, Cell::Text(text) if of_clock(&text).is_some()))
    }

    /// How many levels a column has, where it has levels.
    fn levels_of(&self, column: usize) -> usize {
        match &self.columns[self.part(column).0].1 {
            Column::Category(levels) | Column::Ordinal(levels) => levels.names().len(),
            _ => 0,
        }
    }

    /// A column as numbers, and what they stand for: of the levels that are told, where some are.
    fn code(
        &self,
        column: usize,
        rows: usize,
        kind: Option<ColumnKind>,
        told: Option<&Vec<String>>,
    ) -> Result<(Coding, Vec<f64>), Error> {
        let (part, place) = self.part(column);
        let cells = &self.columns[part].1;
        if let Column::Time(instants) = cells {
            let days = |instant: &Option<i64>| instant.map_or(f64::NAN, |instant| instant as f64 / DAY);
            return Ok((Coding::Days, instants.iter().map(days).collect()));
        }
        if kind == Some(ColumnKind::Time) && !cells.is_number() {
            let clock = |row| match cells.cell(row, place) {
                Cell::Text(text) => of_clock(&text).unwrap_or(f64::NAN),
                _ => f64::NAN,
            };
            return Ok((Coding::Clock, (0..rows).map(clock).collect()));
        }
        let of_levels = matches!(kind, Some(ColumnKind::Category | ColumnKind::Ordinal));
        if !of_levels && told.is_none() {
            let number = |row| cells.number(row, place).unwrap_or(f64::NAN);
            return Ok((Coding::Number, (0..rows).map(number).collect()));
        }
        let levels = match (cells, told) {
            (Column::Category(levels) | Column::Ordinal(levels), None) => levels.clone(),
            (_, told) => {
                let texts: Vec<String> = (0..rows).map(|row| roles::shown(&cells.cell(row, place))).collect();
                match told {
                    None => Levels::of_texts(&texts),
                    Some(names) => Levels::among(names, &texts).map_err(|row| Error::NewLevel {
                        name: self.name.clone(),
                        place: self.place(row, column),
                        text: texts[row].clone(),
                        levels: listed(names.iter()),
                    })?,
                }
            }
        };
        let codes = levels.codes().iter().map(|code| code.map_or(f64::NAN, f64::from)).collect();
        Ok((Coding::Levels(levels.names().to_vec()), codes))
    }
}

/// Whether a column is no data only since it holds no numbers.
fn open(column: &ColumnReading) -> bool {
    matches!(column.role, Role::Data | Role::Label) || column.is_aside_by_kind()
}

/// Why a column of so many levels in so many rows tells a model nothing.
fn too_many(levels: usize, rows: usize) -> Option<String> {
    let (few, each, most) = LEVELS;
    let why = format!("it has {levels} levels in {rows} rows");
    match levels {
        ..2 => Some("it has one level in every row".into()),
        levels if levels > few && (levels * each > rows || levels > most) => Some(why),
        _ => None,
    }
}
