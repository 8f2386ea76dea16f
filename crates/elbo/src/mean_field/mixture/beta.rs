//! Bernoulli components: θ_kd ~ Beta(a₀, b₀). A missing cell is nothing.

use elbo_kernels::{
    Level,
    mixture::{Block, add_linear, linear},
};
use serde::{Deserialize, Serialize};

use super::components::{Components, Draw, Expectations};
use crate::{
    Error,
    distribution::{Beta, LogDensity, Sample, positive},
    divergence::KullbackLeibler,
    random::Key,
    special::digamma,
};

/// q(θ_k), of the chance that a cell is 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BetaBernoulli {
    pub(super) prior: [f64; 2],
    width: usize,
    /// a and b, `[K, D]` each.
    a: Vec<f64>,
    b: Vec<f64>,
    /// a/(a + b).
    mean: Vec<f64>,
}

impl BetaBernoulli {
    /// The prior, K times.
    pub(super) fn new(prior: [f64; 2], components: usize, width: usize) -> Result<Self, Error> {
        let [a, b] = prior;
        Beta::new(a, b)?;
        let all = |value: f64| vec![value; components * width];
        Ok(Self { prior, width, a: all(a), b: all(b), mean: all(a / (a + b)) })
    }

    /// (Σ r x, Σ r (1 − x)) of each cell of the parameters.
    fn counts<'a>(&'a self, statistics: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        statistics.chunks(2 * self.width).flat_map(|own| {
            let (count, ones) = own.split_at(self.width);
            // Rounding may leave a difference of −1e-17.
            count.iter().zip(ones).map(|(n, s)| (*s, (n - s).max(0.0)))
        })
    }

    /// E\[log θ\] and E\[log (1 − θ)\].
    fn expected_ln(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.a.iter().zip(&self.b).map(|(&a, &b)| {
            let total = digamma(a + b);
            (digamma(a) - total, digamma(b) - total)
        })
    }
}

impl Components for BetaBernoulli {
    fn check(&self) -> Result<(), Error> {
        if self.width == 0 || self.a.is_empty() {
            return Err(Error::invalid("the number of components and columns", 0, "must be at least 1"));
        }
        let size = self.number() * self.width;
        Error::check_shape(
            "q of the components",
            &[size; 3],
            &[self.a.len(), self.b.len(), self.mean.len()],
        )?;
        self.a.iter().chain(&self.b).try_for_each(|&x| positive("a or b of a component", x).map(|_| ()))
    }

    fn number(&self) -> usize {
        self.a.len() / self.width
    }

    fn size(&self) -> usize {
        2 * self.width
    }

    fn expectations(&self) -> Box<dyn Expectations + '_> {
        let (one, zero) = self.expected_ln().unzip();
        Box::new(Expected::new(self.width, one, zero))
    }

    fn set(&mut self, statistics: &[f64], _: &[f64]) -> Result<(), Error> {
        let [a, b] = self.prior;
        let (ones, zeros): (Vec<f64>, Vec<f64>) = self.counts(statistics).unzip();
        self.a = ones.iter().map(|n| a + n).collect();
        self.b = zeros.iter().map(|n| b + n).collect();
        self.mean = self.a.iter().zip(&self.b).map(|(a, b)| a / (a + b)).collect();
        Ok(())
    }

    fn log_likelihood(&self, statistics: &[f64], _: &[f64]) -> f64 {
        let terms = self.counts(statistics).zip(self.expected_ln());
        terms.map(|((ones, zeros), (one, zero))| ones * one + zeros * zero).sum()
    }

    fn kl(&self) -> f64 {
        let kl = || -> Result<f64, Error> {
            let p = Beta::new(self.prior[0], self.prior[1])?;
            self.a.iter().zip(&self.b).map(|(&a, &b)| Beta::new(a, b)?.kl(&p)).sum()
        };
        kl().unwrap_or(f64::NAN)
    }

    fn log_predictive(&self, component: usize, x: &[f64]) -> f64 {
        let seen = self.mean(component).iter().zip(x).filter(|(_, x)| !x.is_nan());
        seen.map(|(&p, &x)| if x > 0.5 { p.ln() } else { (-p).ln_1p() }).sum()
    }

    fn sample(&self, component: usize, key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let mut uniforms = vec![0.0; self.width];
        key.uniforms(row, &mut uniforms);
        let drawn = uniforms.iter().zip(self.mean(component));
        Ok(drawn.map(|(&u, &p)| f64::from(f64::from(u) < p)).collect())
    }

    fn mean(&self, component: usize) -> &[f64] {
        &self.mean[component * self.width..][..self.width]
    }

    fn draw(&self, key: Key, row: u64) -> Result<Draw, Error> {
        let p = Beta::new(self.prior[0], self.prior[1])?;
        let mut log_ratio = 0.0;
        let (mut one, mut zero) = (Vec::with_capacity(self.a.len()), Vec::with_capacity(self.a.len()));
        for (e, (&a, &b)) in self.a.iter().zip(&self.b).enumerate() {
            let q = Beta::new(a, b)?;
            let theta = q.sample(key.fold(e as u64), row);
            log_ratio += p.log_density(&theta) - q.log_density(&theta);
            one.push(theta.ln());
            zero.push((-theta).ln_1p());
        }
        // The same sums as those of expectations, of logarithms that are known.
        let known = Expected::new(self.width, one, zero);
        Ok(Draw { log_ratio, log_density: Box::new(move |x, out| known.log_densities_of_incomplete(x, out)) })
    }
}

/// E\[log p(x|θ_k)\] = Σ_d E\[log (1 − θ_kd)\] + x_d (E\[log θ_kd\] − E\[log (1 − θ_kd)\]).
struct Expected {
    width: usize,
    one: Vec<f64>,
    zero: Vec<f64>,
    slope: Vec<f64>,
}

impl Expected {
    fn new(width: usize, one: Vec<f64>, zero: Vec<f64>) -> Self {
        let slope = one.iter().zip(&zero).map(|(one, zero)| one - zero).collect();
        Self { width, one, zero, slope }
    }
}

impl Expectations for Expected {
    fn log_densities(&self, level: Level, x: &[Block], _: &mut [Block], out: &mut [Block]) {
        let own = self.slope.chunks(self.width).zip(self.zero.chunks(self.width));
        for (out, (slope, zero)) in out.iter_mut().zip(own) {
            linear(level, x, slope, zero.iter().sum(), out);
        }
    }

    fn add(
        &self,
        level: Level,
        x: &[Block],
        _: &[f64],
        r: &[Block],
        _: &mut [Block],
        statistics: &mut [f64],
    ) {
        for (r, statistics) in r.iter().zip(statistics.chunks_mut(2 * self.width)) {
            add_linear(level, x, r, statistics);
        }
    }

    fn log_densities_of_incomplete(&self, x: &[f64], out: &mut [f64]) {
        let own = self.one.chunks(self.width).zip(self.zero.chunks(self.width));
        for (out, (one, zero)) in out.iter_mut().zip(own) {
            let terms = one.iter().zip(zero).zip(x).filter(|(_, x)| !x.is_nan());
            *out = terms.map(|((one, zero), &x)| if x > 0.5 { one } else { zero }).sum();
        }
    }

    fn add_incomplete(&self, x: &[f64], _: &[f64], r: &[f64], statistics: &mut [f64]) -> f64 {
        for (&r, own) in r.iter().zip(statistics.chunks_mut(2 * self.width)) {
            for (d, &x) in x.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                own[d] += r;
                own[self.width + d] += r * x;
            }
        }
        0.0
    }
}
