//! Topics, fitted to documents of some, and to others.

use std::{fs, path::Path};

use elbo::{
    mean_field::lda::{Counts, Inner, Posterior},
    terms::Mean,
};
use elbo_fit::{
    Column, FittedModel, Plan, Query, Source, fit,
    models::{
        FitContext,
        topics::{Request, Topics},
    },
};

use crate::{Draw, Error, Generator, Judged};

const NEW: usize = 200;
/// α of a topic in a document, in halves.
const HALVES: usize = 1;

/// Documents of so many words in all, of topics.
#[derive(Clone, Copy)]
struct Truth {
    topics: usize,
    vocabulary: usize,
    length: usize,
}

impl Truth {
    /// Each topic has words of its own, and others seldom.
    fn words(&self, topic: usize, random: &mut Draw) -> Vec<f64> {
        let own = |word: usize| if word % self.topics == topic { 1.0 } else { 0.05 };
        let weights: Vec<f64> =
            (0..self.vocabulary).map(|word| own(word) * (0.2 + random.uniform())).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }

    fn documents(&self, beta: &[Vec<f64>], number: usize, random: &mut Draw) -> Vec<Vec<u32>> {
        let document = |_| {
            let theta = random.dirichlet(HALVES, self.topics);
            let mut word = |_| {
                let topic = random.choose(&theta);
                random.choose(&beta[topic]) as u32
            };
            (0..self.length).map(&mut word).collect()
        };
        (0..number).map(document).collect()
    }
}

/// In LDA-C form.
fn write(counts: &Counts, path: &Path) -> Result<Source, Error> {
    let line = |d: usize| {
        let words: Vec<String> = counts.words(d).map(|(word, count)| format!("{word}:{count}")).collect();
        format!("{} {}\n", words.len(), words.join(" "))
    };
    fs::write(path, (0..counts.documents()).map(line).collect::<String>())?;
    Ok(Source::file(path)?)
}

fn judge(truth: Truth, documents: usize, topics: usize, seed: u64) -> Result<Judged, Error> {
    let mut random = Draw::new(seed, 8);
    let beta: Vec<Vec<f64>> = (0..truth.topics).map(|k| truth.words(k, &mut random)).collect();
    let mut counted = |number: usize| {
        let drawn = truth.documents(&beta, number, &mut random);
        Counts::from_tokens(truth.vocabulary, drawn.iter().map(Vec::as_slice))
    };
    let (train, new) = (counted(documents)?, counted(NEW)?);
    let folder = tempfile::tempdir()?;
    let vocabulary = folder.path().join("words.txt");
    let words: Vec<String> = (0..truth.vocabulary).map(|word| format!("w{word}")).collect();
    fs::write(&vocabulary, words.join("\n"))?;
    let source = write(&train, &folder.path().join("train.ldac"))?;
    let request = Request { topics, vocabulary: Some(vocabulary), ..Request::default() };
    let run = FitContext { seed, ..FitContext::default() };
    let outcome = fit::<Topics>(&request, source, &run, &Plan::in_folder(folder.path().join("runs")))?;
    let asked = Query { source: Some(write(&new, &folder.path().join("new.ldac"))?), memory: None };
    let told = FittedModel::load(&outcome.folder)?.evaluate(&asked, None, 0, &())?.rows.table;
    let Column::Real(bounds) = told.column("log_density")? else { return Err("no density".into()) };
    let known = beta.concat().iter().map(|p| 1e9 * p).collect();
    let known = Posterior::new(vec![0.5 * HALVES as f64; truth.topics], truth.vocabulary, known)?;
    let exact = known.fold_in(&new, Inner::default())?.bounds;
    let lost: Vec<f64> =
        exact.iter().zip(bounds).map(|(exact, bound)| (exact - bound) / truth.length as f64).collect();
    Ok(Judged { lost: Some(Mean::of(&lost)), ..Judged::new(outcome.results.verdict) })
}

pub(crate) fn generators() -> Vec<Generator> {
    let of =
        |(name, topics, vocabulary, length, documents, fitted): (&str, usize, usize, usize, usize, usize)| {
            let truth = Truth { topics, vocabulary, length };
            let name = format!("{name}, {documents} documents of {length}, {fitted} topics");
            Generator::new("topics", name, move |seed| judge(truth, documents, fitted, seed))
        };
    [
        ("two topics", 2, 30, 80, 300, 2),
        ("two topics", 2, 40, 80, 400, 2),
        ("three topics", 3, 30, 100, 400, 3),
        ("three topics", 3, 40, 100, 500, 3),
        ("three topics", 3, 30, 100, 400, 5),
        ("two topics", 2, 40, 80, 400, 4),
        ("three by too few", 3, 30, 80, 200, 1),
        ("four by too few", 4, 40, 80, 200, 1),
        ("five by too few", 5, 50, 80, 300, 2),
        ("four by too few", 4, 40, 80, 300, 2),
        ("six by too few", 6, 60, 100, 300, 3),
        ("six by too few", 6, 60, 100, 300, 2),
        ("few documents", 2, 200, 20, 80, 2),
        ("few documents", 3, 200, 20, 80, 4),
        ("few documents", 3, 300, 20, 60, 3),
        ("few documents", 4, 400, 20, 60, 4),
    ]
    .map(of)
    .into()
}
