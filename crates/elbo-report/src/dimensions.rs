//! The divergence of each latent dimension.

use maud::{Markup, html};
use plotters::prelude::*;

use crate::number::{number, whole};
use crate::page::captioned;
use crate::plot::{Axes, Ink, legend};
use elbo_fit::AutoEncoderPage;

/// Up to this many bars, each carries the number of its dimension.
const NUMBERED: usize = 32;

/// Bars of nats per dimension, largest first.
pub(crate) fn figure(report: &AutoEncoderPage) -> Option<Markup> {
    let kl = &report.kl_per_dimension;
    let mut order: Vec<usize> = (0..kl.len()).collect();
    order.sort_by(|&a, &b| kl[b].total_cmp(&kl[a]));
    let top = kl[*order.first()?].max(0.0);
    let active = |d: usize| report.active.get(d).copied().unwrap_or(true);
    let numbered = kl.len() <= NUMBERED;
    let label = |x: f64| {
        let mut bars = order.iter().enumerate();
        match bars.find(|&(rank, _)| (rank as f64 - x).abs() < 1e-6) {
            Some((_, dimension)) if numbered => (dimension + 1).to_string(),
            None if numbered => String::new(),
            _ => whole(x),
        }
    };
    let first = if numbered { 0.0 } else { 1.0 };
    let axes = Axes {
        size: (960, 300),
        x: first - 0.5..first + kl.len() as f64 - 0.5,
        y: 0.0..if top > 0.0 && top.is_finite() { 1.06 * top } else { 1.0 },
        x_name: if numbered { "latent dimension" } else { "rank" },
        y_name: "",
        x_ticks: if numbered { kl.len() + 1 } else { 11 },
        x_label: &label,
    };
    // Few bars stay slim, so that a picture of one dimension is no wall of colour.
    let half = (0.04 * kl.len() as f64).clamp(0.02, 0.4);
    // A stub keeps a dimension near zero in sight.
    let stub = 0.006 * axes.y.end;
    let picture = axes.draw(|chart| {
        chart.draw_series(order.iter().enumerate().map(|(rank, &d)| {
            let x = first + rank as f64;
            let ink = if active(d) { Ink::Validation } else { Ink::Idle };
            Rectangle::new([(x - half, 0.0), (x + half, kl[d].max(stub))], ink.color().filled())
        }))?;
        Ok(())
    });
    let count = (0..kl.len()).filter(|&d| active(d)).count();
    let key = [
        ("box", Ink::Validation, format!("active ({count})")),
        ("box", Ink::Idle, format!("inactive ({})", kl.len() - count)),
    ];
    let picture = html! { p.unit { "KL divergence, nats per row" } (legend(&key)) (picture) };
    let two = two_layers(report);
    Some(captioned(
        &picture,
        &html! {
            "Each bar is the divergence of a latent dimension from its prior, sorted: it says how much the dimension "
            "tells of a row. Together they are " (number(kl.iter().sum(), 2)) " nats per row. A dimension is active when its "
            "posterior mean varies over the rows (variance above 0.01); an inactive one stays at the "
            "prior, and the decoder learns nothing from it. Many grey bars mean that a smaller "
            "latent space would do."
            @if let Some(two) = two { " " (two) }
        },
    ))
}

/// The layers' shares, where z has two.
fn two_layers(report: &AutoEncoderPage) -> Option<String> {
    let &[first, second] = report.layers.as_slice() else { return None };
    let share = |name: &str, from: usize, len: usize| {
        let active = report.active.iter().skip(from).take(len).filter(|&&active| active).count();
        let kl: f64 = report.kl_per_dimension.iter().skip(from).take(len).sum();
        format!("{name}: {active} of {len} active, {} nats", number(kl, 2))
    };
    Some(format!(
        "Of two layers, z1 (the first {first} dimensions) given z2, and z2 (those after): {}; {}. The divergence of z1 is \
         an estimate from draws, and may fall below 0.",
        share("z1", 0, first),
        share("z2", first, second)
    ))
}
