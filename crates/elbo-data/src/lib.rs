//! Files to data sets, and results to files.
//!
//! [`read`] turns an IDX or CSV file, gzipped or not, into a [`Dataset`];
//! [`digits`] is a data set that needs no file. [`read_corpus`] reads sparse counts. Results leave as a [`Table`]
//! (CSV, NPY or Parquet), as a picture ([`image_grid_png`]) or as a checkpoint
//! ([`Tensors`]), and every file is replaced in one step ([`write_atomically`]).

mod atomic;
mod cells;
mod corpus;
mod dataset;
mod delimited;
mod digits;
mod error;
mod hint;
mod idx;
mod image;
mod ldac;
mod matrix_market;
mod parquet_file;
mod read;
mod source;
mod table;
mod tensors;

pub use atomic::write_atomically;
pub use cells::{Cells, Number};
pub use corpus::{Corpus, CorpusOptions, read_corpus};
pub use dataset::{Dataset, column_names, sha256};
pub use digits::digits;
pub use error::{CellFault, EntryFault, Error};
pub use image::image_grid_png;
pub use read::{ReadOptions, read, read_as};
pub use table::{Column, Table};
pub use tensors::{Tensors, Values};
