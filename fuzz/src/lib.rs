//! What the targets do with their bytes: read them as a file, in every way that there is.

use std::fs;
use std::path::PathBuf;

use elbo_data::{CorpusOptions, Frame, ReadOptions, TextColumns, read_corpus, read_frame, read_stored};

/// A folder of this process, in memory where the system has such a one.
fn folder() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = root.join(format!("elbo-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the files");
    folder
}

/// Reads a file of this name: as rows of numbers, as columns of any kind, and as counts.
pub fn read(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("room for the file");
    look(&read_frame(&path, &kept()));
    let _ = read_stored(&path, &ReadOptions { single: true, ..ReadOptions::default() });
    let _ = read_corpus(&path, &CorpusOptions::default());
}

/// Reads a folder with a file of this name.
pub fn read_in_folder(name: &str, bytes: &[u8]) {
    let folder = folder().join("files");
    fs::create_dir_all(&folder).expect("a folder for the files");
    fs::write(folder.join(name), bytes).expect("room for the file");
    look(&read_frame(&folder, &kept()));
}

/// Reads counts beside which these names of words lie.
pub fn read_vocabulary(bytes: &[u8]) {
    let (counts, path) = (folder().join("counts.ldac"), folder().join("words.txt"));
    fs::write(&counts, "2 0:1 1:2\n").expect("room for the file");
    fs::write(&path, bytes).expect("room for the file");
    let _ = read_corpus(&counts, &CorpusOptions { vocabulary: Some(path), ..CorpusOptions::default() });
}

/// Reads a checkpoint.
pub fn read_tensors(bytes: &[u8]) {
    let path = folder().join("model.safetensors");
    fs::write(&path, bytes).expect("room for the file");
    let _ = elbo_data::Tensors::read(&path);
}

fn kept() -> ReadOptions {
    ReadOptions { text: TextColumns::Kept, missing: true, single: true, ..ReadOptions::default() }
}

/// Takes each cell of a frame.
fn look(frame: &Result<Frame, elbo_data::Error>) {
    match frame {
        Ok(frame) => {
            let rows = frame.rows().expect("columns of one length");
            for row in 0..rows.min(1000) {
                for column in 0..frame.width().min(100) {
                    let _ = frame.cell(row, column);
                }
            }
            assert!(frame.labels.as_ref().is_none_or(|labels| labels.len() == rows), "a label for each row");
        }
        Err(error) => {
            let _ = error.remedy();
            let message = error.to_string();
            assert!(message.len() < 10_000, "a message of {} bytes", message.len());
            assert!(!message.contains('\u{1b}'), "an escape in a message");
        }
    }
}
