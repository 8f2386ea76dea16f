//! What can go wrong in the mathematics.

mod domain;
mod needs;

use std::ops::Bound::{self, Excluded, Included, Unbounded};

use faer::linalg::{evd::EvdError, svd::SvdError};

pub use domain::Domain;
pub use needs::Needs;

/// An error of the library, a variant for each rule. Messages name the quantity, its value and the rule it breaks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An array of another shape than the model's.
    #[error("{what} has shape {got:?}, but the model needs {expected:?}")]
    Shape {
        /// The array.
        what: String,
        /// What the model needs.
        expected: Vec<usize>,
        /// What came.
        got: Vec<usize>,
    },
    /// A number that does not lie in its range.
    #[error("{what} is {value}, but must be {}", range(*low, *high))]
    OutOfRange {
        /// The setting or quantity.
        what: String,
        /// What it was.
        value: f64,
        /// Where the range begins; below −∞, which is excluded, there is no number.
        low: Bound<f64>,
        /// Where it ends: a number that must be finite lies below +∞, excluded.
        high: Bound<f64>,
    },
    /// Fewer of something than are needed.
    #[error("{what} is {number}, but must be at least {least}")]
    TooFew {
        /// What is counted.
        what: String,
        /// How many there were.
        number: usize,
        /// How many are needed.
        least: usize,
    },
    /// More of something than there may be.
    #[error("{what} is {number}, but must be at most {most}, {limit}")]
    TooMany {
        /// What is counted.
        what: String,
        /// How many there were.
        number: usize,
        /// How many there may be.
        most: usize,
        /// What the greatest number is.
        limit: String,
    },
    /// A number that is not that of something else.
    #[error("{what} is {number}, but must be {expected}, {of}")]
    Unequal {
        /// What is counted.
        what: String,
        /// How many there were.
        number: usize,
        /// How many there must be.
        expected: usize,
        /// What has as many.
        of: String,
    },
    /// A number that another one does not divide.
    #[error("{what} is {number}, but must be a multiple of {divisor}, {of}")]
    NotMultiple {
        /// What is counted.
        what: String,
        /// How many there were.
        number: usize,
        /// What must divide it.
        divisor: usize,
        /// What the divisor is.
        of: String,
    },
    /// The index of something that is not there.
    #[error("{what} is {index}, but must be below {number}, the number of {of}")]
    OutOfBounds {
        /// What has the index.
        what: String,
        /// The index, from 0.
        index: usize,
        /// How many there are.
        number: usize,
        /// Of what.
        of: String,
    },
    /// A name is not one of those that may stand here.
    #[error("{what} is {name}, but must be one of {among}")]
    NotAmong {
        /// What is named.
        what: String,
        /// The name.
        name: String,
        /// What may be named.
        among: String,
    },
    /// What comes twice.
    #[error("{what} is {name}, but may come only once")]
    Repeated {
        /// What it is.
        what: String,
        /// Its name.
        name: String,
    },
    /// A value is not one of those that its column, or its place, may have.
    #[error("{what} is {value}, but must be {domain}")]
    Domain {
        /// The value's place.
        what: String,
        /// The value.
        value: f64,
        /// What it must be.
        domain: Domain,
    },
    /// Numbers that are no probabilities of the outcomes of one draw.
    #[error("{what} is {values:?}, but must be numbers ≥ 0 that add up to 1")]
    NotProbabilities {
        /// The numbers.
        what: String,
        /// What they were.
        values: Vec<f64>,
    },
    /// A matrix that is not symmetric.
    #[error("{what} is {value}, but must be that of {across}, {mirror}")]
    Asymmetric {
        /// The entry.
        what: String,
        /// Its value.
        value: f64,
        /// The place across the diagonal.
        across: String,
        /// The value there.
        mirror: f64,
    },
    /// A matrix that has no Cholesky factor.
    #[error("{what} is not positive definite: pivot {} of {of} is {}, but must be > 0", *row + 1, number(*pivot))]
    NotPositiveDefinite {
        /// The matrix.
        what: String,
        /// The row of the first pivot that is not positive, from 0.
        row: usize,
        /// The number of rows.
        of: usize,
        /// The pivot: the row's diagonal entry, less what the rows before explain of it. NaN where an entry is; in a matrix
        /// that is singular to rounding it may be a trifle above 0.
        pivot: f64,
    },
    /// A matrix whose eigenvalues or singular values were not found.
    #[error("the {values} of {what} do not converge: its entries must be finite")]
    NoConvergence {
        /// Which values.
        values: &'static str,
        /// The matrix.
        what: String,
    },
    /// A quantity of the data that is beyond the range of numbers.
    #[error("{what} is {value}, but must be finite: scale the columns")]
    Overflow {
        /// The quantity.
        what: String,
        /// Its value.
        value: f64,
    },
    /// Observations that a model holds for impossible.
    #[error("{what} is {log_likelihood}, but must be finite: no path of the states can give it")]
    Impossible {
        /// Of what the log-likelihood is.
        what: String,
        /// It, in nats.
        log_likelihood: f64,
    },
    /// Choices that do not go together.
    #[error("{what} is {choice}, but {needs}")]
    Unsuited {
        /// What was chosen.
        what: String,
        /// The choice.
        choice: String,
        /// What another choice needs.
        needs: Needs,
    },
    /// A coordinate update lowered the bound, which no exact update does (E21).
    #[error("the update of {factor} lowered the bound from {before} to {after} nats in sweep {sweep}")]
    BoundFell {
        /// The factor.
        factor: String,
        /// The sweep, from 1.
        sweep: usize,
        /// The bound before the update.
        before: f64,
        /// The bound after it.
        after: f64,
    },
    /// A value that the likelihood is no density of.
    #[error("x[{row}, {column}] is {value}, but a {likelihood} likelihood needs {needs}")]
    Support {
        /// The row of the data.
        row: usize,
        /// The column.
        column: usize,
        /// The value.
        value: f32,
        /// The likelihood's name.
        likelihood: String,
        /// The values that it accepts.
        needs: &'static str,
    },
    /// Data of one constant value, for which a σ that is not fixed has no best value.
    #[error("{} is constant, but sigma would shrink to 0 on it, and the bound grow without limit", constant(*column))]
    ConstantColumn {
        /// The column; none where there is one σ and every column is constant.
        column: Option<usize>,
    },
    /// The bound or its gradient stopped being a number. The state is as it was before the step.
    #[error("{what} is not finite{} (minibatch of data rows {})", at(*step), abbreviate(rows))]
    NonFinite {
        /// The first quantity on the data's way through the bound that is not finite.
        what: String,
        /// Steps taken before this one; none where no step was taken, as in an evaluation.
        step: Option<u64>,
        /// The data rows of the minibatch (or of the part of it) concerned.
        rows: Vec<usize>,
    },
}

impl Error {
    pub(crate) fn unsuited(what: &str, choice: impl std::fmt::Display, needs: Needs) -> Self {
        Self::Unsuited { what: what.into(), choice: choice.to_string(), needs }
    }

    pub(crate) fn not_among(what: &str, name: impl std::fmt::Display, among: &str) -> Self {
        Self::NotAmong { what: what.into(), name: name.to_string(), among: among.into() }
    }

    pub(crate) fn no_eigenvalues(what: &str, EvdError::NoConvergence: EvdError) -> Self {
        Self::NoConvergence { values: "eigenvalues", what: what.into() }
    }

    pub(crate) fn no_singular_values(what: &str, SvdError::NoConvergence: SvdError) -> Self {
        Self::NoConvergence { values: "singular values", what: what.into() }
    }

    /// Says of what a wrong value or shape is.
    pub(crate) fn within(mut self, of: &str) -> Self {
        if let Some(what) = self.what() {
            *what = format!("{what} of {of}");
        }
        self
    }

    /// The same of a thing that has a name where the error is reported.
    pub(crate) fn named(mut self, name: &str) -> Self {
        if let Some(what) = self.what() {
            *what = name.into();
        }
        self
    }

    fn what(&mut self) -> Option<&mut String> {
        match self {
            Self::Shape { what, .. }
            | Self::OutOfRange { what, .. }
            | Self::TooFew { what, .. }
            | Self::TooMany { what, .. }
            | Self::Unequal { what, .. }
            | Self::NotMultiple { what, .. }
            | Self::OutOfBounds { what, .. }
            | Self::NotAmong { what, .. }
            | Self::Repeated { what, .. }
            | Self::Domain { what, .. }
            | Self::NotProbabilities { what, .. }
            | Self::Asymmetric { what, .. }
            | Self::NotPositiveDefinite { what, .. }
            | Self::NoConvergence { what, .. }
            | Self::Overflow { what, .. }
            | Self::Impossible { what, .. }
            | Self::Unsuited { what, .. } => Some(what),
            Self::BoundFell { .. }
            | Self::Support { .. }
            | Self::ConstantColumn { .. }
            | Self::NonFinite { .. } => None,
        }
    }

    pub(crate) fn check_shape(what: &str, expected: &[usize], got: &[usize]) -> Result<(), Self> {
        if expected == got {
            return Ok(());
        }
        Err(Self::Shape { what: what.into(), expected: expected.into(), got: got.into() })
    }
}

/// A range in words; the ends of a finite number, −∞ and +∞, are excluded.
fn range(low: Bound<f64>, high: Bound<f64>) -> String {
    let finite = high == Excluded(f64::INFINITY);
    let and_finite = if finite { " and finite" } else { "" };
    match (low, high) {
        (Excluded(f64::NEG_INFINITY), _) if finite => "finite".into(),
        (Included(low), Included(high)) if low == high => number(low),
        (Excluded(low), _) if finite || high == Unbounded => format!("> {}{and_finite}", number(low)),
        (Included(low), _) if finite || high == Unbounded => format!("≥ {}{and_finite}", number(low)),
        _ => {
            let from = match low {
                Included(low) => format!("[{}", number(low)),
                Excluded(low) => format!("({}", number(low)),
                Unbounded => "[-inf".into(),
            };
            match high {
                Included(high) => format!("in {from}, {}]", number(high)),
                Excluded(high) => format!("in {from}, {})", number(high)),
                Unbounded => format!("in {from}, inf]"),
            }
        }
    }
}

/// A number with an exponent where it would be long.
fn number(value: f64) -> String {
    let short = value == 0.0 || (1e-5..1e16).contains(&value.abs());
    if short { value.to_string() } else { format!("{value:e}") }
}

fn constant(column: Option<usize>) -> String {
    column.map_or("every column".into(), |column| format!("column {column}"))
}

fn at(step: Option<u64>) -> String {
    step.map_or(String::new(), |step| format!(" at step {step}"))
}

fn abbreviate(rows: &[usize]) -> String {
    let shown: Vec<String> = rows.iter().take(8).map(ToString::to_string).collect();
    let rest = rows.len().saturating_sub(8);
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}
