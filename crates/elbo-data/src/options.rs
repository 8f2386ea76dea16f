//! How to read a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cells::Precision;
use crate::delimiter::{DecimalMark, Delimiter};
use crate::error::Error;
use crate::kind::ColumnKind;

/// How a file is read. The default reads the values alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The columns of a table to set aside as labels: each by its name in the header, its number from 1, or `last`.
    pub label_columns: Vec<String>,
    /// What is known of a table beforehand.
    pub table: TableOptions,
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
    /// Whether cells of a table may be missing: empty cells, `NaN`, `NA` and the like become NaN. By default they are an error.
    pub missing: bool,
    /// What becomes of text where numbers might stand.
    pub text: TextColumns,
    /// Whether one row is enough, as it is for a model that is fitted already. By default two rows are needed.
    pub single: bool,
    /// Which column says when each row was seen; it is no data then.
    pub time: TimeColumn,
    /// The names of a model's columns. Where a table has them all they are data, and its other columns are set aside.
    pub wanted: Vec<String>,
    /// The floats that the numbers are computed with. Numbers that single precision holds exactly are kept in it in either case.
    pub precision: Precision,
    /// How sparse counts are read.
    pub counts: CorpusOptions,
}

/// What is known of a table beforehand. What is left open is decided by its rows, and its [`Reading`](crate::Reading) tells
/// the decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableOptions {
    /// The part that is read of a file that holds several tables: an array of an `.npz` file, a sheet of a workbook, a file of a
    /// zip archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Whether the first row of a text table names the columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// What stands between the cells of a text table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// What stands between the whole part and the fraction of a number in a text table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<DecimalMark>,
    /// The columns to read, besides those of labels, in the order of the file: each by its name or its number from 1. All,
    /// where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Columns to leave out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// The kinds of columns, by their names or numbers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, ColumnKind>,
    /// The levels of columns of categories in their order, by the names or numbers of the columns. Cells of others are an
    /// error.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, Vec<String>>,
}

/// Which column of a table says when each row was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TimeColumn {
    /// None does.
    #[default]
    None,
    /// The one of this name. Where [one row is enough](ReadOptions::single), and the table lacks it, the only other one that
    /// holds instants, if one alone does.
    Named(String),
    /// The only one that holds instants, if one alone does.
    Instants,
}

/// What becomes of the text of a table, but for [label columns](ReadOptions::label_columns) that are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TextColumns {
    /// Columns that hold no numbers are set aside, each by its name and with the reason. Where one of them alone holds text,
    /// it becomes the labels, unless labels are named.
    #[default]
    Aside,
    /// Every column is kept, as [`Column::of_texts`](crate::Column::of_texts) tells text.
    Kept,
}

/// How sparse counts are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorpusOptions {
    /// A file with the name of a word a line; where a line has tabs, its second field (genes of single cells:
    /// identifier, name). By default the file of the same name that ends in `.tokens` or `.vocab`, where there is one.
    pub vocabulary: Option<PathBuf>,
    /// How many words an LDA-C file is of, which it does not tell, where they have no names. By default as many as the largest
    /// index tells.
    pub words: Option<usize>,
    /// Whether the columns of a Matrix Market file are the documents, as in files where a row is a gene.
    pub transpose: bool,
    /// The column of a table that says how many documents each stands for; it is no word.
    pub weights: Option<String>,
    /// Whether a file may lack that column, as new documents of a fitted model may.
    pub may_lack_weights: bool,
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

impl TableOptions {
    /// Whether nothing is known beforehand.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns these options, and takes from `other` what they leave open.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let listed = |own: Vec<String>, other: &Vec<String>| if own.is_empty() { other.clone() } else { own };
        Self {
            part: self.part.or_else(|| other.part.clone()),
            header: self.header.or(other.header),
            delimiter: self.delimiter.or(other.delimiter),
            decimal: self.decimal.or(other.decimal),
            columns: listed(self.columns, &other.columns),
            drop: listed(self.drop, &other.drop),
            types: if self.types.is_empty() { other.types.clone() } else { self.types },
            levels: if self.levels.is_empty() { other.levels.clone() } else { self.levels },
        }
    }
}
