//! What can go wrong in the mathematics.

/// An error of the library. Messages name the quantity, its value and the rule it breaks.
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
    /// A setting or a value outside its range.
    #[error("{what} is {value}, but {rule}")]
    Invalid {
        /// The setting or value.
        what: String,
        /// What it was.
        value: String,
        /// The rule it breaks.
        rule: String,
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
    pub(crate) fn invalid(what: &str, value: impl std::fmt::Display, rule: &str) -> Self {
        Self::Invalid { what: what.into(), value: value.to_string(), rule: rule.into() }
    }

    /// Says of what a wrong value or shape is.
    pub(crate) fn within(self, of: &str) -> Self {
        match self {
            Self::Invalid { what, value, rule } => {
                Self::Invalid { what: format!("{what} of {of}"), value, rule }
            }
            Self::Shape { what, expected, got } => {
                Self::Shape { what: format!("{what} of {of}"), expected, got }
            }
            other => other,
        }
    }

    pub(crate) fn check_shape(what: &str, expected: &[usize], got: &[usize]) -> Result<(), Self> {
        if expected == got {
            return Ok(());
        }
        Err(Self::Shape { what: what.into(), expected: expected.into(), got: got.into() })
    }
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
