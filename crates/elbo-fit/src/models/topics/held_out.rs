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

/// Documents that took part are measured by so many times as many as those that did not.
const TOOK_PART: usize = 4;

/// Measures documents that the topics had not seen, one half of their words given the other, against documents that the topics
/// were fitted to and against one distribution of words for all.
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
    let mut order = key.permutation(train.documents());
    order.truncate(TOOK_PART * held_out.documents());
    order.sort_unstable();
    let took_part = train.select(&order);
    let (Some((rest, nats, of_documents)), Some((rest_of_others, _, claimed))) =
        (completed(held_out)?, completed(&took_part)?)
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
        under_own_words: own_words(topics, &[(observed, rest), (took_part.halves(key).0, rest_of_others)])?,
    }))
}

/// How many words the topics count for, where those of a document count by themselves.
const COUNT_FOR: [f64; 4] = [10.0, 40.0, 160.0, 640.0];

/// What is gained by p(w) = (c_w + s Σ θ β_w)/(n + s) over Σ θ β_w, with c of the n words that were seen, by the best s: by the
/// documents that tell it most surely, for topics fit those that took part a little better, and these are more.
fn own_words(topics: &Posterior, halves: &[(Counts, Counts)]) -> Result<Mean, Error> {
    let gains = halves.iter().map(|(observed, rest)| own_words_of(topics, observed, rest));
    let gains = gains.collect::<Result<Vec<Mean>, Error>>()?;
    let sure = |of: &Mean| of.value - 2.0 * of.standard_error;
    Ok(gains.iter().copied().max_by(|a, b| sure(a).total_cmp(&sure(b))).unwrap_or(gains[0]))
}

/// The same of some documents.
fn own_words_of(topics: &Posterior, observed: &Counts, rest: &Counts) -> Result<Mean, Error> {
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
