//! Tables in the formats that are written, and files replaced in one step.

use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use elbo_data::{Column, Error, Remedy, Table, write_atomically};
use npyz::NpyFile;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;

use crate::Folder;

const NUMBERS: [f64; 8] = [0.0, -1.5, 0.1, 1e-300, f64::MAX, 1_797.0, 1.0 / 3.0, f64::MIN_POSITIVE / 4.0];

fn numbers() -> Table {
    let mut table = Table::new();
    table.push("x", Column::Real(NUMBERS.to_vec()));
    table.push("2x", Column::Real(NUMBERS.iter().map(|x| x / 2.0).collect()));
    table
}

fn mixed() -> Table {
    let mut table = numbers();
    let texts = ["a", "", "b,c", "d\"e", "line\nline", "ä", " ", "7"];
    table.push("text", Column::Text(texts.map(str::to_owned).to_vec()));
    table
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits()
}

#[test]
fn csv_reads_back() {
    let folder = Folder::new();
    let path = folder.path("t.csv");
    let table = mixed();
    table.write(&path).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    assert_eq!(reader.headers().unwrap(), vec!["x", "2x", "text"]);
    let Column::Text(texts) = &table.columns[2].1 else { panic!("text") };
    let mut rows = 0;
    for (i, record) in reader.records().enumerate() {
        let record = record.unwrap();
        assert!(same(record[0].parse().unwrap(), NUMBERS[i]), "{}", &record[0]);
        assert!(record[0].len() < 26, "{}", &record[0]);
        assert_eq!(record[2], texts[i]);
        rows += 1;
    }
    assert_eq!(rows, NUMBERS.len());

    let mut odd = Table::new();
    odd.push("v", Column::Real(vec![f64::NAN, f64::NEG_INFINITY, -0.0, 1e16, 12.0]));
    let mut text = Vec::new();
    odd.write_csv(&mut text).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "v\nNaN\n-inf\n-0\n1e16\n12\n");
}

#[test]
fn npy_follows_the_format() {
    let folder = Folder::new();
    let path = folder.path("t.npy");
    numbers().write(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes[..8], *b"\x93NUMPY\x01\x00");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + header) % 64, 0);
    let text = str::from_utf8(&bytes[10..10 + header]).unwrap();
    for part in ["'descr': '<f8'", "'fortran_order': False", "'shape': (8, 2, )"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.ends_with('\n'));
    assert_eq!(bytes.len(), 10 + header + 8 * 2 * 8);
    // Row after row: the second number is the first of the second column.
    assert_eq!(bytes[10 + header + 24..][..8], (-0.75f64).to_le_bytes());

    let file = NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(file.shape(), [8, 2]);
    let values = file.into_vec::<f64>().unwrap();
    assert!(values.iter().step_by(2).zip(NUMBERS).all(|(&a, b)| same(a, b)));
}

#[test]
fn parquet_reads_back() {
    let folder = Folder::new();
    let path = folder.path("t.parquet");
    let table = mixed();
    table.write(&path).unwrap();
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr();
    let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
    assert_eq!(names, ["x", "2x", "text"]);
    let Column::Text(texts) = &table.columns[2].1 else { panic!("text") };
    let mut rows = 0;
    for (i, row) in reader.get_row_iter(None).unwrap().enumerate() {
        let row = row.unwrap();
        assert!(same(row.get_double(0).unwrap(), NUMBERS[i]));
        assert_eq!(row.get_string(2).unwrap(), &texts[i]);
        rows += 1;
    }
    assert_eq!(rows, NUMBERS.len());
}

#[test]
fn json_reads_back() {
    let folder = Folder::new();
    let path = folder.path("t.json");
    let table = mixed();
    table.write(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let Column::Text(texts) = &table.columns[2].1 else { panic!("text") };
    let records: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!((records.len(), lines.len()), (NUMBERS.len(), NUMBERS.len()));
    for (i, (record, line)) in records.iter().zip(lines).enumerate() {
        // Digit for digit, whatever a reader of JSON makes of them.
        let number = line.strip_prefix("{\"x\":").unwrap().split(',').next().unwrap();
        assert!(same(number.parse().unwrap(), NUMBERS[i]), "{line}");
        assert_eq!(record["text"].as_str().unwrap_or_default(), texts[i], "{line}");
    }
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    for name in ["t.xlsx", "t", ".csv"] {
        let error = mixed().write(&folder.path(name)).unwrap_err().to_string();
        assert!(error.ends_with(".csv, .npy, .parquet or .json"), "{error}");
    }
    let error = mixed().write(&folder.path("t.npy")).unwrap_err();
    assert!(error.to_string().contains("`text`"));
    assert_eq!(error.remedy(), Some(Remedy::WriteFormatWithText));
    let mut uneven = numbers();
    uneven.push("short", Column::Real(vec![1.0]));
    for name in ["t.csv", "t.npy", "t.parquet"] {
        let error = uneven.write(&folder.path(name)).unwrap_err().to_string();
        assert_eq!(error, "table column `short` has 1 rows, but the first column has 8");
    }
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 0);
}

#[test]
fn a_file_is_replaced_and_nothing_is_left_over() {
    let folder = Folder::new();
    let path = folder.file("a", "old");
    write_atomically(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_new_file_is_as_readable_as_any_and_a_link_stays_a_link() {
    use std::os::unix::fs::{MetadataExt, symlink};
    let folder = Folder::new();
    let plain = folder.file("plain", "x");
    let path = folder.path("atomic");
    write_atomically(&path, b"x").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode(), fs::metadata(&plain).unwrap().mode());

    let link = folder.path("link");
    symlink(&plain, &link).unwrap();
    write_atomically(&link, b"through").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&plain).unwrap(), b"through");
}

fn cause(error: &Error) -> ErrorKind {
    match error {
        Error::Write { cause, .. } | Error::Stream { cause } => cause.kind(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_write_that_fails_says_why() {
    let folder = Folder::new();
    let file = folder.file("file", "old");
    for (path, kind, remedy) in [
        (folder.path("none/a"), ErrorKind::NotFound, Remedy::MakeFolder),
        (file.join("a"), ErrorKind::NotADirectory, Remedy::LeaveFileOutOfPath),
        (folder.path(""), ErrorKind::IsADirectory, Remedy::NameFile),
    ] {
        let error = write_atomically(&path, b"new").unwrap_err();
        assert_eq!(cause(&error), kind);
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert!(!error.to_string().contains(".elbo-"), "{error}");
        assert_eq!(error.remedy(), Some(remedy), "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 1);
}

/// Runs itself once more with a limit on the size of files, so that the system
/// refuses in the middle of a write.
#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_half_way_keeps_the_old_file() {
    const CHILD: &str = "ELBO_TEST_WRITE_HALF_WAY";
    if let Some(path) = env::var_os(CHILD) {
        let error = write_atomically(path.as_ref(), &vec![1; 1 << 20]).unwrap_err();
        assert_eq!(cause(&error), ErrorKind::FileTooLarge);
        return;
    }
    let folder = Folder::new();
    let path = folder.file("a", "old");
    let name = "results::a_write_that_fails_half_way_keeps_the_old_file";
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact \"$1\""])
        .arg(env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, &path)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_a_device_survives() {
    let full = Path::new("/dev/full");
    let error = write_atomically(full, b"new").unwrap_err();
    assert_eq!(cause(&error), ErrorKind::StorageFull);
    assert!(error.to_string().contains("/dev/full"));
    assert_eq!(error.remedy(), Some(Remedy::MakeRoom));
    assert!(!fs::metadata(full).unwrap().is_file());

    let stream = File::options().write(true).open(full).unwrap();
    let error = mixed().write_csv(stream).unwrap_err();
    assert_eq!(cause(&error), ErrorKind::StorageFull);
    assert_eq!(error.remedy(), Some(Remedy::MakeRoom));
}
