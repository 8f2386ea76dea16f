//! A pairwise Markov random field, p(s) = exp(Σ_i u_i(s_i) + Σ_ij w_ij(s_i, s_j))/Z, by naive mean field q(s) = Π_i q_i(s_i).
//!
//! log Z ≥ Σ_i E\[u_i\] + Σ_ij E\[w_ij\] + H(q), and q_i(s) ∝ exp(u_i(s) + Σ_j E\[w_ij(s, s_j)\]). Sites that share no edge
//! are updated together: a field is coloured, and a colour is a factor. Source: Wainwright and Jordan (2008), section 5.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Annealed, MeanField, Resumable};
use crate::{
    Error,
    check::{self, checked},
    distribution::cholesky::dot,
    random::{Key, Purpose},
    special::ln_sum_exp,
    terms::Bound,
};

/// The most configurations that are enumerated.
const CONFIGURATIONS: usize = 1 << 20;

/// Sites that a thread takes at a time.
const SITES: usize = 256;

checked! {
    /// The log-potentials of a field, all finite. It stands for prior and data.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Field {
        /// u_i of each state of each site: each site has states of its own.
        pub unary: Vec<Vec<f64>>,
        /// The pairs of sites that have a potential.
        pub edges: Vec<Edge>,
    }
}

/// The log-potential of a pair of sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// i and j, from 0.
    pub sites: [usize; 2],
    /// w_ij(s_i, s_j), a row for each state of i.
    pub potential: Vec<f64>,
}

/// log Z and the marginals of a field, by enumeration.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// log Z, in nats.
    pub log_partition: f64,
    /// p(s_i) of each site.
    pub marginals: Vec<Vec<f64>>,
}

/// Π_i q_i(s_i).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised")]
#[non_exhaustive]
pub struct Posterior {
    /// q_i of each site.
    pub marginals: Vec<Vec<f64>>,
}

/// As in a file.
#[derive(Deserialize)]
struct Serialised {
    marginals: Vec<Vec<f64>>,
}

impl TryFrom<Serialised> for Posterior {
    type Error = Error;

    fn try_from(Serialised { marginals }: Serialised) -> Result<Self, Error> {
        for (site, q) in marginals.iter().enumerate() {
            check::probabilities(&format!("q of site {site}"), q)?;
        }
        Ok(Self { marginals })
    }
}

impl Field {
    fn check(&self) -> Result<(), Error> {
        check::at_least("the number of sites", self.unary.len(), 1)?;
        for (site, u) in self.unary.iter().enumerate() {
            check::at_least(&format!("the number of states of site {site}"), u.len(), 1)?;
            check::each_finite(&format!("a potential of site {site}"), u)?;
        }
        for (number, Edge { sites: [i, j], potential }) in self.edges.iter().enumerate() {
            let (what, end) = (format!("the potential of edge {number}"), format!("an end of edge {number}"));
            check::index(&end, *i.max(j), self.unary.len(), "sites")?;
            if i == j {
                return Err(Error::Repeated { what: end, name: format!("site {i}") });
            }
            let expected = vec![self.unary[*i].len(), self.unary[*j].len()];
            if potential.len() != expected[0] * expected[1] {
                return Err(Error::Shape { what, expected, got: vec![potential.len()] });
            }
            check::each_finite(&what, potential)?;
        }
        Ok(())
    }

    /// log Z and all marginals, exactly: for fields of at most 2²⁰ configurations, 20 sites of two states.
    ///
    /// # Errors
    /// Where a potential is none, or there are more configurations.
    pub fn enumerate(&self) -> Result<Exact, Error> {
        self.check()?;
        let sizes = self.unary.iter().map(Vec::len);
        let count = sizes.clone().fold(1, usize::saturating_mul);
        check::at_most("the number of configurations", count, CONFIGURATIONS, "2²⁰")?;
        let log_potentials: Vec<f64> =
            (0..count).map(|c| self.log_potential(&self.configuration(c))).collect();
        let log_partition = ln_sum_exp(&log_potentials);
        let mut marginals: Vec<Vec<f64>> = sizes.map(|k| vec![0.0; k]).collect();
        for (c, value) in log_potentials.iter().enumerate() {
            let p = (value - log_partition).exp();
            self.configuration(c).into_iter().zip(&mut marginals).for_each(|(s, marginal)| marginal[s] += p);
        }
        Ok(Exact { log_partition, marginals })
    }

    /// The states of configuration number `number`, in which the first site moves fastest.
    fn configuration(&self, mut number: usize) -> Vec<usize> {
        let state = |u: &Vec<f64>| {
            let state = number % u.len();
            number /= u.len();
            state
        };
        self.unary.iter().map(state).collect()
    }

    /// log p(s) + log Z of a configuration.
    fn log_potential(&self, states: &[usize]) -> f64 {
        let unary: f64 = self.unary.iter().zip(states).map(|(u, &s)| u[s]).sum();
        let pair = |Edge { sites: [i, j], potential }: &Edge| {
            potential[states[*i] * self.unary[*j].len() + states[*j]]
        };
        unary + self.edges.iter().map(pair).sum::<f64>()
    }
}

impl Posterior {
    /// The likeliest state of each site; of equally likely ones the first.
    pub fn most_probable(&self) -> Vec<usize> {
        let best = |q: &Vec<f64>| (1..q.len()).fold(0, |best, s| if q[s] > q[best] { s } else { best });
        self.marginals.iter().map(best).collect()
    }

    /// A state of each site, drawn from q.
    pub fn sample(&self, key: Key) -> Vec<usize> {
        let key = key.purpose(Purpose::Sample);
        self.marginals.iter().enumerate().map(|(site, q)| key.choose(site as u64, q)).collect()
    }
}

/// A fit to a field.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    field: &'a Field,
    /// The edges of each site.
    edges: Vec<Vec<&'a Edge>>,
    /// The sites of each colour.
    colours: Vec<Vec<usize>>,
    posterior: Posterior,
    inverse_temperature: f64,
}

impl<'a> Fit<'a> {
    /// From uniform marginals: which is already a fixed point where the potentials have a symmetry that is to break.
    ///
    /// # Errors
    /// Where a potential is not finite, or an edge does not fit its sites.
    pub fn new(field: &'a Field) -> Result<Self, Error> {
        let uniform = |u: &Vec<f64>| vec![(u.len() as f64).recip(); u.len()];
        Self::from(field, |_, u| uniform(u))
    }

    /// From marginals drawn uniformly from the simplex of each site.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn random(field: &'a Field, key: Key) -> Result<Self, Error> {
        let key = key.purpose(Purpose::Initialise);
        Self::from(field, |site, u| {
            let mut uniforms = vec![0.0; u.len()];
            key.uniforms(site as u64, &mut uniforms);
            // −log U is exponential, and exponentials over their sum are flat Dirichlet.
            let parts: Vec<f64> = uniforms.iter().map(|&u| -libm::log(f64::from(u))).collect();
            let total: f64 = parts.iter().sum();
            parts.iter().map(|part| part / total).collect()
        })
    }

    fn from(field: &'a Field, start: impl Fn(usize, &Vec<f64>) -> Vec<f64>) -> Result<Self, Error> {
        field.check()?;
        let mut edges = vec![Vec::new(); field.unary.len()];
        for edge in &field.edges {
            edge.sites.iter().for_each(|&site| edges[site].push(edge));
        }
        let marginals = field.unary.iter().enumerate().map(|(site, u)| start(site, u)).collect();
        let posterior = Posterior { marginals };
        Ok(Self { field, colours: colours(&edges), edges, posterior, inverse_temperature: 1.0 })
    }

    /// The factors.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// q_i at its optimum.
    fn optimum(&self, site: usize) -> Vec<f64> {
        let q = &self.posterior.marginals;
        let mut logits = self.field.unary[site].clone();
        for Edge { sites: [i, j], potential } in self.edges[site].iter().copied() {
            let columns = q[*j].len();
            if site == *i {
                let rows = potential.chunks(columns);
                logits.iter_mut().zip(rows).for_each(|(logit, row)| *logit += dot(row, &q[*j]));
            } else {
                for (row, q) in potential.chunks(columns).zip(&q[*i]) {
                    logits.iter_mut().zip(row).for_each(|(logit, w)| *logit += q * w);
                }
            }
        }
        let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = |logit: &f64| libm::exp(self.inverse_temperature * (logit - greatest));
        let weights: Vec<f64> = logits.iter().map(weight).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }
}

/// Sites by the first colour that none of their neighbours has (greedy colouring).
fn colours(edges: &[Vec<&Edge>]) -> Vec<Vec<usize>> {
    let mut of_site = vec![usize::MAX; edges.len()];
    let mut colours: Vec<Vec<usize>> = Vec::new();
    for (site, edges) in edges.iter().enumerate() {
        let taken: Vec<usize> =
            edges.iter().flat_map(|edge| edge.sites).map(|other| of_site[other]).collect();
        let colour = (0..=edges.len())
            .find(|colour| !taken.contains(colour))
            .expect("there are more colours than neighbours");
        of_site[site] = colour;
        if colour == colours.len() {
            colours.push(Vec::new());
        }
        colours[colour].push(site);
    }
    colours
}

impl MeanField for Fit<'_> {
    /// A colour is named by its first site.
    fn factors(&self) -> Vec<String> {
        let name = |sites: &Vec<usize>| {
            let more = if sites.len() > 1 { ", …" } else { "" };
            format!("q(s_{}{more})", sites[0])
        };
        self.colours.iter().map(name).collect()
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        let sites = &self.colours[factor];
        let optima: Vec<Vec<f64>> =
            sites.par_iter().with_min_len(SITES).map(|&site| self.optimum(site)).collect();
        for (&site, q) in sites.iter().zip(optima) {
            self.posterior.marginals[site] = q;
        }
        Ok(())
    }

    /// A lower bound on log Z: the log-likelihood is the expected log-potential, the KL is −H(q), and nothing is global.
    fn bound(&self) -> Bound {
        let q = &self.posterior.marginals;
        let unary: f64 = self.field.unary.iter().zip(q).map(|(u, q)| dot(u, q)).sum();
        let pair = |Edge { sites: [i, j], potential }: &Edge| -> f64 {
            potential.chunks(q[*j].len()).zip(&q[*i]).map(|(row, p)| p * dot(row, &q[*j])).sum()
        };
        let log_likelihood = unary + self.field.edges.iter().map(pair).sum::<f64>();
        let negative_entropy = |q: &f64| if *q > 0.0 { q * libm::log(*q) } else { 0.0 };
        let kl = q.iter().flatten().map(negative_entropy).sum();
        Bound { log_likelihood, kl, scale: 1.0, global: 0.0, beta: 1.0 }
    }
}

impl Annealed for Fit<'_> {
    fn temper(&mut self, inverse_temperature: f64) {
        self.inverse_temperature = inverse_temperature;
    }
}

impl Resumable for Fit<'_> {
    type State = Posterior;

    fn state(&self) -> Posterior {
        self.posterior.clone()
    }

    fn restore(&mut self, state: Posterior) -> Result<(), Error> {
        let sizes = |of: &[Vec<f64>]| of.iter().map(Vec::len).collect::<Vec<_>>();
        Error::check_shape("q of the sites", &sizes(&self.field.unary), &sizes(&state.marginals))?;
        self.posterior = state;
        Ok(())
    }
}
