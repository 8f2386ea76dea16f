//! LDA-C: a document a line, `n word:count word:count …`.

use crate::corpus::{Corpus, MOST, close, count, wrong};
use crate::error::EntryFault;
use crate::source::Source;
use crate::{Error, source::Origin};

const FORM: &str = "`n word:count word:count …`";

/// Reads a corpus of `vocabulary` words, or of as many as the largest index tells.
pub(crate) fn read(source: &mut Source, vocabulary: Option<usize>) -> Result<Corpus, Error> {
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
    let vocabulary = vocabulary.unwrap_or_else(|| words.iter().max().map_or(0, |&word| word as usize + 1));
    Ok(Corpus { name: origin.path.display().to_string(), offsets, words, counts, vocabulary, names: None })
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
