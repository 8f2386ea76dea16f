//! How to read a file.

use std::path::{Path, PathBuf};

use crate::cells::Precision;
use crate::error::Error;

/// How to read a file; the default reads the values alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The column of a text table to set aside as labels: its name in the header, its
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
    /// What becomes of text where numbers might stand.
    pub text: TextColumns,
    /// One row is enough, as for a model that is fitted already. By default two are needed.
    pub single: bool,
    /// The floats that numbers are to be computed with: what single precision holds exactly is kept so in either case.
    pub precision: Precision,
    /// How to read sparse counts.
    pub counts: CorpusOptions,
}

/// What becomes of the text of a table, but for a [label column](ReadOptions::label_column) that is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TextColumns {
    /// It is an error.
    #[default]
    Refused,
    /// Where one column holds text in the first row below the names, that column is set aside as labels, unless labels are
    /// named. Other text is an error.
    Label,
    /// Columns of text are kept, as [`Column::of_texts`](crate::Column::of_texts) tells them. All rows are read twice, first
    /// to see which columns those are.
    Kept,
}

/// How to read sparse counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorpusOptions {
    /// A file with the name of a word a line; where a line has tabs, its second field (genes of single cells:
    /// identifier, name). By default the file of the same name that ends in `.tokens` or `.vocab`, where there is one.
    pub vocabulary: Option<PathBuf>,
    /// How many words an LDA-C file is of, which it does not tell. By default as many as there are names, and without names
    /// as the largest index tells.
    pub words: Option<usize>,
    /// Whether the columns of a Matrix Market file are the documents, as in files where a row is a gene.
    pub transpose: bool,
}

impl ReadOptions {
    /// Checks that there are rows enough.
    pub(crate) fn check_rows(&self, path: &Path, rows: usize) -> Result<(), Error> {
        let least = if self.single { 1 } else { 2 };
        if rows < least {
            return Err(Error::TooFewRows { path: path.to_owned(), rows, least });
        }
        Ok(())
    }
}
