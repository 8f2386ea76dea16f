//! Sentences for people that name settings and commands, which each front end words in its own way.

use std::fmt;

/// A sentence. What stands between « and » names a setting, with its value where there is one, or, beginning with `elbo`,
/// a command: `«scale standard» brings them near 1`, `«elbo infer» finds a q for each row`.
///
/// ```
/// use elbo_fit::{Reference, Text};
///
/// let text = Text::from("«scale standard» brings them near 1");
/// assert_eq!(text.to_string(), "scale standard brings them near 1");
/// let flags = text.worded(|mention| match mention {
///     Reference::Setting { name, value } => format!("--{name} {value}"),
///     Reference::Command(command) => format!("`elbo {command}`"),
/// });
/// assert_eq!(flags, "--scale standard brings them near 1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

/// What a [`Text`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A setting of a job, and the value it may be given; the value may be empty.
    Setting {
        /// The name of the setting, as `step-size`.
        name: &'a str,
        /// The value, as `1e-4`.
        value: &'a str,
    },
    /// Something that can be done with data or a fitted model, as `infer`, and what with.
    Command(&'a str),
}

/// A number of things, as `1 row` or `2 rows`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl Text {
    /// The sentence, and another.
    pub(crate) fn then(&self, more: &str) -> Self {
        Self(format!("{}; {more}", self.0))
    }

    /// The sentence with each mention as `word` has it.
    pub fn worded(&self, word: impl Fn(Reference<'_>) -> String) -> String {
        let mut out = String::new();
        let mut rest = &self.0[..];
        while let Some((before, after)) = rest.split_once('«') {
            let (mention, after) = after.split_once('»').unwrap_or((after, ""));
            out.push_str(before);
            out.push_str(&word(Reference::of(mention)));
            rest = after;
        }
        out + rest
    }
}

impl<'a> Reference<'a> {
    fn of(text: &'a str) -> Self {
        match text.split_once(' ') {
            Some(("elbo", command)) => Self::Command(command),
            Some((name, value)) => Self::Setting { name, value },
            None => Self::Setting { name: text, value: "" },
        }
    }
}

impl fmt::Display for Text {
    /// Without the marks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace(['«', '»'], ""))
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}
