//! Which kind of file it is, and where its labels are.

use std::path::{Path, PathBuf};

use crate::source::Source;
use crate::{Dataset, Error, Number, delimited, idx};

/// How to read a data set; the default reads the values alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The CSV column to set aside as labels: its name in the header, its
    /// number from 1, or `last`.
    pub label_column: Option<String>,
    /// An IDX file with one label per row. By default the sibling of an image
    /// file (`train-images-idx3-ubyte.gz` has `train-labels-idx1-ubyte.gz`) is
    /// read where there is one.
    pub labels: Option<PathBuf>,
    /// Height and width in pixels, where a row is an image and the file does
    /// not say so.
    pub image: Option<(usize, usize)>,
    /// Bytes of memory that the values may take; more of them lie in a temporary
    /// file, see [`Cells`](crate::Cells). By default there is no bound.
    pub memory: Option<u64>,
    /// Cells of a table may be missing: empty, `NaN`, `NA` and the like become NaN. By default they are an error.
    pub missing: bool,
    /// Where a table has one column of text and no [`Self::label_column`] is named, it is that column. By default text is
    /// an error.
    pub text_is_label: bool,
    /// One row is enough, as for a model that is fitted already. By default two are needed.
    pub single: bool,
}

/// Reads a data set from a file.
///
/// Content goes before name: a gzip file is decompressed and an IDX file is
/// recognised by their first bytes. Any other file must end in `.csv` or `.txt`
/// (comma, or tab where the first line of a `.txt` has one) or `.tsv` (tab).
///
/// An IDX file has big-endian numbers of any of the format's six types in one
/// to four dimensions, the first of which counts the rows; further ones are
/// flattened, and the names of the columns keep their indices.
///
/// The first line of a CSV file is a header when its cells are text, or when
/// one is text above a number. An empty cell, `NaN` or `NA` is no header.
/// Empty lines are left out; but in a table of one column, one between two
/// others is an empty cell.
///
/// ```
/// use elbo_data::{ReadOptions, read};
///
/// let path = std::env::temp_dir().join(format!("elbo-read-{}.csv", std::process::id()));
/// std::fs::write(&path, "length,width,kind\n1,2,a\n3,4,b\n")?;
/// let options = ReadOptions { label_column: Some("kind".into()), ..Default::default() };
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

/// The same in numbers of any [kind](Number).
///
/// # Errors
///
/// As [`read`].
pub fn read_as<T: Number>(path: &Path, options: &ReadOptions) -> Result<Dataset<T>, Error> {
    if options.label_column.is_some() && options.labels.is_some() {
        return Err(Error::LabelSource {
            path: path.to_owned(),
            rule: "labels come from a label column or a label file, not from both",
        });
    }
    let mut source = Source::open(path)?;
    let head = source.peek()?;
    if head.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let mut data = if head.starts_with(&[0, 0]) || named_idx(path) {
        idx::read(source, options)?
    } else {
        let delimiter =
            delimiter(path, head).ok_or_else(|| Error::UnknownFormat { path: path.to_owned() })?;
        delimited::read(source, delimiter, options)?
    };
    let rows = data.rows();
    let least = if options.single { 1 } else { 2 };
    if data.width() > 0 && rows < least {
        return Err(Error::TooFewRows { path: path.to_owned(), rows, least });
    }
    if let Some(label_file) = options.labels.clone().or_else(|| sibling_labels(path)) {
        let labels = idx::read_labels(&label_file)?;
        if labels.len() != rows {
            return Err(Error::LabelCount { path: label_file, labels: labels.len(), rows });
        }
        data.labels = Some(labels);
    }
    Ok(data)
}

/// Height times width must be the number of columns.
pub(crate) fn check_image(path: &Path, image: Option<(usize, usize)>, columns: usize) -> Result<(), Error> {
    match image {
        Some((height, width)) if height.checked_mul(width) != Some(columns) => {
            Err(Error::ImageShape { path: path.to_owned(), height, width, columns })
        }
        _ => Ok(()),
    }
}

/// The file's name in lower case, without `.gz`.
pub(crate) fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").map_or_else(|| name.clone(), str::to_owned)
}

fn named_idx(path: &Path) -> bool {
    let name = plain_name(path);
    let ending = name.rsplit(['.', '-']).next().unwrap_or_default();
    ending == "ubyte" || ending.starts_with("idx")
}

fn delimiter(path: &Path, head: &[u8]) -> Option<u8> {
    let name = plain_name(path);
    let (_, ending) = name.rsplit_once('.')?;
    match ending {
        "csv" => Some(b','),
        "tsv" => Some(b'\t'),
        "txt" => {
            let first_line = head.split(|&byte| byte == b'\n').next()?;
            Some(if first_line.contains(&b'\t') { b'\t' } else { b',' })
        }
        _ => None,
    }
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
