//! A linear decoder with a Gaussian likelihood: its bound, its evidence and its posterior in closed form.

use std::f64::consts::TAU;

use elbo::{
    distribution::{Cholesky, FullGaussian},
    divergence::KullbackLeibler,
};

pub(crate) const K: usize = 2;
pub(crate) const D: usize = 3;

/// x = Wz + b + σ·noise and its guide, read from the flat parameters in their documented order.
pub(crate) struct Linear {
    /// w[j] is the column of W that belongs to z_j.
    w: [[f64; D]; K],
    b: [f64; D],
    log_sigma: f64,
    /// The encoder's weights, `[D, 2K]`, and biases.
    encoder: [[f64; 2 * K]; D],
    encoder_bias: [f64; 2 * K],
}

/// K·D + D + 1 + D·2K + 2K.
const PARAMETERS: usize = 26;

impl Linear {
    pub(crate) fn of(p: &[f64]) -> Self {
        assert_eq!(p.len(), PARAMETERS);
        Self {
            w: std::array::from_fn(|j| std::array::from_fn(|d| p[j * D + d])),
            b: std::array::from_fn(|d| p[6 + d]),
            log_sigma: p[9],
            encoder: std::array::from_fn(|d| std::array::from_fn(|j| p[10 + d * 2 * K + j])),
            encoder_bias: std::array::from_fn(|j| p[22 + j]),
        }
    }

    /// μ(x) and log σ²(x).
    fn guide(&self, x: &[f64]) -> ([f64; K], [f64; K]) {
        let output = |j: usize| self.encoder_bias[j] + (0..D).map(|d| x[d] * self.encoder[d][j]).sum::<f64>();
        (std::array::from_fn(output), std::array::from_fn(|j| 30.0 * (output(K + j) / 30.0).tanh()))
    }

    pub(crate) fn kl(&self, x: &[f64]) -> f64 {
        let (mu, s) = self.guide(x);
        (0..K).map(|j| 0.5 * (s[j].exp() + mu[j] * mu[j] - 1.0 - s[j])).sum()
    }

    /// The bound with its expectation taken: E‖x − W(μ + σ⊙ε) − b‖² = ‖x − Wμ − b‖² + Σ_j σ_j²‖w_j‖².
    pub(crate) fn elbo(&self, x: &[f64]) -> f64 {
        let (mu, s) = self.guide(x);
        let mut squares: f64 = (0..D)
            .map(|d| (x[d] - self.b[d] - (0..K).map(|j| self.w[j][d] * mu[j]).sum::<f64>()).powi(2))
            .sum();
        for j in 0..K {
            squares += s[j].exp() * self.w[j].iter().map(|w| w * w).sum::<f64>();
        }
        let sigma2 = (2.0 * self.log_sigma).exp();
        -0.5 * squares / sigma2 - 0.5 * D as f64 * (TAU * sigma2).ln() - self.kl(x)
    }

    /// log w = log p(x, z) − log q(z|x) at z = μ + σ⊙ε.
    fn log_weight(&self, x: &[f64], epsilon: [f64; K]) -> f64 {
        let (mu, s) = self.guide(x);
        let z: [f64; K] = std::array::from_fn(|j| mu[j] + (0.5 * s[j]).exp() * epsilon[j]);
        let residual = |d: usize| x[d] - self.b[d] - (0..K).map(|j| self.w[j][d] * z[j]).sum::<f64>();
        let squares: f64 = (0..D).map(|d| residual(d).powi(2)).sum();
        let sigma2 = (2.0 * self.log_sigma).exp();
        let of_z: f64 = (0..K).map(|j| 0.5 * (epsilon[j].powi(2) + s[j] - z[j].powi(2))).sum();
        of_z - 0.5 * squares / sigma2 - 0.5 * D as f64 * (TAU * sigma2).ln()
    }

    /// L_k = E log (w_1 + … + w_k)/k of independent draws of q, by two quadratures: log S = ∫ (e⁻ᵗ − e⁻ᵗˢ)/t dt, and of the sum
    /// E e⁻ᵗˢ is the k-th power of that of one weight.
    pub(crate) fn importance_weighted(&self, x: &[f64], k: i32) -> f64 {
        let (step, reach) = (0.2, 32);
        let nodes = || (-reach..=reach).map(|i| step * f64::from(i));
        // Of a mean near 1, so that the integrand is narrow.
        let unit = self.log_evidence(x) + f64::from(k).ln();
        let weights: Vec<(f64, f64)> = nodes()
            .flat_map(|a| nodes().map(move |b| [a, b]))
            .map(|e| {
                let density = step * step * (-0.5 * (e[0] * e[0] + e[1] * e[1])).exp() / TAU;
                (density, self.log_weight(x, e) - unit)
            })
            .collect();
        let of_one = |u: f64| -> f64 {
            let term = |&(density, ln_w): &(f64, f64)| match u + ln_w {
                small if small < -40.0 => density,
                large if large > 4.0 => 0.0,
                ln => density * (-ln.exp()).exp(),
            };
            weights.iter().map(term).sum()
        };
        let (mut integral, mut u) = (0.0, -40.0f64);
        loop {
            let (one, sum) = ((-u.exp()).exp(), of_one(u).powi(k));
            integral += 0.5 * (one - sum);
            // Both end where t is beyond every weight.
            if one.max(sum) < 1e-12 {
                return integral + unit - f64::from(k).ln();
            }
            u += 0.5;
        }
    }

    /// KL(q(z|x) ‖ p(z|x)) by the library (E8). The posterior is N(ΣWᵀ(x − b)/σ², Σ), Σ⁻¹ = I + WᵀW/σ².
    pub(crate) fn divergence_from_the_posterior(&self, x: &[f64]) -> f64 {
        let sigma2 = (2.0 * self.log_sigma).exp();
        let dot = |a: &[f64; D], b: &[f64; D]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / sigma2;
        let [first, second] = &self.w;
        // Σ⁻¹ = [[one, both], [both, two]].
        let (one, both, two) = (1.0 + dot(first, first), dot(first, second), 1.0 + dot(second, second));
        let det = one * two - both * both;
        let covariance = [two / det, -both / det, -both / det, one / det];
        let residual: [f64; D] = std::array::from_fn(|d| x[d] - self.b[d]);
        let projected = [dot(first, &residual), dot(second, &residual)];
        let mean = covariance.chunks(K).map(|row| row[0] * projected[0] + row[1] * projected[1]).collect();
        let (mu, s) = self.guide(x);
        let gaussian = |mean: Vec<f64>, covariance: &[f64]| {
            FullGaussian::new(mean, Cholesky::of(covariance, K).unwrap()).unwrap()
        };
        let q = gaussian(mu.to_vec(), &[s[0].exp(), 0.0, 0.0, s[1].exp()]);
        q.kl(&gaussian(mean, &covariance)).unwrap()
    }

    /// KL(q ‖ posterior) of the best diagonal q, ½ (Σ log Λ_jj − log |Λ|) with the posterior's precision Λ: the same for
    /// every x.
    pub(crate) fn mean_field_gap(&self) -> f64 {
        let sigma2 = (2.0 * self.log_sigma).exp();
        let dot = |a: &[f64; D], b: &[f64; D]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / sigma2;
        let [first, second] = &self.w;
        let (one, both, two) = (1.0 + dot(first, first), dot(first, second), 1.0 + dot(second, second));
        0.5 * (one.ln() + two.ln() - (one * two - both * both).ln())
    }

    /// log N(x; b, WWᵀ + σ²I) by Gaussian elimination: of [C | x − b], C = LU, the pivots give log |C|.
    pub(crate) fn log_evidence(&self, x: &[f64]) -> f64 {
        let sigma2 = (2.0 * self.log_sigma).exp();
        let r: [f64; D] = std::array::from_fn(|d| x[d] - self.b[d]);
        let mut m: [[f64; D + 1]; D] = std::array::from_fn(|a| {
            std::array::from_fn(|c| {
                if c == D {
                    return r[a];
                }
                let diagonal = if a == c { sigma2 } else { 0.0 };
                diagonal + (0..K).map(|j| self.w[j][a] * self.w[j][c]).sum::<f64>()
            })
        });
        for pivot in 0..D {
            for row in pivot + 1..D {
                let factor = m[row][pivot] / m[pivot][pivot];
                for c in pivot..=D {
                    m[row][c] -= factor * m[pivot][c];
                }
            }
        }
        let mut solution = [0.0; D];
        for row in (0..D).rev() {
            let known: f64 = (row + 1..D).map(|c| m[row][c] * solution[c]).sum();
            solution[row] = (m[row][D] - known) / m[row][row];
        }
        let log_det: f64 = (0..D).map(|d| m[d][d].ln()).sum();
        let mahalanobis: f64 = r.iter().zip(solution).map(|(r, s)| r * s).sum();
        -0.5 * (mahalanobis + log_det + D as f64 * TAU.ln())
    }
}

/// Parameters with W's columns orthogonal, so that the posterior is diagonal, and the guide exactly the posterior.
pub(crate) fn exact_posterior() -> Vec<f64> {
    let (w, b, log_sigma) = ([[0.6, 0.8, 0.0], [-1.6, 1.2, 0.5]], [0.3, -0.7, 1.1], 0.4_f64.ln());
    let sigma2 = (2.0 * log_sigma).exp();
    let mut p = [&w[0][..], &w[1], &b, &[log_sigma]].concat();
    let precision = w.map(|w| w.iter().map(|v| v * v).sum::<f64>() + sigma2);
    for d in 0..D {
        p.extend([w[0][d] / precision[0], w[1][d] / precision[1], 0.0, 0.0]);
    }
    p.extend((0..K).map(|j| -(0..D).map(|d| w[j][d] * b[d]).sum::<f64>() / precision[j]));
    // The head is log σ² = 30 tanh(a/30).
    p.extend(precision.map(|m| 30.0 * ((sigma2 / m).ln() / 30.0).atanh()));
    p
}
