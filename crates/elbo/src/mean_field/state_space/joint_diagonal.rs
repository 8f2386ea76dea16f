//! The orthogonal U under which several symmetric matrices are as diagonal as they can be together.

use faer::Mat;

/// Rounds over all pairs of columns.
const ROUNDS: usize = 10;

/// U, `[D, D]`, for positive definite M_s, `[D, D]`, with weights n_s: by rotations of two columns at a time, none of which
/// raises Σ_s n_s Σ_j ln (Uᵀ M_s U)_jj, from U = 1 (Flury and Gautschi 1986). The sum is least, n_s ln|M_s|, where all are
/// diagonal.
pub(super) fn joint_diagonal<const S: usize>(mut matrices: [(Mat<f64>, f64); S]) -> Mat<f64> {
    let d = matrices[0].0.nrows();
    let mut all = Mat::<f64>::identity(d, d);
    for _ in 0..ROUNDS {
        for (i, j) in (0..d).flat_map(|j| (0..j).map(move |i| (i, j))) {
            // By the angle θ the product of the two diagonal elements becomes ¼(m_ii + m_jj)² − (h cos 2θ + m_ij sin 2θ)²,
            // h = ½(m_ii − m_jj). Its logarithm is below the tangent at θ = 0, whose sum over s is least here.
            let (mut sin, mut cos) = (0.0, 0.0);
            for (m, n) in &matrices {
                let weight = n / (m[(i, i)] * m[(j, j)]);
                let (half, off) = (0.5 * (m[(i, i)] - m[(j, j)]), m[(i, j)]);
                sin += weight * 2.0 * half * off;
                cos += weight * (half * half - off * off);
            }
            let (sin, cos) = libm::sincos(0.25 * libm::atan2(sin, cos));
            let turn = |u: f64, v: f64| (cos * u + sin * v, cos * v - sin * u);
            let turn_columns = |m: &mut Mat<f64>| {
                (0..d).for_each(|k| (m[(k, i)], m[(k, j)]) = turn(m[(k, i)], m[(k, j)]));
            };
            turn_columns(&mut all);
            for (m, _) in &mut matrices {
                turn_columns(m);
                (0..d).for_each(|k| (m[(i, k)], m[(j, k)]) = turn(m[(i, k)], m[(j, k)]));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(m: &Mat<f64>, u: &Mat<f64>) -> Mat<f64> {
        u.transpose() * m * u
    }

    #[test]
    fn matrices_of_the_same_eigenvectors_become_diagonal() {
        // A reflection, which is orthogonal and symmetric.
        let v = [0.6, -1.0, 0.3, 0.8];
        let norm: f64 = v.iter().map(|v| v * v).sum();
        let reflection = Mat::from_fn(4, 4, |i, j| f64::from(u8::from(i == j)) - 2.0 * v[i] * v[j] / norm);
        let of = |values: [f64; 4]| {
            turned(&Mat::from_fn(4, 4, |i, j| if i == j { values[i] } else { 0.0 }), &reflection)
        };
        // Neither alone tells all columns apart.
        let matrices = [of([1.0, 1.0, 5.0, 2.0]), of([0.1, 30.0, 2.0, 2.0])];
        let u = joint_diagonal([(matrices[0].clone(), 3.0), (matrices[1].clone(), 4.0)]);
        for m in &matrices {
            let m = turned(m, &u);
            for (i, j) in (0..4).flat_map(|j| (0..j).map(move |i| (i, j))) {
                assert!(m[(i, j)].abs() < 1e-12, "{m:?}");
            }
        }
        let product = u.transpose() * &u;
        assert!((product - Mat::<f64>::identity(4, 4)).norm_max() < 1e-12);
    }

    #[test]
    fn of_two_columns_no_angle_is_better() {
        let of = |a: f64, b: f64, c: f64| Mat::from_fn(2, 2, |i, j| [[a, b], [b, c]][i][j]);
        let matrices = [(of(2.0, 0.9, 1.0), 2.0), (of(1.0, -0.8, 3.0), 5.0), (of(4.0, 1.5, 0.7), 1.0)];
        let sum = |u: &Mat<f64>| -> f64 {
            let of_one = |(m, n): &(Mat<f64>, f64)| {
                let m = turned(m, u);
                n * (m[(0, 0)] * m[(1, 1)]).ln()
            };
            matrices.iter().map(of_one).sum()
        };
        let angle = |k: i32| {
            let (sin, cos) = (f64::from(k) * 1e-4).sin_cos();
            Mat::from_fn(2, 2, |i, j| [[cos, -sin], [sin, cos]][i][j])
        };
        // All angles: a quarter turn only swaps the columns.
        let least = (0..15_709).map(|k| sum(&angle(k))).min_by(f64::total_cmp).unwrap();
        let found = sum(&joint_diagonal(matrices.clone()));
        assert!((found - least).abs() < 1e-6, "{found}, but {least} is the least");
    }
}
