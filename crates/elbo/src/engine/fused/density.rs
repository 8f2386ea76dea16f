//! log p(x|z) and its derivatives, by the likelihood's kernel.

use elbo_kernels::{Level, Panels, WIDTH, bernoulli, gaussian, gaussian::Precision, product};

use crate::likelihood::{Columns, Kernel};

/// The kernel, with the likelihood's own parameters as it takes them.
#[derive(Clone, Debug)]
pub(super) struct Density {
    kernel: Kernel,
    precision: Precision,
    own: Vec<f64>,
}

/// The derivatives in the own parameters of some rows at one draw, where the kernel makes them beside those in the output; and
/// room for a row's.
#[derive(Clone, Debug)]
pub(super) struct ByOwn {
    pub(super) delta: Panels,
    room: Vec<f64>,
}

/// What the kernel is given of some rows: x in panels, and as it is stored.
#[derive(Clone, Copy)]
pub(super) struct Observed<'a> {
    pub(super) x: &'a Panels,
    pub(super) cells: &'a [f32],
}

impl Density {
    pub(super) fn new(kernel: Kernel) -> Self {
        Self { kernel, precision: Precision::default(), own: Vec::new() }
    }

    /// Takes the own parameters, of rows of so many columns.
    pub(super) fn set(&mut self, own: &[f32], width: usize) {
        match self.kernel {
            Kernel::Columns(_) => {
                self.own.clear();
                self.own.extend(own.iter().map(|&v| f64::from(v)));
            }
            _ if own.is_empty() => {}
            _ => self.precision.set(own, width),
        }
    }

    /// Whether the decoder's outputs are logits, of which the mean is the logistic function.
    pub(super) fn is_logits(&self) -> bool {
        self.kernel == Kernel::Bernoulli
    }

    /// The families of columns, where each has its own.
    pub(super) fn columns(&self) -> Option<&Columns> {
        if let Kernel::Columns(columns) = &self.kernel { Some(columns) } else { None }
    }

    /// Room for derivatives in the own parameters.
    pub(super) fn by_own(&self) -> ByOwn {
        let (owned, outputs) = self.columns().map_or((0, 0), |columns| (columns.owned(), columns.outputs()));
        ByOwn { delta: Panels::new(0, owned), room: vec![0.0; 2 * outputs + owned] }
    }

    /// Adds log p(x|output) of each row to `sums`; given `weights`, the gradient by them takes the output's place, and that in the
    /// own parameters stands in `by_own` where the kernel makes it there.
    pub(super) fn log_likelihood(
        &self,
        level: Level,
        Observed { x, cells }: Observed<'_>,
        output: &mut Panels,
        by_own: &mut ByOwn,
        weights: Option<&[f32]>,
        sums: &mut [f64],
    ) {
        match (&self.kernel, weights) {
            (Kernel::Bernoulli, None) => bernoulli::log_likelihood(level, x, output, sums),
            (Kernel::Bernoulli, Some(weights)) => {
                bernoulli::log_likelihood_and_gradient(level, x, output, weights, sums);
            }
            (Kernel::Gaussian, None) => gaussian::log_likelihood(level, x, output, &self.precision, sums),
            (Kernel::Gaussian, Some(weights)) => {
                gaussian::log_likelihood_and_gradient(level, x, output, &self.precision, weights, sums);
            }
            (Kernel::Columns(columns), weights) => {
                self.of_columns(columns, cells, output, by_own, weights, sums);
            }
        }
    }

    fn of_columns(
        &self,
        columns: &Columns,
        cells: &[f32],
        output: &mut Panels,
        by_own: &mut ByOwn,
        weights: Option<&[f32]>,
        sums: &mut [f64],
    ) {
        let outputs = columns.outputs();
        let ByOwn { delta, room } = by_own;
        let (values, gradient) = room.split_at_mut(outputs);
        let (by_output, by_own) = gradient.split_at_mut(outputs);
        if weights.is_some() {
            delta.resize(sums.len());
        }
        for (r, (x, sum)) in cells.chunks_exact(columns.width()).zip(sums).enumerate() {
            for (panel, values) in values.chunks_mut(WIDTH).enumerate() {
                for (value, &output) in values.iter_mut().zip(&output.panel(panel)[r].0) {
                    *value = output.into();
                }
            }
            let Some(weights) = weights else {
                *sum += columns.row(x, values, &self.own, None);
                continue;
            };
            *sum += columns.row(x, values, &self.own, Some((by_output, by_own)));
            let weight = f64::from(weights[r]);
            for (by, panels) in [(&*by_output, &mut *output), (&*by_own, &mut *delta)] {
                for (panel, by) in by.chunks(WIDTH).enumerate() {
                    for (out, by) in panels.panel_mut(panel)[r].0.iter_mut().zip(by) {
                        *out = (weight * by) as f32;
                    }
                }
            }
        }
    }

    /// The gradient in the own parameters, of which there is one for each or for all columns: by each draw of some rows, the
    /// gradient in the decoder's output, what the kernel left beside it, and the draw's weights. `room` has a number for each
    /// column.
    pub(super) fn own_gradient<'a>(
        &self,
        level: Level,
        draws: impl Iterator<Item = (&'a Panels, &'a ByOwn, &'a [f32])> + Clone,
        room: &mut [f32],
        gradient: &mut [f32],
    ) {
        if self.columns().is_some() {
            product::bias_gradient(level, draws.map(|(_, by_own, _)| &by_own.delta), gradient);
            return;
        }
        room.fill(0.0);
        for (by_mean, _, weights) in draws {
            gaussian::log_sigma_gradient(level, by_mean, &self.precision, weights, room);
        }
        match gradient {
            [one] => *one = room.iter().map(|&g| f64::from(g)).sum::<f64>() as f32,
            each => each.copy_from_slice(room),
        }
    }
}
