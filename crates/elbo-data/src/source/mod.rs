//! A file opened for reading, decompressed as it is read.

mod bytes;
mod packed;

use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::cells::spill;
use crate::error::Error;

pub(crate) use bytes::Bytes;
pub use bytes::is_standard_input;
pub(crate) use packed::{Archive, Packing, plain_name};

/// The most bytes of one line, unless [`Source::memory`] says more.
const LONGEST_LINE: u64 = 1 << 26;

/// The content of a file, and where it comes from.
pub(crate) struct Source {
    pub(crate) origin: Origin,
    pub(crate) reader: Box<dyn BufRead>,
    /// The bytes as they are stored.
    stored: Bytes,
    /// The file of an archive that is read, where one is named.
    part: Option<String>,
    /// Bytes of memory that may be taken.
    pub(crate) memory: Option<u64>,
}

/// What errors name.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) path: PathBuf,
    /// How the content is packed.
    pub(crate) packing: Option<Packing>,
    /// The name that tells the format: that of the file without the ending of its packing, or of the file in an archive.
    pub(crate) name: String,
}

impl Source {
    /// Opens a file, or standard input where the path is `-`; a packed one, known by its first bytes, is unpacked.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Self::open_part(path, None)
    }

    /// Opens a file as [`open`](Self::open) does; of an archive of several files, `part` names the one.
    pub(crate) fn open_part(path: &Path, part: Option<&str>) -> Result<Self, Error> {
        let fail = |cause| Error::Read { path: path.to_owned(), cause };
        if path.is_dir() {
            return Err(Error::Folder { path: path.to_owned() });
        }
        Self::of_bytes(path, Bytes::of_path(path).map_err(fail)?, part)
    }

    /// A source of these bytes, which are called by this path.
    pub(crate) fn of_bytes(path: &Path, stored: Bytes, part: Option<&str>) -> Result<Self, Error> {
        let (packing, name, reader) = packed::unpack(path, &stored, part)?;
        let origin = Origin { path: path.to_owned(), packing, name };
        Ok(Self { origin, reader, stored, part: part.map(Into::into), memory: None })
    }

    /// Opens the same content once more, from its start.
    pub(crate) fn again(&self) -> Result<Self, Error> {
        let source = Self::of_bytes(&self.origin.path, self.stored.clone(), self.part.as_deref())?;
        Ok(Self { memory: self.memory, ..source })
    }

    /// The whole content to be read at any place, unpacked; that of a packed file goes to a temporary file.
    pub(crate) fn seekable(&self) -> Result<Bytes, Error> {
        if self.origin.packing.is_none() {
            return Ok(self.stored.clone());
        }
        let mut again = self.again()?;
        let mut spool = Spool::new()?;
        again.hand_on(|piece| spool.write(piece))?;
        spool.finish()
    }

    /// Hands on what is left, some at a time.
    pub(crate) fn hand_on(&mut self, mut take: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        loop {
            let piece = self.reader.fill_buf().map_err(|cause| self.origin.fail(cause))?;
            if piece.is_empty() {
                return Ok(());
            }
            take(piece)?;
            let read = piece.len();
            self.reader.consume(read);
        }
    }

    /// The next bytes, some or all of what is left, without consuming them;
    /// none at the end.
    pub(crate) fn peek(&mut self) -> Result<&[u8], Error> {
        self.reader.fill_buf().map_err(|cause| self.origin.fail(cause))
    }

    /// Up to `limit` bytes, fewer at the end of the file. Memory grows with
    /// what the file holds, not with `limit`.
    pub(crate) fn take(&mut self, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        (&mut self.reader).take(limit).read_to_end(&mut bytes).map_err(|cause| self.origin.fail(cause))?;
        Ok(bytes)
    }

    /// Hands on each line, with its number from 1, without its end and without a byte order mark.
    pub(crate) fn lines(
        &mut self,
        mut take: impl FnMut(usize, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let longest = self.memory.unwrap_or(0).max(LONGEST_LINE);
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            let read = (&mut self.reader).take(longest + 1).read_until(b'\n', &mut bytes);
            let read = read.map_err(|cause| self.origin.fail(cause))? as u64;
            if read == 0 {
                break;
            }
            if read > longest {
                return Err(Error::LongLine { path: self.origin.path.clone(), line, most: longest as usize });
            }
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| Error::Utf8 { path: self.origin.path.clone(), line })?;
            let text = text.trim_end_matches(['\n', '\r']);
            take(line, if line == 1 { text.trim_start_matches('\u{feff}') } else { text })?;
        }
        Ok(())
    }

    /// Reads on to the end and counts the bytes.
    pub(crate) fn drain(&mut self) -> Result<u64, Error> {
        io::copy(&mut self.reader, &mut io::sink()).map_err(|cause| self.origin.fail(cause))
    }
}

impl Origin {
    /// What a failure to read means.
    pub(crate) fn fail(&self, cause: io::Error) -> Error {
        let path = self.path.clone();
        let Some(packing) = self.packing.filter(|_| cause.raw_os_error().is_none()) else {
            return Error::Read { path, cause };
        };
        match cause.kind() {
            ErrorKind::UnexpectedEof => Error::PackedTruncated { path, packing: packing.name() },
            _ => Error::PackedCorrupt { path, packing: packing.name(), cause },
        }
    }
}

/// Bytes that are kept in a temporary file, to be read at any place.
pub(crate) struct Spool(io::BufWriter<File>);

impl Spool {
    pub(crate) fn new() -> Result<Self, Error> {
        tempfile::tempfile().map(|file| Self(io::BufWriter::with_capacity(1 << 16, file))).map_err(spill)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.0.write_all(bytes).map_err(spill)
    }

    pub(crate) fn finish(self) -> Result<Bytes, Error> {
        let file = self.0.into_inner().map_err(|error| spill(error.into_error()))?;
        Bytes::of_file(file).map_err(spill)
    }
}
