//! What comes from files, made harmless for a terminal: names and cells may hold what moves its cursor or turns its lines.

use std::{
    borrow::Cow,
    io::{self, Write},
};

/// Characters that order text from right to left, hide, or part lines: what is seen would not be what is there.
fn deceives(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || c.is_control()
}

/// A text with what would act on a terminal written out, as `\u{1b}`; a line feed as well, unless `lines` may part.
pub(crate) fn escaped(text: &str, lines: bool) -> Cow<'_, str> {
    let acts = |c: char| deceives(c) && !(lines && c == '\n');
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let written = text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.into() });
    Cow::Owned(written.collect())
}

/// Writes to a terminal: tabs and ends of lines as they are, all else that acts on it written out.
pub(crate) struct Escaping<W> {
    terminal: W,
    /// The beginning of a character that the next bytes end.
    rest: Vec<u8>,
}

impl<W: Write> Escaping<W> {
    pub(crate) fn new(terminal: W) -> Self {
        Self { terminal, rest: Vec::new() }
    }

    fn pass(&mut self, text: &str) -> io::Result<()> {
        for part in text.split_inclusive(['\n', '\t', '\r']) {
            let (body, end) = part.split_at(part.trim_end_matches(['\n', '\t']).len());
            self.terminal.write_all(escaped(body, false).as_bytes())?;
            self.terminal.write_all(end.as_bytes())?;
        }
        Ok(())
    }
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let all = std::mem::take(&mut self.rest);
        let mut left = &all[..];
        while !left.is_empty() {
            match std::str::from_utf8(left) {
                Ok(text) => {
                    self.pass(text)?;
                    left = &[];
                }
                Err(cause) => {
                    let (text, after) = left.split_at(cause.valid_up_to());
                    self.pass(std::str::from_utf8(text).expect("it was found valid"))?;
                    let Some(wrong) = cause.error_len() else {
                        self.rest = after.to_vec();
                        break;
                    };
                    for byte in &after[..wrong] {
                        write!(self.terminal, "\\x{byte:02x}")?;
                    }
                    left = &after[wrong..];
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.terminal.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_written_out() {
        assert_eq!(escaped("a\u{1b}[31mb\nc", true), "a\\u{1b}[31mb\nc");
        assert_eq!(escaped("a\nverdict     trust", false), "a\\nverdict     trust");
        assert_eq!(escaped("\u{202e}gnp.\u{9b}2J\r", true), "\\u{202e}gnp.\\u{9b}2J\\r");
        assert!(matches!(escaped("Größe, 身長, 😀, x²", false), Cow::Borrowed(_)));
    }

    #[test]
    fn a_character_may_come_in_two_parts() {
        let mut out = Vec::new();
        let mut to = Escaping::new(&mut out);
        for bytes in [&b"x,\xc3"[..], b"\xa4\x1b]0;t\x07\n", b"\xff\t1\r\n"] {
            to.write_all(bytes).unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), "x,ä\\u{1b}]0;t\\u{7}\n\\xff\t1\\r\n");
    }
}
