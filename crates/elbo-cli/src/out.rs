//! What leaves the program: data to standard output and to files, all else to standard error.

use std::{
    io::{self, Write},
    path::Path,
};

use elbo::diagnose::Level;
use elbo_data::{Column, holds_text, image_grid_png, write_atomically, written_endings};
use elbo_fit::{Error, Outcome, Page, Spread, Term, Told};

use crate::{remedy, words::flags};

/// A line to stderr: all that is not data.
pub(crate) fn tell(line: impl AsRef<str>) {
    // Nobody is left to be told that stderr is closed.
    let _ = writeln!(io::stderr(), "{}", line.as_ref());
}

/// Data to stdout; a reader that has closed the pipe wants no more.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(elbo_data::Error::Stream { cause }.into())
        }
        _ => Ok(()),
    }
}

/// Figures as CSV; where they are not of all rows the heading says so.
pub(crate) fn print_terms(unit: &str, [some, all]: [usize; 2], terms: &[Term]) -> Result<(), Error> {
    let part = if some < all { format!("_of_{some}_of_{all}") } else { String::new() };
    let exact = terms.iter().all(|term| term.standard_error == Spread::Exact);
    let heading =
        if exact { format!("term,{unit}{part}\n") } else { format!("term,{unit}{part},standard_error\n") };
    let line = |Term { name, value, standard_error }: &Term| match standard_error {
        Spread::Of(error) => format!("{name},{value:.6},{error:.6}\n"),
        Spread::Unknown => format!("{name},{value:.6},\n"),
        Spread::Exact => format!("{name},{value:.6}\n"),
    };
    print(&format!("{heading}{}", terms.iter().map(line).collect::<String>()))
}

/// Whether a path asks for a picture.
pub(crate) fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"))
}

/// Checks the name of an output before any work is done for it.
pub(crate) fn check_ending(path: Option<&Path>, picture: bool) -> Result<(), Error> {
    let known = |path: &Path| holds_text(path).is_some() || (picture && is_picture(path));
    match path {
        Some(path) if !known(path) => Err(Error::request(
            format!("`{}` ends in no format that can be written here", path.display()),
            format!("end it in {}", endings(picture)),
        )),
        _ => Ok(()),
    }
}

/// `.csv, .npy or .parquet`, and `.png` where a picture is one.
fn endings(picture: bool) -> String {
    let known = written_endings().chain(picture.then_some("png"));
    let known: Vec<String> = known.map(|ending| format!(".{ending}")).collect();
    let (last, first) = known.split_last().expect("some formats are written");
    format!("{} or {last}", first.join(", "))
}

/// Writes a table, with the rows' labels as a last column where the format can hold text.
pub(crate) fn write(told: Told, path: Option<&Path>) -> Result<(), Error> {
    let Told { mut table, labels, text } = told;
    if let (Some(text), None) = (text, path) {
        return print(&text);
    }
    let holds_text = path.is_none_or(|path| holds_text(path) == Some(true));
    if let Some(labels) = labels.filter(|_| holds_text) {
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
    shape: (usize, usize),
    columns: usize,
    path: &Path,
) -> Result<(), Error> {
    // About 112 pixels for the side of an image, whatever its size.
    let zoom = (112 / shape.0.max(shape.1)).max(1);
    Ok(write_atomically(path, &image_grid_png(images, shape, columns, zoom)?)?)
}

/// Writes a report.
pub(crate) fn write_report(path: &Path, html: &str) -> Result<(), Error> {
    Ok(write_atomically(path, html.as_bytes())?)
}

/// Writes the report of a fit, and tells how it went.
pub(crate) fn finish(outcome: &Outcome) -> Result<Level, Error> {
    let report = outcome.folder.join("report.html");
    write_report(&report, &elbo_report::page(&outcome.page, &flags, &remedy::words))?;
    if let Page::Ascent(_) = outcome.page {
        // Below the lines of the sweeps.
        tell("");
    }
    for (name, text) in &outcome.facts {
        tell(format!("{name:<11} {}", flags(text)));
    }
    let verdict = &outcome.results.verdict;
    tell(format!("verdict     {}", verdict.worded(&remedy::words)));
    tell(format!("report      {}", report.display()));
    print(&format!("{}\n", outcome.folder.display()))?;
    Ok(verdict.level)
}
