//! Bernoulli components: θ_kd ~ Beta(a₀, b₀). A missing cell is nothing.

use elbo_kernels::{
    Level,
    mixture::{Block, add_linear, linear},
};
use serde::{Deserialize, Serialize};

use super::components::{Components, Draw, Expectations};
use crate::{
    Error,
    conjugate::{BernoulliExpectations, Conjugate, Expectations as _, Tally},
    distribution::{Beta, LogDensity, Sample},
    divergence::KullbackLeibler,
    random::Key,
};

/// q(θ_k), of the chance that a cell is 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised", into = "Serialised")]
pub(super) struct Bernoullis {
    prior: Beta,
    width: usize,
    /// `[K, D]`.
    q: Vec<Beta>,
    /// a/(a + b).
    mean: Vec<f64>,
}

/// As in a file.
#[derive(Serialize, Deserialize)]
struct Serialised {
    prior: [f64; 2],
    width: usize,
    a: Vec<f64>,
    b: Vec<f64>,
}

impl TryFrom<Serialised> for Bernoullis {
    type Error = Error;

    fn try_from(Serialised { prior: [a0, b0], width, a, b }: Serialised) -> Result<Self, Error> {
        if width == 0 || a.is_empty() || !a.len().is_multiple_of(width) {
            let (what, expected) = ("a of the components".into(), vec![width.max(1)]);
            return Err(Error::Shape { what, expected, got: vec![a.len()] });
        }
        Error::check_shape("b of the components", &[a.len()], &[b.len()])?;
        let beta = |(e, (&a, &b)): (usize, (&f64, &f64))| {
            Beta::new(a, b).map_err(|error| error.within(&format!("component {}", e / width + 1)))
        };
        let q = a.iter().zip(&b).enumerate().map(beta).collect::<Result<_, _>>()?;
        Ok(Self::of(Beta::new(a0, b0)?, width, q))
    }
}

impl From<Bernoullis> for Serialised {
    fn from(of: Bernoullis) -> Self {
        let (a, b) = of.q.iter().map(|q| (q.a(), q.b())).unzip();
        Self { prior: [of.prior.a(), of.prior.b()], width: of.width, a, b }
    }
}

impl Bernoullis {
    /// The prior, K times.
    pub(super) fn new([a, b]: [f64; 2], components: usize, width: usize) -> Result<Self, Error> {
        let prior = Beta::new(a, b)?;
        Ok(Self::of(prior, width, vec![prior; components * width]))
    }

    fn of(prior: Beta, width: usize, q: Vec<Beta>) -> Self {
        let mean = q.iter().map(|q| q.a() / (q.a() + q.b())).collect();
        Self { prior, width, q, mean }
    }

    /// Of each cell of the parameters.
    fn tallies<'a>(&'a self, statistics: &'a [f64]) -> impl Iterator<Item = Tally> + 'a {
        statistics.chunks(2 * self.width).flat_map(|own| {
            let (count, ones) = own.split_at(self.width);
            // Rounding may leave a difference of −1e-17.
            count.iter().zip(ones).map(|(n, s)| Tally { ones: *s, zeros: (n - s).max(0.0) })
        })
    }
}

impl Components for Bernoullis {
    fn number(&self) -> usize {
        self.q.len() / self.width
    }

    fn size(&self) -> usize {
        2 * self.width
    }

    fn expectations(&self) -> Box<dyn Expectations + '_> {
        let of = |q: &Beta| {
            let BernoulliExpectations { one, zero } = q.expectations();
            (one, zero)
        };
        let (one, zero) = self.q.iter().map(of).unzip();
        Box::new(Expected::new(self.width, one, zero))
    }

    fn set(&mut self, statistics: &[f64], _: &[f64]) -> Result<(), Error> {
        let q = self.tallies(statistics).map(|of| self.prior.updated(&of)).collect::<Result<_, _>>()?;
        *self = Self::of(self.prior, self.width, q);
        Ok(())
    }

    fn log_likelihood(&self, statistics: &[f64], _: &[f64]) -> f64 {
        self.tallies(statistics).zip(&self.q).map(|(of, q)| q.expectations().log_likelihood(&of)).sum()
    }

    fn kl(&self) -> Result<f64, Error> {
        self.q.iter().map(|q| q.kl(&self.prior)).sum()
    }

    fn log_predictive(&self, component: usize, x: &[f64]) -> f64 {
        let own = &self.q[component * self.width..];
        own.iter().zip(x).map(|(q, x)| q.log_predictive(x)).sum()
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

    fn covariance(&self, _: usize, _: [usize; 2]) -> Option<f64> {
        None
    }

    fn draw(&self, key: Key, row: u64) -> Result<Draw, Error> {
        let mut log_ratio = 0.0;
        let (mut one, mut zero) = (Vec::with_capacity(self.q.len()), Vec::with_capacity(self.q.len()));
        for (e, q) in self.q.iter().enumerate() {
            let theta = q.sample(key.fold(e as u64), row);
            log_ratio += self.prior.log_density(&theta) - q.log_density(&theta);
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
