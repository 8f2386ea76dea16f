//! Frames of numbers as NPY files: a matrix of 64-bit floats, row after row.

use std::path::Path;

use npyz::WriterBuilder;

use crate::atomic::replace;
use crate::error::Error;
use crate::frame::Frame;

/// Writes a file.
pub(crate) fn write(frame: &Frame, path: &Path) -> Result<(), Error> {
    let rows = frame.rows()?;
    if let Some((name, _)) = frame.columns.iter().find(|(_, column)| !column.is_number()) {
        return Err(Error::TableText { path: path.to_owned(), column: name.clone() });
    }
    replace(path, |file| {
        let mut writer = npyz::WriteOptions::<f64>::new()
            .default_dtype()
            .shape(&[rows as u64, frame.width() as u64])
            .writer(file)
            .begin_nd()?;
        for row in 0..rows {
            // A row at a time: a call for each cell would cost more than its number.
            writer.extend(frame.columns.iter().flat_map(|(_, column)| {
                (0..column.width()).filter_map(move |place| column.number(row, place))
            }))?;
        }
        writer.finish()
    })
}
