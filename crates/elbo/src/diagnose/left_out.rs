//! What a row is like that the fit had not seen, by its residual in a fit that had.

use crate::distribution::StudentT;

/// The residuals of a linear model with Gaussian noise, fitted to all rows.
#[derive(Clone, Copy, Debug)]
pub struct Residuals<'a> {
    /// y − E\[y\] of each row, `[N]`; NaN where the row took no part.
    pub values: &'a [f64],
    /// h of each, in \[0, 1): how much of E\[y\] of a row is that row's own y.
    pub leverages: &'a [f64],
    /// How many rows each stands for; if open, one.
    pub weights: Option<&'a [f64]>,
    /// The standard deviation of the noise, by the rows themselves.
    pub noise: f64,
    /// How many coefficients the model has.
    pub coefficients: usize,
}

impl Residuals<'_> {
    /// N − Σ h: as many rows as the noise is known from.
    pub fn freedom(&self) -> f64 {
        let weight = |n: usize| self.weights.map_or(1.0, |weights| weights[n]);
        let seen = (0..self.values.len()).filter(|&n| !self.values[n].is_nan());
        seen.map(|n| weight(n) * (1.0 - self.leverages[n])).sum()
    }

    /// N, the rows that took part.
    pub fn rows(&self) -> f64 {
        let weight = |n: usize| self.weights.map_or(1.0, |weights| weights[n]);
        (0..self.values.len()).filter(|&n| !self.values[n].is_nan()).map(weight).sum()
    }

    /// P(y_n ≤ the y seen) of each row, given all rows but itself: r = (y − E\[y\])/(σ √(1 − h)) is its residual in units of its
    /// own deviation, and r √((ν − 1)/(ν − r²)) is Student's t of ν − 1 degrees of freedom, ν = N − Σ h, since the variance of
    /// the noise without the row is known from these (Cook and Weisberg 1982).
    ///
    /// `None` where there are fewer than two rows a coefficient: there the prior decides how far the model follows the rows, and
    /// all residuals have the same error of the coefficients in them.
    ///
    /// ```
    /// use elbo::diagnose::Residuals;
    /// // The mean of five values: each is a fifth of it. The last is far out, by what the others say.
    /// let values = [-3.0, -2.0, -2.5, -2.5, 10.0];
    /// let noise = (values.iter().map(|e| e * e).sum::<f64>() / 4.0).sqrt();
    /// let of = Residuals { values: &values, leverages: &[0.2; 5], weights: None, noise, coefficients: 1 };
    /// let u = of.transforms().unwrap();
    /// assert!(u[4] > 0.9999 && (0.2..0.5).contains(&u[0]));
    /// ```
    pub fn transforms(&self) -> Option<Vec<f64>> {
        let freedom = self.freedom();
        if 2.0 * self.coefficients as f64 > self.rows() {
            return None;
        }
        let t = StudentT::new(freedom - 1.0, 0.0, 1.0).ok()?;
        let of = |(residual, leverage): (&f64, &f64)| {
            let r = residual / (self.noise * (1.0 - leverage).sqrt());
            // A row of its own has a residual as large as there are rows, and none larger.
            let left = (freedom - r * r).max(1e-12 * freedom);
            t.cumulative(r * ((freedom - 1.0) / left).sqrt())
        };
        Some(self.values.iter().zip(self.leverages).map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Key;

    /// The mean of N values: u is what the other N − 1 say by their own mean and variance, under a flat prior: Student's t of
    /// N − 2 degrees of freedom with scale s √(1 + 1/(N − 1)).
    #[test]
    fn a_row_is_judged_by_the_others() {
        let mut x = [0.0; 9];
        Key::new(2).normals(0, &mut x);
        let mean = x.iter().sum::<f64>() / 9.0;
        let values: Vec<f64> = x.iter().map(|x| x - mean).collect();
        let noise = (values.iter().map(|e| e * e).sum::<f64>() / 8.0).sqrt();
        let of =
            Residuals { values: &values, leverages: &[1.0 / 9.0; 9], weights: None, noise, coefficients: 1 };
        for (n, u) in of.transforms().unwrap().iter().enumerate() {
            let others: Vec<f64> = (0..9).filter(|&m| m != n).map(|m| x[m]).collect();
            let mean = others.iter().sum::<f64>() / 8.0;
            let variance = others.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 7.0;
            let t = StudentT::new(7.0, mean, (variance * (1.0 + 1.0 / 8.0)).sqrt()).unwrap();
            assert!((u - t.cumulative(x[n])).abs() < 1e-12, "{n}: {u}");
        }
    }

    /// Rows are judged where there are two a coefficient.
    #[test]
    fn rows_are_not_judged_by_a_prior() {
        let of = |coefficients: usize| {
            let (values, leverages) = ([0.1; 30], [0.4; 30]);
            Residuals { values: &values, leverages: &leverages, weights: None, noise: 1.0, coefficients }
                .transforms()
        };
        assert!(of(16).is_none() && of(15).is_some());
    }
}
