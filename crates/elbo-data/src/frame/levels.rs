//! Categories: the levels by name, and which of them each row is of.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use crate::Error;

/// The levels of a column and the level of each row.
///
/// ```
/// use elbo_data::Levels;
///
/// let texts = ["short", "long", "", "short"].map(str::to_owned);
/// let levels = Levels::of_texts(&texts);
/// assert_eq!(levels.names(), ["long", "short"]);
/// assert_eq!(levels.codes(), [Some(1), Some(0), None, Some(1)]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    names: Vec<String>,
    codes: Vec<Option<u32>>,
}

impl Levels {
    /// Levels with these names, in this order, and the place of each row's level among them, from 0; a missing one is
    /// `None`.
    ///
    /// # Errors
    ///
    /// [`Error::LevelTwice`] where two levels have one name, [`Error::NoLevel`] where a code is beyond the last level.
    pub fn new(names: Vec<String>, codes: Vec<Option<u32>>) -> Result<Self, Error> {
        let mut known = BTreeSet::new();
        if let Some(name) = names.iter().find(|name| !known.insert(*name)) {
            return Err(Error::LevelTwice { name: name.clone() });
        }
        let levels = names.len();
        let beyond = |code: &Option<u32>| code.is_some_and(|code| code as usize >= levels);
        if let Some(row) = codes.iter().position(beyond) {
            return Err(Error::NoLevel { row: row + 1, code: codes[row].unwrap_or_default(), levels });
        }
        Ok(Self { names, codes })
    }

    /// The texts that occur, numbers by their size and others in alphabetical order, so that the order of the rows does not
    /// change a code; an empty text is missing.
    pub fn of_texts(texts: &[String]) -> Self {
        let names: BTreeSet<&String> = texts.iter().filter(|text| !text.is_empty()).collect();
        let mut names: Vec<String> = names.into_iter().cloned().collect();
        if names.iter().all(|name| size(name).is_some()) {
            names.sort_by(|a, b| size(a).partial_cmp(&size(b)).unwrap_or(Ordering::Equal));
        }
        let place: HashMap<&String, u32> = names.iter().zip(0..).collect();
        let codes = texts.iter().map(|text| place.get(text).copied()).collect();
        Self { names, codes }
    }

    /// Levels of these names, in this order. The error is the row, from 0, of the first text that is none of them; an empty
    /// one is missing, and numbers may be written in another way.
    pub(crate) fn among(names: &[String], texts: &[String]) -> Result<Self, usize> {
        let place: HashMap<&String, u32> = names.iter().zip(0..).collect();
        let same = |text: &String| {
            let value = size(text)?;
            names.iter().zip(0..).find(|(name, _)| size(name) == Some(value)).map(|(_, code)| code)
        };
        let mut codes = Vec::with_capacity(texts.len());
        for (row, text) in texts.iter().enumerate() {
            let code = place.get(text).copied().or_else(|| same(text));
            if code.is_none() && !text.is_empty() {
                return Err(row);
            }
            codes.push(code);
        }
        Ok(Self { names: names.to_vec(), codes })
    }

    /// The names of the levels, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of each row's level among [`names`](Self::names), from 0; `None` where it is missing.
    pub fn codes(&self) -> &[Option<u32>] {
        &self.codes
    }

    /// The name of a row's level; empty where it is missing.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn name(&self, row: usize) -> &str {
        self.codes[row].map_or("", |code| &self.names[code as usize])
    }

    /// These rows, in this order, of the same levels.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn at_rows(&self, rows: &[usize]) -> Self {
        Self { names: self.names.clone(), codes: rows.iter().map(|&row| self.codes[row]).collect() }
    }
}

/// The number that a level's name is, if it is one.
fn size(name: &str) -> Option<f64> {
    name.parse().ok().filter(|size: &f64| size.is_finite())
}
