//! Where rows come from: a file, or what is built in.

use std::{
    collections::HashSet,
    fmt::Display,
    path::{Path, PathBuf},
};

use elbo_data::{Dataset, Missing, Number, ReadOptions, Stored, TextColumns};
use serde::{Deserialize, Serialize};

use crate::{
    columns::listed,
    error::{Error, Kind},
    observer::{Observer, Say},
};

/// The largest number that models take: sums of its square are finite.
const MOST: f64 = 1e150;

/// The data set that is built in.
const DIGITS: &str = "digits";

/// Where rows come from, as a configuration file keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// `digits`, or an absolute path.
    pub data: String,
    /// The column of a table that is set aside as labels: its name, its number from 1, or `last`.
    pub label_column: Option<String>,
    /// An IDX file of labels for IDX images.
    pub labels: Option<PathBuf>,
    /// Height and width, where the rows of a table are images.
    pub image: Option<[usize; 2]>,
}

impl Source {
    /// The data set of this name that is built in: `digits`.
    pub fn built_in(name: &str) -> Self {
        Self { data: name.into(), label_column: None, labels: None, image: None }
    }

    /// A file, all of whose columns are data.
    ///
    /// # Errors
    /// Where the path is relative, and there is no current folder.
    pub fn file(path: &Path) -> Result<Self, Error> {
        Ok(Self::built_in(&absolute(path)?.to_string_lossy()))
    }

    /// The same, with a column set aside as labels.
    #[must_use]
    pub fn label_column(self, column: Option<&str>) -> Self {
        Self { label_column: column.map(Into::into), ..self }
    }

    /// The same with its label column by name, where the data have one: of new rows it may stand elsewhere.
    pub(crate) fn named<T>(mut self, data: &Dataset<T>) -> Self {
        if self.label_column.is_some() && data.label_name.is_some() {
            self.label_column.clone_from(&data.label_name);
        }
        self
    }

    /// Reads these columns of a table whose other columns may hold text, and says which those are; none where it has no such
    /// columns.
    pub(crate) fn read_named<T: Number>(
        &self,
        wanted: &[String],
        memory: Option<u64>,
        missing: Missing,
        watch: &dyn Observer,
    ) -> Option<Dataset<T>> {
        let options = ReadOptions {
            missing: true,
            text: TextColumns::Kept,
            single: true,
            precision: T::PRECISION,
            ..self.options(memory)
        };
        let frame = elbo_data::read_frame(Path::new(&self.data), &options).ok()?;
        let places: Vec<usize> =
            wanted.iter().map(|name| frame.place_of(name).ok()).collect::<Option<_>>()?;
        let others: Vec<String> =
            frame.names().filter(|name| !wanted.iter().any(|w| w == name)).map(Into::into).collect();
        // A name that stands twice says nothing.
        if others.is_empty() || others.len() + wanted.len() != frame.width() {
            return None;
        }
        let data = frame.select(&places).ok()?.numbers(missing).ok()?;
        watch.say("left aside", format!("the model is not of {}", listed(&others)));
        Some(data)
    }

    /// Reads the rows without loss, which may take so many bytes of memory; for a model that is fitted a `single` one is
    /// enough.
    ///
    /// # Errors
    /// Where the source cannot be read, or is not a table of numbers.
    pub fn read(&self, memory: Option<u64>, single: bool) -> Result<Stored, Error> {
        if self.data == DIGITS {
            return Ok(Stored::Single(elbo_data::digits()));
        }
        let options = ReadOptions { single, ..self.options(memory) };
        let stored = elbo_data::read_stored(Path::new(&self.data), &options)?;
        if let Stored::Double(data) = &stored {
            check_range(data)?;
        }
        Ok(stored)
    }

    /// Reads the rows in f64: cells may be missing, a column of text is a label, and each column has a name of its own.
    ///
    /// # Errors
    /// As [`Self::read`]; where two columns have one name, or a number's square is out of range.
    pub fn read_exact(&self, memory: Option<u64>, single: bool) -> Result<Dataset<f64>, Error> {
        if self.data == DIGITS {
            return Ok(elbo_data::digits().converted(memory, |_, x| f64::from(x))?);
        }
        let options = ReadOptions { missing: true, text: TextColumns::Label, single, ..self.options(memory) };
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
            return read(self).map_err(|error| self.moved(error));
        };
        let plain = asked.clone();
        if plain.label_column.is_some() || self.label_column.is_none() {
            return read(&plain);
        }
        let labelled = Self { label_column: self.label_column.clone(), ..plain.clone() };
        let no_label = |error: Error| {
            read(&plain).map_err(|other| if error.kind() == Kind::LacksLabel { other } else { error })
        };
        read(&labelled).or_else(no_label)
    }

    /// Adds to an error of reading it how to say where the file is now, if it is not there any more.
    pub(crate) fn moved(&self, error: Error) -> Error {
        if self.is_missing() { error.remedy("«data PATH» says where the rows are now") } else { error }
    }

    fn options(&self, memory: Option<u64>) -> ReadOptions {
        ReadOptions {
            label_column: self.label_column.clone(),
            labels: self.labels.clone(),
            image: self.image.map(|[height, width]| (height, width)),
            memory,
            ..ReadOptions::default()
        }
    }

    /// Whether its file is not there any more.
    pub fn is_missing(&self) -> bool {
        self.data != DIGITS && !Path::new(&self.data).exists()
    }

    /// The same kind of source at another path.
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
        self.file_name().split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("run").into()
    }
}

/// Refuses numbers whose squares are out of range.
fn check_range(data: &Dataset<f64>) -> Result<(), Error> {
    let Some(cell) = data.values.iter().position(|x| x.abs() > MOST) else { return Ok(()) };
    let (place, value) = (data.place(cell), data.values[cell]);
    Err(Error::new(format!("`{}`: {place} is {value:e}, whose square is out of range", data.name))
        .remedy("give the column other units, or mend the cell"))
}

/// The ends of a range in one form: with powers of ten where one of them needs them.
fn ends<T: Number + Display>(ends: [T; 2]) -> [String; 2] {
    let plain = |x: &T| (*x).into() == 0.0 || (1e-6..1e12).contains(&(*x).into().abs());
    if ends.iter().all(plain) { ends.map(|x| x.to_string()) } else { ends.map(|x| format!("{:e}", x.into())) }
}

/// The path from the root, as a configuration can keep it.
///
/// # Errors
/// Where it is relative, and there is no current folder; where it is not UTF-8.
pub fn absolute(path: &Path) -> Result<PathBuf, Error> {
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

/// Says what was understood of a file.
pub(crate) fn describe<T: Number + Display>(data: &Dataset<T>, observer: &dyn Observer) {
    let (least, most) = data.range();
    let shape = match data.image {
        Some((height, width)) => format!("images of {height}×{width}"),
        None => format!("{} columns", data.width()),
    };
    let labels = match &data.labels {
        Some(labels) => {
            let kinds: HashSet<&String> = labels.iter().collect();
            format!(", {} different labels set aside", kinds.len())
        }
        None => String::new(),
    };
    let rows = data.rows();
    let [least, most] = ends([least, most]);
    let text = format!("{}: {rows} rows, {shape}, values {least} to {most}{labels}", data.name);
    observer.say("data", text);
    if data.values.held() == 0 {
        let gigabytes = size_of_val(&data.values[..]) as f64 / 1e9;
        let folder = std::env::temp_dir();
        let text = format!("the rows lie in a temporary file of {gigabytes:.1} GB in {}", folder.display());
        observer.say("memory", text);
    }
}
