//! What stands between the cells of a text table, and within its numbers.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What stands between the cells of a text table: one character, or blanks of any length.
///
/// ```
/// use elbo_data::Delimiter;
///
/// assert_eq!("tab".parse(), Ok(Delimiter::TAB));
/// assert_eq!(";".parse::<Delimiter>().unwrap().to_string(), "semicolon");
/// assert!("ab".parse::<Delimiter>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Delimiter(u8);

impl Delimiter {
    /// `,`
    pub const COMMA: Self = Self(b',');
    /// `;`
    pub const SEMICOLON: Self = Self(b';');
    /// A tab.
    pub const TAB: Self = Self(b'\t');
    /// `|`
    pub const PIPE: Self = Self(b'|');
    /// One or more spaces or tabs.
    pub const BLANKS: Self = Self(b' ');

    /// The byte; of blanks a space.
    pub(crate) fn byte(self) -> u8 {
        self.0
    }
}

/// Those that have names.
const NAMES: [(&str, Delimiter); 5] = [
    ("comma", Delimiter::COMMA),
    ("semicolon", Delimiter::SEMICOLON),
    ("tab", Delimiter::TAB),
    ("pipe", Delimiter::PIPE),
    ("space", Delimiter::BLANKS),
];

impl Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(_, of)| of == self) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", char::from(self.0)),
        }
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = NAMES.iter().find(|(name, _)| *name == text).map(|&(_, of)| of);
        let one = || match text.as_bytes() {
            b"\\t" => Some(Self::TAB),
            &[byte]
                if (byte.is_ascii_punctuation() || b" \t".contains(&byte)) && !b"\"'.+-".contains(&byte) =>
            {
                Some(Self(byte))
            }
            _ => None,
        };
        named.or_else(one).ok_or_else(|| "give comma, semicolon, tab, pipe or space, or one mark as :".into())
    }
}

impl TryFrom<String> for Delimiter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        delimiter.to_string()
    }
}

/// What stands between the whole part of a number and its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DecimalMark {
    /// `1.5`
    #[serde(rename = ".")]
    Point,
    /// `1,5`
    #[serde(rename = ",")]
    Comma,
}

impl DecimalMark {
    /// The mark.
    pub(crate) fn char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}
