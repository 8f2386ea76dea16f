//! Each figure by its picture.

use elbo_fit::figure::Figure;
use maud::Markup;

use crate::{dynamics, factors, facts, latent, mixture, regression, series, spins, states, topics};

/// The picture or table of a figure; none where there is nothing to draw.
pub(crate) fn draw(figure: &Figure) -> Option<Markup> {
    Some(match figure {
        Figure::Facts { heading, lines } => facts::facts(heading, lines),
        Figure::Components { columns, components } => mixture::components(columns, components),
        Figure::Ellipses(ellipses) => mixture::ellipses(ellipses),
        Figure::Coefficients { coefficients, level } => regression::coefficients(coefficients, *level),
        Figure::Predictions { target, actual, predicted } => {
            regression::predictions(target, actual, predicted)
        }
        Figure::Loadings(loadings) => factors::loadings(loadings),
        Figure::Map(map) => return latent::map(map),
        Figure::Coloured { columns, x, lengths, states, steps } => {
            series::coloured(columns, x, lengths, states, steps)
        }
        Figure::States { outcomes, states } => states::states(outcomes, states),
        Figure::Transitions(matrix) => states::transitions(matrix),
        Figure::Banded { bands, lengths, steps } => series::banded(bands, lengths, steps),
        Figure::Dynamics(dynamics) => dynamics::dynamics(dynamics),
        Figure::Spins { names, means, exact } => spins::spins(names, means, exact.as_deref()),
        Figure::TopWords(topics) => topics::top_words(topics),
        Figure::Shares(topics) => topics::shares(topics),
        Figure::PerToken(rows) => topics::per_token(rows),
        // A kind of figure that is newer than this crate.
        _ => return None,
    })
}
