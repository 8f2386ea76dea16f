//! The built-in data set.

use crate::cells::Cells;
use crate::dataset::Dataset;
use crate::frame::{Column, Frame, Matrix};
use crate::names::column_names;

/// Handwritten digits: 1797 images of 8 x 8 pixels, values 0 to 16, labelled
/// `0` to `9`.
///
/// The UCI Optical Recognition of Handwritten Digits (E. Alpaydin and
/// C. Kaynak, 1998; CC BY 4.0), as bundled by scikit-learn.
///
/// ```
/// let digits = elbo_data::digits();
/// assert_eq!(digits.image, Some((8, 8)));
/// assert_eq!(digits.row(0)[..4], [0.0, 0.0, 5.0, 13.0]);
/// ```
///
/// # Panics
///
/// Never: the text it parses is part of the program.
pub fn digits() -> Dataset {
    digits_frame().into_dataset().expect("a matrix in memory")
}

/// The digits of [`digits`] as a frame: one [`Matrix`], and labels.
///
/// # Panics
///
/// Never: the text it parses is part of the program.
pub fn digits_frame() -> Frame {
    let text = include_str!("../../data/digits.csv");
    let mut values = Vec::new();
    let mut labels = Vec::new();
    for line in text.lines() {
        let (pixels, label) = line.rsplit_once(',').expect("a label ends each line");
        values.extend(
            pixels.split(',').map(|pixel| f32::from(pixel.parse::<u8>().expect("a pixel is 0 to 16"))),
        );
        labels.push(label.to_owned());
    }
    let matrix = Matrix {
        columns: column_names(&[8, 8]),
        values: Cells::<f32>::from(values).into(),
        image: Some((8, 8)),
        full_scale: Some(16.0),
    };
    let frame = Frame { name: "digits".to_owned(), labels: Some(labels), ..Frame::new() };
    frame.with("pixels", Column::Matrix(matrix))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    // Shape, first row, sum and class counts as in sklearn.datasets.load_digits.
    #[test]
    fn the_digits_are_those_of_scikit_learn() {
        let digits = digits();
        assert_eq!((digits.rows(), digits.width()), (1797, 64));
        assert_eq!(
            digits.row(0)[..16],
            [0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15., 10., 15., 5., 0.]
        );
        assert!((digits.values.iter().sum::<f32>() - 561_718.0).abs() < 0.5);
        assert_eq!(digits.range(), (0.0, 16.0));
        assert_eq!(digits.constant_columns(), [0, 32, 39]);
        let mut counts = BTreeMap::new();
        for label in digits.labels.unwrap() {
            *counts.entry(label).or_insert(0) += 1;
        }
        let counts: Vec<i32> = counts.into_values().collect();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }
}
