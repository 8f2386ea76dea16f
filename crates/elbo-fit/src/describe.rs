//! What a file holds: each column, what it was understood as and why, and what a fit would do with it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet, VecDeque},
};

use elbo_data::{Cell, Column, ColumnKind, ColumnReading, Frame, Role, Table};

use crate::{error::Error, number::significant, query::Answer, source::Source, text::Text};

/// The largest number of different values of a column that are counted.
const DISTINCT: usize = 1000;

/// How many characters of a name, or of the levels of a column, are shown.
const SHOWN: usize = 60;

/// What a file holds.
#[derive(Debug)]
pub struct Description {
    /// What was decided of the file as a whole, as (name, text).
    pub facts: Vec<(String, String)>,
    /// A row for each column, and the same as text.
    pub told: Answer,
}

/// Describes the data of a source; `memory` is how many bytes of them may be held, and `words` has the settings that a reason
/// names in the words of the front end.
///
/// # Errors
/// Where it cannot be read.
pub fn describe(
    source: &Source,
    memory: Option<u64>,
    words: impl Fn(&Text) -> String,
) -> Result<Description, Error> {
    let frame = source.frame(memory)?;
    let mut facts = vec![("data".into(), frame.name.clone()), ("rows".into(), frame.rows()?.to_string())];
    for decision in &frame.reading.decisions {
        let text = format!("{} ({})", decision.chosen, decision.why);
        facts.push((decision.of.into(), words(&text.into())));
    }
    let mut of_columns = summaries(&frame)?;
    for of in &mut of_columns {
        of.why = words(&of.why.as_str().into());
    }
    let table = table(&of_columns);
    let text = aligned(&of_columns);
    Ok(Description { facts, told: Answer { text: Some(text), ..Answer::new(table) } })
}

/// What is known of a column.
#[derive(Default)]
struct Summary {
    name: String,
    kind: String,
    role: String,
    missing: usize,
    distinct: Option<usize>,
    /// The smallest number, the mean and the largest.
    range: Option<[f64; 3]>,
    levels: String,
    why: String,
}

fn summaries(frame: &Frame) -> Result<Vec<Summary>, Error> {
    let rows = frame.rows()?;
    if let [(_, Column::Sparse(counts))] = &frame.columns[..] {
        let entries = counts.counts.len();
        let why = format!("{} columns of counts, {entries} of which are not 0", counts.width);
        return Ok(vec![Summary {
            name: "counts".into(),
            kind: ColumnKind::Count.to_string(),
            role: "data".into(),
            why,
            ..Summary::default()
        }]);
    }
    let mut found: VecDeque<Summary> = VecDeque::new();
    for (name, column) in &frame.columns {
        match column {
            Column::Matrix(matrix) if frame.reading.columns.is_empty() && matrix.width() > 1 => {
                let of: Vec<Summary> =
                    (0..matrix.width()).map(|place| summary(column, place, rows, 0)).collect();
                let mut kinds = frame.kinds();
                // The widest that one of them is of.
                kinds.sort_by_key(|kind| {
                    [ColumnKind::Real, ColumnKind::Count].iter().position(|of| of == kind).unwrap_or(2)
                });
                let kind = kinds.first().copied().unwrap_or(ColumnKind::Real);
                let why = match matrix.image {
                    Some((height, width)) => format!("images of {height}×{width}"),
                    None => format!("{} columns without names", matrix.width()),
                };
                found.push_back(Summary { kind: kind.to_string(), ..whole(name, &of, why) });
            }
            Column::Matrix(matrix) => {
                let of = matrix.columns.iter().enumerate();
                found.extend(of.map(|(place, name)| Summary {
                    name: name.clone(),
                    ..summary(column, place, rows, DISTINCT)
                }));
            }
            _ => found.push_back(Summary { name: name.clone(), ..summary(column, 0, rows, DISTINCT) }),
        }
    }
    let kinds = if frame.reading.columns.is_empty() && found.len() != frame.width() {
        Vec::new()
    } else {
        frame.kinds()
    };
    for (of, kind) in found.iter_mut().zip(kinds) {
        (of.kind, of.role) = (kind.to_string(), "data".into());
    }
    if frame.reading.columns.is_empty() {
        return Ok(found.into());
    }
    let read = |column: &ColumnReading| {
        // A column of labels that is named is not among the others.
        let there = found.front().is_some_and(|of| of.name == column.name);
        let of = if there { found.pop_front() } else { None };
        let of = of.unwrap_or_else(|| Summary { missing: column.missing, ..Summary::default() });
        let (role, why) = match &column.role {
            Role::Data => ("data", column.why.clone()),
            Role::Label => ("label", column.why.clone()),
            Role::Time => ("time", column.why.clone()),
            Role::RowNumber => ("row number", "it numbers the rows".into()),
            Role::Aside(why) => ("set aside", why.clone()),
            Role::Refused(why) => ("refused", why.clone()),
        };
        Summary { name: column.name.clone(), kind: column.kind.to_string(), role: role.into(), why, ..of }
    };
    Ok(frame.reading.columns.iter().map(read).collect())
}

/// Columns that are stored together, as one.
fn whole(name: &str, all: &[Summary], why: String) -> Summary {
    let ranges = || all.iter().filter_map(|of| of.range);
    let count = ranges().count();
    let range = (count > 0).then(|| {
        let least = ranges().map(|[least, ..]| least).fold(f64::INFINITY, f64::min);
        let most = ranges().map(|[.., most]| most).fold(f64::NEG_INFINITY, f64::max);
        [least, ranges().map(|[_, mean, _]| mean).sum::<f64>() / count as f64, most]
    });
    let missing = all.iter().map(|of| of.missing).sum();
    Summary { name: name.into(), role: "data".into(), missing, range, why, ..Summary::default() }
}

/// What the cells of a column are; at most this many different ones are counted.
fn summary(column: &Column, place: usize, rows: usize, most: usize) -> Summary {
    let (mut missing, mut sum, mut numbers) = (0, 0.0, 0_usize);
    let mut range = [f64::INFINITY, f64::NEG_INFINITY];
    let mut values: BTreeMap<String, usize> = BTreeMap::new();
    let mut bits: HashSet<u64> = HashSet::new();
    for row in 0..rows {
        let number = match column.cell(row, place) {
            Cell::Missing => {
                missing += 1;
                continue;
            }
            Cell::Text(text) => {
                if values.len() <= most {
                    *values.entry(text.into_owned()).or_default() += 1;
                }
                continue;
            }
            Cell::Real(value) if value.is_nan() => {
                missing += 1;
                continue;
            }
            Cell::Real(value) => value,
            Cell::Count(value) => value as f64,
        };
        (numbers, sum) = (numbers + 1, sum + number);
        range = [range[0].min(number), range[1].max(number)];
        if bits.len() <= most {
            bits.insert(number.to_bits());
        }
    }
    let mut levels: Vec<(&String, &usize)> = values.iter().collect();
    levels.sort_by_key(|&(name, &count)| (Reverse(count), name));
    let shown: Vec<String> = levels.iter().take(5).map(|(name, count)| format!("{name}: {count}")).collect();
    let more = if levels.len() > shown.len() { ", …" } else { "" };
    Summary {
        missing,
        distinct: (most > 0)
            .then_some(if numbers > 0 { bits.len() } else { values.len() })
            .filter(|&of| of <= most),
        range: (numbers > 0).then(|| [range[0], sum / numbers as f64, range[1]]),
        levels: shown.join(", ") + more,
        ..Summary::default()
    }
}

/// A row for each column.
fn table(of: &[Summary]) -> Table {
    let text = |get: &dyn Fn(&Summary) -> String| Column::Text(of.iter().map(get).collect());
    let range = |place: usize| {
        Column::Real(of.iter().map(|of| of.range.map_or(f64::NAN, |range| range[place])).collect())
    };
    Table::new()
        .with("column", text(&|of| of.name.clone()))
        .with("kind", text(&|of| of.kind.clone()))
        .with("use", text(&|of| of.role.clone()))
        .with("missing", Column::Count(of.iter().map(|of| Some(of.missing as u64)).collect()))
        .with(
            "distinct",
            Column::Count(of.iter().map(|of| of.distinct.map(|distinct| distinct as u64)).collect()),
        )
        .with("least", range(0))
        .with("mean", range(1))
        .with("most", range(2))
        .with("levels", text(&|of| of.levels.clone()))
        .with("why", text(&|of| of.why.clone()))
}

/// The table as aligned text, for people.
fn aligned(of: &[Summary]) -> String {
    let heading = ["column", "kind", "use", "missing", "distinct", "values", "why"].map(str::to_owned);
    let line = |of: &Summary| {
        let values = match of.range {
            Some([least, mean, most]) => {
                format!("{} to {}, mean {}", significant(least), significant(most), significant(mean))
            }
            None => of.levels.clone(),
        };
        let distinct = match of.distinct {
            Some(distinct) => distinct.to_string(),
            None => format!("> {DISTINCT}"),
        };
        let short = |text: &str| printed(text, SHOWN);
        // The last cell may be as long as it is: a remedy that is cut says nothing.
        [
            short(&of.name),
            short(&of.kind),
            short(&of.role),
            of.missing.to_string(),
            distinct,
            short(&values),
            printed(&of.why, usize::MAX),
        ]
    };
    let lines: Vec<[String; 7]> = std::iter::once(heading).chain(of.iter().map(line)).collect();
    let width = |place: usize| lines.iter().map(|line| line[place].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let text = |line: &[String; 7]| {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    lines.iter().map(text).collect()
}

/// What a terminal can show of a text, and this many characters of it at most.
fn printed(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}
