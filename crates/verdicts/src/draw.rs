//! Numbers drawn one after the other from one seed.

use elbo::random::Key;

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Draw {
    key: Key,
    next: u64,
}

impl Draw {
    /// That of a seed, of a purpose that is told by its number.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self { key: Key::new(seed).fold(purpose), next: 0 }
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// From N(0, 1).
    pub fn normal(&mut self) -> f64 {
        let mut out = [0.0];
        self.key.normals(self.next(), &mut out);
        out[0]
    }

    /// So many of these.
    pub fn normals(&mut self, number: usize) -> Vec<f64> {
        let mut out = vec![0.0; number];
        self.key.normals(self.next(), &mut out);
        out
    }

    /// From U(0, 1).
    pub fn uniform(&mut self) -> f64 {
        let mut out = [0.0];
        self.key.uniforms(self.next(), &mut out);
        out[0].into()
    }

    /// An outcome, in proportion to the weights.
    pub fn choose(&mut self, weights: &[f64]) -> usize {
        self.key.choose(self.next(), weights)
    }

    /// From χ² with so many degrees of freedom.
    pub fn chi_squared(&mut self, freedom: usize) -> f64 {
        self.normals(freedom).iter().map(|z| z * z).sum()
    }

    /// From Student's t.
    pub fn student(&mut self, freedom: usize) -> f64 {
        self.normal() / (self.chi_squared(freedom) / freedom as f64).sqrt()
    }

    /// From a Poisson distribution whose mean is not large.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        let (mut count, mut product) = (0.0, self.uniform());
        while product > (-mean).exp() {
            count += 1.0;
            product *= self.uniform();
        }
        count
    }

    /// From Dir(α, …, α), α a whole number of halves.
    pub fn dirichlet(&mut self, halves: usize, number: usize) -> Vec<f64> {
        let gammas: Vec<f64> = (0..number).map(|_| self.chi_squared(halves)).collect();
        let total: f64 = gammas.iter().sum();
        gammas.iter().map(|gamma| gamma / total).collect()
    }
}
