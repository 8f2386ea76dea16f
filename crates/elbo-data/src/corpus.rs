//! Sparse counts: documents of words, or any rows of which most columns are 0.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cells::Precision;
use crate::error::Error;
use crate::fingerprint::{hash_entries, hexadecimal};
use crate::format::ContentKind;
use crate::frame::{Column, Sparse};
use crate::options::{CorpusOptions, ReadOptions, TextColumns};
use crate::read::read_file;
use crate::reading::Reading;

/// Documents as rows of a sparse matrix of counts.
#[derive(Debug, Clone, PartialEq)]
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
    /// How many documents each stands for, where a column says it: numbers of 0 and more.
    pub weights: Option<Vec<f64>>,
    /// What was understood of a table, and why.
    pub reading: Reading,
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

    /// The same documents as counts of these words, in this order, by their names; other words are left out.
    ///
    /// # Errors
    ///
    /// Those of the words that none of its words is called.
    pub fn of_words(self, wanted: &[String]) -> Result<Self, Vec<String>> {
        let names = self.names.as_deref().unwrap_or_default();
        let known: HashSet<&String> = names.iter().collect();
        let missing: Vec<String> = wanted.iter().filter(|word| !known.contains(word)).cloned().collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let places: HashMap<&String, u32> = wanted.iter().zip(0..).collect();
        let to: Vec<Option<u32>> = names.iter().map(|name| places.get(name).copied()).collect();
        let (mut offsets, mut words, mut counts) = (vec![0], Vec::new(), Vec::new());
        for d in 0..self.documents() {
            let (of, times) = self.document(d);
            let mut entries: Vec<(u32, u32)> = of
                .iter()
                .zip(times)
                .filter_map(|(&word, &count)| Some((to[word as usize]?, count)))
                .collect();
            entries.sort_unstable();
            words.extend(entries.iter().map(|(word, _)| word));
            counts.extend(entries.iter().map(|(_, count)| count));
            offsets.push(words.len());
        }
        let (vocabulary, names) = (wanted.len(), Some(wanted.to_vec()));
        Ok(Self { offsets, words, counts, vocabulary, names, ..self })
    }

    /// The SHA-256 of the sizes, the offsets, the words and the counts, and of weights where there are any, in hexadecimal:
    /// equal for equal documents, whatever the format of the file.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for size in [self.documents(), self.vocabulary] {
            hash.update((size as u64).to_le_bytes());
        }
        hash_entries(&mut hash, &self.offsets, &self.words, &self.counts);
        for weight in self.weights.iter().flatten() {
            hash.update(weight.to_le_bytes());
        }
        hexadecimal(hash)
    }
}

/// Reads sparse counts: an LDA-C file (a line `n word:count …` a document, words from 0), a Matrix Market file (rows and
/// columns from 1; numbers that are whole), a bag of words of UCI's, or a table of any format whose columns are words.
///
/// Counts of the same word in the same document are added, and those of 0 left out. A document may have no word. Rows and
/// columns of a matrix are 16,777,216 at most, and so are the words of an LDA-C file whose number is not known beforehand.
/// Columns of a table that hold no numbers, or number the rows, are no words.
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
    read_corpus_as(path, &ReadOptions { counts: options.clone(), ..ReadOptions::default() })
}

/// Reads sparse counts as [`read_corpus`] does; the options say also how a table of counts is read.
///
/// # Errors
///
/// As [`read_corpus`].
pub fn read_corpus_as(path: &Path, options: &ReadOptions) -> Result<Corpus, Error> {
    // A weight need not be whole.
    let precision = if options.counts.weights.is_some() { Precision::Double } else { options.precision };
    let options =
        ReadOptions { text: TextColumns::Aside, single: true, missing: false, precision, ..options.clone() };
    let mut frame = read_file(path, &options, Some(ContentKind::Counts))?;
    let weighted = options.counts.weights.is_some();
    let mut columns = frame.columns.drain(..);
    let Some((_, Column::Sparse(counts))) = columns.next() else {
        unreachable!("files of counts hold sparse counts")
    };
    let weights = match columns.next() {
        Some((_, Column::Real(weights))) if weighted => Some(weights),
        _ if weighted && !options.counts.may_lack_weights => {
            return Err(Error::NoWeights { path: path.to_owned() });
        }
        _ => None,
    };
    drop(columns);
    let Sparse { offsets, columns, counts, width, names } = counts;
    let (name, reading) = (frame.name, frame.reading);
    Ok(Corpus { name, offsets, words: columns, counts, vocabulary: width, names, weights, reading })
}
