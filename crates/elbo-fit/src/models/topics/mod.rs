//! Topics of documents: latent Dirichlet allocation.

mod fitted;
mod held_out;
mod measured;

use std::path::PathBuf;

use elbo::{
    diagnose::{Estimated, Remedy},
    mean_field::lda::{Counts, Fit, Prior},
    random::Key,
};
use elbo_data::CorpusOptions;
pub use fitted::TopicModel;
use held_out::{held_out_documents, refitted};
use measured::Measured;
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting},
    documents::Documents,
    model::Model,
    online::Online,
    summary::FitSummary,
};
use crate::{
    error::Error,
    estimates::Estimates,
    figure::{Figure, Topic},
    fitted::ModelMetadata,
    observer::{Observer, ObserverExt},
    source::{Source, absolute},
};

/// Topics, as they are asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// The words, one a line; if open, the file of the same name that ends in .tokens or .vocab, where there is one.
    pub vocabulary: Option<PathBuf>,
    /// The columns of a Matrix Market file are the documents.
    pub transpose: bool,
    /// The column of a table that says how many documents each stands for.
    pub row_weights: Option<String>,
    /// A fraction of the documents that takes no part in the fit, drawn from the seed, to measure it by.
    pub held_out: Option<f64>,
    /// K, the number of topics.
    pub topics: usize,
    /// α, the concentration of each topic in a document; if open, 1/K.
    pub alpha: Option<f64>,
    /// η, the concentration of each word in a topic.
    pub eta: f64,
    /// Starts, of which the best is kept.
    pub starts: usize,
    /// Minibatches before the sweeps.
    pub online: Option<Online>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            vocabulary: None,
            transpose: false,
            row_weights: None,
            held_out: None,
            topics: 10,
            alpha: None,
            eta: 0.1,
            starts: 3,
            online: None,
        }
    }
}

/// What determines the fit beside the data and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    transpose: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row_weights: Option<String>,
    held_out: Option<f64>,
    topics: usize,
    alpha: f64,
    eta: f64,
    starts: usize,
    vocabulary: Option<PathBuf>,
    online: Option<Online>,
}

/// Words of a topic that are told, and those that the report shows.
const TOLD: usize = 10;
const SHOWN: usize = 12;
/// Topics told at most.
const TOPICS: usize = 20;

impl Request {
    fn settings(&self) -> Result<Settings, Error> {
        Ok(Settings {
            transpose: self.transpose,
            row_weights: self.row_weights.clone(),
            held_out: self.held_out,
            topics: self.topics,
            alpha: self.alpha.unwrap_or(1.0 / self.topics as f64),
            eta: self.eta,
            starts: self.starts,
            vocabulary: self.vocabulary.as_deref().map(absolute).transpose()?,
            online: self.online,
        })
    }
}

impl Settings {
    /// The documents of a source.
    fn read(&self, source: Source, observer: &dyn Observer) -> Result<Documents, Error> {
        let options = CorpusOptions {
            vocabulary: self.vocabulary.clone(),
            transpose: self.transpose,
            weights: self.row_weights.clone(),
            ..CorpusOptions::default()
        };
        Documents::read(source, &options, &[], observer)
    }
}

/// Fits topics.
#[derive(Debug)]
pub struct Topics;

impl Model for Topics {
    const NAME: &'static str = "topics";
    type Request = Request;
    type Settings = Settings;
    type Data = Documents;
    type Posterior = TopicModel;

    fn choose(
        request: &Request,
        source: Source,
        _: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(Documents, Settings), Error> {
        let settings = request.settings()?;
        Ok((settings.read(source, observer)?, settings))
    }

    fn read(
        settings: &Settings,
        source: Source,
        _: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Documents, Error> {
        settings.read(source, observer)
    }

    fn mends(remedy: Remedy, _: &Settings) -> bool {
        use Remedy::{FewerParameters, MoreStarts, MoreSweeps, MoreTopics};
        matches!(remedy, MoreTopics | MoreStarts(_) | MoreSweeps | FewerParameters)
    }

    fn fit(
        documents: Documents,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<TopicModel>), Error> {
        let key = Key::new(run.seed);
        let parts = settings.held_out.map(|fraction| documents.split(fraction, key)).transpose()?;
        let (train, held_out) =
            parts.as_ref().map_or((&documents.counts, None), |(train, held_out)| (train, Some(held_out)));
        if let Some(held_out) = held_out {
            let text = format!("{} documents of {} tokens", held_out.documents(), held_out.tokens());
            run.observer.say("held out", text);
        }

        let prior = Prior::symmetric(settings.topics, settings.alpha, settings.eta);
        let begin = |start: usize| Fit::new(train, prior.clone(), key.fold(start as u64));
        let warm_up = |fit: &mut Fit<'_>, start: usize, part: usize| match settings.online {
            Some(online) => online.epoch(fit, key.fold(start as u64), start, part, run.observer),
            None => Ok(()),
        };
        let parts = settings.online.map_or(0, |online| online.epochs as usize);
        let names = ["documents", "topics"];
        let starts = (settings.topics > 1).then_some(settings.starts);
        let (fit, mut course) = run.warmed(starts, names, begin, (parts, &warm_up))?;
        course.compare_starts(train.tokens());

        let posterior = fit.posterior();
        // What more than the prior is known of.
        let known = posterior.lambda().iter().filter(|lambda| **lambda > settings.eta + 0.5).count() as f64;
        course.findings.estimated = Some(Estimated { parameters: known, rows: train.tokens() });
        course.findings.held_out_documents = match held_out {
            Some(held_out) => held_out_documents(&posterior, train, held_out, key)?,
            None => refitted(&posterior, train, settings.eta, key)?,
        };
        let of_training = Measured::of(&posterior, train, None)?;
        let of_held_out = held_out.map(|counts| Measured::of(&posterior, counts, Some(key))).transpose()?;
        let per_token = course.record.last() / train.tokens();
        let mut cards = vec![(
            "per token".into(),
            format!("ELBO {per_token:.4} nats: perplexity ≤ {:.1}", (-per_token).exp()),
        )];
        for (name, measured) in [("training", Some(&of_training)), ("held out", of_held_out.as_ref())] {
            if let Some(measured) = measured {
                cards.extend(measured.facts(name).into_iter().map(|(name, text)| (name.into(), text)));
            }
        }

        let found = described(&fit, train, documents.names.as_deref());
        course.found = Estimates::Topics {
            elbo_per_token: per_token,
            perplexity_bound: (-per_token).exp(),
            training: of_training.tokens(),
            held_out: of_held_out.as_ref().map(Measured::tokens),
            topics: found.clone(),
        };
        for topic in found.iter().take(TOPICS) {
            let words: Vec<&str> = topic.words.iter().take(TOLD).map(|(word, _)| &word[..]).collect();
            let text = format!("{:>5.1} %  {}", 100.0 * topic.share, words.join(" "));
            run.observer.say(&format!("topic {:>3}", topic.number), text);
        }
        if found.len() > TOPICS {
            run.observer.say("", format!("… and {} smaller ones", found.len() - TOPICS));
        }
        let used = found.iter().filter(|topic| topic.share * train.tokens() >= 1.0).count();
        course.findings.enough_parts = used < settings.topics;
        cards.push(("topics".into(), format!("{used} of {} have a token or more", settings.topics)));
        let lengths = (0..train.documents()).map(|d| train.document_tokens(d) as usize).collect();
        let weights = train.is_weighted().then(|| (0..train.documents()).map(|d| train.weight(d)).collect());
        let row_weights = settings.row_weights.clone();
        let model = TopicModel { transpose: settings.transpose, row_weights, lengths, weights, posterior };
        let columns = documents.names.as_deref().unwrap_or_default();
        let mut rows = vec![of_training.row("training")];
        rows.extend(of_held_out.map(|measured| measured.row("held out")));
        let config = documents.fitted_to(train.documents());
        let story = FitSummary {
            kind: "Latent Dirichlet allocation".into(),
            cards,
            notes: vec![
                "The bound is that of the words in their order, without multinomial coefficients. Topics are numbered as they \
                 came; any order of them is as good."
                    .into(),
            ],
            figures: vec![
                ("Topics".into(), Figure::TopWords(found.clone())),
                ("Shares of the topics".into(), Figure::Shares(found)),
                ("Per token".into(), Figure::PerToken(rows)),
            ],
            about: ModelMetadata::new(columns, &config),
            posterior: model,
        };
        Ok((course, story))
    }
}

/// The topics, that of the most tokens first.
fn described(fit: &Fit<'_>, counts: &Counts, names: Option<&[String]>) -> Vec<Topic> {
    let posterior = fit.posterior();
    let mut expected = vec![0.0; posterior.topics()];
    for (d, gamma) in fit.concentrations().chunks(posterior.topics()).enumerate() {
        for ((sum, gamma), alpha) in expected.iter_mut().zip(gamma).zip(posterior.alpha()) {
            *sum += counts.weight(d) * (gamma - alpha).max(0.0);
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
