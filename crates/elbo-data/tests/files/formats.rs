//! Files of other programs, and what Python holds of each: `formats/make.py` wrote both.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use elbo_data::{
    Cell, CorpusOptions, Error, Missing, ReadOptions, Remedy, Role, TableOptions, Tensors, TextColumns,
    TimeColumn, read, read_as, read_corpus, read_frame,
};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::Folder;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats")
}

fn truth() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(folder().join("truth.json")).unwrap();
    let Value::Object(files) = serde_json::from_str(&text).unwrap() else { panic!("an object") };
    files
}

fn kept() -> ReadOptions {
    ReadOptions { text: TextColumns::Kept, missing: true, ..ReadOptions::default() }
}

/// Whether a cell is what Python holds, to within so much.
fn is(cell: &Cell<'_>, value: &Value, within: f64) -> bool {
    match (cell, value) {
        (Cell::Missing, Value::Null) => true,
        (Cell::Real(cell), Value::Null) => cell.is_nan(),
        (Cell::Real(cell), Value::Number(number)) => (cell - number.as_f64().unwrap()).abs() <= within,
        (Cell::Count(count), number) => {
            number.as_u64() == Some(*count) || number.as_f64() == Some(*count as f64)
        }
        // A text is compared as it is, an instant by its first digits: zeros may follow.
        (Cell::Text(text), Value::String(other)) => text == other || same_instant(text, other),
        _ => false,
    }
}

fn same_instant(a: &str, b: &str) -> bool {
    let whole =
        |text: &str| text.contains('T').then(|| text.trim_end_matches('0').trim_end_matches('.').to_owned());
    whole(a).is_some() && whole(a) == whole(b)
}

#[test]
fn every_file_is_read_as_python_holds_it() {
    for (file, truth) in truth() {
        let part: Option<String> = truth.get("part").and_then(Value::as_str).map(Into::into);
        let within = truth.get("within").and_then(Value::as_f64).unwrap_or(0.0);
        for memory in [None, Some(64)] {
            let frame = read_frame(
                &folder().join(&file),
                &ReadOptions {
                    table: TableOptions { part: part.clone(), ..TableOptions::default() },
                    memory,
                    ..kept()
                },
            );
            let frame = frame.unwrap_or_else(|error| panic!("{error}"));
            let names: Vec<String> = frame.names().map(Into::into).collect();
            assert_eq!(Value::from(names), truth["columns"], "{file}");
            let rows = truth["rows"].as_array().unwrap();
            assert_eq!(frame.rows().unwrap(), rows.len(), "{file}");
            for (row, cells) in rows.iter().enumerate() {
                for (column, value) in cells.as_array().unwrap().iter().enumerate() {
                    let cell = frame.cell(row, column);
                    let name = &truth["columns"][column];
                    assert!(is(&cell, value, within), "{file}: row {row} of {name} is {cell:?}, not {value}");
                }
            }
            assert_eq!(frame.labels.map_or(Value::Null, Value::from), truth["labels"], "{file}");
        }
    }
}

/// A table may begin anywhere in a sheet, with titles above it and notes below; what is left out is said with its place.
#[test]
fn a_table_is_found_wherever_it_stands_in_a_sheet() {
    let read = |options: &ReadOptions| read_as::<f64>(&folder().join("placed.xlsx"), options).unwrap();
    let data = read(&ReadOptions { missing: true, ..ReadOptions::default() });
    assert_eq!(
        (data.columns.join(" "), data.rows(), data.labels.as_ref()),
        ("mass count shift".into(), 4, None)
    );
    let sums: Vec<f64> = (0..3).map(|d| data.column(d).filter(|x| !x.is_nan()).sum()).collect();
    assert_eq!((sums, data.lines.of(0)), (vec![11.25, 12.0, 0.875], 6));
    let said = |of: &str| data.reading.decisions.iter().find(|decision| decision.of == of).unwrap();
    assert_eq!(said("comments").chosen, "2 lines are left out, from 1 to 2");
    assert_eq!(said("notes").chosen, "lines 11 to 14 are left out");
    assert!(said("notes").why.ends_with("`Source: the office, 2024`"), "{}", said("notes").why);
    let role = |name: &str| &data.reading.columns.iter().find(|column| column.name == name).unwrap().role;
    assert_eq!(*role("column 4"), Role::Aside("it has neither a name nor a cell".into()));
    assert_eq!(*role("remark"), Role::Aside("every cell of it is missing".into()));
}

/// The numbers alone, as models take them.
#[test]
fn tables_of_numbers_are_numbers() {
    for (file, rows, width) in [
        ("fastparquet.parquet", 4, 2),
        ("fortran-3d.npy", 4, 6),
        ("labelled.npz", 3, 2),
        ("packed.csv.zip", 3, 2),
        ("grey", 4, 12),
        ("colour", 4, 36),
        ("symmetric.mtx", 3, 3),
        ("pattern.mtx", 2, 3),
    ] {
        let data = read_as::<f64>(&folder().join(file), &ReadOptions::default()).unwrap();
        assert_eq!((data.rows(), data.width()), (rows, width), "{file}");
    }
}

#[test]
fn pictures_are_images_of_their_full_value() {
    let read = |folder: PathBuf| read_as::<f32>(&folder, &ReadOptions::default()).unwrap();
    let grey = read(folder().join("grey"));
    assert_eq!((grey.image, grey.full_scale), (Some((3, 4)), Some(255.0)));
    let deep = read(folder().join("deep"));
    assert_eq!((deep.image, deep.full_scale), (Some((3, 4)), Some(65_535.0)));
    assert_eq!(read(folder().join("colour")).image, None);
}

/// Counts are counts in whatever format they come, and their words have names where the file has them.
#[test]
fn counts_come_in_any_format() {
    let corpus = |path: &Path| read_corpus(path, &CorpusOptions::default());
    let of = |name: &str, text: &str| {
        let files = Folder::new();
        files.file("vocab.some.txt", "alpha\nbeta\ngamma\n");
        corpus(&files.file(name, text)).unwrap_or_else(|error| panic!("{error}"))
    };
    let words = ["alpha", "beta", "gamma"].map(str::to_owned).to_vec();
    for (name, text, named) in [
        ("table.csv", "doc,alpha,beta,gamma\nd1,0,3,1\nd2,2,0,0\n", true),
        ("table.data", "alpha,beta,gamma\n0,3,1\n2,0,0\n", true),
        ("docword.some.txt", "2\n3\n3\n1 2 3\n1 3 1\n2 1 2\n", true),
        ("lines.dat", "\u{feff}2 1:3 2:1\r\n1 0:2\r\n", false),
        ("a.mtx", "%%MatrixMarket matrix array integer general\n2 3\n0\n2\n3\n0\n1\n0\n", false),
        (
            "a.mtx",
            "%%MatrixMarket matrix coordinate unsigned-integer general\n2 3 3\n1 2 3\n1 3 1\n2 1 2\n",
            false,
        ),
    ] {
        let read = of(name, text);
        assert_eq!((read.documents(), read.vocabulary), (2, 3), "{text}");
        assert_eq!(
            (read.document(0), read.document(1)),
            ((&[1, 2][..], &[3, 1][..]), (&[0][..], &[2][..])),
            "{text}"
        );
        assert_eq!(read.names, named.then(|| words.clone()), "{text}");
    }
    assert_eq!(corpus(&folder().join("integer.mtx")).unwrap().counts, [3, 1, 2]);
    assert_eq!(corpus(&folder().join("pattern.mtx")).unwrap().counts, [1, 1, 1]);
    let symmetric = of("a.mtx", "%%MatrixMarket matrix coordinate integer symmetric\n2 2 2\n1 1 4\n2 1 3\n");
    assert_eq!((&symmetric.words[..], &symmetric.counts[..]), (&[0, 1, 0][..], &[4, 3, 3][..]));

    let files = Folder::new();
    let error = corpus(&files.file("table.csv", "alpha,beta\n1,2\n3,0.5\n")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("column `beta` line 3 is `0.5`, which is a count that is no whole number"),
        "{error}"
    );
    assert_eq!(error.remedy(), Some(Remedy::GiveCounts));
}

/// The message of a file of the folder that must be refused, without its path.
fn refused(file: &str, options: &ReadOptions) -> String {
    let path = folder().join(file);
    let error = read_frame(&path, options).unwrap_err().to_string();
    error.strip_prefix(&format!("`{}` ", path.display())).map_or(error.clone(), Into::into)
}

#[test]
fn what_is_not_read_is_named() {
    let nested = refused("nested.parquet", &kept());
    assert!(
        nested.contains("column `words` holds List") && nested.ends_with("which is not read"),
        "{nested}"
    );
    assert!(refused("complex.mtx", &kept()).ends_with("complex numbers are not read"));
    assert!(refused("sparse-dia.npz", &kept()).contains("in the format `dia`: save it after `.tocsr()`"));
    let several = refused("split.npz", &kept());
    assert_eq!(
        several,
        "holds more than one table, or none; its arrays are `x_train`, `y_train`, `x_test`, `y_test`"
    );
    let other = refused(
        "sheets.xlsx",
        &ReadOptions {
            table: TableOptions { part: Some("Data".into()), ..TableOptions::default() },
            ..kept()
        },
    );
    assert_eq!(other, "has no `Data`; its sheets are `Notes`, `Data 2`");
    let files = Folder::new();
    std::fs::create_dir(files.path("a")).unwrap();
    let empty = read_frame(&files.path("a"), &kept()).unwrap_err();
    assert!(empty.to_string().ends_with("is a folder that is no table: it holds no file"), "{empty}");
    assert_eq!(empty.remedy(), Some(Remedy::GiveFolderOfParts));
    let binary = files.file("a.bin", b"\x7fELF\x02\x01\x01");
    let error = read_frame(&binary, &kept()).unwrap_err();
    let Some(Remedy::UseKnownFormat { known }) = error.remedy() else { panic!("{error}") };
    assert!(known.len() >= 10 && known.contains(&"a Parquet file"), "{known:?}");
    for (head, word) in
        [(&b"\x89HDF\r\n\x1a\n"[..], "HDF5"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel")]
    {
        let error = read_frame(&files.file("b", [head, b"\0\0\0"].concat()), &kept()).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
    for (name, text, word) in [
        ("a.csv", "<!DOCTYPE html>\n<html><body>not found, 404</body></html>\n", "a page of the web"),
        ("a.csv", "[\n {\"x\": 1, \"y\": 2},\n {\"x\": 3, \"y\": 5}]\n", "JSON"),
        ("a.txt", "{\"x\":1,\"y\":2}\n{\"x\":3,\"y\":5}\n", "JSON"),
        ("a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "Git LFS"),
        ("a.arff", "@RELATION r\n@ATTRIBUTE x NUMERIC\n@DATA\n1\n", "ARFF"),
        ("a.libsvm", "1 1:0.5 3:2\n-1 2:1.5\n", "LIBSVM"),
    ] {
        let error = read_frame(&files.file(name, text), &kept()).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        assert!(matches!(error.remedy(), Some(Remedy::UseKnownFormat { .. })), "{name}");
    }
}

/// The parts of one text table, and an error in one of them.
#[test]
fn parts_of_a_text_table_are_one() {
    let files = Folder::new();
    let parts = |folder: &str, parts: &[&str]| {
        std::fs::create_dir(files.path(folder)).unwrap();
        for (number, text) in parts.iter().enumerate() {
            files.file(&format!("{folder}/part-{number}.csv"), text);
        }
        read_as::<f64>(&files.path(folder), &ReadOptions { missing: true, ..ReadOptions::default() })
    };
    let named = parts("a", &["x,y\n1,2\n3,4", "", "x,y\n5,6\n"]).unwrap();
    assert_eq!(
        (named.columns.concat(), &named.values[..]),
        ("xy".into(), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..])
    );
    let nameless = parts("b", &["1,2\n3,4\n", "1,2\n5,7\n"]).unwrap();
    assert_eq!((nameless.rows(), nameless.columns.join(" ")), (4, "column 1 column 2".into()));
    for (folder, texts, message) in [
        ("c", ["x,y\n1,2\n3,4\n", "y,x\n5,6\n"], "part-1.csv` begins with `y,x`"),
        (
            "d",
            ["x,y\n1,2\n3,4\n", "x,y\n5,6\n7,8,9\n"],
            "part-1.csv` line 3 has 3 cells, but the first row has 2",
        ),
        (
            "e",
            ["x,y\n1,2\n3,4\n", "x,y\n5,6\n7,eight\n"],
            "part-1.csv`: column `y` line 3 is `eight`, which is not a number",
        ),
        ("f", ["1,2\n3,4\n3,4,5\n", "5,6\n"], "part-0.csv` line 3 has 3 cells, but the first row has 2"),
    ] {
        let error = parts(folder, &texts).unwrap_err().to_string();
        assert!(error.ends_with(message), "{error}");
    }
}

/// A sparse matrix whose arrays do not fit together is an error, whatever sizes they tell.
#[test]
fn damaged_sparse_matrices_are_refused() {
    let sound = std::fs::read(folder().join("counts-csc.npz")).unwrap();
    let files = Folder::new();
    for place in (0..sound.len()).step_by(7) {
        let mut bytes = sound.clone();
        bytes[place] ^= 0x55;
        let _ = read_frame(&files.file("a.npz", &bytes), &kept());
    }
    let counts = |file: &str| read_corpus(&folder().join(file), &CorpusOptions::default()).unwrap();
    for kind in ["csr", "csc", "coo"] {
        let read = counts(&format!("counts-{kind}.npz"));
        assert_eq!(
            (read.documents(), read.vocabulary, &read.counts[..]),
            (3, 4, &[1, 2, 1, 3][..]),
            "{kind}"
        );
    }
}

#[test]
fn pictures_of_two_sizes_are_named() {
    let files = Folder::new();
    let copy = |from: &str, to: &str| std::fs::copy(folder().join(from), files.path(to)).unwrap();
    std::fs::create_dir(files.path("a")).unwrap();
    copy("grey/cats/1.png", "a/1.png");
    copy("palette/bits.png", "a/2.png");
    let error = read_frame(&files.path("a"), &kept()).unwrap_err().to_string();
    assert!(error.contains("1.png` has 3x4 pixels of 1 channels of 8 bits, but `"), "{error}");
    assert!(error.ends_with("2.png` has 2x3 pixels of 1 channels of 8 bits"), "{error}");
}

/// A header may ask for anything: nothing is allocated for what the file cannot hold.
#[test]
fn sizes_are_not_believed() {
    let files = Folder::new();
    for (name, bytes) in [
        ("rows.idx", &b"\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"[..]),
        ("none.idx", b"\0\0\x08\x02\0\0\0\0\xff\xff\xff\xff"),
        ("a.mtx", b"%%MatrixMarket matrix coordinate integer general\n16777216 16777216 1\n1 1 1\n"),
        ("b.mtx", b"%%MatrixMarket matrix array real general\n16777216 16777216\n1\n"),
        ("docword.txt", b"16777216\n16777216\n1\n1 1 1\n"),
        ("a.ldac", b"1 16777215:1\n"),
    ] {
        let path = files.file(name, bytes);
        assert!(read_as::<f64>(&path, &ReadOptions::default()).is_err(), "{name}");
        assert!(read_corpus(&path, &CorpusOptions::default()).is_err(), "{name}");
    }
}

/// A Parquet file without rows whose only column lies in so many groups.
fn nested(groups: usize) -> Vec<u8> {
    let length = groups + 2;
    let mut footer =
        vec![0x15, 2, 0x19, 0xfc, length as u8 | 0x80, (length >> 7) as u8 | 0x80, (length >> 14) as u8];
    footer.extend([0x48, 1, b'r', 0x15, 2, 0]);
    for _ in 0..groups {
        footer.extend([0x35, 0, 0x18, 1, b'g', 0x15, 2, 0]);
    }
    footer.extend([0x15, 2, 0x25, 0, 0x18, 1, b'x', 0, 0x16, 0, 0x19, 0x0c, 0]);
    let size = (footer.len() as u32).to_le_bytes();
    [b"PAR1", &footer[..], &size, b"PAR1"].concat()
}

/// What lies in itself again and again is refused before it is followed: the stack and time of the parsers are not endless.
#[test]
fn depths_are_not_believed() {
    let files = Folder::new();
    let refused = |bytes: Vec<u8>| read_frame(&files.file("a", bytes), &kept()).unwrap_err().to_string();
    for groups in [100, 100_000] {
        assert!(refused(nested(groups)).contains("its columns lie more than 64 deep in others"), "{groups}");
    }
    assert!(refused(nested(1)).contains("column `g` holds Struct"), "{}", refused(nested(1)));
    for bracket in ["[", "(", "{"] {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {}", bracket.repeat(5000));
        let length = (header.len() as u16).to_le_bytes();
        let message = refused([b"\x93NUMPY\x01\x00", &length[..], header.as_bytes()].concat());
        assert!(message.contains("has a header of brackets in brackets"), "{message}");
    }
}

/// A workbook whose sheet has these rows: the cells of each by their places.
fn workbook(mut rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let file = std::fs::File::open(folder().join("openpyxl.xlsx")).unwrap();
    let (mut from, mut to) =
        (ZipArchive::new(file).unwrap(), ZipWriter::new(std::io::Cursor::new(Vec::new())));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let cell = |place: &String| format!("<c r=\"{place}\"><v>1.5</v></c>");
    let row = |cells: Vec<String>| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>());
    for entry in 0..from.len() {
        let mut part = from.by_index(entry).unwrap();
        let name = part.name().unwrap().into_owned();
        to.start_file(&*name, stored).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            let names = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
            let rows: String = rows.by_ref().map(row).collect();
            write!(to, "<worksheet xmlns=\"{names}\"><sheetData>{rows}</sheetData></worksheet>").unwrap();
            continue;
        }
        std::io::copy(&mut part, &mut to).unwrap();
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn cells_far_away_are_named() {
    let files = Folder::new();
    let read = |rows: Vec<Vec<&str>>| {
        let rows = rows.into_iter().map(|row| row.into_iter().map(Into::into).collect());
        read_frame(&files.file("a.xlsx", workbook(rows)), &kept())
    };
    for far in ["A1048577", "A4000000000", "XFE2", "ZZZZZ2"] {
        let message = read(vec![vec!["A1"], vec![far]]).unwrap_err().to_string();
        assert!(message.contains("lies outside of any sheet of Excel's"), "{far}: {message}");
    }
    let frame = read(vec![vec!["A1"], vec!["A2", "XFD2"]]).unwrap();
    assert_eq!((frame.rows().unwrap(), frame.width()), (2, 16_384));
    let rows =
        (1..=1000).map(|row| vec![format!("A{row}"), format!("B{row}")]).chain([vec!["XFD1001".into()]]);
    let message = read_frame(&files.file("b.xlsx", workbook(rows)), &kept()).unwrap_err().to_string();
    assert!(message.contains("has 2001 cells in 1001 rows of 16384 columns"), "{message}");
}

#[test]
fn every_cut_of_a_file_is_an_error() {
    let files = Folder::new();
    for name in
        ["pyarrow-zstd.parquet", "pyarrow-lz4.arrow", "labelled.npz", "openpyxl.xlsx", "packed.csv.zst"]
    {
        let whole = std::fs::read(folder().join(name)).unwrap();
        for cut in [1, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let path = files.file(name, &whole[..cut]);
            let error = read_frame(&path, &kept()).expect_err(name);
            assert!(!matches!(error, Error::Read { .. }), "{name} of {cut} bytes: {error}");
        }
    }
}

#[test]
fn a_line_without_end_is_refused() {
    let files = Folder::new();
    let long = "1 0:1 ".repeat(12 << 20);
    let error =
        read_corpus(&files.file("a.ldac", format!("1 0:1\n{long}")), &CorpusOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("line 2 has more than 67108864 bytes"), "{error}");
    let error = read_corpus(
        &files.file("b.ldac", format!("1 {}\n", "\u{1b}".repeat(1 << 20))),
        &CorpusOptions::default(),
    );
    let message = error.unwrap_err().to_string();
    assert!(message.len() < 1000 && !message.contains('\u{1b}'), "{message}");
}

/// Each byte of a file as another, one at a time: it is read or refused.
#[test]
fn no_damaged_byte_stops_the_program() {
    let files = Folder::new();
    for name in ["polars-plain.arrow", "hive/year=2023/town=Bern/part-0.parquet"] {
        let whole = std::fs::read(folder().join(name)).unwrap();
        let mut refused = 0;
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] = !damaged[place];
            refused += usize::from(read_frame(&files.file("damaged", &damaged), &kept()).is_err());
        }
        assert!(refused > whole.len() / 4, "{name}: {refused} of {}", whole.len());
    }
}

#[test]
fn what_is_refused_cannot_act_on_a_terminal() {
    let files = Folder::new();
    let name = "a\u{1b}[2Jb";
    let told = |error: Error| {
        let message = error.to_string();
        assert!(message.contains("a\\u{1b}[2Jb") && !message.contains('\u{1b}'), "{message}");
    };
    let table = |cells: &str| files.file("a.csv", format!("x,{name}\n{cells}"));
    told(read_corpus(&table("1,2\n3,-4\n"), &CorpusOptions::default()).unwrap_err());
    told(read(&table("1,\n3,4\n"), &ReadOptions::default()).unwrap_err());
    let path = table("1,red\n3,blue\n");
    let timed = ReadOptions { time: TimeColumn::Named(name.into()), ..ReadOptions::default() };
    told(read(&path, &timed).unwrap_err());
    let frame = read_frame(&path, &kept()).unwrap();
    told(frame.write(&files.path("a.npy")).unwrap_err());
    told(frame.column("y").unwrap_err());
    told(frame.numbers::<f64>(Missing::Refused).unwrap_err());
    let mut tensors = Tensors::new();
    tensors.insert_f32(name, &[1], vec![1.0]);
    tensors.write(&files.path("a.safetensors")).unwrap();
    let mut tensors = Tensors::read(&files.path("a.safetensors")).unwrap();
    told(tensors.take_f32(name, &[2]).unwrap_err());
    told(tensors.take_f32(&format!("{name}c"), &[2]).unwrap_err());
}
