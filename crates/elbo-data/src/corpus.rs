//! Sparse counts: documents of words, or any rows of which most columns are 0.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::EntryFault;
use crate::fingerprint::hexadecimal;
use crate::read::plain_name;
use crate::source::{Origin, Source};
use crate::{Error, ldac, matrix_market};

/// Documents as rows of a sparse matrix of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// Where it comes from.
    pub name: String,
    /// Document d has the entries `offsets[d]..offsets[d + 1]`; one more than there are documents.
    pub offsets: Vec<usize>,
    /// The word of each entry, from 0, rising within a document.
    pub words: Vec<u32>,
    /// How often it occurs there, at least once.
    pub counts: Vec<u32>,
    /// The number of words.
    pub vocabulary: usize,
    /// Their names.
    pub names: Option<Vec<String>>,
}

/// How to read sparse counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorpusOptions {
    /// A file with the name of a word a line; where a line has tabs, its second field (genes of single cells:
    /// identifier, name). By default the file of the same name that ends in `.tokens` or `.vocab`, where there is one.
    pub vocabulary: Option<PathBuf>,
    /// How many words an LDA-C file is of, which it does not tell. By default as many as there are names, and without names
    /// as the largest index tells.
    pub words: Option<usize>,
    /// Whether the columns of a Matrix Market file are the documents, as in files where a row is a gene.
    pub transpose: bool,
}

impl Corpus {
    /// The number of documents.
    pub fn documents(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The words of document d, and their counts.
    pub fn document(&self, d: usize) -> (&[u32], &[u32]) {
        let entries = self.offsets[d]..self.offsets[d + 1];
        (&self.words[entries.clone()], &self.counts[entries])
    }

    /// The SHA-256 of the sizes, the offsets, the words and the counts, in hexadecimal: equal for equal documents, whatever
    /// the format of the file.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for size in [self.documents(), self.vocabulary].iter().chain(&self.offsets) {
            hash.update((*size as u64).to_le_bytes());
        }
        for number in self.words.iter().chain(&self.counts) {
            hash.update(number.to_le_bytes());
        }
        hexadecimal(hash)
    }
}

/// Reads sparse counts: an LDA-C file (`.ldac` or `.dat`; a line `n word:count …` a document, words from 0) or a Matrix
/// Market file, known by its first line (coordinates of integers, or of real numbers that are whole; rows and columns
/// from 1). Either may be gzipped.
///
/// Counts of the same word in the same document are added, and those of 0 left out. A document may have no word. Rows and
/// columns of a matrix are 16,777,216 at most, and so are the words of an LDA-C file whose number is not known beforehand.
///
/// ```
/// use elbo_data::{CorpusOptions, read_corpus};
///
/// let path = std::env::temp_dir().join(format!("elbo-corpus-{}.ldac", std::process::id()));
/// std::fs::write(&path, "2 0:1 4:2\n0\n")?;
/// let corpus = read_corpus(&path, &CorpusOptions::default())?;
/// assert_eq!((corpus.documents(), corpus.vocabulary), (2, 5));
/// assert_eq!(corpus.document(0), (&[0, 4][..], &[1, 2][..]));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A file that is missing, empty, damaged or of no known format; a count that is no whole number or below 0; an index out
/// of range; another number of entries than announced; a vocabulary of another length. The [`Error`] names the file and
/// the line.
pub fn read_corpus(path: &Path, options: &CorpusOptions) -> Result<Corpus, Error> {
    let mut source = Source::open(path)?;
    let head = source.peek()?;
    if head.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    let market = head.starts_with(b"%%");
    if !market && !matches!(plain_name(path).rsplit_once('.'), Some((_, "ldac" | "dat"))) {
        return Err(Error::CorpusFormat { path: path.to_owned() });
    }
    let names_path = options.vocabulary.clone().or_else(|| sibling_names(path));
    let names = names_path.as_deref().map(read_names).transpose()?;
    let read = if market {
        matrix_market::read(&mut source, options.transpose)
    } else {
        ldac::read(&mut source, options.words.or(names.as_ref().map(Vec::len)))
    };
    if read.is_err() && source.origin.gzip {
        // A damaged file is full of wrong lines, which tell less than that it is damaged: its end knows.
        source.drain()?;
    }
    let corpus = read?;
    if let (Some(path), Some(names)) = (names_path, &names)
        && names.len() != corpus.vocabulary
    {
        return Err(Error::VocabularyCount { path, names: names.len(), words: corpus.vocabulary });
    }
    Ok(Corpus { names, ..corpus })
}

/// The vocabulary that lies beside a file of counts.
fn sibling_names(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".gz").unwrap_or(name).rsplit_once('.')?.0;
    ["tokens", "vocab"]
        .iter()
        .map(|ending| path.with_file_name(format!("{stem}.{ending}")))
        .find(|p| p.is_file())
}

fn read_names(path: &Path) -> Result<Vec<String>, Error> {
    let mut source = Source::open(path)?;
    let mut names = Vec::new();
    source.lines(|_, line| {
        names.push(line.split('\t').nth(1).unwrap_or(line).trim().to_owned());
        Ok(())
    })?;
    if names.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    Ok(names)
}

/// The most words that a file may tell of by an index or a size alone, which take memory whether they occur or not; also
/// the most rows and columns of a matrix.
pub(crate) const MOST: usize = 1 << 24;

/// What is wrong with an entry of a file.
pub(crate) fn wrong(origin: &Origin, line: usize, text: &str, fault: EntryFault) -> Error {
    Error::Entry { path: origin.path.clone(), line, text: text.to_owned(), fault }
}

/// A whole number from 0.
pub(crate) fn count(text: &str, form: &'static str) -> Result<u32, EntryFault> {
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    match text.parse::<f64>() {
        Ok(value) if value < 0.0 => Err(EntryFault::Negative),
        Ok(value) if value.fract() != 0.0 && value.is_finite() => Err(EntryFault::Fractional),
        Ok(value) if value <= f64::from(u32::MAX) => Ok(value as u32),
        Ok(value) if value > 0.0 => Err(EntryFault::TooLarge),
        _ => Err(EntryFault::Form(form)),
    }
}

/// Puts the entries of a document in order and adds those of the same word, from `begin` on. The word whose counts are
/// too large together is the error.
pub(crate) fn close(words: &mut Vec<u32>, counts: &mut Vec<u32>, begin: usize) -> Result<(), u32> {
    let mut entries: Vec<(u32, u32)> =
        words.drain(begin..).zip(counts.drain(begin..)).filter(|&(_, count)| count > 0).collect();
    entries.sort_unstable();
    for same in entries.chunk_by(|a, b| a.0 == b.0) {
        let sum: u64 = same.iter().map(|&(_, count)| u64::from(count)).sum();
        words.push(same[0].0);
        counts.push(u32::try_from(sum).map_err(|_| same[0].0)?);
    }
    Ok(())
}
