//! Parquet files, as pandas, polars and Spark write them.

use std::io::{self, BufReader, Read};
use std::path::Path;

use bytes::Bytes as Shared;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::batches::{self, Part, Table};
use super::reader::Format;
use super::thrift::Compact;
use crate::error::Error;
use crate::frame::Frame;
use crate::options::ReadOptions;
use crate::room::check_room;
use crate::source::{Bytes, Source};

/// Parquet files.
pub(crate) struct Parquet;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "a Parquet file"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.starts_with(b"PAR1") || head.starts_with(b"PARE")
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let path = source.origin.path.clone();
        let stored = source.seekable()?;
        let open = |rows: usize| open(&path, &stored, rows, options.memory);
        batches::read(&path, &[Part { path: &path, open: &open, keys: Vec::new() }], options)
    }
}

/// Opens a file; `at_a_time` is how many rows are read at a time.
pub(super) fn open(
    path: &Path,
    stored: &Bytes,
    at_a_time: usize,
    memory: Option<u64>,
) -> Result<Table, Error> {
    let fail = |error: ParquetError| damaged(path, &error.to_string());
    if schema_depth(&footer(stored).map_err(fail)?).is_some_and(|depth| depth > DEEPEST) {
        return Err(damaged(path, &format!("its columns lie more than {DEEPEST} deep in others")));
    }
    let builder = ParquetRecordBatchReaderBuilder::try_new(Pages(stored.at(0))).map_err(fail)?;
    let metadata = builder.metadata().file_metadata();
    let (schema, columns) = (builder.schema().clone(), builder.parquet_schema().num_columns() as u64);
    let rows = u64::try_from(metadata.num_rows()).map_err(|_| damaged(path, "it has less than no row"))?;
    if rows.saturating_mul(columns) >> MOST_CELLS > stored.length() {
        return Err(damaged(path, &format!("it has {} bytes, and announces {rows} rows", stored.length())));
    }
    check_room(path, rows.saturating_mul(columns).saturating_mul(4), memory)?;
    let reader = builder.with_batch_size(at_a_time).build().map_err(fail)?;
    let path = path.to_owned();
    let batches = reader.map(move |batch| batch.map_err(|error| damaged(&path, &error.to_string())));
    Ok(Table { schema, rows: Some(rows), batches: Box::new(batches) })
}

fn damaged(path: &Path, reason: &str) -> Error {
    Error::Damaged { path: path.to_owned(), format: "Parquet file", reason: reason.into() }
}

/// The most cells that a byte of a file stands for, as a power of 2: a run of equal ones takes a few bytes.
const MOST_CELLS: u32 = 20;

/// The most bytes that a byte of a page stands for, as a power of 2: those of a run that Zstandard packs.
const MOST_PACKED: u32 = 15;

/// A file by pages, whose sizes are checked before there is room made for them.
struct Pages(Bytes);

impl Length for Pages {
    fn len(&self) -> u64 {
        self.0.length()
    }
}

impl ChunkReader for Pages {
    type T = BufReader<Bytes>;

    /// Where a page begins.
    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let mut head = Vec::new();
        self.0.at(start).take(16).read_to_end(&mut head)?;
        if let Some((unpacked, packed)) = sizes(&head)
            && unpacked >> MOST_PACKED > packed
        {
            return Err(ParquetError::General(format!("a page of {packed} bytes cannot hold {unpacked}")));
        }
        Ok(BufReader::with_capacity(1 << 13, self.0.at(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Shared, ParquetError> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.0.length()) {
            let cause = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(ParquetError::External(Box::new(cause)));
        }
        let mut bytes = vec![0; length];
        self.0.at(start).read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// How many bytes a page has unpacked and packed, by the first three fields of its header.
fn sizes(head: &[u8]) -> Option<(u64, u64)> {
    let mut header = Compact(head);
    let mut number = |id| {
        (header.field(id - 1)? == (id, Compact::NUMBER)).then_some(())?;
        header.number()?.try_into().ok()
    };
    number(1)?;
    Some((number(2)?, number(3)?))
}

/// How deep columns may lie in others: the schema is read as deep as it is, on the stack.
const DEEPEST: usize = 64;

/// What stands at the end of a file: its schema, and where its columns are. It is empty where it is none.
fn footer(stored: &Bytes) -> Result<Vec<u8>, ParquetError> {
    let mut end = Vec::new();
    stored.at(stored.length().saturating_sub(8)).read_to_end(&mut end)?;
    let length = end.first_chunk().map_or(0, |length| u32::from_le_bytes(*length).into());
    let mut footer = Vec::new();
    let start = stored.length().saturating_sub(8).checked_sub(length);
    start.map(|start| stored.at(start).take(length).read_to_end(&mut footer)).transpose()?;
    Ok(footer)
}

/// How deep the schema of a footer is: a list of elements, each with the number of those right behind it that lie in it.
/// `None` of what is no footer.
fn schema_depth(footer: &[u8]) -> Option<usize> {
    const SCHEMA: i64 = 2;
    const CHILDREN: i64 = 5;
    let mut footer = Compact(footer);
    let (mut id, mut kind) = footer.field(0)?;
    while (id, kind) != (SCHEMA, Compact::LIST) {
        footer.skip(kind)?;
        (id, kind) = footer.field(id)?;
    }
    let (elements, Compact::STRUCTURE) = footer.list()? else { return None };
    // How many are still to come of each element that is open.
    let (mut open, mut deepest): (Vec<i64>, usize) = (Vec::new(), 0);
    for _ in 0..elements {
        let (mut id, mut children) = (0, 0);
        loop {
            let kind;
            (id, kind) = footer.field(id)?;
            match (id, kind) {
                (_, Compact::STOP) => break,
                (CHILDREN, Compact::NUMBER) => children = footer.number()?,
                _ => footer.skip(kind)?,
            }
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        open.push(children);
        deepest = deepest.max(open.len());
        while open.last().is_some_and(|&left| left <= 0) {
            open.pop();
        }
    }
    Some(deepest)
}
