//! Which likelihood suits the values of rows, and why: what is chosen where none is asked for.

use elbo::likelihood::{LikelihoodConfig, LikelihoodFamily, Sigma};
use elbo_data::{Dataset, Number};

use super::request::Request;
use crate::{
    moments::Moments,
    observer::{Observer, ObserverExt},
    values::what_values_are,
};

/// How near to 0 or to full a pixel is paper or ink, as a share of full.
const END: f64 = 0.05;
/// The share of pixels in between up to which images are ink and paper.
const GREY: f64 = 0.5;
/// How many times as dense as in between pixels must lie at either end.
const PEAK: f64 = 2.0;

/// The likelihood that is asked for, or that suits the values; and why.
pub(super) fn choose_likelihood<T: Number>(
    request: &Request,
    data: &Dataset<T>,
    moments: &[Moments],
) -> (LikelihoodConfig, String) {
    let gaussian = || LikelihoodConfig::Gaussian(sigma(request, data, moments));
    match request.likelihood {
        Some(LikelihoodFamily::Gaussian) => return (gaussian(), "as asked".into()),
        Some(family) => return (family.into(), "as asked".into()),
        None if request.binarise.is_some() && data.full_scale.is_some() => {
            return (LikelihoodConfig::Bernoulli, "grey values become 0 or 1 as asked".into());
        }
        None => {}
    }
    if data.values.iter().all(|&v| v == T::of(0.0) || v == T::of(1.0)) {
        return (LikelihoodConfig::Bernoulli, "every value is 0 or 1".into());
    }
    if let Some(full) = data.full_scale {
        let histogram = Histogram::of(data.values.iter().map(|&v| v.into() / f64::from(full)));
        let grey =
            format!("{:.0} % of the pixels lie between 5 % and 95 % of full", 100.0 * histogram.grey());
        if histogram.is_ink_and_paper() {
            return (LikelihoodConfig::Bernoulli, format!("the rows are images of ink and paper: {grey}"));
        }
        let rest = if histogram.grey() > GREY { "" } else { ", and hardly more at one of the ends" };
        let why = format!("the rows are images in grey or colour: {grey}{rest}");
        return (gaussian(), why);
    }
    (gaussian(), what_values_are(data))
}

/// Says where a Gaussian was chosen for what may be counts.
pub(super) fn hint_at_counts<T: Number>(request: &Request, data: &Dataset<T>, observer: &dyn Observer) {
    let open = request.likelihood.is_none() && data.full_scale.is_none();
    if open && data.values.iter().all(|&v| v.into() >= 0.0 && v.into().fract() == 0.0) {
        let text = "every value is a whole number from 0; where they are counts, «likelihood negative-binomial» and \
                    «likelihood poisson» are of them";
        observer.say("note", text);
    }
}

/// σ where none is asked for: one a column of a table, which tells apart the columns that z explains from those that it does
/// not. Pixels share one, as do columns of which one is constant, whose own σ would have no maximum.
fn sigma<T: Number>(request: &Request, data: &Dataset<T>, moments: &[Moments]) -> Sigma {
    let shared = data.full_scale.is_some() || data.image.is_some();
    let constant = !request.drop_constant && moments.iter().any(|column| !column.varies());
    request.sigma.unwrap_or(if shared || constant { Sigma::Learned } else { Sigma::PerColumn })
}

/// Shares of the pixels of all images.
struct Histogram {
    /// Near 0.
    low: f64,
    /// Near full.
    high: f64,
}

impl Histogram {
    /// Of pixels as shares of full.
    fn of(pixels: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high, mut all) = (0_u64, 0_u64, 0_u64);
        for pixel in pixels {
            low += u64::from(pixel <= END);
            high += u64::from(pixel >= 1.0 - END);
            all += 1;
        }
        let share = |number: u64| number as f64 / all as f64;
        Self { low: share(low), high: share(high) }
    }

    fn grey(&self) -> f64 {
        1.0 - self.low - self.high
    }

    /// Whether most pixels are at the ends, and both ends are peaks: grey is then the rim of a stroke.
    fn is_ink_and_paper(&self) -> bool {
        let between = self.grey() * END / (1.0 - 2.0 * END);
        self.grey() <= GREY && self.low.min(self.high) > PEAK * between
    }
}
