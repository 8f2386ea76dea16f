//! Frames: from a caller, from files, and back.

use std::path::Path;

use elbo_data::{
    Cell, CellFault, Column, ColumnKind, Corpus, CorpusOptions, Error, Frame, Levels, Matrix, Missing,
    Number, Numbers, Precision, ReadOptions, Role, Sparse, TableOptions, TextColumns, digits, digits_frame,
    read, read_as, read_corpus, read_frame,
};

use crate::Folder;

/// A column of each kind, a matrix and sparse counts; in row 1 all is missing that may be.
fn every_kind() -> Frame {
    let levels = |codes: [Option<u32>; 3]| {
        Levels::new(["low", "high"].map(str::to_owned).to_vec(), codes.to_vec()).unwrap()
    };
    let matrix = Matrix::new(vec!["m1".into(), "m2".into()], vec![0.5_f32, 2.0, f32::NAN, 3.0, 1.5, 0.0]);
    let sparse = Sparse {
        offsets: vec![0, 1, 1, 3],
        columns: vec![1, 0, 2],
        counts: vec![4, 1, 7],
        width: 3,
        names: None,
    };
    Frame::new()
        .with("real", Column::Real(vec![-1.5, f64::NAN, 0.1]))
        .with("count", Column::Count(vec![Some(3), None, Some(0)]))
        .with("binary", Column::Binary(vec![Some(true), None, Some(false)]))
        .with("category", Column::Category(levels([Some(1), None, Some(0)])))
        .with("ordinal", Column::Ordinal(levels([Some(0), None, Some(1)])))
        .with("time", Column::Time(vec![Some(0), None, Some(86_400_000_000)]))
        .with("text", Column::Text(vec!["a".into(), String::new(), "b".into()]))
        .with("matrix", Column::Matrix(matrix))
        .with("counts", Column::Sparse(sparse))
}

fn cells(frame: &Frame, row: usize) -> Vec<Cell<'_>> {
    (0..frame.width()).map(|column| frame.cell(row, column)).collect()
}

fn names(frame: &Frame) -> Vec<String> {
    frame.names().map(std::borrow::Cow::into_owned).collect()
}

/// Bits, so that NaN equals itself.
fn bits<T: Number>(values: &[T]) -> Vec<u64> {
    values.iter().map(|&value| value.into().to_bits()).collect()
}

#[test]
fn every_kind_has_its_cells() {
    let frame = every_kind();
    assert_eq!((frame.rows().unwrap(), frame.width()), (3, 12));
    assert_eq!(
        names(&frame),
        ["real", "count", "binary", "category", "ordinal", "time", "text", "m1", "m2", "0", "1", "2"]
    );
    assert_eq!(
        frame.kinds(),
        [
            ColumnKind::Real,
            ColumnKind::Count,
            ColumnKind::Binary,
            ColumnKind::Category,
            ColumnKind::Ordinal,
            ColumnKind::Time,
            ColumnKind::Text,
            ColumnKind::Real,
            ColumnKind::Count,
            ColumnKind::Count,
            ColumnKind::Count,
            ColumnKind::Count
        ]
    );
    let text = |text: &'static str| Cell::Text(text.into());
    assert_eq!(
        cells(&frame, 2),
        [
            Cell::Real(0.1),
            Cell::Count(0),
            Cell::Count(0),
            text("low"),
            text("high"),
            text("1970-01-02"),
            text("b"),
            Cell::Real(1.5),
            Cell::Real(0.0),
            Cell::Count(1),
            Cell::Count(0),
            Cell::Count(7)
        ]
    );
    assert!(cells(&frame, 1)[1..7].iter().all(|cell| *cell == Cell::Missing));
    assert!(matches!(frame.cell(1, 7), Cell::Real(value) if value.is_nan()));
    assert_eq!(frame.place_of("m2").unwrap(), 8);
    let error = frame.place_of("m3").unwrap_err().to_string();
    assert!(error.starts_with("`data` has no column `m3`; its columns are `real`, `count`"), "{error}");
}

#[test]
fn rows_and_columns_are_chosen_in_any_order() {
    let frame = every_kind();
    let turned = frame.at_rows(&[2, 0, 2]);
    for (row, of) in [2, 0, 2].into_iter().enumerate() {
        assert_eq!(cells(&turned, row), cells(&frame, of));
    }
    // Out of the matrix and the counts in two runs each, with others between, and out of order.
    let chosen = [8, 6, 7, 11, 9, 0, 10];
    let kept = every_kind().select(&chosen).unwrap();
    let all = names(&frame);
    // Sparse counts without names are numbered anew.
    assert_eq!(names(&kept)[..3], [all[8].clone(), all[6].clone(), all[7].clone()]);
    for row in [0, 2] {
        let expected: Vec<Cell<'_>> = chosen.iter().map(|&column| frame.cell(row, column)).collect();
        assert_eq!(cells(&kept, row), expected);
    }
    let wide = || {
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let matrix = Matrix::new(names, (0..6).map(f64::from).collect());
        Frame::new().with("m", Column::Matrix(matrix)).with("x", Column::Real(vec![-1.0, -2.0]))
    };
    let kept = wide().select(&[2, 0, 3, 1]).unwrap();
    assert_eq!(names(&kept), ["c", "a", "x", "b"]);
    assert_eq!(cells(&kept, 1), [5.0, 3.0, -2.0, 4.0].map(Cell::Real));
    let same = digits_frame().select(&(0..64).collect::<Vec<_>>()).unwrap();
    let Column::Matrix(matrix) = &same.columns[0].1 else { panic!("a matrix") };
    assert_eq!(matrix.image, Some((8, 8)));
}

#[test]
fn numbers_are_one_matrix() {
    let numbers = every_kind().select(&[7, 0, 2, 9, 1]).unwrap().numbers::<f64>(Missing::IsNan).unwrap();
    assert_eq!(numbers.columns, ["m1", "real", "binary", "0", "count"]);
    assert_eq!(numbers.row(2), [1.5, 0.1, 0.0, 1.0, 0.0]);
    let missing: Vec<bool> = numbers.row(1).iter().map(|x| x.is_nan()).collect();
    assert_eq!(missing, [true, true, true, false, true]);

    let refused = |frame: Frame| frame.numbers::<f32>(Missing::Refused).unwrap_err().to_string();
    assert_eq!(
        refused(every_kind().select(&[0]).unwrap()),
        "`data`: column `real` line 2 is NaN, which is an empty cell"
    );
    assert_eq!(
        refused(every_kind().select(&[3]).unwrap()),
        "`data`: column `category` holds categories, not numbers"
    );
    let of = |values: Vec<f64>| Frame::new().with("x", Column::Real(values));
    assert!(refused(of(vec![0.0, f64::INFINITY])).ends_with("line 2 is inf, which is not a finite number"));
    assert!(matches!(
        of(vec![1e39]).numbers::<f32>(Missing::IsNan).unwrap_err(),
        Error::Number { fault: CellFault::TooLarge, value: 1e39, .. }
    ));
    assert_eq!(of(vec![1e39]).numbers::<f64>(Missing::Refused).unwrap().values[..], [1e39]);
    assert!(matches!(Frame::new().numbers::<f32>(Missing::IsNan).unwrap_err(), Error::NoColumns { .. }));
    let uneven = every_kind().with("short", Column::Real(vec![1.0]));
    assert_eq!(
        uneven.rows().unwrap_err().to_string(),
        "table column `short` has 1 rows, but the first column has 3"
    );
}

/// A table whose shortest texts lie halfway between two 32-bit floats in 64 bits: rounding twice would show.
#[test]
fn single_precision_is_that_of_the_text() {
    // 1 + 2⁻²⁴ + 2⁻⁶⁰: above halfway, but in 64 bits exactly halfway, which goes to the even neighbour.
    let cell = "1.000000059604644775390625867361737988403547205962240695953369140625";
    assert_eq!((cell.parse::<f64>().unwrap() as f32, cell.parse::<f32>().unwrap()), (1.0, 1.000_000_1));
    let folder = Folder::new();
    let path = folder.file("a.csv", format!("x,y\n{cell},2\n3,4\n"));
    let with = |precision| read_frame(&path, &ReadOptions { precision, ..ReadOptions::default() }).unwrap();
    let single = with(Precision::Single).numbers::<f32>(Missing::Refused).unwrap();
    assert_eq!(single.values[..], read(&path, &ReadOptions::default()).unwrap().values[..]);
    assert_eq!(single.values[0], 1.000_000_1);
    assert_eq!(with(Precision::Double).numbers::<f32>(Missing::Refused).unwrap().values[0], 1.0);
}

#[test]
fn kinds_are_told_by_all_rows() {
    let folder = Folder::new();
    let row = |i: i32| format!("{i},{i}.0,{},2024-02-{:02},note {i},{}\n", i % 3, i % 28 + 1, i % 2);
    let mut text =
        "visits,price,kind,day,note,sex\n".to_owned() + &(0..50).map(row).collect::<Vec<_>>().concat();
    text += "7,0.5,three,,NA,\n";
    let path = folder.file("a.csv", &text);
    let options = ReadOptions { text: TextColumns::Kept, missing: true, ..ReadOptions::default() };
    let frame = read_frame(&path, &options).unwrap();
    assert_eq!(
        frame.kinds(),
        [
            ColumnKind::Count,
            ColumnKind::Real,
            ColumnKind::Category,
            ColumnKind::Time,
            ColumnKind::Text,
            ColumnKind::Binary
        ]
    );
    // Numbers side by side are one block; the text of the first rows is as it was, though they read as numbers.
    assert_eq!(frame.columns.iter().map(|(_, column)| column.width()).collect::<Vec<_>>(), [2, 1, 1, 1, 1]);
    let Column::Category(levels) = &frame.columns[1].1 else { panic!("levels") };
    assert_eq!(levels.names(), ["0", "1", "2", "three"]);
    assert_eq!((frame.cell(50, 3), frame.cell(50, 4)), (Cell::Missing, Cell::Missing));
    assert_eq!(frame.place(50, 2).to_string(), "column `kind` line 52");
    // A column of numbers with some text is no label, and not left out unsaid.
    let error = read_frame(&path, &ReadOptions { text: TextColumns::Aside, ..options.clone() })
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("column `kind` line 52 is `three`, which is not a number"), "{error}");
    let table = TableOptions { drop: vec!["kind".into()], ..TableOptions::default() };
    let numbers = read_frame(&path, &ReadOptions { text: TextColumns::Aside, table, ..options }).unwrap();
    assert_eq!(names(&numbers), ["visits", "price", "sex"]);
    let role =
        |name: &str| numbers.reading.columns.iter().find(|column| column.name == name).unwrap().role.clone();
    assert_eq!((role("note"), role("visits")), (Role::Label, Role::Data));
    let Role::Aside(why) = role("day") else { panic!("set aside") };
    assert_eq!(why, "it holds dates");
}

#[test]
fn a_label_column_does_not_part_a_block() {
    let folder = Folder::new();
    let path = folder.file("a.csv", "a,kind,b\n1,x,2\n3,y,4\n");
    let options =
        ReadOptions { label_columns: vec!["kind".into()], text: TextColumns::Kept, ..ReadOptions::default() };
    let frame = read_frame(&path, &options).unwrap();
    assert_eq!((frame.columns.len(), names(&frame)), (1, vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(frame.labels.as_ref().unwrap(), &["x", "y"]);
    let chosen = frame.at_rows(&[1]);
    assert_eq!((chosen.labels.as_ref().unwrap(), chosen.lines.of(0)), (&vec!["y".to_owned()], 3));
}

#[test]
fn places_are_exact_past_empty_lines_and_quotes() {
    let folder = Folder::new();
    let path = folder.file("a.csv", "a,b\n1,2\n\n3,4\n\"5\n\",6\n7,8\n");
    let frame = read_frame(&path, &ReadOptions::default()).unwrap();
    assert_eq!([0, 1, 2, 3].map(|row| frame.lines.of(row)), [2, 4, 5, 7]);
    assert_eq!(frame.place(3, 1).to_string(), "column `b` line 7");
}

#[test]
fn blocks_that_take_more_memory_lie_in_a_file_to_the_same_bits() {
    let folder = Folder::new();
    let rows: Vec<String> =
        (0..500).map(|i| format!("{},{},t{},{}", i, f64::from(i) / 7.0, i % 5, i * i)).collect();
    let path = folder.file("a.csv", rows.join("\n"));
    let with = |memory| {
        let options = ReadOptions { text: TextColumns::Kept, memory, ..ReadOptions::default() };
        read_frame(&path, &options).unwrap()
    };
    let in_memory = |frame: &Frame| {
        let held = |(_, column): &(String, Column)| match column {
            Column::Matrix(matrix) => Some(matrix.values.held() > 0),
            _ => None,
        };
        frame.columns.iter().filter_map(held).collect::<Vec<_>>()
    };
    // 500 rows of 3 numbers of 8 bytes, in two blocks that share the memory.
    for (memory, held) in [(None, true), (Some(12_000), true), (Some(11_999), false), (Some(64), false)] {
        assert_eq!(in_memory(&with(memory)), [held; 2], "{memory:?}");
    }
    let (held, mapped) = (with(None), with(Some(64)));
    assert_eq!(held.fingerprint::<f64>().unwrap(), mapped.fingerprint::<f64>().unwrap());
    assert_eq!(cells(&held.at_rows(&[499, 3]), 0), cells(&mapped.at_rows(&[499, 3]), 0));
    let numbers = |frame: Frame| frame.select(&[3, 1, 0]).unwrap().numbers::<f32>(Missing::Refused).unwrap();
    let (held, mapped) = (numbers(held), numbers(mapped));
    assert!(held.values.held() > 0 && mapped.values.held() == 0);
    assert_eq!(bits(&held.values), bits(&mapped.values));
    assert_eq!(held.row(499), [249_001.0, (499.0_f64 / 7.0) as f32, 499.0]);
}

/// Bytes need no more than 32 bits, and are as the f64 of a fit by coordinate ascent.
#[test]
fn bytes_are_stored_in_single_precision() {
    let folder = Folder::new();
    let path = folder.file("a", [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 255]);
    let frame = read_frame(&path, &ReadOptions::default()).unwrap();
    let Column::Matrix(matrix) = &frame.columns[0].1 else { panic!("a matrix") };
    assert!(matches!(matrix.values, Numbers::F32(_)));
    let numbers = read_as::<f64>(&path, &ReadOptions::default()).unwrap();
    assert_eq!(numbers.values[..], [1.0, 2.0, 3.0, 255.0]);
    assert_eq!(frame.fingerprint::<f64>().unwrap(), numbers.fingerprint());
    let wide = folder.file("b", [0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 0, 0, 1]);
    assert_eq!(read_as::<f64>(&wide, &ReadOptions::default()).unwrap().values[1], 16_777_217.0);
}

#[test]
fn fingerprints_are_those_of_data_sets_and_corpora() {
    assert_eq!(digits_frame().fingerprint::<f32>().unwrap(), digits().fingerprint());
    let folder = Folder::new();
    let path = folder.file("a.ldac", "2 1:2 4:6\n0\n1 0:1\n");
    let corpus: Corpus = read_corpus(&path, &CorpusOptions::default()).unwrap();
    let frame = read_frame(&path, &ReadOptions::default()).unwrap();
    assert_eq!(frame.fingerprint::<f32>().unwrap(), corpus.fingerprint());
    let print = |frame: &Frame| frame.fingerprint::<f64>().unwrap();
    let texts = |of: [&str; 2]| Frame::new().with("x", Column::Text(of.map(str::to_owned).to_vec()));
    assert_ne!(print(&texts(["ab", "c"])), print(&texts(["a", "bc"])));
    let whole = print(&every_kind());
    assert_eq!(whole, print(&every_kind()));
    for (column, of) in [("text", "category"), ("time", "ordinal"), ("real", "count")] {
        let mut other = every_kind();
        let place =
            |frame: &Frame, name: &str| frame.columns.iter().position(|(other, _)| other == name).unwrap();
        let (a, b) = (place(&other, column), place(&other, of));
        other.columns.swap(a, b);
        assert_ne!(print(&other), whole, "{column}");
    }
}

fn write(frame: &Frame, path: &Path) {
    frame.write(path).unwrap();
}

#[test]
fn a_frame_that_is_written_reads_back() {
    let folder = Folder::new();
    let rows = |i: i32| if i % 7 == 3 { None } else { Some(i) };
    let texts: Vec<String> = (0..40).map(|i| ["", "b", "a"][(i % 3) as usize].into()).collect();
    let frame = Frame::new()
        .with(
            "real",
            Column::Real((0..40).map(|i| rows(i).map_or(f64::NAN, |i| f64::from(i) / 3.0)).collect()),
        )
        .with("count", Column::Count((0..40).map(|i| rows(i).map(|i| i as u64 * 3)).collect()))
        .with("binary", Column::Binary((0..40).map(|i| rows(i).map(|i| i % 2 == 1)).collect()))
        .with("category", Column::of_texts(texts))
        .with("time", Column::Time((0..40).map(|i| rows(i).map(|i| i64::from(i) * 3_600_000_000)).collect()));
    let path = folder.path("a.csv");
    write(&frame, &path);
    let options = ReadOptions { text: TextColumns::Kept, missing: true, ..ReadOptions::default() };
    let back = read_frame(&path, &options).unwrap();
    assert_eq!(
        back.kinds(),
        [ColumnKind::Real, ColumnKind::Count, ColumnKind::Binary, ColumnKind::Category, ColumnKind::Time]
    );
    for row in 0..40 {
        for column in 0..5 {
            let number = |frame: &Frame| match frame.cell(row, column) {
                Cell::Real(value) => Some(value.to_bits()),
                Cell::Count(value) => Some((value as f64).to_bits()),
                Cell::Missing if column < 3 => Some(f64::NAN.to_bits()),
                Cell::Missing | Cell::Text(_) => None,
            };
            let same = if column < 3 {
                number(&frame) == number(&back)
            } else {
                frame.cell(row, column) == back.cell(row, column)
            };
            assert!(same, "{row} {column}: {:?} {:?}", frame.cell(row, column), back.cell(row, column));
        }
    }
}

#[test]
fn parquet_keeps_kinds_and_missing_cells() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let folder = Folder::new();
    let path = folder.path("a.parquet");
    write(&every_kind(), &path);
    let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
    assert_eq!(
        rows[2],
        "{real: 0.1, count: 0, binary: 0, category: \"low\", ordinal: \"high\", time: 1970-01-02 00:00:00.000000 \
         +00:00, text: \"b\", m1: 1.5, m2: 0E0, 0: 1, 1: 0, 2: 7}"
    );
    assert!(rows[1].starts_with("{real: NaN, count: null, binary: null, category: null"), "{}", rows[1]);
}

#[test]
fn levels_are_checked() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let error = Levels::new(names(&["a", "b", "a"]), vec![]).unwrap_err().to_string();
    assert_eq!(error, "two levels have the name `a`");
    let error = Levels::new(names(&["a", "b"]), vec![Some(1), None, Some(2)]).unwrap_err().to_string();
    assert_eq!(error, "row 3 is of level 2, but there are 2, from 0");
}

/// A table is read twice, of which a stream is kept.
#[cfg(unix)]
#[test]
fn a_stream_is_kept() {
    let options = ReadOptions { text: TextColumns::Kept, ..ReadOptions::default() };
    let folder = Folder::new();
    let pipe = folder.path("a.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, "a,b\n1,2\n3,x\n")
    });
    for _ in 0..2 {
        let frame = read_frame(&pipe, &options).unwrap();
        assert_eq!((frame.rows().unwrap(), frame.cell(1, 1)), (2, Cell::Text("x".into())));
    }
    writer.join().unwrap().unwrap();
}
