//! Text tables: CSV, TSV and what else parts cells by a mark or by blanks.
//!
//! A table is read twice: first to see what its columns are, by all rows, then for its numbers.

mod cell;
mod comments;
mod dialect;
mod encoding;
mod header;
mod notes;
mod records;
mod scan;
mod table;
mod totals;
mod units;
mod values;
mod written;

use super::reader::Format;
use crate::cells::Precision;
use crate::error::Error;
use crate::frame::Frame;
use crate::options::ReadOptions;
use crate::source::Source;
use table::Table;
pub(super) use totals::{Sums, names_total};

/// Text tables.
pub(crate) struct Delimited;

impl Format for Delimited {
    fn name(&self) -> &'static str {
        "a text file ending in .csv, .tsv or .txt"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt"]
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let table = Table::of(source, options)?;
        match options.precision {
            Precision::Single => values::read::<f32>(source, table, options),
            Precision::Double => values::read::<f64>(source, table, options),
        }
    }
}
