//! The hidden Markov model against enumeration of its paths.

use elbo::{
    distribution::{Dirichlet, Gamma, Gaussian, LogDensity, NegativeBinomial, Poisson},
    mean_field::{
        Annealing, Ascent, MeanField, ascend, best_of,
        hidden_markov::{Emission, Fit, Parameters, Posterior, Prior, Shares, Start},
    },
    random::Key,
    special::{digamma, ln_gamma, ln_sum_exp},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{assert_near, number, numbers, reference, shortened, to_convergence};

const MISSING: f64 = f64::NAN;

fn rows(matrix: &[f64], width: usize) -> Vec<Shares> {
    matrix.chunks(width).map(|row| Shares::Known(row.to_vec())).collect()
}

#[test]
fn known_parameters_of_the_reference() {
    let Some(file) = reference("small_exact_A.json") else { return };
    let case = &file["hmm"][0];
    let known = |mean: f64| vec![Emission::KnownGaussian { mean, sigma: 1.0 }];
    let model = Parameters {
        initial: Shares::Known(numbers(&case["pi"])),
        transitions: rows(&numbers(&case["A"]), 3),
        emission: numbers(&case["mu"]).into_iter().map(known).collect(),
    };
    let y = numbers(&case["y"]);
    let exact = number(&case["log_likelihood"]);
    let q = Posterior::try_from(model.clone()).unwrap();
    assert_near("log p(y)", q.log_likelihood_bound(&y).unwrap(), exact, 1e-9);
    for (got, expected) in q.smoothed(&y).unwrap().iter().zip(numbers(&case["smoothed_marginals"])) {
        assert_near("a marginal", *got, expected, 1e-9);
    }
    let mut fit = Fit::new(&y, &[y.len()], model, Start::Random, Key::new(1)).unwrap();
    assert_near("the ELBO", to_convergence(&mut fit).last(), exact, 1e-9);
}

/// Two states, of a number, a count and a class.
fn mixed_known() -> Posterior {
    let state = |mean, rate, p| {
        let classes = Shares::Known(vec![p, 0.7 - p, 0.3]);
        vec![
            Emission::KnownGaussian { mean, sigma: 0.8 },
            Emission::KnownPoisson { rate },
            Emission::Categorical(classes),
        ]
    };
    Posterior::try_from(Parameters {
        initial: Shares::Known(vec![0.3, 0.7]),
        transitions: rows(&[0.9, 0.1, 0.4, 0.6], 2),
        emission: vec![state(-0.5, 1.5, 0.6), state(1.0, 4.0, 0.1)],
    })
    .unwrap()
}

/// What a cell is given those before it, by the likelihoods of sequences that end with it: of a number the density is the slope
/// of its transform, and of others a transform lies between P(less) and P(not more).
#[test]
fn transforms_by_likelihoods() {
    let q = mixed_known();
    let x = [0.2, 2.0, 1.0, MISSING, 5.0, 2.0, 1.4, MISSING, 0.0];
    let key = Key::new(4);
    let u = q.transforms(&x, key).unwrap();
    for cell in 0..x.len() {
        if x[cell].is_nan() {
            assert!(u[cell].is_nan());
            continue;
        }
        let with = |value: f64| {
            let mut upto = x[..cell / 3 * 3 + 3].to_vec();
            upto[cell..].fill(MISSING);
            upto[cell] = value;
            q.log_likelihood_bound(&upto).unwrap()
        };
        let p = |value: f64| (with(value) - with(MISSING)).exp();
        if cell % 3 == 0 {
            let at = |shift: f64| {
                let mut moved = x;
                moved[cell] += shift;
                q.transforms(&moved, key).unwrap()[cell]
            };
            assert_near("a slope", (at(1e-4) - at(-1e-4)) / 2e-4, p(x[cell]), 1e-6);
        } else {
            let less: f64 = (0..x[cell] as u32).map(|value| p(f64::from(value))).sum();
            assert!((less - 1e-12..=less + p(x[cell]) + 1e-12).contains(&u[cell]), "{cell}: {}", u[cell]);
        }
    }
}

/// P(less) of great counts, and of those far from any rate, is found in a moment, and right.
#[test]
fn transforms_of_great_counts() {
    let of = |rate: f64, count: f64| {
        let q = Posterior::try_from(Parameters {
            initial: Shares::Known(vec![1.0]),
            transitions: rows(&[1.0], 1),
            emission: vec![vec![Emission::KnownPoisson { rate }]],
        });
        q.unwrap().transforms(&[count], Key::new(1)).unwrap()[0]
    };
    // Of a great rate a count is about normal: by a term of Edgeworth's, to 1/rate.
    let (rate, count) = (1e8, 1e8 + 5e3);
    let z: f64 = (count - rate) / 1e4;
    let edgeworth = 0.5 - (1.0 - z * z) / 6.0 / 1e4 * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let exact = edgeworth - 0.5 + elbo::special::normal_cdf(z);
    assert_near("a great count", of(rate, count), exact, 1e-4);
    assert_eq!((of(3.0, 1e12), of(1e9, 3.0)), (1.0, 0.0));
    // The two ways to the sum meet, but for the mass of the count itself.
    assert_near("near the limit", of(9_999.0, 10_050.0), of(10_001.0, 10_052.0), 2e-4);
}

fn mixed_prior() -> Prior {
    let columns = [
        Emission::Gaussian { mean: 0.2, precision: 0.5, shape: 1.5, rate: 0.7 },
        Emission::Poisson { shape: 1.2, rate: 0.4 },
        Emission::Categorical(Shares::Dirichlet(vec![0.7, 1.1, 2.0])),
    ];
    Prior {
        initial: Shares::Dirichlet(vec![1.3, 0.6]),
        transitions: vec![Shares::Dirichlet(vec![2.0, 0.8]), Shares::Dirichlet(vec![0.5, 1.5])],
        ..Prior::exchangeable(2, 1.0, &columns)
    }
}

const MIXED: [f64; 12] = [-0.4, 1.0, 0.0, MISSING, 3.0, 2.0, MISSING, MISSING, MISSING, 1.7, 6.0, MISSING];

/// All paths of two states, of four steps.
fn paths() -> impl Iterator<Item = [usize; 4]> {
    (0..16).map(|c| [c & 1, c >> 1 & 1, c >> 2 & 1, c >> 3])
}

fn share(shares: &Shares, outcome: usize) -> f64 {
    let Shares::Known(p) = shares else { panic!("{shares:?}") };
    p[outcome].ln()
}

/// log p(x, z) of known parameters.
fn log_joint(model: &Parameters, x: &[f64], path: &[usize]) -> f64 {
    let columns = model.columns();
    let mut sum = share(&model.initial, path[0]);
    sum += path.windows(2).map(|pair| share(&model.transitions[pair[0]], pair[1])).sum::<f64>();
    for (row, &state) in x.chunks(columns).zip(path) {
        for (x, emission) in row.iter().zip(&model.emission[state]).filter(|(x, _)| !x.is_nan()) {
            sum += match emission {
                Emission::KnownGaussian { mean, sigma } => {
                    Gaussian::new(*mean, *sigma).unwrap().log_density(x)
                }
                Emission::KnownPoisson { rate } => Poisson::new(*rate).unwrap().log_density(&(*x as u64)),
                Emission::Categorical(shares) => share(shares, *x as usize),
                _ => panic!("{emission:?}"),
            };
        }
    }
    sum
}

#[test]
fn known_parameters_by_every_path() {
    let model = mixed_known();
    let joints: Vec<f64> = paths().map(|path| log_joint(&model, &MIXED, &path)).collect();
    let evidence = ln_sum_exp(&joints);
    assert_near("log p(x)", model.log_likelihood_bound(&MIXED).unwrap(), evidence, 1e-13);
    let smoothed = model.smoothed(&MIXED).unwrap();
    for t in 0..4 {
        let of_path =
            |(path, joint): ([usize; 4], &f64)| if path[t] == 1 { (joint - evidence).exp() } else { 0.0 };
        let p: f64 = paths().zip(&joints).map(of_path).sum();
        assert_near("a marginal", smoothed[2 * t + 1], p, 1e-13);
    }
    let best = paths().zip(&joints).max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert_eq!(model.most_probable_path(&MIXED).unwrap(), best);
    // The next row adds a factor to p(x).
    let next = [0.3, 2.0, 1.0];
    let longer = model.log_likelihood_bound(&[&MIXED[..], &next].concat()).unwrap();
    assert_near("log p(next|x)", model.next_log_density(&MIXED, &next).unwrap(), longer - evidence, 1e-13);
    let means = model.next_mean(&MIXED).unwrap();
    let states = model.next_state(&MIXED).unwrap();
    assert_near("the next mean", means[0][0], states[1] - 0.5 * states[0], 1e-15);
    assert_near("the next classes", means[2].iter().sum(), 1.0, 1e-15);
    // The bound of a fit is log p(x), and its terms are E log p(x|z) and KL(q(z) ‖ p(z)).
    let mut fit = Fit::new(&MIXED, &[4], model.clone().into(), Start::Apart, Key::new(1)).unwrap();
    let bound = *to_convergence(&mut fit).bounds.last().unwrap();
    assert_near("the ELBO", bound.value(), evidence, 1e-13);
    let bare = log_joint_of_states(&model);
    let kl: f64 = joints
        .iter()
        .zip(bare)
        .map(|(joint, prior)| (joint - evidence).exp() * (joint - evidence - prior))
        .sum();
    assert_near("the KL", bound.kl, kl, 1e-13);
}

/// log p(z) of every path.
fn log_joint_of_states(model: &Parameters) -> Vec<f64> {
    paths().map(|path| log_joint(model, &[MISSING; 12], &path)).collect()
}

/// log p of counts whose shares are Dirichlet(α), in a given order.
fn ln_polya(alpha: &[f64], counts: &[f64]) -> f64 {
    let gain = |a: f64, n: f64| ln_gamma(a + n) - ln_gamma(a);
    let of_each: f64 = alpha.iter().zip(counts).map(|(&a, &n)| gain(a, n)).sum();
    of_each - gain(alpha.iter().sum(), counts.iter().sum())
}

fn dirichlet(shares: &Shares) -> &[f64] {
    let Shares::Dirichlet(alpha) = shares else { panic!("{shares:?}") };
    alpha
}

/// log p(x, z) of [`mixed_prior`], the parameters integrated out.
fn log_marginal(prior: &Prior, x: &[f64], path: &[usize]) -> f64 {
    let count = |of: &dyn Fn(usize) -> bool| (0..2).map(|k| f64::from(of(k))).collect::<Vec<_>>();
    let mut sum = ln_polya(dirichlet(&prior.initial), &count(&|k| path[0] == k));
    for (from, shares) in prior.transitions.iter().enumerate() {
        let mut counts = [0.0; 2];
        path.windows(2).filter(|pair| pair[0] == from).for_each(|pair| counts[pair[1]] += 1.0);
        sum += ln_polya(dirichlet(shares), &counts);
    }
    for (state, emissions) in prior.emission.iter().enumerate() {
        for (column, emission) in emissions.iter().enumerate() {
            let of_state = x.chunks(3).zip(path).filter(|(_, s)| **s == state);
            let values: Vec<f64> = of_state.map(|(row, _)| row[column]).filter(|x| !x.is_nan()).collect();
            let (n, total) = (values.len() as f64, values.iter().sum::<f64>());
            sum += match emission {
                Emission::Gaussian { mean, precision, shape, rate } => {
                    let squares: f64 = values.iter().map(|x| x * x).sum();
                    let (weight, after) = (precision + n, shape + 0.5 * n);
                    let centre = (precision * mean + total) / weight;
                    let spread = squares + precision * mean * mean - weight * centre * centre;
                    ln_gamma(after) - ln_gamma(*shape) + shape * rate.ln()
                        - after * (rate + 0.5 * spread).ln()
                        + 0.5 * (precision / weight).ln()
                        - 0.5 * n * std::f64::consts::TAU.ln()
                }
                Emission::Poisson { shape, rate } => {
                    let factorials: f64 = values.iter().map(|x| ln_gamma(x + 1.0)).sum();
                    ln_gamma(shape + total) - ln_gamma(*shape) + shape * rate.ln()
                        - (shape + total) * (rate + n).ln()
                        - factorials
                }
                Emission::Categorical(shares) => {
                    let mut counts = [0.0; 3];
                    for x in values {
                        counts[x as usize] += 1.0;
                    }
                    ln_polya(dirichlet(shares), &counts)
                }
                _ => panic!("{emission:?}"),
            };
        }
    }
    sum
}

/// E\[log p(x, z|θ)\] under q, by the closed forms of each family.
fn expected_log_joint(q: &Parameters, x: &[f64], path: &[usize]) -> f64 {
    let log_share =
        |shares: &Shares, k: usize| digamma(dirichlet(shares)[k]) - digamma(dirichlet(shares).iter().sum());
    let mut sum = log_share(&q.initial, path[0]);
    sum += path.windows(2).map(|pair| log_share(&q.transitions[pair[0]], pair[1])).sum::<f64>();
    for (row, &state) in x.chunks(3).zip(path) {
        for (&x, emission) in row.iter().zip(&q.emission[state]).filter(|(x, _)| !x.is_nan()) {
            sum += match emission {
                Emission::Gaussian { mean, precision, shape, rate } => {
                    let square = shape / rate * (x - mean).powi(2) + 1.0 / precision;
                    0.5 * (digamma(*shape) - rate.ln() - std::f64::consts::TAU.ln() - square)
                }
                Emission::Poisson { shape, rate } => {
                    x * (digamma(*shape) - rate.ln()) - shape / rate - ln_gamma(x + 1.0)
                }
                Emission::Categorical(shares) => log_share(shares, x as usize),
                _ => panic!("{emission:?}"),
            };
        }
    }
    sum
}

/// log p(θ) of known parameters under prior or posterior.
fn log_density(under: &Parameters, known: &Parameters) -> f64 {
    let of = |shares: &Shares, known: &Shares| {
        let Shares::Known(p) = known else { panic!("{known:?}") };
        Dirichlet::new(dirichlet(shares).to_vec()).unwrap().log_density(p)
    };
    let mut sum = of(&under.initial, &known.initial);
    sum += under.transitions.iter().zip(&known.transitions).map(|(a, b)| of(a, b)).sum::<f64>();
    for pair in under.emission.iter().flatten().zip(known.emission.iter().flatten()) {
        sum += match pair {
            (
                Emission::Gaussian { mean: m, precision, shape, rate },
                Emission::KnownGaussian { mean, sigma },
            ) => {
                let q = Gaussian::new(*m, sigma / precision.sqrt()).unwrap();
                q.log_density(mean) + Gamma::new(*shape, *rate).unwrap().log_density(&sigma.powi(-2))
            }
            (Emission::Poisson { shape, rate }, Emission::KnownPoisson { rate: lambda }) => {
                Gamma::new(*shape, *rate).unwrap().log_density(lambda)
            }
            (Emission::Categorical(a), Emission::Categorical(b)) => of(a, b),
            other => panic!("{other:?}"),
        };
    }
    sum
}

/// The bound by its definition, over every path and 20,000 draws of the parameters, P(|z| > 4.5) = 7e-6; and the exact
/// evidence above it.
#[test]
fn the_bound_by_its_definition() {
    let prior = mixed_prior();
    let joints: Vec<f64> = paths().map(|path| log_marginal(&prior, &MIXED, &path)).collect();
    let evidence = ln_sum_exp(&joints);
    let mut fit = Fit::new(&MIXED, &[4], prior.clone(), Start::Apart, Key::new(2)).unwrap();
    let bound = to_convergence(&mut fit).last();
    assert!(bound < evidence && bound > evidence - 2.0, "{bound} {evidence}");
    let q = fit.posterior();
    let logs: Vec<f64> = paths().map(|path| expected_log_joint(q, &MIXED, &path)).collect();
    let normaliser = ln_sum_exp(&logs);
    assert_near("the bound of the sequence", q.log_likelihood_bound(&MIXED).unwrap(), normaliser, 1e-12);
    let weights: Vec<f64> = logs.iter().map(|log| (log - normaliser).exp()).collect();
    let entropy: f64 = weights.iter().zip(&logs).map(|(w, log)| w * (normaliser - log)).sum();
    let values: Vec<f64> = (0..20_000)
        .map(|seed| {
            let known = q.draw(Key::new(seed)).unwrap();
            let joint: f64 =
                paths().zip(&weights).map(|(path, w)| w * log_joint(&known, &MIXED, &path)).sum();
            joint + entropy + log_density(&prior, &known) - log_density(q, &known)
        })
        .collect();
    z_test("the ELBO", &values, bound, 4.5);
}

#[track_caller]
fn z_test(what: &str, values: &[f64], expected: f64, limit: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let z = (mean - expected) / (variance / n).sqrt();
    assert!(z.abs() < limit, "{what}: mean {mean}, expected {expected}, z = {z}");
}

/// Seconds since 1970, within seconds: the origin of a column changes nothing.
#[test]
fn values_far_from_zero_lose_no_digits() {
    let mut noise = vec![0.0; 400];
    Key::new(5).normals(0, &mut noise);
    // Sums of these with the origin are exact.
    let x: Vec<f64> = noise.iter().map(|z| (z * 1024.0).round() / 1024.0).collect();
    let bound = |origin: f64| {
        let emission = Emission::Gaussian { mean: origin, precision: 0.1, shape: 1.0, rate: 0.1 };
        let x: Vec<f64> = x.iter().map(|x| x + origin).collect();
        let prior = Prior::exchangeable(3, 1.0, &[emission]);
        let mut fit = Fit::new(&x, &[300, 100], prior, Start::Apart, Key::new(1)).unwrap();
        to_convergence(&mut fit).last()
    };
    assert_near("the bound far from 0", bound(1.7e9), bound(0.0), 1e-8);
}

/// One count alone has the exact evidence of a negative binomial, and very different ones have an ascent.
#[test]
fn great_counts_lose_no_digits() {
    for x in [0.0, 1.0, 1e3, 1e6, 1e12, 9e15] {
        for (shape, rate) in [(1.0, 4e-12), (0.3, 2.0), (1e6, 1e-6)] {
            let prior = Prior::exchangeable(1, 1.0, &[Emission::Poisson { shape, rate }]);
            let x = [x];
            let mut fit = Fit::new(&x, &[1], prior, Start::Apart, Key::new(1)).unwrap();
            let exact = NegativeBinomial::new(shape / rate, shape).unwrap().log_density(&(x[0] as u64));
            assert_near(
                &format!("log p({x:?})"),
                to_convergence(&mut fit).last(),
                exact,
                1e-14 * exact.abs().max(100.0),
            );
        }
    }
    let prior = Prior::exchangeable(3, 1.0, &[Emission::Poisson { shape: 1.0, rate: 4e-12 }]);
    let x = [0.0, 1e12, 2.0, 1.0, 1e12 + 1e6, 3.0, 0.0];
    let mut fit = Fit::new(&x, &[7], prior, Start::Apart, Key::new(1)).unwrap();
    to_convergence(&mut fit);
    let path = fit.posterior().most_probable_path(&x).unwrap();
    assert!(path[1] == path[4] && [0, 2, 3, 5, 6].iter().all(|&t| path[t] != path[1]), "{path:?}");
}

/// A family of columns, missing one value in four, in sequences, under a random prior.
#[derive(Debug)]
struct Case {
    x: Vec<f64>,
    lengths: Vec<usize>,
    prior: Prior,
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (prop::collection::vec(1..9usize, 1..4), prop::collection::vec(0..3usize, 1..4), 1..5usize);
    (sizes, any::<u64>(), -3.0..3.0, prop::array::uniform4(-2.0..2.0)).prop_map(
        |((lengths, families, states), seed, log_scale, logs)| {
            let scale = 10f64.powf(log_scale);
            let [alpha, beta, gamma, concentration] = logs.map(f64::exp);
            let column = |family: &usize| match family {
                0 => Emission::Gaussian {
                    mean: scale,
                    precision: alpha,
                    shape: beta,
                    rate: gamma * scale * scale,
                },
                1 => Emission::Poisson { shape: alpha, rate: beta },
                _ => Emission::Categorical(Shares::Dirichlet(vec![alpha, beta, gamma])),
            };
            let columns: Vec<Emission> = families.iter().map(column).collect();
            let mut x = Vec::new();
            for row in 0..lengths.iter().sum::<usize>() {
                for (column, family) in families.iter().enumerate() {
                    let mut noise = [0.0; 2];
                    Key::new(seed).fold(column as u64).normals(row as u64, &mut noise);
                    let value = match family {
                        0 => scale * noise[0],
                        1 => (5.0 * noise[0].abs()).floor(),
                        _ => (noise[0].abs() * 2.0).floor().min(2.0),
                    };
                    x.push(if noise[1] > 0.67 { MISSING } else { value });
                }
            }
            Case { x, lengths, prior: Prior::exchangeable(states, concentration, &columns) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_update_lowers_the_bound(case in cases(), seed: u64) {
        let sweeps = Ascent { tolerance: 0.0, sweeps: 30 };
        for start in [Start::Random, Start::Apart] {
            let mut fit = Fit::new(&case.x, &case.lengths, case.prior.clone(), start, Key::new(seed)).unwrap();
            let bound = ascend(&mut fit, &sweeps, |_, _| {}).unwrap().last();
            prop_assert!(bound.is_finite());
            let mut annealed = fit;
            Annealing { from: 0.2, sweeps: 5 }.run(&mut annealed).unwrap();
            ascend(&mut annealed, &sweeps, |_, _| {}).unwrap();
            prop_assert!(annealed.posterior().next_state(&case.x).unwrap().iter().all(|p| p.is_finite()));
        }
    }
}

/// One state: the conjugate posterior at once, and the bound is the evidence.
#[test]
fn of_one_state_the_bound_is_the_evidence() {
    let columns = mixed_prior().emission[0].clone();
    let prior = Prior::exchangeable(1, 1.0, &columns);
    let mut fit = Fit::new(&MIXED, &[4], prior.clone(), Start::Random, Key::new(1)).unwrap();
    let two = Prior { emission: vec![columns; 2], ..mixed_prior() };
    // In one state all along, but for the probability of that path.
    let stay = log_marginal(&two, &MIXED, &[0; 4]) - log_marginal(&two, &[MISSING; 12], &[0; 4]);
    assert_near("the ELBO", to_convergence(&mut fit).last(), stay, 1e-12);
}

fn simulated() -> (Posterior, Vec<f64>, Vec<usize>, Vec<usize>) {
    let known =
        |mean, sigma, rate| vec![Emission::KnownGaussian { mean, sigma }, Emission::KnownPoisson { rate }];
    let truth = Posterior::try_from(Parameters {
        initial: Shares::Known(vec![0.2, 0.3, 0.5]),
        transitions: rows(&[0.9, 0.08, 0.02, 0.1, 0.7, 0.2, 0.05, 0.15, 0.8], 3),
        emission: vec![known(-3.0, 1.0, 2.0), known(0.0, 0.5, 5.0), known(3.0, 1.5, 1.0)],
    })
    .unwrap();
    let (mut x, mut path) = (Vec::new(), Vec::new());
    for sequence in 0..10 {
        let (states, rows) = truth.sample(400, Key::new(70).fold(sequence)).unwrap();
        path.extend(states);
        x.extend(rows);
    }
    for cell in (0..x.len()).step_by(17) {
        x[cell] = MISSING;
    }
    (truth, x, path, vec![400; 10])
}

/// 4,000 rows of three states: parameters within 5 standard errors of their own posteriors (P = 6e-7 each), and the
/// states almost always right.
#[test]
fn a_simulated_chain_is_recovered() {
    let (truth, x, path, lengths) = simulated();
    let columns = [
        Emission::Gaussian { mean: 0.0, precision: 0.01, shape: 0.5, rate: 0.5 },
        Emission::Poisson { shape: 0.5, rate: 0.1 },
    ];
    let prior = Prior::exchangeable(3, 1.0, &columns);
    let begin = |start| Fit::new(&x, &lengths, prior.clone(), Start::Apart, Key::new(start as u64));
    let best = best_of(3, begin, &Ascent::default(), |_, _, _| {}).unwrap();
    let q = best.model.posterior();
    let mean = |k: usize| q.emission[k][0].clone();
    let location = |k: usize| if let Emission::Gaussian { mean, .. } = mean(k) { mean } else { panic!() };
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| location(a).total_cmp(&location(b)));
    for (k, &state) in order.iter().enumerate() {
        let Emission::Gaussian { mean, precision, shape, rate } = q.emission[state][0] else { panic!() };
        let Emission::KnownGaussian { mean: true_mean, sigma } = truth.emission[k][0] else { panic!() };
        let sd = (rate / shape / precision).sqrt();
        assert_near("a mean", mean, true_mean, 5.0 * sd);
        assert_near("a precision", shape / rate * sigma * sigma, 1.0, 5.0 * 1.5 / shape.sqrt());
        let Emission::Poisson { shape, rate } = q.emission[state][1] else { panic!() };
        let Emission::KnownPoisson { rate: lambda } = truth.emission[k][1] else { panic!() };
        assert_near("a rate", shape / rate, lambda, 5.0 * 1.5 * shape.sqrt() / rate);
        for (l, &to) in order.iter().enumerate() {
            let p = truth.transitions[k].mean()[l];
            let n: f64 = dirichlet(&q.transitions[state]).iter().sum();
            let got = q.transitions[state].mean()[to];
            assert_near("a transition", got, p, 5.0 * 1.5 * (p * (1.0 - p) / n).sqrt());
        }
    }
    let mut right = 0;
    for (sequence, path) in x.chunks(800).zip(path.chunks(400)) {
        let found = q.most_probable_path(sequence).unwrap();
        right += found.iter().zip(path).filter(|(found, state)| **found == order[**state]).count();
    }
    assert!(right > 3800, "{right} of 4000");
}

/// One column, a value in five missing: no row of no value is a seed, so that every start tells the states apart.
#[test]
fn missing_rows_do_not_start_states() {
    let state = |row: usize| row / 10 % 3;
    let noise = crate::normals(5, 150);
    let x: Vec<f64> = (0..150)
        .map(|row| if row % 5 == 2 { MISSING } else { 100.0 * state(row) as f64 + noise[row] })
        .collect();
    let emission = Emission::Gaussian { mean: 100.0, precision: 1e-3, shape: 1.0, rate: 1.0 };
    let prior = Prior::exchangeable(3, 1.0, &[emission]);
    for seed in 0..40 {
        let mut fit = Fit::new(&x, &[150], prior.clone(), Start::Apart, Key::new(seed)).unwrap();
        ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
        let path = fit.posterior().most_probable_path(&x).unwrap();
        let of: Vec<usize> = (0..3).map(|k| path[10 * k]).collect();
        assert!(of[0] != of[1] && of[1] != of[2] && of[2] != of[0], "seed {seed}: {of:?}");
        assert!(path.iter().enumerate().all(|(row, &k)| k == of[state(row)]), "seed {seed}: {path:?}");
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let (_, x, _, _) = simulated();
    let columns = [
        Emission::Gaussian { mean: 0.0, precision: 0.01, shape: 0.5, rate: 0.5 },
        Emission::Poisson { shape: 0.5, rate: 0.1 },
    ];
    let fitted = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let prior = Prior::exchangeable(3, 1.0, &columns);
            let mut fit = Fit::new(&x, &[50; 80], prior, Start::Random, Key::new(3)).unwrap();
            Annealing { from: 0.3, sweeps: 3 }.run(&mut fit).unwrap();
            let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 5 }, |_, _| {}).unwrap();
            (record, fit.posterior().clone())
        })
    };
    assert_eq!(fitted(1), fitted(3));
}

/// Where products of probabilities underflow, and where a path is impossible.
#[test]
fn unlikely_and_impossible_observations() {
    let known = |mean: f64| vec![Emission::KnownGaussian { mean, sigma: 1e-3 }];
    // From left to right: no way back.
    let parameters = Parameters {
        initial: Shares::Known(vec![1.0, 0.0, 0.0]),
        transitions: rows(&[0.5, 0.5, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 1.0], 3),
        emission: vec![known(0.0), known(1.0), known(2.0)],
    };
    let model = Posterior::try_from(parameters.clone()).unwrap();
    // Each observation fits the wrong state 2,000 standard deviations better than any that can be: by hand the best path.
    let x = [2.0, 2.0, 0.0, 0.0];
    let smoothed = model.smoothed(&x).unwrap();
    assert!(smoothed.iter().all(|p| p.is_finite()));
    let normal = |x: f64, m: f64| Gaussian::new(m, 1e-3).unwrap().log_density(&x);
    let mut logs = Vec::new();
    for path in
        [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 0, 1, 2], [0, 1, 1, 1], [0, 1, 1, 2], [0, 1, 2, 2]]
    {
        let moves = path.windows(2).filter(|pair| pair[0] < 2).count() as f64;
        let fit: f64 = x.iter().zip(path).map(|(&x, k)| normal(x, f64::from(k))).sum();
        logs.push(fit - moves * 2f64.ln());
    }
    let bound = model.log_likelihood_bound(&x).unwrap();
    assert_near("log p(x)", bound / ln_sum_exp(&logs), 1.0, 1e-14);
    assert_eq!(model.most_probable_path(&x).unwrap(), [0, 1, 1, 1]);
    let coin = |p| vec![Emission::Categorical(Shares::Known(vec![p, 1.0 - p]))];
    let certain = Parameters { emission: vec![coin(1.0), coin(1.0), coin(0.0)], ..parameters };
    let sure = Posterior::try_from(certain.clone()).unwrap();
    assert!(sure.log_likelihood_bound(&[0.0, 0.0, 1.0]).unwrap() > -3.0);
    let error = sure.smoothed(&[0.0, 1.0, 1.0]).unwrap_err().to_string();
    assert!(
        error.contains("the log-likelihood of sequence 1 is -inf, but must be finite: no path"),
        "{error}"
    );
    let mut fit = Fit::new(&[0.0, 1.0], &[1, 1], certain, Start::Random, Key::new(1)).unwrap();
    assert!(fit.update(0).unwrap_err().to_string().contains("sequence 2"));
    // A long sequence, whose likelihood is far below the least number.
    let long = vec![0.7; 5000];
    assert!(model.log_likelihood_bound(&long).unwrap() < -1e6);
}

/// More states than rows, constant and duplicate columns, rows and columns of no value, one row: numbers all through.
#[test]
fn odd_data() {
    let gaussian = Emission::Gaussian { mean: 0.0, precision: 1e-6, shape: 1e-6, rate: 1e-6 };
    let fitted = |x: &[f64], lengths: &[usize], columns: usize, states: usize| {
        let prior = Prior::exchangeable(states, 1e-3, &vec![gaussian.clone(); columns]);
        let mut fit = Fit::new(x, lengths, prior, Start::Apart, Key::new(1)).unwrap();
        let record = ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
        let path = fit.posterior().smoothed(x).unwrap();
        assert!(record.last().is_finite() && path.iter().all(|p| p.is_finite()));
    };
    fitted(&[1.0, 2.0], &[2], 1, 5);
    fitted(&[7.0; 12], &[3, 3], 2, 3);
    fitted(&[1.0, MISSING, 2.0, MISSING, MISSING, MISSING], &[3], 2, 2);
    fitted(&[MISSING], &[1], 1, 2);
    fitted(&[1e-150, 2e-150, -1e-150, 5e-150], &[4], 1, 2);
    fitted(&[1e100, 2e100, -1e100, 5e100], &[4], 1, 2);
    let prior = Prior::exchangeable(2, 1.0, &[gaussian]);
    let huge = [1e200, -1e200, 1e200];
    let error = Fit::new(&huge, &[3], prior, Start::Apart, Key::new(1))
        .and_then(|mut fit| ascend(&mut fit, &Ascent::default(), |_, _| {}))
        .unwrap_err();
    assert!(error.to_string().contains("must be"), "{error}");
}

#[test]
fn wrong_input_is_named() {
    let prior = mixed_prior();
    let refuse = |x: &[f64], lengths: &[usize], prior: &Prior| {
        Fit::new(x, lengths, prior.clone(), Start::Random, Key::new(1)).unwrap_err().to_string()
    };
    assert!(refuse(&[0.0, f64::INFINITY, 0.0], &[1], &prior).contains("row 1, column 2 is inf"));
    assert!(refuse(&[0.0, 0.5, 0.0], &[1], &prior).contains("is 0.5, but must be a count, from 0 to 2⁵³"));
    assert!(
        refuse(&[0.0; 6].map(|_: f64| 3.0), &[2], &prior)
            .contains("column 3 is 3, but must be a class, from 0 to 2")
    );
    assert!(refuse(&[0.0; 6], &[3], &prior).contains("[3, 3]"));
    assert!(refuse(&[0.0; 6], &[2, 0], &prior).contains("the length of sequence 2 is 0"));
    let wrong = Prior { initial: Shares::Known(vec![0.5, 0.4]), ..prior.clone() };
    assert!(refuse(&MIXED, &[4], &wrong).contains("the initial probabilities is [0.5, 0.4]"));
    let wrong = Prior { transitions: prior.transitions[..1].to_vec(), ..prior.clone() };
    assert!(refuse(&MIXED, &[4], &wrong).contains("transition"));
    let mut wrong = prior.clone();
    wrong.emission[1].swap(0, 1);
    assert!(refuse(&MIXED, &[4], &wrong).contains("the family of column 1"));
    let wrong = Prior::exchangeable(2, 0.0, &prior.emission[0]);
    assert!(refuse(&MIXED, &[4], &wrong).contains("concentration"));
    let q = Posterior::try_from(prior).unwrap();
    assert!(q.next_log_density(&MIXED, &[1.0, 2.5, 0.0]).is_err());
    assert!(q.smoothed(&[0.0; 4]).is_err() && q.smoothed(&[]).is_err());
}

/// Unknown parameters integrated out: probabilities of the next row add up to 1.
#[test]
fn predictions_are_distributions() {
    let prior = mixed_prior();
    let mut fit = Fit::new(&MIXED, &[4], prior, Start::Apart, Key::new(2)).unwrap();
    to_convergence(&mut fit);
    let q = fit.posterior();
    let p = |row: [f64; 3]| q.next_log_density(&MIXED, &row).unwrap().exp();
    assert_near("counts", (0..400).map(|n| p([MISSING, f64::from(n), MISSING])).sum(), 1.0, 1e-9);
    assert_near("classes", (0..3).map(|c| p([MISSING, MISSING, f64::from(c)])).sum(), 1.0, 1e-12);
    let grid = (-40_000..40_000).map(|i| 0.005 * f64::from(i));
    assert_near("numbers", grid.map(|x| 0.005 * p([x, MISSING, MISSING])).sum(), 1.0, 1e-3);
    assert_near("nothing", p([MISSING; 3]), 1.0, 1e-12);
    // Draws: the first state's probability under the prior, 10,000 draws, P(|z| > 4.5) = 7e-6.
    let prior = Posterior::try_from(mixed_prior()).unwrap();
    let first = |seed| f64::from(prior.sample(2, Key::new(seed)).unwrap().0[0] as u32);
    z_test("the first state", &(0..10_000).map(first).collect::<Vec<_>>(), 0.6 / 1.9, 4.5);
    let count = |seed| prior.sample(1, Key::new(seed)).unwrap().1[1];
    z_test("the count", &(0..10_000).map(count).collect::<Vec<_>>(), 3.0, 4.5);
    let text = serde_json::to_string(q).unwrap();
    assert_eq!(&serde_json::from_str::<Posterior>(&text).unwrap(), q);
}

/// What is read is checked there: no sizes that disagree, no parameter out of its range.
#[test]
fn a_posterior_that_is_none_is_not_read() {
    let mut fit = Fit::new(&MIXED, &[4], mixed_prior(), Start::Apart, Key::new(2)).unwrap();
    to_convergence(&mut fit);
    let whole = serde_json::to_value(fit.posterior()).unwrap();
    let read = |value: Value| serde_json::from_value::<Posterior>(value);
    let broken = shortened(&whole, &[]);
    assert!(broken.len() >= 8);
    for (path, value) in broken {
        assert!(read(value).is_err(), "{path}");
    }
    let error = |path: &str, wrong: Value| {
        let mut value = whole.clone();
        *value.pointer_mut(path).unwrap() = wrong;
        read(value).unwrap_err().to_string()
    };
    assert!(error("/emission/1/0/gaussian/rate", json!(-1.0)).contains("rate is -1, but must be"));
    assert!(error("/emission/0/1/poisson/shape", json!(0.0)).contains("shape is 0, but must be"));
    assert!(error("/transitions/1/dirichlet/0", json!(-2.0)).contains("concentration is -2, but must be"));
    let wrong = error("/emission/1/1", json!({ "known-gaussian": { "mean": 0.0, "sigma": 1.0 } }));
    assert!(wrong.contains("the family of column 2"), "{wrong}");
}
