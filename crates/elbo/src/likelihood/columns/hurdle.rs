//! A number ≥ 0, often 0: it is above 0 with probability S(f₁), and then log-normal of f₂.

use super::{
    bernoulli::{ln_logistic, logistic, logit_of},
    cell::{Cell, Gradient, Start},
    log_normal::LogNormal,
    standard::Standard,
};
use crate::random::Key;

#[derive(Debug)]
pub(super) struct Hurdle(pub(super) Standard);

impl Hurdle {
    fn positive(&self) -> LogNormal {
        LogNormal(self.0)
    }
}

impl Cell for Hurdle {
    fn outputs(&self) -> usize {
        2
    }

    fn own(&self) -> usize {
        1
    }

    fn accepts(&self, x: f64) -> bool {
        x.is_finite() && x >= 0.0
    }

    fn values(&self) -> &'static str {
        "numbers ≥ 0"
    }

    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let above = x > 0.0;
        let mut by_size = None;
        if let Some(Gradient { output: by_output, own: by_own }) = gradient {
            by_output[0] = if above { logistic(-output[0]) } else { -logistic(output[0]) };
            (by_output[1], by_own[0]) = (0.0, 0.0);
            by_size = Some(Gradient { output: &mut by_output[1..], own: by_own });
        }
        if above {
            ln_logistic(output[0]) + self.positive().log_density(x, &output[1..], own, by_size)
        } else {
            ln_logistic(-output[0])
        }
    }

    fn mean(&self, output: &[f64], own: &[f64]) -> f64 {
        logistic(output[0]) * self.positive().mean(&output[1..], own)
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        let mut above = [logistic(output[0]) as f32];
        key.fold(1).bernoulli(row, &mut above);
        if above[0] > 0.0 { self.positive().draw(&output[1..], own, key, row) } else { 0.0 }
    }

    fn start(&self, x: &[f64], resolution: f64) -> Start {
        let above: Vec<f64> = x.iter().copied().filter(|&x| x > 0.0).collect();
        let Start { output, own, floor } = self.positive().start(&above, resolution);
        Start { output: vec![logit_of(above.len(), x.len()), output[0]], own, floor }
    }

    fn encoded(&self) -> usize {
        2
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        if x > 0.0 {
            out[0] = 1.0;
            self.positive().encode(x, &mut out[1..]);
        }
    }
}
