//! Bytes that can be read from any place: of a file, or of a stream that is kept in one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Whether a path stands for standard input, which is kept in a temporary file: `-`.
///
/// ```
/// assert!(elbo_data::is_standard_input("-".as_ref()) && !elbo_data::is_standard_input("./-".as_ref()));
/// ```
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

/// The bytes of a file, from a place that each copy has for itself.
#[derive(Clone, Debug)]
pub(crate) struct Bytes {
    file: Arc<Mutex<File>>,
    place: u64,
    length: u64,
}

/// What can be read once alone, and what it held: a model may look at its rows more than once.
static ONCE: Mutex<Vec<(PathBuf, Bytes)>> = Mutex::new(Vec::new());

impl Bytes {
    /// Those of standard input, or of the file of this path. What is no regular file is kept in a temporary file.
    pub(crate) fn of_path(path: &Path) -> io::Result<Self> {
        if !is_standard_input(path) && std::fs::metadata(path)?.is_file() {
            return Self::of_file(File::open(path)?);
        }
        let mut once = ONCE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = once.iter().find(|(other, _)| other == path) {
            return Ok(bytes.clone());
        }
        let mut kept = tempfile::tempfile()?;
        if is_standard_input(path) {
            io::copy(&mut io::stdin().lock(), &mut kept)?;
        } else {
            io::copy(&mut File::open(path)?, &mut kept)?;
        }
        let bytes = Self::of_file(kept)?;
        once.push((path.to_owned(), bytes.clone()));
        Ok(bytes)
    }

    /// Those of a file from its start.
    pub(crate) fn of_file(mut file: File) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { file: Arc::new(Mutex::new(file)), place: 0, length })
    }

    /// How many there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The same bytes, to be read from this place on.
    pub(crate) fn at(&self, place: u64) -> Self {
        Self { place, ..self.clone() }
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.place))?;
        let read = file.read(buffer)?;
        self.place += read as u64;
        Ok(read)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.place.checked_add_signed(by),
        };
        self.place = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.place)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn each_copy_has_its_own_place() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut bytes = Bytes::of_file(file).unwrap();
        let mut other = bytes.at(7);
        let (mut two, mut rest) = ([0; 2], String::new());
        bytes.read_exact(&mut two).unwrap();
        other.read_to_string(&mut rest).unwrap();
        assert_eq!((&two, rest.as_str(), bytes.length()), (b"01", "789", 10));
        bytes.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"23");
        assert_eq!(bytes.seek(SeekFrom::End(-1)).unwrap(), 9);
        assert_eq!(bytes.read(&mut two).unwrap(), 1);
        assert!(bytes.seek(SeekFrom::Current(-11)).is_err());
    }
}
