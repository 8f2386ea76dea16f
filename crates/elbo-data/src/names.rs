//! The names of columns: of those that have none, and in messages.

use std::fmt::Display;

/// The names of columns that have none: `pixel 3,4` where `grid` is the shape
/// of a row, `column 5` where it is flat.
///
/// ```
/// assert_eq!(elbo_data::column_names(&[1, 2]), ["pixel 1,1", "pixel 1,2"]);
/// ```
pub fn column_names(grid: &[usize]) -> Vec<String> {
    let kind = match grid.len() {
        0 | 1 => "column",
        2 => "pixel",
        _ => "value",
    };
    (0..grid.iter().product())
        .map(|flat: usize| {
            let mut rest = flat;
            let mut place: Vec<String> = grid
                .iter()
                .rev()
                .map(|&size| {
                    let index = rest % size;
                    rest /= size;
                    (index + 1).to_string()
                })
                .collect();
            place.reverse();
            if place.is_empty() {
                place.push("1".to_owned());
            }
            format!("{kind} {}", place.join(","))
        })
        .collect()
}

/// Whether a name is one of [`column_names`], as of a file that gives none.
///
/// ```
/// assert!(elbo_data::is_made_up("pixel 3,4") && elbo_data::is_made_up("column 12"));
/// assert!(!elbo_data::is_made_up("column") && !elbo_data::is_made_up("pixel12"));
/// ```
pub fn is_made_up(name: &str) -> bool {
    let place = name.split_once(' ').filter(|(kind, _)| ["column", "pixel", "value"].contains(kind));
    place.is_some_and(|(_, place)| place.split(',').all(|number| number.parse::<usize>().is_ok()))
}

/// A text as messages quote it: its first characters, and those that are none on a screen by their codes.
pub(crate) fn brief(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown = String::new();
    for c in text.chars().take(SHOWN) {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// The name of a column as a setting takes it: in quotes where it holds a blank.
pub(crate) fn argument(name: &str) -> String {
    if name.contains(char::is_whitespace) { format!("'{name}'") } else { name.to_owned() }
}

/// A number as messages quote it: with an exponent where it would be long.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e15).contains(&size) || !size.is_finite() {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// How many names a message lists at most.
const LISTED: usize = 20;

/// Names in the order in which a message lists them for one that is none of them: the nearest first, where there are many.
///
/// ```
/// let names: Vec<String> = (0..500).map(|i| format!("gene{i}")).chain(["age".into()]).collect();
/// assert_eq!(elbo_data::nearest("Age", &names)[0], "age");
/// assert_eq!(elbo_data::nearest("gene4444", &names)[0], "gene444");
/// ```
pub fn nearest(wanted: &str, names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    if names.len() > LISTED {
        let wanted = wanted.to_lowercase();
        // Names of one nearness keep their order.
        names.sort_by_cached_key(|name| {
            std::cmp::Reverse((1e9 * strsim::jaro_winkler(&name.to_lowercase(), &wanted)) as u64)
        });
    }
    names
}

/// The few names that are like one that is none of them, the likest first.
pub(crate) fn like(wanted: &str, names: &[String]) -> Vec<String> {
    const LIKE: f64 = 0.8;
    const MOST: usize = 3;
    let wanted = wanted.to_lowercase();
    let likeness = |name: &String| strsim::jaro_winkler(&name.to_lowercase(), &wanted);
    let mut found: Vec<(f64, &String)> = names.iter().map(|name| (likeness(name), name)).collect();
    found.retain(|(likeness, _)| *likeness >= LIKE);
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(MOST).map(|(_, name)| name.clone()).collect()
}

/// Names as messages list them: the first of them where there are many.
pub(crate) fn listed(names: impl Iterator<Item = impl Display>) -> String {
    let (mut first, mut more) = (Vec::new(), 0);
    for name in names {
        if first.len() < LISTED {
            first.push(format!("`{}`", brief(&name.to_string())));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        first.push(format!("and {more} more"));
    }
    first.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_quoted_in_brief() {
        assert_eq!(brief("plain"), "plain");
        assert_eq!(brief("a\u{1b}[2J\n"), "a\\u{1b}[2J\\n");
        assert_eq!(brief(&"ä".repeat(1000)), "ä".repeat(60) + "…");
    }

    #[test]
    fn names_that_are_meant_are_found() {
        let names = ["mass", "Mass_kg", "height", "age"].map(str::to_owned);
        assert_eq!(like("mas", &names), ["mass", "Mass_kg"]);
        assert_eq!(like("heigth", &names), ["height"]);
        assert!(like("nosuch", &names).is_empty() && like("", &names).is_empty());
    }

    #[test]
    fn long_numbers_have_an_exponent() {
        assert_eq!([1.5, 0.0, -1e300, 1e-200, f64::NAN].map(short), ["1.5", "0", "-1e300", "1e-200", "NaN"]);
    }

    #[test]
    fn names_of_columns_without_names() {
        assert_eq!(column_names(&[]), ["column 1"]);
        assert_eq!(column_names(&[2]), ["column 1", "column 2"]);
        assert_eq!(column_names(&[2, 3])[4], "pixel 2,2");
        assert_eq!(column_names(&[2, 2, 2])[6], "value 2,2,1");
        assert!(column_names(&[2, 0]).is_empty());
    }
}
