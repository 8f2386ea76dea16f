//! Reports of fits: a page from results and plain figure data, one HTML file that needs nothing else.
//!
//! [`auto_encoder`] shows a fitted auto-encoder, [`audit`] where its nats are lost, [`ascent`] a fit by coordinate ascent.

mod ascent;
mod audit;
mod auto_encoder;
mod curve;
mod dimensions;
mod dynamics;
mod factors;
mod facts;
mod figure;
mod latent;
mod mixture;
mod mosaic;
mod number;
mod page;
mod plot;
mod regression;
mod rows;
mod series;
mod settings;
mod spins;
mod states;
mod table;
mod terms;
mod topics;
mod verdict;

use elbo::diagnose::Remedy;
use elbo_fit::{Page, Text};

pub use ascent::ascent;
pub use audit::audit;
pub use auto_encoder::auto_encoder;

/// The report of any fit: `word` puts sentences that name settings into words, `remedy` what to do about a finding.
pub fn page(of: &Page, word: &dyn Fn(&Text) -> String, remedy: &dyn Fn(&Remedy) -> String) -> String {
    match of {
        Page::AutoEncoder(of) => auto_encoder(of, word, remedy),
        Page::Ascent(of) => ascent(of, remedy),
    }
}
