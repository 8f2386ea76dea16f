//! Files to frames of typed columns, and results to files.
//!
//! [`read`] turns a file of rows, or a folder of them, into a [`Dataset`]: text tables, Parquet, Arrow, workbooks, NumPy's
//! arrays, IDX, pictures and Matrix Market, packed or not; [`read_frame`] into a [`Frame`] of typed columns;
//! [`digits`] is a data set that needs no file. [`read_corpus`] reads sparse counts. Results leave as a [`Frame`]
//! (CSV, NPY or Parquet), as a picture ([`image_grid_png`]) or as a checkpoint
//! ([`Tensors`]), and every file is replaced in one step ([`write_atomically`]).

mod atomic;
mod cell_place;
mod cells;
mod coded;
mod collector;
mod corpus;
mod dataset;
mod delimiter;
mod error;
mod fingerprint;
mod format;
mod frame;
mod image;
mod kind;
mod lines;
mod names;
mod numbering;
mod options;
mod output;
mod read;
mod reading;
mod remedy;
mod roles;
mod room;
mod source;
mod tensors;
mod time;
mod timeline;

pub use atomic::{write_atomically, write_in_folder};
pub use cell_place::CellPlace;
pub use cells::{Cells, Number, Numbers, Precision};
pub use coded::Coding;
pub use corpus::{Corpus, read_corpus, read_corpus_as};
pub use dataset::{AnyDataset, Dataset};
pub use delimiter::{DecimalMark, Delimiter};
pub use error::{CellFault, EntryFault, Error};
pub use fingerprint::sha256;
pub use format::{digits, digits_frame};
pub use frame::{Cell, Column, ColumnKind, Frame, Levels, Matrix, Missing, Sparse};
pub use image::image_grid_png;
pub use lines::Lines;
pub use names::{column_names, is_made_up, nearest};
pub use numbering::Numbering;
pub use options::{CorpusOptions, ReadOptions, TableOptions, TextColumns, TimeColumn};
pub use output::{holds_text, written_endings};
pub use read::{read, read_any_dataset, read_as, read_frame};
pub use reading::{ColumnReading, Decision, Reading, Role};
pub use remedy::Remedy;
pub use source::is_standard_input;
pub use tensors::{Tensors, Values};
pub use time::days;
pub use timeline::{Step, TimeOrder, Timeline, Times};

/// A table of results: a frame.
pub type Table = Frame;
