//! What to do about an error, as a value that each front end words.

use std::io::ErrorKind;

use crate::error::{CellFault, EntryFault, Error};

/// Something to do about an [`Error`]. It can be matched whole, so that a front end has words for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Look whether the path is right.
    CheckPath,
    /// Look whether one may read the file.
    CheckReadPermission,
    /// Give the path of a file, not of its folder.
    NameFileInFolder,
    /// Give a file, or a folder that holds the parts of one table (Parquet, Arrow, `.csv`) or pictures alone.
    GiveFolderOfParts,
    /// Give a file of a format that is known.
    UseKnownFormat {
        /// What files of these formats are called, with their endings.
        known: Vec<&'static str>,
    },
    /// Fetch the file again, or compress it again.
    FetchOrCompressAgain,
    /// Fetch the file again, which is cut off.
    FetchTruncatedAgain,
    /// Fetch the file again, whose header and data disagree.
    FetchInconsistentAgain,
    /// Fetch the file again, which is cut off or damaged.
    FetchDamagedAgain,
    /// Name the table of a file that holds several.
    NameTable,
    /// Say how much memory rows may take: more of them lie in a temporary file.
    AllowMemory,
    /// Leave a column out, or write it as another kind.
    LeaveColumnOut {
        /// Its name.
        column: String,
    },
    /// Write a level that is known, or leave the cell empty: it is missing then.
    UseKnownLevel,
    /// Give each column a name of its own.
    RenameColumns,
    /// Give a file that begins as the format does.
    UseHeader {
        /// How that is.
        form: &'static str,
    },
    /// Save the text as UTF-8.
    SaveAsUtf8,
    /// Look at the delimiter and the quotes of the line.
    CheckDelimiterAndQuotes,
    /// Say whether numbers have a decimal point or a decimal comma.
    TellDecimalMark,
    /// Say that the commas of one column stand before fractions, or write another delimiter, or name each column.
    PartDecimalCommas,
    /// Say that numbers have this decimal mark, or let the rows decide.
    TellOtherMark {
        /// The mark.
        mark: char,
    },
    /// Write all numbers with one decimal mark, or leave the column out.
    WriteOneMark {
        /// Its name.
        column: String,
    },
    /// Mend a cell among numbers, or say that its column holds text, or leave the column out.
    MendCell {
        /// Its name.
        column: String,
        /// Its number, from 1.
        number: usize,
    },
    /// Say that the first row names the columns, or mend its cell.
    TellHeader,
    /// Tell another kind of the column, or mend the cell.
    TellAnotherKind,
    /// Tell another kind of the column; numbers of days or years are told to be the times of the rows, and not dates.
    TellTime {
        /// Its name.
        column: String,
    },
    /// Write 1 and 0, or yes and no, or tell another kind.
    WriteBinary,
    /// Write dates as 2016-02-01.
    WriteIsoDates,
    /// Fill in missing cells, or leave their rows out.
    FillMissing,
    /// Fill in missing times, or leave their rows out.
    FillTimes,
    /// Bring a column into the range of its numbers.
    RescaleColumn,
    /// Give the rows of standard input once more, or name a file that has them.
    GiveInputAgain,
    /// Give a file with more rows.
    GiveMoreRows,
    /// Keep a column besides the labels.
    KeepColumn,
    /// Give an image as many pixels as there are columns.
    FitImageToColumns,
    /// Name a column by its name, its number from 1, or as the last.
    NameColumn {
        /// Names that are like the one that no column has, the likest first.
        near: Vec<String>,
    },
    /// Give labels by a file of their own.
    UseLabelFile,
    /// Give the file of labels that belongs to these rows.
    UseLabelFileOfRows,
    /// Write the header of a Matrix Market file that holds counts.
    UseMatrixMarketHeader,
    /// Look at the line, and at how documents without words are written.
    CheckEmptyDocument,
    /// Look at the line.
    CheckLine,
    /// Count rows, columns and words as the format does.
    CountAsFormat,
    /// Give counts, not what was made of them.
    GiveCounts,
    /// Give the documents as a table with a column for each word, or leave their weights out.
    GiveTable,
    /// Say beforehand which words there are.
    GiveVocabulary,
    /// Write a word a line, in the order of the indices.
    OrderVocabulary,
    /// Write another format, or leave the column of text out.
    WriteFormatWithText,
    /// Use another checkpoint: this is none, or damaged.
    UseWholeCheckpoint,
    /// Use the checkpoint of this model and version.
    UseCheckpointOfModel,
    /// Make room for the rows in the temporary folder, choose another one, or allow more memory.
    MakeRoomForRows,
    /// Choose another temporary folder for the rows, or allow more memory.
    ChooseFolderForRows,
    /// Make room on the disk, or write elsewhere.
    MakeRoom,
    /// Look whether one may write there, or write elsewhere.
    CheckWritePermission,
    /// Make the folder first.
    MakeFolder,
    /// Give a path whose parts but the last are folders.
    LeaveFileOutOfPath,
    /// Give the name of a file, not of a folder.
    NameFile,
}

impl Error {
    /// What to do about it; `None` where the error says it all.
    ///
    /// ```
    /// use elbo_data::{ReadOptions, Remedy, read};
    ///
    /// let error = read("no/such/file.csv".as_ref(), &ReadOptions::default()).unwrap_err();
    /// assert_eq!(error.remedy(), Some(Remedy::CheckPath));
    /// ```
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::Read { cause, .. } => return of_reading(cause.kind()),
            Self::Write { cause, .. } | Self::Stream { cause } => return of_writing(cause.kind()),
            Self::Spill { cause, .. } => of_spilling(cause.kind()),
            Self::Folder { .. } => Remedy::NameFileInFolder,
            Self::FolderOf { .. } | Self::Unlike { .. } => Remedy::GiveFolderOfParts,
            Self::UnknownFormat { known, .. } => Remedy::UseKnownFormat { known: known.clone() },
            Self::PackedTruncated { .. } | Self::PackedCorrupt { .. } | Self::Unpackable { .. } => {
                Remedy::FetchOrCompressAgain
            }
            Self::Parts { .. } => Remedy::NameTable,
            Self::Room { .. } => Remedy::AllowMemory,
            Self::ColumnType { column, .. } | Self::ThousandPoints { column, .. } => {
                Remedy::LeaveColumnOut { column: column.clone() }
            }
            Self::Refused { column, number, .. } => {
                Remedy::MendCell { column: column.clone(), number: *number }
            }
            Self::NewLevel { .. } => Remedy::UseKnownLevel,
            Self::NameTwice { .. } => Remedy::RenameColumns,
            Self::Header { form, .. } => Remedy::UseHeader { form },
            Self::Size { expected, actual, .. } if actual < expected => Remedy::FetchTruncatedAgain,
            Self::Size { .. } => Remedy::FetchInconsistentAgain,
            Self::Utf8 { .. } | Self::NotText { .. } => Remedy::SaveAsUtf8,
            Self::Ragged { .. } | Self::OpenQuote { .. } | Self::StrayText { .. } | Self::LongLine { .. } => {
                Remedy::CheckDelimiterAndQuotes
            }
            Self::NoInstants { column, .. } => Remedy::TellTime { column: column.clone() },
            Self::NotTimes { .. } => Remedy::TellAnotherKind,
            Self::UnclearDates { .. } => Remedy::WriteIsoDates,
            Self::DecimalMark { .. } => Remedy::TellDecimalMark,
            Self::DecimalMarks { column, .. } => Remedy::WriteOneMark { column: column.clone() },
            Self::DecimalCommas { .. } => Remedy::PartDecimalCommas,
            Self::CommaDelimited { .. } => Remedy::TellOtherMark { mark: '.' },
            Self::OtherDecimalMark { told, .. } => {
                Remedy::TellOtherMark { mark: if *told == ',' { '.' } else { ',' } }
            }
            Self::Cell {
                column,
                number,
                fault: CellFault::NotANumber | CellFault::NotFinite | CellFault::NotADate,
                ..
            } => Remedy::MendCell { column: column.clone(), number: *number },
            Self::Cell { fault, .. } | Self::Value { fault, .. } | Self::Number { fault, .. } => {
                of_cell(*fault)
            }
            Self::NoTime { .. } => Remedy::FillTimes,
            Self::TooFewRows { .. } => Remedy::GiveMoreRows,
            Self::NoColumns { .. } | Self::AllAside { .. } => Remedy::KeepColumn,
            Self::ImageShape { .. } => Remedy::FitImageToColumns,
            Self::LabelColumn { near, .. } => Remedy::NameColumn { near: near.clone() },
            Self::LabelSource { .. } => Remedy::UseLabelFile,
            Self::LabelShape { .. } | Self::LabelCount { .. } => Remedy::UseLabelFileOfRows,
            Self::MatrixMarket { .. } => Remedy::UseMatrixMarketHeader,
            Self::EntryCount { .. } | Self::Damaged { .. } => Remedy::FetchDamagedAgain,
            Self::Entry { fault, .. } | Self::Count { fault, .. } => of_entry(*fault),
            Self::NoWeights { .. } => Remedy::GiveTable,
            Self::Vocabulary { .. } => Remedy::GiveVocabulary,
            Self::VocabularyCount { .. } => Remedy::OrderVocabulary,
            Self::TableText { .. } => Remedy::WriteFormatWithText,
            Self::Tensors { .. } => Remedy::UseWholeCheckpoint,
            Self::TensorMissing { .. } | Self::TensorShape { .. } | Self::TensorType { .. } => {
                Remedy::UseCheckpointOfModel
            }
            Self::EmptyInput => Remedy::GiveInputAgain,
            Self::Empty { .. }
            | Self::Unread { .. }
            | Self::NoColumn { .. }
            | Self::NotNumbers { .. }
            | Self::LevelTwice { .. }
            | Self::NoLevel { .. }
            | Self::TableEnding { .. }
            | Self::TableRows { .. }
            | Self::Parquet { .. }
            | Self::Picture { .. } => return None,
        })
    }
}

fn of_entry(fault: EntryFault) -> Remedy {
    match fault {
        EntryFault::Form(_) => Remedy::CheckEmptyDocument,
        EntryFault::Index { .. } => Remedy::CountAsFormat,
        EntryFault::Negative | EntryFault::Fractional => Remedy::GiveCounts,
        EntryFault::TooLarge | EntryFault::Weight => Remedy::CheckLine,
    }
}

fn of_cell(fault: CellFault) -> Remedy {
    match fault {
        CellFault::Empty | CellFault::Missing | CellFault::NotANumber | CellFault::NotFinite => {
            Remedy::FillMissing
        }
        CellFault::TooLarge => Remedy::RescaleColumn,
        CellFault::InFirstRow => Remedy::TellHeader,
        CellFault::NotBinary => Remedy::WriteBinary,
        CellFault::NotACount | CellFault::NotADate => Remedy::TellAnotherKind,
    }
}

fn of_reading(kind: ErrorKind) -> Option<Remedy> {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Some(Remedy::CheckPath),
        ErrorKind::PermissionDenied => Some(Remedy::CheckReadPermission),
        _ => None,
    }
}

fn of_spilling(kind: ErrorKind) -> Remedy {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Remedy::MakeRoomForRows
        }
        _ => Remedy::ChooseFolderForRows,
    }
}

fn of_writing(kind: ErrorKind) -> Option<Remedy> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Remedy::MakeRoom),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Some(Remedy::CheckWritePermission),
        ErrorKind::NotFound => Some(Remedy::MakeFolder),
        ErrorKind::NotADirectory => Some(Remedy::LeaveFileOutOfPath),
        ErrorKind::IsADirectory => Some(Remedy::NameFile),
        _ => None,
    }
}
