//! Where rows come from: a file, or what is built in.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Display,
    path::{Path, PathBuf},
};

use elbo_data::{
    AnyDataset, Coding, ColumnKind, ColumnReading, Dataset, Decision, Frame, Number, Numbering, ReadOptions,
    Reading, Role, TableOptions, TextColumns, TimeColumn, Times, is_standard_input,
};
use same_file::is_same_file;
use serde::{Deserialize, Serialize};

use crate::{
    columns::listed,
    error::{Error, Kind},
    observer::{Choice, Observer, ObserverExt},
    text::counted,
};

/// The largest number that models take, so that sums of its square are finite.
const MOST: f64 = 1e150;

/// The data set that is built in.
const DIGITS: &str = "digits";

/// Where rows come from, and how they are read, as a configuration file keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// `digits`, an absolute path, or `-`, which is standard input.
    pub data: String,
    /// The columns of a table that are set aside as labels: each by its name, its number from 1, or `last`.
    #[serde(default, rename = "label_column", with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub label_columns: Vec<String>,
    /// An IDX file of labels for IDX images.
    pub labels: Option<PathBuf>,
    /// Height and width, where the rows of a table are images.
    pub image: Option<[usize; 2]>,
    /// What is known beforehand of a table.
    #[serde(default, skip_serializing_if = "TableOptions::is_empty")]
    pub table: TableOptions,
    /// The column that says when each row was seen, by its name; it is no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// The units of columns, where each of their numbers is written with one, as `kg` or `%`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<String, String>,
}

impl Source {
    /// The data set of this name that is built in: `digits`.
    ///
    /// # Errors
    /// Where none has this name.
    pub fn built_in(name: &str) -> Result<Self, Error> {
        if name == DIGITS {
            return Ok(Self { data: name.into(), ..Self::default() });
        }
        Err(Error::request(
            format!("no data set `{name}` is built in"),
            format!("`{DIGITS}` is built in; «data PATH» reads a file"),
        ))
    }

    /// A file, all of whose columns are data.
    ///
    /// # Errors
    /// Where the path is relative, and there is no current folder.
    pub fn file(path: &Path) -> Result<Self, Error> {
        Ok(Self { data: absolute(path)?.to_string_lossy().into_owned(), ..Self::default() })
    }

    /// Returns this source with a column that is set aside as labels.
    #[must_use]
    pub fn label_column(self, column: Option<&str>) -> Self {
        Self { label_columns: column.map(Into::into).into_iter().collect(), ..self }
    }

    /// Returns this source with its label columns by name, where the data have names: in new rows they may stand elsewhere.
    /// Columns of a file without names that were set aside are so of new rows too.
    pub(crate) fn named<T>(mut self, data: &Dataset<T>) -> Self {
        if !self.label_columns.is_empty() && data.label_names.len() == self.label_columns.len() {
            self.label_columns.clone_from(&data.label_names);
        }
        let data_columns = data.reading.columns.iter().filter(|column| column.role == Role::Data);
        self.units =
            data_columns.filter_map(|column| Some((column.name.clone(), column.unit.clone()?))).collect();
        if self.table.drop.is_empty() && self.table.columns.is_empty() {
            let nameless = data.reading.columns.iter().enumerate();
            let numbers = nameless.filter(|(_, column)| !column.named && column.role == Role::RowNumber);
            self.table.drop = numbers.map(|(place, _)| (place + 1).to_string()).collect();
        }
        self
    }

    /// Reads the rows without loss; `memory` is how many bytes they may take. For a model that is fitted to `wanted` columns a
    /// single row is enough.
    ///
    /// # Errors
    /// Where the source cannot be read, or is not a table of numbers.
    pub fn read(&self, memory: Option<u64>, wanted: Option<&[String]>) -> Result<AnyDataset, Error> {
        if self.data == DIGITS {
            return Ok(AnyDataset::Single(elbo_data::digits()));
        }
        let options =
            ReadOptions { single: wanted.is_some(), ..self.options(memory, wanted.unwrap_or_default()) };
        let stored = elbo_data::read_any_dataset(Path::new(&self.data), &options)?;
        if let AnyDataset::Double(data) = &stored {
            check_range(data)?;
        }
        Ok(stored)
    }

    /// Reads the rows as [`Self::read`] does where they are of numbers alone, without a missing cell, and are of one family; else
    /// as [`Self::read_coded`] does, with what the numbers of each column stand for.
    pub(crate) fn read_any(
        &self,
        memory: Option<u64>,
        several: bool,
    ) -> Result<(AnyDataset, Vec<Coding>), Error> {
        let plain = || Ok((self.read(memory, None)?, Vec::new()));
        if self.data == DIGITS || self.image.is_some() || self.labels.is_some() {
            return plain();
        }
        let coded = || -> Result<(AnyDataset, Vec<Coding>), Error> {
            let (data, codings) = self.read_coded(memory, None)?;
            Ok((AnyDataset::Double(data), codings))
        };
        let told = self.table.types.values().any(|kind| !kind.is_number()) || !self.table.levels.is_empty();
        if several || told {
            return coded();
        }
        if self.is_read_once() {
            let (data, codings) = coded()?;
            let numbers = codings.iter().all(|coding| *coding == Coding::Number);
            return Ok(if numbers && !holes(&data) { (data, Vec::new()) } else { (data, codings) });
        }
        let options = ReadOptions { missing: true, ..self.options(memory, &[]) };
        let data = match elbo_data::read_any_dataset(Path::new(&self.data), &options) {
            Err(aside @ elbo_data::Error::AllAside { .. }) => return coded().or(Err(aside.into())),
            read => read?,
        };
        let (reading, image, width) = match &data {
            AnyDataset::Single(data) => (&data.reading, data.full_scale.is_some(), data.width()),
            AnyDataset::Double(data) => (&data.reading, data.full_scale.is_some(), data.width()),
        };
        // Text that nobody has left out.
        let open = |column: &ColumnReading| match column.role {
            Role::Label => self.label_columns.is_empty(),
            _ => column.is_aside_by_kind(),
        };
        if reading.columns.iter().any(|column| !column.kind.is_number() && open(column)) {
            return coded();
        }
        match data {
            data if !holes(&data) => {
                if let AnyDataset::Double(data) = &data {
                    check_range(data)?;
                }
                Ok((data, Vec::new()))
            }
            // Images have no missing pixels.
            _ if image => plain(),
            data => Ok((data, vec![Coding::Number; width])),
        }
    }

    /// Reads a table of columns of any kind, with missing cells, as numbers, and what those of each column stand for.
    ///
    /// # Errors
    /// As [`Self::read`]; where a cell is of a level that a fitted model does not know.
    pub(crate) fn read_coded(
        &self,
        memory: Option<u64>,
        wanted: Option<&[String]>,
    ) -> Result<(Dataset<f64>, Vec<Coding>), Error> {
        let options = ReadOptions {
            missing: true,
            text: TextColumns::Kept,
            single: wanted.is_some(),
            ..self.options(memory, wanted.unwrap_or_default())
        };
        let frame = elbo_data::read_frame(Path::new(&self.data), &options)?;
        let (data, codings) = frame.coded(&self.table)?;
        check_range(&data)?;
        Ok((data, codings))
    }

    /// Reads every column of the rows that [`Self::read_coded`] reads for a model of these, labels among them.
    pub(crate) fn whole(&self, memory: Option<u64>, wanted: &[String]) -> Result<Frame, Error> {
        let options = ReadOptions {
            missing: true,
            text: TextColumns::Kept,
            single: true,
            label_columns: Vec::new(),
            ..self.options(memory, wanted)
        };
        Ok(elbo_data::read_frame(Path::new(&self.data), &options)?)
    }

    /// Returns this source with the kinds and the levels of columns, as new rows have them.
    pub(crate) fn of_kinds<'a>(
        mut self,
        columns: impl Iterator<Item = (&'a String, ColumnKind, &'a [String])>,
    ) -> Self {
        for (name, kind, levels) in columns {
            self.table.types.insert(name.clone(), kind);
            if !levels.is_empty() {
                self.table.levels.insert(name.clone(), levels.to_vec());
            }
        }
        self
    }

    /// Reads every column, with the kind that all of its rows tell.
    ///
    /// # Errors
    /// Where the source cannot be read.
    pub fn frame(&self, memory: Option<u64>) -> Result<Frame, Error> {
        if self.data == DIGITS {
            return Ok(elbo_data::digits_frame());
        }
        let options =
            ReadOptions { missing: true, text: TextColumns::Kept, single: true, ..self.options(memory, &[]) };
        Ok(elbo_data::read_frame(Path::new(&self.data), &options)?)
    }

    /// Reads the rows in f64: cells may be missing, and each column has a name of its own. Where a column is named that says
    /// when rows were seen, it is no data; new rows of a model may lack it.
    ///
    /// # Errors
    /// As [`Self::read`]; where two columns have one name, or a number's square is out of range.
    pub fn read_exact(&self, memory: Option<u64>, wanted: Option<&[String]>) -> Result<Dataset<f64>, Error> {
        let time = self.time_column.clone().map_or(TimeColumn::None, TimeColumn::Named);
        self.read_with_times(time, memory, wanted)
    }

    /// Reads a series: the rows, with the column that says when they were seen. That is the one that is named, or else the
    /// only one that holds instants, or else one of numbers whose name and order say so.
    ///
    /// # Errors
    /// As [`Self::read_exact`].
    pub(crate) fn read_series(mut self, memory: Option<u64>) -> Result<(Self, Dataset<f64>), Error> {
        if self.time_column.is_some() {
            let data = self.read_exact(memory, None)?;
            return Ok((self, data));
        }
        let mut data = self.read_with_times(TimeColumn::Instants, memory, None)?;
        if data.times.is_none()
            && let Some(timed) = self.timed_by_another(&data, memory)?
        {
            data = timed;
        }
        let times = |d: usize| Times::of_numbers(&data.columns[d], data.column(d).collect());
        let named = |d: &usize| self.may_be_time(&data.columns[*d]);
        if data.times.is_none() && data.width() > 1 {
            for d in (0..data.width()).filter(named) {
                let times = times(d);
                if let Some(row) = times.odd_day() {
                    let place = data.place(row * data.width() + d);
                    let message = format!(
                        "`{}`: {place} is {}, which is not a day or a month as most cells of the column are",
                        data.name, times.values[row]
                    );
                    let drop = format!("mend the cell; «drop {}» leaves the column out", times.name);
                    return Err(Error::new(message).remedy(&drop));
                }
            }
        }
        let labels = data.labels.as_deref().filter(|_| !self.label_columns.is_empty());
        let counted = |d: &usize| named(d) && counts_time(&times(*d).values, labels);
        // Times alone would be the data.
        if data.times.is_none()
            && data.width() > 1
            && let Some(d) = (0..data.width()).find(counted)
        {
            let name = data.columns[d].clone();
            let others: Vec<usize> = (0..data.width()).filter(|&other| other != d).collect();
            let times = times(d);
            data = data.keep_columns(&others)?;
            data.times = Some(times);
            data.reading
                .columns
                .iter_mut()
                .filter(|column| column.name == name)
                .for_each(|column| column.role = Role::Time);
        }
        self.time_column = data.times.as_ref().map(|times| times.name.clone());
        Ok((self, data))
    }

    /// The same rows with their times, where a column that is not one of those to be read tells them by its name and order.
    fn timed_by_another(
        &self,
        data: &Dataset<f64>,
        memory: Option<u64>,
    ) -> Result<Option<Dataset<f64>>, Error> {
        // Standard input can be read only once.
        if self.table.columns.is_empty() || self.is_read_once() {
            return Ok(None);
        }
        for column in data.reading.in_role(|role| matches!(role, Role::Aside(_))) {
            let open = self.may_be_time(&column.name) && !self.table.drop.contains(&column.name);
            if !open || !column.kind.is_number() {
                continue;
            }
            let timed = self.read_with_times(TimeColumn::Named(column.name.clone()), memory, None)?;
            let labels = timed.labels.as_deref().filter(|_| !self.label_columns.is_empty());
            if timed.times.as_ref().is_some_and(|times| counts_time(&times.values, labels)) {
                return Ok(Some(timed));
            }
        }
        Ok(None)
    }

    /// Whether a column of this name may say when rows were seen, though nothing is told of it.
    pub(crate) fn may_be_time(&self, name: &str) -> bool {
        let told = self.table.types.get(name).is_some_and(|&kind| kind != ColumnKind::Time);
        let plain: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        TIMES.contains(&plain.as_str()) && !told
    }

    fn read_with_times(
        &self,
        time: TimeColumn,
        memory: Option<u64>,
        wanted: Option<&[String]>,
    ) -> Result<Dataset<f64>, Error> {
        if self.data == DIGITS {
            return Ok(elbo_data::digits().converted(memory, |_, x| f64::from(x))?);
        }
        let options = ReadOptions {
            missing: true,
            single: wanted.is_some(),
            time,
            ..self.options(memory, wanted.unwrap_or_default())
        };
        let data: Dataset<f64> = elbo_data::read_as(Path::new(&self.data), &options)?;
        let mut known = HashSet::new();
        if let Some(name) = data.columns.iter().find(|name| !known.insert(*name)) {
            return Err(Error::new(format!("`{}` has two columns `{name}`", data.name))
                .remedy("columns are found by their names: give each a name of its own"));
        }
        check_range(&data)?;
        Ok(data)
    }

    /// `read` for a model that was fitted to this source, of the rows that are asked for, or else its own. New rows come
    /// with the label column of the fit, or without any, and are images where its rows are.
    pub(crate) fn for_model<T>(
        &self,
        asked: Option<&Self>,
        read: impl Fn(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(asked) = asked else {
            return read(self).map_err(|error| self.moved(error.of_data()));
        };
        // What the fit's file needed to be told, new rows of its kind need too.
        let plain = Self {
            table: asked.table.clone().or(&self.table),
            time_column: asked.time_column.clone().or_else(|| self.time_column.clone()),
            ..asked.clone()
        };
        if !plain.label_columns.is_empty() || self.label_columns.is_empty() {
            // A column that the fit had is what the file lacks.
            let of_fit = plain.label_columns == self.label_columns;
            return read(&plain).map_err(|error| if of_fit { error.of_data() } else { error });
        }
        let labelled = Self { label_columns: self.label_columns.clone(), ..plain.clone() };
        let no_label = |error: Error| {
            let lacks = error.kind() == Kind::LacksColumn;
            read(&plain).map_err(|other| if lacks { other } else { error.of_data() })
        };
        read(&labelled).or_else(no_label)
    }

    /// Adds to an error of reading it how to say where the file is now, if it is not there any more.
    pub(crate) fn moved(&self, error: Error) -> Error {
        if self.is_missing() { error.remedy("«data PATH» says where the rows are now") } else { error }
    }

    fn options(&self, memory: Option<u64>, wanted: &[String]) -> ReadOptions {
        ReadOptions {
            label_columns: self.label_columns.clone(),
            table: self.table.clone(),
            wanted: wanted.to_vec(),
            labels: self.labels.clone(),
            image: self.image.map(|[height, width]| (height, width)),
            memory,
            ..ReadOptions::default()
        }
    }

    /// Whether it can be read only once.
    pub(crate) fn is_read_once(&self) -> bool {
        is_standard_input(Path::new(&self.data))
    }

    /// Whether its file is not there any more.
    pub fn is_missing(&self) -> bool {
        let path = Path::new(&self.data);
        self.data != DIGITS && !is_standard_input(path) && !path.exists()
    }

    /// Whether an existing file, by whatever path or link, is one that is read here.
    pub fn holds(&self, file: &Path) -> bool {
        let data = Some(Path::new(&self.data)).filter(|_| self.data != DIGITS);
        let mut own = data.into_iter().chain(self.labels.as_deref()).filter(|path| !is_standard_input(path));
        own.any(|path| {
            let within = |folder: PathBuf| file.canonicalize().is_ok_and(|file| file.starts_with(folder));
            is_same_file(path, file).unwrap_or(false)
                || (path.is_dir() && path.canonicalize().is_ok_and(within))
        })
    }

    /// Returns this source at another path.
    ///
    /// # Errors
    /// Where the path is relative, and there is no current folder.
    pub fn at(&self, path: &Path) -> Result<Self, Error> {
        let data = absolute(path)?.to_string_lossy().into_owned();
        Ok(Self { data, labels: None, ..self.clone() })
    }

    /// `digits`, or the file's name without its folder.
    pub(crate) fn file_name(&self) -> String {
        Path::new(&self.data).file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// A short name for the run: `digits`, or the file's name without its endings.
    pub fn name(&self) -> String {
        if is_standard_input(Path::new(&self.data)) {
            return "input".into();
        }
        self.file_name().split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("run").into()
    }
}

/// Names of columns of numbers that say when rows were seen, in lower case and without marks.
const TIMES: [&str; 41] = [
    "time",
    "t",
    "date",
    "year",
    "years",
    "yr",
    "yyyymmdd",
    "yyyymm",
    "yearmonth",
    "ym",
    "timestamp",
    "datetime",
    "fiscalyear",
    "fy",
    "quarter",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "hour",
    "period",
    "jahr",
    "datum",
    "zeit",
    "monat",
    "woche",
    "tag",
    "année",
    "annee",
    "mois",
    "semaine",
    "jour",
    "año",
    "ano",
    "mes",
    "semana",
    "día",
    "dia",
    "fecha",
];

/// Whether numbers rise throughout, or fall throughout, each seen once; where there are labels, among the rows of each. A
/// missing one is found later, by its line.
fn counts_time(values: &[f64], labels: Option<&[String]>) -> bool {
    let mut sequences: BTreeMap<Option<&String>, Vec<f64>> = BTreeMap::new();
    for (row, &value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        sequences.entry(labels.map(|labels| &labels[row])).or_default().push(value);
    }
    let strictly = |holds: fn(f64, f64) -> bool| {
        sequences.values().all(|values| values.windows(2).all(|pair| holds(pair[0], pair[1])))
    };
    sequences.values().any(|values| values.len() > 1) && (strictly(|a, b| a < b) || strictly(|a, b| a > b))
}

/// Whether a cell is missing.
fn holes(data: &AnyDataset) -> bool {
    match data {
        AnyDataset::Single(data) => data.values.iter().any(|x| x.is_nan()),
        AnyDataset::Double(data) => data.values.iter().any(|x| x.is_nan()),
    }
}

/// Refuses numbers whose squares are out of range.
fn check_range(data: &Dataset<f64>) -> Result<(), Error> {
    const REMEDY: &str = "give the column other units, or mend the cell";
    if let Some(cell) = data.values.iter().position(|x| x.abs() > MOST) {
        let (place, value) = (data.place(cell), data.values[cell]);
        let message = format!("`{}`: {place} is {value:e}, whose square is out of range", data.name);
        return Err(Error::new(message).remedy(REMEDY));
    }
    let mut most = vec![0.0_f64; data.width()];
    for row in data.values.chunks_exact(data.width().max(1)) {
        most.iter_mut().zip(row).for_each(|(most, x)| *most = most.max(x.abs()));
    }
    match most.iter().position(|&most| most > 0.0 && most < MOST.recip()) {
        Some(d) => {
            let (name, column, most) = (&data.name, &data.columns[d], most[d]);
            let what = "all squares of which are out of range";
            let message = format!("`{name}`: column `{column}` has no number beyond {most:e}, {what}");
            Err(Error::new(message).remedy(REMEDY))
        }
        None => Ok(()),
    }
}

/// Whether a number is short without an exponent.
fn is_short<T: Number>(x: T) -> bool {
    let size = x.into().abs();
    size == 0.0 || (1e-6..1e12).contains(&size)
}

/// The ends of a range in one form: with powers of ten where one of them needs them.
fn ends<T: Number + Display>(ends: [T; 2]) -> [String; 2] {
    if ends.iter().all(|&x| is_short(x)) {
        ends.map(|x| x.to_string())
    } else {
        ends.map(|x| format!("{:e}", x.into()))
    }
}

/// A number as it is, or with an exponent where it would be long.
pub(crate) fn short<T: Number + Display>(x: T) -> String {
    if is_short(x) { x.to_string() } else { format!("{:e}", x.into()) }
}

/// Tells the decisions about a file that a reader would not expect of every such file.
fn say_decisions(reading: &Reading, observer: &dyn Observer) {
    observer.reading(reading);
    for Decision { of, chosen, why, .. } in reading.decisions.iter().filter(|decision| !decision.usual) {
        observer.choice(&Choice { of, chosen: chosen.clone(), why: why.clone() });
    }
}

/// Tells what was understood of a file: the decisions, and which columns are no data.
pub(crate) fn describe_reading(reading: &Reading, observer: &dyn Observer) {
    say_decisions(reading, observer);
    for (name, text) in set_aside(reading) {
        observer.say(name, text);
    }
}

/// Tells what was understood of new rows for a fitted model.
pub(crate) fn describe_new(reading: &Reading, observer: &dyn Observer) {
    say_decisions(reading, observer);
    let aside = reading.in_role(|role| matches!(role, Role::Aside(_) | Role::RowNumber));
    if !aside.is_empty() {
        let names: Vec<String> = aside.iter().map(|column| column.name.clone()).collect();
        observer.say("left aside", format!("the model does not use {}", listed(&names)));
    }
}

/// Compares the units of a model's columns with those of new rows, which are at these places; says so where these tell none.
///
/// # Errors
/// Where two differ, or only one of them is per cent.
pub(crate) fn check_units<T>(
    data: &Dataset<T>,
    of_fit: &BTreeMap<String, String>,
    (columns, places): (&[String], &[usize]),
    observer: &dyn Observer,
) -> Result<(), Error> {
    let read: HashMap<&String, &ColumnReading> =
        data.reading.columns.iter().map(|column| (&column.name, column)).collect();
    for (name, &place) in columns.iter().zip(places) {
        let Some(column) = read.get(&data.columns[place]) else { continue };
        let (fitted, new) = (of_fit.get(name), &column.unit);
        let percent = [fitted, new.as_ref()].into_iter().flatten().any(|unit| unit == "%");
        match (fitted, new) {
            (fitted, new) if fitted == new.as_ref() => {}
            (Some(fitted), None) if !percent => {
                observer.say(
                    "note",
                    format!("`{name}` of `{}` tells no unit: it is taken to be in {fitted}", data.name),
                );
            }
            // A fit of rows without units says nothing of them.
            (None, Some(_)) if !percent => {}
            _ => {
                let unit = |of: Option<&String>| of.map_or("no unit".to_owned(), |unit| format!("`{unit}`"));
                let message = format!(
                    "`{}`: the numbers of column `{name}` have {}, but those of the fit have {}",
                    data.name,
                    unit(new.as_ref()),
                    unit(fitted)
                );
                return Err(Error::new(message).remedy("write the column as the rows of the fit have it"));
            }
        }
    }
    Ok(())
}

/// Tells which column of new rows stands for that of the fit which said when they were seen, or that none does. `labels` are the
/// columns that tell sequences apart.
///
/// # Errors
/// Where none is known, and some column that the model does not use may be it.
pub(crate) fn check_time<T>(
    data: &Dataset<T>,
    wanted: &str,
    labels: &[String],
    observer: &dyn Observer,
) -> Result<(), Error> {
    let lacks =
        format!("`{}` has no column `{wanted}`, which said when the rows of the fit were seen", data.name);
    if let Some(times) = &data.times {
        if times.name != wanted {
            let text = format!("{lacks}: `{}`, the only one of dates, is taken for it", times.name);
            observer.say("time", text);
        }
        return Ok(());
    }
    let unused = data.reading.in_role(|role| matches!(role, Role::Aside(_) | Role::Label));
    let others: Vec<String> = unused
        .iter()
        .filter(|column| !labels.contains(&column.name) && column.numbering != Numbering::InOrder)
        .map(|column| format!("`{}`", column.name))
        .collect();
    if others.is_empty() {
        observer.say("note", format!("{lacks}: they are taken in the order of the file"));
        return Ok(());
    }
    Err(Error::new(format!("{lacks}, and {} may be it", listed(&others))).remedy(format!(
        "call the column of times `{wanted}`; rows without times are taken in the order of the file, if it has no column that \
         the model does not use"
    )))
}

/// The lines that tell which columns are not data, as (name, text).
fn set_aside(reading: &Reading) -> Vec<(&'static str, String)> {
    let numbers = reading.in_role(|role| *role == Role::RowNumber);
    let mut said: Vec<(&str, String)> = numbers
        .iter()
        .map(|column| {
            let same = |other: &ColumnReading| std::ptr::eq(other, *column);
            let number = reading.columns.iter().position(same).unwrap_or(0) + 1;
            let name = if column.named { column.name.clone() } else { number.to_string() };
            let quote = if name.contains(' ') { "'" } else { "" };
            let told = format!("«type {quote}{name}=count{quote}» makes it data");
            ("set aside", format!("column `{}` numbers the rows; {told}", column.name))
        })
        .collect();
    for column in reading.in_role(|role| *role == Role::Time) {
        said.push(("set aside", format!("column `{}`: it says when each row was seen", column.name)));
    }
    let labels = reading.in_role(|role| *role == Role::Label);
    let names: Vec<String> = labels.iter().map(|column| format!("`{}`", column.name)).collect();
    if !names.is_empty() {
        said.push(("label", format!("column {}", listed(&names))));
    }
    // Those of one reason in a line.
    let aside = reading.in_role(|role| matches!(role, Role::Aside(_)));
    let text = aside.iter().filter(|column| !column.kind.is_number()).count();
    for same in aside.chunk_by(|a, b| a.role == b.role) {
        let names: Vec<String> = same.iter().map(|column| format!("`{}`", column.name)).collect();
        if let Role::Aside(why) = &same[0].role {
            let text = match &names[..] {
                [name] => format!("column {name}: {why}"),
                names => format!("columns {}: {}", listed(names), of_several(why)),
            };
            said.push(("set aside", text));
        }
    }
    if text > 1 && labels.is_empty() {
        let text =
            "«label-column NAME» sets one of them beside the rows; «columns» and «drop» choose those to read";
        said.push(("note", text.into()));
    }
    said
}

/// A reason that holds of one column, said of several; what it quotes stays.
fn of_several(why: &str) -> String {
    let (words, quoted) = why.split_at(why.find('`').unwrap_or(why.len()));
    let words: Vec<&str> = words.split_inclusive(' ').collect();
    let several = |(place, word): (usize, &&str)| {
        let plural = match (word.trim_end(), place) {
            ("it", 0) => "they",
            ("it", _) => "them",
            ("is", 1) => "are",
            ("has", 1) => "have",
            ("holds", 1) => "hold",
            (other, _) => other,
        };
        plural.to_owned() + &word[word.trim_end().len()..]
    };
    words.iter().enumerate().map(several).collect::<String>() + quoted
}

/// A list of texts, which a configuration file has as one where it is of one.
mod one_or_more {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        More(Vec<String>),
    }

    pub(super) fn serialize<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        if let [one] = texts { one.serialize(serializer) } else { texts.serialize(serializer) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        Ok(match Option::<Texts>::deserialize(deserializer)? {
            None => Vec::new(),
            Some(Texts::One(text)) => vec![text],
            Some(Texts::More(texts)) => texts,
        })
    }
}

/// The path from the root, as a configuration can keep it; standard input stays what it is.
///
/// # Errors
/// Where it is relative, and there is no current folder; where it is not UTF-8.
pub fn absolute(path: &Path) -> Result<PathBuf, Error> {
    if is_standard_input(path) {
        return Ok(path.to_owned());
    }
    let path = std::path::absolute(path).map_err(|cause| Error::io("find", path, &cause))?;
    if path.to_str().is_some() {
        return Ok(path);
    }
    Err(Error::new(format!(
        "the path `{}` is not UTF-8, and config.toml could not name the file",
        path.display()
    ))
    .remedy("rename it, or give a link to it whose path is UTF-8"))
}

/// Checks that data are those of a run, by their fingerprint and the one that is recorded.
pub(crate) fn same_data(name: &str, fingerprint: &str, recorded: &str) -> Result<(), Error> {
    if fingerprint == recorded {
        return Ok(());
    }
    Err(Error::new(format!("`{name}` is not the data of this run: its contents differ"))
        .remedy("restore the file, or start a new run"))
}

/// Tells what was understood of a file.
pub(crate) fn describe<T: Number + Display>(data: &Dataset<T>, observer: &dyn Observer) {
    describe_reading(&data.reading, observer);
    let (least, most) = data.range();
    let shape = match data.image {
        Some((height, width)) => format!("images of {height}×{width}"),
        None => counted(data.width(), "column"),
    };
    let labels = match &data.labels {
        Some(labels) => {
            let kinds: HashSet<&String> = labels.iter().collect();
            format!(", {} different labels set aside", kinds.len())
        }
        None => String::new(),
    };
    let rows = counted(data.rows(), "row");
    let [least, most] = ends([least, most]);
    let text = format!("{}: {rows}, {shape}, values {least} to {most}{labels}", data.name);
    observer.say("data", text);
    if data.values.held() == 0 {
        let gigabytes = size_of_val(&data.values[..]) as f64 / 1e9;
        let folder = std::env::temp_dir();
        let text = format!("the rows lie in a temporary file of {gigabytes:.1} GB in {}", folder.display());
        observer.say("memory", text);
    }
}
