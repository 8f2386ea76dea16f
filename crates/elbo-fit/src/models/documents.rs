//! Documents as counts of words, for models that take them instead of rows.

use std::{collections::HashSet, path::Path};

use elbo::{
    mean_field::lda::Counts,
    random::{Key, Purpose},
};
use elbo_data::{Corpus, CorpusOptions, ReadOptions, Role, is_made_up, read_corpus_as};

use crate::{
    columns::{listed, twice},
    error::Error,
    observer::{Observer, ObserverExt},
    rows::{DataConfig, Fingerprinted},
    source::{Source, describe_new, describe_reading},
    text::counted,
};

/// The documents of a file.
#[derive(Debug)]
pub struct Documents {
    pub(crate) source: Source,
    pub(crate) counts: Counts,
    /// The words.
    pub(crate) names: Option<Vec<String>>,
    pub(crate) fingerprint: String,
}

impl Documents {
    /// Reads the file, and says what was understood of it. A table is of these words where any are named, and they all have
    /// names of their own.
    pub(crate) fn read(
        source: Source,
        options: &CorpusOptions,
        wanted: &[String],
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let reading = ReadOptions {
            counts: options.clone(),
            label_columns: source.label_columns.clone(),
            table: source.table.clone(),
            ..ReadOptions::default()
        };
        let read = |wanted: Vec<String>| {
            read_corpus_as(Path::new(&source.data), &ReadOptions { wanted, ..reading.clone() })
        };
        let weights = options.weights.as_slice();
        let stored = read(if wanted.is_empty() { Vec::new() } else { [wanted, weights].concat() });
        let without = !wanted.is_empty() && !weights.is_empty() && !source.is_read_once();
        let stored = match stored {
            // New documents may lack weights: then only the words are looked for.
            Ok(corpus) if corpus.weights.is_none() && without => read(wanted.to_vec()),
            Err(_) if without => read(wanted.to_vec()),
            stored => stored,
        };
        let corpus = stored.map_err(|error| {
            let turned = matches!(error, elbo_data::Error::VocabularyCount { .. }) && !options.transpose;
            let no_words =
                matches!(error, elbo_data::Error::AllAside { .. } | elbo_data::Error::NoColumns { .. });
            let error = Error::from(error);
            if no_words {
                return error.remedy(COUNTS);
            }
            let hint = "the vocabulary has one word a line; give «transpose» where the columns of the matrix are the documents";
            if turned { error.remedy(hint) } else { error }
        })?;
        let describe = if wanted.is_empty() { describe_reading } else { describe_new };
        describe(&corpus.reading, observer);
        check_words(&corpus)?;
        let corpus = in_order(corpus, wanted, observer)?;
        let fingerprint = corpus.fingerprint();
        let counts = Counts::new(corpus.vocabulary, corpus.offsets, corpus.words, corpus.counts)?;
        let counts = match (corpus.weights, &options.weights) {
            (Some(weights), Some(name)) if weights.iter().all(|&weight| weight == 0.0) => {
                let message = format!("`{}`: all weights, column `{name}`, are 0", corpus.name);
                return Err(
                    Error::new(message).remedy("name the column that says how often each document counts")
                );
            }
            (Some(weights), _) => counts.weighted(weights)?,
            (None, _) => counts,
        };
        let documents = Self { source, counts, names: corpus.names, fingerprint };
        documents.describe(&corpus.name, observer);
        some_words(&documents.counts, &format!("`{}`", corpus.name))?;
        Ok(documents)
    }

    fn describe(&self, name: &str, observer: &dyn Observer) {
        let counts = &self.counts;
        let (number, words, tokens) = (counts.documents(), counts.vocabulary(), counts.tokens());
        let named = if self.names.is_some() { "" } else { ", numbered from 0" };
        let text = format!(
            "{name}: {} of {tokens} tokens, {}{named}",
            counted(number, "document"),
            counted(words, "word")
        );
        observer.say("data", text);
        if counts.number() != number as f64 {
            observer.say("weights", format!("the documents count as {}", counts.number()));
        }
        let empty = (0..number).filter(|&d| counts.document_tokens(d) == 0.0).count();
        if empty > 0 {
            let have = if empty == 1 { "has" } else { "have" };
            observer.say("empty", format!("{} {have} no word", counted(empty, "document")));
        }
    }

    /// As `model.json` keeps them, where so many were fitted to.
    pub(crate) fn fitted_to(&self, fitted: usize) -> DataConfig {
        let (fingerprint, source) = (self.fingerprint.clone(), self.source.clone());
        DataConfig { rows: fitted, columns: Vec::new(), fingerprint, row_weights: None, source }
    }

    /// All but a fraction of the documents, and that: the first of a permutation drawn from the key.
    pub(crate) fn split(&self, fraction: f64, key: Key) -> Result<(Counts, Counts), Error> {
        let number = self.counts.documents();
        let held_out = (fraction * number as f64).ceil() as usize;
        if held_out == number {
            let message = format!("«held-out {fraction}» leaves none of {number} documents to fit to");
            return Err(Error::request(message, "give a smaller fraction, or more documents"));
        }
        let mut order = key.purpose(Purpose::Split).permutation(number);
        order[..held_out].sort_unstable();
        order[held_out..].sort_unstable();
        let parts = (self.counts.select(&order[held_out..]), self.counts.select(&order[..held_out]));
        some_words(&parts.0, "the part to fit to")?;
        some_words(&parts.1, "the part held out")?;
        Ok(parts)
    }
}

/// Documents with the words of a fit, which are found by their names.
fn in_order(mut corpus: Corpus, wanted: &[String], observer: &dyn Observer) -> Result<Corpus, Error> {
    let Some(names) = corpus.names.as_deref().filter(|names| *names != wanted) else { return Ok(corpus) };
    let table = !corpus.reading.columns.is_empty();
    if wanted.is_empty() || twice(names).is_some() || names.iter().all(|name| is_made_up(name)) {
        return Ok(corpus);
    }
    let of_model: HashSet<&String> = wanted.iter().collect();
    let others: Vec<String> = names.iter().filter(|name| !of_model.contains(name)).cloned().collect();
    if !others.is_empty() {
        observer.say("left aside", format!("the model does not use {}", listed(&others)));
    }
    let known: HashSet<&String> = names.iter().collect();
    let lacking: Vec<String> = wanted.iter().filter(|word| !known.contains(word)).cloned().collect();
    let name = corpus.name.clone();
    if !table && !lacking.is_empty() {
        if lacking.len() == wanted.len() {
            let message = format!("the vocabulary of `{name}` has no word of the fit, as `{}`", wanted[0]);
            return Err(Error::new(message).remedy(WORDS));
        }
        observer.say("note", format!("the vocabulary lacks {}: they occur in no document", listed(&lacking)));
        // A vocabulary need not have the words that do not occur.
        corpus.vocabulary += lacking.len();
        corpus.names.iter_mut().for_each(|names| names.extend(lacking.iter().cloned()));
    }
    corpus.of_words(wanted).map_err(|missing| {
        Error::new(format!("`{name}` has no column {}", listed(&missing)))
            .remedy("documents need a column for each word of the fit, of 0 where it does not occur")
    })
}

/// What new documents need.
pub(super) const WORDS: &str = "documents need the words of the fit, in their order; or their own words, one a line, in a file \
    beside them that is called as they are and ends in .tokens or .vocab";

/// What topics are fitted to.
const COUNTS: &str = "topics need counts of words: a table with a row for each document and a column for each word, or a file \
    of LDA-C, Matrix Market or UCI's bag of words; text itself is counted by another program first";

/// A table of one column of numbers besides others is none of words.
fn check_words(corpus: &Corpus) -> Result<(), Error> {
    let words = corpus.reading.in_role(|role| *role == Role::Data);
    let [word] = &words[..] else { return Ok(()) };
    Err(Error::new(format!("`{}` has one column of counts alone, `{}`", corpus.name, word.name))
        .remedy(COUNTS))
}

/// Of no word there is no bound per token.
fn some_words(counts: &Counts, what: &str) -> Result<(), Error> {
    if counts.tokens() > 0.0 {
        return Ok(());
    }
    let message = format!("{what} has no word: {} documents, all of them empty", counts.documents());
    Err(Error::new(message).remedy("give documents with words in them"))
}

impl Fingerprinted for Documents {
    fn fingerprint(&self) -> (&str, &str) {
        (&self.source.data, &self.fingerprint)
    }

    fn config(&self) -> DataConfig {
        self.fitted_to(self.counts.documents())
    }
}
