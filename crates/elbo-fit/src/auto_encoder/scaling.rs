//! From stored values to x, and back.

use elbo::minibatch::Rows;
use elbo_data::{Cells, Dataset};
use serde::{Deserialize, Serialize};

use super::request::Scale;
use crate::error::Error;

/// x = (stored − offset) / divisor, by column or with one pair for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    pub(crate) offset: Vec<f32>,
    pub(crate) divisor: Vec<f32>,
    /// The stored columns that are kept, in order; all of them if none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<usize>,
}

impl Scaling {
    /// The scaling that the argument asks for, by the training rows and the moments of all their columns.
    pub(crate) fn new(
        how: Scale,
        data: &Dataset,
        train: &Rows<'_>,
        (mean, variance): (&[f64], &[f64]),
        columns: Vec<usize>,
    ) -> Result<Self, Error> {
        let kept: Vec<usize> = if columns.is_empty() { (0..data.width()).collect() } else { columns.clone() };
        let (offset, divisor) = match how {
            Scale::Auto | Scale::None => (vec![0.0], vec![1.0]),
            Scale::Full => {
                let full = data.full_scale.ok_or_else(|| {
                    Error::request(
                        format!(
                            "`{}` does not say which value is full: «scale full» is for images",
                            data.name
                        ),
                        "«scale unit» takes the range of the training rows",
                    )
                })?;
                (vec![0.0], vec![full])
            }
            Scale::Unit => {
                let cells = train.iter().flat_map(|row| kept.iter().map(move |&c| row[c]));
                let (least, most) = cells
                    .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), v| (least.min(v), most.max(v)));
                (vec![least], vec![if most > least { most - least } else { 1.0 }])
            }
            Scale::Standard => {
                let moments = kept.iter().map(|&c| (mean[c] as f32, variance[c].sqrt() as f32));
                let (mean, sd): (Vec<f32>, Vec<f32>) = moments.unzip();
                if let Some(place) = sd.iter().position(|&sd| sd <= 0.0) {
                    let column = &data.columns[kept[place]];
                    let value = data.row(train.index()[0])[kept[place]];
                    return Err(Error::new(format!(
                        "`{}`: column `{column}` is {value} in every training row: it cannot be scaled to \
                         standard deviation 1",
                        data.name
                    ))
                    .remedy("«drop-constant» leaves such columns out; «scale unit» or none keeps them"));
                }
                (mean, sd)
            }
        };
        Ok(Self { offset, divisor, columns })
    }

    /// Makes rows of the modelled columns x, in place.
    pub(crate) fn apply(&self, x: &mut Cells, width: usize) -> Result<(), Error> {
        Ok(x.change(width, width, |row| {
            for (i, v) in row.iter_mut().enumerate() {
                *v = (*v - at(&self.offset, i)) / at(&self.divisor, i);
            }
        })?)
    }

    /// A row of x in the units of the stored data.
    pub(crate) fn undo(&self, x: &[f32]) -> Vec<f32> {
        let value = |(i, &v): (usize, &f32)| v * at(&self.divisor, i) + at(&self.offset, i);
        x.iter().enumerate().map(value).collect()
    }

    /// Σ_d log divisor_d, in nats: what to subtract from a Gaussian bound of x for that of the stored values.
    pub(crate) fn log_volume(&self, width: usize) -> f64 {
        (0..width).map(|i| f64::from(at(&self.divisor, i)).ln()).sum()
    }
}

fn at(values: &[f32], i: usize) -> f32 {
    if values.len() == 1 { values[0] } else { values[i] }
}
