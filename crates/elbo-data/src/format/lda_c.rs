//! LDA-C: a document a line, `n word:count word:count …`.

use super::entries::{MOST, close, count, wrong};
use super::reader::{Format, Holds};
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
        "an LDA-C file ending in .ldac or .dat"
    }

    fn holds(&self) -> Holds {
        Holds::Counts
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ldac", "dat"]
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let path = source.origin.path.clone();
        let named = Vocabulary::of(&path, &options.counts)?;
        let words = options.counts.words.or(named.as_ref().map(Vocabulary::len));
        let mut counts = read(source, words)?;
        counts.names = named.map(|named| named.names(counts.width)).transpose()?;
        let frame = Frame { name: path.display().to_string(), ..Frame::new() };
        Ok(frame.with("counts", Column::Sparse(counts)))
    }
}

/// The most words that are believed without a word of them, and of as many entries as this many times fewer.
const BELIEVED: (usize, usize) = (1 << 16, 1 << 10);

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
    if vocabulary.is_none() && told > BELIEVED.0 && told / BELIEVED.1 > words.len() {
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
