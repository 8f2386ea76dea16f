//! Forward and backward over a chain of K states, in logarithms.
//!
//! log α_t(j) = b_t(j) + log Σ_i α_{t−1}(i) A_ij and log β_t(i) = log Σ_j A_ij e^{b_{t+1}(j)} β_{t+1}(j): with
//! b_t(k) = log p(x_t|k), p(z_t = k|x) ∝ α_t(k) β_t(k), and p(x) = Σ_k α_T(k) (Rabiner 1989). A need not be normalised, as
//! exp E\[log A\] is not.

use crate::special::ln_sum_exp;

/// Below this a sum of products may have lost terms to underflow, and is made again in logarithms.
const TINY: f64 = 1e-280;

/// The logarithms of the initial and transition probabilities.
pub(super) struct Chain {
    log_initial: Vec<f64>,
    forward: Transitions,
    backward: Transitions,
}

/// What a sequence says of its states.
pub(super) struct Smoothed {
    /// log p(x), −∞ where no path is possible: all else is then 0.
    pub(super) log_likelihood: f64,
    /// p(z_t = k|x), `[T, K]`.
    pub(super) marginals: Vec<f64>,
    /// Σ_t p(z_t = i, z_{t+1} = j|x), `[K, K]`.
    pub(super) transitions: Vec<f64>,
    /// E\[log p(z|x)\].
    pub(super) negative_entropy: f64,
}

impl Chain {
    /// Of log π, `[K]`, and log A, `[K, K]`, a row for each state that is left.
    pub(super) fn new(log_initial: Vec<f64>, log_transitions: Vec<f64>) -> Self {
        let k = log_initial.len();
        let transposed = (0..k * k).map(|c| log_transitions[c % k * k + c / k]).collect();
        Self {
            log_initial,
            forward: Transitions::new(log_transitions),
            backward: Transitions::new(transposed),
        }
    }

    /// log α, `[T, K]`, from b, `[T, K]`.
    pub(super) fn filter(&self, emissions: &[f64]) -> Vec<f64> {
        let k = self.log_initial.len();
        let mut alpha = vec![0.0; emissions.len()];
        let mut into = self.log_initial.clone();
        for (t, b) in emissions.chunks(k).enumerate() {
            let (before, here) = alpha.split_at_mut(t * k);
            if t > 0 {
                self.forward.carry(&before[(t - 1) * k..], &mut into);
            }
            for j in 0..k {
                here[j] = into[j] + b[j];
            }
        }
        alpha
    }

    /// The states given b, `[T, K]`.
    pub(super) fn smooth(&self, emissions: &[f64]) -> Smoothed {
        let k = self.log_initial.len();
        let steps = emissions.len() / k;
        let mut marginals = self.filter(emissions);
        let log_likelihood = ln_sum_exp(&marginals[(steps - 1) * k..]);
        let mut transitions = vec![0.0; k * k];
        if log_likelihood == f64::NEG_INFINITY {
            marginals.fill(0.0);
            return Smoothed { log_likelihood, marginals, transitions, negative_entropy: 0.0 };
        }
        // log β_t, and what is carried back to it: b_{t+1} + log β_{t+1}.
        let (mut beta, mut back) = (vec![0.0; k], vec![0.0; k]);
        for t in (0..steps).rev() {
            let alpha = &mut marginals[t * k..(t + 1) * k];
            if t + 1 < steps {
                self.forward.count(alpha, &back, log_likelihood, &mut transitions);
                self.backward.carry(&back, &mut beta);
            }
            for j in 0..k {
                back[j] = emissions[t * k + j] + beta[j];
                alpha[j] = libm::exp(alpha[j] + beta[j] - log_likelihood);
            }
            let total: f64 = alpha.iter().sum();
            for p in alpha {
                *p /= total;
            }
        }
        let expected = weigh(&marginals[..k], &self.log_initial)
            + weigh(&transitions, &self.forward.log)
            + weigh(&marginals, emissions);
        Smoothed { log_likelihood, marginals, transitions, negative_entropy: expected - log_likelihood }
    }

    /// The most probable path given b, `[T, K]`, by Viterbi's algorithm: of equally probable states the first.
    pub(super) fn most_probable_path(&self, emissions: &[f64]) -> Vec<usize> {
        let k = self.log_initial.len();
        let steps = emissions.len() / k;
        let mut best: Vec<f64> = self.log_initial.iter().zip(emissions).map(|(p, b)| p + b).collect();
        let mut from = vec![0; steps * k];
        for t in 1..steps {
            let into: Vec<(usize, f64)> =
                (0..k).map(|j| greatest((0..k).map(|i| best[i] + self.forward.log[i * k + j]))).collect();
            for (j, (i, value)) in into.into_iter().enumerate() {
                from[t * k + j] = i;
                best[j] = value + emissions[t * k + j];
            }
        }
        let mut path = vec![greatest(best.into_iter()).0; steps];
        for t in (1..steps).rev() {
            path[t - 1] = from[t * k + path[t]];
        }
        path
    }
}

/// A matrix of probabilities, and of their logarithms.
struct Transitions {
    log: Vec<f64>,
    probability: Vec<f64>,
}

impl Transitions {
    fn new(log: Vec<f64>) -> Self {
        Self { probability: log.iter().map(|&l| libm::exp(l)).collect(), log }
    }

    /// log Σ_i e^{from_i} A_ij of each j: one product with A, and only what underflows in it by itself.
    fn carry(&self, from: &[f64], into: &mut [f64]) {
        let k = from.len();
        let (_, top) = greatest(from.iter().copied());
        if top == f64::NEG_INFINITY {
            return into.fill(top);
        }
        into.fill(0.0);
        for (i, from) in from.iter().enumerate() {
            let weight = libm::exp(from - top);
            for (into, a) in into.iter_mut().zip(&self.probability[i * k..]) {
                *into += weight * a;
            }
        }
        for (j, into) in into.iter_mut().enumerate() {
            *into = if *into > TINY {
                top + libm::log(*into)
            } else {
                ln_sum_exp(&(0..k).map(|i| from[i] + self.log[i * k + j]).collect::<Vec<_>>())
            };
        }
    }

    /// Adds e^{from_i} A_ij e^{back_j} / p(x), the probability of each transition.
    fn count(&self, from: &[f64], back: &[f64], log_likelihood: f64, counts: &mut [f64]) {
        let k = from.len();
        let ((_, top), (_, top_back)) = (greatest(from.iter().copied()), greatest(back.iter().copied()));
        let scale = top + top_back - log_likelihood;
        if scale > -TINY.ln() {
            // The likeliest from and the likeliest back do not meet: products would underflow.
            for (cell, count) in counts.iter_mut().enumerate() {
                *count += libm::exp(from[cell / k] + self.log[cell] + back[cell % k] - log_likelihood);
            }
            return;
        }
        let weights: Vec<f64> = back.iter().map(|b| libm::exp(b - top_back)).collect();
        for (i, from) in from.iter().enumerate() {
            let weight = libm::exp(from - top) * libm::exp(scale);
            for j in 0..k {
                counts[i * k + j] += weight * self.probability[i * k + j] * weights[j];
            }
        }
    }
}

/// The first of the greatest values, and where it stands.
fn greatest(values: impl Iterator<Item = f64>) -> (usize, f64) {
    let first = (0, f64::NEG_INFINITY);
    values.enumerate().fold(first, |best, value| if value.1 > best.1 { value } else { best })
}

/// Σ w l, where what has no weight may be −∞.
fn weigh(weights: &[f64], logs: &[f64]) -> f64 {
    weights.iter().zip(logs).filter(|(w, _)| **w != 0.0).map(|(w, l)| w * l).sum()
}
