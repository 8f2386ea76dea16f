//! What can go wrong with a file.

use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};

use crate::cell_place::CellPlace;
use crate::kind::ColumnKind;
use crate::names::{brief, listed, short};

/// A file that cannot be read or written, and why.
///
/// The text names the file, the place in it and the offending value; the
/// remedy, where there is one, is [`Error::remedy`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant explains its fields")]
pub enum Error {
    /// The operating system refuses to read the file.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read { path: PathBuf, cause: io::Error },
    /// A folder was given for a file.
    #[error("cannot read `{}`: it is a folder", path.display())]
    Folder { path: PathBuf },
    /// A folder that holds no table, or files that do not belong together: `names` are some of them.
    #[error("`{}` is a folder that is no table: {}", path.display(), found(names))]
    FolderOf { path: PathBuf, names: Vec<String> },
    /// The file has no content.
    #[error("`{}` is empty", path.display())]
    Empty { path: PathBuf },
    /// Standard input has no content.
    #[error("standard input is empty")]
    EmptyInput,
    /// Neither content nor ending tells the format.
    #[error("`{}` has no known format{}", path.display(), what.map(|what| format!(": it is {what}")).unwrap_or_default())]
    UnknownFormat { path: PathBuf, what: Option<&'static str>, known: Vec<&'static str> },

    /// A packed file stops before its end.
    #[error("`{}` is truncated: its {packing} stream stops before the end", path.display())]
    PackedTruncated { path: PathBuf, packing: &'static str },
    /// A packed file is damaged.
    #[error("`{}` is damaged: {cause}", path.display())]
    PackedCorrupt { path: PathBuf, packing: &'static str, cause: io::Error },
    /// A file of an archive that cannot be unpacked.
    #[error("`{}`: `{}` {rule}", path.display(), brief(name))]
    Unpackable { path: PathBuf, name: String, rule: String },
    /// A file of several parts, of which one must be named; `what` the parts are.
    #[error("{}", parts(path, what, wanted.as_deref(), names))]
    Parts { path: PathBuf, what: &'static str, wanted: Option<String>, names: Vec<String> },
    /// A table that takes more memory than is free.
    #[error("`{}` takes {} of memory, and {} are free", path.display(), gigabytes(*bytes), gigabytes(*free))]
    Room { path: PathBuf, bytes: u64, free: u64 },
    /// A file whose content contradicts itself.
    #[error("`{}` is damaged, or no {format}: {}", path.display(), brief(reason))]
    Damaged { path: PathBuf, format: &'static str, reason: String },
    /// A file that takes other programs to read.
    #[error("`{}` {rule}", path.display())]
    Unread { path: PathBuf, rule: String },
    /// A column of a kind that is not read.
    #[error("`{}`: column `{}` holds {}, which is not read", path.display(), brief(column), brief(kind))]
    ColumnType { path: PathBuf, column: String, kind: String },
    /// Files of a folder that do not belong together.
    #[error("`{}` {first}, but `{}` {second}", path.display(), other.display())]
    Unlike { path: PathBuf, first: String, other: PathBuf, second: String },

    /// A file does not begin as its format does; `form` says how that is.
    #[error("`{}` is not {format}: it {}, {rule}", path.display(), brief(found))]
    Header { path: PathBuf, format: &'static str, found: String, rule: &'static str, form: &'static str },
    /// A file is shorter or longer than its header says.
    #[error(
        "`{}` should hold {expected} bytes after its header for shape {shape:?} and holds {actual}",
        path.display()
    )]
    Size { path: PathBuf, shape: Vec<usize>, expected: u64, actual: u64 },
    /// A value of an array that is no finite number.
    #[error("`{}`: `{}` of row {row} is {}, which is {fault}", path.display(), brief(column), short(*value))]
    Value { path: PathBuf, column: String, row: usize, value: f64, fault: CellFault },

    /// The text is not UTF-8.
    #[error("`{}` line {line} is not valid UTF-8", path.display())]
    Utf8 { path: PathBuf, line: usize },
    /// A row with more or fewer cells than the first.
    #[error("`{}` line {line} has {actual} cells, but the first row has {expected}", path.display())]
    Ragged { path: PathBuf, line: usize, expected: usize, actual: usize },
    /// A row in which a quote opens that nothing closes: all further lines would be one cell.
    #[error("`{}` line {line}: a quote opens in this row and is never closed", path.display())]
    OpenQuote { path: PathBuf, line: usize },
    /// A column that is to hold the times of the rows, and holds neither instants nor numbers.
    #[error("`{name}`: column `{}` holds {kind}, not times: {why}", brief(column))]
    NotTimes { name: String, column: String, kind: ColumnKind, why: String },
    /// A row whose time is missing, where rows are brought to time order.
    #[error("column `{}` line {line} holds no time", brief(column))]
    NoTime { column: String, line: usize },
    /// Text goes on behind the quote that closes a cell; `opened` is the line of the quote that opens it.
    #[error("`{}` line {line}: `{}` follows a quote that closes the cell which opens in line {opened}", path.display(), brief(text))]
    StrayText { path: PathBuf, line: usize, opened: usize, text: String },
    /// A line that does not end.
    #[error("`{}` line {line} has more than {most} bytes", path.display())]
    LongLine { path: PathBuf, line: usize, most: usize },
    /// A file that should be text.
    #[error("`{}` is not text: it holds zero bytes", path.display())]
    NotText { path: PathBuf },
    /// A number whose comma parts either thousands or a fraction.
    #[error("`{}`: column `{}` line {line} is `{}`, whose comma may stand between thousands or before a fraction", path.display(), brief(column), brief(text))]
    DecimalMark { path: PathBuf, column: String, line: usize, text: String },
    /// Numbers with decimal commas, and others with points, each by its place; `column` may be left out.
    #[error("`{}`: {comma} has a decimal comma, and {point} has none", path.display())]
    DecimalMarks { path: PathBuf, comma: String, point: String, column: String },
    /// A number with another decimal mark than is told; no number has that.
    #[error("`{}`: the decimal mark is told to be `{told}`, but column `{}` line {line} is `{}`, and no number has a decimal `{told}`", path.display(), brief(column), brief(text))]
    OtherDecimalMark { path: PathBuf, column: String, line: usize, text: String, told: char },
    /// A number with points between thousands, where another has a decimal point, by its place.
    #[error("`{}`: column `{}` line {line}, `{}`, has points between thousands, and {point} has a decimal point", path.display(), brief(column), brief(text))]
    ThousandPoints { path: PathBuf, column: String, line: usize, text: String, point: String },
    /// Numbers that are told to have decimal commas, in a file whose cells are parted by commas and not quoted.
    #[error("`{}` is delimited by commas, so its numbers cannot have decimal commas without quotes: column `{}` line {line} is `{}`", path.display(), brief(column), brief(text))]
    CommaDelimited { path: PathBuf, column: String, line: usize, text: String },
    /// Rows of more whole numbers than there are names, in a file whose cells are parted by commas.
    #[error("`{}` line {line} has {actual} cells below {expected} names: its commas may part cells, or stand before the fractions of numbers", path.display())]
    DecimalCommas { path: PathBuf, line: usize, expected: usize, actual: usize },
    /// A column that is told to hold dates, and whose text is written in no way that all of it shares.
    #[error("`{}`: column `{}` is told to hold dates, but line {line} is `{}`, and few of its cells are dates", path.display(), brief(column), brief(text))]
    NoInstants { path: PathBuf, column: String, line: usize, text: String },
    /// A column of dates whose days and months may be either way round, with its first cell.
    #[error("`{}`: column `{}` holds dates, but which of day and month goes first is unclear, as in `{}`: neither the order of the rows nor their steps tell", path.display(), brief(column), brief(text))]
    UnclearDates { path: PathBuf, column: String, text: String },
    /// A cell that holds no usable number; `number` is its column's, from 1.
    #[error("`{}`: column `{}` line {line} is `{}`, which is {fault}", path.display(), brief(column), brief(text))]
    Cell { path: PathBuf, column: String, number: usize, line: usize, text: String, fault: CellFault },

    /// No column of a frame has this name.
    #[error("`{name}` has no column `{}`; its columns are {names}", brief(wanted))]
    NoColumn { name: String, wanted: String, names: String },
    /// A column that holds no numbers, where numbers are asked for.
    #[error("`{name}`: column `{}` holds {kind}, not numbers", brief(column))]
    NotNumbers { name: String, column: String, kind: ColumnKind },
    /// A cell of a frame that is no number of the kind asked for.
    #[error("`{name}`: {place} is {}, which is {fault}", short(*value))]
    Number { name: String, place: CellPlace, value: f64, fault: CellFault },
    /// Two levels of a category have one name.
    #[error("two levels have the name `{}`", brief(name))]
    LevelTwice { name: String },
    /// A cell is of a level that there is not.
    #[error("`{name}`: {place} is `{}`, which is none of the levels {levels}", brief(text))]
    NewLevel { name: String, place: CellPlace, text: String, levels: String },
    /// A column that a model cannot take, and why; its number in the file, from 1.
    #[error("`{name}`: column `{}`: {why}", brief(column))]
    Refused { name: String, column: String, number: usize, why: String },
    /// Columns that are found by their names, of which two are the same.
    #[error("`{name}` has two columns `{}`", brief(column))]
    NameTwice { name: String, column: String },
    /// A row is of a level that there is not.
    #[error("row {row} is of level {code}, but there are {levels}, from 0")]
    NoLevel { row: usize, code: u32, levels: usize },

    /// The data set has fewer rows than are needed.
    #[error("`{}` has {rows} rows, but at least {least} are needed", path.display())]
    TooFewRows { path: PathBuf, rows: usize, least: usize },
    /// There is no column of values.
    #[error("`{}` has no column of values", path.display())]
    NoColumns { path: PathBuf },
    /// No column is data; `columns` says why.
    #[error("`{}` has no column of values: {columns}", path.display())]
    AllAside { path: PathBuf, columns: String },
    /// The image shape does not fit the number of columns.
    #[error("`{}` has {columns} columns, which do not fit an image of {height}x{width}", path.display())]
    ImageShape { path: PathBuf, height: usize, width: usize, columns: usize },

    /// A column that is named is not one of the file's; `near` are names like it.
    #[error("`{}` has no column `{}`; its columns are {names}", path.display(), brief(wanted))]
    LabelColumn { path: PathBuf, wanted: String, names: String, near: Vec<String> },
    /// Two sources of labels, or a label column where there are no columns.
    #[error("`{}`: {rule}", path.display())]
    LabelSource { path: PathBuf, rule: &'static str },
    /// A label file that is not a list of labels.
    #[error("label file `{}` has shape {shape:?}, but it must have one dimension", path.display())]
    LabelShape { path: PathBuf, shape: Vec<usize> },
    /// As many labels as rows are needed.
    #[error("label file `{}` has {labels} labels for {rows} rows", path.display())]
    LabelCount { path: PathBuf, labels: usize, rows: usize },

    /// Weights of documents are asked for, which only a table has a column for.
    #[error("`{}` is no table with named columns, so it has none that says how often each document counts", path.display())]
    NoWeights { path: PathBuf },
    /// A cell of a table of documents by words that is no count.
    #[error("`{name}`: {place} is `{}`, which is {fault}", brief(value))]
    Count { name: String, place: CellPlace, value: String, fault: EntryFault },
    /// The header or the shape of a Matrix Market file is not one that holds counts.
    #[error("`{}` line {line} is `{text}`: {rule}", path.display())]
    MatrixMarket { path: PathBuf, line: usize, text: String, rule: &'static str },
    /// As many entries as announced are needed: `unit` says of what.
    #[error("`{}` line {line}: {expected} entries are announced for the {unit}, but there are {actual}", path.display())]
    EntryCount { path: PathBuf, line: usize, unit: &'static str, expected: usize, actual: usize },
    /// An entry that is no index with its count.
    #[error("`{}` line {line}: `{text}` is {fault}", path.display())]
    Entry { path: PathBuf, line: usize, text: String, fault: EntryFault },
    /// A vocabulary that is told by the largest index alone, and is too large for that.
    #[error(
        "`{}` has {entries} entries, and by the largest index {words} words: so many must be known beforehand",
        path.display()
    )]
    Vocabulary { path: PathBuf, words: usize, entries: usize },
    /// As many names as words of the vocabulary are needed.
    #[error("vocabulary `{}` has {names} words for {words}", path.display())]
    VocabularyCount { path: PathBuf, names: usize, words: usize },

    /// The operating system refuses to keep rows in a temporary file.
    #[error("cannot keep the rows in a temporary file in `{}`: {cause}", folder.display())]
    Spill { folder: PathBuf, cause: io::Error },

    /// The operating system refuses to write the file.
    #[error("cannot write `{}`: {cause}", path.display())]
    Write { path: PathBuf, cause: io::Error },
    /// The operating system refuses to write to a stream.
    #[error("cannot write: {cause}")]
    Stream { cause: io::Error },
    /// No table format has this ending.
    #[error("cannot write a table to `{}`: its name must end in {}", path.display(), alternatives(known))]
    TableEnding { path: PathBuf, known: Vec<String> },
    /// The columns of a table differ in length.
    #[error("table column `{}` has {actual} rows, but the first column has {expected}", brief(column))]
    TableRows { column: String, expected: usize, actual: usize },
    /// An NPY file holds numbers only.
    #[error("cannot write column `{}` to `{}`: it holds text", brief(column), path.display())]
    TableText { path: PathBuf, column: String },
    /// The writer of Parquet files refuses the table.
    #[error("cannot write the table as Parquet: {}", brief(reason))]
    Parquet { reason: String },

    /// The images do not make a picture.
    #[error("cannot draw the images: {reason}")]
    Picture { reason: String },

    /// The file is not a whole safetensors file.
    #[error("`{}` is no readable checkpoint: {}", path.display(), brief(reason))]
    Tensors { path: PathBuf, reason: String },
    /// The checkpoint lacks a tensor.
    #[error("`{}` has no tensor `{}`", path.display(), brief(name))]
    TensorMissing { path: PathBuf, name: String },
    /// A tensor of another shape than asked for.
    #[error("`{}`: tensor `{}` has shape {actual:?}, but must have {expected:?}", path.display(), brief(name))]
    TensorShape { path: PathBuf, name: String, expected: Vec<usize>, actual: Vec<usize> },
    /// A tensor of another type than asked for.
    #[error("`{}`: tensor `{}` holds {actual}, but must hold {expected}", path.display(), brief(name))]
    TensorType { path: PathBuf, name: String, expected: String, actual: String },
}

impl Error {
    /// Names the part in an error of a text that was put together from files: `located` tells the file of a line, and its
    /// number there.
    pub(crate) fn in_part(mut self, located: impl Fn(usize) -> (PathBuf, usize)) -> Self {
        match &mut self {
            Self::Utf8 { path, line }
            | Self::Ragged { path, line, .. }
            | Self::OpenQuote { path, line }
            | Self::LongLine { path, line, .. }
            | Self::DecimalMark { path, line, .. }
            | Self::ThousandPoints { path, line, .. }
            | Self::CommaDelimited { path, line, .. }
            | Self::DecimalCommas { path, line, .. }
            | Self::OtherDecimalMark { path, line, .. }
            | Self::NoInstants { path, line, .. }
            | Self::Cell { path, line, .. } => (*path, *line) = located(*line),
            Self::StrayText { path, line, opened, .. } => {
                *opened = located(*opened).1;
                (*path, *line) = located(*line);
            }
            _ => {}
        }
        self
    }
}

/// What a folder holds.
fn found(names: &[String]) -> String {
    if names.is_empty() { "it holds no file".into() } else { format!("it holds {}", listed(names.iter())) }
}

/// Bytes as messages say them.
fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// The message about the parts of a file.
fn parts(path: &Path, what: &str, wanted: Option<&str>, names: &[String]) -> String {
    let there = if names.is_empty() { "none".into() } else { listed(names.iter()) };
    match wanted {
        Some(wanted) => format!("`{}` has no `{}`; its {what} are {there}", path.display(), brief(wanted)),
        None => format!("`{}` holds more than one table, or none; its {what} are {there}", path.display()),
    }
}

/// `a, b or c`.
fn alternatives(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        few => few.concat(),
    }
}

/// Why an entry of sparse counts is none.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryFault {
    /// Not of the form that the format asks for.
    Form(&'static str),
    /// An index outside `least..=most`.
    Index {
        /// What it is the index of.
        what: &'static str,
        /// The first.
        least: usize,
        /// The last.
        most: usize,
    },
    /// A count below 0.
    Negative,
    /// A count that is no whole number.
    Fractional,
    /// A count beyond 4,294,967,295, alone or with others of the same place.
    TooLarge,
    /// A weight of a document that is no number of 0 or more.
    Weight,
}

impl Display for EntryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(form) => write!(f, "not of the form {form}"),
            Self::Index { what, least, most } if least > most => {
                write!(f, "outside the {what}s, of which there are none")
            }
            Self::Index { what, least, most } => write!(f, "outside the {what}s, {least} to {most}"),
            Self::Negative => f.write_str("a count below 0"),
            Self::Fractional => f.write_str("a count that is no whole number"),
            Self::TooLarge => f.write_str("a count beyond 4294967295"),
            Self::Weight => f.write_str("no weight of a document, which is a number of 0 or more"),
        }
    }
}

/// Why a cell holds no usable number.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellFault {
    /// Nothing between two delimiters.
    Empty,
    /// Text that is not a number.
    NotANumber,
    /// `NaN` or an infinity.
    NotFinite,
    /// A number that is too large for the floats that are computed with.
    TooLarge,
    /// A mark of a missing cell.
    Missing,
    /// A number that is no count, in a column of counts.
    NotACount,
    /// Neither 0 nor 1, in a column of them.
    NotBinary,
    /// No date, in a column whose other cells are dates of one form.
    NotADate,
    /// Text in a first row that holds numbers too, so that it was not taken for names.
    InFirstRow,
}

impl Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty cell",
            Self::NotANumber => "not a number",
            Self::NotFinite => "not a finite number",
            Self::TooLarge => "too large for the numbers that are computed with",
            Self::Missing => "a missing cell",
            Self::NotACount => "not a whole number from 0, as counts are",
            Self::NotBinary => "neither 0 nor 1",
            Self::NotADate => "not a date of the form that most cells of the column have",
            Self::InFirstRow => "not a number, in a first row that was taken for data",
        })
    }
}
