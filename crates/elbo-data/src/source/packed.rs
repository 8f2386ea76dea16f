//! How content is packed: gzip, Zstandard and bzip2 streams, and archives of files.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bzip2::bufread::MultiBzDecoder;
use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use zip::result::{ZipError, ZipResult};
use zip::{CompressionMethod, ZipArchive};

use super::bytes::Bytes;
use crate::error::Error;

/// A way in which content is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// A gzip stream, or several on end.
    Gzip,
    /// A stream of Zstandard.
    Zstandard,
    /// A bzip2 stream, or several on end.
    Bzip2,
    /// A file in a zip archive.
    Zip,
}

impl Packing {
    const STREAMS: [Self; 3] = [Self::Gzip, Self::Zstandard, Self::Bzip2];

    /// What errors call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstandard => "Zstandard",
            Self::Bzip2 => "bzip2",
            Self::Zip => "zip",
        }
    }

    /// How it begins.
    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => &[0x1f, 0x8b],
            Self::Zstandard => &[0x28, 0xb5, 0x2f, 0xfd],
            Self::Bzip2 => b"BZh",
            Self::Zip => ARCHIVE,
        }
    }

    /// What the names of its files end in.
    fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstandard => ".zst",
            Self::Bzip2 => ".bz2",
            Self::Zip => ".zip",
        }
    }
}

/// How a zip archive begins.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// The most that deflate packs: no byte of it stands for more.
const MOST_PACKED: u64 = 1032;

/// The most bytes of a window that a Zstandard stream may ask for, as a power of 2: what its own program takes.
const LARGEST_WINDOW: u32 = 27;

/// The file's name in lower case, without the ending of its packing.
pub(crate) fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut streams = Packing::STREAMS.into_iter().chain([Packing::Zip]);
    let plain = streams.find_map(|packing| name.strip_suffix(packing.ending()));
    plain.map_or_else(|| name.clone(), str::to_owned)
}

/// How content is packed, the name of what is in it, and that to be read.
type Unpacked = (Option<Packing>, String, Box<dyn BufRead>);

/// Unpacks what is stored; of an archive the part of this name.
pub(super) fn unpack(path: &Path, stored: &Bytes, table: Option<&str>) -> Result<Unpacked, Error> {
    let fail = |cause| Error::Read { path: path.to_owned(), cause };
    let mut reader = BufReader::with_capacity(1 << 15, stored.clone());
    let head = reader.fill_buf().map_err(fail)?;
    if head.starts_with(ARCHIVE) {
        let mut archive = Archive::open(path, stored)?;
        let named = table.and_then(|table| archive.names.iter().position(|name| name == table));
        if named.is_some() || archive.is_of_tables() {
            let entry = named.map_or_else(|| archive.chosen(table), Ok)?;
            let name = plain_name(Path::new(&archive.names[entry]));
            return Ok((Some(Packing::Zip), name, archive.read(entry)?));
        }
    }
    let found = Packing::STREAMS.into_iter().find(|packing| head.starts_with(packing.magic()));
    let unpacked = match found {
        Some(Packing::Gzip) => buffered(MultiGzDecoder::new(reader)),
        Some(Packing::Bzip2) => buffered(MultiBzDecoder::new(reader)),
        Some(Packing::Zstandard) => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(reader).map_err(fail)?;
            decoder.window_log_max(LARGEST_WINDOW).map_err(fail)?;
            buffered(decoder)
        }
        Some(Packing::Zip) | None => Box::new(reader),
    };
    Ok((found, plain_name(path), unpacked))
}

/// The files of a zip archive.
pub(crate) struct Archive {
    path: PathBuf,
    stored: Bytes,
    entries: ZipArchive<BufReader<Bytes>>,
    /// The path of each in the archive.
    pub(crate) names: Vec<String>,
}

impl Archive {
    /// Opens the archive that these bytes are.
    pub(crate) fn open(path: &Path, stored: &Bytes) -> Result<Self, Error> {
        let entries = ZipArchive::new(BufReader::new(stored.at(0))).map_err(|error| damaged(path, error))?;
        let name = |name: ZipResult<Cow<'_, str>>| name.map(Cow::into_owned);
        let names: Result<_, _> = entries.file_names().map(name).collect();
        let names = names.map_err(|error| damaged(path, error))?;
        Ok(Self { path: path.to_owned(), stored: stored.clone(), entries, names })
    }

    /// Whether it is neither a workbook nor a file of NumPy's arrays, which are archives too.
    fn is_of_tables(&self) -> bool {
        !self.names.iter().any(|name| name == "[Content_Types].xml" || is_array(name))
    }

    /// The only file.
    fn chosen(&self, table: Option<&str>) -> Result<usize, Error> {
        let is_file = |name: &str| {
            let hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
            !name.ends_with('/') && !hidden
        };
        let files: Vec<usize> = (0..self.names.len()).filter(|&entry| is_file(&self.names[entry])).collect();
        if let (None, &[one]) = (table, &files[..]) {
            return Ok(one);
        }
        let names = files.iter().map(|&entry| self.names[entry].clone()).collect();
        Err(Error::Parts { path: self.path.clone(), what: "files", wanted: table.map(Into::into), names })
    }

    /// The size of a file of it, which it can have by the bytes that it takes.
    pub(crate) fn size(&mut self, entry: usize) -> Result<u64, Error> {
        let name = self.names[entry].clone();
        let refuse = |rule: String| Error::Unpackable { path: self.path.clone(), name: name.clone(), rule };
        let file = self.entries.by_index_raw(entry).map_err(|error| damaged(&self.path, error))?;
        let (packed, size, start) =
            (file.compressed_size(), file.size(), file.data_start().unwrap_or(u64::MAX));
        if file.encrypted() {
            return Err(refuse("is encrypted".into()));
        }
        if packed > self.stored.length().saturating_sub(start) {
            return Err(refuse("ends beyond the end of the file".into()));
        }
        let most = match file.compression() {
            CompressionMethod::Stored => packed,
            CompressionMethod::Deflated => packed.saturating_mul(MOST_PACKED),
            other => return Err(refuse(format!("is packed by {other}, not by deflate"))),
        };
        if size > most {
            return Err(refuse(format!(
                "has {packed} bytes, which cannot hold the {size} that are announced"
            )));
        }
        Ok(size)
    }

    /// The content of a file of it.
    fn read(&mut self, entry: usize) -> Result<Box<dyn BufRead>, Error> {
        let left = self.size(entry)?;
        let file = self.entries.by_index_raw(entry).map_err(|error| damaged(&self.path, error))?;
        let (start, sum, crc) = (file.data_start().unwrap_or(u64::MAX), Crc::new(), file.crc32());
        let content = BufReader::with_capacity(1 << 15, self.stored.at(start)).take(file.compressed_size());
        Ok(if file.compression() == CompressionMethod::Stored {
            buffered(Checked { reader: content, left, sum, crc })
        } else {
            buffered(Checked { reader: DeflateDecoder::new(content), left, sum, crc })
        })
    }
}

/// Whether a file of an archive is an array of NumPy's.
fn is_array(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "npy")
}

/// What the reader of archives says.
fn damaged(path: &Path, error: ZipError) -> Error {
    let path = path.to_owned();
    match error {
        ZipError::Io(cause) if cause.raw_os_error().is_some() => Error::Read { path, cause },
        ZipError::Io(cause) => Error::PackedCorrupt { path, packing: Packing::Zip.name(), cause },
        other => {
            let cause = io::Error::other(other.to_string());
            Error::PackedCorrupt { path, packing: Packing::Zip.name(), cause }
        }
    }
}

/// Content that must be as long as announced and have this checksum.
struct Checked<R> {
    reader: R,
    left: u64,
    sum: Crc,
    crc: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.reader.read(buffer)?;
        self.sum.update(&buffer[..read]);
        let wrong = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| wrong("it holds more than is announced"))?;
        if read == 0 && (self.left > 0 || self.sum.sum() != self.crc) {
            return Err(wrong("its checksum is another one"));
        }
        Ok(read)
    }
}

/// A reader of what a decoder gives, which reads no byte further than its end.
fn buffered(reader: impl Read + 'static) -> Box<dyn BufRead> {
    Box::new(BufReader::with_capacity(1 << 15, reader))
}
