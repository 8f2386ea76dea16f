//! Fitted topics on documents: `predict`, `sample`, `evaluate`.

use elbo::{
    mean_field::lda::{Inner, Posterior},
    objective::elbo::Mean,
    random::{Key, Purpose},
};
use elbo_data::{Column, CorpusOptions, Table};
use serde::{Deserialize, Serialize};

use super::measured::Measured;
use crate::{
    arguments::{Evaluate, Predict, Sample, Source},
    error::Error,
    mean_field::{documents::Documents, fitted::Fitted},
    results::print,
    source::SourceConfig,
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

/// Documents of a file for fitted topics: those of the fit where none is named.
fn read(fitted: &Fitted, model: &TopicModel, source: &Source) -> Result<Documents, Error> {
    let words = model.posterior.vocabulary;
    let config = if source.data.is_some() { SourceConfig::new(None, source)? } else { fitted.source.clone() };
    let options =
        CorpusOptions { words: Some(words), transpose: model.transpose, ..CorpusOptions::default() };
    let documents = Documents::read(config, &options)?;
    let name = &documents.source.data;
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

/// The topics of each document, and its bound.
pub(crate) fn predict(fitted: &Fitted, model: &TopicModel, arguments: &Predict) -> Result<(), Error> {
    let Documents { counts, .. } = read(fitted, model, &arguments.source)?;
    let folded = model.posterior.fold_in(&counts, Inner::default())?;
    let (size, shares) = (model.posterior.topics(), folded.proportions());
    let largest = shares.chunks(size).map(|shares| {
        let most = (0..size).rev().max_by(|&a, &b| shares[a].total_cmp(&shares[b])).unwrap_or(0);
        most as f64 + 1.0
    });
    let mut out = Table::new();
    out.push("topic", Column::Real(largest.collect()));
    for k in 0..size {
        out.push(
            format!("p_{}", k + 1),
            Column::Real(shares.iter().skip(k).step_by(size).copied().collect()),
        );
    }
    out.push("tokens", Column::Real((0..counts.documents()).map(|d| counts.document_tokens(d)).collect()));
    out.push("bound", Column::Real(folded.bounds));
    table::write(out, None, arguments.output.as_deref())
}

/// New documents, of lengths drawn from those of the fit: LDA-C on stdout, or a table of a word a row.
pub(crate) fn sample(fitted: &Fitted, model: &TopicModel, arguments: &Sample) -> Result<(), Error> {
    let key = Key::new(arguments.seed);
    let mut uniforms = vec![0.0; arguments.number];
    key.purpose(Purpose::Shuffle).uniforms(0, &mut uniforms);
    let of_fit = &model.lengths;
    let length = |u: &f32| of_fit[((f64::from(*u) * of_fit.len() as f64) as usize).min(of_fit.len() - 1)];
    let lengths: Vec<usize> = uniforms.iter().map(length).collect();
    let drawn = model.posterior.sample(&lengths, key)?;
    let Some(path) = &arguments.output else {
        let line = |d: usize| {
            let words: Vec<String> = drawn.words(d).map(|(word, count)| format!(" {word}:{count}")).collect();
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
pub(crate) fn evaluate(fitted: &Fitted, model: &TopicModel, arguments: &Evaluate) -> Result<(), Error> {
    let Documents { counts, .. } = read(fitted, model, &arguments.source)?;
    if arguments.source.data.is_none() {
        tell("note        most or all of these took part in the fit: of others the bound is lower");
    }
    let measured = Measured::of(&model.posterior, &counts, Some(Key::new(arguments.seed)))?;
    for (name, value) in measured.facts("documents") {
        tell(format!("{name:<11} {value}"));
    }
    if let Some(path) = &arguments.output {
        let mut out = Table::new();
        out.push(
            "tokens",
            Column::Real((0..counts.documents()).map(|d| counts.document_tokens(d)).collect()),
        );
        let bounds = model.posterior.fold_in(&counts, Inner::default())?.bounds;
        out.push("bound", Column::Real(bounds));
        out.write(path)?;
    }
    let line = |(name, Mean { value, standard_error }): (&str, Mean)| {
        format!("{name},{value:.6},{standard_error:.6}\n")
    };
    let lines: String = measured.terms().into_iter().map(line).collect();
    print(&format!("term,value,standard_error\n{lines}"))
}
