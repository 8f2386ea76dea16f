//! Results out: tables to files or stdout, pictures to files.

use std::{io, path::Path};

use elbo_data::{Column, Table, image_grid_png, write_atomically};

use crate::{config::Config, error::Error};

/// Whether a path asks for a picture.
pub(crate) fn is_picture(path: &Path) -> bool {
    ends_in(path, "png")
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Checks the name of an output before any work is done for it.
pub(crate) fn check_ending(path: Option<&Path>, picture: bool) -> Result<(), Error> {
    let known = |path: &Path| {
        ["csv", "npy", "parquet"].iter().any(|ending| ends_in(path, ending)) || (picture && is_picture(path))
    };
    match path {
        Some(path) if !known(path) => Err(Error::usage(
            format!("`{}` ends in no format that can be written here", path.display()),
            if picture {
                "end it in .csv, .npy, .parquet or .png"
            } else {
                "end it in .csv, .npy or .parquet"
            },
        )),
        _ => Ok(()),
    }
}

/// Rows of x as a table in the units of the stored data.
pub(crate) fn rows(x: &[f32], config: &Config) -> Table {
    let width = config.data.columns.len();
    let stored: Vec<Vec<f32>> = x.chunks(width).map(|x| config.data.scaling.undo(x)).collect();
    let mut table = Table::new();
    for (c, name) in config.data.columns.iter().enumerate() {
        table.push(name, Column::Real(stored.iter().map(|row| f64::from(row[c])).collect()));
    }
    table
}

/// A table of named columns from its cells, row by row.
pub(crate) fn of(names: &[String], cells: &[f64]) -> Table {
    let mut table = Table::new();
    for (place, name) in names.iter().enumerate() {
        let column = cells.iter().skip(place).step_by(names.len()).copied();
        table.push(name, Column::Real(column.collect()));
    }
    table
}

/// Writes a table, with the rows' labels as a last column where the format can hold text.
pub(crate) fn write(mut table: Table, labels: Option<Vec<String>>, path: Option<&Path>) -> Result<(), Error> {
    let text = path.is_none_or(|path| !ends_in(path, "npy"));
    if let Some(labels) = labels.filter(|_| text) {
        table.push("label", Column::Text(labels));
    }
    match path {
        Some(path) => Ok(table.write(path)?),
        None => match table.write_csv(io::stdout().lock()) {
            Err(elbo_data::Error::Stream { cause }) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        },
    }
}

/// Writes rows as a grid of images.
pub(crate) fn write_picture(
    images: &[Vec<f32>],
    config: &Config,
    columns: usize,
    path: &Path,
) -> Result<(), Error> {
    let Some(shape) = config.image() else {
        return Err(Error::plain(format!(
            "the rows of this model are no images: `{}` cannot show them",
            path.display()
        ))
        .hint("write a table (.csv, .npy or .parquet), or train with --image HxW"));
    };
    // About 112 pixels for the side of an image, whatever its size.
    let zoom = (112 / shape.0.max(shape.1)).max(1);
    Ok(write_atomically(path, &image_grid_png(images, shape, columns, zoom)?)?)
}
