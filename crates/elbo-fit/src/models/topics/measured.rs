//! What topics, held, say of documents: the bound, the perplexity, and one half of the words given the other.

use elbo::{
    mean_field::lda::{Counts, Inner, Posterior},
    random::{Key, Purpose},
    terms::Mean,
};

use crate::{error::Error, estimates::Tokens, figure::PerToken, number::plus_minus, query::Approximation};

pub(super) struct Measured {
    documents: usize,
    tokens: f64,
    /// That of each document, in nats.
    pub(super) bounds: Vec<f64>,
    /// The bound, in nats per token.
    bound: Mean,
    /// log p of the one half of each document's tokens given the other, in nats per token.
    completion: Option<Mean>,
}

impl Measured {
    /// Tokens are halved by `key`, where the completion is asked for.
    pub(super) fn of(posterior: &Posterior, counts: &Counts, key: Option<Key>) -> Result<Self, Error> {
        let bounds = posterior.fold_in(counts, Inner::default())?.bounds;
        let halves = key.map(|key| counts.halves(key.purpose(Purpose::Test)));
        let completion = match halves {
            // Of very few tokens the half may be none.
            Some((observed, rest)) if rest.tokens() > 0.0 => {
                Some(rest.per_token(&posterior.completion(&observed, &rest, Inner::default())?))
            }
            _ => None,
        };
        let (documents, tokens) = (counts.documents(), counts.tokens());
        Ok(Self { documents, tokens, bound: counts.per_token(&bounds), bounds, completion })
    }

    /// By name, and what each is; of the perplexity the bound is an upper one.
    pub(super) fn terms(&self) -> Vec<(&'static str, Mean, Approximation)> {
        let mut terms = vec![
            ("log_density_per_token", self.bound, Approximation::Bound),
            ("perplexity", perplexity(self.bound), Approximation::Bound),
        ];
        if let Some(completion) = self.completion {
            terms.push(("completion_per_token", completion, Approximation::Estimate));
            terms.push(("completion_perplexity", perplexity(completion), Approximation::Estimate));
        }
        terms
    }

    /// As `results.json` has them.
    pub(super) fn tokens(&self) -> Tokens {
        Tokens {
            documents: self.documents,
            tokens: self.tokens,
            bound_per_token: self.bound,
            perplexity_bound: perplexity(self.bound),
            completion_per_token: self.completion,
            completion_perplexity: self.completion.map(perplexity),
        }
    }

    /// A row of the report's table.
    pub(super) fn row(&self, name: &str) -> PerToken {
        let Self { documents, tokens, bound, completion, .. } = *self;
        PerToken {
            name: name.into(),
            documents,
            tokens,
            bound,
            perplexity: perplexity(bound),
            completion: completion.map(perplexity),
        }
    }

    /// The figures as (name, value), the bound under the name of the documents.
    pub(super) fn facts(&self, name: &'static str) -> Vec<(&'static str, String)> {
        let figure = |mean: Mean| match mean.error() {
            Some(error) => format!("{:.1} ± {error:.1}", mean.value),
            None => format!("{:.1}", mean.value),
        };
        let bound = plus_minus(self.bound);
        let text = format!(
            "ELBO {bound} nats per token, topics held: perplexity ≤ {}",
            figure(perplexity(self.bound))
        );
        let mut facts = vec![(name, text)];
        if let Some(completion) = self.completion {
            let text = format!(
                "perplexity {} of one half of each document given the other",
                figure(perplexity(completion))
            );
            facts.push(("completion", text));
        }
        facts
    }
}

/// exp(−x) of nats per token, its standard error to first order.
pub(super) fn perplexity(per_token: Mean) -> Mean {
    let value = (-per_token.value).exp();
    Mean { value, standard_error: value * per_token.standard_error }
}
