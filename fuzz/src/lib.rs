//! What the targets do with their bytes: read them as a file, in every way that there is.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use elbo_data::{
    ColumnKind, CorpusOptions, DecimalMark, Delimiter, Error, Frame, ReadOptions, AnyDataset, TableOptions,
    TextColumns, TimeColumn, Timeline, read_corpus, read_frame, read_any_dataset,
};

/// A folder of this process, in memory where the system has such a one.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let folder = root.join(format!("elbo-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the files");
        let_decoders_panic();
        folder
    })
}

/// A panic of the decoders of Arrow and Parquet is caught where they are called, and ends the process only where it is not.
fn let_decoders_panic() {
    let abort = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or("", |place| place.file());
        if !["/arrow-", "/parquet-"].iter().any(|of| place.contains(of)) {
            abort(panic);
        }
    }));
}

/// Reads a file of this name: as rows of numbers, as columns of any kind, and as counts.
pub fn read(name: &str, bytes: &[u8]) {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("room for the file");
    look(&read_frame(&path, &kept()));
    stored(&path, &ReadOptions { single: true, ..ReadOptions::default() });
    refused(read_corpus(&path, &CorpusOptions::default()).err());
}

/// Reads a table of which something is known: the first two bytes say what.
pub fn read_told(bytes: &[u8]) {
    let Some((&[first, second], bytes)) = bytes.split_first_chunk() else { return };
    let bit = |byte: u8, at: u32| byte >> at & 1 == 1;
    let named = |told: bool, name: &str| if told { vec![name.to_owned()] } else { Vec::new() };
    let kinds =
        [ColumnKind::Real, ColumnKind::Count, ColumnKind::Category, ColumnKind::Ordinal, ColumnKind::Time];
    let kind = kinds.get(usize::from(second & 7)).copied();
    let delimiters =
        [Delimiter::COMMA, Delimiter::SEMICOLON, Delimiter::TAB, Delimiter::PIPE, Delimiter::BLANKS];
    let table = TableOptions {
        header: bit(first, 0).then_some(bit(first, 1)),
        delimiter: delimiters.get(usize::from(first >> 2 & 7)).copied(),
        decimal: bit(first, 5).then_some(if bit(first, 6) { DecimalMark::Comma } else { DecimalMark::Point }),
        columns: named(bit(first, 7), "2"),
        drop: named(bit(second, 3), "last"),
        types: kind.map(|kind| ("1".to_owned(), kind)).into_iter().collect(),
        ..TableOptions::default()
    };
    let options = ReadOptions {
        table,
        label_columns: named(bit(second, 4), "1"),
        wanted: named(bit(second, 5), "x"),
        missing: bit(second, 6),
        // The column whose kind is told, where that is `time`; else the one that is found.
        time: if kind == Some(ColumnKind::Time) {
            TimeColumn::Named("1".into())
        } else {
            TimeColumn::Instants
        },
        memory: bit(second, 7).then_some(64),
        ..kept()
    };
    let path = folder().join("a.csv");
    fs::write(&path, bytes).expect("room for the file");
    look(&read_frame(&path, &options));
    stored(&path, &options);
}

/// Reads a folder with a file of this name.
pub fn read_in_folder(name: &str, bytes: &[u8]) {
    let folder = folder().join("files");
    fs::create_dir_all(&folder).expect("a folder for the files");
    fs::write(folder.join(name), bytes).expect("room for the file");
    look(&read_frame(&folder, &kept()));
}

/// Reads a folder of two parts of a table, which these bytes hold one behind the other: the first byte says in which format,
/// and the next two where the second begins.
pub fn read_parts(bytes: &[u8]) {
    let Some((&[format, low, high], bytes)) = bytes.split_first_chunk() else { return };
    let ending = ["csv", "csv.gz", "parquet", "arrow"][usize::from(format % 4)];
    let (first, second) = bytes.split_at(bytes.len().min(u16::from_le_bytes([low, high]).into()));
    let folder = folder().join(format!("parts-{ending}"));
    fs::create_dir_all(folder.join("k=2")).expect("a folder for the files");
    fs::write(folder.join(format!("0.{ending}")), first).expect("room for the file");
    let place = if format & 4 == 0 { format!("1.{ending}") } else { format!("k=2/1.{ending}") };
    fs::write(folder.join(&place), second).expect("room for the file");
    look(&read_frame(&folder, &kept()));
    fs::remove_file(folder.join(place)).expect("the file that was written");
}

/// Reads labels that lie beside their rows.
pub fn read_labels(bytes: &[u8]) {
    let (rows, labels) = (folder().join("rows.idx"), folder().join("labels.idx"));
    fs::write(&rows, b"\0\0\x08\x01\0\0\0\x02\x05\x07").expect("room for the file");
    fs::write(&labels, bytes).expect("room for the file");
    look(&read_frame(&rows, &ReadOptions { labels: Some(labels), ..kept() }));
}

/// Reads counts beside which these names of words lie.
pub fn read_vocabulary(bytes: &[u8]) {
    let (counts, path) = (folder().join("counts.ldac"), folder().join("words.txt"));
    fs::write(&counts, "2 0:1 1:2\n").expect("room for the file");
    fs::write(&path, bytes).expect("room for the file");
    let options = CorpusOptions { vocabulary: Some(path), ..CorpusOptions::default() };
    refused(read_corpus(&counts, &options).err());
}

/// Reads a checkpoint.
pub fn read_tensors(bytes: &[u8]) {
    let path = folder().join("model.safetensors");
    fs::write(&path, bytes).expect("room for the file");
    match elbo_data::Tensors::read(&path) {
        Ok(tensors) => assert!(tensors.to_bytes().is_ok(), "what was read can be written"),
        Err(error) => refused(Some(error)),
    }
}

fn kept() -> ReadOptions {
    ReadOptions {
        text: TextColumns::Kept,
        missing: true,
        single: true,
        time: TimeColumn::Instants,
        ..ReadOptions::default()
    }
}

fn stored(path: &Path, options: &ReadOptions) {
    match read_any_dataset(path, options) {
        Ok(AnyDataset::Single(data)) => drop(data.fingerprint()),
        Ok(AnyDataset::Double(data)) => drop(data.fingerprint()),
        Err(error) => refused(Some(error)),
    }
}

/// Takes each cell of a frame, puts its rows in the order of their times, and writes it.
fn look(frame: &Result<Frame, Error>) {
    let frame = match frame {
        Ok(frame) => frame,
        Err(error) => return refuse(error),
    };
    let rows = frame.rows().expect("columns of one length");
    for row in 0..rows.min(1000) {
        for column in 0..frame.width().min(100) {
            let _ = frame.cell(row, column);
        }
    }
    assert!(frame.labels.as_ref().is_none_or(|labels| labels.len() == rows), "a label for each row");
    let _ = format!("{:?}", frame.reading);
    if let Some(times) = &frame.times {
        match Timeline::of(times, frame.labels.as_deref(), |row| frame.lines.of(row)) {
            Ok(line) if rows > 0 => {
                let last = line.rows.len() - 1;
                let _ =
                    (line.step.to_string(), times.text(line.ahead(last, 1)), line.ahead(last, usize::MAX));
            }
            Ok(_) => {}
            Err(error) => refuse(&error),
        }
    }
    if rows.saturating_mul(frame.width()) < 1000 {
        for name in ["out.csv", "out.json", "out.parquet"] {
            if let Err(error) = frame.write(&folder().join(name)) {
                refuse(&error);
            }
        }
    }
}

fn refused(error: Option<Error>) {
    error.iter().for_each(refuse);
}

/// What is wrong is said in few words, which cannot act on a terminal.
fn refuse(error: &Error) {
    let _ = error.remedy();
    let message = error.to_string();
    assert!(message.len() < 10_000, "a message of {} bytes", message.len());
    assert!(!message.contains('\u{1b}'), "an escape in a message");
}
