//! `elbo topics`: latent Dirichlet allocation.

mod fitted;
mod measured;

use std::path::PathBuf;

use clap::Args;
use elbo::{
    diagnose::Level,
    mean_field::lda::{Counts, Fit, Prior},
    random::Key,
};
use elbo_data::CorpusOptions;
pub(crate) use fitted::TopicModel;
use measured::Measured;
use serde::{Deserialize, Serialize};

use super::{
    Ascent, Story,
    documents::Documents,
    finish,
    fitted::{Fitted, Model},
    online::{Minibatches, Online},
};
use crate::{
    arguments::{Source, parse_count, parse_fraction, parse_positive},
    error::Error,
    report::{Topic, bounds, shares, top_words},
    source::{SourceConfig, absolute},
    tell,
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo topics --data reuters.ldac --topics 20 --held-out 0.1
  elbo topics --data matrix.mtx.gz --transpose --vocabulary features.tsv.gz    genes of single cells
  elbo topics --data large.ldac.gz --topics 100 --online --batch 1024 --epochs 2 --starts 1 --sweeps 20
  elbo predict runs/reuters-topics --data more.ldac                           the topics of each document
  elbo sample runs/reuters-topics -n 100 > drawn.ldac

The bound is that of the words in their order, without multinomial coefficients. What it says of the perplexity is an upper
bound, exp(-ELBO per token).")]
pub(crate) struct Topics {
    /// Documents as counts of words: LDA-C (.ldac, .dat: a line `n word:count …` a document) or Matrix Market (.mtx: rows are
    /// documents); either may be gzipped.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The words, one a line (of lines with tabs the second field). Without it: the file of the same name that ends in
    /// .tokens or .vocab, where there is one.
    #[arg(long, value_name = "PATH")]
    vocabulary: Option<PathBuf>,
    /// The columns of a Matrix Market file are the documents.
    #[arg(long)]
    transpose: bool,
    /// A fraction of the documents that takes no part in the fit, drawn from the seed, to measure it by.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    held_out: Option<f64>,
    /// K, the number of topics.
    #[arg(short = 'k', long = "topics", value_name = "K", default_value = "10", value_parser = parse_count::<usize>,
          help_heading = "Model")]
    number: usize,
    /// α, the concentration of each topic in a document. Without it: 1/K.
    #[arg(long, value_name = "A", value_parser = parse_positive, help_heading = "Model")]
    alpha: Option<f64>,
    /// η, the concentration of each word in a topic.
    #[arg(long, value_name = "E", default_value = "0.1", value_parser = parse_positive, help_heading = "Model")]
    eta: f64,
    /// Starts, of which the best is kept.
    #[arg(long, value_name = "R", default_value = "3", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    #[command(flatten)]
    minibatches: Minibatches,
    #[command(flatten)]
    ascent: Ascent,
}

/// What determines the fit beside the data and the ascent.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    transpose: bool,
    held_out: Option<f64>,
    topics: usize,
    alpha: f64,
    eta: f64,
    starts: usize,
    vocabulary: Option<PathBuf>,
    online: Option<Online>,
}

/// Documents of a minibatch, where they are not asked for.
const BATCH: usize = 256;

/// Words of a topic that are told, and those that the report shows.
const TOLD: usize = 10;
const SHOWN: usize = 12;
/// Topics told at most.
const TOPICS: usize = 20;

impl Topics {
    fn settings(&self) -> Result<Settings, Error> {
        Ok(Settings {
            transpose: self.transpose,
            held_out: self.held_out,
            topics: self.number,
            alpha: self.alpha.unwrap_or(1.0 / self.number as f64),
            eta: self.eta,
            starts: self.starts,
            vocabulary: self.vocabulary.as_deref().map(absolute).transpose()?,
            online: self.minibatches.online(BATCH),
        })
    }
}

impl Settings {
    /// The documents of a source.
    pub(super) fn read(&self, source: SourceConfig) -> Result<Documents, Error> {
        let options = CorpusOptions {
            vocabulary: self.vocabulary.clone(),
            transpose: self.transpose,
            ..CorpusOptions::default()
        };
        Documents::read(source, &options)
    }
}

pub(crate) fn topics(arguments: &Topics) -> Result<Level, Error> {
    let settings = arguments.settings()?;
    let source = Source { data: Some(arguments.data.clone()), ..Source::default() };
    let documents = settings.read(SourceConfig::new(None, &source)?)?;
    fit(&documents, &settings, &arguments.ascent)
}

pub(super) fn fit(documents: &Documents, settings: &Settings, ascent: &Ascent) -> Result<Level, Error> {
    let key = Key::new(ascent.seed);
    let parts = settings.held_out.map(|fraction| documents.split(fraction, key)).transpose()?;
    let (train, held_out) =
        parts.as_ref().map_or((&documents.counts, None), |(train, held_out)| (train, Some(held_out)));
    if let Some(held_out) = held_out {
        tell(format!("held out    {} documents of {} tokens", held_out.documents(), held_out.tokens()));
    }

    let prior = Prior::symmetric(settings.topics, settings.alpha, settings.eta);
    let begin = |start: usize| {
        let key = key.fold(start as u64);
        let mut fit = Fit::new(train, prior.clone(), key)?;
        if let Some(online) = settings.online {
            online.run(&mut fit, key, start)?;
        }
        Ok(fit)
    };
    let (fit, mut course) = ascent.best(Some(settings.starts), ["documents", "topics"], begin)?;

    let posterior = fit.posterior();
    let of_training = Measured::of(&posterior, train, None)?;
    let of_held_out = held_out.map(|counts| Measured::of(&posterior, counts, Some(key))).transpose()?;
    let per_token = course.record.last() / train.tokens();
    course.keep("elbo_per_token", &per_token)?;
    course.keep("perplexity_bound", &(-per_token).exp())?;
    let mut cards = vec![(
        "per token".into(),
        format!("ELBO {per_token:.4} nats: perplexity ≤ {:.1}", (-per_token).exp()),
    )];
    for (name, measured) in [("training", Some(&of_training)), ("held out", of_held_out.as_ref())] {
        if let Some(measured) = measured {
            course.keep(&name.replace(' ', "_"), &measured.to_json()?)?;
            cards.extend(measured.facts(name));
        }
    }

    let found = described(&fit, train, documents.names.as_deref());
    for topic in found.iter().take(TOPICS) {
        let words: Vec<&str> = topic.words.iter().take(TOLD).map(|(word, _)| &word[..]).collect();
        tell(format!("topic {:>3}  {:>5.1} %  {}", topic.number, 100.0 * topic.share, words.join(" ")));
    }
    if found.len() > TOPICS {
        tell(format!("… and {} smaller ones", found.len() - TOPICS));
    }
    let used = found.iter().filter(|topic| topic.share * train.tokens() >= 1.0).count();
    cards.push(("topics".into(), format!("{used} of {} have a token or more", settings.topics)));
    let lengths = (0..train.documents()).map(|d| train.document_tokens(d) as usize).collect();
    let model = TopicModel { transpose: settings.transpose, lengths, posterior };
    let columns = documents.names.as_deref().unwrap_or_default();
    let mut rows = vec![of_training.row("training")];
    rows.extend(of_held_out.map(|measured| measured.row("held out")));
    let config = documents.config(train.documents());
    let story = Story {
        model: "topics",
        kind: "Latent Dirichlet allocation",
        settings,
        cards,
        notes: vec![
            "The bound is that of the words in their order, without multinomial coefficients. Topics are numbered as they \
             came; any order of them is as good."
                .into(),
        ],
        figures: vec![
            ("Topics", top_words(&found)),
            ("Shares of the topics", shares(&found)),
            ("Per token", bounds(&rows)),
        ],
        fitted: Fitted::new(
            columns,
            &config,
            Model::Topics(model),
        ),
    };
    finish(ascent, &config, &course, story)
}

/// The topics, that of the most tokens first.
fn described(fit: &Fit<'_>, counts: &Counts, names: Option<&[String]>) -> Vec<Topic> {
    let posterior = fit.posterior();
    let mut expected = vec![0.0; posterior.topics()];
    for gamma in fit.concentrations().chunks(posterior.topics()) {
        for ((sum, gamma), alpha) in expected.iter_mut().zip(gamma).zip(posterior.alpha()) {
            *sum += (gamma - alpha).max(0.0);
        }
    }
    let name = |word: usize| names.map_or_else(|| format!("word {word}"), |names| names[word].clone());
    let of_topic = |(k, tokens): (usize, &f64)| Topic {
        number: k + 1,
        share: tokens / counts.tokens(),
        words: posterior.top_words(k, SHOWN).into_iter().map(|(word, p)| (name(word), p)).collect(),
    };
    let mut topics: Vec<Topic> = expected.iter().enumerate().map(of_topic).collect();
    topics.sort_by(|a, b| b.share.total_cmp(&a.share));
    topics
}
