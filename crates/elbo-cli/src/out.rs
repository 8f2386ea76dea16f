//! What leaves the program: data to standard output and to files, all else to standard error.

use std::{
    borrow::Cow,
    fs::{self, OpenOptions},
    io::{self, IsTerminal, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use elbo::diagnose::{Level, Verdict};
use elbo_data::{holds_text, image_grid_png, write_atomically, write_in_folder, written_endings};
use elbo_fit::{
    Answer, Approximation, Error, Outcome, Page, Source, Table, Term, Text, Uncertainty, is_of_run,
};
use serde_json::{Value, json};

use crate::{
    arguments::Output,
    escape::{Escaping, escaped},
    remedy,
    words::{flags, told},
};

/// Whether only errors are told, and verdicts that are not `trust`.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From here on only errors are told, and verdicts that are not `trust`.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Lines to stderr: all that is not data.
pub(crate) fn tell(lines: impl AsRef<str>) {
    if !is_quiet() {
        insist(lines);
    }
}

/// Lines to stderr that are told always.
pub(crate) fn insist(lines: impl AsRef<str>) {
    // Nobody is left to be told that stderr is closed.
    let _ = writeln!(io::stderr(), "{}", escaped(&unsigned_zeros(lines.as_ref()), true));
}

/// A line to stderr of something that is known: its name and what it is.
pub(crate) fn tell_fact(name: &str, text: &Text) {
    let text = told(text);
    tell(if name.is_empty() { text } else { format!("{name:<11} {text}") });
}

/// Standard output; a terminal sees nothing that would act on it.
fn stdout() -> Box<dyn Write> {
    let stdout = io::stdout();
    if stdout.is_terminal() { Box::new(Escaping::new(stdout.lock())) } else { Box::new(stdout.lock()) }
}

/// A text in which what is rounded to zero has no sign.
fn unsigned_zeros(text: &str) -> Cow<'_, str> {
    if !text.contains("-0.0") {
        return text.into();
    }
    let mut parts = text.split("-0.");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let inside = out.ends_with(|c: char| c.is_alphanumeric());
        let zero = !inside
            && digits > 0
            && part[..digits].bytes().all(|digit| digit == b'0')
            && !part[digits..].starts_with('e');
        out.push_str(if zero { "0." } else { "-0." });
        out.push_str(part);
    }
    out.into()
}

/// A verdict; where it is not `trust`, always.
pub(crate) fn tell_verdict(verdict: &Verdict) {
    let line = format!("verdict     {}", verdict.worded(&remedy::words));
    if verdict.level == Level::Trust { tell(line) } else { insist(line) }
}

/// Data to stdout; a reader that has closed the pipe wants no more.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    print_bytes(text.as_bytes())
}

fn print_bytes(bytes: &[u8]) -> Result<(), Error> {
    match stdout().write_all(bytes) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(elbo_data::Error::Stream { cause }.into())
        }
        _ => Ok(()),
    }
}

/// Figures as CSV, where they are not of all rows the heading says so; or as JSON, with all their digits.
pub(crate) fn print_terms(
    unit: &str,
    [some, all]: [usize; 2],
    terms: &[Term],
    json: bool,
) -> Result<(), Error> {
    if json {
        let of = |Term { name, value, standard_error, is }: &Term| {
            let error = if let Uncertainty::Of(error) = standard_error { Some(*error) } else { None };
            json!({ "term": name, "value": value, "standard_error": error, "is": is })
        };
        let terms: Vec<Value> = terms.iter().map(of).collect();
        return print(&format!(
            "{:#}\n",
            json!({ "unit": unit, "rows": some, "of_rows": all, "terms": terms })
        ));
    }
    let part = if some < all { format!("_of_{some}_of_{all}") } else { String::new() };
    let exact = terms.iter().all(|term| term.standard_error == Uncertainty::Exact);
    let heading = if exact {
        format!("term,{unit}{part},is\n")
    } else {
        format!("term,{unit}{part},standard_error,is\n")
    };
    let line = |Term { name, value, standard_error, is }: &Term| {
        let is = is.map_or("", Approximation::name);
        match standard_error {
            Uncertainty::Of(error) => format!("{name},{value:.6},{error:.6},{is}\n"),
            Uncertainty::Unknown => format!("{name},{value:.6},,{is}\n"),
            Uncertainty::Exact => format!("{name},{value:.6},{is}\n"),
        }
    };
    print(&unsigned_zeros(&format!("{heading}{}", terms.iter().map(line).collect::<String>())))
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
        Some(path) if is_of_run(path) => Err(Error::request(
            format!("`{}` is a file of a run, and it would be overwritten", path.display()),
            "give «output» another name",
        )),
        Some(path) => can_be_written(path),
        None => Ok(()),
    }
}

/// Checks that a file can be written, before any work is done for it: nothing of it is changed.
fn can_be_written(path: &Path) -> Result<(), Error> {
    let refused = |cause| Error::from(elbo_data::Error::Write { path: path.to_owned(), cause });
    if fs::symlink_metadata(path).is_ok() {
        if !path.is_dir() && fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Ok(());
        }
        OpenOptions::new().write(true).open(path).map_err(refused)?;
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    takes_files(folder).map_err(refused)
}

/// Refuses an output that is a file of the data: it would be lost.
pub(crate) fn spare_data<'a>(
    path: Option<&Path>,
    sources: impl IntoIterator<Item = &'a Source>,
) -> Result<(), Error> {
    match path {
        Some(path) if sources.into_iter().any(|source| source.holds(path)) => Err(Error::request(
            format!("`{}` holds the data, and they would be overwritten", path.display()),
            "give «output» another name",
        )),
        _ => Ok(()),
    }
}

/// Makes a file in a folder, and removes it.
fn takes_files(folder: &Path) -> io::Result<()> {
    let trial = folder.join(format!(".elbo-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&trial).and_then(|_| fs::remove_file(trial))
}

/// Whether a page can be written into a run folder.
pub(crate) fn holds_pages(folder: &Path) -> bool {
    takes_files(folder).is_ok()
}

/// `.csv, .npy, .parquet or .json`, and `.png` where a picture is one.
fn endings(picture: bool) -> String {
    let known = written_endings().chain(picture.then_some("png"));
    let known: Vec<String> = known.map(|ending| format!(".{ending}")).collect();
    let (last, first) = known.split_last().expect("some formats are written");
    format!("{} or {last}", first.join(", "))
}

/// Writes a table, a line's number and label first; what is text is left out of a format that holds none, and that is said.
pub(crate) fn write(told: Answer, Output { output, json }: &Output) -> Result<(), Error> {
    let path = output.as_deref();
    if let (Some(text), None, false) = (&told.text, path, json) {
        return print(text);
    }
    let given: Vec<String> = told.table.columns.iter().map(|(name, _)| name.clone()).collect();
    let mut table = told.into_table();
    tell_renamed(&given, &table, path);
    let Some(path) = path else {
        let stream = stdout();
        return match if *json { table.write_json(stream) } else { table.write_csv(stream) } {
            Err(elbo_data::Error::Stream { cause }) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        };
    };
    if holds_text(path) == Some(false) {
        let (numbers, texts) = table.columns.into_iter().partition(|(_, column)| column.is_number());
        table.columns = numbers;
        let texts: Vec<String> = texts.into_iter().map(|(name, _)| name).collect();
        if !texts.is_empty() {
            tell(format!("note: `{}` holds numbers alone: {} left out", path.display(), texts.join(", ")));
        }
    }
    Ok(table.write(path)?)
}

/// Says which columns are called otherwise than they always are, because another has their name: those of numbers and labels
/// before these columns, the last of a table, and second ones among these.
fn tell_renamed(given: &[String], table: &Table, path: Option<&Path>) {
    let (before, now) = table.columns.split_at(table.columns.len() - given.len());
    let place = path.map_or("the output".into(), |path| format!("`{}`", path.display()));
    for (new, _) in before {
        let of = |kind: &str| new.strip_suffix(kind).filter(|name| !name.is_empty());
        let (what, name) = match (of("_number"), of("_label")) {
            (Some(name), _) => ("the number", name),
            (_, Some(_)) => ("the label", "label"),
            _ => continue,
        };
        tell(format!(
            "note: {what} of each row is `{new}` in {place}, since the data have a column `{name}`"
        ));
    }
    for (name, (new, _)) in given.iter().zip(now).filter(|(name, (new, _))| *name != new) {
        tell(format!("note: the second column `{name}` is `{new}` in {place}"));
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

/// Writes a report into a run folder.
pub(crate) fn write_report(path: &Path, html: &str) -> Result<(), Error> {
    Ok(write_in_folder(path, html.as_bytes())?)
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
        tell_fact(name, text);
    }
    let verdict = &outcome.results.verdict;
    tell_verdict(verdict);
    tell_fact("report", &report.display().to_string().into());
    // Byte for byte, for the program that reads it.
    print_bytes(&[outcome.folder.as_os_str().as_encoded_bytes(), b"\n"].concat())?;
    Ok(verdict.level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_have_no_sign() {
        for (text, out) in [
            ("KL -0.0000 nats", "KL 0.0000 nats"),
            ("-0.000,-0.0010,1e-0.0,-0.0e3", "0.000,-0.0010,1e-0.0,-0.0e3"),
            ("2024-0.00", "2024-0.00"),
        ] {
            assert_eq!(unsigned_zeros(text), out);
        }
    }
}
