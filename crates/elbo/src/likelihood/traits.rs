//! What a likelihood is asked.

use std::fmt::Debug;

use burn::tensor::{Device, Tensor, TensorData};

use super::{Columns, Encoding, Support};
use crate::{Error, minibatch::Rows, random::Key};

/// The parameters that a likelihood has beside the decoder's.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnParameters {
    /// The name under which they are kept, as `log_sigma`.
    pub name: &'static str,
    /// Where they are before any data were seen.
    pub values: Vec<f32>,
    /// Whether the gradient moves them.
    pub learned: bool,
}

/// A fused operation of `elbo-kernels` that computes a likelihood with its gradient.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kernel {
    /// Of logits (E10).
    Bernoulli,
    /// Of means and log σ, one or one a column (E11).
    Gaussian,
    /// Of a family for each column, with missing cells (E34).
    Columns(Columns),
}

/// A cell that a likelihood is no density of.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsupported {
    /// The row of the data.
    pub row: usize,
    /// The column.
    pub column: usize,
    /// What stands there.
    pub value: f32,
    /// The values that the likelihood accepts.
    pub needs: &'static str,
}

/// p(x|z) of a row of D columns, independent given the decoder's output.
///
/// The output is `[R, O·D]` for [`outputs`](Self::outputs) O of a column: the first of every column, then the second of
/// every column; where columns differ in that it is `[R, P]`, P what [`decoded`](Self::decoded) says. Its numbers are unconstrained; the likelihood has the link. `own` are its [own](Self::own) parameters,
/// where it has some.
pub trait Likelihood: Debug + Send + Sync {
    /// The field's name of the family, as `Bernoulli`.
    fn name(&self) -> &str;

    /// The family with what is particular about it, for people.
    fn describe(&self) -> String {
        self.name().into()
    }

    /// The values that x may take.
    ///
    /// A fit to a table scales real columns to mean 0 and standard deviation 1 where nothing else is asked for, and leaves
    /// counts and 0/1 as they are. A density of positive numbers alone is of [`Real`](Support::Real) ones; ask for no scale.
    fn support(&self) -> Support;

    /// O, the decoder's outputs for a column.
    fn outputs(&self) -> usize {
        1
    }

    /// The decoder's outputs for a row of so many columns.
    fn decoded(&self, width: usize) -> usize {
        width * self.outputs()
    }

    /// The first cell of which it is no density.
    fn unsupported(&self, rows: &Rows<'_>) -> Option<Unsupported> {
        let support = self.support();
        let (row, column, value) = rows.first(|value| !support.accepts(value))?;
        Some(Unsupported { row, column, value, needs: support.values() })
    }

    /// Its own parameters for D columns, before any data were seen.
    fn own(&self, width: usize) -> Option<OwnParameters> {
        let _ = width;
        None
    }

    /// What an encoder should be given of x.
    fn encoding(&self) -> Encoding {
        Encoding::Identity
    }

    /// log p(x|z) of each row, `[R, D]` to `[R]`, in nats, with every constant; differentiable in `output` and `own`.
    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, own: Option<Tensor<1>>) -> Tensor<1>;

    /// log p(x_d|z) of each column of a row, in nats, 0 of a missing cell: of x `[D]`, the decoder's outputs for the row, and the
    /// own parameters.
    ///
    /// ```
    /// use elbo::likelihood::LikelihoodConfig;
    /// // Logits 0 and log 3: probabilities 1/2 and 3/4.
    /// let of = LikelihoodConfig::Bernoulli.likelihood().cell_log_densities(&[1.0, 0.0], &[0.0, 3f32.ln()], &[]);
    /// assert!((of[0] - 0.5f64.ln()).abs() < 1e-6 && (of[1] - 0.25f64.ln()).abs() < 1e-6);
    /// ```
    fn cell_log_densities(&self, x: &[f32], output: &[f32], own: &[f32]) -> Vec<f64> {
        let (width, device) = (x.len(), Device::flex());
        let matrix = |values: Vec<f32>| {
            let columns = values.len();
            Tensor::<2>::from_data(TensorData::new(values, [1, columns]), &device)
        };
        let of = |d: usize| {
            let output: Vec<f32> = (0..self.outputs()).map(|o| output[o * width + d]).collect();
            let own = if own.len() == width { &own[d..=d] } else { own };
            let own = (!own.is_empty()).then(|| matrix(own.to_vec()).squeeze_dim::<1>(0));
            let density = self.log_density(matrix(vec![x[d]]), matrix(output), own).into_data();
            density.iter::<f64>().sum()
        };
        (0..width).map(|d| if x[d].is_nan() { 0.0 } else { of(d) }).collect()
    }

    /// The probability of each level of a column, given the decoder's outputs for a row, where it is of levels.
    fn probabilities(&self, column: usize, output: &[f32], own: &[f32]) -> Option<Vec<f64>> {
        let _ = (column, output, own);
        None
    }

    /// E[x|z], `[R, D]`.
    fn mean(&self, output: Tensor<2>, own: Option<Tensor<1>>) -> Tensor<2>;

    /// A draw of x for one row, whose noise is that of `row` of `key`. `x`, `[D]`, holds E[x|z] when it comes and the draw
    /// when it goes; `output` is `[O·D]`.
    fn draw(&self, output: &[f32], own: &[f32], key: Key, row: u64, x: &mut [f32]);

    /// The outputs of a column, `[O]`, at which its mean is that of `rows` rows of data.
    fn start(&self, mean: f64, rows: usize) -> Vec<f64>;

    /// The own parameters that suit columns of these means and variances (divided by N), where they are not fixed.
    ///
    /// # Errors
    /// Where the likelihood has no maximum on such columns.
    fn start_own(&self, mean: &[f64], variance: &[f64]) -> Result<Vec<f32>, Error> {
        let _ = variance;
        Ok(self.own(mean.len()).map_or(Vec::new(), |own| own.values))
    }

    /// The decoder's outputs, and the own parameters, at which a fit to these rows starts, where the means and variances of
    /// columns do not tell them.
    fn start_at(&self, rows: &Rows<'_>) -> Option<[Vec<f32>; 2]> {
        let _ = rows;
        None
    }

    /// The values below which its own parameters do not fall in a fit to these rows, where a density without a maximum would
    /// else draw them down for ever.
    fn floor(&self, rows: &Rows<'_>) -> Option<Vec<f32>> {
        let _ = rows;
        None
    }

    /// Moves own parameters that are solved in closed form towards the maximiser, given the mean over rows and columns of
    /// E_q[log p(x|z)] under the present ones. `weight`, in (0, 1], is that of the new rows beside those seen before.
    fn solve(&self, own: &mut [f32], log_likelihood: f64, weight: f64) {
        let _ = (own, log_likelihood, weight);
    }

    /// σ, `[1]` or `[D]`, where x is the output plus σ times a standard normal.
    fn noise_scale(&self, own: &[f32]) -> Option<Vec<f64>> {
        let _ = own;
        None
    }

    /// σ, where x is the output plus σ times a standard normal, σ is one number, and no fit moves it.
    fn held_scale(&self) -> Option<f64> {
        None
    }

    /// The fused operation that computes it; it must agree with [`log_density`](Self::log_density).
    fn kernel(&self) -> Option<Kernel> {
        None
    }
}
