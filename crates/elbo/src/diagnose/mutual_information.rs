//! What the latent says about the row: the mutual information of the guide (E26).
//!
//! I_q(x; z) = E_x KL(q(z|x) ‖ p(z)) − KL(q(z) ‖ p(z)) = (1/N) Σ_n E_{q(z|x_n)}\[log q(z|x_n) − log q(z)\], with the
//! aggregate q(z) = (1/N) Σ_m q(z|x_m) of N rows: the prior p(z) cancels (Hoffman and Johnson, *ELBO surgery*, 2016).

use rayon::prelude::*;

use crate::{Error, check, random::Key, special::ln_sum_exp, terms::Mean};

/// I_q(x; z) over N rows, in nats, by `samples` draws of z a row, for q(z|x_n) = N(μ_n, diag σ_n²); `mean` and
/// `standard_deviation` are row-major `[N, K]`, as [`Reader::encode`](crate::engine::Reader::encode) gives them.
///
/// Of these N rows as the whole data set it is unbiased, between 0 and log N in expectation, and never above
/// log N in fact. As an estimate for the rows that these are drawn from it is too low in expectation (Poole et al.,
/// *On variational bounds of mutual information*, 2019), little so where N is well above exp I: near log N it says
/// only that I is at least about so large. The standard error is that over rows.
///
/// Takes N² K `samples` multiplications. Runs on rayon's current thread pool; the result does not depend on its size.
///
/// ```
/// use elbo::{diagnose::mutual_information, random::Key};
/// // Four rows far apart: z tells which of them it was drawn for.
/// let information = mutual_information(&[-60.0, -20.0, 20.0, 60.0], &[1.0; 4], 1, Key::new(1), 1)?;
/// assert!((information.value - 4f64.ln()).abs() < 1e-12);
/// # Ok::<(), elbo::Error>(())
/// ```
///
/// # Errors
/// It fails where the two arrays are not of the same N ≥ 1 rows, K or `samples` is 0, a mean is not finite or a
/// standard deviation not finite and > 0.
pub fn mutual_information(
    mean: &[f32],
    standard_deviation: &[f32],
    latent: usize,
    key: Key,
    samples: usize,
) -> Result<Mean, Error> {
    check::at_least("the number of latent variables", latent, 1)?;
    check::at_least("the number of samples", samples, 1)?;
    let rows = mean.len() / latent;
    for (what, values) in [("the guide's mean", mean), ("the guide's standard deviation", standard_deviation)]
    {
        if values.is_empty() || values.len() != rows * latent {
            let expected = vec![rows.max(1), latent];
            return Err(Error::Shape { what: what.into(), expected, got: vec![values.len()] });
        }
    }
    let place = |what: &str, i: usize| format!("{what} {} of row {}", i % latent, i / latent);
    for (i, (&mean, &sd)) in mean.iter().zip(standard_deviation).enumerate() {
        check::finite("", mean.into()).map_err(|error| error.named(&place("mean", i)))?;
        check::positive("", sd.into()).map_err(|error| error.named(&place("standard deviation", i)))?;
    }

    // A latent variable after the other, so that the loop over the rows of the aggregate is over neighbours.
    let columns = |f: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..latent).flat_map(|k| (0..rows).map(move |n| f(n * latent + k))).collect()
    };
    let mu = columns(&|i| f64::from(mean[i]));
    let precision = columns(&|i| 1.0 / f64::from(standard_deviation[i]));
    let log_sigma: Vec<f64> = standard_deviation
        .chunks(latent)
        .map(|row| row.iter().map(|&s| libm::log(f64::from(s))).sum())
        .collect();

    let information = |n: usize, (ratio, noise): &mut (Vec<f64>, Vec<f64>)| {
        let mut total = 0.0;
        for s in 0..samples {
            key.fold(s as u64).normals(n as u64, noise);
            let own = log_sigma[n] + 0.5 * noise.iter().map(|e| e * e).sum::<f64>();
            // log q(z|x_m) − log q(z|x_n) of each row m.
            for (ratio, log_sigma) in ratio.iter_mut().zip(&log_sigma) {
                *ratio = own - log_sigma;
            }
            for (k, &e) in noise.iter().enumerate() {
                let column = k * rows..(k + 1) * rows;
                let (mu, precision) = (&mu[column.clone()], &precision[column]);
                let z = mu[n] + e / precision[n];
                for ((ratio, mu), precision) in ratio.iter_mut().zip(mu).zip(precision) {
                    let standard = (z - mu) * precision;
                    *ratio -= 0.5 * standard * standard;
                }
            }
            // Exact, so that no rounding lifts the estimate above log N.
            ratio[n] = 0.0;
            total += libm::log(rows as f64) - ln_sum_exp(ratio);
        }
        total / samples as f64
    };
    let room = || (vec![0.0; rows], vec![0.0; latent]);
    let each: Vec<f64> = (0..rows).into_par_iter().map_init(room, |room, n| information(n, room)).collect();
    Ok(Mean::of(&each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_named() {
        let check = |mean: &[f32], sd: &[f32], latent, samples, expected: &str| {
            let error = mutual_information(mean, sd, latent, Key::new(1), samples).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(&[0.0], &[1.0], 0, 1, "the number of latent variables is 0, but must be at least 1");
        check(&[0.0], &[1.0], 1, 0, "the number of samples is 0, but must be at least 1");
        check(&[], &[], 1, 1, "the guide's mean has shape [0], but the model needs [1, 1]");
        let shape = "the guide's standard deviation has shape [2], but the model needs [2, 2]";
        check(&[0.0; 4], &[1.0; 2], 2, 1, shape);
        check(&[0.0, f32::NAN], &[1.0; 2], 1, 1, "mean 0 of row 1 is NaN, but must be finite");
        let rule = "standard deviation 1 of row 0 is 0, but must be > 0 and finite";
        check(&[0.0; 2], &[1.0, 0.0], 2, 1, rule);
    }

    #[test]
    fn one_row_and_equal_rows_say_nothing() {
        let of = |rows: usize| {
            let (mean, sd) = ([0.3, -2.0].repeat(rows), [0.5, 3.0].repeat(rows));
            mutual_information(&mean, &sd, 2, Key::new(1), 3).unwrap().value
        };
        assert_eq!(of(1), 0.0);
        assert!(of(50).abs() < 1e-13, "{}", of(50));
    }

    #[test]
    fn rows_far_apart_give_log_n_and_never_more() {
        let mean: Vec<f32> = (0..300).map(|n| 10.0 * n as f32).collect();
        let at = |sd: f32| mutual_information(&mean, &[sd; 300], 1, Key::new(2), 2).unwrap().value;
        assert!((at(1e-3) - 300f64.ln()).abs() < 1e-12);
        for sd in [1e-20, 0.1, 1.0, 2.0, 5.0, 1e20] {
            assert!((-1e-12..300f64.ln() + 1e-12).contains(&at(sd)), "{sd}: {}", at(sd));
        }
        assert!(at(5.0) < 300f64.ln() - 0.5);
    }

    /// Unbiased for the rows at hand: against the trapezoidal rule over a mixture of three Gaussians.
    /// |z| < 5 for a mean of 600: a false alarm has probability 8e-7.
    #[test]
    fn of_three_rows_it_is_the_integral() {
        let (mean, sd) = ([-1.0f32, 0.5, 2.0], [0.5f32, 1.0, 2.0]);
        let density = |n: usize, z: f64| {
            let (mu, sigma) = (f64::from(mean[n]), f64::from(sd[n]));
            (-0.5 * ((z - mu) / sigma).powi(2)).exp() / (sigma * std::f64::consts::TAU.sqrt())
        };
        let (mut exact, step) = (0.0, 1e-3);
        for i in -20_000..=20_000 {
            let z = f64::from(i) * step;
            let q = [0, 1, 2].map(|n| density(n, z));
            let aggregate = q.iter().sum::<f64>() / 3.0;
            exact +=
                step / 3.0 * q.iter().filter(|&&q| q > 0.0).map(|q| q * (q / aggregate).ln()).sum::<f64>();
        }
        let estimate = |seed| mutual_information(&mean, &sd, 1, Key::new(seed), 2).unwrap().value;
        let got = Mean::of(&(0..600).map(estimate).collect::<Vec<_>>());
        let z = (got.value - exact) / got.standard_error;
        assert!(z.abs() < 5.0 && got.standard_error < 0.012, "{got:?} for {exact}");
    }

    /// μ(x) = a x, x ~ N(0, I), σ of each latent variable: I = Σ ½ log(1 + a²/σ²). The deficit at N = 2000 is about
    /// E[q(z|x)/q(z)]/2N = (1 + 4)(1 + ¼)/4000 = 0.0016. |z| < 4 by the reported standard error: a false alarm has probability 6e-5.
    #[test]
    fn of_a_linear_gaussian_guide_it_is_in_closed_form() {
        let (rows, a, sigma) = (2000, [1.0f32, -0.5], [0.5f32, 1.0]);
        let mut x = vec![0.0; 2 * rows];
        Key::new(3).normals(0, &mut x);
        let mean: Vec<f32> = x.iter().enumerate().map(|(i, &x)| a[i % 2] * x as f32).collect();
        let got = mutual_information(&mean, &sigma.repeat(rows), 2, Key::new(4), 4).unwrap();
        let exact: f64 = a.iter().zip(sigma).map(|(&a, s)| 0.5 * f64::from(1.0 + (a / s).powi(2)).ln()).sum();
        let z = (got.value - exact) / got.standard_error;
        assert!(z.abs() < 4.0 && got.standard_error < 0.02, "{got:?} for {exact}");
    }

    #[test]
    fn threads_do_not_change_its_bits() {
        let mut noise = vec![0.0; 600];
        Key::new(5).normals(0, &mut noise);
        let mean: Vec<f32> = noise.iter().map(|&e| e as f32).collect();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| mutual_information(&mean, &[0.4; 600], 3, Key::new(6), 2).unwrap())
        };
        assert_eq!(with(1), with(3));
    }
}
