//! Whether topics hold for documents that they had not seen.

use std::collections::BTreeMap;

use elbo::{
    diagnose::HeldOutDocuments,
    mean_field::{
        Ascent, ascend,
        lda::{Counts, Fit, Inner, Posterior},
    },
    random::{Key, Purpose},
    terms::Mean,
};

use crate::error::Error;

/// One in so many documents is held out of a second fit, and never more than so many.
const ONE_IN: usize = 10;
const MOST: usize = 500;
/// Documents that are needed for that.
const LEAST: usize = 50;
/// When that fit ends, which begins where the first came to.
const ASCENT: Ascent = Ascent { tolerance: 1e-5, sweeps: 60 };

/// Fits once more to nine documents in ten, beginning at these topics, and measures the tenth; `None` of few documents.
pub(super) fn refitted(
    topics: &Posterior,
    counts: &Counts,
    eta: f64,
    key: Key,
) -> Result<Option<HeldOutDocuments>, Error> {
    let number = counts.documents();
    let held_out = (number / ONE_IN).min(MOST);
    if number < LEAST {
        return Ok(None);
    }
    let mut order = key.purpose(Purpose::Split).permutation(number);
    order[..held_out].sort_unstable();
    order[held_out..].sort_unstable();
    let (train, held_out) = (counts.select(&order[held_out..]), counts.select(&order[..held_out]));
    if train.tokens() == 0.0 || held_out.tokens() == 0.0 {
        return Ok(None);
    }
    let mut fit = Fit::starting_at(&train, eta, topics)?;
    ascend(&mut fit, &ASCENT, |_, _| {})?;
    held_out_documents(&fit.posterior(), &train, &held_out, key)
}

/// Measures documents that the topics had not seen, one half of their words given the other, against documents drawn from
/// the topics and against one distribution of words for all.
pub(super) fn held_out_documents(
    topics: &Posterior,
    train: &Counts,
    held_out: &Counts,
    key: Key,
) -> Result<Option<HeldOutDocuments>, Error> {
    let key = key.purpose(Purpose::Test);
    let completed = |counts: &Counts| -> Result<Option<(Counts, Vec<f64>, Mean)>, Error> {
        let (observed, rest) = counts.halves(key);
        if rest.tokens() == 0.0 {
            return Ok(None);
        }
        let nats = topics.completion(&observed, &rest, Inner::default())?;
        let mean = rest.per_token(&nats);
        Ok(Some((rest, nats, mean)))
    };
    let lengths: Vec<usize> =
        (0..held_out.documents()).map(|d| held_out.document_tokens(d) as usize).collect();
    let drawn = topics.sample(&[&lengths[..]; 4].concat(), key)?;
    // They count as those whose lengths they have.
    let drawn = if held_out.is_weighted() {
        let weights: Vec<f64> = (0..held_out.documents()).map(|d| held_out.weight(d)).collect();
        drawn.weighted([&weights[..]; 4].concat())?
    } else {
        drawn
    };
    let (Some((rest, nats, of_documents)), Some((_, _, claimed))) =
        (completed(held_out)?, completed(&drawn)?)
    else {
        return Ok(None);
    };
    let (observed, _) = held_out.halves(key);
    let mut words = vec![1.0; train.vocabulary()];
    for d in 0..train.documents() {
        for (word, count) in train.words(d) {
            words[word as usize] += train.weight(d) * f64::from(count);
        }
    }
    let total: f64 = words.iter().sum();
    let unigram = |d: usize| -> f64 {
        rest.words(d).map(|(word, count)| f64::from(count) * (words[word as usize] / total).ln()).sum()
    };
    let over: Vec<f64> = nats.iter().enumerate().map(|(d, nats)| nats - unigram(d)).collect();
    Ok(Some(HeldOutDocuments {
        documents: held_out.documents(),
        overclaimed: claimed - of_documents,
        over_unigram: rest.per_token(&over),
        under_own_words: own_words(topics, &observed, &rest)?,
    }))
}

/// How many words the topics count for, where those of a document count by themselves.
const COUNT_FOR: [f64; 4] = [10.0, 40.0, 160.0, 640.0];

/// What is gained by p(w) = (c_w + s Σ θ β_w)/(n + s) over Σ θ β_w, with c of the n words that were seen, by the best s.
fn own_words(topics: &Posterior, observed: &Counts, rest: &Counts) -> Result<Mean, Error> {
    let (size, vocabulary) = (topics.topics(), topics.vocabulary());
    let totals: Vec<f64> = topics.lambda().chunks(vocabulary).map(|of| of.iter().sum()).collect();
    let theta = topics.fold_in(observed, Inner::default())?.proportions();
    let gain = |s: f64| -> Mean {
        let of_document = |d: usize| -> f64 {
            let (seen, n) = (observed.words(d).collect::<BTreeMap<u32, u32>>(), observed.document_tokens(d));
            let of_word = |(word, count): (u32, u32)| {
                let of_topic = |k: usize| {
                    theta[d * size + k] * topics.lambda()[k * vocabulary + word as usize] / totals[k]
                };
                let p: f64 = (0..size).map(of_topic).sum();
                let own = seen.get(&word).copied().map_or(0.0, f64::from);
                f64::from(count) * ((own / p + s) / (n + s)).ln()
            };
            rest.words(d).map(of_word).sum()
        };
        rest.per_token(&(0..rest.documents()).map(of_document).collect::<Vec<f64>>())
    };
    let gains = COUNT_FOR.map(gain);
    Ok(gains.into_iter().max_by(|a, b| a.value.total_cmp(&b.value)).unwrap_or(gains[0]))
}
