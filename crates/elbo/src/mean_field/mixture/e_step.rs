//! The pass over rows: q(z_n = k) = r_nk ∝ exp(E\[log π_k\] + E\[log p(x_n|θ_k)\]), and the statistics that r weighs.

use std::ops::Range;

use elbo_kernels::{
    Level,
    mixture::{Block, ROWS, responsibilities},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::components::Expectations;

/// Parts of the rows, whose sums are added in order: bits do not depend on the number of threads.
const PARTS: usize = 64;

/// Numbers of the sums up to which those of all parts are held at once.
const HELD: usize = 1 << 16;

/// Sums over rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Those of the components, `[K, size]`.
    pub(super) statistics: Vec<f64>,
    /// Σ r of each component.
    pub(super) counts: Vec<f64>,
    /// The entropy of q(z).
    pub(super) entropy: f64,
    /// The entropy of what is missing.
    pub(super) missing: f64,
}

impl Sums {
    pub(super) fn new(components: usize, size: usize) -> Self {
        Self {
            statistics: vec![0.0; components * size],
            counts: vec![0.0; components],
            entropy: 0.0,
            missing: 0.0,
        }
    }

    /// self ← `keep` self + `weight` other.
    pub(super) fn blend(&mut self, keep: f64, weight: f64, other: &Self) {
        let blend = |a: &mut [f64], b: &[f64]| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a = keep * *a + weight * b);
        };
        blend(&mut self.statistics, &other.statistics);
        blend(&mut self.counts, &other.counts);
        self.entropy = keep * self.entropy + weight * other.entropy;
        self.missing = keep * self.missing + weight * other.missing;
    }
}

/// How rows get their responsibilities.
#[derive(Clone, Copy)]
pub(super) enum Assign<'a> {
    /// By the components and E\[log π\], tempered by β.
    Optimally { ln_weights: &'a [f64], inverse_temperature: f64 },
    /// One component for each row of the matrix.
    Labels(&'a [u32]),
}

/// Rows of a matrix `[_, D]`: those of `index`, or all.
#[derive(Clone, Copy)]
pub(super) struct Chosen<'a> {
    pub(super) x: &'a [f64],
    pub(super) width: usize,
    pub(super) index: Option<&'a [usize]>,
    /// How many rows each stands for; one, where there are none.
    pub(super) weights: Option<&'a [f64]>,
}

impl<'a> Chosen<'a> {
    pub(super) fn len(&self) -> usize {
        self.index.map_or(self.x.len() / self.width, <[usize]>::len)
    }

    /// How many rows the i-th row chosen stands for.
    fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[self.row(i).0])
    }

    /// The number in the matrix of the i-th row chosen, and the row.
    fn row(&self, i: usize) -> (usize, &'a [f64]) {
        let row = self.index.map_or(i, |index| index[i]);
        (row, &self.x[row * self.width..][..self.width])
    }
}

/// The sums over the rows chosen.
pub(super) fn sums(
    rows: Chosen<'_>,
    expectations: &dyn Expectations,
    assign: Assign<'_>,
    origins: &[f64],
    empty: &Sums,
) -> Sums {
    let part = rows.len().div_ceil(PARTS).next_multiple_of(ROWS);
    let parts: Vec<usize> = (0..rows.len().div_ceil(part.max(1))).collect();
    let of = |&p: &usize| {
        let mut pass = Pass::new(rows, expectations, assign, origins, empty.clone());
        pass.run(p * part..rows.len().min((p + 1) * part), |_, _, _| {});
        pass.sums
    };
    let mut total = empty.clone();
    // Sums of matrices are large: then only as many are held at once as there are threads.
    let round = if empty.statistics.len() > HELD { rayon::current_num_threads() } else { PARTS };
    for round in parts.chunks(round) {
        let sums: Vec<Sums> = round.par_iter().map(of).collect();
        for part in &sums {
            total.blend(1.0, 1.0, part);
        }
    }
    total
}

/// r of each row chosen, `[rows, K]`.
pub(super) fn responsibilities_of(
    rows: Chosen<'_>,
    expectations: &dyn Expectations,
    assign: Assign<'_>,
    origins: &[f64],
    empty: &Sums,
) -> Vec<f64> {
    let components = empty.counts.len();
    let mut out = vec![0.0; rows.len() * components];
    out.par_chunks_mut(ROWS * components).enumerate().for_each(|(block, out)| {
        let mut pass = Pass::new(rows, expectations, assign, origins, empty.clone());
        let first = block * ROWS;
        pass.run(first..first + out.len() / components, |i, k, r| out[(i - first) * components + k] = r);
    });
    out
}

/// One thread's way through some rows.
struct Pass<'a> {
    rows: Chosen<'a>,
    expectations: &'a dyn Expectations,
    assign: Assign<'a>,
    origins: &'a [f64],
    level: Level,
    sums: Sums,
    /// A block: its columns, and which rows its lanes hold.
    x: Vec<Block>,
    held: Vec<usize>,
    room: Vec<Block>,
    r: Vec<Block>,
    one: Vec<f64>,
}

impl<'a> Pass<'a> {
    fn new(
        rows: Chosen<'a>,
        expectations: &'a dyn Expectations,
        assign: Assign<'a>,
        origins: &'a [f64],
        sums: Sums,
    ) -> Self {
        let components = sums.counts.len();
        Self {
            rows,
            expectations,
            assign,
            origins,
            level: Level::best(),
            sums,
            x: vec![[0.0; ROWS]; rows.width],
            held: Vec::with_capacity(ROWS),
            room: vec![[0.0; ROWS]; rows.width],
            r: vec![[0.0; ROWS]; components],
            one: vec![0.0; components],
        }
    }

    /// Goes through the rows of these numbers among those chosen; `tell` is given the number, k and r.
    fn run(&mut self, range: Range<usize>, mut tell: impl FnMut(usize, usize, f64)) {
        for i in range {
            let (_, row) = self.rows.row(i);
            if row.iter().any(|x| x.is_nan()) {
                self.incomplete(i);
                self.one.iter().enumerate().for_each(|(k, &r)| tell(i, k, r));
                continue;
            }
            let lane = self.held.len();
            self.held.push(i);
            self.x.iter_mut().zip(row).for_each(|(column, &x)| column[lane] = x);
            if self.held.len() == ROWS {
                self.block(&mut tell);
            }
        }
        if !self.held.is_empty() {
            self.block(&mut tell);
        }
    }

    fn block(&mut self, tell: &mut impl FnMut(usize, usize, f64)) {
        let mut entropy = [0.0; ROWS];
        match self.assign {
            Assign::Optimally { ln_weights, inverse_temperature } => {
                self.expectations.log_densities(self.level, &self.x, &mut self.room, &mut self.r);
                for (r, ln_weight) in self.r.iter_mut().zip(ln_weights) {
                    for r in r {
                        *r = inverse_temperature * (*r + ln_weight);
                    }
                }
                responsibilities(self.level, &mut self.r, &mut entropy);
            }
            Assign::Labels(labels) => {
                self.r.fill([0.0; ROWS]);
                for (lane, &i) in self.held.iter().enumerate() {
                    self.r[labels[self.rows.row(i).0] as usize][lane] = 1.0;
                }
            }
        }
        let live = self.held.len();
        if self.rows.weights.is_some() {
            for (lane, &i) in self.held.iter().enumerate() {
                let weight = self.rows.weight(i);
                self.r.iter_mut().for_each(|r| r[lane] *= weight);
                entropy[lane] *= weight;
            }
        }
        for (r, count) in self.r.iter_mut().zip(&mut self.sums.counts) {
            r[live..].fill(0.0);
            *count += r.iter().sum::<f64>();
        }
        self.sums.entropy += entropy[..live].iter().sum::<f64>();
        self.expectations.add(
            self.level,
            &self.x,
            self.origins,
            &self.r,
            &mut self.room,
            &mut self.sums.statistics,
        );
        for (lane, i) in self.held.drain(..).enumerate() {
            self.r.iter().enumerate().for_each(|(k, r)| tell(i, k, r[lane]));
        }
    }

    fn incomplete(&mut self, i: usize) {
        let ((number, row), weight) = (self.rows.row(i), self.rows.weight(i));
        match self.assign {
            Assign::Optimally { ln_weights, inverse_temperature } => {
                self.expectations.log_densities_of_incomplete(row, &mut self.one);
                let mut greatest = f64::NEG_INFINITY;
                for (r, ln_weight) in self.one.iter_mut().zip(ln_weights) {
                    *r = inverse_temperature * (*r + ln_weight);
                    greatest = greatest.max(*r);
                }
                if greatest == f64::NEG_INFINITY {
                    self.one.fill(0.0);
                    greatest = 0.0;
                }
                let total: f64 = self.one.iter().map(|r| libm::exp(r - greatest)).sum();
                let ln_total = greatest + libm::log(total);
                for r in &mut self.one {
                    let ln = *r - ln_total;
                    *r = weight * libm::exp(ln);
                    self.sums.entropy -= if *r > 0.0 { *r * ln } else { 0.0 };
                }
            }
            Assign::Labels(labels) => {
                self.one.fill(0.0);
                self.one[labels[number] as usize] = weight;
            }
        }
        self.sums.counts.iter_mut().zip(&self.one).for_each(|(count, r)| *count += r);
        let statistics = &mut self.sums.statistics;
        self.sums.missing += self.expectations.add_incomplete(row, self.origins, &self.one, statistics);
    }
}
