//! Files to frames: which format it is, and where its labels are.

use std::path::{Path, PathBuf};

use crate::cells::{Number, Numbers, Precision};
use crate::dataset::{AnyDataset, Dataset};
use crate::error::Error;
use crate::format::{self, ContentKind, read_labels};
use crate::frame::{Column, Frame, Matrix};
use crate::options::{ReadOptions, TextColumns};
use crate::reading::Decision;
use crate::roles::apply;
use crate::source::{Source, is_standard_input};

/// Reads a file of any format.
///
/// The format is known by the first bytes of the file, or else by its name; see [`read`] of rows and
/// [`read_corpus`](crate::read_corpus) of sparse counts.
///
/// ```
/// use elbo_data::{ColumnKind, ReadOptions, TextColumns, read_frame};
///
/// let path = std::env::temp_dir().join(format!("elbo-frame-{}.csv", std::process::id()));
/// std::fs::write(&path, "visits,kind,day\n1,a,2024-02-28\n3,b,2024-02-29\n2,a,2024-03-01\n0,b,2024-03-02\n")?;
/// let frame = read_frame(&path, &ReadOptions { text: TextColumns::Kept, ..Default::default() })?;
/// assert_eq!(frame.kinds(), [ColumnKind::Count, ColumnKind::Category, ColumnKind::Time]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`read`] and [`read_corpus`](crate::read_corpus).
pub fn read_frame(path: &Path, options: &ReadOptions) -> Result<Frame, Error> {
    read_file(path, options, None)
}

/// Reads rows of numbers from a file.
///
/// The format is known by the first bytes of the file, or else by its name; text of any other name is taken for a table. A
/// packed file (gzip, bzip2, Zstandard, zip) is unpacked.
///
/// What a text table is written in (encoding, delimiter, decimal mark), whether its first row names the columns, and what
/// these hold is decided by all of its rows, and [`Dataset::reading`] tells the decisions; [`ReadOptions::table`] may settle
/// them beforehand.
/// Columns that hold no numbers, or number the rows, are set aside there by name.
///
/// An IDX file has big-endian numbers of any of the format's six types in one
/// to four dimensions, the first of which counts the rows; further ones are
/// flattened, and the names of the columns keep their indices.
///
/// Empty lines are left out; but in a table of one column, one between two
/// others is an empty cell.
///
/// ```
/// use elbo_data::{ReadOptions, read};
///
/// let path = std::env::temp_dir().join(format!("elbo-read-{}.csv", std::process::id()));
/// std::fs::write(&path, "length,width,kind\n1,2,a\n3,4,b\n")?;
/// let options = ReadOptions { label_columns: vec!["kind".into()], ..Default::default() };
/// let data = read(&path, &options)?;
/// assert_eq!(data.columns, ["length", "width"]);
/// assert_eq!(data.row(1), [3.0, 4.0]);
/// assert_eq!(data.labels.unwrap(), ["a", "b"]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A file that is missing, damaged, of no known format or not a table of enough
/// rows of finite numbers; labels that do not match; no space for a
/// temporary file. The [`Error`] names the file and the place.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Dataset, Error> {
    read_as(path, options)
}

/// Reads rows as [`read`] does, in numbers of any [kind](Number), whatever [`ReadOptions::precision`] says. Text is [set
/// aside](TextColumns::Aside).
///
/// # Errors
///
/// As [`read`].
pub fn read_as<T: Number>(path: &Path, options: &ReadOptions) -> Result<Dataset<T>, Error> {
    let options = ReadOptions { precision: T::PRECISION, text: TextColumns::Aside, ..options.clone() };
    read_file(path, &options, Some(ContentKind::Rows))?.into_dataset()
}

/// Reads rows as [`read`] does, in the numbers that hold those of the file without loss, whatever
/// [`ReadOptions::precision`] says.
///
/// ```
/// use elbo_data::{ReadOptions, AnyDataset, read_any_dataset};
///
/// let path = std::env::temp_dir().join(format!("elbo-stored-{}.csv", std::process::id()));
/// std::fs::write(&path, "north\n5812345.1\n5812345.2\n")?;
/// let AnyDataset::Double(data) = read_any_dataset(&path, &ReadOptions::default())? else { panic!("more digits than 32 bits hold") };
/// assert_eq!(data.values[..], [5812345.1, 5812345.2]);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`read`].
pub fn read_any_dataset(path: &Path, options: &ReadOptions) -> Result<AnyDataset, Error> {
    let options = ReadOptions { precision: Precision::Double, text: TextColumns::Aside, ..options.clone() };
    let frame = read_file(path, &options, Some(ContentKind::Rows))?;
    let single = |(_, column): &(String, Column)| {
        matches!(column, Column::Matrix(Matrix { values: Numbers::F32(_), .. }))
    };
    let single = frame.columns.iter().all(single);
    Ok(if single {
        AnyDataset::Single(frame.into_dataset()?)
    } else {
        AnyDataset::Double(frame.into_dataset()?)
    })
}

/// Reads a file of a format that holds this, or anything.
pub(crate) fn read_file(
    path: &Path,
    options: &ReadOptions,
    what: Option<ContentKind>,
) -> Result<Frame, Error> {
    if !options.label_columns.is_empty() && options.labels.is_some() {
        return Err(Error::LabelSource {
            path: path.to_owned(),
            rule: "labels come from a label column or a label file, not from both",
        });
    }
    let counts = what == Some(ContentKind::Counts);
    let mut frame =
        if path.is_dir() { format::read_folder(path, options)? } else { read_one(path, options, counts)? };
    if counts && matches!(frame.columns[..], [(_, Column::Sparse(_))]) {
        return Ok(frame);
    }
    if let [(_, Column::Sparse(counts))] = &frame.columns[..] {
        format::check_table(path, [counts.rows(), counts.width], counts.columns.len(), options)?;
    }
    if frame.reading.columns.is_empty() {
        frame = apply(frame, path, options)?;
    }
    if counts {
        return format::counts_of(frame, path, options);
    }
    let rows = frame.rows()?;
    options.check_rows(path, rows)?;
    if let Some(label_file) = options.labels.clone().or_else(|| sibling_labels(path)) {
        let labels = read_labels(&label_file)?;
        if labels.len() != rows {
            return Err(Error::LabelCount { path: label_file, labels: labels.len(), rows });
        }
        frame.labels = Some(labels);
    }
    Ok(frame)
}

/// Reads a file that is no folder.
fn read_one(path: &Path, options: &ReadOptions, counts: bool) -> Result<Frame, Error> {
    let mut source = Source::open_part(path, options.table.part.as_deref())?;
    source.memory = options.memory;
    let origin = source.origin.clone();
    let head = source.peek()?;
    if head.is_empty() {
        let input = is_standard_input(path);
        return Err(if input { Error::EmptyInput } else { Error::Empty { path: path.to_owned() } });
    }
    let Some(format) = format::recognise(head, &origin) else {
        let (path, known, what) = (path.to_owned(), format::known(), format::other(head));
        return Err(Error::UnknownFormat { path, what, known });
    };
    let read =
        if counts { format.read_counts(&mut source, options) } else { format.read(&mut source, options) };
    if read.is_err() && source.origin.packing.is_some() {
        // A damaged file is full of wrong lines, which tell less than that it is damaged: its end knows.
        source.drain()?;
    }
    let mut frame = read?;
    let why = "by its content or its name".into();
    let decision = Decision { of: "format", chosen: format.name().into(), why, usual: true };
    frame.reading.decisions.insert(0, decision);
    Ok(frame)
}

/// The label file that lies beside an image file, gzipped or not.
fn sibling_labels(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    if !(name.contains("images") && name.contains("idx3")) {
        return None;
    }
    let same = name.replace("images", "labels").replace("idx3", "idx1");
    let other = match same.strip_suffix(".gz") {
        Some(plain) => plain.to_owned(),
        None => format!("{same}.gz"),
    };
    [same, other].iter().map(|name| images.with_file_name(name)).find(|path| path.is_file())
}
