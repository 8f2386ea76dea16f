//! Weight, mean and scatter matrix of weighted rows, joined by pooled means so that nothing cancels.

use super::Statistics;

/// Weight, mean and scatter matrix of rows of D columns. A row that lacks a cell is left out: to complete it is for the model,
/// which has a factor for what is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct RowMoments {
    /// What rows are measured from, `[D]`.
    origin: Vec<f64>,
    weight: f64,
    /// Σ w x/Σ w, from the origin.
    mean: Vec<f64>,
    /// Σ w (x − x̄)(x − x̄)ᵀ, `[D, D]`.
    scatter: Vec<f64>,
}

impl RowMoments {
    /// The moments of no row yet, to be measured from `origin`, `[D]`.
    pub fn from_origin(origin: &[f64]) -> Self {
        let d = origin.len();
        Self { origin: origin.to_vec(), weight: 0.0, mean: vec![0.0; d], scatter: vec![0.0; d * d] }
    }

    /// Of Σ w, Σ w e and Σ w e eᵀ, e = x − `origin`, the last by the rows of its lower triangle.
    pub(crate) fn of_sums(origin: &[f64], sums: &[f64]) -> Self {
        let d = origin.len();
        let (weight, sum, squares) = (sums[0], &sums[1..=d], &sums[1 + d..]);
        // Below the smallest share of a row there is no mean to speak of.
        let mean: Vec<f64> =
            sum.iter().map(|s| if weight > f64::MIN_POSITIVE { s / weight } else { 0.0 }).collect();
        let entry = |i: usize, j: usize| squares[i * (i + 1) / 2 + j] - weight * mean[i] * mean[j];
        let scatter = (0..d * d).map(|e| entry((e / d).max(e % d), (e / d).min(e % d))).collect();
        Self { origin: origin.to_vec(), weight, mean, scatter }
    }

    /// Σ w.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Σ w x/Σ w − m, `[D]`; of no row `origin` − m.
    pub fn step(&self, m: &[f64]) -> Vec<f64> {
        self.origin.iter().zip(m).zip(&self.mean).map(|((origin, m), mean)| origin - m + mean).collect()
    }

    /// Σ w (x − x̄)(x − x̄)ᵀ, `[D, D]`.
    pub fn scatter(&self) -> &[f64] {
        &self.scatter
    }

    fn pool(&mut self, weight: f64, mean: &[f64]) {
        let step: Vec<f64> = mean.iter().zip(&self.mean).map(|(other, own)| other - own).collect();
        pool(&mut self.mean, &mut self.weight, &mut self.scatter, &step, weight);
    }
}

impl Statistics<[f64]> for RowMoments {
    fn add(&mut self, weight: f64, x: &[f64]) {
        if x.iter().all(|x| !x.is_nan()) {
            let from_origin: Vec<f64> = x.iter().zip(&self.origin).map(|(x, c)| x - c).collect();
            self.pool(weight, &from_origin);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.scatter.iter_mut().zip(&other.scatter).for_each(|(sum, part)| *sum += part);
        self.pool(other.weight, &other.mean);
    }
}

/// Joins a mean that weighs β with one that lies `step` from it and weighs `weight`, β′: the mean moves by β′/(β + β′) of
/// the step, and ββ′/(β + β′) step stepᵀ is added to the scatter, `[D, D]`.
pub(crate) fn pool(mean: &mut [f64], beta: &mut f64, scatter: &mut [f64], step: &[f64], weight: f64) {
    let total = *beta + weight;
    if total > 0.0 {
        let (d, share) = (step.len(), weight / total);
        for (e, scatter) in scatter.iter_mut().enumerate() {
            // By the product of the steps first, which is the same across the diagonal.
            *scatter += share * *beta * (step[e / d] * step[e % d]);
        }
        mean.iter_mut().zip(step).for_each(|(mean, step)| *mean += share * step);
    }
    *beta = total;
}
