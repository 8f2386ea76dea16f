//! Text tables as other programs and people write them.

use elbo_data::{
    ColumnKind, Dataset, DecimalMark, Delimiter, Error, ReadOptions, Reading, Remedy, Role, TableOptions,
    TextColumns, read_as, read_frame,
};

use crate::{Folder, gzip};

fn missing() -> ReadOptions {
    ReadOptions { missing: true, ..ReadOptions::default() }
}

fn with(table: TableOptions) -> ReadOptions {
    ReadOptions { table, ..missing() }
}

fn read(name: &str, text: impl AsRef<[u8]>, options: &ReadOptions) -> Result<Dataset<f64>, Error> {
    let folder = Folder::new();
    read_as(&folder.file(name, text), options)
}

fn csv(text: impl AsRef<[u8]>) -> Dataset<f64> {
    read("a.csv", text, &missing()).unwrap()
}

fn refused(text: impl AsRef<[u8]>) -> String {
    let error = read("a.csv", text, &missing()).unwrap_err().to_string();
    error.split_once("a.csv").unwrap().1.to_owned()
}

fn decided(reading: &Reading, of: &str) -> String {
    reading
        .decisions
        .iter()
        .find(|decision| decision.of == of)
        .map_or(String::new(), |decision| decision.chosen.clone())
}

fn role<'a>(data: &'a Dataset<f64>, name: &str) -> &'a Role {
    &data.reading.columns.iter().find(|column| column.name == name).unwrap().role
}

/// Rows of fractions, by this delimiter.
fn rows(first: &str, delimiter: &str, columns: usize) -> String {
    let row = |i: usize| {
        let cells: Vec<String> =
            (0..columns).map(|c| format!("{}.{}", i * 3 % 7, (i * 5 + c) % 9 + 1)).collect();
        cells.join(delimiter) + "\n"
    };
    format!("{first}\n") + &(0..20).map(row).collect::<String>()
}

#[test]
fn a_first_row_of_numbers_can_name_the_columns() {
    for (first, columns) in [
        ("0,1", 2),
        ("0,1,2", 3),
        ("1,2,3,4", 4),
        ("2019,2020,2021", 3),
        ("1990,1995,2000", 3),
        ("\"5\",\"9\",\"7\"", 3),
        ("0", 1),
        ("1", 1),
        ("year,2019,2020", 3),
        ("x,0,1", 3),
    ] {
        let data = csv(rows(first, ",", columns));
        assert_eq!((data.rows(), data.width()), (20, columns), "{first}");
        assert_eq!(data.columns.join(","), first.replace('"', ""));
        assert!(decided(&data.reading, "header").contains("names"), "{first}");
    }
    for (first, columns) in [
        ("0,2,1", 3),
        ("0.0,1.0,2.0", 3),
        ("3,4,5", 3),
        ("2019,2031,2020", 3),
        ("7", 1),
        ("0.5", 1),
        ("1,2,NA", 3),
        ("0.1,n.a.,3.4", 3),
    ] {
        let data = csv(rows(first, ",", columns));
        assert_eq!((data.rows(), data.columns[0].as_str()), (21, "column 1"), "{first}");
        assert!(decided(&data.reading, "header").contains("is data"), "{first}");
    }
    // A name beside years, above names and numbers.
    for (first, names) in [("country,2019,2020,2021", 3), ("country,2020", 1), ("n,0,1,2,3", 4)] {
        let row = |i: usize| format!("c{i}") + &format!(",{}.5", i * i % 7).repeat(names) + "\n";
        let data = csv(format!("{first}\n") + &(0..9).map(row).collect::<String>());
        assert_eq!(
            (data.rows(), data.width(), data.labels.unwrap()[0].as_str()),
            (9, names, "c0"),
            "{first}"
        );
    }
    let flowers = csv("5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n");
    assert_eq!((flowers.rows(), flowers.columns[0].as_str()), (3, "column 1"));
    // Counts that go on, and small tables of counts, are data.
    for text in [
        "0,1,2\n3,4,5\n6,7,8\n",
        "0,1\n1,0\n1,1\n",
        "1,2\n3,4\n",
        "0,1,2,3\n4,5,6,7\n",
        "0,1,2\n1,0,0.5\n2,0.5,0\n",
    ] {
        assert_eq!(csv(text).columns[0], "column 1", "{text}");
    }
    // Either can be told.
    let told = |header| with(TableOptions { header: Some(header), ..TableOptions::default() });
    assert_eq!(read("a.csv", "3,4\n1,2\n5,6\n", &told(true)).unwrap().columns, ["3", "4"]);
    assert_eq!(read("a.csv", rows("0,1,2", ",", 3), &told(false)).unwrap().rows(), 21);
    // Text among numbers that are no names is out of place, and said.
    let error = refused(rows("0.4,odd,3.2", ",", 3));
    assert_eq!(
        error,
        "`: column `column 2` line 1 is `odd`, which is not a number, in a first row that was taken for data"
    );
}

#[test]
fn numbers_of_rows_are_set_aside() {
    let numbered = |first: &str, begin: usize| {
        let row = |i: usize| format!("{},0.{},{}\n", begin + i, i % 7 + 1, i * i % 5);
        format!("{first}\n") + &(0..20).map(row).collect::<String>()
    };
    for first in
        [",a,b", "\"\",\"a\",\"b\"", "Unnamed: 0,a,b", ",0,1", "a,b", "id,a,b", "Index,a,b", "row_number,a,b"]
    {
        for begin in [0, 1] {
            let data = csv(numbered(first, begin));
            assert_eq!((data.rows(), data.width()), (20, 2), "{first}");
            assert_eq!(data.reading.columns[0].role, Role::RowNumber, "{first}");
        }
    }
    // Without names too, and not where a model may want them.
    let bare = numbered("", 0).trim_start().to_owned();
    assert_eq!(csv(&bare).columns, ["column 2", "column 3"]);
    let keep =
        with(TableOptions { types: [("1".into(), ColumnKind::Count)].into(), ..TableOptions::default() });
    assert_eq!(read("a.csv", &bare, &keep).unwrap().width(), 3);
    for first in ["t,a,b", "time,a,b", "dose,a,b"] {
        assert_eq!(csv(numbered(first, 0)).width(), 3, "{first}");
    }
    // Numbers alone are data.
    assert_eq!(csv("id\n0\n1\n2\n").columns, ["id"]);
}

#[test]
fn every_delimiter_is_found() {
    for (delimiter, name, chosen) in [
        (",", "a.csv", "comma"),
        (";", "a.csv", "semicolon"),
        ("\t", "a.csv", "tab"),
        ("|", "a.txt", "pipe"),
        (" ", "a.csv", "blanks"),
        ("   ", "a.txt", "blanks"),
        (",", "a.tsv", "comma"),
        ("\t", "a.tsv", "tab"),
        (" ; ", "a.csv", "semicolon"),
    ] {
        for first in [["a", "b", "c"].join(delimiter), ["0.1", "0.2", "0.3"].join(delimiter)] {
            let data = read(name, rows(&first, delimiter, 3), &missing()).unwrap();
            assert_eq!(
                (data.width(), decided(&data.reading, "delimiter").as_str()),
                (3, chosen),
                "{delimiter:?}"
            );
            assert_eq!(data.row(data.rows() - 1), [1.6, 1.7, 1.8]);
        }
    }
    let told =
        |text: &str| with(TableOptions { delimiter: Some(text.parse().unwrap()), ..TableOptions::default() });
    assert_eq!(read("a.csv", rows("a:b", ":", 2), &told(":")).unwrap().columns, ["a", "b"]);
    let data = csv(rows("sep=;\na;b", ";", 2));
    assert_eq!((data.columns.join(" "), data.rows()), ("a b".into(), 20));
    // Text with other marks in it.
    let data = csv("name,x\n\"a; b\",1\n\"c; d\",2\n\"e; f\",3\n");
    assert_eq!((data.columns, data.labels.unwrap()[0].as_str()), (vec!["x".to_owned()], "a; b"));
    // `write.table` of R: rows have names, which have none.
    let data = read("a.txt", "\"x\" \"y\"\n\"r 1\" 1.5 2\n\"r 2\" 2.5 3\n", &missing()).unwrap();
    assert_eq!(
        (data.columns, data.labels.unwrap()),
        (vec!["x".to_owned(), "y".into()], vec!["r 1".to_owned(), "r 2".into()])
    );
    // A delimiter at the end of each row.
    assert_eq!(csv("a,b\n1,2,\n3,5,\n").columns, ["a", "b"]);
    assert_eq!(csv("a,b,\n1,2,\n3,5,\n").columns, ["a", "b"]);
}

#[test]
fn decimal_commas_are_found() {
    let comma = |text: &str| text.replace('.', ",");
    for (delimiter, first) in [(";", "a;b"), ("\t", "a\tb"), (" ", "a b"), (";", "0.5;1.5")] {
        let data = read("a.csv", comma(&rows(first, delimiter, 2)), &missing()).unwrap();
        let plain = read("a.csv", rows(first, delimiter, 2), &missing()).unwrap();
        assert_eq!((&data.values[..], &data.columns), (&plain.values[..], &plain.columns), "{delimiter:?}");
        assert_eq!(decided(&data.reading, "decimal"), "comma");
    }
    let data = csv("a;b\n1.234,5;2\n-10.000,25;1.234\n");
    assert_eq!(data.values[..], [1234.5, 2.0, -10000.25, 1234.0]);
    let data = csv("a,b\n\"1,5\",2\n\"2,25\",3\n");
    assert_eq!(data.values[..], [1.5, 2.0, 2.25, 3.0]);
    // What may be either is refused, and can be told.
    let text = "a;b\n1,234;2\n5,678;3\n";
    assert_eq!(
        refused(text),
        "`: column `a` line 2 is `1,234`, whose comma may stand between thousands or before a fraction"
    );
    let told = |decimal| with(TableOptions { decimal: Some(decimal), ..TableOptions::default() });
    assert_eq!(read("a.csv", text, &told(DecimalMark::Comma)).unwrap().values[0], 1.234);
    assert_eq!(read("a.csv", text, &told(DecimalMark::Point)).unwrap().values[0], 1234.0);
    let error = refused("a;b\n1,5;2.5\n2,5;3.5\n");
    assert!(
        error.contains(
            "column `a` line 2, `1,5`, has a decimal comma, and column `b` line 2, `2.5`, has none"
        ),
        "{error}"
    );
}

#[test]
fn numbers_for_people_are_read_or_refused() {
    for (cells, values) in [
        (["\"1,234\"", "\"12,345,678\"", "999"], [1234.0, 12_345_678.0, 999.0]),
        (["1 234", "12 345 678", "9"], [1234.0, 12_345_678.0, 9.0]),
        (["1'234.5", "12'345", "9"], [1234.5, 12345.0, 9.0]),
        (["10.5%", "3%", "-1.25 %"], [10.5, 3.0, -1.25]),
        (["$1.50", "\"$1,200\"", "-$3"], [1.5, 1200.0, -3.0]),
        (["5 kg", "6.5 kg", "7kg"], [5.0, 6.5, 7.0]),
        (["1.5D+03", "2.D0", "3"], [1500.0, 2.0, 3.0]),
        (["−4", "5", "−6.5"], [-4.0, 5.0, -6.5]),
        (["(4)", "5", "6"], [-4.0, 5.0, 6.0]),
        (["+4", ".5", "6."], [4.0, 0.5, 6.0]),
    ] {
        let text = format!("a,b\n1.5,{}\n2.5,{}\n3.5,{}\n", cells[0], cells[1], cells[2]);
        let data = csv(&text);
        assert_eq!(data.column(1).collect::<Vec<_>>(), values, "{cells:?}");
    }
    for (odd, fault) in
        [("12 %", "12 %"), ("about 3", "about 3"), ("1.2.3", "1.2.3"), ("3 lb", "3 lb"), ("1O", "1O")]
    {
        let error = refused(format!("a,b\n1,2\n2,3\n3,{odd}\n4,5\n"));
        assert_eq!(error, format!("`: column `b` line 4 is `{fault}`, which is not a number"));
    }
    let error = refused("a,b\n1,5 kg\n2,6 kg\n3,7 lb\n");
    assert_eq!(error, "`: column `b` line 4 is `7 lb`, which is not a number");
    // A long cell is quoted in brief, and what no terminal should see by its code.
    let error = refused(format!("a,b\n1,2\n2,3\n3,{}\u{1b}[2J\n4,5\n", "x".repeat(500)));
    assert!(error.len() < 150 && error.contains('…'), "{error}");
    assert!(refused("a,b\n1,2\n2,3\n3,z\u{1b}[2J\n").contains("`z\\u{1b}[2J`"));
}

#[test]
fn marks_of_missing_cells_are_known() {
    for mark in [
        "", "NA", "N/A", "n/a", "n.a.", "#N/A", "#NA", "<NA>", "NaN", "-nan", "-NaN", "1.#QNAN", "-1.#IND",
        "NaT", "NULL", "null", "None", "nil", "missing", "--", "-", "?", ".", "..", ".a", ".Z", "\\N",
        "#DIV/0!", "#VALUE!", "#NULL!", "(null)",
    ] {
        for (text, row) in
            [(format!("a,b\n1,{mark}\n2,3\n4,5\n"), 0), (format!("a,b\n1,2\n2,{mark}\n4,5\n"), 1)]
        {
            let data = csv(&text);
            assert_eq!((data.rows(), data.width()), (3, 2), "{mark}");
            assert!(data.row(row)[1].is_nan(), "{mark}");
            assert!(read("a.csv", &text, &ReadOptions::default()).is_err(), "{mark}");
        }
        let bare = csv(format!("1.5,{mark}\n2.5,3.5\n4.5,5.5\n"));
        assert_eq!((bare.rows(), bare.width()), (3, 2), "{mark}");
    }
}

#[test]
fn columns_of_text_are_set_aside_by_name() {
    let data = csv("name,x,city\nn0,1,A\nn1,2,B\nn2,4,A\nn3,5,B\n");
    assert_eq!((data.columns.join(" "), data.labels.is_none()), ("x".into(), true));
    assert_eq!(role(&data, "city"), &Role::Aside("it holds text, as `A` in line 2".into()));
    let labelled = |columns: &[&str]| ReadOptions {
        label_columns: columns.iter().map(|&column| column.into()).collect(),
        ..missing()
    };
    let text = "name,x,city\nn0,1,A\nn1,2,B\n";
    assert_eq!(read("a.csv", text, &labelled(&["city"])).unwrap().labels.unwrap(), ["A", "B"]);
    let both = read("a.csv", text, &labelled(&["city", "name"])).unwrap();
    assert_eq!(
        (both.labels.unwrap()[1].as_str(), both.label_names.join(" ")),
        ("n1 / B", "name city".into())
    );
    let chosen = |columns: &[&str], drop: &[&str]| {
        let own = |of: &[&str]| of.iter().map(|&name| name.to_owned()).collect();
        with(TableOptions { columns: own(columns), drop: own(drop), ..TableOptions::default() })
    };
    let text = "a,b,c,kind\n1,2,3,x\n4,5,7,y\n";
    assert_eq!(read("a.csv", text, &chosen(&["c", "1"], &[])).unwrap().columns, ["a", "c"]);
    assert_eq!(read("a.csv", text, &chosen(&[], &["b", "kind"])).unwrap().columns, ["a", "c"]);
    let error = read("a.csv", text, &chosen(&["z"], &[])).unwrap_err().to_string();
    assert!(error.ends_with("has no column `z`; its columns are `a`, `b`, `c`, `kind`"), "{error}");
    let error = read("a.csv", "n,m\na,b\nc,d\n", &missing()).unwrap_err().to_string();
    assert!(error.contains("no column of values: `n`: it holds text, as `a` in line 2; `m`"), "{error}");
}

#[test]
fn kinds_can_be_told() {
    let told = |kind| with(TableOptions { types: [("b".into(), kind)].into(), ..TableOptions::default() });
    let text = "a,b\n1,1\n2,0\n4,1\n";
    for kind in [ColumnKind::Category, ColumnKind::Text, ColumnKind::Ordinal] {
        let data = read("a.csv", text, &told(kind)).unwrap();
        assert_eq!(data.columns, ["a"], "{kind}");
        let options = ReadOptions { text: TextColumns::Kept, ..told(kind) };
        let folder = Folder::new();
        let frame = read_frame(&folder.file("a.csv", text), &options).unwrap();
        assert_eq!(frame.kinds()[1], kind);
    }
    let yes = read("a.csv", "a,b\n1,yes\n2,no\n4,yes\n", &told(ColumnKind::Binary)).unwrap();
    assert_eq!(yes.column(1).collect::<Vec<_>>(), [1.0, 0.0, 1.0]);
    let fault = |text: &str, kind| read("a.csv", text, &told(kind)).unwrap_err().to_string();
    assert!(
        fault("a,b\n1,2\n2,0\n4,1\n", ColumnKind::Binary)
            .ends_with("column `b` line 2 is `2`, which is neither 0 nor 1")
    );
    // As the file has it, which 32 bits would round.
    let error = fault("a,b\n1,2\n2,16777219.5\n4,1\n", ColumnKind::Count);
    assert!(
        error.ends_with(
            "column `b` line 3 is `16777219.5`, which is not a whole number from 0, as counts are"
        ),
        "{error}"
    );
}

#[test]
fn quotes_and_lines_that_go_wrong_are_named() {
    let good = "a,b,note\n1,2,ok\n3,4,ok\n5,6,ok\n7,8,ok\n";
    for (text, error) in [
        (good.replacen("3,4,ok", "3,4,\"see", 1), "` line 3: a quote opens in this row and is never closed"),
        (
            good.replacen("3,4,ok", "3,4,\"see", 1).replacen("7,8,ok", "7,8,\"so\"", 1),
            "` line 5: `so\"` follows a quote that closes the cell which opens in line 3",
        ),
        (
            good.replacen("3,4,ok", "3,4,\"a\"b", 1),
            "` line 3: `b` follows a quote that closes the cell which opens in line 3",
        ),
        (good.replacen("3,4,ok", "3,4", 1), "` line 3 has 2 cells, but the first row has 3"),
    ] {
        assert_eq!(refused(text), error);
    }
    // A quote within a cell is a mark like others.
    assert_eq!(csv(good.replace("ok", "5\" pipe")).labels.unwrap()[0], "5\" pipe");
    assert_eq!(csv(good.replace("ok", " \"a \"\"b\"\"\nc\" ")).labels.unwrap()[3], "a \"b\"\nc");
}

#[test]
fn lines_that_are_no_rows_are_left_out_and_said() {
    let table = rows("a,b,c", ",", 3);
    for (text, line) in [
        (format!("# made by sensor 3\n# units: m\n{table}"), 3),
        (format!("// made by sensor 3\n{table}"), 2),
        (format!("% made by sensor 3\n\n{table}"), 3),
        (format!("Report of 2024\n\n{table}"), 3),
        (format!("Report\nby me, not you\n{table}"), 3),
        (table.replacen('\n', "\n# a note\n", 5), 1),
    ] {
        let data = csv(&text);
        assert_eq!((data.columns.join(" "), data.rows()), ("a b c".into(), 20), "{text}");
        assert!(!decided(&data.reading, "comments").is_empty());
        assert!(data.lines.of(0) > line, "{text}");
    }
    // A row below the names that tells units.
    let data = csv(table.replacen('\n', "\nm,kg,s\n", 1));
    assert_eq!(
        (data.rows(), data.lines.of(0), decided(&data.reading, "units").as_str()),
        (20, 3, "line 2 is left out")
    );
    // Names in a comment, as NumPy writes them.
    let bare = table.split_once('\n').unwrap().1;
    assert_eq!(csv(format!("# x,y,z\n{bare}")).columns, ["x", "y", "z"]);
    let spaced = read("a.txt", format!("# x y z\n{}", bare.replace(',', " ")), &missing()).unwrap();
    assert_eq!((spaced.columns.join(","), spaced.rows()), ("x,y,z".into(), 20));
    // Excel's errors begin like comments and are none.
    assert_eq!(csv("a,b\n1,2\n#N/A,3\n4,5\n").rows(), 3);
    assert_eq!(csv("tag,b\n#1,2\n#2,3\n#3,5\n").rows(), 3);
    // Places past what was left out.
    let error = refused("# one\na,b\n1,2\n\n# two\n3,4\n5,x\n7,8\n");
    assert_eq!(error, "`: column `b` line 7 is `x`, which is not a number");
}

#[test]
fn encodings_are_recognised() {
    let text = "größe,b\n1.5,2\n2.5,3\n";
    let utf16 = |big: bool, mark: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect::<Vec<u8>>()
    };
    let latin: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
    for (bytes, name) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (format!("\u{feff}{text}").into_bytes(), "UTF-8"),
        (utf16(false, true), "UTF-16, low byte first"),
        (utf16(true, true), "UTF-16, high byte first"),
        (utf16(false, false), "UTF-16, low byte first"),
        (utf16(true, false), "UTF-16, high byte first"),
        (latin, "Windows-1252"),
    ] {
        for (file, bytes) in [("a.csv", bytes.clone()), ("a.csv.gz", gzip(&bytes))] {
            let data = read(file, bytes, &missing()).unwrap();
            assert_eq!(data.columns, ["größe", "b"], "{name}");
            assert_eq!(
                (data.values[..].to_vec(), decided(&data.reading, "encoding").as_str()),
                (vec![1.5, 2.0, 2.5, 3.0], name)
            );
        }
    }
    assert_eq!(refused(b"a,b\n1,2\n3,\0\n"), "` is not text: it holds zero bytes");
}

#[test]
fn columns_of_a_model_are_numbers_and_others_do_not_matter() {
    let of_model = |wanted: &[&str]| ReadOptions {
        wanted: wanted.iter().map(|&name| name.into()).collect(),
        single: true,
        ..missing()
    };
    let text = "id,note,b,mixed,a\n0,x,#N/A,1,2\n1,y,4,2,5\n2,z,6,odd,7\n";
    let data = read("a.csv", text, &of_model(&["a", "b"])).unwrap();
    assert_eq!(data.columns, ["b", "a"]);
    assert!(data.values[0].is_nan());
    // One row, whose column is empty, or looks like row numbers.
    let data = read("a.csv", "id,b\n0,\n", &of_model(&["id", "b"])).unwrap();
    assert_eq!((data.columns.join(" "), data.values[0]), ("id b".into(), 0.0));
    let error = read("a.csv", "a,b\n1,x\n2,y\n", &of_model(&["a", "b"])).unwrap_err().to_string();
    assert!(error.ends_with("column `b` line 2 is `x`, which is not a number"), "{error}");
}

#[test]
fn delimiters_have_names() {
    assert_eq!("comma".parse(), Ok(Delimiter::COMMA));
    assert!("1".parse::<Delimiter>().is_err() && "\"".parse::<Delimiter>().is_err());
}

#[test]
fn true_and_false_are_numbers() {
    let data = csv("x,flag,f2\n1.5,True,FALSE\n2.5,False,\n3.5,True,true\n");
    assert_eq!(data.columns, ["x", "flag", "f2"]);
    assert_eq!(data.column(1).collect::<Vec<_>>(), [1.0, 0.0, 1.0]);
    assert_eq!((data.values[2], data.values[5].is_nan(), data.values[8]), (0.0, true, 1.0));
    assert_eq!(data.reading.columns[1].kind, ColumnKind::Binary);
    assert_eq!(decided(&data.reading, "boolean"), "`flag`");
    // Without names, and of such columns alone.
    let data = csv("1.5,True\n2.5,False\n3.5,True\n");
    assert_eq!((data.rows(), data.values[1], data.values[3]), (3, 1.0, 0.0));
    assert_eq!(csv("True,False\nFalse,False\nTrue,True\n").rows(), 3);
    assert_eq!(csv("a,b\nTrue,False\nFalse,False\nTrue,True\n").rows(), 3);
    // As a label, and as what a column is told to hold, they stay what they are.
    let labelled = ReadOptions { label_columns: vec!["flag".into()], ..missing() };
    assert_eq!(
        read("a.csv", "x,flag\n1,True\n2,False\n", &labelled).unwrap().labels.unwrap(),
        ["True", "False"]
    );
    // Other text among them makes a column of text, and so does a number.
    assert!(matches!(role(&csv("x,flag\n1,True\n2,False\n3,maybe\n"), "flag"), Role::Label));
    assert!(refused("x,flag\n1,True\n2,1\n3,0\n").contains("column `flag` line 2 is `True`"));
}

#[test]
fn numbers_of_rows_are_set_aside_in_any_order() {
    for (text, name) in [
        (",x\n2,1.5\n0,2.5\n1,3.5\n", "column 1"),
        (",x\n40,1.5\n7,2.5\n12,3.5\n", "column 1"),
        ("Unnamed: 0,x\n40,1.5\n7,2.5\n12,3.5\n", "Unnamed: 0"),
        ("id,x\n40,1.5\n7,2.5\n12,3.5\n", "id"),
        ("PassengerId,x\n40,1.5\n7,2.5\n12,3.5\n", "PassengerId"),
        ("x,customer_id\n1.5,40\n2.5,7\n3.5,12\n", "customer_id"),
        ("index,x\n3,1.5\n1,2.5\n2,3.5\n", "index"),
        // As programs write them of samples, of tables put one below the other, and as fractions.
        (",x\n40,1.5\n7,2.5\n40,3.5\n", "column 1"),
        ("Unnamed: 0,x\n0,1.5\n1,2.5\n0,3.5\n1,4\n", "Unnamed: 0"),
        (",x\n0.0,1.5\n1.0,2.5\n2.0,3.5\n", "column 1"),
        ("Unnamed: 0.1,Unnamed: 0,x\n0,4,1.5\n1,3,2.5\n2,3,3.5\n", "Unnamed: 0"),
        ("3,1.5\n1,2.5\n9,1\n2,3.5\n10,1\n8,2\n4,3\n5,1\n7,3\n6,1.5\n", "column 1"),
    ] {
        let data = csv(text);
        assert_eq!(data.width(), 1, "{text}");
        assert_eq!(*role(&data, name), Role::RowNumber, "{text}");
    }
    // Numbers that come twice, or whose name is none of an identifier, are data.
    for text in [
        "id,x\n40,1.5\n7,2.5\n40,3.5\n",
        "grid,x\n40,1.5\n7,2.5\n12,3.5\n",
        "index,x\n40,1.5\n7,2.5\n12,3.5\n",
        "40,1.5\n7,2.5\n12,3.5\n",
        "id,x\n4.5,1.5\n7,2.5\n12,3.5\n",
        ",x\n4.5,1.5\n7,2.5\n12,3.5\n",
        "x,\n4.5,1\n7.5,2\n12,1\n",
        "40,1.5\n7,2.5\n40,3.5\n",
    ] {
        assert_eq!(csv(text).width(), 2, "{text}");
    }
}

#[test]
fn titles_above_a_table_are_left_out() {
    let names = "day,mass,count\n";
    let rows = "1,1.5,2\n2,2.5,3\n3,3.5,5\n";
    for title in [
        "Masses of May,,\n",
        "Masses of May,,\nprinted 2024-05-01,,\n,,\n",
        ",,\n,Masses of May,\n",
        "Masses of May\n\n",
    ] {
        let data = csv(format!("{title}{names}{rows}"));
        assert_eq!((data.columns.join(","), data.rows()), ("day,mass,count".into(), 3), "{title}");
        assert!(decided(&data.reading, "comments").contains("left out"), "{title}");
    }
    // Columns without a cell have no name, and the names may be those of one column.
    for text in [
        "Masses of May,,\n,,\n,mass,count\n,1.5,2\n,2.5,3\n",
        "Masses of May,,,\nof 2024,,,\n,mass,,count\n,1.5,,2\n,2.5,,3\n",
        "Masses,,,,\n,May,,June,\n,mass,count,rest,all\n0,1.5,2,3,4\n1,2.5,3,4,5\n",
    ] {
        let data = csv(text);
        assert_eq!((&data.columns[..2].join(","), data.rows()), (&"mass,count".into(), 2), "{text}");
    }
    let years = csv("Masses,,\n,,\nregion,2019,2020\na,1.5,2.5\nb,2.5,3.5\nc,3.5,1.5\n");
    assert_eq!((years.columns.join(","), years.rows()), ("2019,2020".into(), 3));
    let one = csv("Masses,,\n,,\n,region,2019\n,a,1.5\n,b,2.5\n,c,3.5\n");
    assert_eq!((one.columns.join(","), one.rows()), ("2019".into(), 3));
    for text in ["Masses,\n,\n,x\n,1\n,3\n,6\n", "Masses\n\nx\n1\n3\n6\n", "Masses,\n,\nx,\n1,\n3,\n6,\n"] {
        let data = csv(text);
        assert_eq!((data.columns.join(","), &data.values[..]), ("x".into(), &[1.0, 3.0, 6.0][..]), "{text}");
    }
    // A row that lacks cells is no title.
    assert_eq!(csv("1,,\n1,1.5,2\n2,2.5,3\n").rows(), 3);
    assert_eq!(csv("a,b\n1,\n2,3\n").rows(), 2);
}

#[test]
fn notes_below_a_table_are_left_out() {
    let (names, rows) = ("day,mass,kind\n", "1,1.5,a\n2,2.5,b\n3,3.5,a\n");
    for (notes, said) in [
        ("Source: the office,,\n", "line 5 is left out"),
        ("taken in May,,\n", "line 5 is left out"),
        ("\ntaken in May,,\n,,and dried\n", "lines 6 to 7 are left out"),
        (",,\n,,\n,,* preliminary\n", "lines 5 to 7 are left out"),
        ("Source: the office\n", "line 5 is left out"),
        ("\nby me, not you, in the year, 2024\n", "line 6 is left out"),
        ("\nas of,2024,\n", "line 6 is left out"),
    ] {
        let data = csv(format!("{names}{rows}{notes}"));
        assert_eq!((data.columns.join(","), data.rows()), ("day,mass".into(), 3), "{notes}");
        assert_eq!(data.values[..], [1.0, 1.5, 2.0, 2.5, 3.0, 3.5], "{notes}");
        assert_eq!(decided(&data.reading, "notes"), said, "{notes}");
    }
    let data = csv(format!("{names}{rows},,\n,,\n"));
    assert_eq!(
        (data.rows(), decided(&data.reading, "empty rows").as_str()),
        (3, "lines 5 to 6 are left out")
    );
    // A fitted model answers for each row that it is asked about.
    let asked = ReadOptions { wanted: vec!["day".into(), "mass".into()], single: true, ..missing() };
    let data = read("a.csv", format!("{names}{rows},,\n"), &asked).unwrap();
    assert_eq!((data.rows(), data.row(3)[0].is_nan()), (4, true));
    assert_eq!(csv("x\n1\n2\n4\n\nSource: the office\n").values[..], [1.0, 2.0, 4.0]);
    let summed = csv("item,x\na,1\nb,2\nc,4\nTotal,7\n\nSource: the office,\n");
    assert_eq!((summed.rows(), decided(&summed.reading, "totals").as_str()), (3, "line 5 is left out"));
    // What may be a row is one: with a date, with a name as the others have, or above another row.
    for text in [
        "day,x,y\n2024-01-01,1,2\n2024-01-02,2,3\n2024-01-03,4,4\n2024-01-04,,\n",
        "item,x,y\na,1,2\nb,2,3\nc,4,4\nd,,\n",
        "item,x,y\na,1,2\nSource: b,,\nc,4,4\nd,5,\n",
        "item,x,y\na,1,2\n,,\nc,4,4\nd,5,\n",
        "on,x,y\nTrue,1,2\nFalse,2,3\nTrue,4,4\nTrue,,\n",
        "item,x,y\n\"Source: a\",1,2\nb,2,3\n\"Source: a\",,\nb,2,3\n",
    ] {
        let data = csv(text);
        assert_eq!((data.rows(), decided(&data.reading, "notes").as_str()), (4, ""), "{text}");
    }
    // A row that is cut off, and a cell that is mistyped, are named.
    assert_eq!(refused(format!("{names}{rows}abc,1\n")), "` line 5 has 2 cells, but the first row has 3");
    assert_eq!(refused("x\n1\n2\n4\n4o\n"), "`: column `x` line 5 is `4o`, which is not a number");
    assert_eq!(refused("x,y\n1,\n2,3\n4,\n4o,\n"), "`: column `x` line 5 is `4o`, which is not a number");
}

#[test]
fn columns_that_hold_nothing_are_set_aside() {
    let nothing = || Role::Aside("it has neither a name nor a cell".into());
    for (text, empty) in [
        (",a,b\n,1,2.5\n,3,4.5\n,6,4.1\n", "column 1"),
        ("a,b,,\n1,2.5,,\n3,4.5,,\n6,4.1,,\n", "column 3"),
        ("a,,b\n1,,2.5\n3,,4.5\n6,,4.1\n", "column 2"),
        (",,a,b\n,0,1,2.5\n,1,3,4.5\n,2,6,4.1\n", "column 1"),
    ] {
        let data = csv(text);
        assert_eq!(
            (data.columns.join(","), data.rows(), role(&data, empty)),
            ("a,b".into(), 3, &nothing()),
            "{text}"
        );
    }
    // One with a name is told by it, and is data where it is asked for.
    let text = "a,rest,b\n1,,2.5\n3,NA,4.5\n6,,4.1\n";
    let data = csv(text);
    assert_eq!(
        (data.columns.join(","), role(&data, "rest")),
        ("a,b".into(), &Role::Aside("every cell of it is missing".into()))
    );
    let columns = ["a", "rest"].map(Into::into).to_vec();
    let asked = read("a.csv", text, &with(TableOptions { columns, ..TableOptions::default() })).unwrap();
    assert_eq!(asked.columns, ["a", "rest"]);
}

#[test]
fn what_digits_and_totals_may_mean_is_said() {
    let why = |data: &Dataset<f64>, of: &str| {
        let found = data.reading.decisions.iter().find(|decision| decision.of == of && !decision.usual);
        found.map_or(String::new(), |found| format!("{} {}", found.chosen, found.why))
    };
    let zip = csv("zip,x\n12345,1.5\n02134,2.5\n");
    assert!(why(&zip, "digits").starts_with("`zip` `02134` in line 3 is read as a number"), "{zip:?}");
    let big = csv("n,x\n9007199254740992,1.5\n9007199254740993,2.5\n");
    assert!(why(&big, "digits").starts_with("`n` `9007199254740993` in line 3 is rounded"), "{big:?}");
    let plain = csv("n,x\n9007199254740992,0.5\n10,0\n0,00.5\n");
    assert_eq!(why(&plain, "digits"), "");
    let total = csv("item,x\na,1.5\nb,2.5\nc,1\nTotal,4\n");
    assert!(
        why(&total, "totals").starts_with("line 5 is a row as the others it is called `Total`"),
        "{total:?}"
    );
    assert_eq!(total.rows(), 4);
    assert_eq!(why(&csv("item,x\na,1.5\ntotal,2.5\nb,4\n"), "totals"), "");
    let thousands = csv("x;y\n1.100;2\n2.345;3\n");
    assert!(why(&thousands, "decimal").starts_with("point `1.100` in line 2 may be"), "{thousands:?}");
    for text in ["x;y\n1.100;2.5\n2.345;3\n", "x,y\n1.100,2\n2.345,3\n"] {
        assert_eq!(why(&csv(text), "decimal"), "", "{text}");
    }
}

#[test]
fn a_last_row_that_sums_up_the_others_is_left_out() {
    for text in [
        // Among dates, among numbers, and beside its sums.
        "day,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\nTotal,9\n",
        "year,x\n2001,1\n2002,2\n2003,4\nSumme:,8\n",
        "item,x\na,1\nb,2\nc,4\nTotal,7\n",
        "item,x,share\na,1,0.5\nb,2,0.2\nc,4,0.1\nGrand total,7,\n",
        "item,x\na,1\nb,2\nc,4\nmean,2.33\n",
        "item,x\na,1\nb,2\nc,4\n\nTotal,7\n",
        // By their numbers, whatever they are called.
        "item,x\na,1\nb,2\nc,4\nAll,7\n",
        "item,x,y\na,1,2.5\nb,2,0.25\nc,4,1\n,7,3.75\n",
        "x,y\n1,2.5\n2,0.25\n4,1\n7,3.75\n",
        "item,x\na,1\nb,2\nc,4\n,7\n",
    ] {
        let data = csv(text);
        let x = data.columns.iter().position(|name| name == "x").unwrap();
        let read: Vec<f64> = data.column(x).collect();
        assert_eq!(read, [1.0, 2.0, 4.0], "{text}");
        let line = text.trim_end().lines().count();
        assert_eq!(decided(&data.reading, "totals"), format!("line {line} is left out"), "{text}");
    }
    // What is called so and stands elsewhere, or sums nothing up, is a row; so is a row of sums of another name.
    for text in [
        "item,x\na,1\nTotal,7\nb,2\nc,4\n",
        "item,x\na,1\nb,2\nc,4\nTotal,5\n",
        "item,x\na,1\nb,2\nc,4\nd,7\n",
        "item,x,y\na,1,2.5\nb,2,0.25\nc,4,-1\nx,7,1.5\n",
        "x,y\n0,0\n0,0\n1,1\n1,1\n",
        "x,y\n2,5\n3,4\n3,2\n8,10\n",
        // Means may be those of any row, and sums of numbers of either sign too; a row with a name or a date is its own.
        "x,y\n1,2.5\n2,0.5\n3,3.0\n2.0,2.0\n",
        "item,x,y\na,1,2.5\nb,2,0.25\nc,4,1\n,2.333,1.25\n",
        "item,x,y\na,1,2.5\nb,2,0.25\nc,4,1\nd,7,3.75\n",
        "day,x,y\n2024-01-01,1,2.5\n2024-01-02,2,0.25\n2024-01-03,4,1\n2024-01-04,7,3.75\n",
        "x,y\n3,2.5\n-2,0.25\n4,-1\n5,1.75\n",
        // A name of rows above is one of theirs.
        "who,x\nmen,1\nall,2.5\nwomen,4\nall,2.5\n",
    ] {
        let data = csv(text);
        assert_eq!(
            (data.rows(), decided(&data.reading, "totals").contains("left out")),
            (4, false),
            "{text}"
        );
    }
    // Each row that a fitted model is asked about has its answer.
    let asked = ReadOptions { wanted: vec!["x".into(), "y".into()], single: true, ..missing() };
    assert_eq!(read("a.csv", "x,y\n1,2.5\n2,0.25\n4,1\n7,3.75\n", &asked).unwrap().rows(), 4);
    // A few rows elsewhere that are called so are said.
    let rows: Vec<String> = (0..9).map(|i| format!("c{i},{i}.5\n")).collect();
    for (at, line) in [(0, 2), (5, 7)] {
        let (above, below) = (rows[..at].concat(), rows[at..].concat());
        let data = csv(format!("item,x\n{above}Subtotal,17\n{below}"));
        assert_eq!(data.rows(), 10);
        assert_eq!(decided(&data.reading, "totals"), format!("line {line} is a row as the others"));
    }
}

#[test]
fn totals_of_the_parts_of_a_folder_are_left_out() {
    for (last, rows) in [("Total,7,3.75", 6), (",7,3.75", 6), ("d,7,3.75", 8)] {
        let folder = Folder::new();
        for name in ["1.csv", "2.csv"] {
            folder.file(
                name,
                format!("item,x,y\na,1,2.5\nb,2,0.25\nc,4,1\n{last}\n")
                    .replace("c,4", if name == "2.csv" { "\nc,4" } else { "c,4" }),
            );
        }
        let data = read_as::<f64>(folder.0.path(), &missing()).unwrap();
        assert_eq!(data.rows(), rows, "{last}: {:?}", data.reading);
        let said = decided(&data.reading, "totals");
        assert_eq!(said, if rows == 6 { "left out: line 5 of `1.csv`, line 6 of `2.csv`" } else { "" });
    }
}

#[test]
fn a_named_column_that_counts_is_set_aside_for_its_name_alone() {
    let table = |name: &str, first: usize, rows: usize| {
        (first..first + rows)
            .fold(format!("{name},x,y\n"), |text, n| text + &format!("{n},{}.5,{}.25\n", n * n, 7 * n % 5))
    };
    for (name, first) in
        [("respondent", 1), ("Schüler", 1), ("participant number", 0), ("...1", 1), ("No.", 1)]
    {
        let data = csv(table(name, first, 12));
        assert_eq!((data.columns.join(" "), role(&data, name)), ("x y".into(), &Role::RowNumber));
    }
    for name in [
        "temperature",
        "voltage",
        "pressure",
        "minutes",
        "pH",
        "angle",
        "mass",
        "frequency",
        "load",
        "speed",
        "power",
        "length",
        "height",
        "depth",
        "concentration",
        "percent",
        "degree",
        "lag",
        "elapsed",
        "floor",
        "stage",
        "x1",
        "km",
        "week",
        "z",
        "X",
        "Druck",
    ] {
        let data = csv(table(name, 1, 12));
        assert_eq!(data.width(), 3, "{name}");
        assert_eq!(decided(&data.reading, "counting"), format!("`{name}` is data"));
    }
    // Numbers from elsewhere, and few rows, say nothing.
    for (name, first, rows) in [("temperature", 5, 12), ("temperature", 1, 9)] {
        assert_eq!(decided(&csv(table(name, first, rows)).reading, "counting"), "", "{name}");
    }
}

#[test]
fn commas_before_fractions_are_no_delimiters_in_silence() {
    let comma = with(TableOptions { decimal: Some(DecimalMark::Comma), ..TableOptions::default() });
    let one = "price\n12,50\n13,75\n9,99\n15,20\n11,40\n";
    for text in [one, "price\n1,5\n2,5\n3,25\n4,75\n", "price\n1,50\n1,75\n2,25\n"] {
        let folder = Folder::new();
        let error = read_as::<f64>(&folder.file("a.csv", text), &missing()).unwrap_err();
        assert!(error.to_string().contains("line 2 has 2 cells below 1 names: its commas may"), "{error}");
        assert_eq!(error.remedy(), Some(Remedy::PartDecimalCommas));
    }
    let data = read("a.csv", one, &comma).unwrap();
    assert_eq!((data.columns.join(","), &data.values[..2]), ("price".into(), &[12.5, 13.75][..]));
    assert_eq!(read("a.csv", "12,50\n13,75\n9,99\n", &comma).unwrap().values[..], [12.5, 13.75, 9.99]);
    for text in [
        "a,b\n22,01,130,65\n17,73,55,66\n15,22,51,07\n",
        "item,price\n7,22,50\n9,17,75\n4,15,25\n",
        "item,price,n\n1,22,50,3\n2,17,75,4\n3,15,25,1\n",
    ] {
        assert!(refused(text).contains("its commas may part cells"), "{text}");
    }
    // Numbers of the rows, which count, and names of rows have no name themselves.
    for text in [
        "x\n1,1.5\n2,2.5\n3,0.5\n",
        "x\na,1\nb,2\nc,3\n",
        "x,y\n1,1.5,3\n2,2.5,4\n3,0.5,1\n",
        "\"x\",\"y\"\n1,15,3\n2,25,4\n3,5,1\n",
    ] {
        assert_eq!(csv(text).columns[0], "x", "{text}");
    }
    let data =
        read("a.txt", "a b\n22,01 130,65\n17,73 55,66\n15,22 51,07\n8,50 101,46\n", &missing()).unwrap();
    assert_eq!((data.columns.join(","), data.row(0)), ("a,b".into(), &[22.01, 130.65][..]));
}

#[test]
fn rows_that_begin_as_comments_do_are_rows() {
    for (text, first, missing) in [
        ("tag,n,m\n#a,1,2\nb,3,4\nc,5,7\n#d,6,8\n", 1.0, 0),
        ("url,n,m\nhttp://x,1,2\n//cdn.org,3,4\nhttp://y,5,7\nhttp://z,6,8\n", 1.0, 0),
        ("tag,n,m\na,1,2\n%b,3,4\nc,5,7\nd,6,8\n", 1.0, 0),
        ("n,m\n########,2\n3,4\n5,7\n6,8\n", f64::NAN, 1),
        ("n,m\n1,2\n#SPILL!,4\n5,7\n6,#BEZUG!\n", 1.0, 2),
        ("n,m\n1,2\n3,4\n#CALC!,7\n6,########\n", 1.0, 2),
    ] {
        let data = csv(text);
        assert_eq!((data.rows(), data.width()), (4, 2), "{text}");
        assert!(data.values[0].total_cmp(&first).is_eq(), "{text}");
        assert_eq!(data.values.iter().filter(|value| value.is_nan()).count(), missing, "{text}");
        assert_eq!(decided(&data.reading, "comments"), "", "{text}");
    }
    for text in [
        "#a,1\ntag,n,m\na,1,2\nb,3,4\n# left: 3\nc,5,7\n",
        "#tag,n,m\na,1,2\nb,3,4\nc,5,7\n",
        "n,m\n1,2\n#9,9\n3,4\n5,7\n",
        "n,m\n1,2\n#### part 2 ####\n3,4\n5,7\n",
        "n m\n1 2\n### part 2\n3 4\n5 7\n",
    ] {
        let data = csv(text);
        assert_eq!((data.rows(), data.columns.join(",")), (3, "n,m".into()), "{text}");
        assert!(decided(&data.reading, "comments").contains("left out"), "{text}");
    }
}

#[test]
fn a_first_row_of_units_has_units() {
    for units in ["m,kg,s", "[mm],(a.u.),%", "°C,m/s,µg/L", ",km,hPa"] {
        let data = csv(format!("a,b,c\n{units}\n1,2.5,3\n4,5.5,7\n"));
        assert_eq!(
            (data.rows(), decided(&data.reading, "units").as_str()),
            (2, "line 2 is left out"),
            "{units}"
        );
    }
    for (text, cell) in [
        ("a,b\n<0.5,<0.5\n1,2\n3,4\n5,7\n", "<0.5"),
        ("day,a,b\n2020-01-01,broken,broken\n2020-01-02,1,2\n2020-01-03,3,4\n", "broken"),
        ("who,a,b\nP001,failed,failed\nP002,1,2\nP003,3,4\n", "failed"),
        ("a,b\nnot measured,not measured\n1,2\n3,4\n", "not measured"),
        // Names below names that stand twice.
        ("x,x,y\na,b,a\n1,2,3\n4,5,7\n", "a"),
        ("x,x,y\nm,s,m\n1,2,3\n4,5,7\n", "m"),
    ] {
        let error = refused(text);
        assert!(error.ends_with(&format!("line 2 is `{cell}`, which is not a number")), "{error}");
    }
}

#[test]
fn ranks_without_names_are_rows() {
    let ranks = "1,2,3,4\n2,1,4,3\n4,3,2,1\n1,3,2,4\n3,4,1,2\n2,4,3,1\n";
    let data = csv(ranks);
    assert_eq!((data.rows(), data.columns[0].as_str()), (6, "column 1"));
    // Where the numbers are no cells of their columns they are names.
    let other = "1,2,3,4\n20,11,40,31\n42,33,28,15\n13,36,27,46\n17,22,35,48\n";
    assert_eq!(csv(other).columns.join(","), "1,2,3,4");
    // Codes of digits and a `D` are text.
    assert_eq!(csv("code,x\n1D1,1\n2D2,2\n3D3,4\n").labels.unwrap(), ["1D1", "2D2", "3D3"]);
}

#[test]
fn a_unit_is_one_of_numbers_alone() {
    let data = csv("school,x\nBachelors,1\n11th,2\nHS-grad,3\n9th,4\nMasters,5\n");
    assert!(data.reading.decisions.iter().all(|decision| decision.of != "unit"), "{data:?}");
    assert_eq!(decided(&csv("grade,x\n8th,1\n11th,2\n9th,3\n").reading, "unit"), "`grade` is in th");
}

#[test]
fn points_between_thousands_are_called_so() {
    let text = "a,b\n1.000.000,0.324\n2.037.091,1.439\n3.074.182,0.5\n";
    let error = refused(text);
    assert!(
        error.ends_with(
            "column `a` line 2, `1.000.000`, has points between thousands, and column `b` line 2, `0.324`, has a decimal point"
        ),
        "{error}"
    );
    let drop = with(TableOptions { drop: vec!["a".into()], ..TableOptions::default() });
    assert_eq!(read("a.csv", text, &drop).unwrap().values[..], [0.324, 1.439, 0.5]);
}

/// A point before three digits parts thousands where the decimal mark is a comma: that is said, and what contradicts it is refused.
#[test]
fn a_point_is_never_left_out_in_silence() {
    let told = |decimal| with(TableOptions { decimal, ..TableOptions::default() });
    let comma = || told(Some(DecimalMark::Comma));
    for (text, options) in [
        ("a;b\n1,5;8.030\n2,5;7.120\n", told(None)),
        ("a;b\n1,5;8.030\n2,5;7.120\n", comma()),
        ("a;b\n1;8.030\n2;7.120\n", comma()),
        ("a;b\n1;8.030,0\n2;7120\n", comma()),
    ] {
        let data = read("a.csv", text, &options).unwrap();
        assert_eq!(data.column(1).collect::<Vec<_>>(), [8030.0, 7120.0], "{text}");
        let said = data.reading.decisions.iter().find(|decision| decision.of == "thousands").unwrap();
        assert_eq!((said.chosen.as_str(), said.usual), ("`b`", false), "{text}");
        assert!(said.why.ends_with(" in line 2 is 8030"), "{}", said.why);
    }
    let refused = |text: &str, options: &ReadOptions| read("a.csv", text, options).unwrap_err();
    // No number has the mark that is told.
    for (text, options, mark) in [
        ("a;b\n1;8.030\n2;7.12\n", comma(), '.'),
        ("a;b\n1;8.030\n2;0.845\n", comma(), '.'),
        ("a;b;c\n1;8.030;x\n2;7.120;x\n2;1,234,567;x\n", comma(), '.'),
        ("a;b\n1;8\n2;7,12\n", told(Some(DecimalMark::Point)), ','),
    ] {
        let error = refused(text, &options);
        assert!(matches!(error, Error::OtherDecimalMark { .. }), "{text}: {error}");
        assert_eq!(error.remedy(), Some(Remedy::TellOtherMark { mark }), "{text}");
        assert_eq!(read("a.csv", text, &told(None)).unwrap().rows(), text.lines().count() - 1, "{text}");
    }
    // Some have it, and others do not: the column that does not can be left out.
    let both = "a;b\n1,5;8.030\n2,5;7.12\n";
    for (decimal, column) in [(None, "b"), (Some(DecimalMark::Comma), "b"), (Some(DecimalMark::Point), "a")] {
        let error = refused(both, &told(decimal));
        assert_eq!(error.remedy(), Some(Remedy::WriteOneMark { column: column.into() }), "{error}");
        let drop = vec![column.to_owned()];
        let table = TableOptions { decimal, drop, ..TableOptions::default() };
        assert_eq!(read("a.csv", both, &with(table)).unwrap().width(), 1, "{column}");
    }
    // Columns that are no numbers say nothing of the mark.
    let versions = "a;version\n1,5;1.2\n2,5;1.3\n";
    let options = ReadOptions { label_columns: vec!["version".into()], ..comma() };
    assert_eq!(read("a.csv", versions, &options).unwrap().labels.unwrap(), ["1.2", "1.3"]);
    let types = [("version".to_owned(), ColumnKind::Category)].into();
    let options = with(TableOptions { types, ..TableOptions::default() });
    assert_eq!(read("a.csv", versions, &options).unwrap().values[..], [1.5, 2.5]);
}

#[test]
fn commas_that_part_cells_are_no_decimal_commas() {
    let comma = with(TableOptions { decimal: Some(DecimalMark::Comma), ..TableOptions::default() });
    let error = read("a.csv", "w,p\n8.030,22.195\n7.125,20.5\n", &comma).unwrap_err().to_string();
    assert!(
        error.contains("is delimited by commas") && error.contains("column `p` line 3 is `20.5`"),
        "{error}"
    );
    for text in ["w,p\n\"8,03\",\"22,5\"\n\"7,125\",\"20,5\"\n", "w;p\n8,03;22,5\n7,125;20,5\n"] {
        assert_eq!(read("a.csv", text, &comma).unwrap().values[..], [8.03, 22.5, 7.125, 20.5], "{text}");
    }
    assert_eq!(read("a.csv", "w,p\n8,22\n7,20\n", &comma).unwrap().values[..], [8.0, 22.0, 7.0, 20.0]);
}
