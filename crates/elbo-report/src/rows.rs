//! Rows of data as the model sees them: reconstructions and samples from the prior.

use maud::{Markup, html};

use crate::mosaic::{Mosaic, across};
use crate::page::captioned;
use crate::table::{omitted, table};
use elbo_fit::AutoEncoderPage;

/// How many rows are shown as images, and how many as lines of a table.
const IMAGES: usize = 64;
const LINES: usize = 8;

/// Originals above their reconstructions.
pub(crate) fn reconstructions(report: &AutoEncoderPage) -> Option<Markup> {
    let pairs: Vec<(&[f64], &[f64])> =
        report.originals.iter().zip(&report.reconstructions).map(|(a, b)| (&a[..], &b[..])).collect();
    if pairs.is_empty() {
        return None;
    }
    let lesson = html! {
        "A reconstruction is the decoder's mean at the latent code that the encoder gives the row. "
        "Detail missing from it is not in the code: what would cost more nats of KL than it earns "
        "in log-likelihood is smoothed away."
    };
    if let Some(shape) = shape(report) {
        let tiles: Vec<[Vec<f32>; 2]> =
            pairs[..pairs.len().min(IMAGES / 2)].iter().map(|&(a, b)| [grey(a), grey(b)]).collect();
        let rows = tiles
            .chunks(across(shape.1))
            .flat_map(|chunk| [0, 1].map(|line| chunk.iter().map(|pair| &pair[line][..]).collect()))
            .collect();
        let picture = Mosaic { shape, rows, group: 2 }.picture("Originals above their reconstructions");
        return Some(captioned(
            &picture,
            &html! {
                "In each pair of lines the originals stand above, and their reconstructions below. " (lesson)
            },
        ));
    }
    let groups: Vec<_> = pairs
        .iter()
        .take(LINES)
        .map(|&(a, b)| vec![("original".to_string(), a), ("reconstruction".into(), b)])
        .collect();
    Some(captioned(
        &table(&report.columns, &groups),
        &html! {
            "The table has a few rows and their reconstructions, in the units of the data. " (lesson) (omitted(&report.originals))
        },
    ))
}

/// Rows that the model makes up.
pub(crate) fn samples(report: &AutoEncoderPage) -> Option<Markup> {
    if report.samples.is_empty() {
        return None;
    }
    let lesson = html! {
        "Codes drawn from the prior, pushed through the decoder's mean: what the model thinks data "
        "look like. Samples worse than reconstructions show that the codes of the data do not fill "
        "the prior."
    };
    if let Some(shape) = shape(report) {
        let tiles: Vec<Vec<f32>> = report.samples.iter().take(IMAGES).map(|row| grey(row)).collect();
        let rows: Vec<Vec<&[f32]>> =
            tiles.chunks(across(shape.1)).map(|line| line.iter().map(Vec::as_slice).collect()).collect();
        let picture = Mosaic { shape, group: rows.len(), rows }.picture("Samples from the prior");
        return Some(captioned(&picture, &lesson));
    }
    let lines = report.samples.iter().take(LINES).enumerate();
    let group = lines.map(|(k, row)| (format!("sample {}", k + 1), row.as_slice())).collect();
    Some(captioned(&table(&report.columns, &[group]), &html! { (lesson) (omitted(&report.samples)) }))
}

/// Pixels as a picture takes them.
fn grey(row: &[f64]) -> Vec<f32> {
    row.iter().map(|&x| x as f32).collect()
}

/// The shape of an image, when it has pixels.
fn shape(report: &AutoEncoderPage) -> Option<(usize, usize)> {
    report.image.filter(|&(height, width)| height > 0 && width > 0)
}
