//! LDA-C: a document a line, `n word:count word:count …`.

use super::entries::{MOST, close, count, is_believed, wrong};
use super::reader::Format;
use super::vocabulary::Vocabulary;
use crate::error::{EntryFault, Error};
use crate::frame::{Column, Frame, Sparse};
use crate::options::ReadOptions;
use crate::source::{Origin, Source};

const FORM: &str = "`n word:count word:count …`";

/// LDA-C files.
pub(crate) struct LdaC;

impl Format for LdaC {
    fn name(&self) -> &'static str {
        "an LDA-C file (.ldac)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ldac"]
    }

    /// The first document with a word tells.
    fn begins(&self, head: &[u8]) -> bool {
        let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
        let lines =
            head.split_inclusive(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        let first =
            lines.map(|line| (line.split_ascii_whitespace(), line.ends_with('\n'))).find(|(fields, _)| {
                let mut fields = fields.clone();
                fields.next() != Some("0") || fields.next().is_some()
            });
        let Some((mut fields, whole)) = first else { return false };
        let Some(words) = fields.next().and_then(|words| words.parse::<usize>().ok()) else { return false };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_entry = |field: &str| field.split_once(':').is_some_and(|(word, _)| is_number(word));
        let fields: Vec<bool> = fields.map(is_entry).collect();
        let entries = fields.iter().filter(|&&entry| entry).count();
        // The last field of a line that is cut off may be cut off too.
        if whole {
            entries == words && entries == fields.len() && words > 0
        } else {
            entries > 0 && fields.len() <= words && fields[..fields.len() - 1].iter().all(|&entry| entry)
        }
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let path = source.origin.path.clone();
        let named = Vocabulary::of(&path, &options.counts)?;
        // Words with names of their own are found by these.
        let words = named.as_ref().map(Vocabulary::len).or(options.counts.words);
        let mut counts = read(source, words)?;
        counts.names = named.map(|named| named.names(counts.width)).transpose()?;
        let frame = Frame { name: path.display().to_string(), ..Frame::new() };
        Ok(frame.with("counts", Column::Sparse(counts)))
    }
}

/// Reads counts of `vocabulary` words, or of as many as the largest index tells.
fn read(source: &mut Source, vocabulary: Option<usize>) -> Result<Sparse, Error> {
    let (mut offsets, mut words, mut counts) = (vec![0], Vec::new(), Vec::new());
    let origin = source.origin.clone();
    source.lines(|line, text| {
        let begin = words.len();
        let mut fields = text.split_ascii_whitespace();
        let announced = fields.next().unwrap_or_default();
        let expected: usize =
            announced.parse().map_err(|_| wrong(&origin, line, text, EntryFault::Form(FORM)))?;
        for field in fields {
            let (word, count) = entry(&origin, line, field, vocabulary)?;
            words.push(word);
            counts.push(count);
        }
        let actual = words.len() - begin;
        if actual != expected {
            let (path, unit) = (origin.path.clone(), "document");
            return Err(Error::EntryCount { path, line, unit, expected, actual });
        }
        close(&mut words, &mut counts, begin)
            .map_err(|word| wrong(&origin, line, &format!("{word}: …"), EntryFault::TooLarge))?;
        offsets.push(words.len());
        Ok(())
    })?;
    let told = words.iter().max().map_or(0, |&word| word as usize + 1);
    if vocabulary.is_none() && !is_believed(told, words.len()) {
        return Err(Error::Vocabulary { path: origin.path, words: told, entries: words.len() });
    }
    Ok(Sparse { offsets, columns: words, counts, width: vocabulary.unwrap_or(told), names: None })
}

fn entry(origin: &Origin, line: usize, field: &str, vocabulary: Option<usize>) -> Result<(u32, u32), Error> {
    let fail = |fault| wrong(origin, line, field, fault);
    let (word, number) = field.split_once(':').ok_or_else(|| fail(EntryFault::Form("`word:count`")))?;
    let words = vocabulary.unwrap_or(MOST);
    let most = words.saturating_sub(1);
    let outside = EntryFault::Index { what: "word", least: 0, most };
    let word: u32 = word.parse().map_err(|_| match word.parse::<i128>() {
        Ok(_) => fail(outside),
        Err(_) => fail(EntryFault::Form("`word:count`")),
    })?;
    if word as usize >= words {
        return Err(fail(outside));
    }
    Ok((word, count(number, "`word:count`").map_err(fail)?))
}
