//! The rows of a text table, and the lines on which they stand.

use std::io::{self, BufRead, Read};
use std::mem;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, StringRecord};

use crate::error::Error;
use crate::source::{Origin, Source};

/// The cells of a row.
pub(super) struct Row {
    /// Without the space around them.
    pub(super) cells: StringRecord,
    /// The line where it starts, from 1.
    pub(super) line: usize,
    /// How many empty lines stand before it.
    pub(super) empty: usize,
}

/// The rows of a table, in their order.
pub(super) struct Rows<'a> {
    reader: Reader<Text<'a>>,
    origin: &'a Origin,
}

/// The text of a table, whose last line has an end, and what tells that a quote was left open.
type Text<'a> = io::Chain<LineEnds<&'a mut Box<dyn BufRead>>, &'static [u8]>;

impl<'a> Rows<'a> {
    /// The rows of a source from where it stands.
    pub(super) fn new(source: &'a mut Source, delimiter: u8) -> Self {
        let Source { origin, reader } = source;
        let text = LineEnds { reader, after_return: false }.chain(END);
        let reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
        Self { reader, origin }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        next_row(&mut self.reader, self.origin).transpose()
    }
}

/// A row of its own behind the last one; where a quote is never closed it is in the cell that the quote opens.
const END: &[u8] = b"\n\x03\n";
const MARK: &[u8] = b"\x03";

/// The next row, its cells without the space around them; `None` at the end.
fn next_row(reader: &mut Reader<impl Read>, origin: &Origin) -> Result<Option<Row>, Error> {
    let before = reader.position().line();
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(|error| unreadable(origin, error))? {
        return Ok(None);
    }
    if record.len() == 1 && &record[0] == MARK {
        if reader.read_byte_record(&mut record).map_err(|error| unreadable(origin, error))? {
            let what = format!("the control character U+0003 stands alone in line {}", before + 1);
            return Err(origin.fail(io::Error::other(what)));
        }
        return Ok(None);
    }
    // Quotes may hold further lines, to the end of the file where they are never closed.
    let open = record.as_slice().ends_with(&END[1..]);
    // An open row has no end of its own.
    let lines = record.as_slice().split(|&byte| byte == b'\n').count() as u64 - u64::from(open);
    let line = (reader.position().line() - lines).max(before);
    let (line, empty) = (line as usize, (line - before) as usize);
    if open {
        return Err(Error::OpenQuote { path: origin.path.clone(), line });
    }
    let mut cells = StringRecord::from_byte_record(record)
        .map_err(|_| Error::Utf8 { path: origin.path.clone(), line })?;
    cells.trim();
    Ok(Some(Row { cells, line, empty }))
}

/// Text whose lines all end in `\n` alone, by which the CSV reader counts them.
struct LineEnds<R> {
    reader: R,
    after_return: bool,
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.reader.read(buffer)?;
            let mut kept = 0;
            for i in 0..read {
                let byte = buffer[i];
                let after_return = mem::replace(&mut self.after_return, byte == b'\r');
                if !(after_return && byte == b'\n') {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            // Nothing read is the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// What a failure of the CSV reader means.
fn unreadable(origin: &Origin, error: csv::Error) -> Error {
    match error.into_kind() {
        ErrorKind::Io(cause) => origin.fail(cause),
        other => origin.fail(io::Error::other(format!("{other:?}"))),
    }
}
