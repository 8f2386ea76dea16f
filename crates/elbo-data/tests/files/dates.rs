//! A cell that is no date, among cells that are, is named: as text the column would be taken for labels, and rows that stand
//! newest first would be a series the wrong way round.

use elbo_data::{
    CellFault, Column, ColumnKind, Dataset, Error, Frame, ReadOptions, Remedy, TableOptions, TimeColumn,
    read_as,
};

use crate::Folder;

fn series(time: TimeColumn) -> ReadOptions {
    ReadOptions { missing: true, time, ..ReadOptions::default() }
}

/// Thirty days of this form, newest first, one of which is replaced: where `DD` stands for the day of the month.
fn days(form: &str, at: usize, bad: &str) -> Vec<String> {
    let day =
        |row: usize| if row == at { bad.into() } else { form.replace("DD", &format!("{:02}", 30 - row)) };
    (0..30).map(day).collect()
}

fn text(days: &[String]) -> String {
    let line = |(row, day): (usize, &String)| format!("{day};{}.5;x\n", 100 - row);
    "date;level;note\n".to_owned() + &days.iter().enumerate().map(line).collect::<String>()
}

/// The column, the line, the text and what is to be done of the cell that is refused.
fn odd(error: Error) -> (String, usize, String, Remedy) {
    let remedy = error.remedy().expect("something can be done");
    match error {
        Error::Cell { column, line, text, fault: CellFault::NotADate, .. } => (column, line, text, remedy),
        other => panic!("{other}"),
    }
}

#[test]
fn one_bad_date_is_named_in_every_form_and_place() {
    let folder = Folder::new();
    for (form, bad) in [
        ("2016-04-DD", "2016-04-31"),
        ("2016-04-DD", "20l6-04-07"),
        ("2016-04-DD", "07/04/2016"),
        ("2016-04-DD", "April"),
        ("2016-04-DD", "42467"),
        ("2016-04-DD", "2016"),
        ("2016-04-DD 12:00:00", "2016-04-31 12:00:00"),
        ("2016-04-DDT12:00:00Z", "noon"),
        ("DD.04.2016", "31.04.2016"),
        ("DD/04/2016", "31/04/2016"),
        ("04/DD/2016", "13/13/2016"),
        ("DD April 2016", "someday 2016"),
        ("Apr DD, 2016", "Apr, 2016"),
    ] {
        for at in [0, 1, 14, 29] {
            for time in [TimeColumn::Instants, TimeColumn::Named("date".into())] {
                let path = folder.file("a.csv", text(&days(form, at, bad)));
                let error = read_as::<f64>(&path, &series(time)).unwrap_err();
                let mend = Remedy::MendCell { column: "date".into(), number: 1 };
                assert_eq!(odd(error), ("date".into(), at + 2, bad.into(), mend), "{form}");
            }
        }
        // The same with a good one is a series; and so are rows where the column is told to be something else, or left out.
        let good = form.replace("DD", "16");
        let data: Dataset<f64> =
            read_as(&folder.file("a.csv", text(&days(form, 14, &good))), &series(TimeColumn::Instants))
                .unwrap();
        let times = data.times.unwrap();
        assert!(times.calendar && times.values.is_sorted_by(|a, b| a > b), "{form}");
        let path = folder.file("a.csv", text(&days(form, 3, bad)));
        for table in [
            TableOptions { drop: vec!["date".into()], ..TableOptions::default() },
            TableOptions { types: [("date".into(), ColumnKind::Text)].into(), ..TableOptions::default() },
        ] {
            let options = ReadOptions { table, ..series(TimeColumn::Instants) };
            assert!(read_as::<f64>(&path, &options).unwrap().times.is_none(), "{form}");
        }
        let label = ReadOptions { label_columns: vec!["date".into()], ..series(TimeColumn::Instants) };
        assert_eq!(read_as::<f64>(&path, &label).unwrap().labels.unwrap()[3], bad, "{form}");
        // Where nobody asks for times it is text as any other, and why it is no dates is told.
        let data: Dataset<f64> = read_as(&path, &series(TimeColumn::None)).unwrap();
        let why = format!("most of its cells are dates, but `{bad}` in line 5 is not written as they are");
        assert_eq!(data.reading.columns[0].why, why, "{form}");
    }
}

#[test]
fn a_column_that_is_told_to_hold_dates_names_the_cell_as_well() {
    let folder = Folder::new();
    let told = |days: &[String]| {
        let types = [("date".into(), ColumnKind::Time)].into();
        let table = TableOptions { types, ..TableOptions::default() };
        let options = ReadOptions { table, ..series(TimeColumn::Instants) };
        read_as::<f64>(&folder.file("a.csv", text(days)), &options)
    };
    assert_eq!(odd(told(&days("2016-04-DD", 9, "never")).unwrap_err()).1, 11);
    assert!(told(&days("2016-04-DD", 0, "2016-04-30")).unwrap().times.is_some());
    let error = told(&days("noDD", 9, "2016-04-01")).unwrap_err();
    assert!(error.to_string().ends_with("line 2 is `no30`, and few of its cells are dates"), "{error}");
    // Days as numbers are none of text.
    let error = told(&days("201604DD", 0, "20160430")).unwrap_err();
    assert_eq!(error.remedy(), Some(Remedy::TellTime { column: "date".into() }));
}

#[test]
fn a_day_that_is_a_number_is_named_too() {
    let folder = Folder::new();
    let named = series(TimeColumn::Named("date".into()));
    let path = folder.file("a.csv", text(&days("201604DD", 5, "20160431")));
    assert_eq!(odd(read_as::<f64>(&path, &named).unwrap_err()).1, 7);
    // Years are no days.
    let path = folder.file("a.csv", text(&days("20DD", 5, "2025")));
    let times = read_as::<f64>(&path, &named).unwrap().times.unwrap();
    assert!(!times.calendar && times.values[0] == 2030.0);
}

#[test]
fn other_formats_are_no_exception() {
    let folder = Folder::new();
    for ending in ["parquet", "csv"] {
        let write = |bad: &str| {
            let path = folder.path(&format!("a.{ending}"));
            let frame = Frame::new()
                .with("date", Column::Text(days("2016-04-DD", 14, bad)))
                .with("level", Column::Real((0..30).map(|row| f64::from(row) + 0.5).collect()));
            frame.write(&path).unwrap();
            read_as::<f64>(&path, &series(TimeColumn::Instants))
        };
        let (column, line, text, _) = odd(write("2016-04-3O").unwrap_err());
        // Rows of Parquet have no line but their number.
        let place = if ending == "parquet" { 15 } else { 16 };
        assert!(column == "date" && line == place && text == "2016-04-3O", "{ending} {line}");
        assert!(write("2016-04-16").unwrap().times.unwrap().calendar, "{ending}");
    }
}

/// Text of which a few cells are dates is text, and so is a long column none of whose first cells is one.
#[test]
fn text_stays_text() {
    let folder = Folder::new();
    let some = |of: &dyn Fn(usize) -> String| {
        let days: Vec<String> = (0..30).map(of).collect();
        read_as::<f64>(&folder.file("a.csv", text(&days)), &series(TimeColumn::Instants))
    };
    let seldom =
        |row: usize| if row < 10 { format!("2016-04-{:02}", row + 1) } else { format!("visit {row}") };
    assert!(some(&seldom).unwrap().times.is_none());
    assert!(some(&|row| format!("{row} Main Street")).unwrap().times.is_none());
}
