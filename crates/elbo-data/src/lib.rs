//! Files to frames of typed columns, and results to files.
//!
//! [`read`] turns an IDX or CSV file, gzipped or not, into a [`Dataset`];
//! [`digits`] is a data set that needs no file. [`read_corpus`] reads sparse counts. Results leave as a [`Frame`]
//! (CSV, NPY or Parquet), as a picture ([`image_grid_png`]) or as a checkpoint
//! ([`Tensors`]), and every file is replaced in one step ([`write_atomically`]).

mod atomic;
mod cell_place;
mod cells;
mod collector;
mod corpus;
mod dataset;
mod error;
mod fingerprint;
mod format;
mod frame;
mod image;
mod kind;
mod names;
mod options;
mod output;
mod read;
mod remedy;
mod source;
mod tensors;
mod timeline;

pub use atomic::{write_atomically, write_in_folder};
pub use cell_place::CellPlace;
pub use cells::{Cells, Number, Numbers, Precision};
pub use corpus::{Corpus, read_corpus};
pub use dataset::{Dataset, Stored};
pub use error::{CellFault, EntryFault, Error};
pub use fingerprint::sha256;
pub use format::{digits, digits_frame};
pub use frame::{Cell, Column, ColumnKind, Frame, Levels, Lines, Matrix, Missing, Sparse};
pub use image::image_grid_png;
pub use names::{column_names, is_made_up};
pub use options::{CorpusOptions, ReadOptions, TextColumns};
pub use output::{holds_text, written_endings};
pub use read::{read, read_as, read_frame, read_stored};
pub use remedy::Remedy;
pub use tensors::{Tensors, Values};
pub use timeline::{Order, Step, Timeline, Times};

/// A table of results: a frame.
pub type Table = Frame;
