//! Files to frames of typed columns, and results to files.
//!
//! [`read`] turns an IDX or CSV file, gzipped or not, into a [`Dataset`];
//! [`digits`] is a data set that needs no file. [`read_corpus`] reads sparse counts. Results leave as a [`Frame`]
//! (CSV, NPY or Parquet), as a picture ([`image_grid_png`]) or as a checkpoint
//! ([`Tensors`]), and every file is replaced in one step ([`write_atomically`]).

mod atomic;
mod cells;
mod collector;
mod corpus;
mod dataset;
mod delimited;
mod digits;
mod error;
mod fingerprint;
mod frame;
mod hint;
mod idx;
mod image;
mod ldac;
mod matrix_market;
mod names;
mod output;
mod place;
mod read;
mod source;
mod tensors;

pub use atomic::write_atomically;
pub use cells::{Cells, Number, Numbers};
pub use corpus::{Corpus, CorpusOptions, read_corpus};
pub use dataset::Dataset;
pub use digits::digits;
pub use error::{CellFault, EntryFault, Error};
pub use fingerprint::sha256;
pub use frame::{Cell, Column, Frame, Kind, Levels, Lines, Matrix, Missing, Sparse};
pub use image::image_grid_png;
pub use names::column_names;
pub use output::written_endings;
pub use place::Place;
pub use read::{ReadOptions, read, read_as};
pub use tensors::{Tensors, Values};

/// A table of results: a frame.
pub type Table = Frame;
