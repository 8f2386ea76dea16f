//! The Wishart distribution of a covariance or precision matrix:
//! p(X) = |X|^((ν−n−1)/2) exp(−½ tr V⁻¹X) / (2^(νn/2) |V|^(ν/2) Γ_n(ν/2)).

use std::f64::consts::LN_2;

use crate::{
    Error, check,
    distribution::{
        Cholesky, Entropy, LogDensity, Moments, PathGradient, Sample, Score,
        cholesky::dot,
        low_rank_gaussian::gram,
        standard_gamma::{ln_gamma_path_derivative, ln_standard_gamma},
        stream::Stream,
    },
    random::Key,
    special::{digamma, ln_multivariate_gamma},
};

/// Wishart(ν, V) over symmetric positive definite matrices `[n, n]`, row by row; a density in the lower triangle.
/// Its parameters are ν, then the rows of V's factor L up to the diagonal: 1 + n(n + 1)/2 numbers.
///
/// ```
/// use elbo::distribution::{Cholesky, Gamma, LogDensity, Wishart};
/// let p = Wishart::new(3.0, Cholesky::of(&[0.5], 1)?)?; // Gamma(ν/2, 1/(2V))
/// let gamma = Gamma::new(1.5, 1.0)?;
/// assert!((p.log_density(&[0.7]) - gamma.log_density(&0.7)).abs() < 1e-15);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Wishart {
    freedom: f64,
    scale: Cholesky,
}

impl Wishart {
    /// Makes the distribution from the degrees of freedom ν and the factor of V.
    ///
    /// # Errors
    /// It fails where ν is not a finite number > n − 1.
    pub fn new(freedom: f64, scale: Cholesky) -> Result<Self, Error> {
        let n = scale.dimension();
        check::above("degrees of freedom", freedom, n as f64 - 1.0)
            .map_err(|error| error.within(&format!("{n} dimensions")))?;
        Ok(Self { freedom, scale })
    }

    /// A draw X with its Cholesky factor, where X⁻¹ has one too. Few degrees of freedom make draws that are nearly singular, and
    /// round to what has no factor: of those another is taken.
    ///
    /// # Errors
    /// It fails where several draws one after the other have none.
    pub(crate) fn sample_factored(&self, key: Key, row: u64) -> Result<(Vec<f64>, Cholesky), Error> {
        const ATTEMPTS: u64 = 16;
        let n = self.scale.dimension();
        let mut attempt = 0;
        loop {
            let of = if attempt == 0 { key } else { key.fold(u64::MAX - attempt) };
            let x = self.sample(of, row);
            let factor = Cholesky::named("a drawn precision", &x, n).and_then(|factor| {
                Cholesky::named("a drawn covariance", &factor.inverse(), n).map(|_| factor)
            });
            match factor {
                Err(_) if attempt + 1 < ATTEMPTS => attempt += 1,
                factor => return Ok((x, factor?)),
            }
        }
    }

    /// The degrees of freedom ν.
    pub fn freedom(&self) -> f64 {
        self.freedom
    }

    /// The Cholesky factor of V.
    pub fn scale(&self) -> &Cholesky {
        &self.scale
    }

    /// Shape (ν − i)/2 of the i-th χ² of Bartlett's decomposition, i from 0.
    pub(crate) fn shapes(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.scale.dimension()).map(|i| 0.5 * (self.freedom - i as f64))
    }

    /// The factor K of X and L⁻¹ K, that of L⁻¹ X L⁻ᵀ; `None` outside the support.
    fn whiten(&self, x: &[f64]) -> Option<(Cholesky, Cholesky)> {
        let n = self.scale.dimension();
        let symmetric = x.len() == n * n && (0..n * n).all(|k| x[k] == x[k % n * n + k / n]);
        let factor = symmetric.then(|| Cholesky::of(x, n).ok()).flatten()?;
        let whitened = self.scale.solve_factor(&factor);
        Some((factor, whitened))
    }

    /// Bartlett's A, lower triangular with A_ii² ~ χ²(ν − i), the rest standard normal (Bartlett 1933), and
    /// log A_ii²/2, exact also where A_ii underflows.
    fn bartlett(&self, key: Key, row: u64) -> (Vec<f64>, Vec<f64>) {
        let (n, mut stream) = (self.scale.dimension(), Stream::new(key, row));
        let (mut bartlett, mut ln_gammas) = (vec![0.0; n * n], Vec::with_capacity(n));
        for (i, shape) in self.shapes().enumerate() {
            for entry in &mut bartlett[i * n..i * n + i] {
                *entry = stream.normal();
            }
            let ln_gamma = ln_standard_gamma(shape, &mut stream);
            bartlett[i * n + i] = libm::exp(0.5 * (LN_2 + ln_gamma));
            ln_gammas.push(ln_gamma);
        }
        (bartlett, ln_gammas)
    }

    /// B = L A, whose row i is a combination of the rows of A.
    fn spread(&self, bartlett: &[f64]) -> Vec<f64> {
        let n = self.scale.dimension();
        let mut product = vec![0.0; n * n];
        for (i, row) in product.chunks_mut(n).enumerate() {
            for (l, a) in self.scale.row(i).iter().zip(bartlett.chunks(n)) {
                row.iter_mut().zip(a).for_each(|(p, a)| *p += l * a);
            }
        }
        product
    }
}

impl LogDensity<[f64]> for Wishart {
    fn log_density(&self, x: &[f64]) -> f64 {
        let n = self.scale.dimension();
        let Some((factor, whitened)) = self.whiten(x) else {
            return f64::NEG_INFINITY;
        };
        let trace = dot(whitened.factor(), whitened.factor());
        let (half, n_real) = (0.5 * self.freedom, n as f64);
        // |X|^(ν/2) with |V|^(−ν/2), from the whitened factor.
        half * whitened.ln_determinant()
            - 0.5 * ((n_real + 1.0) * factor.ln_determinant() + trace)
            - half * n_real * LN_2
            - ln_multivariate_gamma(n, half)
    }
}

impl Sample for Wishart {
    type Value = Vec<f64>;
    /// B Bᵀ, B = L A.
    fn sample(&self, key: Key, row: u64) -> Vec<f64> {
        let (n, spread) = (self.scale.dimension(), self.spread(&self.bartlett(key, row).0));
        let row = |i: usize| &spread[i * n..(i + 1) * n];
        (0..n * n).map(|k| dot(row(k / n), row(k % n))).collect()
    }
}

impl Moments for Wishart {
    type Value = Vec<f64>;
    /// νV.
    fn mean(&self) -> Option<Vec<f64>> {
        Some(self.scale.product().into_iter().map(|v| self.freedom * v).collect())
    }
    /// Var\[X_ij\] = ν (V_ij² + V_ii V_jj).
    fn variance(&self) -> Option<Vec<f64>> {
        let (v, n) = (self.scale.product(), self.scale.dimension());
        let of = |k: usize| self.freedom * (v[k] * v[k] + v[k / n * (n + 1)] * v[k % n * (n + 1)]);
        Some((0..n * n).map(of).collect())
    }
}

impl Entropy for Wishart {
    /// (n+1)/2 log |V| + n(n+1)/2 log 2 + log Γ_n(ν/2) − (ν−n−1)/2 ψ_n(ν/2) + νn/2, ψ_n(x) = Σ_{i<n} ψ(x − i/2).
    fn entropy(&self) -> f64 {
        let n = self.scale.dimension();
        let n_real = n as f64;
        let digammas: f64 = self.shapes().map(digamma).sum();
        0.5 * (n_real + 1.0) * (self.scale.ln_determinant() + n_real * LN_2)
            + ln_multivariate_gamma(n, 0.5 * self.freedom)
            - 0.5 * (self.freedom - n_real - 1.0) * digammas
            + 0.5 * self.freedom * n_real
    }
}

impl Score<[f64]> for Wishart {
    /// With M = L⁻¹ X L⁻ᵀ: ∂/∂ν = ½ (log |M| − n log 2 − ψ_n(ν/2)), ∂/∂L_ij = (L⁻ᵀ M)_ij − 1{i = j} ν/L_ii; NaN
    /// outside the support, where a nearly singular draw can round to.
    fn score(&self, x: &[f64]) -> Vec<f64> {
        let n = self.scale.dimension();
        let Some((_, whitened)) = self.whiten(x) else {
            return vec![f64::NAN; 1 + n * (n + 1) / 2];
        };
        let digammas: f64 = self.shapes().map(digamma).sum();
        let mut score = vec![0.5 * (whitened.ln_determinant() - n as f64 * LN_2 - digammas)];
        // M is symmetric: its rows are its columns.
        let columns: Vec<_> =
            whitened.product().chunks(n).map(|column| self.scale.solve_transposed(column)).collect();
        for (i, diagonal) in self.scale.diagonal().enumerate() {
            score.extend(columns[..=i].iter().map(|column| column[i]));
            *score.last_mut().expect("a row has its diagonal") -= self.freedom / diagonal;
        }
        score
    }
}

impl PathGradient for Wishart {
    /// z = B Bᵀ, B = L A, so ∂f/∂B = (c + cᵀ) B =: G: G Aᵀ in L's triangle; in ν through the diagonal of LᵀG,
    /// ∂f/∂A_ii, with ∂A_ii/∂ν = ¼ A_ii ∂log g/∂a of A_ii² = 2g, g ~ Gamma(a = (ν − i)/2, 1), implicit.
    fn path_gradient(&self, key: Key, row: u64, cotangent: &Vec<f64>) -> Vec<f64> {
        let (n, (bartlett, ln_gammas)) = (self.scale.dimension(), self.bartlett(key, row));
        let symmetric: Vec<f64> = (0..n * n).map(|k| cotangent[k] + cotangent[k % n * n + k / n]).collect();
        let in_spread = gram(&symmetric, &self.spread(&bartlett), n, n);
        let in_bartlett = gram(self.scale.factor(), &in_spread, n, n);
        let through = |(i, (shape, ln_gamma)): (usize, (f64, f64))| {
            let k = i * n + i;
            0.25 * in_bartlett[k] * bartlett[k] * ln_gamma_path_derivative(shape, ln_gamma)
        };
        let mut gradient = vec![self.shapes().zip(ln_gammas).enumerate().map(through).sum()];
        for (i, row) in in_spread.chunks(n).enumerate() {
            gradient.extend(bartlett.chunks(n).take(i + 1).map(|a| dot(row, a)));
        }
        gradient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With ν a little above n − 1 the last pivot is often below what f64 tells from 0 beside the others.
    #[test]
    fn a_draw_that_rounds_to_a_singular_matrix_is_drawn_again() {
        let scale = Cholesky::of(&[1.0, 1.0 - 1e-9, 1.0 - 1e-9, 1.0], 2).unwrap();
        let p = Wishart::new(1.05, scale).unwrap();
        let singular = |row: &u64| Cholesky::of(&p.sample(Key::new(4), *row), 2).is_err();
        let rows: Vec<u64> = (0..2000).filter(singular).collect();
        assert!(rows.len() > 20, "{} of 2000", rows.len());
        for row in 0..2000 {
            let (x, factor) = p.sample_factored(Key::new(4), row).unwrap();
            assert_eq!(factor.factor(), Cholesky::of(&x, 2).unwrap().factor());
            // Others are as they were.
            assert!(
                rows.contains(&row)
                    || x == p.sample(Key::new(4), row)
                    || Cholesky::of(&Cholesky::of(&p.sample(Key::new(4), row), 2).unwrap().inverse(), 2)
                        .is_err()
            );
        }
    }
}
