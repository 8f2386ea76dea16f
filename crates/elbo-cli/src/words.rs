//! Settings and commands as the command line has them.

use elbo_fit::{Reference, Text};

use crate::escape::escaped;

/// A sentence, its settings as flags and its commands as those of the program.
pub(crate) fn flags(text: &Text) -> String {
    text.worded(|mention| match mention {
        Reference::Setting { name, value: "" } => format!("--{name}"),
        Reference::Setting { name, value } => format!("--{name} {value}"),
        Reference::Command(command) => format!("`elbo {command}`"),
    })
}

/// The same for a terminal, in one line: what it says of names and cells cannot act on it.
pub(crate) fn told(text: &Text) -> String {
    escaped(&flags(text), false).into_owned()
}
