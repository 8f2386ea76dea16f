//! What was understood of a file, and why.

use crate::kind::ColumnKind;
use crate::names::brief;
use crate::numbering::Numbering;

/// What was understood of a file, and why.
///
/// ```
/// use elbo_data::{ReadOptions, Role, read};
///
/// let path = std::env::temp_dir().join(format!("elbo-reading-{}.csv", std::process::id()));
/// std::fs::write(&path, ",mass;length\n".replace(';', ",") + "0,1.5,2\n1,2.5,4\n")?;
/// let data = read(&path, &ReadOptions::default())?;
/// assert_eq!(data.columns, ["mass", "length"]);
/// assert_eq!(data.reading.columns[0].role, Role::RowNumber);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// What was decided of the file as a whole.
    pub decisions: Vec<Decision>,
    /// Its columns, from left to right, also those that are no data; none of a file that has no columns to tell apart.
    pub columns: Vec<ColumnReading>,
}

/// Something that was decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Of what: `header`, `delimiter`, `decimal`, `encoding`, `comments`.
    pub of: &'static str,
    /// What was decided.
    pub chosen: String,
    /// The reason.
    pub why: String,
    /// Whether a reader expects just this of such a file.
    pub usual: bool,
}

/// What was understood of a column, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnReading {
    /// Its name.
    pub name: String,
    /// Whether the file gives it that name.
    pub named: bool,
    /// What its cells are.
    pub kind: ColumnKind,
    /// How that is known.
    pub why: String,
    /// How many of its cells are missing.
    pub missing: usize,
    /// Whether its cells number the rows.
    pub numbering: Numbering,
    /// What becomes of it.
    pub role: Role,
    /// The unit, the currency or the `%` that each of its numbers is written with.
    pub unit: Option<String>,
    /// The line of the first cell that is no date as most of its cells are, where most are; and the cell.
    pub(crate) odd_date: Option<(usize, String)>,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A model takes it.
    Data,
    /// It is set beside the rows as their label.
    Label,
    /// It says when each row was seen, and is set beside the rows.
    Time,
    /// It numbers the rows, and is set aside.
    RowNumber,
    /// It is set aside, for this reason.
    Aside(String),
    /// A model cannot take it, for this reason, which is an error.
    Refused(String),
}

impl ColumnReading {
    /// Whether it is set aside for nothing but what its cells are, as text is.
    pub fn is_aside_by_kind(&self) -> bool {
        matches!(&self.role, Role::Aside(why) if *why == self.why)
    }
}

impl Reading {
    /// Adds a decision.
    pub(crate) fn decide(
        &mut self,
        of: &'static str,
        chosen: impl Into<String>,
        why: impl Into<String>,
        usual: bool,
    ) {
        self.decisions.push(Decision { of, chosen: chosen.into(), why: why.into(), usual });
    }

    /// Says that a column has a whole number that f64 does not hold exactly: its row, from 0, and as it is written.
    pub(crate) fn decide_rounded(&mut self, column: &str, (row, text): &(usize, String)) {
        let why = format!("`{text}` in row {} is rounded: a number keeps 15 digits", row + 1);
        self.decide("digits", format!("`{}`", brief(column)), why, false);
    }

    /// Why a column of this name is no data, where the file has one.
    pub fn why_not(&self, name: &str) -> Option<String> {
        let column = self.columns.iter().find(|column| column.name == name)?;
        match &column.role {
            Role::Data => None,
            Role::Label => Some("it was set aside as the label".into()),
            Role::Time => Some("it says when each row was seen".into()),
            Role::RowNumber => Some("it was set aside, since it numbers the rows".into()),
            Role::Aside(why) | Role::Refused(why) => Some(format!("it was set aside: {why}")),
        }
    }

    /// The names of the columns in this role.
    pub fn in_role(&self, role: impl Fn(&Role) -> bool) -> Vec<&ColumnReading> {
        self.columns.iter().filter(|column| role(&column.role)).collect()
    }
}
