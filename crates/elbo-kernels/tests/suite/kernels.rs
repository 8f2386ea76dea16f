//! Every kernel against its definition in f64, at odd sizes, at every level, with the same bits at each.

#![allow(clippy::many_single_char_names, reason = "the mathematics' own names")]

use elbo_kernels::{
    Activation, Level, Panels, Row, adam, bernoulli, elementary, gaussian, product, random, reparameterise,
};
use gaussian::Precision;

/// Rows of the matrices, and columns: one, around a vector, around a panel, many, none.
const ROWS: [usize; 8] = [0, 1, 2, 7, 8, 9, 17, 64];
const COLUMNS: [usize; 10] = [1, 7, 8, 9, 15, 17, 31, 32, 33, 1003];

fn normals(seed: u32, n: usize) -> Vec<f32> {
    let mut out = vec![0.0; n];
    random::normals(Level::Portable, [seed, 1], 0, &mut out);
    out
}

fn matrix(seed: u32, rows: usize, columns: usize) -> (Panels, Vec<f32>) {
    let values = normals(seed, rows * columns);
    let mut panels = Panels::new(rows, columns);
    // Padding of any value must not be used.
    panels.as_mut_slice().fill(Row([f32::NAN; 32]));
    panels.read_rows(&values);
    (panels, values)
}

fn values(panels: &Panels) -> Vec<f32> {
    let mut out = vec![0.0; panels.rows() * panels.columns()];
    panels.write_rows(&mut out);
    out
}

/// f64, of the f32 given.
fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| f64::from(v)).collect()
}

fn assert_close(got: &[f32], expected: &[f64], relative_to: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(*g) - e).abs();
        assert!(error <= 1e-5 * relative_to.max(e.abs()), "{what}[{i}]: {g} for {e}");
    }
}

/// Runs at every level, asserts one and the same result, and returns it.
fn at_every_level<T: PartialEq + std::fmt::Debug>(run: impl Fn(Level) -> T) -> T {
    let mut results = Level::available().into_iter().map(|level| (level, run(level)));
    let (_, first) = results.next().expect("portable is always there");
    for (level, other) in results {
        assert_eq!(first, other, "{level:?} has other bits than portable code");
    }
    first
}

const ACTIVATIONS: [Activation; 6] = [
    Activation::Identity,
    Activation::Relu,
    Activation::Tanh,
    Activation::Gelu,
    Activation::Softplus,
    Activation::Sigmoid,
];

fn activate(activation: Activation, a: f64) -> f64 {
    match activation {
        Activation::Identity => a,
        Activation::Relu => a.max(0.0),
        Activation::Tanh => a.tanh(),
        Activation::Gelu => a * 0.5 * libm::erfc(-a * std::f64::consts::FRAC_1_SQRT_2),
        Activation::Softplus => a.max(0.0) + (-a.abs()).exp().ln_1p(),
        Activation::Sigmoid => 1.0 / (1.0 + (-a).exp()),
    }
}

#[test]
fn a_dense_layer_is_its_definition() {
    for (i, &rows) in ROWS.iter().enumerate() {
        for (j, &outputs) in COLUMNS.iter().enumerate() {
            let inputs = COLUMNS[(i + 3 * j) % COLUMNS.len()];
            let activation = ACTIVATIONS[(i + j) % ACTIVATIONS.len()];
            let ((x, xv), (w, wv)) = (matrix(1, rows, inputs), matrix(2, inputs, outputs));
            let bias = normals(3, outputs);
            let (got, derivative) = at_every_level(|level| {
                let (mut y, mut d) = (Panels::new(rows, outputs), Panels::new(rows, outputs));
                product::linear(level, &x, &w, &bias, activation, &mut y, Some(&mut d));
                let mut alone = Panels::new(rows, outputs);
                product::linear(level, &x, &w, &bias, activation, &mut alone, None);
                assert_eq!(values(&y), values(&alone));
                (values(&y), values(&d))
            });
            let (xv, wv, bias) = (wide(&xv), wide(&wv), wide(&bias));
            let mut expected = Vec::new();
            let mut slope = Vec::new();
            for r in 0..rows {
                for o in 0..outputs {
                    let dot: f64 = (0..inputs).map(|k| xv[r * inputs + k] * wv[k * outputs + o]).sum();
                    let a = dot + bias[o];
                    expected.push(activate(activation, a));
                    // Five-point central difference.
                    let (f, h) = (|a| activate(activation, a), 1e-3);
                    let five =
                        (f(a - 2.0 * h) - 8.0 * f(a - h) + 8.0 * f(a + h) - f(a + 2.0 * h)) / (12.0 * h);
                    // ReLU's kink has no derivative: the difference is not taken across it.
                    let kink = activation == Activation::Relu && a.abs() < 3.0 * h;
                    slope.push(if kink { f64::from(derivative[slope.len()]) } else { five });
                }
            }
            let size = (inputs as f64).sqrt();
            assert_close(&got, &expected, size, &format!("{activation:?} {rows}x{inputs}x{outputs}"));
            assert_close(&derivative, &slope, size, &format!("{activation:?}' {rows}x{inputs}x{outputs}"));
        }
    }
}

#[test]
fn the_ways_back_through_a_layer_are_their_definitions() {
    for (i, &rows) in ROWS.iter().enumerate() {
        for (j, &outputs) in COLUMNS.iter().enumerate() {
            let inputs = COLUMNS[(2 * i + j) % COLUMNS.len()];
            let (x, xv) = matrix(1, rows, inputs);
            let (delta, dv) = matrix(2, rows, outputs);
            let (below, bv) = matrix(4, rows, inputs);
            let weights = normals(3, inputs * outputs);
            let transposed = at_every_level(|level| {
                let mut transposed = Panels::new(outputs, inputs);
                for (panel, out) in transposed.as_mut_slice().chunks_mut(outputs).enumerate() {
                    elbo_kernels::pack_transposed(level, &weights, outputs, panel, out);
                }
                transposed
            });
            let mut packed = Panels::new(inputs, outputs);
            for (panel, out) in packed.as_mut_slice().chunks_mut(inputs).enumerate() {
                elbo_kernels::pack(&weights, outputs, panel, out);
            }
            assert_eq!(values(&packed), weights);
            // Twice the same rows: a sum over two shards.
            let (through, by_weight, by_bias) = at_every_level(|level| {
                let mut through = below.clone();
                product::backward(level, &delta, &transposed, &mut through);
                let mut by_weight = vec![f32::NAN; inputs * outputs];
                for (panel, part) in by_weight.chunks_mut(32 * outputs).enumerate() {
                    let shards = [(&x, &delta), (&x, &delta)].into_iter();
                    product::weight_gradient(level, shards, panel, outputs, part);
                }
                let mut by_bias = vec![f32::NAN; outputs];
                product::bias_gradient(level, [&delta, &delta].into_iter(), &mut by_bias);
                (values(&through), by_weight, by_bias)
            });
            let (xv, dv, bv, wv) = (wide(&xv), wide(&dv), wide(&bv), wide(&weights));
            let mut expected = Vec::new();
            for r in 0..rows {
                for k in 0..inputs {
                    let dot: f64 = (0..outputs).map(|o| dv[r * outputs + o] * wv[k * outputs + o]).sum();
                    expected.push(dot * bv[r * inputs + k]);
                }
            }
            let what = format!("{rows}x{inputs}x{outputs}");
            assert_close(&through, &expected, 3.0 * (outputs as f64).sqrt(), &what);
            let sum = |k: usize, o: usize| -> f64 {
                2.0 * (0..rows).map(|r| xv[r * inputs + k] * dv[r * outputs + o]).sum::<f64>()
            };
            let expected: Vec<f64> = (0..inputs * outputs).map(|i| sum(i / outputs, i % outputs)).collect();
            let size = 2.0 * (rows as f64).sqrt();
            assert_close(&by_weight, &expected, size, &what);
            let expected: Vec<f64> =
                (0..outputs).map(|o| 2.0 * (0..rows).map(|r| dv[r * outputs + o]).sum::<f64>()).collect();
            assert_close(&by_bias, &expected, size, &what);
        }
    }
}

/// The log-likelihood of a row at some outputs, in f64.
type LogLikelihood<'a> = &'a dyn Fn(usize, &[f64]) -> f64;

/// A kernel's rows and weighted gradients against a definition and its central differences, with per-row weights.
fn check_likelihood(
    what: &str,
    outputs: &[f32],
    columns: usize,
    weights: &[f32],
    got: &(Vec<f64>, Vec<f32>),
    definition: LogLikelihood<'_>,
) {
    for (r, out) in outputs.chunks(columns).enumerate() {
        let mut at = wide(out);
        let exact = definition(r, &at);
        assert!(
            (got.0[r] - exact).abs() <= 1e-5 * exact.abs().max(1.0),
            "{what} row {r}: {} for {exact}",
            got.0[r]
        );
        // A few columns are enough for wide rows.
        for d in (0..columns).step_by(1 + columns / 50) {
            let h = 1e-4;
            let mut f = |by: f64| {
                let kept = at[d];
                at[d] = kept + by;
                let value = definition(r, &at);
                at[d] = kept;
                value
            };
            let slope = (f(-2.0 * h) - 8.0 * f(-h) + 8.0 * f(h) - f(2.0 * h)) / (12.0 * h);
            let expected = f64::from(weights[r]) * slope;
            let gradient = f64::from(got.1[r * columns + d]);
            let size = expected.abs().max(0.1 * f64::from(weights[r]).abs());
            assert!((gradient - expected).abs() <= 1e-5 * size, "{what}: {gradient} for {expected}");
        }
    }
}

#[test]
fn the_bernoulli_likelihood_is_its_definition() {
    for rows in ROWS {
        for columns in COLUMNS {
            let (logits, lv) = matrix(5, rows, columns);
            let mut xv = vec![0.0; rows * columns];
            random::uniforms(Level::Portable, [6, 6], 0, &mut xv);
            let mut x = Panels::new(rows, columns);
            x.read_rows(&xv);
            let weights: Vec<f32> = (0..rows).map(|r| r as f32 - 1.5).collect();
            let got = at_every_level(|level| {
                let (mut sums, mut gradient) = (vec![0.0; rows], logits.clone());
                bernoulli::log_likelihood_and_gradient(level, &x, &mut gradient, &weights, &mut sums);
                let mut alone = vec![1.0; rows];
                bernoulli::log_likelihood(level, &x, &logits, &mut alone);
                for (a, s) in alone.iter().zip(&sums) {
                    assert!((a - 1.0 - s).abs() <= 1e-6 * s.abs().max(1.0), "{a} {s}");
                }
                (sums, values(&gradient))
            });
            let xv = wide(&xv);
            check_likelihood("bernoulli", &lv, columns, &weights, &got, &|r, logits| {
                let x = &xv[r * columns..][..columns];
                x.iter().zip(logits).map(|(x, l)| x * l - l.max(0.0) - (-l.abs()).exp().ln_1p()).sum()
            });
        }
    }
}

#[test]
fn bernoulli_extremes_are_finite() {
    let (mut x, mut logits) = (Panels::new(1, 4), Panels::new(1, 4));
    x.read_rows(&[0.0, 1.0, 0.0, 1.0]);
    logits.read_rows(&[-1e30, 1e30, 1e4, -1e4]);
    let mut sum = [0.0];
    bernoulli::log_likelihood_and_gradient(Level::best(), &x, &mut logits, &[2.0], &mut sum);
    assert_eq!((sum, values(&logits)), ([-2e4], vec![0.0, 0.0, -2.0, 2.0]));
}

#[test]
fn the_gaussian_likelihood_is_its_definition_and_its_sigma_has_its_gradient() {
    for rows in ROWS {
        for columns in COLUMNS {
            let ((x, xv), (means, mv)) = (matrix(7, rows, columns), matrix(8, rows, columns));
            let weights: Vec<f32> = (0..rows).map(|r| r as f32 * 0.5).collect();
            for log_sigma in [vec![-0.3f32], normals(9, columns)] {
                let mut precision = Precision::default();
                precision.set(&log_sigma, columns);
                let (sums, gradient, by_sigma) = at_every_level(|level| {
                    let (mut sums, mut gradient) = (vec![0.0; rows], means.clone());
                    gaussian::log_likelihood_and_gradient(
                        level,
                        &x,
                        &mut gradient,
                        &precision,
                        &weights,
                        &mut sums,
                    );
                    let mut alone = vec![0.0; rows];
                    gaussian::log_likelihood(level, &x, &means, &precision, &mut alone);
                    assert_eq!(alone, sums);
                    let mut by_sigma = vec![0.0; columns];
                    gaussian::log_sigma_gradient(level, &gradient, &precision, &weights, &mut by_sigma);
                    (sums, values(&gradient), by_sigma)
                });
                let (xv, mv, s) = (wide(&xv), wide(&mv), wide(&log_sigma));
                let sigma = |d: usize| s[d % s.len()].exp();
                let term = |x: f64, m: f64, sigma: f64| {
                    -0.5 * ((x - m) / sigma).powi(2) - sigma.ln() - 0.5 * std::f64::consts::TAU.ln()
                };
                check_likelihood(
                    "gaussian",
                    &wide_to_f32(&mv),
                    columns,
                    &weights,
                    &(sums, gradient),
                    &|r, m| (0..columns).map(|d| term(xv[r * columns + d], m[d], sigma(d))).sum(),
                );
                let expected: Vec<f64> = (0..columns)
                    .map(|d| {
                        let row = |r: usize| {
                            let u = (xv[r * columns + d] - mv[r * columns + d]) / sigma(d);
                            f64::from(weights[r]) * (u * u - 1.0)
                        };
                        (0..rows).map(row).sum()
                    })
                    .collect();
                let size = expected.iter().fold(1.0f64, |a, e| a.max(e.abs()));
                assert_close(&by_sigma, &expected, size, "log σ");
            }
        }
    }
}

fn wide_to_f32(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&v| v as f32).collect()
}

/// J = Σ_l f_l (<c_l, z_l> − w_l KL_l) has a derivative in the head that central differences give, for the KL in closed
/// form, with half a nat of each variable free, at the draws, and at the draws with q's parameters held, there also with f_l = 0.7 w_l.
#[test]
#[allow(clippy::too_many_lines, reason = "one objective and five forms of its KL")]
fn reparameterisation_and_kl_have_their_derivatives() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Mode {
        ClosedForm,
        FreeBits,
        Drawn,
        Held,
        HeldSquared,
    }
    for latent in [1, 7, 8, 9, 31, 33, 70] {
        let rows = 5;
        let (head, hv) = matrix(10, rows, 2 * latent);
        let noise = [matrix(11, rows, latent), matrix(12, rows, latent)];
        let slopes = [matrix(13, rows, latent), matrix(14, rows, latent)];
        let weights = [[0.0f32, 1.0, 2.5, 1.0, 0.3], [0.4f32, 0.0, 1.5, 1.0, 0.6]];
        for mode in [Mode::ClosedForm, Mode::FreeBits, Mode::Drawn, Mode::Held, Mode::HeldSquared] {
            let closed_form = matches!(mode, Mode::ClosedForm | Mode::FreeBits);
            let free = if mode == Mode::FreeBits { 0.5 } else { 0.0 };
            let (z, kl, gradient) = at_every_level(|level| {
                let mut z = [Panels::new(rows, latent), Panels::new(rows, latent)];
                let mut kl = vec![0.0; rows];
                for (z, (noise, _)) in z.iter_mut().zip(&noise) {
                    reparameterise::draw(level, &head, noise, z);
                    if !closed_form {
                        reparameterise::log_ratio(level, &head, noise, z, 0.5, &mut kl);
                    }
                }
                if closed_form {
                    reparameterise::kl(level, &head, free, &mut kl);
                }
                let mut gradient = Panels::new(rows, 2 * latent);
                let draws = (0..2).map(|l| reparameterise::Draw {
                    noise: &noise[l].0,
                    z: &z[l],
                    z_gradient: &slopes[l].0,
                    weights: &weights[l],
                });
                let form = match mode {
                    Mode::ClosedForm | Mode::FreeBits => reparameterise::Kl::ClosedForm(&weights[0], free),
                    Mode::Drawn => reparameterise::Kl::Drawn(0.8),
                    Mode::Held => reparameterise::Kl::Held,
                    Mode::HeldSquared => reparameterise::Kl::HeldSquared(0.7),
                };
                reparameterise::gradient(level, &head, draws, form, &mut gradient);
                ([values(&z[0]), values(&z[1])], kl, values(&gradient))
            });
            for r in 0..rows {
                let at = wide(&hv[r * 2 * latent..][..2 * latent]);
                let s = |a: f64| 30.0 * (a / 30.0).tanh();
                let e = |l: usize, k: usize| f64::from(noise[l].1[r * latent + k]);
                let draw = |h: &[f64], l: usize, k: usize| h[k] + (0.5 * s(h[latent + k])).exp() * e(l, k);
                // log q(z) − log p(z) of a draw and variable; q's own parameters are those of `q`.
                let ratio = |h: &[f64], q: &[f64], l: usize, k: usize| {
                    let (z, s) = (draw(h, l, k), s(q[latent + k]));
                    0.5 * (z.powi(2) - (z - q[k]).powi(2) / s.exp() - s)
                };
                let closed = |h: &[f64], k: usize| {
                    let s = s(h[latent + k]);
                    (0.5 * (h[k] * h[k] + s.exp() - 1.0 - s)).max(f64::from(free))
                };
                // There J under free bits has a kink.
                let near = |k: usize| {
                    let s = s(at[latent + k]);
                    free > 0.0 && (0.5 * (at[k] * at[k] + s.exp() - 1.0 - s) - f64::from(free)).abs() < 0.02
                };
                let exact: f64 = match mode {
                    _ if closed_form => (0..latent).map(|k| closed(&at, k)).sum(),
                    _ => (0..latent).map(|k| 0.5 * (ratio(&at, &at, 0, k) + ratio(&at, &at, 1, k))).sum(),
                };
                assert!((kl[r] - exact).abs() <= 1e-5 * exact.abs().max(1.0), "KL {} for {exact}", kl[r]);
                for l in 0..2 {
                    let expected: Vec<f64> = (0..latent).map(|k| draw(&at, l, k)).collect();
                    assert_close(&z[l][r * latent..][..latent], &expected, 1.0, "z");
                }
                let objective = |h: &[f64]| -> f64 {
                    let mut sum = 0.0;
                    for (l, k) in (0..2).flat_map(|l| (0..latent).map(move |k| (l, k))) {
                        let weight = f64::from(weights[l][r]);
                        let path = f64::from(slopes[l].1[r * latent + k]) * draw(h, l, k);
                        sum += match mode {
                            Mode::ClosedForm | Mode::FreeBits if l == 0 => path - weight * closed(h, k),
                            Mode::ClosedForm | Mode::FreeBits => path,
                            Mode::Drawn => path - 0.8 * weight * ratio(h, h, l, k),
                            Mode::Held => path - weight * ratio(h, &at, l, k),
                            Mode::HeldSquared => 0.7 * weight * (path - weight * ratio(h, &at, l, k)),
                        };
                    }
                    sum
                };
                for c in 0..2 * latent {
                    if near(c % latent) {
                        continue;
                    }
                    let f = |by: f64| {
                        let mut moved = at.clone();
                        moved[c] += by;
                        objective(&moved)
                    };
                    let h = 1e-3;
                    let expected = (f(-2.0 * h) - 8.0 * f(-h) + 8.0 * f(h) - f(2.0 * h)) / (12.0 * h);
                    let got = f64::from(gradient[r * 2 * latent + c]);
                    assert!((got - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{got} for {expected}");
                }
            }
        }
    }
}

#[test]
fn the_kl_is_never_negative_and_exact_near_zero() {
    for s in (-2000..2000).map(|i| i as f32 * 1e-3).chain([1e-6, -1e-6, 1e-3, -1e-3, 30.0, -30.0]) {
        let exact = 0.5 * (f64::from(s).exp_m1() - f64::from(s));
        let got = f64::from(reparameterise::kl_term(0.0, s));
        assert!(got >= 0.0);
        // Below 1e-4 the exact difference itself has lost its digits in f64.
        if s.abs() > 1e-4 {
            assert!((got - exact).abs() <= 3e-6 * exact, "{s}: {got} for {exact}");
        }
    }
}

const LENGTHS: [usize; 7] = [0, 1, 7, 8, 9, 1000, 1_000_003];

#[test]
fn adam_is_its_paper_at_any_length_and_alignment() {
    for n in LENGTHS {
        for shift in [0, 1, 3] {
            let (p0, g0) = (normals(20, n + shift), normals(21, n + shift));
            let (m0, v0) = (normals(22, n + shift), normals(23, n + shift));
            let v0: Vec<f32> = v0.iter().map(|v| v * v).collect();
            let by = adam::Rate { factor: 0.5, rate: 1e-2, epsilon: 1e-6 };
            let (p, m, v) = at_every_level(|level| {
                let (mut p, mut m, mut v) = (p0.clone(), m0.clone(), v0.clone());
                adam::ascend(level, &mut p[shift..], &g0[shift..], &mut m[shift..], &mut v[shift..], by);
                (p, m, v)
            });
            assert_eq!(p[..shift], p0[..shift]);
            for i in (shift..n + shift).step_by(1 + n / 1000) {
                let g = 0.5 * f64::from(g0[i]);
                let first = 0.9 * f64::from(m0[i]) + 0.1 * g;
                let second = 0.999 * f64::from(v0[i]) + 0.001 * g * g;
                let expected = f64::from(p0[i]) + 1e-2 * first / (second.sqrt() + 1e-6);
                assert!((f64::from(m[i]) - first).abs() <= 1e-6, "m");
                assert!((f64::from(v[i]) - second).abs() <= 1e-6 * second.max(1.0), "v");
                assert!((f64::from(p[i]) - expected).abs() <= 1e-5 * expected.abs().max(1.0), "p");
            }
        }
    }
}

#[test]
fn adam_flushes_moments_that_would_be_subnormal_and_nothing_else() {
    let by = adam::Rate { factor: 1.0, rate: 1e-3, epsilon: 1e-8 };
    for level in Level::available() {
        let (mut p, mut m, mut v) = ([0.5f32; 40], [1.2e-38f32; 40], [1.2e-38f32; 40]);
        (m[1], v[1]) = (1.4e-38, 1.3e-38);
        adam::ascend(level, &mut p, &[0.0; 40], &mut m, &mut v, by);
        assert_eq!((m[0], v[1] > 0.0, m[1] > 0.0), (0.0, true, true));
        for _ in 0..100_000 {
            adam::ascend(level, &mut p, &[0.0; 40], &mut m, &mut v, by);
            assert!(m.iter().chain(&v).all(|x| *x == 0.0 || x.is_normal()));
            if v[1] == 0.0 {
                break;
            }
        }
        assert_eq!((m, v), ([0.0; 40], [0.0; 40]));
    }
}

#[test]
fn squares_add_up_and_a_value_too_large_is_seen_anywhere() {
    for n in LENGTHS {
        let g = normals(24, n + 1);
        let (sum, fine) = at_every_level(|level| adam::squares(level, &g[1..], 100.0));
        let exact: f64 = g[1..].iter().map(|&g| f64::from(g).powi(2)).sum();
        assert!(fine && (sum - exact).abs() <= 1e-6 * exact, "{sum} {exact}");
        for bad in [f32::NAN, f32::INFINITY, -101.0] {
            for place in (0..n).step_by(1 + n / 40) {
                let mut g = g[1..].to_vec();
                g[place] = bad;
                assert!(Level::available().into_iter().all(|level| !adam::squares(level, &g, 100.0).1));
            }
        }
    }
}

/// The known answers of the generator are in the library's `Key`; here: the vector form is the scalar one.
#[test]
fn streams_are_those_of_the_scalar_generator() {
    let (key, row) = ([3, 4], (7u64 << 32) | 9);
    for n in LENGTHS {
        let (uniforms, normals, draws) = at_every_level(|level| {
            let (mut uniforms, mut normals, mut draws) = (vec![0.0; n + 1], vec![0.0; n + 1], vec![0.3; n]);
            random::uniforms(level, key, row, &mut uniforms[1..]);
            random::normals(level, key, row, &mut normals[1..]);
            random::bernoulli(level, key, row, &mut draws);
            (uniforms.split_off(1), normals.split_off(1), draws)
        });
        for (i, &u) in uniforms.iter().enumerate() {
            let counter = [(i / 4) as u32, 0, 9, 7];
            let words = random::philox4x32_10(counter, key);
            let word = words[i % 4];
            assert_eq!(f64::from(u), (f64::from(word >> 9) + 0.5) / 8_388_608.0);
            assert_eq!(draws[i], f32::from(u < 0.3));
            let pair = i % 4 / 2 * 2;
            let radius = (-2.0 * libm::log((f64::from(words[pair]) + 0.5) / 4_294_967_296.0)).sqrt();
            let (sin, cos) =
                libm::sincos(std::f64::consts::TAU * f64::from(words[pair + 1]) / 4_294_967_296.0);
            let exact = radius * if i % 2 == 0 { cos } else { sin };
            // A uniform near 1 is rounded to f32: it moves the smallest radii a little.
            let most = 2e-6 + 1e-7 / radius;
            assert!((f64::from(normals[i]) - exact).abs() <= most, "{} for {exact}", normals[i]);
        }
    }
}

#[test]
fn the_elementary_functions_have_the_same_bits_in_vector_code() {
    // What the kernels are made of, through a layer of one weight 1.
    let x: Vec<f32> = (0..40_000).map(|i| (i as f32 - 20_000.0) * 2e-3).collect();
    let (mut input, mut one) = (Panels::new(x.len(), 1), Panels::new(1, 1));
    input.read_rows(&x);
    one.read_rows(&[1.0]);
    for (activation, f) in
        [(Activation::Tanh, elementary::tanh as fn(f32) -> f32), (Activation::Softplus, elementary::softplus)]
    {
        let got = at_every_level(|level| {
            let mut y = Panels::new(x.len(), 1);
            product::linear(level, &input, &one, &[0.0], activation, &mut y, None);
            values(&y)
        });
        assert_eq!(got, x.iter().map(|&x| f(x)).collect::<Vec<_>>());
    }
}
