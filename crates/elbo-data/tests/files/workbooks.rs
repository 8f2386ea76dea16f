//! Workbooks and record batches whose cells are times, durations and long whole numbers.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, DurationSecondArray, Float64Array, Int64Array, RecordBatch, Time64MicrosecondArray,
};
use elbo_data::{ColumnKind, Dataset, DecimalMark, ReadOptions, Role, TableOptions, read_as};

use crate::Folder;

/// A workbook of these sheets: their names, whether they are hidden, and their rows of cells as XML has them.
#[allow(clippy::format_push_string, reason = "the text is short")]
fn workbook(folder: &Folder, sheets: &[(&str, bool, &[&[&str]])]) -> PathBuf {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let path = folder.path("a.xlsx");
    let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
    let mut put = |name: &str, text: String| {
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(name, stored).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    };
    put(
        "[Content_Types].xml",
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".into(),
    );
    put(
        "_rels/.rels",
        format!(
            "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"w\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    );
    let (mut listed, mut related) = (String::new(), String::new());
    for (i, (name, hidden, rows)) in sheets.iter().enumerate() {
        let i = i + 1;
        let state = if *hidden { " state=\"hidden\"" } else { "" };
        listed += &format!("<sheet name=\"{name}\" sheetId=\"{i}\"{state} r:id=\"r{i}\"/>");
        related += &format!(
            "<Relationship Id=\"r{i}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/s{i}.xml\"/>"
        );
        let mut data = String::new();
        for (row, cells) in rows.iter().enumerate() {
            data += &format!("<row r=\"{}\">", row + 1);
            for (column, cell) in ["A", "B", "C"].iter().zip(*cells) {
                let at = format!("{column}{}", row + 1);
                // `style:value`, a number, or text.
                data += &match (cell.split_once('!'), cell.parse::<f64>()) {
                    (Some((style, value)), _) => format!("<c r=\"{at}\" s=\"{style}\"><v>{value}</v></c>"),
                    (None, Ok(_)) => format!("<c r=\"{at}\"><v>{cell}</v></c>"),
                    (None, Err(_)) => format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"),
                };
            }
            data += "</row>";
        }
        put(
            &format!("xl/worksheets/s{i}.xml"),
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{data}</sheetData></worksheet>"),
        );
    }
    related += &format!("<Relationship Id=\"s\" Type=\"{OFFICE}/styles\" Target=\"styles.xml\"/>");
    put(
        "xl/_rels/workbook.xml.rels",
        format!("<Relationships xmlns=\"{PACKAGE}\">{related}</Relationships>"),
    );
    put(
        "xl/workbook.xml",
        format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{listed}</sheets></workbook>"),
    );
    // Style 1 shows a time, 2 a duration.
    put(
        "xl/styles.xml",
        format!(
            "<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"21\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>"
        ),
    );
    archive.finish().unwrap();
    path
}

fn read(path: &Path, options: &ReadOptions) -> Dataset<f64> {
    read_as(path, options).unwrap()
}

fn decided(data: &Dataset<f64>, of: &str) -> String {
    let found = data.reading.decisions.iter().find(|decision| decision.of == of);
    found.map_or(String::new(), |found| format!("{} ({})", found.chosen, found.why))
}

#[test]
fn a_time_without_a_date_is_no_instant_and_a_duration_is_in_hours() {
    let folder = Folder::new();
    let rows: &[&[&str]] = &[
        &["at", "took", "x"],
        &["1!0.5", "2!1.5", "1"],
        &["1!0.25", "2!0.0625", "2"],
        &["1!0.0", "2!0.25", "4"],
    ];
    let data = read(&workbook(&folder, &[("one", false, rows)]), &ReadOptions::default());
    assert_eq!(data.labels.as_deref().unwrap(), ["12:00:00", "06:00:00", "00:00:00"]);
    assert_eq!(data.reading.columns[0].kind, ColumnKind::Text);
    assert_eq!(
        (data.columns.join(" "), &data.values[..]),
        ("took x".into(), &[36.0, 1.0, 1.5, 2.0, 6.0, 4.0][..])
    );
    assert_eq!(decided(&data, "unit"), "`took` is in h (every cell of it has that)");
}

#[test]
fn the_first_sheet_that_is_shown_and_holds_cells_is_read() {
    let folder = Folder::new();
    let of = |x: &'static str| -> Vec<&'static [&'static str]> {
        vec![&["x"], if x == "3" { &["3"] } else { &["5"] }, &["7"], &["9"]]
    };
    let (three, five) = (of("3"), of("5"));
    for (sheets, name, why) in [
        (
            vec![("none", false, &[][..]), ("one", false, &three[..])],
            "one",
            "it is the first that is shown and holds cells",
        ),
        (
            vec![("old", true, &five[..]), ("one", false, &three[..])],
            "one",
            "it is the first that is shown and holds cells",
        ),
        (vec![("one", false, &three[..]), ("two", false, &five[..])], "one", "it is the first"),
        (
            vec![("none", false, &[][..]), ("one", true, &three[..])],
            "one",
            "it is the first that holds cells",
        ),
    ] {
        let data = read(&workbook(&folder, &sheets), &ReadOptions::default());
        assert_eq!(data.values[..], [3.0, 7.0, 9.0]);
        let said = decided(&data, "sheet");
        assert!(
            said.starts_with(&format!("`{name}`, and not")) && said.ends_with(&format!("({why})")),
            "{said}"
        );
    }
}

#[test]
fn text_with_decimal_commas_is_read_where_that_is_told() {
    let folder = Folder::new();
    let rows: &[&[&str]] = &[&["x", "y"], &["1,5", "0.5"], &["2,25", "7"], &["3", "2.5"]];
    let path = workbook(&folder, &[("one", false, rows)]);
    let table = TableOptions { decimal: Some(DecimalMark::Comma), ..TableOptions::default() };
    let data = read(&path, &ReadOptions { table, ..ReadOptions::default() });
    assert_eq!(data.values[..], [1.5, 0.5, 2.25, 7.0, 3.0, 2.5]);
    assert!(read_as::<f64>(&path, &ReadOptions::default()).is_err());
}

/// Columns as a Parquet file.
fn parquet(folder: &Folder, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = folder.path("a.parquet");
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

#[test]
fn times_and_durations_of_record_batches_are_read_as_those_of_workbooks() {
    let folder = Folder::new();
    let path = parquet(
        &folder,
        vec![
            ("at", Arc::new(Time64MicrosecondArray::from(vec![43_200_000_000, 21_600_500_000, 0]))),
            ("took", Arc::new(DurationSecondArray::from(vec![129_600, 5400, 21_600]))),
        ],
    );
    let data = read(&path, &ReadOptions::default());
    assert_eq!(data.labels.as_deref().unwrap(), ["12:00:00", "06:00:00.500000", "00:00:00"]);
    assert_eq!(data.values[..], [36.0, 1.5, 6.0]);
    assert_eq!(decided(&data, "unit"), "`took` is in hours (it holds durations)");
}

#[test]
fn whole_numbers_beyond_those_that_floats_hold_are_told() {
    const LARGE: i64 = 9_007_199_254_740_992;
    let folder = Folder::new();
    let of = |name: &'static str| {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![LARGE, LARGE + 1, LARGE + 2]));
        let x: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 1.5, 2.5]));
        parquet(&folder, vec![(name, ids), ("x", x)])
    };
    let data = read(&of("n"), &ReadOptions::default());
    assert_eq!(data.columns, ["n", "x"]);
    assert_eq!(
        decided(&data, "digits"),
        "`n` (`9007199254740993` in row 2 is rounded: a number keeps 15 digits)"
    );
    // Those that number the rows are set aside, and labels keep each digit.
    let path = of("user_id");
    let data = read(&path, &ReadOptions::default());
    assert_eq!(data.columns, ["x"]);
    assert!(
        decided(&data, "index").starts_with("`user_id` is set aside (it numbers the rows"),
        "{:?}",
        data.reading
    );
    let labelled = ReadOptions { label_columns: vec!["user_id".into()], ..ReadOptions::default() };
    let labels = read(&path, &labelled).labels.unwrap();
    assert_eq!(labels, ["9007199254740992", "9007199254740993", "9007199254740994"]);
    let small: ArrayRef = Arc::new(Int64Array::from(vec![30, 10, 20]));
    let x: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 1.5, 2.5]));
    let data = read(&parquet(&folder, vec![("user_id", small), ("x", x)]), &ReadOptions::default());
    assert_eq!((data.columns.join(" "), &data.reading.columns[0].role), ("x".into(), &Role::RowNumber));
    assert_eq!(decided(&data, "digits") + &decided(&data, "index"), "");
}
