//! Whether the whole numbers of a column number its rows.

use std::collections::HashSet;

/// Whether the cells of a column number the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// They do not: some cell is no whole number from 0, or two are equal.
    None,
    /// Each row has a whole number that no other row has.
    Distinct,
    /// Each row has a number of its own, and of N rows these are 0 to N − 1, or 1 to N, in any order.
    Counting,
    /// Of N rows they are 0 to N − 1, or 1 to N, in this order.
    InOrder,
}

/// What is known of the cells of a column so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowNumbers {
    seen: HashSet<u64>,
    rows: usize,
    /// The least and the largest number.
    range: Option<[u64; 2]>,
    /// How many numbers are one less than the least before, and whether some are neither that nor one more than the largest.
    less: usize,
    mixed: bool,
    /// Whether some cell is no whole number, or two are equal.
    fails: bool,
}

/// How many numbers are compared with each other, so that a long column takes no more memory.
const COMPARED: usize = 1 << 20;

impl RowNumbers {
    /// The next cell: a whole number from 0, or none.
    pub(crate) fn take(&mut self, number: Option<u64>) {
        if self.fails {
            return;
        }
        let Some(number) = number.filter(|number| self.seen.len() == COMPARED || self.seen.insert(*number))
        else {
            *self = Self { fails: true, ..Self::default() };
            return;
        };
        self.rows += 1;
        let [least, most] = self.range.unwrap_or([number; 2]);
        let less = self.rows > 1 && number + 1 == least;
        self.less += usize::from(less);
        self.mixed |= self.rows > 1 && !less && number != most.saturating_add(1);
        self.range = Some([least.min(number), most.max(number)]);
    }

    /// What they are together.
    pub(crate) fn kind(&self) -> Numbering {
        match self.range {
            Some([least @ (0 | 1), most]) if most - least + 1 == self.rows as u64 => {
                // The first two rows of a text table are looked at last.
                if self.mixed || self.less > 2 { Numbering::Counting } else { Numbering::InOrder }
            }
            Some(_) => Numbering::Distinct,
            None => Numbering::None,
        }
    }
}

/// The names of columns that number their rows, in lower case and without marks.
const NAMES: [&str; 36] = [
    "id",
    "index",
    "idx",
    "row",
    "rows",
    "rowid",
    "rowno",
    "rownum",
    "rownumber",
    "rowindex",
    "rownames",
    "rn",
    "obs",
    "observation",
    "no",
    "nr",
    "number",
    "case",
    "record",
    "respondent",
    "participant",
    "subject",
    "patient",
    "student",
    "person",
    "nummer",
    "lfdnr",
    "zeile",
    "schüler",
    "proband",
    "ligne",
    "numéro",
    "fila",
    "número",
    "riga",
    "numero",
];

/// Whether a column of this name numbers the rows, if it has a number for each: where the numbers count the rows the name may
/// be `index` or the like, otherwise it must be that of an identifier.
pub(crate) fn is_name_of(name: &str, numbering: Numbering) -> bool {
    let plain: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    match numbering {
        Numbering::None => false,
        Numbering::Distinct => is_identifier(name),
        Numbering::Counting | Numbering::InOrder => {
            let words = || name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            let last = words().next_back().map(str::to_lowercase).unwrap_or_default();
            // `participant number`, `Sample no.`; and `...1`, as R writes it.
            let number = ["number", "no", "nr", "nummer"].contains(&last.as_str());
            is_identifier(name) || NAMES.contains(&plain.as_str()) || number || name == "...1"
        }
    }
}

/// Whether the last word of a name is `id`: `id`, `customer_id`, `PassengerId`, `orderID`.
fn is_identifier(name: &str) -> bool {
    let name = name.trim();
    let Some(at) = name.len().checked_sub(2).filter(|&at| name.is_char_boundary(at)) else { return false };
    let (before, id) = name.split_at(at);
    let begins_word = match before.chars().next_back() {
        None => true,
        Some(c) if c.is_alphabetic() => id.starts_with('I') && c.is_lowercase(),
        Some(c) => !c.is_numeric(),
    };
    id.eq_ignore_ascii_case("id") && begins_word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: impl Iterator<Item = Option<u64>>) -> Numbering {
        let mut seen = RowNumbers::default();
        for number in numbers {
            seen.take(number);
        }
        seen.kind()
    }

    fn kind(numbers: &[u64]) -> Numbering {
        of(numbers.iter().copied().map(Some))
    }

    #[test]
    fn numbers_of_rows_in_any_order() {
        assert_eq!(kind(&[3, 1, 2, 4]), Numbering::Counting);
        assert_eq!(kind(&[2, 0, 1, 3]), Numbering::Counting);
        assert_eq!((kind(&[1, 2, 3]), kind(&[0, 1])), (Numbering::InOrder, Numbering::InOrder));
        assert_eq!((kind(&[3, 4, 5, 2, 1]), kind(&[2, 3, 1])), (Numbering::InOrder, Numbering::InOrder));
        assert_eq!((kind(&[4, 3, 2, 1]), kind(&[2, 3, 4])), (Numbering::Counting, Numbering::Distinct));
        assert_eq!(kind(&[1, 3, 2, 4]), Numbering::Counting);
        assert_eq!(kind(&[7, 5, 900]), Numbering::Distinct);
        assert_eq!(kind(&[2, 3, 4]), Numbering::Distinct);
        assert_eq!(kind(&[1, 2, 2]), Numbering::None);
        assert_eq!(kind(&[]), Numbering::None);
        assert_eq!(of([Some(0), None, Some(1)].into_iter()), Numbering::None);
    }

    #[test]
    fn names_of_identifiers() {
        for name in ["id", "ID", "Id", "customer_id", "PassengerId", "orderID", "user id", "row-ID"] {
            assert!(is_name_of(name, Numbering::Distinct), "{name}");
        }
        for name in ["grid", "Madrid", "COVID", "acid", "index", "no", "x", "", "é", "width", "x1id"] {
            assert!(!is_name_of(name, Numbering::Distinct), "{name}");
        }
        assert!(is_name_of("Row.Number", Numbering::Counting) && !is_name_of("rank", Numbering::Counting));
        for name in ["participant number", "Sample no.", "...1", "Nr", "lfd. Nr.", "Schüler"] {
            assert!(is_name_of(name, Numbering::InOrder), "{name}");
        }
        for name in ["temperature", "km", "x1", "pH", "X", "floor", "elapsed (s)", "stage", "percent", "mass"]
        {
            assert!(!is_name_of(name, Numbering::InOrder), "{name}");
        }
    }
}
