//! What is told of columns holds in every format, and a name that no column has is refused.

use std::path::PathBuf;

use elbo_data::{
    CellFault, Column, ColumnKind, Dataset, Error, Frame, ReadOptions, TableOptions, TextColumns, TimeColumn,
    read_as, read_frame,
};

use crate::Folder;

/// The same table as text and as Parquet.
fn both(folder: &Folder) -> [PathBuf; 2] {
    let texts = |of: &[&str]| Column::Text((0..12).map(|row| of[row % of.len()].into()).collect());
    let frame = Frame::new()
        .with("dose", Column::Real((0..12).map(|row| f64::from(row) / 4.0).collect()))
        .with("visits", Column::Real((0..12).map(|row| f64::from(row % 5)).collect()))
        .with("smoker", texts(&["yes", "no", "Yes"]))
        .with("sex", texts(&["male", "female"]))
        .with("code", texts(&["7", "8.5", "", "9"]))
        .with("day", texts(&["2016-02-28", "2016-02-29"]));
    ["a.csv", "a.parquet"].map(|name| {
        let path = folder.path(name);
        frame.write(&path).unwrap();
        path
    })
}

fn types(of: &[(&str, ColumnKind)]) -> ReadOptions {
    let types = of.iter().map(|&(name, kind)| (name.to_owned(), kind)).collect();
    ReadOptions {
        missing: true,
        table: TableOptions { types, ..TableOptions::default() },
        ..ReadOptions::default()
    }
}

#[test]
fn a_name_that_no_column_has_is_refused_whatever_it_is_for() {
    let folder = Folder::new();
    let none = || vec!["dosis".to_owned()];
    let table = |table| ReadOptions { missing: true, table, ..ReadOptions::default() };
    for path in both(&folder) {
        for options in [
            types(&[("dosis", ColumnKind::Count)]),
            table(TableOptions { columns: none(), ..TableOptions::default() }),
            table(TableOptions { drop: none(), ..TableOptions::default() }),
            ReadOptions { label_columns: none(), ..ReadOptions::default() },
            ReadOptions { time: TimeColumn::Named("dosis".into()), missing: true, ..ReadOptions::default() },
        ] {
            let error = read_as::<f64>(&path, &options).unwrap_err();
            assert!(matches!(error, Error::LabelColumn { .. }), "{}: {error}", path.display());
            let message = error.to_string();
            assert!(message.contains("has no column `dosis`; its columns are `dose`, `visits`"), "{message}");
            let kept = ReadOptions { text: TextColumns::Kept, ..options };
            assert!(read_frame(&path, &kept).is_err(), "{}", path.display());
        }
    }
}

/// Of many names the nearest are told.
#[test]
fn the_nearest_names_are_told() {
    let folder = Folder::new();
    let mut frame = Frame::new();
    for gene in 0..200 {
        frame.push(format!("gene_{gene}"), Column::Real(vec![f64::from(gene), 0.5]));
    }
    frame.push("Weight", Column::Real(vec![0.5, 1.5]));
    for name in ["wide.csv", "wide.parquet"] {
        let path = folder.path(name);
        frame.write(&path).unwrap();
        let error = read_as::<f64>(&path, &types(&[("weigth", ColumnKind::Real)])).unwrap_err().to_string();
        assert!(error.contains("its columns are `Weight`, ") && error.contains("and 181 more"), "{error}");
    }
}

#[test]
fn told_kinds_hold_in_every_format() {
    let folder = Folder::new();
    for path in both(&folder) {
        let read = |of: &[(&str, ColumnKind)]| read_as::<f64>(&path, &types(of));
        let column = |data: &Dataset<f64>, name: &str| -> Vec<f64> {
            let d = data.columns.iter().position(|of| of == name).unwrap();
            data.column(d).collect()
        };
        let name = path.display();
        let data = read(&[("smoker", ColumnKind::Binary), ("visits", ColumnKind::Count)]).unwrap();
        assert_eq!(column(&data, "smoker")[..4], [1.0, 0.0, 1.0, 1.0], "{name}");
        let data = read(&[("code", ColumnKind::Real)]).unwrap();
        let codes = column(&data, "code");
        assert!(codes[..2] == [7.0, 8.5] && codes[2].is_nan(), "{name}: {codes:?}");
        // A category is no number, and is set aside.
        let data = read(&[("visits", ColumnKind::Category)]).unwrap();
        assert!(!data.columns.contains(&"visits".into()), "{name}");
        let odd = |of: (&str, ColumnKind)| match read(&[of]).unwrap_err() {
            Error::Cell { column, line, fault, .. } => {
                (column, line - usize::from(name.to_string().ends_with("csv")), fault)
            }
            other => panic!("{name}: {other}"),
        };
        assert_eq!(odd(("dose", ColumnKind::Count)), ("dose".into(), 2, CellFault::NotACount), "{name}");
        assert_eq!(odd(("visits", ColumnKind::Binary)), ("visits".into(), 3, CellFault::NotBinary), "{name}");
        assert_eq!(odd(("sex", ColumnKind::Binary)), ("sex".into(), 1, CellFault::NotBinary), "{name}");
        assert_eq!(odd(("sex", ColumnKind::Real)), ("sex".into(), 1, CellFault::NotANumber), "{name}");
    }
}
