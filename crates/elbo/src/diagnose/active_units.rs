//! Which latent dimensions carry information (E26).

/// The aggregated guide, a latent dimension at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentSummary {
    /// Mean over the rows of KL(q(z_j|x) ‖ p(z_j)), in nats, `[K]`.
    pub kl: Vec<f64>,
    /// Variance over the rows of E_q[z_j|x], `[K]`.
    pub mean_variance: Vec<f64>,
}

/// Summarises the guide's means and log variances of N rows, row-major `[N, K]` each.
///
/// ```
/// use elbo::diagnose::latent_summary;
/// // z₁ follows the data, z₂ is the prior whatever the row.
/// let summary = latent_summary(&[1.0, 0.0, -1.0, 0.0], &[-4.0, 0.0, -4.0, 0.0], 2);
/// assert_eq!(summary.active(), [true, false]);
/// assert_eq!(summary.kl[1], 0.0);
/// ```
pub fn latent_summary(mean: &[f32], log_variance: &[f32], latent: usize) -> LatentSummary {
    let n = (mean.len() / latent) as f64;
    let column = |values: &[f32], j: usize| -> Vec<f64> {
        values.iter().skip(j).step_by(latent).map(|&v| f64::from(v)).collect()
    };
    let mut summary = LatentSummary { kl: Vec::new(), mean_variance: Vec::new() };
    for j in 0..latent {
        let (mu, s) = (column(mean, j), column(log_variance, j));
        let centre = mu.iter().sum::<f64>() / n;
        summary.mean_variance.push(mu.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / n);
        let kl = mu.iter().zip(&s).map(|(m, s)| 0.5 * (libm::expm1(*s) - s + m * m));
        summary.kl.push(kl.sum::<f64>() / n);
    }
    summary
}

impl LatentSummary {
    /// Whether each dimension is active: Var_x(E_q[z_j|x]) > 0.01 (Burda et al. 2015).
    pub fn active(&self) -> Vec<bool> {
        self.mean_variance.iter().map(|&v| v > 0.01).collect()
    }
}
