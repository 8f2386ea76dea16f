//! Folders: the parts of a table that Spark and others write, and pictures.

use std::fs;
use std::path::{Path, PathBuf};

use super::batches::{self, Part};
use super::{arrow, images, parquet, text_parts};
use crate::error::Error;
use crate::frame::Frame;
use crate::options::ReadOptions;
use crate::source::{Source, plain_name};

/// How deep folders are looked into.
const DEEPEST: usize = 16;

/// What a folder holds.
#[derive(Default)]
struct Files {
    parquet: Vec<PathBuf>,
    arrow: Vec<PathBuf>,
    text: Vec<PathBuf>,
    pictures: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

/// Reads all files of a folder as one table, in the order of their names.
pub(crate) fn read_folder(folder: &Path, options: &ReadOptions) -> Result<Frame, Error> {
    let mut files = Files::default();
    files.gather(folder, 0)?;
    match files {
        Files { parquet, arrow, text, pictures, others }
            if [&parquet, &arrow, &text, &pictures, &others]
                .iter()
                .filter(|kind| !kind.is_empty())
                .count()
                == 1
                && others.is_empty() =>
        {
            if !text.is_empty() {
                texts(folder, &text, options)
            } else if pictures.is_empty() {
                tables(folder, &parquet, &arrow, options)
            } else {
                images::read(folder, &pictures, options)
            }
        }
        Files { parquet, arrow, text, pictures, others } => {
            let kinds =
                [&parquet, &arrow, &text, &pictures, &others].into_iter().filter_map(|kind| kind.first());
            let names: Vec<String> = kinds.map(|path| path.display().to_string()).collect();
            Err(Error::FolderOf { path: folder.to_owned(), names })
        }
    }
}

impl Files {
    /// Adds the files of a folder and of those in it. What begins with a dot or an underscore is no data.
    fn gather(&mut self, folder: &Path, depth: usize) -> Result<(), Error> {
        let fail = |cause| Error::Read { path: folder.to_owned(), cause };
        let entries = fs::read_dir(folder).map_err(fail)?.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = entries.collect::<Result<Vec<PathBuf>, _>>().map_err(fail)?;
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            if name.starts_with(['.', '_']) || name == "thumbs.db" || name == "desktop.ini" {
                continue;
            }
            if path.is_dir() {
                if depth < DEEPEST {
                    self.gather(&path, depth + 1)?;
                }
                continue;
            }
            let ending = name.rsplit('.').next().unwrap_or_default();
            match ending {
                "parquet" | "pq" => self.parquet.push(path),
                "arrow" | "arrows" | "feather" | "ipc" => self.arrow.push(path),
                _ if is_text(&path) => self.text.push(path),
                _ if images::is_named(&path) => self.pictures.push(path),
                _ => self.others.push(path),
            }
        }
        Ok(())
    }
}

/// Whether a file is a text table by its name, packed or not.
fn is_text(path: &Path) -> bool {
    let name = plain_name(path);
    name.rsplit_once('.').is_some_and(|(_, ending)| text_parts::ENDINGS.contains(&ending))
}

/// Reads the parts of a text table, which keep no columns in the names of folders.
fn texts(folder: &Path, paths: &[PathBuf], options: &ReadOptions) -> Result<Frame, Error> {
    if let Some((path, keys)) =
        paths.iter().map(|path| (path, keys(folder, path))).find(|(_, keys)| !keys.is_empty())
    {
        let rule = format!(
            "lies in a folder that tells `{}`, which is read of Parquet and Arrow files alone",
            keys[0].0
        );
        return Err(Error::Unread { path: path.clone(), rule });
    }
    text_parts::read(folder, paths, options)
}

/// Reads the parts of a table.
fn tables(
    folder: &Path,
    parquet: &[PathBuf],
    arrow: &[PathBuf],
    options: &ReadOptions,
) -> Result<Frame, Error> {
    let paths: Vec<&PathBuf> = parquet.iter().chain(arrow).collect();
    let openers: Vec<_> = paths
        .iter()
        .map(|path| {
            move |rows: usize| {
                let stored = Source::open(path)?.seekable()?;
                if parquet.is_empty() {
                    arrow::open(path, &stored, options.memory)
                } else {
                    parquet::open(path, &stored, rows, options.memory)
                }
            }
        })
        .collect();
    let mut parts = Vec::with_capacity(paths.len());
    for (path, open) in paths.iter().zip(&openers) {
        let keys = keys(folder, path);
        let named = |keys: &[(String, String)]| keys.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        let first = parts.first().map(|part: &Part<'_>| (part.path.to_owned(), named(&part.keys)));
        if let Some((first, of_first)) = first.filter(|(_, of_first)| *of_first != named(&keys)) {
            let says = |keys: Vec<String>| format!("lies in folders of [{}]", keys.join(", "));
            let (second, other) = (says(named(&keys)), (*path).clone());
            return Err(Error::Unlike { path: first, first: says(of_first), other, second });
        }
        parts.push(Part { path, open, keys });
    }
    batches::read(folder, &parts, options)
}

/// What the names of folders tell, as Hive writes them: `year=2024/month=5`.
fn keys(folder: &Path, path: &Path) -> Vec<(String, String)> {
    let within = path.parent().and_then(|parent| parent.strip_prefix(folder).ok()).unwrap_or(Path::new(""));
    let folders = within.iter().map(|name| name.to_string_lossy().into_owned());
    let key = |name: String| name.split_once('=').map(|(key, value)| (key.to_owned(), value_of(value)));
    folders.filter_map(key).collect()
}

/// A value without its escapes; the mark of a missing one is empty.
fn value_of(text: &str) -> String {
    if text == "__HIVE_DEFAULT_PARTITION__" {
        return String::new();
    }
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_tell_columns() {
        let of = |path: &str| keys("a".as_ref(), path.as_ref());
        assert_eq!(of("a/part-0.parquet"), []);
        assert_eq!(of("a/x/part-0.parquet"), []);
        let pairs = [("year", "2024"), ("town", "St. Gallen/A"), ("none", "")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(of("a/year=2024/town=St. Gallen%2FA/none=__HIVE_DEFAULT_PARTITION__/p.parquet"), pairs);
        assert_eq!(value_of("50%"), "50%");
    }
}
