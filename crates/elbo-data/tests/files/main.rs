//! The crate against real files: good, bad and missing.

mod coded;
mod corpus;
mod dates;
mod dialects;
mod formats;
mod frame;
mod idx;
mod npy;
mod real;
mod results;
mod tensors;
mod text;
mod told;
mod workbooks;
mod written;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use elbo_data::{Dataset, Error, ReadOptions, Remedy, read};
use tempfile::TempDir;

/// A folder of files, gone at the end of a test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Reads one file of this name and content.
fn read_bytes(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> Result<Dataset, Error> {
    let folder = Folder::new();
    read(&folder.file(name, bytes), options)
}

/// The message of a file that must be refused, without its path, and the remedy.
fn refusal(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> (String, Option<Remedy>) {
    let folder = Folder::new();
    let path = folder.file(name, bytes);
    let error = read(&path, options).unwrap_err();
    let message = error.to_string();
    let named = format!("`{}`", path.display());
    assert!(message.contains(&named), "{message} does not name the file");
    (message.replace(&named, "FILE"), error.remedy())
}
