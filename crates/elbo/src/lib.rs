//! Variational inference: latent-variable models p_θ(x, z) fitted by maximising the evidence lower bound.
//!
//! A fit is four independent choices: the [`model`], the [`guide`], the [`objective`] with
//! its [`gradient`], and the [`schedule`]. All log values are in nats; an ELBO is an ELBO, and
//! larger is better.
//!
//! # The equations and their homes
//!
//! `docs/equations.md` in the repository writes each equation out, and says what is not implemented yet.
//!
//! | | | |
//! |---|---|---|
//! | E1 | KL divergence, of each pair of a family | [`divergence::KullbackLeibler`] |
//! | E2 | Monte Carlo mean with standard error | [`terms::Mean`] |
//! | E2 | KL of any pair by Monte Carlo | [`divergence::monte_carlo`] |
//! | E3 | the evidence log p(x): exact for the linear model, estimated from below for any | [`model::LinearGaussian::log_evidence`], [`engine::Reader::weights`], [`diagnose::annealed::annealed`] |
//! | E3 | log p(x, z), the posterior up to a constant, and its gradient in z | [`model::Joint`] |
//! | E4 | the variational posterior: the guide that maximises the bound | [`fit::Fit`] over [`guide::Posterior`] |
//! | E5, E7 | the bound, its terms, both forms of the KL | [`objective::elbo::elbo`], [`objective::elbo::KlForm`], [`terms::Bound`] |
//! | E6 | ELBO + KL(q ‖ posterior) = log p(x) | checked where the posterior is exact: `tests/suite/unbiased.rs` |
//! | E8 | KL of full Gaussians by Cholesky factors; Rényi, Bhattacharyya | [`distribution::FullGaussian`], [`divergence::Renyi`] |
//! | E9 | KL(diagonal Gaussian ‖ N(0, I)) | [`divergence::diagonal_to_standard`] |
//! | E10 | Bernoulli log-likelihood from logits | [`distribution::bernoulli::log_likelihood`] |
//! | E11 | Gaussian log-likelihood, constants kept | [`distribution::gaussian::log_likelihood`] |
//! | E12 | log N(z; 0, I), log q at z = μ + σ⊙ε | [`distribution::gaussian::standard_log_density`], [`distribution::gaussian::Diagonal::log_density_at_noise`] |
//! | E13, E14 | reparameterised gradients | [`gradient::Reparameterised`], [`gradient::StickingTheLanding`], [`distribution::gaussian::Diagonal::sample`] |
//! | E14 | a draw as a function of its parameters, gamma and its kin implicitly | [`distribution::PathGradient`] |
//! | E15 | the score ∂ log q/∂λ | [`distribution::Score`] |
//! | E15 | score function, baselines | [`gradient::ScoreFunction`], [`gradient::RunningMean`] |
//! | E16 | per-datum inference | [`infer::infer`], [`guide::PerDatum`]; with θ, by coordinate ascent: [`train::Trainer::visit`] |
//! | E17 | amortised inference, N/B | [`train::Trainer::step`], [`minibatch::Minibatch::scale`], [`guide::Amortised`] |
//! | E18 | joint or alternating steps | [`schedule::Schedule`] |
//! | E19 | the Gaussian auto-encoder | [`model::Vae`] with [`likelihood::Gaussian`] |
//! | E20 | the noiseless limit | [`objective::noiseless::Noiseless`] |
//! | E21 | mean field by exact coordinate ascent | [`mean_field::MeanField`], [`mean_field::ascend`] |
//! | E21 | exact updates of conjugate families: the posterior, its expectations and predictive | [`conjugate::Conjugate`] |
//! | E21 | models composed of nodes, by variational message passing | [`mean_field::graph::Graph`] |
//! | E21 | latent Dirichlet allocation | [`mean_field::lda::Fit`] |
//! | E21 | Bayesian linear regression; factor analysis and probabilistic PCA | [`mean_field::regression`], [`mean_field::factor_analysis`] |
//! | E21 | chains: hidden Markov (forward and backward), linear-Gaussian (Kalman's smoother) | [`mean_field::hidden_markov`], [`mean_field::state_space`] |
//! | E21 | log Z of a graph from below: pairwise random fields, Ising | [`mean_field::random_field`], [`mean_field::ising`] |
//! | E22 | importance-weighted and Rényi bounds, their gradients | [`objective::importance_weighted`], [`gradient::DoublyReparameterised`] |
//! | E23 | annealed importance sampling; bounds on both sides of log p(x) of simulated rows | [`diagnose::annealed::annealed`], [`diagnose::bdmc::bdmc`] |
//! | E24 | the gap ledger | [`diagnose::gap_ledger`] |
//! | E25 | k̂ of importance weights, Pareto-smoothed | [`diagnose::pareto_smoothed`] |
//! | E26 | per-dimension KL, active units; mutual information I_q(x; z) | [`diagnose::latent_summary`], [`diagnose::mutual_information`] |
//! | E27 | linear-Gaussian oracle | [`model::LinearGaussian`] |
//! | E34 | mixed columns with missing cells | [`likelihood::Columns`] |
//! | E35 | filling in | [`infer::weighted_draws`] |
//! | E36 | counts: Poisson, negative binomial | [`likelihood::Poisson`], [`likelihood::NegativeBinomial`] |
//! | – | two layers of z (Burda et al. 2015) | [`model::SecondLayer`], [`guide::Hierarchical`] |
//!
//! A user's own is as good as ours: a [`likelihood::Likelihood`], a [`network::Decoder`], a whole [`model::Latent`] or
//! [`guide::Guide`], a [`gradient::Estimator`]; `examples/` has one of each kind that is short.
//!
//! # A fit
//!
//! ```
//! use elbo::{
//!     burn::tensor::Device,
//!     fit::{Fit, FitConfig},
//!     minibatch::Rows,
//!     model::VaeConfig,
//!     random::Key,
//!     train::TrainConfig,
//! };
//!
//! // 200 points near a line in the plane.
//! let mut values = vec![0.0f32; 400];
//! for (i, point) in values.chunks_mut(2).enumerate() {
//!     let t = i as f32 / 100.0 - 1.0;
//!     point.copy_from_slice(&[t, 2.0 * t + 0.1 * (37.0 * t).sin()]);
//! }
//! let (train, validation) = Rows::all(&values, 2).split(0.2, Key::new(1));
//! let config = FitConfig {
//!     batch: 32,
//!     epochs: 60,
//!     vae: VaeConfig { hidden: vec![16], latent: 1, ..VaeConfig::default() },
//!     train: TrainConfig { step_size: 1e-2, encoder_step_size: 1e-2, ..TrainConfig::default() },
//!     ..FitConfig::default()
//! };
//! let mut fit = Fit::new(config, train, &validation, &Device::flex())?;
//! let first = fit.epoch(|_| {})?.validation;
//! let mut last = first;
//! while fit.finished().is_none() {
//!     last = fit.epoch(|_| {})?.validation;
//! }
//! assert!(last.elbo.value > first.elbo.value + 1.0, "{} {}", first.elbo.value, last.elbo.value);
//! # Ok::<(), elbo::Error>(())
//! ```

mod check;
pub mod conjugate;
pub mod device;
pub mod diagnose;
pub mod distribution;
pub mod divergence;
pub mod engine;
pub mod error;
pub mod fit;
pub mod gradient;
pub mod guide;
pub mod infer;
mod laplace;
pub mod likelihood;
pub mod mean_field;
pub mod minibatch;
pub mod model;
pub mod network;
pub mod objective;
pub mod optimiser;
pub mod parameters;
pub mod random;
pub mod schedule;
pub mod special;
pub mod terms;
pub mod train;
pub mod transform;

pub use burn;
pub use error::Error;
