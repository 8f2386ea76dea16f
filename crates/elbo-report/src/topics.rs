//! Topics: their words, their shares, and what they say of documents.

use elbo::terms::Mean;
use elbo_fit::figure::{PerToken, Topic};
use maud::{Markup, html};
use plotters::prelude::*;

use crate::{
    number::{number, whole},
    page::captioned,
    plot::{Axes, Ink},
};

/// Topics whose words are shown.
const WORDS_OF: usize = 30;
/// Up to this many bars, each carries the number of its topic.
const NUMBERED: usize = 32;

/// The words of each topic with bars of their probability; the largest topic first.
pub(crate) fn top_words(topics: &[Topic]) -> Markup {
    let shown = &topics[..topics.len().min(WORDS_OF)];
    let most = shown.iter().flat_map(|topic| &topic.words).map(|(_, p)| *p).fold(f64::MIN_POSITIVE, f64::max);
    let panels = html! {
        div.panels.topics { @for topic in shown {
            div {
                h3 { "Topic " (topic.number) " · " (percent(topic.share)) " of the tokens" }
                table { tbody { @for (word, p) in &topic.words {
                    tr {
                        th scope="row" { (word) }
                        td.gap { div.bar style={ "width:" (format!("{:.1}", 100.0 * p / most)) "%" } {} }
                        td { (percent(*p)) }
                    }
                } } }
            }
        } }
    };
    captioned(
        &panels,
        &html! {
            "The most probable words of each topic stand with their probability, E[" i { "β" } "], below its share of the tokens; "
            "bars have the same scale everywhere."
            @if shown.len() < topics.len() { " The " (shown.len()) " largest topics of " (topics.len()) " are shown." }
        },
    )
}

fn percent(share: f64) -> String {
    format!("{} %", number(100.0 * share, if share < 0.1 { 2 } else { 1 }))
}

/// Bars of the topics' shares, the largest first.
pub(crate) fn shares(topics: &[Topic]) -> Markup {
    let size = topics.len();
    let numbered = size <= NUMBERED;
    let first = if numbered { 0.0 } else { 1.0 };
    let label = |x: f64| {
        let mut bars = topics.iter().enumerate();
        match bars.find(|&(rank, _)| (rank as f64 - x).abs() < 1e-6) {
            Some((_, topic)) if numbered => topic.number.to_string(),
            None if numbered => String::new(),
            _ => whole(x),
        }
    };
    let axes = Axes {
        size: (960, 280),
        x: first - 0.5..first + size as f64 - 0.5,
        y: 0.0..topics.first().map_or(1.0, |topic| if topic.share > 0.0 { 106.0 * topic.share } else { 1.0 }),
        x_name: if numbered { "topic" } else { "rank" },
        y_name: "",
        x_ticks: if numbered { size + 1 } else { 11 },
        x_label: &label,
    };
    // Few bars stay slim, so that a picture of one topic is no wall of colour.
    let half = (0.04 * size as f64).clamp(0.02, 0.4);
    let picture = axes.draw(|chart| {
        chart.draw_series(topics.iter().enumerate().map(|(rank, topic)| {
            let x = first + rank as f64;
            Rectangle::new(
                [(x - half, 0.0), (x + half, 100.0 * topic.share)],
                Ink::Validation.color().filled(),
            )
        }))?;
        Ok(())
    });
    captioned(
        &html! { p.unit { "Share of the tokens, %" } (picture) },
        &html! {
            "Each bar says how much of the corpus a topic is expected to have. A topic of most tokens has the words that all "
            "documents share; topics of next to none are not needed."
        },
    )
}

/// Bounds of documents, the topics held.
pub(crate) fn per_token(rows: &[PerToken]) -> Markup {
    let figure = |mean: Mean, decimals: usize| {
        let error = mean.error().map_or(String::new(), |error| format!(" ± {}", number(error, decimals)));
        format!("{}{error}", number(mean.value, decimals))
    };
    let completion = rows.iter().any(|row| row.completion.is_some());
    let table = html! {
        div.scroll { table {
            thead { tr {
                th { "documents" } th { "number" } th { "tokens" } th { "ELBO, nats per token" } th { "perplexity at most" }
                @if completion { th { "perplexity of one half given the other" } }
            } }
            tbody { @for row in rows {
                tr {
                    th scope="row" { (row.name) }
                    td { (row.documents) }
                    td { (row.tokens) }
                    td { (figure(row.bound, 4)) }
                    td { (figure(row.perplexity, 1)) }
                    @if completion {
                        td { @match row.completion { Some(mean) => (figure(mean, 1)), None => "–" } }
                    }
                }
            } }
        } }
    };
    captioned(
        &table,
        &html! {
            "The table has the bound of documents given the topics, each document's shares found anew (folded in), ± the standard "
            "error over documents. exp(−ELBO per token) is an upper bound on the perplexity, and "
            strong { "smaller is better" } "."
            @if completion {
                " The last column is not a bound: each document's tokens are halved at random, its shares come from the one half, "
                "and the perplexity is that of the other."
            }
        },
    )
}
