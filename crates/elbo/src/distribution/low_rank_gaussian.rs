//! The low-rank Gaussian N(μ, W Wᵀ + diag σ²), W `[D, R]`: O(D R²) by Woodbury's identity and the determinant
//! lemma, no D × D matrix.
//!
//! With V = σ⁻¹ W (row by row) and C = I + Vᵀ V: Σ⁻¹ = σ⁻¹ (I − V C⁻¹ Vᵀ) σ⁻¹ and |Σ| = |C| Π σ².

use std::f64::consts::TAU;

use crate::{
    Error,
    distribution::{
        Cholesky, DiagonalGaussian, Entropy, Gaussian, LogDensity, Moments, PathGradient, Sample, Score,
        cholesky::dot,
    },
    random::Key,
};

/// N(μ, W Wᵀ + diag σ²). Its parameters are μ, σ, then W row by row: D (2 + R) numbers.
///
/// ```
/// use elbo::distribution::{DiagonalGaussian, LogDensity, LowRankGaussian};
/// let diagonal = DiagonalGaussian::new(vec![0.0; 2], vec![1.0; 2])?;
/// let q = LowRankGaussian::new(diagonal, vec![1.0, 0.0], 1)?; // Σ = diag(2, 1)
/// let peak = -(2.0 * std::f64::consts::PI).ln() - 0.5 * 2f64.ln();
/// assert!((q.log_density(&[0.0, 0.0]) - peak).abs() < 1e-15);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LowRankGaussian {
    diagonal: DiagonalGaussian,
    /// V = σ⁻¹ W, `[D, R]`.
    scaled: Vec<f64>,
    rank: usize,
    /// The factor of C = I + Vᵀ V, `[R, R]`.
    capacitance: Cholesky,
}

impl LowRankGaussian {
    /// Makes the distribution from N(μ, diag σ²), and W, `[D, R]` row by row, R ≥ 1.
    ///
    /// # Errors
    /// It fails where `weights` is not D × R, or its square over σ² is not finite.
    pub fn new(diagonal: DiagonalGaussian, weights: Vec<f64>, rank: usize) -> Result<Self, Error> {
        let dimension = diagonal.coordinates().len();
        if rank == 0 || weights.len() != dimension * rank {
            return Err(Error::Shape {
                what: "the weights".into(),
                expected: vec![dimension, rank.max(1)],
                got: vec![weights.len()],
            });
        }
        let mut scaled = weights;
        for (row, coordinate) in scaled.chunks_mut(rank).zip(diagonal.coordinates()) {
            for w in row {
                *w /= coordinate.sigma();
            }
        }
        let mut gram = gram(&scaled, &scaled, rank, rank);
        gram.iter_mut().step_by(rank + 1).for_each(|c| *c += 1.0);
        Ok(Self { capacitance: Cholesky::named("I + VᵀV", &gram, rank)?, diagonal, scaled, rank })
    }

    /// N(μ, diag σ²), without W.
    pub fn diagonal(&self) -> &DiagonalGaussian {
        &self.diagonal
    }

    /// The rank R.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// V = σ⁻¹ W, `[D, R]`.
    pub(crate) fn scaled(&self) -> &[f64] {
        &self.scaled
    }

    /// The factor of C.
    pub(crate) fn capacitance(&self) -> &Cholesky {
        &self.capacitance
    }

    /// log |Σ| = log |C| + 2 Σ log σ.
    pub fn ln_determinant(&self) -> f64 {
        let sigmas = self.diagonal.coordinates().iter().map(|q| q.sigma().ln());
        self.capacitance.ln_determinant() + 2.0 * sigmas.sum::<f64>()
    }

    /// uᵀ Σ⁻¹ u of u = x − μ, given σ⁻¹ u.
    pub(crate) fn square(&self, standardised: &[f64]) -> f64 {
        let projected = self.capacitance.solve(&gram(&self.scaled, standardised, self.rank, 1));
        // Not below 0, which rounding could take it where u lies in the span of W.
        (dot(standardised, standardised) - dot(&projected, &projected)).max(0.0)
    }

    /// u = σ⁻¹ (x − μ).
    fn standardise(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(self.diagonal.coordinates()).map(|(x, q)| (x - q.location()) / q.sigma()).collect()
    }

    /// ε of the diagonal, `[D]`, and of the weights, `[R]`.
    fn noise(&self, key: Key, row: u64) -> (Vec<f64>, Vec<f64>) {
        let mut diagonal = vec![0.0; self.diagonal.coordinates().len() + self.rank];
        key.normals(row, &mut diagonal);
        let weights = diagonal.split_off(self.diagonal.coordinates().len());
        (diagonal, weights)
    }
}

/// Aᵀ B of A `[D, a]` and B `[D, b]`, row by row: `[a, b]`.
pub(crate) fn gram(left: &[f64], right: &[f64], a: usize, b: usize) -> Vec<f64> {
    let mut total = vec![0.0; a * b];
    for (left, right) in left.chunks(a).zip(right.chunks(b)) {
        for (row, l) in total.chunks_mut(b).zip(left) {
            for (t, r) in row.iter_mut().zip(right) {
                *t += l * r;
            }
        }
    }
    total
}

impl LogDensity<[f64]> for LowRankGaussian {
    fn log_density(&self, x: &[f64]) -> f64 {
        if x.len() != self.diagonal.coordinates().len() {
            return f64::NEG_INFINITY;
        }
        -0.5 * (x.len() as f64 * TAU.ln() + self.ln_determinant() + self.square(&self.standardise(x)))
    }
}

impl Sample for LowRankGaussian {
    type Value = Vec<f64>;
    /// μ + σ ⊙ (ε + V η).
    fn sample(&self, key: Key, row: u64) -> Vec<f64> {
        let (noise, shared) = self.noise(key, row);
        let rows = self.scaled.chunks(self.rank).zip(noise).map(|(v, e)| e + dot(v, &shared));
        self.diagonal.coordinates().iter().zip(rows).map(|(q, u)| q.location() + q.sigma() * u).collect()
    }
}

impl Moments for LowRankGaussian {
    type Value = Vec<f64>;
    fn mean(&self) -> Option<Vec<f64>> {
        self.diagonal.mean()
    }
    fn variance(&self) -> Option<Vec<f64>> {
        let variance = |(q, v): (&Gaussian, &[f64])| q.sigma() * q.sigma() * (1.0 + dot(v, v));
        Some(self.diagonal.coordinates().iter().zip(self.scaled.chunks(self.rank)).map(variance).collect())
    }
}

impl Entropy for LowRankGaussian {
    fn entropy(&self) -> f64 {
        0.5 * (self.diagonal.coordinates().len() as f64 * (1.0 + TAU.ln()) + self.ln_determinant())
    }
}

impl Score<[f64]> for LowRankGaussian {
    /// With a = C⁻¹ Vᵀ u and r = u − V a, so that Σ⁻¹ (x − μ) = σ⁻¹ r: ∂/∂μ = σ⁻¹ r,
    /// ∂/∂σ_i = (r_i² − 1 + V_i C⁻¹ V_iᵀ)/σ_i, ∂/∂W = σ⁻¹ (r aᵀ − V C⁻¹); that is ½ (g gᵀ − Σ⁻¹), g = ∂/∂μ,
    /// the gradient in Σ (Petersen, Pedersen, *The Matrix Cookbook*, 2012, § 2), carried to σ and W.
    fn score(&self, x: &[f64]) -> Vec<f64> {
        let solve = |v: &[f64]| self.capacitance.solve_transposed(&self.capacitance.solve(v));
        let standardised = self.standardise(x);
        let shared = solve(&gram(&self.scaled, &standardised, self.rank, 1));
        let (mut in_mean, mut in_sigma, mut in_weights) = (Vec::new(), Vec::new(), Vec::new());
        let rows = self.scaled.chunks(self.rank).zip(standardised);
        for ((v, u), coordinate) in rows.zip(self.diagonal.coordinates()) {
            let (residual, solved) = (u - dot(v, &shared), solve(v));
            in_mean.push(residual / coordinate.sigma());
            in_sigma.push((residual * residual - 1.0 + dot(v, &solved)) / coordinate.sigma());
            in_weights.extend(
                shared.iter().zip(solved).map(|(a, solved)| (residual * a - solved) / coordinate.sigma()),
            );
        }
        [in_mean, in_sigma, in_weights].concat()
    }
}

impl PathGradient for LowRankGaussian {
    /// z = μ + σ ⊙ ε + W η: (c, c ⊙ ε, c ηᵀ).
    fn path_gradient(&self, key: Key, row: u64, cotangent: &Vec<f64>) -> Vec<f64> {
        let (noise, shared) = self.noise(key, row);
        let in_sigma = noise.iter().zip(cotangent).map(|(e, c)| e * c);
        let in_weights = cotangent.iter().flat_map(|c| shared.iter().map(move |e| c * e));
        cotangent.iter().copied().chain(in_sigma).chain(in_weights).collect()
    }
}
