//! Fitted topics on documents: `predict`, `sample`, `evaluate`.

use elbo::{
    mean_field::lda::{Counts, Inner, Posterior},
    objective::elbo::Mean,
    random::{Key, Purpose},
};
use elbo_data::{Column, CorpusOptions, Table};
use serde::{Deserialize, Serialize};

use super::measured::Measured;
use crate::{
    arguments::{Evaluate, Predict, Sample, Source},
    error::Error,
    mean_field::{
        documents::Documents,
        fitted::{Applied, Fitted, likeliest, of_the_fit},
    },
    results::{heading, print},
    source::{SourceConfig, drawn, resampled},
    table, tell,
};

/// The topics, and what else it takes to read and to draw documents.
#[derive(Serialize, Deserialize)]
pub(crate) struct TopicModel {
    /// Whether the columns of a Matrix Market file are the documents.
    pub(super) transpose: bool,
    /// The lengths of the documents fitted to.
    pub(super) lengths: Vec<usize>,
    #[serde(flatten)]
    pub(super) posterior: Posterior,
}

impl TopicModel {
    /// Documents of a file: those of the fit where none is named.
    fn read(&self, fitted: &Fitted, source: &Source) -> Result<Documents, Error> {
        let words = self.posterior.vocabulary();
        let config =
            if source.data.is_some() { SourceConfig::new(None, source)? } else { fitted.data.source.clone() };
        let options =
            CorpusOptions { words: Some(words), transpose: self.transpose, ..CorpusOptions::default() };
        let documents = Documents::read(config, &options)?;
        let name = &documents.source.data;
        if source.data.is_none() {
            fitted.same_data(name, &documents.fingerprint)?;
        }
        let got = documents.counts.vocabulary();
        if got != words {
            let message = format!("`{name}` has {got} words, but the topics are of {words}");
            return Err(Error::plain(message).hint("documents need the words of the fit, in their order"));
        }
        if let (Some(_), Some(names)) = (&source.data, &documents.names)
            && let Some((word, (here, there))) =
                names.iter().zip(&fitted.columns).enumerate().find(|(_, (here, there))| here != there)
        {
            let message = format!("word {word} of `{name}` is `{here}`, but that of the topics is `{there}`");
            return Err(Error::plain(message).hint("documents need the words of the fit, in their order"));
        }
        Ok(documents)
    }
}

impl Applied for TopicModel {
    /// The topics of each document, and its bound.
    fn predict(&self, fitted: &Fitted, arguments: &Predict) -> Result<(), Error> {
        let Documents { counts, .. } = self.read(fitted, &arguments.source)?;
        let folded = self.posterior.fold_in(&counts, Inner::default())?;
        let (size, shares) = (self.posterior.topics(), folded.proportions());
        let largest = shares.chunks(size).map(|shares| likeliest(shares) as f64 + 1.0);
        let names: Vec<String> = (1..=size).map(|k| format!("p_{k}")).collect();
        let mut out = Table::new();
        out.push("topic", Column::Real(largest.collect()));
        out.columns.extend(table::of(&names, &shares).columns);
        out.push("tokens", Column::Real(tokens(&counts)));
        out.push("bound", Column::Real(folded.bounds));
        table::write(out, None, arguments.output.as_deref())
    }

    /// New documents, of lengths drawn from those of the fit: LDA-C on stdout, or a table of a word a row.
    fn sample(&self, fitted: &Fitted, arguments: &Sample) -> Result<(), Error> {
        let key = Key::new(arguments.seed);
        let of = resampled(self.lengths.len(), arguments.number, key);
        let lengths: Vec<usize> = of.into_iter().map(|d| self.lengths[d]).collect();
        let drawn = self.posterior.sample(&lengths, key)?;
        let Some(path) = &arguments.output else {
            let line = |d: usize| {
                let words: Vec<String> =
                    drawn.words(d).map(|(word, count)| format!(" {word}:{count}")).collect();
                format!("{}{}\n", words.len(), words.concat())
            };
            return print(&(0..drawn.documents()).map(line).collect::<String>());
        };
        let entries: Vec<(usize, u32, u32)> = (0..drawn.documents())
            .flat_map(|d| drawn.words(d).map(move |(word, count)| (d, word, count)))
            .collect();
        let mut out = Table::new();
        out.push("document", Column::Real(entries.iter().map(|&(d, ..)| d as f64 + 1.0).collect()));
        out.push("word", Column::Real(entries.iter().map(|&(_, word, _)| word.into()).collect()));
        out.push("count", Column::Real(entries.iter().map(|&(.., count)| count.into()).collect()));
        let name = |&(_, word, _): &(usize, u32, u32)| fitted.columns[word as usize].clone();
        let names = (!fitted.columns.is_empty()).then(|| entries.iter().map(name).collect());
        table::write(out, names, Some(path))
    }

    /// The bound of documents, the topics held.
    fn evaluate(&self, fitted: &Fitted, arguments: &Evaluate) -> Result<(), Error> {
        let Documents { counts, source, fingerprint, .. } = self.read(fitted, &arguments.source)?;
        let (all, key) = (counts.documents(), Key::new(arguments.seed));
        let some = drawn(all, arguments.rows, key.purpose(Purpose::Test));
        let counts = some.as_ref().map_or(counts.clone(), |index| counts.select(index));
        of_the_fit(fitted.same_data(&source.data, &fingerprint).is_ok());
        let measured = Measured::of(&self.posterior, &counts, Some(key))?;
        for (name, value) in measured.facts("documents") {
            tell(format!("{name:<11} {value}"));
        }
        let heading = heading("value", counts.documents(), all);
        let line = |(name, Mean { value, standard_error }): (&str, Mean)| {
            format!("{name},{value:.6},{standard_error:.6}\n")
        };
        let lines: String = measured.terms().into_iter().map(line).collect();
        if let Some(path) = &arguments.output {
            let mut out = Table::new();
            if let Some(index) = &some {
                out.push("document", Column::Real(index.iter().map(|&d| d as f64 + 1.0).collect()));
            }
            out.push("tokens", Column::Real(tokens(&counts)));
            out.push("bound", Column::Real(measured.bounds));
            out.write(path)?;
        }
        print(&format!("{heading}{lines}"))
    }
}

fn tokens(counts: &Counts) -> Vec<f64> {
    (0..counts.documents()).map(|d| counts.document_tokens(d)).collect()
}
