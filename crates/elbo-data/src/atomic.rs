//! Files that are whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::Error;

/// Replaces a file in one step: a reader, or a crash, sees the old bytes or the
/// new ones, never a part.
///
/// The bytes go to a temporary file in the same folder, to the disk, and then
/// take the name; a symbolic link keeps pointing to the file that is replaced.
/// What is no regular file, such as `/dev/stdout`, is written to directly.
///
/// ```
/// let path = std::env::temp_dir().join(format!("elbo-atomic-{}", std::process::id()));
/// elbo_data::write_atomically(&path, b"first")?;
/// elbo_data::write_atomically(&path, b"second")?;
/// assert_eq!(std::fs::read(&path)?, b"second");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Write`] with the path and the system's reason, such as a full disk
/// or a missing folder; a file that was there before is as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace(path, |file| file.write_all(bytes))
}

/// Replaces a file that belongs to its folder, in one step. A symbolic link of its name is replaced, and the file that it
/// points to stays as it is; anything that is neither a file nor a link is refused.
///
/// # Errors
///
/// As [`write_atomically`].
pub fn write_in_folder(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let there = fs::symlink_metadata(path).map(|there| there.file_type());
    let written = if there.is_ok_and(|kind| !kind.is_file() && !kind.is_symlink()) {
        Err(io::Error::other("it is no regular file"))
    } else {
        put(path, |file| file.write_all(bytes))
    };
    written.map_err(|cause| Error::Write { path: path.to_owned(), cause })
}

/// Where [`replace`] lets be written.
pub(crate) type Writer<'a> = BufWriter<&'a mut File>;

/// As [`write_atomically`], with bytes that are made as they are written.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut Writer<'_>) -> io::Result<()>,
) -> Result<(), Error> {
    try_replace(path, write).map_err(|cause| Error::Write { path: path.to_owned(), cause })
}

fn try_replace(path: &Path, write: impl FnOnce(&mut Writer<'_>) -> io::Result<()>) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(old) if !old.is_file() => {
            return write_to(&mut OpenOptions::new().write(true).open(path)?, write);
        }
        _ => {}
    }
    put(&fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), write)
}

fn write_to(file: &mut File, write: impl FnOnce(&mut Writer<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    write(&mut writer)?;
    writer.flush()
}

/// Gives a new file this very name, whatever had it.
fn put(target: &Path, write: impl FnOnce(&mut Writer<'_>) -> io::Result<()>) -> io::Result<()> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = Builder::new();
    builder.prefix(".elbo-");
    // A temporary file is private; a result is as readable as any other file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // The error names the temporary file, which tells nobody anything: keep its kind, and the system's own words
    // for the likeliest mistake, a folder that is not there.
    fs::metadata(&folder)?;
    let mut file = builder.tempfile_in(&folder).map_err(|error| error.kind())?;
    write_to(file.as_file_mut(), write)?;
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    // The new name itself lies in the folder.
    #[cfg(unix)]
    File::open(&folder)?.sync_all()?;
    Ok(())
}
