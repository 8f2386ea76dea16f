//! Latent Dirichlet allocation: documents as mixtures of topics, topics as distributions over words.
//!
//! β_k ~ Dir(η), θ_d ~ Dir(α), and for each token z ~ θ_d, w ~ β_z. q = Π_k Dir(β_k; λ_k) Π_d Dir(θ_d; γ_d) Π φ_dw(z):
//! φ_dwk ∝ exp(E\[log θ_dk\] + E\[log β_kw\]), γ_dk = α_k + Σ_w n_dw φ_dwk, λ_kw = η + Σ_d n_dw φ_dwk.
//!
//! The bound is that of the words in their order: there are no multinomial coefficients in it.
//!
//! Source: Blei, Ng and Jordan (2003), *Latent Dirichlet allocation*; Hoffman, Blei and Bach (2010), *Online learning for
//! latent Dirichlet allocation*.

mod counts;
mod documents;
mod posterior;
mod prior;
mod topics;

use elbo_kernels::{LANES, Lanes};
use serde::{Deserialize, Serialize};

use self::{
    documents::{Documents, Local},
    topics::{Topics, lanes},
};
use super::{MeanField, Resumable, Stochastic};
use crate::{
    Error, check,
    random::{Key, Purpose},
    terms::Bound,
};

pub use counts::Counts;
pub use documents::Inner;
pub use posterior::{Folded, Posterior};
pub use prior::Prior;

/// A fit to documents.
///
/// Each pass over them starts from the γ of the last, so no pass lowers the bound, however few its iterations.
///
/// ```
/// use elbo::{mean_field::{Ascent, ascend, lda::{Counts, Fit, Prior}}, random::Key};
/// // Documents of the words 0 and 1, and of 2 and 3.
/// let counts = Counts::from_tokens(4, [&[0, 1, 0, 1, 1][..], &[2, 3, 3, 2], &[1, 0, 0], &[3, 2, 2, 3]])?;
/// let mut fit = Fit::new(&counts, Prior::symmetric(2, 0.1, 0.1), Key::new(1))?;
/// ascend(&mut fit, &Ascent::default(), |_, _| {})?;
/// let shares = fit.proportions();
/// assert!((shares[0] - shares[2]).abs() > 0.9 && (shares[0] - shares[4]).abs() < 0.1);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    counts: &'a Counts,
    prior: Prior,
    inner: Inner,
    topics: Topics,
    /// γ, `[D, K]`, in lanes.
    gamma: Vec<Lanes>,
    /// Of the last pass over all documents.
    local: Option<Local>,
    /// E_q\[log p(w|z, β)\], and E_q\[log q(z, θ) − log p(z, θ)\].
    log_likelihood: f64,
    kl: f64,
}

impl<'a> Fit<'a> {
    /// λ begins at random near 1, drawn from `key`.
    ///
    /// # Errors
    /// Where the prior is none, or there is no document or no word.
    pub fn new(counts: &'a Counts, prior: Prior, key: Key) -> Result<Self, Error> {
        let (key, blocks) = (key.purpose(Purpose::Initialise), prior.topics().div_ceil(LANES));
        let mut lambda = vec![[0.0; LANES]; counts.vocabulary() * blocks];
        for (word, row) in lambda.chunks_mut(blocks.max(1)).enumerate() {
            let row = &mut row.as_flattened_mut()[..prior.topics()];
            key.normals(word as u64, row);
            for x in row {
                *x = libm::exp(0.1 * *x);
            }
        }
        Self::at(counts, prior, lambda)
    }

    /// Begins at given topics, as those of an earlier fit.
    ///
    /// # Errors
    /// As [`Self::new`]; where they are not of the vocabulary, or not a posterior.
    pub fn starting_at(counts: &'a Counts, eta: f64, start: &Posterior) -> Result<Self, Error> {
        start.check_vocabulary(counts)?;
        Self::at(counts, Prior { alpha: start.alpha().to_vec(), eta }, start.rows())
    }

    fn at(counts: &'a Counts, prior: Prior, lambda: Vec<Lanes>) -> Result<Self, Error> {
        prior.check()?;
        check::at_least("the number of documents", counts.documents(), 1)?;
        check::at_least("the number of words", counts.vocabulary(), 1)?;
        let topics = Topics::new(prior.topics(), lambda, prior.eta)?;
        let documents = Documents::new(&topics, &prior.alpha, Inner::default());
        let gamma =
            (0..counts.documents()).flat_map(|d| documents.begin(counts.document_tokens(d))).collect();
        let (local, log_likelihood) = (None, f64::NEG_INFINITY);
        Ok(Self { counts, prior, inner: Inner::IN_A_SWEEP, topics, gamma, local, log_likelihood, kl: 0.0 })
    }

    /// With another end of the ascent of a document within a sweep than [`Inner::IN_A_SWEEP`].
    ///
    /// # Errors
    /// Where it has no iteration, or a tolerance below 0.
    pub fn with_inner(self, inner: Inner) -> Result<Self, Error> {
        inner.check()?;
        Ok(Self { inner, ..self })
    }

    /// q(β), with the prior of θ.
    pub fn posterior(&self) -> Posterior {
        Posterior::from_rows(&self.prior.alpha, &self.topics)
    }

    /// γ, `[D, K]`: q(θ_d) = Dir(γ_d).
    pub fn concentrations(&self) -> Vec<f64> {
        let rows = self.gamma.chunks(self.topics.blocks);
        rows.flat_map(|row| row.as_flattened()[..self.topics.size].to_vec()).collect()
    }

    /// E\[θ\], `[D, K]`.
    pub fn proportions(&self) -> Vec<f64> {
        posterior::normalised(self.concentrations(), self.topics.size)
    }
}

impl MeanField for Fit<'_> {
    fn factors(&self) -> Vec<String> {
        vec!["q(θ) q(z)".into(), "q(β)".into()]
    }

    /// # Errors
    /// Where q(β) is to be updated before there was a pass over the documents.
    fn update(&mut self, factor: usize) -> Result<(), Error> {
        if factor == 0 {
            let mut gamma = std::mem::take(&mut self.gamma);
            let rows: Vec<usize> = (0..self.counts.documents()).collect();
            let documents = Documents::monotone(&self.topics, &self.prior.alpha, self.inner);
            let local = documents.pass(self.counts, &rows, &mut gamma);
            self.gamma = gamma;
            self.log_likelihood = self.topics.log_likelihood(&local.statistics);
            // E[log q(z) − log p(z|θ)] is E[log p(w|z, β)] less the sum over z of the joint.
            self.kl = local.kl + (self.log_likelihood - local.evidence);
            self.local = Some(local);
            return Ok(());
        }
        let Some(local) = &self.local else {
            let what = "the number of passes over the documents".into();
            return Err(Error::TooFew { what, number: 0, least: 1 });
        };
        let eta = self.prior.eta;
        set(&mut self.topics, |k, _, i| eta + local.statistics[k][i]);
        self.topics.refresh(eta)?;
        self.log_likelihood = self.topics.log_likelihood(&local.statistics);
        Ok(())
    }

    /// −∞ before the first pass over the documents. After stochastic steps it is that of q(θ) q(z) as the last pass over all
    /// of them left it, until the next.
    fn bound(&self) -> Bound {
        let Self { log_likelihood, kl, .. } = *self;
        Bound { log_likelihood, kl, scale: 1.0, global: -self.topics.kl, beta: 1.0 }
    }
}

impl Stochastic for Fit<'_> {
    fn rows(&self) -> usize {
        self.counts.documents()
    }

    /// The γ of its documents begin anew and converge, as [`Inner::default`] says, and are not kept.
    fn step(&mut self, rows: &[usize], scale: f64, step_size: f64) -> Result<(), Error> {
        let documents = Documents::new(&self.topics, &self.prior.alpha, Inner::default());
        let tokens = |&d: &usize| self.counts.document_tokens(d);
        let mut gamma: Vec<Lanes> = rows.iter().flat_map(|d| documents.begin(tokens(d))).collect();
        let statistics = documents.pass(self.counts, rows, &mut gamma).statistics;
        let eta = self.prior.eta;
        set(&mut self.topics, |at, old, i| {
            (1.0 - step_size) * old + step_size * (eta + scale * statistics[at][i])
        });
        self.topics.refresh(eta)?;
        if let Some(local) = &self.local {
            self.log_likelihood = self.topics.log_likelihood(&local.statistics);
        }
        Ok(())
    }
}

/// Sets λ, but not its padding, from its position, its value and the lane.
fn set(topics: &mut Topics, value: impl Fn(usize, f64, usize) -> f64) {
    for (at, lambda) in topics.lambda.iter_mut().enumerate() {
        let live = topics.size - LANES * (at % topics.blocks);
        for i in 0..live.min(LANES) {
            lambda[i] = value(at, lambda[i], i);
        }
    }
}

/// What a sweep begins with: q(β), and the γ of the documents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    posterior: Posterior,
    /// γ, `[D, K]`.
    concentrations: Vec<f64>,
}

impl Resumable for Fit<'_> {
    type State = State;

    fn state(&self) -> State {
        State { posterior: self.posterior(), concentrations: self.concentrations() }
    }

    fn restore(&mut self, State { posterior, concentrations }: State) -> Result<(), Error> {
        posterior.check_vocabulary(self.counts)?;
        let size = self.topics.size;
        let (expected, got) =
            ([size, self.counts.documents() * size], [posterior.topics(), concentrations.len()]);
        Error::check_shape("the state of the topics", &expected, &got)?;
        concentrations.iter().try_for_each(|&gamma| check::positive("γ of a document", gamma).map(drop))?;
        self.topics = Topics::new(size, posterior.rows(), self.prior.eta)?;
        self.gamma = concentrations.chunks(size).flat_map(|row| lanes(size, |k| row[k])).collect();
        Ok(())
    }
}
