//! A table as a likelihood: [`Columns`] of a family each (E34). Tensors take its values and derivatives from where the families
//! are defined.

use burn::tensor::{Tensor, TensorData};

use super::{Columns, Encoding, Kernel, Likelihood, OwnParameters, Support, Unsupported};
use crate::{minibatch::Rows, random::Key};

impl Likelihood for Columns {
    fn name(&self) -> &'static str {
        "columns"
    }

    fn describe(&self) -> String {
        let mut families: Vec<(&str, usize)> = Vec::new();
        for column in self.columns() {
            let name = column.family.name();
            match families.iter_mut().find(|(of, _)| *of == name) {
                Some((_, number)) => *number += 1,
                None => families.push((name, 1)),
            }
        }
        let each: Vec<String> = families.iter().map(|(name, number)| format!("{number} {name}")).collect();
        format!("a family for each column: {}", each.join(", "))
    }

    fn support(&self) -> Support {
        Support::Mixed
    }

    fn decoded(&self, _: usize) -> usize {
        self.outputs()
    }

    fn own(&self, _: usize) -> Option<OwnParameters> {
        let values = vec![0.0; self.owned()];
        (!values.is_empty()).then_some(OwnParameters { name: "columns", values, learned: true })
    }

    fn encoding(&self) -> Encoding {
        Encoding::Columns(self.clone())
    }

    /// By the values and derivatives in f64: to first order the tensor is the density as a function of output and own.
    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, own: Option<Tensor<1>>) -> Tensor<1> {
        let (device, dtype, [rows, _]) = (x.device(), x.dtype(), x.dims());
        let read = |tensor: Tensor<2>| tensor.into_data_as::<f64>().try_to_vec::<f64>().expect("read as f64");
        let cells: Vec<f32> = read(x).into_iter().map(|x| x as f32).collect();
        let outputs = read(output.clone().detach());
        let owned = own.clone().map_or(Vec::new(), |own| read(own.detach().unsqueeze()));
        let (p, o) = (self.outputs(), self.owned());
        let (mut values, mut by_output, mut by_own) =
            (vec![0.0; rows], vec![0.0; rows * p], vec![0.0; rows * o]);
        for (r, value) in values.iter_mut().enumerate() {
            let gradient = (&mut by_output[r * p..][..p], &mut by_own[r * o..][..o]);
            *value = self.row(
                &cells[r * self.width()..][..self.width()],
                &outputs[r * p..][..p],
                &owned,
                Some(gradient),
            );
        }
        let matrix =
            |values, width| Tensor::<2>::from_data(TensorData::new(values, [rows, width]), (&device, dtype));
        let moved = output.clone() - output.detach();
        let mut sum = matrix(values, 1) + (moved * matrix(by_output, p)).sum_dim(1);
        if let Some(own) = own {
            let moved = (own.clone() - own.detach()).unsqueeze::<2>();
            sum = sum + (moved * matrix(by_own, o)).sum_dim(1);
        }
        sum.squeeze_dim(1)
    }

    fn mean(&self, output: Tensor<2>, own: Option<Tensor<1>>) -> Tensor<2> {
        let (device, dtype, [rows, p]) = (output.device(), output.dtype(), output.dims());
        let read = |tensor: Tensor<2>| tensor.into_data_as::<f32>().try_to_vec::<f32>().expect("read as f32");
        let (outputs, own) = (read(output), own.map_or(Vec::new(), |own| read(own.unsqueeze())));
        let mut x = vec![0.0; rows * self.width()];
        for (output, x) in outputs.chunks(p).zip(x.chunks_mut(self.width())) {
            self.means(output, &own, x);
        }
        Tensor::from_data(TensorData::new(x, [rows, self.width()]), (&device, dtype))
    }

    fn cell_log_densities(&self, x: &[f32], output: &[f32], own: &[f32]) -> Vec<f64> {
        self.cells(x, output, own)
    }

    fn probabilities(&self, column: usize, output: &[f32], own: &[f32]) -> Option<Vec<f64>> {
        self.probabilities_of(column, output, own)
    }

    fn draw(&self, output: &[f32], own: &[f32], key: Key, row: u64, x: &mut [f32]) {
        self.draw_row(output, own, key, row, x);
    }

    fn start(&self, mean: f64, _: usize) -> Vec<f64> {
        vec![mean]
    }

    fn start_at(&self, rows: &Rows<'_>) -> Option<[Vec<f32>; 2]> {
        let [output, own, _] = self.starts(rows);
        Some([output, own])
    }

    fn floor(&self, rows: &Rows<'_>) -> Option<Vec<f32>> {
        let [_, _, floor] = self.starts(rows);
        Some(floor)
    }

    fn unsupported(&self, rows: &Rows<'_>) -> Option<Unsupported> {
        let (row, column, value, needs) = self.first_unsupported(rows)?;
        Some(Unsupported { row, column, value, needs })
    }

    fn kernel(&self) -> Option<Kernel> {
        Some(Kernel::Columns(self.clone()))
    }
}
