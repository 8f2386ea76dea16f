//! Whether the first row names the columns.

use std::collections::HashSet;

use super::cell::{digits, is_missing, is_text, number};
use super::comments::Comments;
use super::records::Record;
use super::scan::{ColumnScan, is_truth};
use super::units::is_unit;
use crate::delimiter::Delimiter;
use crate::numbering::Numbering;
use crate::options::ReadOptions;

/// Whether the first row names the columns, and why, by the rows below it.
pub(super) fn decide(
    first: &Record,
    second: Option<&Record>,
    columns: &[ColumnScan],
    rows: usize,
    quoted: usize,
    options: &ReadOptions,
) -> (bool, &'static str) {
    if let Some(told) = options.table.header {
        return (told, "it is told");
    }
    let cells: Vec<&str> = first.cells().collect();
    let table = &options.table;
    let told = table.columns.iter().chain(&table.drop).chain(table.types.keys());
    let mut asked = options.label_columns.iter().chain(told).chain(&options.counts.weights);
    if asked.any(|name| place(name, cells.len()).is_none() && cells.contains(&name.as_str())) {
        return (true, "it has the name of a column that is asked for");
    }
    let there: HashSet<&str> = cells.iter().copied().collect();
    if !options.wanted.is_empty() && options.wanted.iter().all(|name| there.contains(name.as_str())) {
        return (true, "it has the names of the model's columns");
    }
    // A column of labels that is given by its place may hold text in every row.
    let labels: Vec<usize> =
        options.label_columns.iter().filter_map(|name| place(name, cells.len())).collect();
    // A column without a cell says nothing.
    let nothing = |(cell, column): &(&str, &ColumnScan)| cell.is_empty() && column.is_empty();
    let evidence = || {
        let pairs = cells.iter().copied().zip(columns).enumerate();
        pairs.filter(|(i, pair)| !labels.contains(i) && !nothing(pair))
    };
    let mut pairs: Vec<(&str, &ColumnScan)> = evidence().map(|(_, pair)| pair).collect();
    let numbers: Vec<&str> =
        pairs.iter().map(|pair| pair.0).filter(|cell| number::<f64>(cell).is_ok()).collect();
    let texts = pairs.iter().filter(|pair| is_text(pair.0)).count();
    let ordered = in_order(&numbers);
    let above_number = |&(cell, column): &(&str, &ColumnScan)| is_name(cell, column) && column.is_number();
    if pairs.iter().any(above_number) {
        // Names may be numbers: years, or 0, 1, 2. Other numbers are data, and the text beside them is out of place.
        if numbers.is_empty() {
            return (true, "text stands above numbers");
        }
        if ordered && numbers.len() > 1 || texts > numbers.len() {
            return (true, "text stands above numbers, beside numbers in order");
        }
        if numbers.len() == 1 && numbers[0].parse::<u64>().is_ok() && pairs.len() == 2 {
            return (true, "text stands above numbers");
        }
        return (false, "numbers that are no names stand in it");
    }
    if rows == 0 {
        return if texts > 0 && numbers.is_empty() {
            (true, "it holds text alone")
        } else {
            (false, "it is the only row")
        };
    }
    if texts == pairs.len() && texts > 0 {
        let again = pairs.iter().any(|(cell, column)| column.has_level(cell));
        return if again {
            (false, "its text occurs below again")
        } else {
            (true, "it holds text that does not occur below")
        };
    }
    if numbers.is_empty() && texts > 0 {
        let again = pairs.iter().any(|(cell, column)| is_text(cell) && column.has_level(cell));
        return if again { (false, "its text occurs below again") } else { (true, "it holds no number") };
    }
    if texts > 0 {
        // A name beside years: `country, 2019, 2020`.
        let again = pairs.iter().any(|(cell, column)| is_text(cell) && column.has_level(cell));
        pairs.retain(|(cell, _)| !is_text(cell));
        let (header, why) = of_numbers(first, second, &pairs, rows, quoted);
        return if header && !again {
            (true, why)
        } else {
            (false, "it holds numbers and text as the rows below")
        };
    }
    of_numbers(first, second, &pairs, rows, quoted)
}

/// Whether a first row names the columns that holds numbers alone, and cells that are missing.
fn of_numbers(
    first: &Record,
    second: Option<&Record>,
    pairs: &[(&str, &ColumnScan)],
    rows: usize,
    quoted: usize,
) -> (bool, &'static str) {
    let numbers: Vec<&str> =
        pairs.iter().map(|pair| pair.0).filter(|cell| number::<f64>(cell).is_ok()).collect();
    let above_text = |&(cell, column): &(&str, &ColumnScan)| {
        digits(cell.as_bytes()).is_some_and(is_plain) && column.is_text()
    };
    let Some(&(first_cell, first_column)) = pairs.first() else { return (false, "it has no cell") };
    let whole = numbers.iter().all(|cell| digits(cell.as_bytes()).is_some_and(is_plain));
    if numbers.is_empty() || !whole {
        return (false, "it holds numbers as the rows below");
    }
    if pairs.iter().any(above_text) {
        return (true, "numbers stand above text");
    }
    if first_cell.is_empty()
        && pairs.len() > 1
        && matches!(first_column.numbering(), Numbering::Counting | Numbering::InOrder)
        && numbers.len() + 1 == pairs.len()
        && differ(&numbers)
    {
        return (true, "a blank stands above a column that counts the rows");
    }
    if first.quoted == first.len() && quoted == 0 {
        return (true, "its cells alone stand in quotes");
    }
    if numbers.len() < pairs.len() {
        return (false, "it holds numbers as the rows below");
    }
    let fractions = pairs.iter().all(|(_, column)| column.is_number() && column.all_points());
    if pairs.len() == 1 {
        let name = ["0", "1"].contains(&numbers[0]) || (first.len() > 1 && is_year(numbers[0]));
        let alone = fractions && rows > 1 && name;
        return if alone {
            (true, "a whole number stands above numbers that all have a point")
        } else {
            (false, "it holds a number as the rows below")
        };
    }
    if !in_order(&numbers) {
        return (false, "it holds numbers as the rows below");
    }
    // Rows that count on are cut from one count.
    let value = |cell: &str| cell.parse::<i64>().ok();
    let goes_on = second.is_some_and(|second| {
        let on = |(above, below): (&&str, &str)| {
            value(above).map(|above| above + numbers.len().cast_signed() as i64) == value(below)
        };
        numbers.iter().zip(second.cells()).all(on)
    });
    // Numbers that are cells of their columns as well are a row of them, as of ranks.
    let again = pairs.iter().filter(|(cell, column)| column.has_number(cell)).count();
    let own = 2 * again > pairs.len() || pairs.iter().all(|(_, column)| column.within(&numbers));
    let any_fraction = pairs.iter().any(|(_, column)| column.has_fraction());
    let years =
        numbers.iter().all(|cell| is_year(cell)) && !pairs.iter().all(|(_, column)| column.are_years());
    // With its first row the table would be a square matrix, as couplings are.
    let square = rows + 1 == numbers.len() && !fractions;
    match (fractions || any_fraction || years || numbers.len() > 3) && !goes_on && !square && !own {
        true if years => (true, "years stand in order above other numbers"),
        true => (true, "whole numbers stand in order above other numbers"),
        false => (false, "it holds numbers as the rows below"),
    }
}

/// Whether a cell is text that is no value of its column, as `True` may be.
pub(super) fn is_name(cell: &str, column: &ColumnScan) -> bool {
    is_text(cell) && !(column.is_boolean() && is_truth(cell))
}

/// The place, from 0, that `last` or a number from 1 stands for.
fn place(wanted: &str, width: usize) -> Option<usize> {
    match wanted {
        "last" => width.checked_sub(1),
        number => number.parse::<usize>().ok()?.checked_sub(1).filter(|&i| i < width),
    }
}

fn is_plain(of: super::cell::Digits) -> bool {
    !of.point && !of.exponent && !of.negative
}

pub(super) fn is_year(cell: &str) -> bool {
    cell.len() == 4 && cell.parse::<u64>().is_ok_and(|year| (1600..2200).contains(&year))
}

fn differ(numbers: &[&str]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len() == numbers.len()
}

/// Whether whole numbers count from 0 or 1, or are years in equal steps.
fn in_order(cells: &[&str]) -> bool {
    let Some(numbers) = cells.iter().map(|cell| cell.parse::<i64>().ok()).collect::<Option<Vec<i64>>>()
    else {
        return false;
    };
    let steps: Vec<i64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let even = steps.iter().all(|&step| step == steps[0] && step != 0);
    let counts =
        [0, 1].contains(&numbers.first().copied().unwrap_or(-1)) && steps.iter().all(|&step| step == 1);
    counts || (even && cells.iter().all(|cell| is_year(cell)))
}

/// The names in a comment above the first row, as NumPy writes them, and its line.
pub(super) fn above(
    first: &Record,
    comments: &Comments,
    delimiter: Delimiter,
    options: &ReadOptions,
) -> Option<(usize, Record)> {
    let (line, text) = comments.above_rows.as_ref().filter(|_| options.table.header.is_none())?;
    let names = Record::of_line(text.trim_start_matches(['#', '%', '/']).trim(), delimiter);
    let all = names.len() == first.len() && names.cells().all(is_text);
    (all && line + 1 + first.empty == first.line
        && (names.len() > 1 || names.cells().all(|name| !name.contains(' '))))
    .then_some((*line, names))
}

/// The names of the columns; those that have none are called by their numbers.
pub(super) fn names(first: &Record, header: bool) -> Vec<(String, bool)> {
    let name = |(i, cell): (usize, &str)| {
        let named = header && !cell.is_empty();
        (if named { cell.to_owned() } else { format!("column {}", i + 1) }, named)
    };
    first.cells().enumerate().map(name).collect()
}

/// Whether a row below the names tells units: it holds no number and no date, and text in more than one column of numbers and in
/// most, of which three in four are units. Below names that stand twice it tells the columns apart instead; and letters that
/// are capital may mean anything.
pub(super) fn tells_units(names: &Record, row: &Record, columns: &[ColumnScan]) -> bool {
    let of: Vec<(&str, &ColumnScan)> =
        row.cells().zip(columns).filter(|(_, column)| column.is_number()).collect();
    let texts: Vec<&str> =
        of.iter().filter(|(cell, column)| is_name(cell, column)).map(|(cell, _)| *cell).collect();
    let units = || texts.iter().filter(|cell| is_unit(cell));
    let distinct = names.cells().collect::<HashSet<_>>().len() == names.len();
    let letter = |cell: &str| cell.len() == 1 && cell.bytes().all(|byte| byte.is_ascii_uppercase());
    texts.len() > 1
        && 2 * texts.len() > of.len()
        && 4 * units().count() >= 3 * texts.len()
        && units().any(|cell| !letter(cell))
        && distinct
        && row
            .cells()
            .zip(columns)
            .all(|(cell, column)| (is_text(cell) || is_missing(cell)) && !column.is_date(cell))
}
