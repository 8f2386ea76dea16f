//! Which latent dimensions carry information (E26).

/// The aggregated guide, a latent dimension at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentSummary {
    /// Mean over the rows of KL(q(z_j|x) ‖ p(z_j)), in nats, `[K]`.
    pub kl: Vec<f64>,
    /// Variance over the rows of E_q[z_j|x], `[K]`.
    pub mean_variance: Vec<f64>,
}

/// Summarises the guide's means, row-major `[N, Z]`, and divergences, `[N, K]`, of N rows. Z is K, or K·C of a
/// categorical latent; a variable's variance is then the sum over its classes.
///
/// ```
/// use elbo::diagnose::latent_summary;
/// // z₁ follows the data, z₂ is the prior whatever the row.
/// let summary = latent_summary(&[1.0, 0.0, -1.0, 0.0], &[2.1, 0.0, 1.9, 0.0], 2);
/// assert_eq!(summary.active(), [true, false]);
/// assert_eq!(summary.kl[1], 0.0);
/// ```
pub fn latent_summary(mean: &[f32], kl: &[f32], latent: usize) -> LatentSummary {
    let rows = (kl.len() / latent).max(1);
    let width = mean.len() / rows;
    let column = |values: &[f32], width: usize, j: usize| -> Vec<f64> {
        values.iter().skip(j).step_by(width).map(|&v| f64::from(v)).collect()
    };
    let average = |values: &[f64]| values.iter().sum::<f64>() / rows as f64;
    let mut summary = LatentSummary { kl: Vec::new(), mean_variance: vec![0.0; latent] };
    for c in 0..width {
        let mu = column(mean, width, c);
        let centre = average(&mu);
        let squares: Vec<f64> = mu.iter().map(|m| (m - centre).powi(2)).collect();
        summary.mean_variance[c * latent / width] += average(&squares);
    }
    for j in 0..latent {
        summary.kl.push(average(&column(kl, latent, j)));
    }
    summary
}

impl LatentSummary {
    /// Whether each dimension is active: Var_x(E_q[z_j|x]) > 0.01 (Burda et al. 2015).
    pub fn active(&self) -> Vec<bool> {
        self.mean_variance.iter().map(|&v| v > 0.01).collect()
    }
}
