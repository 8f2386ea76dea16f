//! V, the covariance of the coefficients, in the smallest form that it has.
//!
//! Of fewer rows than columns, X S = L Qᵀ with S the prior's standard deviations and Q of orthonormal columns: the rows say
//! nothing of u = S⁻¹ w but v = Qᵀ u, and what is orthogonal to Q keeps its prior, N(0, I). So V = S (I − QQᵀ) S + B Cov\[w₀, v\] Bᵀ,
//! B = diag(1, SQ), which is the identity of Woodbury without its cancellation.

use std::sync::Arc;

use crate::{Error, check, distribution::cholesky::dot};

/// Of P coefficients: the intercept, if there is one, and D weights.
#[derive(Clone, Debug, PartialEq)]
pub enum Covariance {
    /// V = U Uᵀ.
    Full {
        /// U, `[P, P]` row by row, upper triangular.
        factor: Vec<f64>,
    },
    /// Of coefficients that are independent of each other.
    Diagonal {
        /// Their standard deviations, `[P]`.
        deviations: Vec<f64>,
    },
    /// Of R rows, fewer than D.
    LowRank {
        /// The diagonal of S, `[D]`.
        deviations: Vec<f64>,
        /// Q, `[D, R]` row by row.
        basis: Arc<Vec<f64>>,
        /// U, `[R, R]`, with a row and a column before them where there is an intercept: Cov\[w₀, v\] = U Uᵀ.
        factor: Vec<f64>,
    },
}

/// The parts of one of low rank.
struct Parts<'a> {
    /// 1 where there is an intercept, else 0.
    one: usize,
    rank: usize,
    deviations: &'a [f64],
    basis: &'a [f64],
}

impl<'a> Parts<'a> {
    fn new(deviations: &'a [f64], basis: &'a [f64], factor: &[f64]) -> Self {
        let rank = basis.len() / deviations.len().max(1);
        Self { one: width(factor) - rank, rank, deviations, basis }
    }

    fn rows(&self) -> impl Iterator<Item = &'a [f64]> {
        self.basis.chunks(self.rank)
    }

    /// (x₀, Qᵀ S x), and S x.
    fn reduced(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (intercept, x) = x.split_at(self.one);
        let scaled: Vec<f64> = x.iter().zip(self.deviations).map(|(x, s)| x * s).collect();
        let mut along = vec![0.0; self.rank];
        for (q, y) in self.rows().zip(&scaled) {
            along.iter_mut().zip(q).for_each(|(sum, q)| *sum += q * y);
        }
        ([intercept, &along].concat(), scaled)
    }

    /// (a₀, S (u − Q Qᵀ u + Q a)), with (·, Qᵀ u) given.
    fn restored(&self, a: &[f64], u: &[f64], along: &[f64]) -> Vec<f64> {
        let (intercept, a) = a.split_at(self.one);
        let step: Vec<f64> = a.iter().zip(&along[self.one..]).map(|(a, p)| a - p).collect();
        let weights = self.rows().zip(u).zip(self.deviations).map(|((q, u), s)| s * (u + dot(q, &step)));
        intercept.iter().copied().chain(weights).collect()
    }

    /// 1 − ‖q‖² of a row of Q, which without it would cancel where the rows say all of a weight.
    fn remainder(&self, j: usize) -> f64 {
        let own = &self.basis[j * self.rank..][..self.rank];
        let leverage = dot(own, own);
        if leverage < 0.5 {
            return 1.0 - leverage;
        }
        // No more than 2R rows of Q are so long.
        self.rows().enumerate().map(|(i, q)| (f64::from(u8::from(i == j)) - dot(q, own)).powi(2)).sum()
    }
}

fn width(factor: &[f64]) -> usize {
    factor.len().isqrt()
}

/// Uᵀ x.
fn transposed(factor: &[f64], x: &[f64]) -> Vec<f64> {
    let mut along = vec![0.0; x.len()];
    for (row, x) in factor.chunks(x.len().max(1)).zip(x) {
        along.iter_mut().zip(row).for_each(|(sum, u)| *sum += u * x);
    }
    along
}

/// U x.
fn times(factor: &[f64], x: &[f64]) -> Vec<f64> {
    factor.chunks(x.len().max(1)).map(|row| dot(row, x)).collect()
}

impl Covariance {
    /// Whether it is one, of P coefficients.
    pub(super) fn check(&self, coefficients: usize, intercept: bool) -> Result<(), Error> {
        let (p, one) = (coefficients, usize::from(intercept));
        let what = "the covariance of w";
        match self {
            Self::Full { factor } => {
                Error::check_shape(what, &[p * p], &[factor.len()])?;
                check::all_finite(what, factor)
            }
            Self::Diagonal { deviations } => {
                Error::check_shape(what, &[p], &[deviations.len()])?;
                check::all_finite(what, deviations)
            }
            Self::LowRank { deviations, basis, factor } => {
                let rank = width(factor).saturating_sub(one);
                Error::check_shape(
                    what,
                    &[p - one, (p - one).saturating_mul(rank), (one + rank) * (one + rank)],
                    &[deviations.len(), basis.len(), factor.len()],
                )?;
                check::at_least("the rank of the covariance of w", rank, 1)?;
                [deviations, basis, factor].into_iter().try_for_each(|values| check::all_finite(what, values))
            }
        }
    }

    /// The numbers of which it is made.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &f64> {
        let (deviations, factor): (&[f64], &[f64]) = match self {
            Self::Full { factor } => (&[], factor),
            Self::Diagonal { deviations } => (deviations, &[]),
            Self::LowRank { deviations, factor, .. } => (deviations, factor),
        };
        deviations.iter().chain(factor)
    }

    /// log |V|.
    pub(super) fn ln_determinant(&self) -> f64 {
        let of = |sd: f64| 2.0 * libm::log(sd);
        let diagonal = |factor: &[f64]| factor.iter().step_by(width(factor) + 1).map(|u| of(*u)).sum::<f64>();
        match self {
            Self::Full { factor } => diagonal(factor),
            Self::Diagonal { deviations } => deviations.iter().map(|sd| of(*sd)).sum(),
            Self::LowRank { deviations, factor, .. } => {
                // Of one prior for all it is one logarithm.
                let alike = deviations.iter().all(|sd| *sd == deviations[0]);
                let of_prior = if alike {
                    deviations.len() as f64 * of(deviations[0])
                } else {
                    deviations.iter().map(|sd| of(*sd)).sum()
                };
                diagonal(factor) + of_prior
            }
        }
    }

    /// V_jj, `[P]`.
    pub(super) fn variances(&self) -> Vec<f64> {
        match self {
            Self::Full { factor } => factor.chunks(width(factor)).map(|row| dot(row, row)).collect(),
            Self::Diagonal { deviations } => deviations.iter().map(|sd| sd * sd).collect(),
            Self::LowRank { deviations, basis, factor } => {
                let of = Parts::new(deviations, basis, factor);
                let wide = width(factor);
                let intercept = factor.chunks(wide).take(of.one).map(|row| dot(row, row));
                let below: Vec<&[f64]> = factor.chunks(wide).skip(of.one).collect();
                let weight = |(j, (q, s)): (usize, (&[f64], &f64))| {
                    let mut along = vec![0.0; wide];
                    for (q, row) in q.iter().zip(&below) {
                        along.iter_mut().zip(*row).for_each(|(sum, u)| *sum += u * q);
                    }
                    s * s * (of.remainder(j) + dot(&along, &along))
                };
                intercept.chain(of.rows().zip(deviations).enumerate().map(weight)).collect()
            }
        }
    }

    /// V_00 of the intercept, where there is one, and Σ V_jj of the weights, which have one prior.
    pub(super) fn sums_of_variances(&self, intercept: bool) -> Vec<f64> {
        let one = usize::from(intercept);
        let Self::LowRank { deviations, basis, factor } = self else {
            let mut all = self.variances();
            let weights = all.split_off(one).iter().sum();
            return all.into_iter().chain([weights]).collect();
        };
        let rank = Parts::new(deviations, basis, factor).rank;
        let mut of_rows: Vec<f64> = factor.chunks(width(factor)).map(|row| dot(row, row)).collect();
        let seen = of_rows.split_off(one).iter().sum::<f64>();
        let weights = deviations[0].powi(2) * ((deviations.len() - rank) as f64 + seen);
        of_rows.into_iter().chain([weights]).collect()
    }

    /// xᵀ V x.
    pub(super) fn square(&self, x: &[f64]) -> f64 {
        match self {
            Self::Full { factor } => {
                let along = transposed(factor, x);
                dot(&along, &along)
            }
            Self::Diagonal { deviations } => x.iter().zip(deviations).map(|(x, sd)| (x * sd).powi(2)).sum(),
            Self::LowRank { deviations, basis, factor } => {
                let of = Parts::new(deviations, basis, factor);
                let (p, y) = of.reduced(x);
                let seen = transposed(factor, &p);
                let left = of.rows().zip(&y).map(|(q, y)| (y - dot(q, &p[of.one..])).powi(2));
                left.sum::<f64>() + dot(&seen, &seen)
            }
        }
    }

    /// V x.
    pub(super) fn times(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { factor } => times(factor, &transposed(factor, x)),
            Self::Diagonal { deviations } => x.iter().zip(deviations).map(|(x, sd)| x * sd * sd).collect(),
            Self::LowRank { deviations, basis, factor } => {
                let of = Parts::new(deviations, basis, factor);
                let (p, y) = of.reduced(x);
                of.restored(&times(factor, &transposed(factor, &p)), &y, &p)
            }
        }
    }

    /// How many normal numbers a draw takes.
    pub(super) fn numbers(&self) -> usize {
        match self {
            Self::Full { factor } => width(factor),
            Self::Diagonal { deviations } => deviations.len(),
            Self::LowRank { deviations, factor, .. } => width(factor) + deviations.len(),
        }
    }

    /// A draw of N(0, V), `[P]`, of so many normal numbers.
    pub(super) fn draw(&self, normals: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { factor } => times(factor, normals),
            Self::Diagonal { deviations } => normals.iter().zip(deviations).map(|(e, sd)| e * sd).collect(),
            Self::LowRank { deviations, basis, factor } => {
                let of = Parts::new(deviations, basis, factor);
                let (seen, u) = normals.split_at(width(factor));
                let mut along = vec![0.0; of.one + of.rank];
                for (q, u) in of.rows().zip(u) {
                    along[of.one..].iter_mut().zip(q).for_each(|(sum, q)| *sum += q * u);
                }
                of.restored(&times(factor, seen), u, &along)
            }
        }
    }
}
