//! Topics, and plain facts.

use elbo_fit::figure::{Figure, Topic};

use crate::{
    page::{caption, chart, drawn, table, tables},
    samples::{facts, per_token, strings, topics},
};

#[test]
fn words_have_bars_of_one_scale() {
    let section = drawn(Figure::TopWords(topics()));
    let headings: Vec<&str> =
        section.split("<h3>").skip(1).map(|rest| rest.split_once("</h3>").unwrap().0).collect();
    assert_eq!(
        headings,
        [
            "Topic 3 · 62.5 % of the tokens",
            "Topic 1 · 32.5 % of the tokens",
            "Topic 2 · 5.00 % of the tokens"
        ]
    );
    let tables = tables(&section);
    assert_eq!(tables[0], [strings(["pope", "", "4.00 %"]), strings(["church", "", "3.00 %"])]);
    assert_eq!(tables[1], [strings(["years", "", "2.00 %"]), strings(["people", "", "0.10 %"])]);
    let widths: Vec<&str> =
        section.split("width:").skip(1).map(|rest| rest.split_once('%').unwrap().0).collect();
    assert_eq!(widths, ["100.0", "75.0", "50.0", "2.5", "40.0", "25.0"]);
}

#[test]
fn shares_are_bars_in_the_order_given() {
    let picture = chart(Figure::Shares(topics()));
    assert_eq!((&picture.x.name[..], &picture.x.labels), ("topic", &strings(["3", "1", "2"])));
    assert!(drawn(Figure::Shares(topics())).contains("Share of the tokens, %"));
    let heights: Vec<f64> = picture.bars.iter().map(|bar| bar.points[0][1] - bar.points[1][1]).collect();
    for (height, share) in heights.iter().zip([62.5, 32.5, 5.0]) {
        assert!((height - share).abs() < 2.5 * picture.y.unit(), "{heights:?}");
    }
    for bar in &picture.bars {
        assert!(bar.points[1][1].abs() < 2.5 * picture.y.unit(), "bars stand on 0");
    }
}

#[test]
fn many_topics_are_ranked() {
    let topic = |k: u32| Topic { number: 100 - k as usize, share: 1.0 / f64::from(k + 1), words: Vec::new() };
    let picture = chart(Figure::Shares((0..60).map(topic).collect()));
    assert_eq!(picture.x.name, "rank");
    assert_eq!(picture.bars.len(), 60);
    let (second, expected) = (&picture.bars[1], 2.0);
    let middle = f64::midpoint(second.points[0][0], second.points[1][0]);
    assert!((middle - expected).abs() < 0.05, "{middle}");
    assert!(
        caption(&drawn(Figure::TopWords((0..60).map(topic).collect())))
            .contains("The 30 largest topics of 60 are shown.")
    );
}

#[test]
fn bounds_are_per_token() {
    assert_eq!(
        table(&drawn(per_token())),
        [
            strings([
                "documents",
                "number",
                "tokens",
                "ELBO, nats per token",
                "perplexity at most",
                "perplexity of one half given the other"
            ]),
            strings(["training", "108", "25000", "−7.5312 ± 0.0123", "1865.4 ± 22.9", "–"]),
            strings(["held out", "12", "2500", "−7.9000 ± 0.0500", "2697.3 ± 134.9", "1500.2 ± 80.5"]),
        ]
    );
    let Figure::PerToken(mut rows) = per_token() else { unreachable!() };
    rows.truncate(1);
    let section = drawn(Figure::PerToken(rows));
    assert_eq!(table(&section)[0].len(), 5);
    assert!(!caption(&section).contains("halved"));
}

#[test]
fn facts_are_a_table() {
    assert_eq!(
        table(&drawn(facts())),
        [
            strings(["of waiting", "posterior mean ± sd"]),
            strings(["mean μ", "70.9 ± 0.8"]),
            strings(["precision τ", "0.0054"]),
        ]
    );
}
