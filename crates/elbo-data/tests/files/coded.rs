//! Tables of columns of every kind as numbers.

use elbo_data::{
    Coding, ColumnKind, Dataset, Error, ReadOptions, Role, TableOptions, TextColumns, read_frame,
};

use crate::Folder;

fn coded(text: &str, table: TableOptions) -> Result<(Dataset<f64>, Vec<Coding>), Error> {
    let folder = Folder::new();
    let path = folder.file("a.csv", text);
    let options = ReadOptions { missing: true, text: TextColumns::Kept, table, ..ReadOptions::default() };
    read_frame(&path, &options)?.coded(&options.table)
}

fn levels(names: &[&str]) -> Coding {
    Coding::Levels(names.iter().map(|&name| name.to_owned()).collect())
}

fn told(name: &str, kind: ColumnKind, names: &[&str]) -> TableOptions {
    let mut table = TableOptions::default();
    table.types.insert(name.into(), kind);
    if !names.is_empty() {
        table.levels.insert(name.into(), names.iter().map(|&name| name.to_owned()).collect());
    }
    table
}

const TABLE: &str = "name,size,grade,day,weight\n\
    a,small,10,2024-01-02,1.5\n\
    b,large,9,1970-01-02,\n\
    c,,10,,2.5\n\
    d,small,9,2024-01-02,NA\n\
    e,large,9,2024-01-05,3.5\n";

#[test]
fn levels_are_codes_and_days_are_numbers() {
    let (data, codings) = coded(TABLE, TableOptions::default()).unwrap();
    assert_eq!(data.columns, ["size", "grade", "day", "weight"]);
    assert_eq!(codings, [levels(&["large", "small"]), Coding::Number, Coding::Days, Coding::Number]);
    assert_eq!(data.row(1)[..3], [0.0, 9.0, 1.0]);
    assert!(data.row(2)[0].is_nan() && data.row(2)[2].is_nan() && data.row(1)[3].is_nan());
    // Free text tells the rows apart.
    assert_eq!((data.labels.unwrap()[3].as_str(), data.label_names), ("d", vec!["name".to_owned()]));
}

#[test]
fn times_of_day_are_shares_of_a_day() {
    let (data, codings) = coded("at,x\n06:00,1\n,2\n18:00:30,4\n", TableOptions::default()).unwrap();
    assert_eq!(codings, [Coding::Clock, Coding::Number]);
    assert_eq!((data.row(0)[0], data.row(2)[0]), (0.25, 0.75 + 30.0 / 86_400.0));
    assert!(data.row(1)[0].is_nan());
    // Whatever is no time of day leaves the column text.
    let (data, _) = coded("at,x\n06:00,1\n25:00,2\n18:00,4\n", TableOptions::default()).unwrap();
    assert_eq!(data.columns, ["x"]);
}

#[test]
fn a_cell_among_dates_that_is_none_is_named() {
    let text = "day,x\n2024-01-05,1\n2024-02-05,2\n5 of March,3\n2024-04-05,4\n";
    let error = coded(text, TableOptions::default()).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "column `day` line 4 is `5 of March`, which is not a date of the form that most cells of the column have"
        ),
        "{error}"
    );
    // Told to be text, it tells the rows apart.
    let (data, _) = coded(text, told("day", ColumnKind::Text, &[])).unwrap();
    assert_eq!((data.columns, data.labels.map(|labels| labels.len())), (vec!["x".to_owned()], Some(4)));
}

#[test]
fn levels_that_are_numbers_stand_by_their_size() {
    let (data, codings) = coded(TABLE, told("grade", ColumnKind::Ordinal, &[])).unwrap();
    assert_eq!((codings[1].clone(), data.row(0)[1], data.row(1)[1]), (levels(&["9", "10"]), 1.0, 0.0));
    let (data, codings) = coded(TABLE, told("size", ColumnKind::Ordinal, &["small", "large"])).unwrap();
    assert_eq!((codings[0].clone(), data.row(0)[0]), (levels(&["small", "large"]), 0.0));
    // Numbers may be written otherwise than they were.
    let (data, _) = coded(TABLE, told("grade", ColumnKind::Category, &["10.0", "9.00"])).unwrap();
    assert_eq!([data.row(0)[1], data.row(1)[1]], [0.0, 1.0]);
}

#[test]
fn a_level_that_is_not_known_is_named() {
    let error =
        coded(TABLE, told("size", ColumnKind::Category, &["small", "medium"])).unwrap_err().to_string();
    assert!(
        error.ends_with("column `size` line 3 is `large`, which is none of the levels `small`, `medium`"),
        "{error}"
    );
    let error = coded("a,b,a\n1,x,2\n2,y,3\n1,x,2\n2,y,3\n", TableOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("has two columns `a`"), "{error}");
    let rows = (0..60).map(|i| if i == 50 { "50,x".into() } else { format!("{i},{i}") });
    let rows = rows.collect::<Vec<String>>().join("\n");
    let error =
        coded(&format!("a,b\n{rows}\n"), told("a", ColumnKind::Category, &[])).unwrap_err().to_string();
    assert!(error.ends_with("column `b`: its cell `x` in line 52 is no number"), "{error}");
}

#[test]
fn columns_of_too_many_levels_and_of_one_are_set_aside() {
    let letters = (0..80).map(|i| format!("t{},same,{}", i % 30, i % 2)).collect::<Vec<String>>().join("\n");
    let (data, codings) = coded(&format!("town,one,yes\n{letters}"), TableOptions::default()).unwrap();
    assert_eq!((data.columns.clone(), codings), (vec!["yes".to_owned()], vec![Coding::Number]));
    let why = |name: &str| match &data.reading.columns.iter().find(|of| of.name == name).unwrap().role {
        Role::Aside(why) => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(why("town"), "it has 30 levels in 80 rows");
    assert_eq!(why("one"), "it has one level in every row");
    // One that is told to hold categories is data.
    let (data, _) =
        coded(&format!("town,one,yes\n{letters}"), told("town", ColumnKind::Category, &[])).unwrap();
    assert_eq!(data.columns, ["town", "yes"]);
}
