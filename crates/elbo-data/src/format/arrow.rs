//! Arrow's files and streams (Feather), message by message.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, StreamDecoder};
use arrow_ipc::{Block, Message, root_as_footer, root_as_message};
use arrow_schema::SchemaRef;

use super::batches::{self, Part, Table};
use super::reader::Format;
use crate::error::Error;
use crate::frame::Frame;
use crate::options::ReadOptions;
use crate::room::check_room;
use crate::source::{Bytes, Source};

/// Arrow files.
pub(crate) struct Arrow;

/// How a file of Arrow begins and ends; a stream of it stands between.
const FILE: &[u8] = b"ARROW1";

/// How each message begins, but in streams of the first versions.
const MARKER: [u8; 4] = [0xff; 4];

impl Format for Arrow {
    fn name(&self) -> &'static str {
        "an Arrow or Feather file"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["arrow", "arrows", "feather", "ipc"]
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.starts_with(FILE) || head.starts_with(&MARKER) || head.starts_with(FEATHER_1)
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let path = source.origin.path.clone();
        let stored = source.seekable()?;
        let open = |_| open(&path, &stored, options.memory);
        batches::read(&path, &[Part { path: &path, open: &open, keys: Vec::new() }], options)
    }
}

/// How a file of Feather's first version begins, which is none of Arrow's.
const FEATHER_1: &[u8] = b"FEA1";

/// Opens a file or a stream.
pub(super) fn open(path: &Path, stored: &Bytes, memory: Option<u64>) -> Result<Table, Error> {
    let read = |place: u64, length: u64| {
        let mut bytes = Vec::new();
        let read = stored.at(place).take(length).read_to_end(&mut bytes);
        read.map(|_| bytes).map_err(|cause| Error::Read { path: path.to_owned(), cause })
    };
    let head = read(0, 8)?;
    if head.starts_with(FEATHER_1) {
        let rule =
            "is of Feather's first version: write it in the second, as `DataFrame.to_feather` does".into();
        return Err(Error::Unread { path: path.to_owned(), rule });
    }
    let file = if head.starts_with(FILE) {
        let tail = stored.length().saturating_sub(10);
        let footer = read(tail, 10)?;
        let Some((length, FILE)) = footer.split_first_chunk::<4>() else {
            return Err(damaged(path, "it does not end as an Arrow file does"));
        };
        let length = u64::from(u32::from_le_bytes(*length));
        let start = tail.checked_sub(length).ok_or_else(|| damaged(path, "it ends within its footer"))?;
        Some(Places::of(&read(start, length)?).map_err(|reason| damaged(path, &reason))?)
    } else {
        None
    };
    let path = path.to_owned();
    let mut messages = Messages { stored: stored.at(0), path, left: stored.length(), columns: 0, memory };
    let Some(file) = file else {
        let left = Buffer::from_vec(Vec::<u8>::new());
        let mut stream = Stream { messages, decoder: StreamDecoder::new(), left, finished: false };
        let first = stream.next().transpose()?;
        let Some(schema) = stream.decoder.schema() else {
            return Err(damaged(&stream.messages.path, "it has no schema"));
        };
        return Ok(Table { schema, rows: None, batches: Box::new(first.map(Ok).into_iter().chain(stream)) });
    };
    let Places { schema, mut decoder, dictionaries, batches } = file;
    messages.columns = schema.fields().len();
    for place in dictionaries {
        let (block, bytes) = messages.block(place)?;
        let read = decoder.read_dictionary(&block, &bytes);
        read.map_err(|error| damaged(&messages.path, &error.to_string()))?;
    }
    let batches = batches.into_iter().filter_map(move |place| {
        let batch = messages.block(place).and_then(|(block, bytes)| {
            let batch = decoder.read_record_batch(&block, &bytes);
            batch.map_err(|error| damaged(&messages.path, &error.to_string()))
        });
        batch.transpose()
    });
    Ok(Table { schema, rows: None, batches: Box::new(batches) })
}

/// What the footer of a file tells: where the messages of dictionaries and of record batches begin.
struct Places {
    schema: SchemaRef,
    decoder: FileDecoder,
    dictionaries: Vec<u64>,
    batches: Vec<u64>,
}

impl Places {
    fn of(footer: &[u8]) -> Result<Self, String> {
        let footer = root_as_footer(footer).map_err(|error| error.to_string())?;
        let schema = footer.schema().ok_or("it has no schema")?;
        let schema = Arc::new(try_fb_to_schema(schema).map_err(|error| error.to_string())?);
        let place = |block: &Block| u64::try_from(block.offset()).map_err(|error| error.to_string());
        let dictionaries =
            footer.dictionaries().into_iter().flatten().map(place).collect::<Result<_, _>>()?;
        let batches = footer.recordBatches().into_iter().flatten().map(place).collect::<Result<_, _>>()?;
        let decoder = FileDecoder::new(schema.clone(), footer.version());
        Ok(Self { schema, decoder, dictionaries, batches })
    }
}

/// The record batches of a stream.
struct Stream {
    messages: Messages,
    decoder: StreamDecoder,
    /// What the decoder has not taken yet.
    left: Buffer,
    finished: bool,
}

impl Iterator for Stream {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.batch().transpose();
        self.finished |= matches!(next, None | Some(Err(_)));
        next
    }
}

impl Stream {
    /// The next batch; `None` at the end.
    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            while !self.left.is_empty() {
                let batch = self.decoder.decode(&mut self.left);
                if let Some(batch) =
                    batch.map_err(|error| damaged(&self.messages.path, &error.to_string()))?
                {
                    return Ok(Some(batch));
                }
            }
            if self.finished {
                return Ok(None);
            }
            self.messages.columns = self.decoder.schema().map_or(0, |schema| schema.fields().len());
            self.left = Buffer::from_vec(if let Some(Bodied { bytes, .. }) = self.messages.next()? {
                bytes
            } else {
                self.finished = true;
                // The mark of the end, after which the decoder gives what it still holds.
                [MARKER, [0; 4]].concat()
            });
        }
    }
}

/// The messages of a file or a stream.
struct Messages {
    stored: Bytes,
    path: PathBuf,
    /// How many bytes of the file are in no message so far.
    left: u64,
    /// How many columns the schema has.
    columns: usize,
    memory: Option<u64>,
}

/// A message with its mark, its length, its head and its body.
struct Bodied {
    bytes: Vec<u8>,
    /// How many of them come before the body.
    head: usize,
}

impl Messages {
    /// The message at this place of a file.
    fn block(&mut self, place: u64) -> Result<(Block, Buffer), Error> {
        self.stored = self.stored.at(place);
        let Some(Bodied { bytes, head }) = self.next()? else {
            return Err(damaged(&self.path, "a message is none"));
        };
        let (Ok(length), Ok(body)) = (i32::try_from(head), i64::try_from(bytes.len() - head)) else {
            return Err(damaged(&self.path, "a message is too long"));
        };
        Ok((Block::new(0, length, body), Buffer::from_vec(bytes)))
    }

    /// The message that begins here, whose sizes are those that are there; `None` at the end.
    fn next(&mut self) -> Result<Option<Bodied>, Error> {
        let mut length = self.take(4)?;
        if length.is_empty() {
            return Ok(None);
        }
        if length == MARKER {
            length = self.take(4)?;
        }
        let &[a, b, c, d] = length.as_slice() else {
            return Err(damaged(&self.path, "it ends within a message"));
        };
        let length = u32::from_le_bytes([a, b, c, d]);
        if length == 0 {
            return Ok(None);
        }
        let head = self.take(length.into())?;
        let message = root_as_message(&head).map_err(|error| damaged(&self.path, &error.to_string()))?;
        let expected = u64::try_from(message.bodyLength()).unwrap_or(u64::MAX);
        let body = self.take(expected)?;
        if head.len() as u64 != u64::from(length) || body.len() as u64 != expected {
            return Err(damaged(&self.path, "it ends within a message"));
        }
        let taken = (head.len() as u64).saturating_add(expected);
        self.left =
            self.left.checked_sub(taken).ok_or_else(|| damaged(&self.path, "its messages overlap"))?;
        check(&message, &body).map_err(|reason| damaged(&self.path, reason))?;
        if let Some(batch) = message.header_as_record_batch() {
            let rows = u64::try_from(batch.length()).unwrap_or(u64::MAX);
            let cells = rows.saturating_mul(self.columns as u64);
            // No cell that is one takes less than a bit.
            let most_rows = if batch.compression().is_some() { MOST_PACKED + 3 } else { 3 };
            if cells >> MOST_CELLS > expected || (rows >> MOST_CELLS > 0 && rows >> most_rows > expected) {
                return Err(damaged(&self.path, "it announces more rows than it can hold"));
            }
            check_room(&self.path, cells.saturating_mul(8), self.memory)?;
        }
        let bytes = [&MARKER[..], &length.to_le_bytes(), &head, &body].concat();
        Ok(Some(Bodied { bytes, head: 8 + head.len() }))
    }

    /// Up to so many bytes, fewer at the end. Memory grows with what there is.
    fn take(&mut self, most: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = (&mut self.stored).take(most).read_to_end(&mut bytes);
        read.map_err(|cause| Error::Read { path: self.path.clone(), cause })?;
        Ok(bytes)
    }
}

/// The most bytes that a packed byte stands for, as a power of 2: those of a run that Zstandard packs.
const MOST_PACKED: u32 = 15;

/// The most cells that a byte stands for, as a power of 2: a column without a cell takes none.
const MOST_CELLS: u32 = 20;

/// Checks where a message says that its buffers are, what they unpack to, and how many cells its arrays have: the decoder
/// believes it.
fn check(message: &Message<'_>, body: &[u8]) -> Result<(), &'static str> {
    let of_dictionary = || message.header_as_dictionary_batch()?.data();
    let Some(batch) = message.header_as_record_batch().or_else(of_dictionary) else { return Ok(()) };
    for node in batch.nodes().into_iter().flatten() {
        let cells = u64::try_from(node.length()).unwrap_or(u64::MAX);
        if cells >> MOST_CELLS > body.len() as u64 || !(0..=node.length()).contains(&node.null_count()) {
            return Err("it announces more cells than it can hold");
        }
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let (Ok(offset), Ok(length)) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()))
        else {
            return Err("a buffer has a negative size");
        };
        let stored = offset.checked_add(length).and_then(|end| body.get(offset..end));
        let stored = stored.ok_or("a buffer ends beyond its message")?;
        if let Some((size, packed)) =
            stored.split_first_chunk::<8>().filter(|_| batch.compression().is_some())
        {
            let size = i64::from_le_bytes(*size);
            // −1 is the mark of one that is not packed.
            if u64::try_from(size).is_ok_and(|size| size >> MOST_PACKED > packed.len() as u64) {
                return Err("a packed buffer cannot hold what it announces");
            }
        }
    }
    Ok(())
}

fn damaged(path: &Path, reason: &str) -> Error {
    Error::Damaged { path: path.to_owned(), format: "Arrow file", reason: reason.into() }
}
