//! Fitted topics: what they say of other documents, and documents drawn from them.

use elbo_kernels::{Lanes, allocation::Room};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Counts, Inner,
    documents::Documents,
    prior::{MOST, concentration},
    topics::{Topics, lanes},
};
use crate::{
    Error, check,
    distribution::{Dirichlet, Sample},
    random::{Key, Purpose},
};

/// q(β) = Π_k Dir(λ_k), with α of the documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised")]
pub struct Posterior {
    alpha: Vec<f64>,
    vocabulary: usize,
    /// λ, `[K, V]`.
    lambda: Vec<f64>,
}

/// As in a file.
#[derive(Deserialize)]
struct Serialised {
    alpha: Vec<f64>,
    vocabulary: usize,
    lambda: Vec<f64>,
}

impl TryFrom<Serialised> for Posterior {
    type Error = Error;

    fn try_from(Serialised { alpha, vocabulary, lambda }: Serialised) -> Result<Self, Error> {
        Self::new(alpha, vocabulary, lambda)
    }
}

/// q(θ) and q(z) of documents with the topics held: "folded in".
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// γ, `[D, K]`.
    pub concentrations: Vec<f64>,
    /// The bound of each document, in nats: a lower bound on E_q(β)\[log p(w|β)\], which is one on log E_q(β)\[p(w|β)\].
    pub bounds: Vec<f64>,
    sum: f64,
    tokens: f64,
}

impl Folded {
    /// The sum of the bounds, in nats, each as often as its document counts.
    pub fn bound(&self) -> f64 {
        self.sum
    }

    /// exp(−bound/N), N the number of tokens: the perplexity is at most this. NaN of no token.
    pub fn perplexity_bound(&self) -> f64 {
        libm::exp(-self.bound() / self.tokens)
    }

    /// E\[θ\], `[D, K]`.
    pub fn proportions(&self) -> Vec<f64> {
        let size = self.concentrations.len() / self.bounds.len().max(1);
        normalised(self.concentrations.clone(), size)
    }
}

/// Each row over its sum.
pub(super) fn normalised(mut x: Vec<f64>, size: usize) -> Vec<f64> {
    for row in x.chunks_mut(size.max(1)) {
        let total: f64 = row.iter().sum();
        for x in row {
            *x /= total;
        }
    }
    x
}

impl Posterior {
    /// Makes the posterior from α, `[K]`, and λ, `[K, V]`.
    ///
    /// # Errors
    /// It fails where there is no topic or no word, the sizes disagree, or a parameter is out of its range.
    pub fn new(alpha: Vec<f64>, vocabulary: usize, lambda: Vec<f64>) -> Result<Self, Error> {
        if alpha.len().checked_mul(vocabulary) != Some(lambda.len()) || lambda.is_empty() {
            let expected = vec![alpha.len().max(1), vocabulary.max(1)];
            return Err(Error::Shape { what: "λ".into(), expected, got: vec![lambda.len()] });
        }
        alpha.iter().try_for_each(|&alpha| concentration("α of a topic", alpha, MOST))?;
        lambda.iter().try_for_each(|&lambda| concentration("λ of a topic and a word", lambda, 1e20))?;
        Ok(Self { alpha, vocabulary, lambda })
    }

    /// α, `[K]`.
    pub fn alpha(&self) -> &[f64] {
        &self.alpha
    }

    /// λ, `[K, V]`.
    pub fn lambda(&self) -> &[f64] {
        &self.lambda
    }

    /// V.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    pub(super) fn from_rows(alpha: &[f64], topics: &Topics) -> Self {
        let row = |word: usize| topics.lambda[word * topics.blocks..][..topics.blocks].as_flattened();
        let vocabulary = topics.greatest.len();
        let lambda = (0..topics.size).flat_map(|k| (0..vocabulary).map(move |word| row(word)[k])).collect();
        Self { alpha: alpha.to_vec(), vocabulary, lambda }
    }

    /// λ, `[V, K]`, in lanes.
    pub(super) fn rows(&self) -> Vec<Lanes> {
        let of_word = |word| lanes(self.topics(), |k| self.lambda[k * self.vocabulary + word]);
        (0..self.vocabulary).flat_map(of_word).collect()
    }

    /// K.
    pub fn topics(&self) -> usize {
        self.alpha.len()
    }

    /// λ of topic k, `[V]`.
    fn topic(&self, k: usize) -> &[f64] {
        &self.lambda[k * self.vocabulary..][..self.vocabulary]
    }

    pub(super) fn check_vocabulary(&self, counts: &Counts) -> Result<(), Error> {
        let what = "the number of words of the vocabulary";
        check::equal(what, counts.vocabulary(), self.vocabulary, "that of the topics")
    }

    /// q(θ) and q(z) of documents, with their bounds; the topics are held.
    ///
    /// # Errors
    /// It fails where the documents have another vocabulary, or a parameter is out of its range.
    pub fn fold_in(&self, counts: &Counts, inner: Inner) -> Result<Folded, Error> {
        self.check_vocabulary(counts)?;
        inner.check()?;
        // η is of the divergence from the prior, which is not asked for.
        let topics = Topics::new(self.topics(), self.rows(), 1.0)?;
        let documents = Documents::new(&topics, &self.alpha, inner);
        let of_document = |room: &mut Room, d: usize| {
            let mut gamma = documents.begin(counts.document_tokens(d));
            let (evidence, kl) = documents.infer(counts.document(d), &mut gamma, None, room);
            (gamma.as_flattened()[..self.topics()].to_vec(), evidence - kl)
        };
        let found: Vec<(Vec<f64>, f64)> =
            (0..counts.documents()).into_par_iter().map_init(Room::default, of_document).collect();
        let (concentrations, bounds): (Vec<Vec<f64>>, Vec<f64>) = found.into_iter().unzip();
        let (sum, tokens) = (counts.sum(&bounds), counts.tokens());
        Ok(Folded { concentrations: concentrations.concat(), bounds, sum, tokens })
    }

    /// Σ log p(w|E\[θ\], E\[β\]) over the tokens of each document of `held_out`, in nats, with q(θ) from `observed`, other
    /// words of the same documents (Wallach, Murray, Salakhutdinov and Mimno 2009).
    ///
    /// # Errors
    /// It fails as [`Self::fold_in`] does; where the two have not as many documents.
    pub fn completion(&self, observed: &Counts, held_out: &Counts, inner: Inner) -> Result<Vec<f64>, Error> {
        self.check_vocabulary(held_out)?;
        let (what, of) = ("the number of documents held out", "that of which words are observed");
        check::equal(what, held_out.documents(), observed.documents(), of)?;
        let theta = self.fold_in(observed, inner)?.proportions();
        let beta = normalised(self.lambda.clone(), self.vocabulary);
        let of_document = |(d, theta): (usize, &[f64])| {
            let of_word = |(word, count): (u32, u32)| {
                let of_topic = |(k, share): (usize, &f64)| share * beta[k * self.vocabulary + word as usize];
                f64::from(count) * libm::log(theta.iter().enumerate().map(of_topic).sum())
            };
            held_out.words(d).map(of_word).sum()
        };
        Ok(theta.chunks(self.topics()).enumerate().map(of_document).collect())
    }

    /// exp(−1/N Σ log p(w|E\[θ\], E\[β\])) over the N tokens of `held_out`: see [`Self::completion`]. NaN of no token.
    ///
    /// # Errors
    /// It fails as [`Self::completion`] does.
    pub fn completion_perplexity(
        &self,
        observed: &Counts,
        held_out: &Counts,
        inner: Inner,
    ) -> Result<f64, Error> {
        let sum = held_out.sum(&self.completion(observed, held_out, inner)?);
        Ok(libm::exp(-sum / held_out.tokens()))
    }

    /// The `number` words of topic k with the largest E\[β_kw\], and those; of equals the first.
    ///
    /// # Panics
    /// It panics where there is no topic k.
    pub fn top_words(&self, k: usize, number: usize) -> Vec<(usize, f64)> {
        let topic = self.topic(k);
        let total: f64 = topic.iter().sum();
        let mut order: Vec<usize> = (0..self.vocabulary).collect();
        order.sort_by(|&a, &b| topic[b].total_cmp(&topic[a]));
        order.into_iter().take(number).map(|word| (word, topic[word] / total)).collect()
    }

    /// Documents of these lengths: β from q, θ of each from its prior, then the words.
    ///
    /// # Errors
    /// It fails where a parameter is out of its range.
    pub fn sample(&self, lengths: &[usize], key: Key) -> Result<Counts, Error> {
        let key = key.purpose(Purpose::Sample);
        let of_topic = |k| simplex(self.topic(k), key.fold(0), k as u64).map(cumulative);
        let beta = (0..self.topics()).map(of_topic).collect::<Result<Vec<_>, Error>>()?;
        let of_document = |(d, &length): (usize, &usize)| {
            let theta = cumulative(simplex(&self.alpha, key.fold(1), d as u64)?);
            let mut uniforms = vec![0.0; 4 * length];
            key.fold(2).uniforms(d as u64, &mut uniforms);
            let token = |u: &[f32; 4]| find(&beta[find(&theta, [u[0], u[1]])], [u[2], u[3]]) as u32;
            Ok(uniforms.as_chunks().0.iter().map(token).collect())
        };
        let documents =
            lengths.par_iter().enumerate().map(of_document).collect::<Result<Vec<Vec<u32>>, Error>>()?;
        Counts::from_tokens(self.vocabulary, documents.iter().map(Vec::as_slice))
    }
}

/// A draw from Dir(α), of one component too.
fn simplex(alpha: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
    if alpha.len() == 1 {
        return Ok(vec![1.0]);
    }
    Ok(Dirichlet::new(alpha.to_vec())?.sample(key, row))
}

fn cumulative(shares: Vec<f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |share| {
        sum += share;
        sum
    };
    shares.into_iter().map(add).collect()
}

/// Where a uniform number, of the bits of two, falls.
fn find(cumulative: &[f64], [high, low]: [f32; 2]) -> usize {
    let uniform = ((f64::from(high) * 8_388_608.0).floor() + f64::from(low)) / 8_388_608.0;
    let total = cumulative[cumulative.len() - 1];
    cumulative.partition_point(|&sum| sum <= uniform * total).min(cumulative.len() - 1)
}
