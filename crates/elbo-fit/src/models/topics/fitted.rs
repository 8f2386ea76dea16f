//! Fitted topics on documents.

use elbo::{
    mean_field::lda::{Counts, Inner, Posterior},
    random::{Key, Purpose},
};
use elbo_data::{Column, CorpusOptions, Table, column_names, is_made_up};
use serde::{Deserialize, Serialize};

use super::{
    super::documents::{Documents, WORDS},
    measured::Measured,
};
use crate::{
    error::Error,
    fitted::{Fitted, ModelMetadata, lacks_weights},
    number::likeliest,
    observer::Observer,
    query::{Answer, Approximation, Evaluation, Query, Term, push_log_density},
    room::{check_room, numbers},
    subset::{drawn, resampled, resampled_by},
    table, took_part,
};

/// The topics, and what else it takes to read and to draw documents.
#[derive(Debug, Serialize, Deserialize)]
pub struct TopicModel {
    /// Whether the columns of a Matrix Market file are the documents.
    pub(super) transpose: bool,
    /// The column of weights, which new documents may lack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) row_weights: Option<String>,
    /// The lengths of the documents fitted to.
    pub(super) lengths: Vec<usize>,
    /// How many documents each of them stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weights: Option<Vec<f64>>,
    #[serde(flatten)]
    pub(super) posterior: Posterior,
}

impl TopicModel {
    /// Documents of a file: those of the fit where none is named.
    fn read(&self, about: &ModelMetadata, asked: &Query, watch: &dyn Observer) -> Result<Documents, Error> {
        let words = self.posterior.vocabulary();
        let config = asked.source.clone().unwrap_or_else(|| about.data.source.clone());
        let options = CorpusOptions {
            words: Some(words),
            transpose: self.transpose,
            weights: self.row_weights.clone(),
            may_lack_weights: asked.source.is_some(),
            ..CorpusOptions::default()
        };
        // Those of the fit are known by their content.
        let wanted = if asked.source.is_some() { &about.columns[..] } else { &[] };
        let documents = Documents::read(config, &options, wanted, watch)?;
        let name = &documents.source.data;
        if asked.source.is_none() {
            about.same_data(name, &documents.fingerprint)?;
        }
        let got = documents.counts.vocabulary();
        if got != words {
            let message = format!("`{name}` has {got} words, but the topics are of {words}");
            return Err(Error::new(message).remedy(WORDS));
        }
        // Columns without names are words by their places.
        if let (Some(_), Some(names)) = (&asked.source, &documents.names)
            && !names.iter().all(|name| is_made_up(name))
            && let Some((word, (here, there))) =
                names.iter().zip(&about.columns).enumerate().find(|(_, (here, there))| here != there)
        {
            let message = format!("word {word} of `{name}` is `{here}`, but that of the topics is `{there}`");
            return Err(Error::new(message).remedy(WORDS));
        }
        Ok(documents)
    }

    /// How many of these documents took part in the fit; none where its own are not there any more.
    fn took_part(&self, about: &ModelMetadata, counts: &Counts, fingerprint: &str) -> usize {
        if about.data.fingerprint == fingerprint {
            return counts.documents();
        }
        if about.data.source.is_read_once() {
            return 0;
        }
        let Ok(Documents { counts: fitted, .. }) = self.read(about, &Query::default(), &()) else { return 0 };
        let documents = |counts: &Counts| {
            (0..counts.documents()).map(|d| counts.words(d).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        took_part::took_part(documents(&fitted), documents(counts))
    }
}

impl Fitted for TopicModel {
    /// The topics of each document, and its bound.
    fn predict(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        _: usize,
        watch: &dyn Observer,
    ) -> Result<Answer, Error> {
        let Documents { counts, .. } = self.read(about, asked, watch)?;
        let folded = self.posterior.fold_in(&counts, Inner::default())?;
        let (size, shares) = (self.posterior.topics(), folded.proportions());
        let largest = shares.chunks(size).map(|shares| Some(likeliest(shares) as u64 + 1));
        let names: Vec<String> = (1..=size).map(|k| format!("p_{k}")).collect();
        let mut out = Table::new();
        out.push("topic", Column::Count(largest.collect()));
        out.columns.extend(table::of(&names, &shares).columns);
        out.push("tokens", Column::Real(tokens(&counts)));
        push_log_density(&mut out, folded.bounds, Approximation::Bound);
        Ok(Answer::of("document", 0..counts.documents(), None, out))
    }

    /// New documents, of lengths drawn from those of the fit, as they are read: a table of a document a row and a word a column,
    /// and in LDA-C form.
    fn sample(
        &self,
        about: &ModelMetadata,
        number: usize,
        seed: u64,
        _: &dyn Observer,
    ) -> Result<Answer, Error> {
        let key = Key::new(seed);
        let of = match &self.weights {
            Some(weights) => resampled_by(weights, number, key),
            None => resampled(self.lengths.len(), number, key),
        };
        let lengths: Vec<usize> = of.into_iter().map(|d| self.lengths[d]).collect();
        let drawn = self.posterior.sample(&lengths, key)?;
        let line = |d: usize| {
            let words: Vec<String> = drawn.words(d).map(|(word, count)| format!(" {word}:{count}")).collect();
            format!("{}{}\n", words.len(), words.concat())
        };
        let text = (0..drawn.documents()).map(line).collect::<String>();
        let words = self.posterior.vocabulary();
        let cells = numbers(&[number, words, 2]);
        check_room(&format!("{number} documents of {words} words"), cells, "ask for fewer documents")?;
        let mut counts = vec![vec![Some(0); number]; words];
        for d in 0..drawn.documents() {
            drawn.words(d).for_each(|(word, count)| counts[word as usize][d] = Some(count.into()));
        }
        let names = if about.columns.is_empty() { column_names(&[words]) } else { about.columns.clone() };
        let mut out = Table::new();
        names.into_iter().zip(counts).for_each(|(name, counts)| out.push(name, Column::Count(counts)));
        Ok(Answer { text: Some(text), ..Answer::new(out) })
    }

    /// The bound of documents, the topics held.
    fn evaluate(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        number: Option<usize>,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        let Documents { counts, fingerprint, .. } = self.read(about, asked, watch)?;
        let (all, key) = (counts.documents(), Key::new(seed));
        let took_part = self.took_part(about, &counts, &fingerprint);
        let some = drawn(all, number, key.purpose(Purpose::Test));
        let counts = some.as_ref().map_or(counts.clone(), |index| counts.select(index));
        let mut facts = Vec::new();
        if let Some(name) = self.row_weights.as_ref().filter(|_| !counts.is_weighted()) {
            facts.push(("note", lacks_weights(name, "document")));
        }
        facts.extend(took_part::told(took_part, all, "document"));
        let measured = Measured::of(&self.posterior, &counts, Some(key))?;
        facts.extend(measured.facts("documents").into_iter().map(|(name, text)| (name, text.into())));
        let term = |(name, mean, is)| Term::mean(name, mean, counts.documents()).is(is);
        let mut out = Table::new();
        out.push("tokens", Column::Real(tokens(&counts)));
        let terms = measured.terms().into_iter().map(term).collect();
        push_log_density(&mut out, measured.bounds, Approximation::Bound);
        let part = [counts.documents(), all];
        let index = some.unwrap_or_else(|| (0..all).collect());
        let weights =
            counts.is_weighted().then(|| (0..counts.documents()).map(|d| counts.weight(d)).collect());
        let rows = Answer::of("document", index, None, out);
        Ok(Evaluation { facts, unit: "value", part, took_part, weights, terms, rows })
    }
}

fn tokens(counts: &Counts) -> Vec<f64> {
    (0..counts.documents()).map(|d| counts.document_tokens(d)).collect()
}
