//! UCI's bags of words: the numbers of documents, of words and of entries, a line each, then a line `document word count` for
//! each entry, both from 1.

use super::entries::{MOST, by_rows, count, is_believed, wrong};
use super::reader::Format;
use super::vocabulary::Vocabulary;
use crate::error::{EntryFault, Error};
use crate::frame::{Column, Frame};
use crate::options::ReadOptions;
use crate::source::Source;

const FORM: &str = "`document word count`";

/// Files of bags of words.
pub(crate) struct Docword;

impl Format for Docword {
    fn name(&self) -> &'static str {
        "a bag of words of UCI's (docword)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    /// Three numbers, a line each, and a line of three.
    fn begins(&self, head: &[u8]) -> bool {
        let mut lines = head.split(|&byte| byte == b'\n').map(|line| {
            let fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
            fields.map(|field| field.iter().all(u8::is_ascii_digit)).collect::<Vec<bool>>()
        });
        let three: Vec<Vec<bool>> = lines.by_ref().take(3).collect();
        three == [[true]; 3] && lines.next().is_some_and(|fields| fields == [true; 3])
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let origin = source.origin.clone();
        let named = Vocabulary::of(&origin.path, &options.counts)?;
        let (mut sizes, mut entries, mut last) = (Vec::new(), Vec::new(), 0);
        source.lines(|line, text| {
            last = line;
            let fail = |fault| wrong(&origin, line, text, fault);
            let fields: Vec<&str> = text.split_ascii_whitespace().collect();
            let &[documents, words, expected] = sizes.as_slice() else {
                let size = match fields[..] {
                    [size] => size.parse::<usize>().ok(),
                    _ => None,
                };
                let most = if sizes.len() < 2 { MOST } else { usize::MAX };
                let outside = EntryFault::Index { what: "size", least: 0, most };
                sizes.push(size.filter(|&size| size <= most).ok_or_else(|| fail(outside))?);
                return Ok(());
            };
            if fields.is_empty() {
                return Ok(());
            }
            let &[document, word, number] = fields.as_slice() else {
                return Err(fail(EntryFault::Form(FORM)));
            };
            let index = |what, text: &str, most: usize| match text.parse::<i128>() {
                Ok(index) if (1..=most as i128).contains(&index) => Ok((index - 1) as u32),
                Ok(_) => Err(fail(EntryFault::Index { what, least: 1, most })),
                Err(_) => Err(fail(EntryFault::Form(FORM))),
            };
            let place = (index("document", document, documents)?, index("word", word, words)?);
            if entries.len() == expected {
                let (path, unit, actual) = (origin.path.clone(), "file", expected + 1);
                return Err(Error::EntryCount { path, line, unit, expected, actual });
            }
            entries.push((place.0, place.1, count(number, FORM).map_err(fail)?));
            Ok(())
        })?;
        let actual = entries.len();
        let (path, unit) = (origin.path.clone(), "file");
        let &[documents, width, expected] = sizes.as_slice() else {
            return Err(Error::EntryCount { path, line: last, unit, expected: 3, actual: sizes.len() });
        };
        if actual != expected {
            return Err(Error::EntryCount { path, line: last, unit, expected, actual });
        }
        if let Some(&words) = [documents, width].iter().find(|&&size| !is_believed(size, actual)) {
            return Err(Error::Vocabulary { path, words, entries: actual });
        }
        let names = named.map(|named| named.names(width)).transpose()?;
        let counts = by_rows(documents, width, entries, names).map_err(|(document, word)| {
            wrong(&origin, last, &format!("{} {} …", document + 1, word + 1), EntryFault::TooLarge)
        })?;
        let frame = Frame { name: path.display().to_string(), ..Frame::new() };
        Ok(frame.with("counts", Column::Sparse(counts)))
    }
}
