//! What to do about an error.

use std::io::ErrorKind;

use crate::{CellFault, EntryFault, Error};

impl Error {
    /// What to do about it, in one line; `None` where the error says it all.
    ///
    /// ```
    /// use elbo_data::{ReadOptions, read};
    ///
    /// let error = read("no/such/file.csv".as_ref(), &ReadOptions::default()).unwrap_err();
    /// assert_eq!(error.hint().as_deref(), Some("check the path"));
    /// ```
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { cause, .. } => return read_hint(cause.kind()).map(str::to_owned),
            Self::Write { cause, .. } | Self::Stream { cause } => {
                return write_hint(cause.kind()).map(str::to_owned);
            }
            Self::Spill { cause, .. } => return Some(spill_hint(cause.kind()).to_owned()),
            Self::Folder { .. } => "give the path of one file in it",
            Self::UnknownFormat { .. } => {
                "use an IDX file, or a text file ending in .csv, .tsv or .txt; either may be gzipped"
            }
            Self::GzipTruncated { .. } | Self::GzipCorrupt { .. } => "fetch or compress the file again",
            Self::IdxMagic { .. } => {
                "an IDX file starts with two zero bytes, the type and the number of dimensions"
            }
            Self::IdxSize { expected, actual, .. } if actual < expected => {
                "the file is truncated: fetch it again"
            }
            Self::IdxSize { .. } => "the header and the data disagree: fetch the file again",
            Self::Utf8 { .. } => "save the file as UTF-8 text",
            Self::Ragged { .. } => "check the delimiter and the quotes of that line",
            Self::Cell { text, column, number, fault: CellFault::NotANumber, .. } => {
                return Some(text_hint(text, column, *number));
            }
            Self::Cell { fault, .. } | Self::Value { fault, .. } | Self::Number { fault, .. } => fault.hint(),
            Self::TooFewRows { .. } => "give a file with more rows",
            Self::NoColumns { .. } => "keep at least one column besides the labels",
            Self::ImageShape { .. } => "height times width must equal the number of columns",
            Self::LabelColumn { .. } => "give a name, a number from 1, or `last`",
            Self::LabelSource { .. } => "`--labels FILE` gives the labels of images",
            Self::LabelShape { .. } | Self::LabelCount { .. } => {
                "`--labels FILE` names the label file that belongs to these rows"
            }
            Self::CorpusFormat { .. } => {
                "use a Matrix Market file, or an LDA-C file ending in .ldac or .dat; either may be gzipped"
            }
            Self::MatrixMarket { .. } => {
                "write it as `%%MatrixMarket matrix coordinate integer general`, then `rows columns entries`"
            }
            Self::EntryCount { .. } => "the file is truncated or damaged: fetch it again",
            Self::Entry { fault, .. } => fault.hint(),
            Self::Vocabulary { .. } => "give a file of words",
            Self::VocabularyCount { .. } => "the vocabulary has one word a line, in the order of the indices",
            Self::TableText { .. } => "write .csv or .parquet, or leave the column out",
            Self::Tensors { .. } => "the file is damaged or no checkpoint: use another one",
            Self::TensorMissing { .. } | Self::TensorShape { .. } | Self::TensorType { .. } => {
                "the checkpoint belongs to another model or version"
            }
            Self::Empty { .. }
            | Self::NoColumn { .. }
            | Self::NotNumbers { .. }
            | Self::LevelTwice { .. }
            | Self::NoLevel { .. }
            | Self::TableEnding { .. }
            | Self::TableRows { .. }
            | Self::Parquet { .. }
            | Self::Picture { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl EntryFault {
    fn hint(self) -> &'static str {
        match self {
            Self::Form(_) => "check that line; an empty document of an LDA-C file is `0`",
            Self::Index { .. } => {
                "LDA-C counts words from 0, Matrix Market rows and columns from 1, all without gaps"
            }
            Self::Negative | Self::Fractional => "give counts, not transformed or normalised values",
            Self::TooLarge => "check that line",
        }
    }
}

impl CellFault {
    fn hint(self) -> &'static str {
        match self {
            Self::Empty | Self::NotANumber | Self::NotFinite => {
                "fill in or drop rows with missing values first"
            }
            Self::TooLarge => "rescale the column",
        }
    }
}

fn text_hint(text: &str, column: &str, number: usize) -> String {
    if let Some(delimiter) = text.chars().find(|c| matches!(c, ';' | '\t')) {
        return format!("cells are split at commas, in .tsv files at tabs; this one holds {delimiter:?}");
    }
    let numbered = format!("column {number}");
    let argument = if column == numbered {
        number.to_string()
    } else if column.contains(char::is_whitespace) {
        format!("'{column}'")
    } else {
        column.to_owned()
    };
    format!("`--label-column {argument}` sets a label column aside; code other text columns as numbers")
}

fn read_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Some("check the path"),
        ErrorKind::PermissionDenied => Some("you may not read this file: check its permissions"),
        _ => None,
    }
}

fn spill_hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space there, name a folder of a larger disk with TMPDIR, or give --memory more"
        }
        _ => "name another folder with TMPDIR, or give --memory more",
    }
}

fn write_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("the disk is full: free some space or write elsewhere")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Some("you may not write there: check the folder's permissions or write elsewhere")
        }
        ErrorKind::NotFound => Some("make the folder first"),
        ErrorKind::NotADirectory => Some("a part of the path is a file, not a folder"),
        ErrorKind::IsADirectory => Some("give the name of a file, not of a folder"),
        _ => None,
    }
}
