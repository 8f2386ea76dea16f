//! CSV and TSV.

use elbo_data::{Dataset, ReadOptions, Remedy, Role, read};

use crate::{Folder, gzip, read_bytes, refusal};

fn plain() -> ReadOptions {
    ReadOptions::default()
}

fn label(column: &str) -> ReadOptions {
    ReadOptions { label_columns: vec![column.into()], ..plain() }
}

fn csv(text: &str, options: &ReadOptions) -> Dataset {
    read_bytes("data.csv", text, options).unwrap()
}

fn refused(text: &str, options: &ReadOptions) -> (String, Option<Remedy>) {
    refusal("data.csv", text, options)
}

fn mend(column: &str, number: usize) -> Remedy {
    Remedy::MendCell { column: column.into(), number }
}

#[test]
fn a_header_is_recognised() {
    let data = csv("a,b\n1, 2.5\n-3e1,+4\n", &plain());
    assert_eq!(data.columns, ["a", "b"]);
    assert_eq!(data.values[..], [1.0, 2.5, -30.0, 4.0]);
    assert_eq!((data.rows(), data.width(), data.lines.of(0)), (2, 2, 2));
    assert_eq!((data.labels, data.image, data.full_scale), (None, None, None));

    let data = csv("1,2\n3,4\n", &plain());
    assert_eq!(data.columns, ["column 1", "column 2"]);
    assert_eq!((data.rows(), data.lines.of(0)), (2, 1));

    // Years as names, text above a number beside them.
    let data = csv("id,2019,2020\n1,2,3\n4,5,6\n", &plain());
    assert_eq!((data.columns[0].as_str(), data.rows()), ("2019", 2));

    // The nameless first column of a saved index.
    let data = csv(",b\n0,2\n1,4\n", &plain());
    assert_eq!((data.columns, data.reading.columns[0].role.clone()), (vec!["b".to_owned()], Role::RowNumber));
}

#[test]
fn a_label_column_goes_by_name_number_or_last() {
    let text = "a,kind,b\n1,x,2\n3,y z,4\n";
    for column in ["kind", "2"] {
        let data = csv(text, &label(column));
        assert_eq!(data.columns, ["a", "b"]);
        assert_eq!(data.values[..], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(data.labels.unwrap(), ["x", "y z"]);
    }
    // No header: the labels alone are text.
    let data = csv("1,2,x\n3,4,y\n", &label("last"));
    assert_eq!((data.rows(), data.lines.of(0)), (2, 1));
    assert_eq!(data.labels.unwrap(), ["x", "y"]);
    // A name goes before a number.
    let data = csv("2,1,0\n5,6,7\n8,9,10\n", &label("1"));
    assert_eq!(data.labels.unwrap()[0], "2");
    let data = csv("2,1,name\n5,6,7\n8,9,10\n", &label("name"));
    assert_eq!(data.labels.unwrap(), ["7", "10"]);
}

#[test]
fn delimiters_go_by_ending() {
    for (name, text) in [
        ("a.tsv", "a\tb\n1\t2\n3\t4\n"),
        ("a.txt", "a\tb\n1\t2\n3\t4\n"),
        ("a.txt", "a,b\n1,2\n3,4\n"),
        ("A.CSV", "a,b\r\n1,2\r\n3,4"),
        ("a.csv", "\u{feff}a,b\n1,2\n3,4\n"),
        ("a.csv", "a,\"b\"\n\n1,\"2\"\n\n3,4\n\n"),
    ] {
        let data = read_bytes(name, text, &plain()).unwrap();
        assert_eq!(data.columns, ["a", "b"], "{name} {text:?}");
        assert_eq!(data.values[..], [1.0, 2.0, 3.0, 4.0], "{name} {text:?}");
    }
    let data = read_bytes("a.csv.gz", gzip(b"1,2\n3,4\n"), &plain()).unwrap();
    assert_eq!(data.rows(), 2);
    // Content goes before name.
    let data = read_bytes("a.csv", gzip(b"1,2\n3,4\n"), &plain()).unwrap();
    assert_eq!(data.rows(), 2);
}

#[test]
fn rows_can_be_images() {
    let image = |height, width| ReadOptions { image: Some((height, width)), ..plain() };
    let data = csv("1,2,3,4\n5,6,7,8\n", &image(2, 2));
    assert_eq!(data.image, Some((2, 2)));
    assert_eq!(data.columns, ["pixel 1,1", "pixel 1,2", "pixel 2,1", "pixel 2,2"]);
    assert_eq!(csv("a,b\n1,2\n3,4\n", &image(1, 2)).columns, ["a", "b"]);
    for (height, width) in [(2, 3), (0, 4), (usize::MAX, 3)] {
        let (message, remedy) = refused("1,2,3,4\n5,6,7,8\n", &image(height, width));
        assert_eq!(message, format!("FILE has 4 columns, which do not fit an image of {height}x{width}"));
        assert_eq!(remedy, Some(Remedy::FitImageToColumns));
    }
}

#[test]
fn cells_that_hold_no_number_are_named() {
    let text = |cell: &str| format!("mass,the depth\n1,2\n3,4\n5,{cell}\n");
    let (message, remedy) = refused(&text("deep"), &plain());
    assert_eq!(message, "FILE: column `the depth` line 4 is `deep`, which is not a number");
    assert_eq!(remedy, Some(mend("the depth", 2)));
    let (message, _) = refused("1,2\n1,x\n2,3\n", &plain());
    assert_eq!(message, "FILE: column `column 2` line 2 is `x`, which is not a number");
    // Columns of text are set aside, one alone as the label.
    let data = csv("species,mass\nAdelie,1\nGentoo,2\n", &plain());
    assert_eq!(
        (data.columns, data.labels.unwrap()),
        (vec!["mass".to_owned()], vec!["Adelie".into(), "Gentoo".into()])
    );
    assert_eq!(csv("1,x\n2,y\n", &plain()).labels.unwrap(), ["x", "y"]);

    for (cell, reason, advice) in [
        ("", "an empty cell", Some(Remedy::FillMissing)),
        ("NaN", "a missing cell", Some(Remedy::FillMissing)),
        ("-inf", "not a finite number", None),
        ("infinity", "not a finite number", None),
        ("1e39", "too large for the numbers that are computed with", Some(Remedy::RescaleColumn)),
        ("NA", "a missing cell", Some(Remedy::FillMissing)),
    ] {
        for (text, place) in [
            (format!("a,b\n1,2\n3,{cell}\n"), "column `b` line 3"),
            (format!("a,b\r\n1,2\r\n\r\n3,{cell}\r\n"), "column `b` line 4"),
            (format!("\u{feff}a,b\n\n\"1\",2\n3,{cell}\n"), "column `b` line 4"),
            // No header, and the first line no header for it.
            (format!("1,{cell}\n2,3\n"), "column `column 2` line 1"),
        ] {
            let (message, remedy) = refused(&text, &plain());
            assert_eq!(message, format!("FILE: {place} is `{cell}`, which is {reason}"), "{text:?}");
            let column = if text.starts_with('1') { "column 2" } else { "b" };
            assert_eq!(remedy, Some(advice.clone().unwrap_or_else(|| mend(column, 2))));
        }
    }
}

/// A row whose only cell is missing is an empty line; elsewhere, and at both ends, it is none.
#[test]
fn an_empty_line_is_the_empty_cell_of_one_column() {
    let missing = ReadOptions { missing: true, ..plain() };
    for (text, first_line) in [
        ("flow\n1\n\n\n4\n", 2),
        ("\n\nflow\n1\n\n\n4\n\n\n", 4),
        ("flow\r\n1\r\n\r\n\r\n4", 2),
        ("flow\r1\r\r\r4\r", 2),
        ("\u{feff}\"fl\now\"\n\"1\n\"\n\n  \n\"4\"\n", 3),
        ("\n1\n\n\"\"\n4", 2),
    ] {
        for name in ["a.csv", "a.tsv"] {
            let data = read_bytes(name, text, &missing).unwrap();
            let cells: Vec<Option<f32>> = data.values.iter().map(|x| (!x.is_nan()).then_some(*x)).collect();
            assert_eq!(cells, [Some(1.0), None, None, Some(4.0)], "{text:?}");
            assert_eq!(data.lines.of(0), first_line, "{text:?}");
        }
    }
    let first = csv("flow\n\n2\n", &missing);
    assert!(first.values[0].is_nan() && (first.rows(), first.lines.of(0)) == (2, 2));
    assert_eq!(csv("a,b\n1,2\n\n3,4\n", &missing).rows(), 2);

    for (text, line) in [("a\n1\n\n3\n", 3), ("\n\na\r\n1\r\n2\r\n\r\n3\r\n", 6)] {
        let (message, remedy) = refused(text, &plain());
        assert_eq!(message, format!("FILE: column `a` line {line} is ``, which is an empty cell"));
        assert_eq!(remedy, Some(Remedy::FillMissing));
    }
}

#[test]
fn lines_are_counted_within_quotes() {
    for (text, line) in [("a,b\n\n1,2\n1,\"x\ny\"\n", 4), ("a,b\n\"1\n\n\",2\n3,x", 5)] {
        let (message, _) = refused(text, &plain());
        assert!(message.starts_with(&format!("FILE: column `b` line {line} is `x")), "{message}");
    }
}

#[test]
fn tables_that_are_no_tables_are_refused() {
    assert_eq!(refused("", &plain()).0, "FILE is empty");
    assert_eq!(refused("\n\n", &plain()).0, "FILE is empty");
    assert_eq!(refusal("a.csv.gz", gzip(b""), &plain()).0, "FILE is empty");
    assert_eq!(refused("a,b\n", &plain()).0, "FILE has 0 rows, but at least 2 are needed");
    assert_eq!(refused("a,b\n1,2\n", &plain()).0, "FILE has 1 rows, but at least 2 are needed");
    let single = ReadOptions { single: true, ..plain() };
    assert_eq!(refused("a,b\n", &single).0, "FILE has 0 rows, but at least 1 are needed");
    assert_eq!(
        refused("kind\nx\ny\n", &label("kind")).0,
        "FILE has no column of values: `kind` is the label"
    );
    for (text, line, actual) in
        [("a,b\n1,2\n3\n", 3, 1), ("1,2\n\n3,4,5\n", 3, 3), ("a,b\r\n1,2\r\n\"3\n\",4,5\r\n", 3, 3)]
    {
        let (message, remedy) = refused(text, &plain());
        assert_eq!(message, format!("FILE line {line} has {actual} cells, but the first row has 2"));
        assert_eq!(remedy, Some(Remedy::CheckDelimiterAndQuotes));
    }
    // A damaged character among others of UTF-8.
    let (message, remedy) = refusal("a.csv", b"a,\xc3\xa4\n1,2\n3,\xff\n", &plain());
    assert_eq!(message, "FILE line 3 is not valid UTF-8");
    assert_eq!(remedy, Some(Remedy::SaveAsUtf8));
    let (message, remedy) = refusal("a.bin", b"\x7fELF\x02", &plain());
    assert_eq!(message, "FILE has no known format");
    assert!(
        matches!(remedy, Some(Remedy::UseKnownFormat { known }) if known.iter().any(|name| name.contains(".csv")))
    );
}

#[test]
fn an_unknown_label_column_lists_the_names() {
    for wanted in ["colour", "0", "3", ""] {
        let (message, remedy) = refused("a,b\n1,2\n3,4\n", &label(wanted));
        assert_eq!(message, format!("FILE has no column `{wanted}`; its columns are `a`, `b`"));
        assert_eq!(remedy, Some(Remedy::NameColumn { near: Vec::new() }));
    }
    let wide: Vec<String> = (0..30).map(|i| format!("c{i}")).collect();
    let row = ["1"; 30].join(",");
    let (message, _) = refused(&format!("{}\n{row}\n{row}\n", wide.join(",")), &label("x"));
    assert!(message.ends_with("`c19`, and 10 more"), "{message}");

    let both = ReadOptions { labels: Some("labels".into()), ..label("a") };
    assert!(refused("a,b\n1,2\n3,4\n", &both).0.contains("not from both"));
}

#[test]
fn files_that_cannot_be_opened_are_named() {
    let folder = Folder::new();
    let missing = read(&folder.path("none.csv"), &plain()).unwrap_err();
    assert!(missing.to_string().contains("none.csv"));
    assert_eq!(missing.remedy(), Some(Remedy::CheckPath));
    let directory = read(&folder.path(""), &plain()).unwrap_err();
    assert!(directory.to_string().ends_with("is a folder that is no table: it holds no file"));
    assert_eq!(directory.remedy(), Some(Remedy::GiveFolderOfParts));
}

#[test]
fn damaged_gzip_is_refused() {
    let rows: Vec<String> = (0..2000).map(|i| format!("{i},{}", i * i % 977)).collect();
    let whole = gzip(rows.join("\n").as_bytes());
    for length in [2, 9, 30, whole.len() / 2, whole.len() - 1] {
        let (message, remedy) = refusal("a.csv.gz", &whole[..length], &plain());
        assert_eq!(message, "FILE is truncated: its gzip stream stops before the end", "{length}");
        assert_eq!(remedy, Some(Remedy::FetchOrCompressAgain));
    }
    // The checksum is the last word but one.
    let mut damaged = whole.clone();
    damaged[whole.len() - 8] ^= 1;
    assert!(refusal("a.csv.gz", &damaged, &plain()).0.starts_with("FILE is damaged: "));
    let mut trailing = whole;
    trailing.extend_from_slice(b"rubbish after the stream");
    assert!(refusal("a.csv.gz", &trailing, &plain()).0.starts_with("FILE is damaged: "));
}

#[test]
fn a_quote_that_is_never_closed_is_named_by_its_line() {
    let options = label("note");
    let rows = |last: &str| format!("a,note\n1,fine\n2,\"two\nlines\"\n3,{last}\n4,ok\n5,ok\n");
    for open in ["\"see below", "\"", "\"a \"\"word\"\"", "\"x,y"] {
        let (error, remedy) = refused(&rows(open), &options);
        assert!(error.ends_with("line 5: a quote opens in this row and is never closed"), "{error}");
        assert!(matches!(remedy, Some(Remedy::CheckDelimiterAndQuotes)));
    }
    // At the very end, with and without a last line end.
    for text in ["a,note\n1,x\n2,\"y", "a,note\n1,x\n2,\"y\n", "a,note\n1,x\n2,\""] {
        let (error, _) = refused(text, &options);
        assert!(error.contains("line 3: a quote opens"), "{text:?}: {error}");
    }
    let (error, _) = refused("a,note\n1,x\n\n\n2,\"y\n3,z\n", &options);
    assert!(error.contains("line 5: a quote opens"), "{error}");
    // A quoted cell that ends in a line end is no open one.
    for text in [&rows("\"z\n\"")[..], "a,note\n1,x\n2,\"y\n\"", "a,note\n1,x\n2,\"y\n\"\n\n"] {
        assert!(csv(text, &options).rows() >= 2, "{text:?}");
    }
}
