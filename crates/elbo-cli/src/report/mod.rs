//! The report of a fitted variational auto-encoder: one HTML file that needs nothing else.
//!
//! Pictures are inline SVG and PNG; colours are CSS variables, so light and dark mode both work.

mod audit;
mod curve;
mod dimensions;
mod dynamics;
mod factors;
mod latent;
mod magnetisations;
mod mean_field;
mod mixture;
mod mosaic;
mod plot;
mod regression;
mod rows;
mod series;
mod settings;
mod states;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod topics;
mod verdict;

pub(crate) use audit::{AuditPage, Worst};
pub(crate) use dynamics::{Dynamics, dynamics};
use elbo::{diagnose::Verdict, objective::Objective};
pub(crate) use factors::{Loadings, loadings};
pub(crate) use latent::latent_map;
pub(crate) use magnetisations::magnetisations;
use maud::{DOCTYPE, Markup, PreEscaped, html};
pub(crate) use mean_field::MeanFieldPage;
pub(crate) use mixture::{Component, components, ellipses};
pub(crate) use regression::{Coefficient, coefficients, predictions};
pub(crate) use series::{Band, banded, coloured};
pub(crate) use states::{State, states, transitions};
pub(crate) use topics::{Bounds, Topic, bounds, shares, top_words};

/// One line of the record of a fit.
#[allow(clippy::struct_field_names, reason = "an epoch is known by its number")]
pub(crate) struct Epoch {
    /// Its number in the fit.
    pub(crate) epoch: usize,
    /// The bound on the training rows.
    pub(crate) train: Terms,
    /// The bound on the validation rows.
    pub(crate) validation: Terms,
    /// Wall-clock time it took.
    pub(crate) seconds: f64,
}

/// The bound and its two terms: means over rows, in nats per row; `elbo = log_likelihood - kl`.
pub(crate) struct Terms {
    /// Evidence lower bound; larger is better.
    pub(crate) elbo: f64,
    /// Standard error of `elbo`.
    pub(crate) elbo_se: f64,
    /// Expected log-likelihood of a row given its latent code.
    pub(crate) log_likelihood: f64,
    /// Kullback-Leibler divergence of the approximate posterior from the prior.
    pub(crate) kl: f64,
}

/// Everything the report shows.
pub(crate) struct Report {
    /// The name of the fit, as "digits".
    pub(crate) title: String,
    /// Headline facts as (name, value).
    pub(crate) summary: Vec<(String, String)>,
    /// Sentences: what the bound is of, warnings.
    pub(crate) notes: Vec<String>,
    /// Whether the fit can be trusted.
    pub(crate) verdict: Verdict,
    pub(crate) objective: Objective,
    /// The record of the fit.
    pub(crate) epochs: Vec<Epoch>,
    /// The number of the epoch with the largest validation bound.
    pub(crate) best_epoch: usize,
    /// A named horizontal line in the picture of the bound.
    pub(crate) reference: Option<(String, f64)>,
    /// Mean divergence from the prior of each latent dimension, in nats, in model order.
    pub(crate) kl_per_dimension: Vec<f64>,
    /// Whether a latent dimension is active: the variance of its posterior mean exceeds 0.01.
    pub(crate) active: Vec<bool>,
    /// The number of latent variables of each layer of z.
    pub(crate) layers: Vec<usize>,
    /// Height and width, when rows are images.
    pub(crate) image: Option<(usize, usize)>,
    /// Names of the columns of a row.
    pub(crate) columns: Vec<String>,
    /// Rows of data: images in [0, 1], tables in the units of the data.
    pub(crate) originals: Vec<Vec<f32>>,
    /// Their reconstructions, in the same order.
    pub(crate) reconstructions: Vec<Vec<f32>>,
    /// Draws from the prior pushed through the decoder's mean.
    pub(crate) samples: Vec<Vec<f32>>,
    /// Posterior means in a plane.
    pub(crate) latent: Vec<[f64; 2]>,
    /// Names of the axes of that plane.
    pub(crate) latent_axes: [String; 2],
    /// One label per latent point.
    pub(crate) labels: Option<Vec<String>>,
    /// How the model was fitted, as ("group.name", value).
    pub(crate) settings: Vec<(String, String)>,
}

impl Report {
    /// The report as one self-contained HTML page.
    #[must_use]
    pub(crate) fn to_html(&self) -> String {
        let sections = [
            ("Verdict", Some(verdict::figure(&self.verdict))),
            (
                if self.objective == Objective::Noiseless { "The objective" } else { "The bound" },
                curve::figure(self),
            ),
            ("Its two terms", terms::figure(self)),
            ("Latent dimensions", dimensions::figure(self)),
            ("Reconstructions", rows::reconstructions(self)),
            ("Samples from the prior", rows::samples(self)),
            ("Latent map", latent_map(&self.latent, self.labels.as_deref(), &self.latent_axes)),
            ("Settings", settings::figure(&self.settings)),
        ];
        page(&format!("{} – ELBO report", self.title), &self.header(), &sections)
    }

    fn header(&self) -> Markup {
        html! {
            header {
                p.kicker { "Variational auto-encoder" }
                h1 { (self.title) }
                @if !self.summary.is_empty() {
                    dl.cards {
                        @for (name, value) in &self.summary {
                            div { dt { (name) } dd { (value) } }
                        }
                    }
                }
                @if !self.notes.is_empty() {
                    ul.notes { @for note in &self.notes { li { (note) } } }
                }
            }
        }
    }
}

/// A self-contained page of the sections that there are.
fn page(title: &str, header: &Markup, sections: &[(&str, Option<Markup>)]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                (header)
                main {
                    @for (heading, figure) in sections {
                        @if let Some(figure) = figure {
                            section { h2 { (heading) } (figure) }
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

/// A picture above the caption that explains it.
fn captioned(picture: &Markup, caption: &Markup) -> Markup {
    html! { figure { (picture) figcaption { (caption) } } }
}
