//! Dot products, f = Σ_j a_jᵀ b_j: the mean of a Gaussian that is linear in each of several others.
//!
//! All factors are independent under q, so E\[f\] = Σ āᵀb̄ and Var\[f\] = Σ (tr AB + āᵀBā + b̄ᵀAb̄), A and B their covariances.
//! A Gaussian message exp(h f − ½ λ f²) to f is one to a_j of (h − λ Σ_{i≠j} āᵢᵀb̄ᵢ) b̄ and λ (b̄ b̄ᵀ + B).

use super::variable::{Argument, Mean, Source, Variable};
use crate::{Error, distribution::cholesky::dot as inner};

/// A sum of products of independent variables.
#[derive(Clone, Debug)]
pub struct Dot {
    pub(super) factors: Vec<Result<Source, Error>>,
}

/// The product aᵀ b of numbers or vectors: a variable times a variable or a known value. What is known of each row is a
/// variable too, made by [`Graph::known`](super::Graph::known).
///
/// ```
/// use elbo::mean_field::{Ascent, ascend, graph::{Graph, dot, gaussian}};
/// let mut model = Graph::new();
/// let rows = model.plate("rows", 3)?;
/// let x = model.known(&[rows], &[0.0, 1.0, 2.0])?;
/// let (slope, level) = (model.add("a", &[], gaussian(0.0, 1e-9))?, model.add("b", &[], gaussian(0.0, 1e-9))?);
/// let y = model.add("y", &[rows], gaussian(dot(slope, x).plus(level, 1.0), 4.0))?;
/// model.observe(y, &[1.0, 3.0, 5.0])?;
/// ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 100 }, |_, _| {})?;
/// assert!((model.factor(slope, 0)?.location() - 2.0).abs() < 1e-6);
/// # Ok::<(), elbo::Error>(())
/// ```
pub fn dot<S>(a: Variable<S>, b: impl Into<Argument<S>>) -> Dot {
    Dot { factors: vec![Argument::from(a).source, b.into().source] }
}

impl Dot {
    /// Adds another product to the sum.
    #[must_use]
    pub fn plus<S>(mut self, a: Variable<S>, b: impl Into<Argument<S>>) -> Self {
        self.factors.extend([Argument::from(a).source, b.into().source]);
        self
    }
}

impl From<Dot> for Mean {
    fn from(dot: Dot) -> Self {
        Self(Ok(Source::Dot(dot.factors)))
    }
}

/// The moments of a factor, and its dimension.
pub(super) type Factor<'a> = (&'a [f64], usize);

/// vᵀ C v, which is 0 of no covariance.
fn square(covariance: &[f64], v: &[f64]) -> f64 {
    covariance.chunks(v.len()).zip(v).map(|(row, v_i)| v_i * inner(row, v)).sum()
}

/// E\[f\], Var\[f\].
pub(super) fn moments(factors: &[Factor]) -> [f64; 2] {
    let mut moments = [0.0; 2];
    for pair in factors.chunks(2) {
        let ((a, a_covariance), (b, b_covariance)) =
            (pair[0].0.split_at(pair[0].1), pair[1].0.split_at(pair[1].1));
        moments[0] += inner(a, b);
        moments[1] += inner(a_covariance, b_covariance) + square(b_covariance, a) + square(a_covariance, b);
    }
    moments
}

/// The message to the factor in `slot`, of one `[h, λ]` to f.
pub(super) fn message(slot: usize, to_dot: &[f64], factors: &[Factor], message: &mut Vec<f64>) {
    let others = factors.chunks(2).enumerate().filter(|&(pair, _)| pair != slot / 2);
    let rest: f64 = others.map(|(_, pair)| inner(&pair[0].0[..pair[0].1], pair[1].0)).sum();
    let (partner, d) = factors[slot ^ 1];
    let (mean, covariance) = partner.split_at(d);
    let (h, lambda) = (to_dot[0] - to_dot[1] * rest, to_dot[1]);
    message.clear();
    message.extend(mean.iter().map(|m| h * m));
    let spread = |k: usize| covariance.get(k).copied().unwrap_or(0.0);
    message.extend((0..d * d).map(|k| lambda * (mean[k / d] * mean[k % d] + spread(k))));
}
