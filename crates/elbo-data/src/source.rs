//! A file opened for reading, decompressed as it is read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::Error;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The content of a file, and where it comes from.
pub(crate) struct Source {
    pub(crate) origin: Origin,
    pub(crate) reader: Box<dyn BufRead>,
}

/// What errors name.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) path: PathBuf,
    pub(crate) gzip: bool,
}

impl Source {
    /// Opens a file; a gzip file, known by its first bytes, is decompressed.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let fail = |cause| Error::Read { path: path.to_owned(), cause };
        let file = File::open(path).map_err(fail)?;
        if file.metadata().map_err(fail)?.is_dir() {
            return Err(Error::Folder { path: path.to_owned() });
        }
        let mut reader = BufReader::new(file);
        let gzip = reader.fill_buf().map_err(fail)?.starts_with(&GZIP_MAGIC);
        let reader: Box<dyn BufRead> =
            if gzip { Box::new(BufReader::new(MultiGzDecoder::new(reader))) } else { Box::new(reader) };
        Ok(Self { origin: Origin { path: path.to_owned(), gzip }, reader })
    }

    /// The same file from its start once more.
    pub(crate) fn again(&self) -> Result<Self, Error> {
        let path = &self.origin.path;
        if !path.is_file() {
            let cause = ErrorKind::NotSeekable.into();
            return Err(Error::Read { path: path.clone(), cause });
        }
        Self::open(path)
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

    /// Hands on each line, with its number from 1 and without its end.
    pub(crate) fn lines(
        &mut self,
        mut take: impl FnMut(usize, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            if self.reader.read_until(b'\n', &mut bytes).map_err(|cause| self.origin.fail(cause))? == 0 {
                break;
            }
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| Error::Utf8 { path: self.origin.path.clone(), line })?;
            take(line, text.trim_end_matches(['\n', '\r']))?;
        }
        Ok(())
    }

    /// Reads on to the end and counts the bytes.
    pub(crate) fn drain(&mut self) -> Result<u64, Error> {
        io::copy(&mut self.reader, &mut io::sink()).map_err(|cause| self.origin.fail(cause))
    }
}

/// The file's name in lower case, without `.gz`.
pub(crate) fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").map_or_else(|| name.clone(), str::to_owned)
}

impl Origin {
    /// What a failure to read means.
    pub(crate) fn fail(&self, cause: io::Error) -> Error {
        let path = self.path.clone();
        match cause.kind() {
            ErrorKind::UnexpectedEof if self.gzip => Error::GzipTruncated { path },
            ErrorKind::InvalidInput | ErrorKind::InvalidData if self.gzip => {
                Error::GzipCorrupt { path, cause }
            }
            _ => Error::Read { path, cause },
        }
    }
}
