//! A mean and a precision together, p(μ, Λ) = N(μ; m, (βΛ)⁻¹) Wishart(Λ; ν, V): the conjugate prior of a Gaussian.
//!
//! Natural parameters: m, V⁻¹, β, ν. Two sets of them are joined as the means and scatters of two samples are, so nothing
//! cancels: V⁻¹ + V′⁻¹ + ββ′/(β + β′) (m − m′)(m − m′)ᵀ (Chan, Golub and LeVeque 1983). Moments: m, E\[Λ\] = νV, E log|Λ|,
//! 1/β.

use std::sync::Arc;

use super::{
    family::Family,
    gaussian::Gaussian,
    space::{Constant, Matrix, MeanAndPrecision, Space, Vector},
    variable::{Argument, Conditional, Variable},
    wishart::{self, Wishart},
};
use crate::{Error, check, conjugate::pool, divergence::KullbackLeibler, random::Key};

/// The natural parameters by name.
struct Parts<'a> {
    mean: &'a [f64],
    inverse: &'a [f64],
    strength: f64,
    freedom: f64,
}

impl<'a> Parts<'a> {
    fn of(natural: &'a [f64], dimension: usize) -> Self {
        let (mean, rest) = natural.split_at(dimension);
        let (inverse, rest) = rest.split_at(dimension * dimension);
        Self { mean, inverse, strength: rest[0], freedom: rest[1] }
    }
}

/// μ|Λ ~ N(mean, (strength Λ)⁻¹) and Λ ~ Wishart(ν, V) by V⁻¹ `[D, D]`, row by row: the parameters of a
/// [`gaussian_given`].
pub fn gaussian_wishart(
    mean: &[f64],
    strength: f64,
    freedom: f64,
    inverse_scale: &[f64],
) -> Conditional<MeanAndPrecision> {
    let family = Vector::known(mean).and_then(|(mean, dimension)| {
        let precision = Wishart::new(freedom, inverse_scale)?;
        if precision.dimension != dimension {
            let what = "the inverse scale".into();
            return Err(Error::Shape {
                what,
                expected: vec![dimension; 2],
                got: vec![precision.dimension; 2],
            });
        }
        let natural = [&mean, inverse_scale, &[check::positive("the strength", strength)?, freedom]].concat();
        Ok(Joint { dimension, natural })
    });
    Conditional::new(Vec::new(), |_| Ok(Arc::new(family?)))
}

/// N(μ, Λ⁻¹), of a mean and precision that are one variable: their posterior, and the bound, are then exact.
///
/// ```
/// use elbo::mean_field::{MeanField, graph::{Graph, gaussian_given, gaussian_wishart}};
/// let mut model = Graph::new();
/// let rows = model.plate("rows", 2)?;
/// let parameters = model.add("μ, Λ", &[], gaussian_wishart(&[0.0, 0.0], 2.0, 3.0, &[1.0, 0.0, 0.0, 1.0]))?;
/// let x = model.add("x", &[rows], gaussian_given(parameters))?;
/// model.observe(x, &[1.0, 2.0, 3.0, 2.0])?;
/// model.update(0)?;
/// let q = model.factor(parameters, 0)?;
/// assert_eq!((q.location.mean, q.location.strength), (vec![1.0, 1.0], 4.0));
/// assert_eq!(q.precision.freedom(), 5.0);
/// # Ok::<(), elbo::Error>(())
/// ```
pub fn gaussian_given(parameters: Variable<MeanAndPrecision>) -> Conditional<Vector> {
    let parents = vec![Argument::from(parameters).source];
    Conditional::new(parents, |dimensions| {
        Ok(Arc::new(Given(Gaussian { dimension: dimensions[0], isotropic: false })))
    })
}

/// p(μ, Λ).
#[derive(Debug)]
struct Joint {
    dimension: usize,
    natural: Vec<f64>,
}

impl Family for Joint {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn value_width(&self) -> usize {
        self.dimension * (self.dimension + 1)
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        let (mean, precision) = value.split_at(self.dimension);
        Ok([Vector::known(mean)?.0, Matrix::known(precision)?.0, vec![0.0]].concat())
    }

    fn expected(&self, _: &[&[f64]], natural: &mut Vec<f64>) {
        natural.clone_from(&self.natural);
    }

    fn gap(&self, _: &[&[f64]]) -> f64 {
        0.0
    }

    fn log_density(&self, own: &[f64], _: &[&[f64]]) -> f64 {
        let d = self.dimension;
        let prior = Parts::of(&self.natural, d);
        let (mean, precision) = (&own[..d], &own[d..=d * (d + 1)]);
        let scaled: Vec<f64> = precision[..d * d].iter().map(|l| prior.strength * l).collect();
        let factors = Matrix::known(&scaled).and_then(|(scaled, _)| {
            let wishart = Wishart::new(prior.freedom, prior.inverse)?;
            let of_mean =
                Gaussian { dimension: d, isotropic: false }.log_density(mean, &[prior.mean, &scaled]);
            Ok(of_mean + wishart.log_density(precision, &[]))
        });
        factors.unwrap_or(f64::NAN)
    }

    fn message(&self, _: usize, _: &[f64], _: &[&[f64]], _: &mut Vec<f64>) {
        unreachable!("the parameters are known");
    }

    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        let parts = Parts::of(natural, self.dimension);
        let mut moments = parts.mean.to_vec();
        moments.extend(wishart::moments(self.dimension, &[parts.inverse, &[parts.freedom]].concat())?);
        moments.push(check::positive("the strength", parts.strength)?.recip());
        Ok(moments)
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        MeanAndPrecision::factor(self.dimension, q)?.kl(&MeanAndPrecision::factor(self.dimension, p)?)
    }

    fn add(&self, total: &mut [f64], term: &[f64], weight: f64) {
        let d = self.dimension;
        let Parts { mean, inverse, strength, freedom } = Parts::of(term, d);
        let (total_mean, rest) = total.split_at_mut(d);
        let (total_inverse, rest) = rest.split_at_mut(d * d);
        let steps: Vec<f64> = mean.iter().zip(&*total_mean).map(|(m, total)| m - total).collect();
        total_inverse.iter_mut().zip(inverse).for_each(|(total, inverse)| *total += weight * inverse);
        pool(total_mean, &mut rest[0], total_inverse, &steps, weight * strength);
        rest[1] += weight * freedom;
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        let d = self.dimension;
        let (mean, precision) = mean.split_at(d);
        let inverse = wishart::centre(d, natural[d + d * d + 1], precision)?;
        natural[..d].copy_from_slice(mean);
        natural[d..d + d * d].copy_from_slice(&inverse);
        Ok(())
    }

    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let (mean, precision) = MeanAndPrecision::factor(self.dimension, natural)?.sample(key, row)?;
        Ok([mean, precision].concat())
    }
}

/// p(x|μ, Λ): a Gaussian whose mean and precision are dependent, E\[(μ − m)ᵀ Λ (μ − m)\] = D/β.
#[derive(Debug)]
struct Given(Gaussian);

impl Given {
    /// The moments of a mean and a precision, and ½ D/β.
    fn split<'a>(&self, parameters: &'a [f64]) -> ([&'a [f64]; 2], f64) {
        let d = self.0.dimension;
        let (mean, rest) = parameters.split_at(d);
        let (precision, inverse_strength) = rest.split_at(d * d + 1);
        ([mean, precision], 0.5 * d as f64 * inverse_strength[0])
    }
}

impl Family for Given {
    fn dimension(&self) -> usize {
        self.0.dimension
    }

    fn value_width(&self) -> usize {
        self.0.value_width()
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        self.0.known(value)
    }

    fn expected(&self, parents: &[&[f64]], natural: &mut Vec<f64>) {
        self.0.expected(&self.split(parents[0]).0, natural);
    }

    fn gap(&self, parents: &[&[f64]]) -> f64 {
        let (parents, spread) = self.split(parents[0]);
        self.0.gap(&parents) + spread
    }

    fn log_density(&self, own: &[f64], parents: &[&[f64]]) -> f64 {
        let (parents, spread) = self.split(parents[0]);
        self.0.log_density(own, &parents) - spread
    }

    /// One value of mean E\[x\] and scatter Cov\[x\].
    fn message(&self, _: usize, own: &[f64], _: &[&[f64]], message: &mut Vec<f64>) {
        let d = self.0.dimension;
        message.clear();
        message.extend(own);
        message.resize(d + d * d, 0.0);
        message.extend([1.0, 1.0]);
    }

    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        self.0.moments(natural)
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        self.0.kl(q, p)
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        self.0.centre(natural, mean)
    }

    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        self.0.draw(natural, key, row)
    }
}
