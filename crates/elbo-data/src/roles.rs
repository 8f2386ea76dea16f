//! What becomes of each column: one policy for the tables of every format.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::error::{CellFault, Error};
use crate::frame::{Cell, Column, Frame, Known};
use crate::kind::{ColumnKind, yes_or_no};
use crate::names::{argument, brief, is_made_up, like, listed, nearest};
use crate::numbering::{Numbering, is_name_of};
use crate::options::{ReadOptions, TextColumns, TimeColumn};
use crate::reading::{ColumnReading, Reading, Role};
use crate::time::{Dates, dates};

/// The smallest number of rows whose first column may be taken for their numbers without a name that says so.
const NUMBERED: usize = 10;

/// Gives each column its role. Those that hold no numbers come as they are; the others as [`Role::Data`], or as
/// [`Role::Refused`] where some cell is no number.
pub(crate) fn assign(
    columns: &mut [ColumnReading],
    rows: usize,
    path: &Path,
    options: &ReadOptions,
) -> Result<(), Error> {
    let table = &options.table;
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let find = |wanted: &String| place(wanted, &names).ok_or_else(|| no_column(wanted, &names, path));
    let all = |wanted: &[String]| wanted.iter().map(find).collect::<Result<Vec<usize>, Error>>();
    let mut labels = all(&options.label_columns)?;
    let model = of_model(&options.wanted, &names);
    if labels.is_empty() && options.labels.is_none() {
        labels.extend(called_label(&names, options));
    }
    for &label in &labels {
        columns[label].role = Role::Label;
    }
    if let Some(time) = time_column(columns, &names, path, options)? {
        columns[time].role = Role::Time;
    }
    let open = |column: &ColumnReading| !matches!(column.role, Role::Label | Role::Time);
    if let Some(model) = model {
        let places = |of: &[String]| of.iter().filter_map(|name| place(name, &names)).collect::<Vec<usize>>();
        let (chosen, dropped) = (places(&table.columns), places(&table.drop));
        let left_out = |i| dropped.contains(&i) || (!table.columns.is_empty() && !chosen.contains(&i));
        for (i, column) in columns.iter_mut().enumerate().filter(|(_, column)| open(column)) {
            match model.contains(&i) {
                true if !column.kind.is_number() && options.text == TextColumns::Aside => {
                    column.role = Role::Refused(format!("it holds {}", column.why));
                }
                true => {}
                false if column.kind.is_number() => {
                    column.role = Role::Aside("the model does not use it".into());
                }
                false if left_out(i) => column.role = Role::Aside("the fit left it out".into()),
                false => column.role = Role::Aside(column.why.clone()),
            }
        }
    } else {
        // Of a fitted model's new rows a column may be lacking that is left out anyway.
        let lenient = !options.wanted.is_empty();
        let chosen = if lenient { Vec::new() } else { all(&table.columns)? };
        let dropped: Vec<usize> = if lenient {
            table.drop.iter().filter_map(|name| place(name, &names)).collect()
        } else {
            all(&table.drop)?
        };
        let header = columns.iter().any(|column| column.named);
        // What a program writes of the rows' own names, if they are whole numbers, stands first and without a name.
        let whole = |column: &ColumnReading| matches!(column.kind, ColumnKind::Count | ColumnKind::Binary);
        let index = |column: &&ColumnReading| !column.named && whole(column) && column.missing == 0;
        // Columns without a name and a cell are none.
        let none = columns.iter().take_while(|column| !column.named && column.missing == rows).count();
        let indices = none + columns[none..].iter().take_while(index).count();
        let told = table.types.keys().chain(&options.counts.weights);
        let typed: Vec<usize> = told.filter_map(|name| place(name, &names)).collect();
        for (i, column) in columns.iter_mut().enumerate().filter(|(_, column)| open(column)) {
            let asked = chosen.contains(&i) || typed.contains(&i);
            if dropped.contains(&i) {
                column.role = Role::Aside("«drop» names it".into());
            } else if !chosen.is_empty() && !chosen.contains(&i) {
                column.role = Role::Aside("«columns» names others".into());
            } else if !column.named && column.missing == rows && rows > 0 {
                column.role = Role::Aside("it has neither a name nor a cell".into());
            } else if column.missing == rows && rows > 0 && !asked && !lenient {
                column.role = Role::Aside("every cell of it is missing".into());
            } else if !asked
                && column.kind.is_number()
                && (numbers_rows(column, i == none, header, rows) || (header && i < indices && !column.named))
            {
                column.role = Role::RowNumber;
            } else if !column.kind.is_number() {
                column.role = Role::Aside(column.why.clone());
            }
        }
    }
    let taken = |column: &ColumnReading| matches!(column.role, Role::Data | Role::Refused(_));
    if !columns.iter().any(taken) {
        // Numbers of the rows are data where there are no others.
        columns
            .iter_mut()
            .filter(|column| column.role == Role::RowNumber)
            .for_each(|column| column.role = Role::Data);
    }
    if labels.is_empty()
        && options.labels.is_none()
        && let Some(label) = only_text(columns)
    {
        columns[label].role = Role::Label;
    }
    Ok(())
}

/// The column that says when each row was seen.
fn time_column(
    columns: &[ColumnReading],
    names: &[String],
    path: &Path,
    options: &ReadOptions,
) -> Result<Option<usize>, Error> {
    match &options.time {
        TimeColumn::None => Ok(None),
        TimeColumn::Named(name) => match place(name, names) {
            Some(i) => {
                check_dates(columns, i, path)?;
                let ColumnReading { name: column, kind, why, .. } = columns[i].clone();
                if kind.is_number() || kind == ColumnKind::Time {
                    return Ok(Some(i));
                }
                Err(Error::NotTimes { name: path.display().to_string(), column, kind, why })
            }
            // New rows may have it under another name.
            None if options.single => only_instants(columns, names, path, options),
            None => Err(no_column(name, names, path)),
        },
        TimeColumn::Instants => only_instants(columns, names, path, options),
    }
}

/// The only column that holds instants, if one alone does, and no model takes it.
fn only_instants(
    columns: &[ColumnReading],
    names: &[String],
    path: &Path,
    options: &ReadOptions,
) -> Result<Option<usize>, Error> {
    let dropped: Vec<usize> = options.table.drop.iter().filter_map(|name| place(name, names)).collect();
    let open = |i: &usize| {
        columns[*i].role == Role::Data && !dropped.contains(i) && !options.wanted.contains(&names[*i])
    };
    // One that is told to be something else than what its cells seem to be is that.
    let told: Vec<usize> = options.table.types.keys().filter_map(|name| place(name, names)).collect();
    for i in (0..columns.len()).filter(open).filter(|i| !told.contains(i)) {
        check_dates(columns, i, path)?;
    }
    let mut of = (0..columns.len()).filter(open).filter(|&i| columns[i].kind == ColumnKind::Time);
    Ok(of.next().filter(|_| of.next().is_none()))
}

/// Refuses a column most cells of which are dates, and some are not: as text it would be taken for labels, and the rows would
/// stay as they stand in the file.
fn check_dates(columns: &[ColumnReading], i: usize, path: &Path) -> Result<(), Error> {
    let Some((line, text)) = columns[i].odd_date.clone() else { return Ok(()) };
    let (path, column, fault) = (path.to_owned(), columns[i].name.clone(), CellFault::NotADate);
    Err(Error::Cell { path, column, number: i + 1, line, text, fault })
}

/// Why a column of text holds no dates, though most of its cells are some: this one is not, on this line.
pub(crate) fn why_no_dates((line, text): &(usize, String)) -> String {
    format!("most of its cells are dates, but `{}` in line {line} is not written as they are", brief(text))
}

/// The error that there is no such column.
pub(crate) fn no_column(wanted: &str, names: &[String], path: &Path) -> Error {
    Error::LabelColumn {
        path: path.to_owned(),
        wanted: wanted.to_owned(),
        names: listed(nearest(wanted, names).iter()),
        near: like(wanted, names),
    }
}

/// The column of new rows for a model that is called as results call their labels, unless the model or the table says
/// something else of it.
fn called_label(names: &[String], options: &ReadOptions) -> Option<usize> {
    const LABEL: &str = "label";
    let said = [&options.wanted, &options.table.drop].into_iter().flatten().any(|name| name == LABEL);
    let open = !options.wanted.is_empty() && options.table.columns.is_empty() && !said;
    names.iter().position(|name| name == LABEL).filter(|_| open)
}

/// Whether a column of text of this name tells what each row is, and is no property of it that a model takes.
pub(crate) fn names_labels(name: &str) -> bool {
    const NAMES: [&str; 3] = ["label", "labels", "target"];
    NAMES.contains(&name.to_lowercase().as_str())
}

/// The places of a model's columns, where there are all of them.
fn of_model(wanted: &[String], names: &[String]) -> Option<HashSet<usize>> {
    // Columns without names are found by their places, once those that are no data are set aside.
    if wanted.iter().all(|name| is_made_up(name)) {
        return None;
    }
    let mut places: HashMap<&String, Option<usize>> = HashMap::new();
    for (i, name) in names.iter().enumerate() {
        // A name that stands twice says nothing.
        places.entry(name).and_modify(|place| *place = None).or_insert(Some(i));
    }
    wanted.iter().map(|name| places.get(name).copied().flatten()).collect()
}

/// The column of a name, of a number from 1, or the last.
pub(crate) fn place(wanted: &str, names: &[String]) -> Option<usize> {
    let by_number = || match wanted {
        "last" => names.len().checked_sub(1),
        number => number.parse::<usize>().ok()?.checked_sub(1).filter(|&i| i < names.len()),
    };
    names.iter().position(|name| name == wanted).or_else(by_number)
}

/// Whether a column of numbers is one of row numbers: by its name, or as the first where it has none.
fn numbers_rows(column: &ColumnReading, first: bool, header: bool, rows: usize) -> bool {
    match column.numbering {
        Numbering::None => false,
        numbering if column.named => is_name_of(&column.name, numbering),
        Numbering::Distinct => first && header,
        Numbering::Counting | Numbering::InOrder => first && (header || rows >= NUMBERED),
    }
}

/// Says where the first column counts as row numbers do, and is data by its name.
pub(crate) fn said_of_counting(columns: &[ColumnReading], rows: usize, reading: &mut Reading) {
    let data = |column: &ColumnReading| column.role == Role::Data;
    if let [first, rest @ ..] = columns
        && (first.named, first.numbering, data(first)) == (true, Numbering::InOrder, true)
        && rows >= NUMBERED
        && rest.iter().any(data)
    {
        let name = argument(&first.name);
        let why = format!("it counts as the numbers of rows do; «drop {name}» leaves it out");
        reading.decide("counting", format!("`{}` is data", brief(&first.name)), why, false);
    }
}

/// Whether a name stands for none: blank, or as pandas writes it.
pub(crate) fn is_unnamed(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: ")
}

/// Parts the columns of a frame by their roles: data, and labels; text stays where it is to be kept.
pub(crate) fn apply(mut frame: Frame, path: &Path, options: &ReadOptions) -> Result<Frame, Error> {
    let rows = frame.rows()?;
    let plain = options.label_columns.is_empty()
        && options.table.is_empty()
        && options.wanted.is_empty()
        && options.time == TimeColumn::None;
    if plain
        && matches!(&frame.columns[..], [(_, Column::Matrix(matrix))] if matrix.columns.iter().all(|name| is_made_up(name)))
    {
        return Ok(frame);
    }
    let names: Vec<String> = frame.names().map(Into::into).collect();
    let told = told(&names, options, path)?;
    tell(&mut frame, &told, path, options)?;
    let mut columns = readings(&frame, names, &told);
    assign(&mut columns, rows, path, options)?;
    if options.wanted.is_empty() {
        said_of_counting(&columns, rows, &mut frame.reading);
    }
    check(&columns, path)?;
    let of = |role: fn(&Role) -> bool| -> Vec<usize> {
        (0..columns.len()).filter(|&i| role(&columns[i].role)).collect()
    };
    let labels = of(|role| *role == Role::Label);
    if !labels.is_empty() && (options.text == TextColumns::Aside || !options.label_columns.is_empty()) {
        frame.labels =
            Some((0..rows).map(|row| joined(labels.iter().map(|&c| shown(&frame.cell(row, c))))).collect());
        frame.label_names = labels.iter().map(|&i| columns[i].name.clone()).collect();
    }
    if let Some(&time) = of(|role| *role == Role::Time).first() {
        let times = frame.times_of(time);
        frame.set_times(times, time + 1, path)?;
    }
    let kept: Vec<usize> = match options.text {
        TextColumns::Aside => of(|role| *role == Role::Data),
        TextColumns::Kept => {
            let aside = |i: &usize| columns[*i].role != Role::Label || options.label_columns.is_empty();
            (0..columns.len()).filter(aside).collect()
        }
    };
    if kept.is_empty() {
        return Err(no_data(&columns, path));
    }
    frame.reading.columns = columns;
    frame.select(&kept)
}

/// The labels of several columns as one.
pub(crate) fn joined(labels: impl Iterator<Item = String>) -> String {
    labels.collect::<Vec<_>>().join(" / ")
}

/// A cell as text; a missing one is empty.
pub(crate) fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Real(value) if value.is_nan() => String::new(),
        Cell::Real(value) => value.to_string(),
        Cell::Count(value) => value.to_string(),
        Cell::Text(text) => text.to_string(),
    }
}

/// Refuses columns that a model cannot take.
fn check(columns: &[ColumnReading], path: &Path) -> Result<(), Error> {
    match columns.iter().find(|column| matches!(column.role, Role::Refused(_))) {
        Some(column) => Err(Error::NotNumbers {
            name: path.display().to_string(),
            column: column.name.clone(),
            kind: column.kind,
        }),
        None => Ok(()),
    }
}

/// The error that no column is data, and why.
pub(crate) fn no_data(columns: &[ColumnReading], path: &Path) -> Error {
    let why = |column: &ColumnReading| match &column.role {
        Role::Label => format!("`{}` is the label", brief(&column.name)),
        Role::Time => format!("`{}` says when each row was seen", brief(&column.name)),
        Role::RowNumber => format!("`{}` numbers the rows", brief(&column.name)),
        Role::Aside(why) | Role::Refused(why) => format!("`{}`: {why}", brief(&column.name)),
        Role::Data => String::new(),
    };
    let of: Vec<String> = columns.iter().take(5).map(why).collect();
    Error::AllAside { path: path.to_owned(), columns: of.join("; ") }
}

/// The kinds that columns are told to be of.
pub(crate) fn told(
    names: &[String],
    options: &ReadOptions,
    path: &Path,
) -> Result<Vec<Option<ColumnKind>>, Error> {
    let mut told = vec![None; names.len()];
    for (name, &kind) in &options.table.types {
        match place(name, names) {
            Some(i) => told[i] = Some(kind),
            // Of a fitted model's new rows a column may be lacking that is left out anyway.
            None if !options.wanted.is_empty() => {}
            None => return Err(no_column(name, names, path)),
        }
    }
    Ok(told)
}

/// Makes the columns of a frame what they are told to be, or says which cell is not of that kind.
fn tell(
    frame: &mut Frame,
    told: &[Option<ColumnKind>],
    path: &Path,
    options: &ReadOptions,
) -> Result<(), Error> {
    let mut number = 0;
    for (name, column) in &mut frame.columns {
        let lines = &frame.lines;
        let fail = |column: &str, place: usize, row: usize, text: &str, fault| {
            let (path, column, text) = (path.to_owned(), column.to_owned(), text.to_owned());
            Err(Error::Cell { path, column, number: number + place + 1, line: lines.of(row), text, fault })
        };
        for place in 0..column.width() {
            let Some(kind) = told[number + place] else { continue };
            if let Column::Matrix(_) | Column::Real(_) = column {
                let name =
                    if let Column::Matrix(matrix) = &*column { &matrix.columns[place] } else { &*name };
                for row in 0..column.rows() {
                    let value = column.number(row, place).unwrap_or(f64::NAN);
                    if let Some(fault) = not_of(kind, value) {
                        return fail(name, place, row, &value.to_string(), fault);
                    }
                }
            }
        }
        if let (Column::Text(_) | Column::Category(_) | Column::Ordinal(_), Some(kind)) =
            (&*column, told[number])
        {
            let texts: Vec<String> = (0..column.rows()).map(|row| shown(&column.cell(row, 0))).collect();
            if kind == ColumnKind::Time {
                if let Dates::Known(_, instants, _) = dates(&texts) {
                    *column = Column::Time(instants);
                } else if let Some((row, text)) = column.known()[0].odd_date.clone() {
                    return fail(name, 0, row, &text, CellFault::NotADate);
                }
            } else if kind.is_number() {
                let mut values = Vec::with_capacity(texts.len());
                for (row, text) in texts.iter().enumerate() {
                    let value = match text.as_str() {
                        "" if options.missing => f64::NAN,
                        "" => return fail(name, 0, row, text, CellFault::Empty),
                        text => {
                            let yes = if kind == ColumnKind::Binary { yes_or_no(text) } else { None };
                            match text.parse::<f64>().ok().filter(|value| value.is_finite()).or(yes) {
                                Some(value) => value,
                                None if kind == ColumnKind::Binary => {
                                    return fail(name, 0, row, text, CellFault::NotBinary);
                                }
                                None => return fail(name, 0, row, text, CellFault::NotANumber),
                            }
                        }
                    };
                    if let Some(fault) = not_of(kind, value) {
                        return fail(name, 0, row, text, fault);
                    }
                    values.push(value);
                }
                *column = Column::Real(values);
            }
        }
        number += column.width();
    }
    Ok(())
}

/// What is wrong with a number in a column that is told to be of a kind; a missing one is of each.
pub(crate) fn not_of(kind: ColumnKind, value: f64) -> Option<CellFault> {
    match kind {
        ColumnKind::Count if value < 0.0 || value.fract() != 0.0 => {
            (!value.is_nan()).then_some(CellFault::NotACount)
        }
        ColumnKind::Binary if value != 0.0 && value != 1.0 => {
            (!value.is_nan()).then_some(CellFault::NotBinary)
        }
        _ => None,
    }
}

/// What is known of the columns of a frame, before they have roles.
fn readings(frame: &Frame, names: Vec<String>, told: &[Option<ColumnKind>]) -> Vec<ColumnReading> {
    let known = frame.columns.iter().flat_map(|(_, column)| column.known());
    let reading = |((name, known), &told): ((String, Known), &Option<ColumnKind>)| {
        let kind = told.unwrap_or(known.kind);
        let odd_date = known.odd_date.map(|(row, cell)| (frame.lines.of(row), cell));
        let holds = || format!("{} {kind}", if told.is_some() { "it is told to hold" } else { "it holds" });
        ColumnReading {
            named: !is_made_up(&name) && !is_unnamed(&name),
            name,
            kind,
            why: odd_date.as_ref().filter(|_| told.is_none()).map_or_else(holds, why_no_dates),
            missing: known.missing,
            numbering: known.numbering,
            role: Role::Data,
            unit: None,
            odd_date,
        }
    };
    names.into_iter().zip(known).zip(told).map(reading).collect()
}

/// The one column that is set aside as text: the labels of the rows. One of instants is, where there is no other.
pub(crate) fn only_text(columns: &[ColumnReading]) -> Option<usize> {
    let aside = |kinds: &[ColumnKind]| {
        let mut of = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| kinds.contains(&column.kind) && column.is_aside_by_kind());
        (of.next().map(|(i, _)| i), of.next().is_some())
    };
    let texts = aside(&[ColumnKind::Text, ColumnKind::Category, ColumnKind::Ordinal]);
    match (texts, aside(&[ColumnKind::Time])) {
        ((Some(text), false), _) => Some(text),
        ((None, _), (Some(time), false)) => Some(time),
        _ => None,
    }
}
