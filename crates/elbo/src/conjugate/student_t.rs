//! Student's t of several columns: a Gaussian whose precision is gamma or Wishart, integrated out.

use std::f64::consts::PI;

use crate::special::ln_gamma;

/// The log density of `columns` columns with ν degrees of freedom, of log |Σ| and dᵀ Σ⁻¹ d of its scale Σ.
pub(crate) fn student_t(freedom: f64, columns: usize, ln_determinant: f64, squares: f64) -> f64 {
    let n = columns as f64;
    ln_gamma(0.5 * (freedom + n))
        - ln_gamma(0.5 * freedom)
        - 0.5 * (n * (freedom * PI).ln() + ln_determinant)
        - 0.5 * (freedom + n) * (squares / freedom).ln_1p()
}
