//! What an encoder is given of x.

use burn::tensor::{Tensor, TensorData};

use super::Columns;

/// A fixed function of each value, before the encoder's first layer.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// The encoder is given x itself.
    #[default]
    Identity,
    /// The encoder is given log(1 + x): counts that range over orders of magnitude become numbers of order one.
    Log1p,
    /// The encoder is given what suits each column's family, and a mask.
    Columns(Columns),
}

impl Encoding {
    /// The encoder's inputs for rows of so many columns.
    pub fn inputs(&self, width: usize) -> usize {
        if let Self::Columns(columns) = self { columns.encoded() } else { width }
    }

    /// D, where the encoder has so many inputs.
    pub(crate) fn width(&self, inputs: usize) -> usize {
        if let Self::Columns(columns) = self { columns.width() } else { inputs }
    }

    /// The encoder's input for some rows, `[R, D]` to `[R, E]`, E the [inputs](Self::inputs).
    ///
    /// # Panics
    /// If the tensor cannot be read.
    pub fn apply(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Identity => x,
            Self::Log1p => x.log1p(),
            Self::Columns(columns) => {
                let (device, dtype, [rows, width]) = (x.device(), x.dtype(), x.dims());
                let cells: Vec<f32> = x.into_data_as::<f32>().try_to_vec().expect("read as f32");
                let mut out = vec![0.0; rows * columns.encoded()];
                for (x, out) in cells.chunks(width).zip(out.chunks_mut(columns.encoded())) {
                    columns.encode(x, out);
                }
                Tensor::from_data(TensorData::new(out, [rows, columns.encoded()]), (&device, dtype))
            }
        }
    }
}
