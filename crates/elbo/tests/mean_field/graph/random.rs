//! Over random models, priors and data: no update lowers the bound, and each ends at an optimum.

use elbo::{
    Error,
    mean_field::{
        Ascent, MeanField, ascend,
        graph::{
            Graph, Plate, Posterior, bernoulli, beta, categorical, dirichlet, dot, gamma, gaussian,
            gaussian_given, gaussian_vector, gaussian_wishart, poisson, wishart,
        },
    },
    random::Key,
};
use proptest::prelude::*;

/// What a random model is made of.
#[derive(Clone, Debug)]
struct Recipe {
    kind: usize,
    rows: usize,
    components: usize,
    strength: f64,
    scale: f64,
    missing: f64,
    seed: u64,
}

prop_compose! {
    fn recipe()(
        kind in 0..9usize,
        rows in 1..9usize,
        components in 2..5usize,
        strength in -3.0..2.0f64,
        scale in -3.0..3.0f64,
        missing in 0.0..0.5f64,
        seed in 0..u64::MAX,
    ) -> Recipe {
        Recipe { kind, rows, components, strength: 10f64.powf(strength), scale: 10f64.powf(scale), missing, seed }
    }
}

impl Recipe {
    fn key(&self, of: u64) -> Key {
        Key::new(self.seed).fold(of)
    }

    /// Real numbers, `width` of each row, some rows missing.
    fn numbers(&self, of: u64, width: usize) -> Vec<f64> {
        let (mut values, mut gone) = (vec![0.0; self.rows * width], vec![0.0f32; self.rows]);
        self.key(of).normals(0, &mut values);
        if self.seed.is_multiple_of(5) {
            values.fill(1.0);
        }
        self.key(of).uniforms(1, &mut gone);
        for (row, gone) in values.chunks_mut(width).zip(gone) {
            for value in row.iter_mut() {
                *value *= self.scale;
            }
            if f64::from(gone) < self.missing {
                row.fill(f64::NAN);
            }
        }
        values
    }

    /// Counts below a limit.
    fn counts(&self, of: u64, limit: f64) -> Vec<f64> {
        let relative = |v: f64| ((v / self.scale).abs() * 0.7 * limit).floor().min(limit - 1.0);
        self.numbers(of, 1).into_iter().map(relative).collect()
    }

    fn build(&self) -> Result<Graph, Error> {
        let mut model = Graph::new();
        let (s, scale) = (self.strength, self.scale);
        let (rows, components) =
            (model.plate("rows", self.rows)?, model.plate("components", self.components)?);
        let weights = model.add("π", &[], dirichlet(&vec![s; self.components]))?;
        let z = model.add("z", &[rows], categorical(weights))?;
        let diagonal = [scale * scale, 0.0, 0.0, scale * scale];
        let flat = 1.0 / (scale * scale);
        let on: [Plate; 1] = [components];
        match self.kind {
            0 => {
                let mean = model.add("μ", &on, gaussian(0.0, flat * s))?;
                let rate = model.add("b", &[], gamma(s, s * flat))?;
                let tau = model.add("τ", &on, gamma(s, rate))?;
                let x = model.add("x", &[rows], gaussian(mean, tau).chosen_by(z, components))?;
                model.observe(x, &self.numbers(1, 1))?;
            }
            1 => {
                let mean = model.add("μ", &on, gaussian_vector([0.0, scale], s * flat))?;
                let precision = model.add("Λ", &on, wishart(1.0 + s + 0.1, &diagonal))?;
                let x = model.add("x", &[rows], gaussian_vector(mean, precision).chosen_by(z, components))?;
                model.impute(x, &self.numbers(1, 2))?;
            }
            2 => {
                let theta = model.add("θ", &on, gaussian_wishart(&[0.0, scale], s, 1.5 + s, &diagonal))?;
                let x = model.add("x", &[rows], gaussian_given(theta).chosen_by(z, components))?;
                if self.seed.is_multiple_of(2) {
                    model.observe(x, &self.numbers(1, 2))?;
                } else {
                    model.impute(x, &self.numbers(1, 2))?;
                }
            }
            3 => {
                let rate = model.add("λ", &on, gamma(s, 0.3))?;
                let x = model.add("x", &[rows], poisson(rate).chosen_by(z, components))?;
                model.impute(x, &self.counts(1, 30.0))?;
            }
            4 => {
                let p = model.add("p", &on, beta(s, 0.5))?;
                let x = model.add("x", &[rows], bernoulli(p).chosen_by(z, components))?;
                model.observe(x, &self.counts(1, 2.0))?;
            }
            5 => {
                let p = model.add("p", &on, dirichlet(&[s, 0.5, 1.0]))?;
                let x = model.add("x", &[rows], categorical(p).chosen_by(z, components))?;
                model.impute(x, &self.counts(1, 3.0))?;
            }
            6 => {
                // Factor analysis with a precision for each column.
                let columns = model.plate("columns", 3)?;
                let w = model.add("w", &[columns], gaussian_vector([0.0, 0.0], flat))?;
                let f = model.add("f", &[rows], gaussian_vector([0.0, 0.0], 1.0))?;
                let b = model.add("b", &[columns], gaussian(0.0, flat * s))?;
                let tau = model.add("τ", &[columns], gamma(s, s * scale * scale))?;
                let mean = dot(w, f).plus(b, 1.0);
                let x = model.add("x", &[rows, columns], gaussian(mean, tau))?;
                model.observe(x, &self.numbers(1, 3))?;
                model.randomise(w, self.key(2))?;
            }
            7 => {
                // A mixture of regressions, and a latent between it and the data.
                let t = model.known(&[rows], &(0..self.rows).map(|t| t as f64).collect::<Vec<_>>())?;
                let slope = model.add("a", &on, gaussian(0.0, flat * s))?;
                let level = model.add("b", &on, gaussian(scale, flat))?;
                let mean = dot(slope, t).plus(level, 1.0);
                let y = model.add("y", &[rows], gaussian(mean, flat).chosen_by(z, components))?;
                let tau = model.add("τ", &[], gamma(s, s))?;
                let x = model.add("x", &[rows], gaussian(y, tau))?;
                model.observe(x, &self.numbers(1, 1))?;
            }
            _ => {
                // Two observed kinds that share a binary choice.
                let p = model.add("q", &[], beta(s, s))?;
                let c = model.add("c", &[rows], bernoulli(p))?;
                let two = model.plate("two", 2)?;
                let mean = model.add("μ", &[two], gaussian_vector([0.0; 2], s * flat))?;
                let tau = model.add("τ", &[], gamma(1.0, scale * scale))?;
                let x = model.add("x", &[rows], gaussian_vector(mean, tau).chosen_by(c, two))?;
                let rate = model.add("λ", &[two], gamma(s, s))?;
                let n = model.add("n", &[rows], poisson(rate).chosen_by(c, two))?;
                model.observe(x, &self.numbers(1, 2))?;
                model.observe(n, &self.counts(3, 9.0))?;
                model.randomise(c, self.key(2))?;
            }
        }
        model.randomise(z, self.key(4))?;
        Ok(model)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// [`ascend`] is an error where an update lowers the bound.
    #[test]
    fn no_update_lowers_the_bound(recipe in recipe()) {
        let mut model = recipe.build().unwrap();
        let record = ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 12 }, |_, _| {});
        prop_assert!(record.is_ok(), "{}", record.unwrap_err());
        prop_assert!(record.unwrap().last().is_finite());
    }

    /// A factor at its optimum: moved along any of its natural parameters, to what is a distribution still, it has a lower
    /// bound; and there are such moves.
    #[test]
    fn an_updated_factor_is_the_best(recipe in recipe(), which in 0..usize::MAX, entry in 0..usize::MAX) {
        let mut model = recipe.build().unwrap();
        ascend(&mut model, &Ascent { tolerance: 0.0, sweeps: 2 }, |_, _| {}).unwrap();
        let factors = model.factors();
        let factor = which % factors.len();
        model.update(factor).unwrap();
        let bound = model.bound();
        let size = bound.log_likelihood.abs() + bound.kl.abs() + bound.global.abs();
        let name = factors[factor].trim_start_matches("q(").trim_end_matches(')');
        let best = model.posterior().natural.remove(name).unwrap();
        let scale = best.iter().map(|v| v.abs()).fold(1e-3, f64::max);
        let (mut moves, mut falls) = (0, 0);
        // Entries from one on, until one can be moved; 0 is moved too.
        for entry in (0..best.len()).map(|i| (entry + i) % best.len()) {
            for step in [-0.999, -0.1, -0.01, 0.01, 0.1, 0.999] {
                let mut moved = best.clone();
                moved[entry] += step * if best[entry] == 0.0 { scale } else { best[entry].abs() };
                // What is no distribution is refused.
                if model.restore(&Posterior { natural: [(name.to_owned(), moved)].into() }).is_ok() {
                    let rise = model.bound().value() - bound.value();
                    prop_assert!(rise <= 1e-10 * size.max(1.0), "{name}: {rise} at {step}");
                    moves += 1;
                    falls += usize::from(rise < 0.0);
                }
            }
            if falls > 0 {
                break;
            }
        }
        prop_assert!(moves > 0 && falls > 0, "{name}: {moves} moves, of which {falls} lower the bound");
    }
}
