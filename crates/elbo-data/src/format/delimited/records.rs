//! The records of a text table, and the lines on which they stand.
//!
//! The crate `csv` reads on where a quote is not closed or text follows a closing one, and its lines are hard to count where
//! some are left out: here each is an error, or said.

use std::io::BufRead;
use std::mem;

use memchr::{memchr, memchr_iter, memchr2};

use super::comments::Comments;
use crate::delimiter::Delimiter;
use crate::error::Error;
use crate::source::Origin;

/// The most bytes of a line, and of a record of several lines.
const MOST: usize = 1 << 26;

/// The cells of a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Record {
    text: String,
    /// Where each cell begins and ends, without the space around it.
    bounds: Vec<(usize, usize)>,
    /// How many cells stand in quotes.
    pub(super) quoted: usize,
    /// The line where it starts, from 1.
    pub(super) line: usize,
    /// How many empty lines stand before it.
    pub(super) empty: usize,
}

impl Record {
    /// The cells of a line without quotes.
    pub(super) fn of_line(text: &str, delimiter: Delimiter) -> Self {
        let mut record = Self { text: text.to_owned(), ..Self::default() };
        record.split(delimiter.byte());
        record
    }

    pub(super) fn len(&self) -> usize {
        self.bounds.len()
    }

    pub(super) fn cells(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.bounds.iter().map(|&(from, to)| &self.text[from..to])
    }

    /// Puts an empty cell before the first.
    pub(super) fn put_blank(&mut self) {
        self.bounds.insert(0, (0, 0));
    }

    /// Leaves the last cell out.
    pub(super) fn drop_last(&mut self) {
        self.bounds.pop();
    }

    fn add(&mut self, from: usize) {
        let (mut from, mut to) = (from, self.text.len());
        trim(&self.text, &mut from, &mut to);
        self.bounds.push((from, to));
    }

    /// Splits a line without quotes.
    fn split(&mut self, delimiter: u8) {
        let text = mem::take(&mut self.text);
        let mut put = |mut from, mut to| {
            trim(&text, &mut from, &mut to);
            self.bounds.push((from, to));
        };
        if delimiter == b' ' {
            let start = text.as_ptr() as usize;
            for cell in text.split_ascii_whitespace() {
                let from = cell.as_ptr() as usize - start;
                put(from, from + cell.len());
            }
        } else {
            let mut from = 0;
            for to in memchr_iter(delimiter, text.as_bytes()) {
                put(from, to);
                from = to + 1;
            }
            put(from, text.len());
        }
        self.text = text;
    }
}

/// Narrows the bounds of a cell to what is no space.
fn trim(text: &str, from: &mut usize, to: &mut usize) {
    let cell = &text[*from..*to];
    let plain = |byte: Option<&u8>| byte.is_none_or(|byte| (b'!'..=b'~').contains(byte));
    if plain(cell.as_bytes().first()) && plain(cell.as_bytes().last()) {
        return;
    }
    let start = cell.trim_start();
    *from = *to - start.len();
    *to = *from + start.trim_end().len();
}

/// The records of a text, in their order.
pub(super) struct Records<'a> {
    reader: Box<dyn BufRead + 'a>,
    origin: Origin,
    delimiter: Delimiter,
    pub(super) comments: Comments,
    /// The lines read so far.
    line: usize,
    after_return: bool,
    bytes: Vec<u8>,
    /// Whether some character was not ASCII.
    pub(super) beyond_ascii: bool,
}

impl<'a> Records<'a> {
    /// The records of a text in UTF-8.
    pub(super) fn new(
        reader: Box<dyn BufRead + 'a>,
        origin: Origin,
        delimiter: Delimiter,
        comments: Comments,
    ) -> Self {
        Self {
            reader,
            origin,
            delimiter,
            comments,
            line: 0,
            after_return: false,
            bytes: Vec::new(),
            beyond_ascii: false,
        }
    }

    /// What parts the cells.
    pub(super) fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// Reads the next record into the place of this one; `false` at the end.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, Error> {
        let mut empty = 0;
        loop {
            if !self.next_line(&mut record.text)? {
                return Ok(false);
            }
            let tabs = self.delimiter == Delimiter::TAB;
            if record.text.chars().all(|c| c.is_whitespace() && !(tabs && c == '\t')) {
                empty += 1;
            } else if self.comments.take(&record.text, self.line) {
                empty = 0;
            } else {
                break;
            }
        }
        self.comments.in_rows = true;
        (record.line, record.empty, record.quoted) = (self.line, empty, 0);
        record.bounds.clear();
        if memchr(b'"', record.text.as_bytes()).is_none() {
            record.split(self.delimiter.byte());
        } else {
            self.unquote(record)?;
        }
        Ok(true)
    }

    /// Splits a line with quotes, which may hold delimiters and further lines.
    fn unquote(&mut self, record: &mut Record) -> Result<(), Error> {
        let mut line = mem::take(&mut record.text);
        let delimiter = char::from(self.delimiter.byte());
        let parts = |c: char| c == delimiter || (delimiter == ' ' && c == '\t');
        let (mut state, mut from, mut opened) = (State::Start, 0, self.line);
        loop {
            let mut chars = line.chars().peekable();
            while let Some(c) = chars.next() {
                state = match state {
                    State::Start if parts(c) && delimiter == ' ' => State::Start,
                    State::Start | State::Bare | State::Closed if parts(c) => {
                        record.add(from);
                        from = record.text.len();
                        State::Start
                    }
                    State::Start if c == '"' => {
                        (opened, from) = (self.line, record.text.len());
                        record.quoted += 1;
                        State::Open
                    }
                    State::Start if c.is_whitespace() => State::Start,
                    State::Open if c == '"' && chars.next_if_eq(&'"').is_none() => State::Closed,
                    State::Closed if c.is_whitespace() => State::Closed,
                    State::Closed => {
                        let text =
                            line[line.len() - chars.collect::<String>().len() - c.len_utf8()..].to_owned();
                        let (path, line) = (self.origin.path.clone(), self.line);
                        return Err(Error::StrayText { path, line, opened, text });
                    }
                    State::Open => {
                        record.text.push(c);
                        State::Open
                    }
                    State::Start | State::Bare => {
                        record.text.push(c);
                        State::Bare
                    }
                };
            }
            if state != State::Open {
                break;
            }
            record.text.push('\n');
            if !self.next_line(&mut line)? || record.text.len() + line.len() > MOST {
                return Err(Error::OpenQuote { path: self.origin.path.clone(), line: opened });
            }
        }
        if state != State::Start || delimiter != ' ' {
            record.add(from);
        }
        Ok(())
    }

    /// Reads the next line, without its end, `\n`, `\r` or both; `false` at the end of the text.
    fn next_line(&mut self, text: &mut String) -> Result<bool, Error> {
        self.bytes.clear();
        loop {
            let buffer = self.reader.fill_buf().map_err(|cause| self.origin.fail(cause))?;
            if buffer.is_empty() {
                if self.bytes.is_empty() {
                    return Ok(false);
                }
                break;
            }
            if mem::take(&mut self.after_return) && buffer[0] == b'\n' {
                self.reader.consume(1);
                continue;
            }
            let end = memchr2(b'\n', b'\r', buffer);
            let taken = end.unwrap_or(buffer.len());
            self.bytes.extend_from_slice(&buffer[..taken]);
            self.after_return = end.is_some_and(|end| buffer[end] == b'\r');
            self.reader.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                break;
            }
            if self.bytes.len() > MOST {
                return Err(Error::LongLine {
                    path: self.origin.path.clone(),
                    line: self.line + 1,
                    most: MOST,
                });
            }
        }
        self.line += 1;
        // Its room is kept.
        let mut bytes = mem::take(text).into_bytes();
        mem::swap(&mut bytes, &mut self.bytes);
        match String::from_utf8(bytes) {
            Ok(line) => {
                self.beyond_ascii |= !line.is_ascii();
                *text = line;
                Ok(true)
            }
            Err(_) => Err(Error::Utf8 { path: self.origin.path.clone(), line: self.line }),
        }
    }
}

/// Where in a cell a character stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before its first.
    Start,
    /// In a cell without quotes.
    Bare,
    /// Between quotes.
    Open,
    /// After the closing one.
    Closed,
}
