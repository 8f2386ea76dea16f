//! The parts of one text table, as Spark and others write them to a folder: one text, of which the names stand in each part.

use std::path::{Path, PathBuf};

use super::delimited::{Delimited, Sums, names_total};
use super::reader::Format;
use crate::error::Error;
use crate::frame::Frame;
use crate::names::brief;
use crate::options::{ReadOptions, TableOptions};
use crate::reading::Decision;
use crate::source::{Source, Spool};

/// The endings of the names of such parts.
pub(super) const ENDINGS: [&str; 2] = ["csv", "tsv"];

/// A part, and the line of the whole text on which its first line stands, or would stand.
struct Part<'a> {
    path: &'a PathBuf,
    begin: usize,
}

/// Reads the parts as one table, in this order.
pub(super) fn read(folder: &Path, paths: &[PathBuf], options: &ReadOptions) -> Result<Frame, Error> {
    let mut heads = Vec::new();
    for path in paths {
        if let Some(head) = first_line(path)? {
            heads.push((path, head));
        }
    }
    let Some((first, head)) = heads.first() else { return Err(Error::Empty { path: folder.to_owned() }) };
    let other = heads.iter().find(|(_, other)| other != head);
    let is_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let named = options.table.header.unwrap_or(other.is_none() && head.contains(char::is_alphabetic));
    let must_agree = options.table.header == Some(true) || !heads.iter().any(|(_, head)| is_digit(head));
    if let Some((path, second)) = other.filter(|_| must_agree && options.table.header != Some(false)) {
        let begins = |line: &str| format!("begins with `{}`", brief(line));
        let (first, second) = (begins(head), begins(second));
        return Err(Error::Unlike { path: heads[0].0.clone(), first, other: (*path).clone(), second });
    }
    let (mut text, mut parts, mut written) = (Spool::new()?, Vec::new(), 0_usize);
    let mut totals = Vec::new();
    for (path, _) in &heads {
        let left_out = usize::from(named && path != first);
        parts.push(Part { path, begin: written + 1 - left_out });
        let total = total(path, named, options)?;
        if let Some(line) = total {
            let part = path.file_name().unwrap_or_default().to_string_lossy();
            totals.push(format!("line {line} of `{}`", brief(&part)));
        }
        Source::open(path)?.lines(|line, content| {
            if total == Some(line) {
                // Its line stays, so that those of others keep their numbers.
                text.write(b"\n")?;
                written += 1;
            } else if line > left_out {
                text.write(content.as_bytes())?;
                text.write(b"\n")?;
                written += 1;
            }
            Ok(())
        })?;
    }
    // The text is called by the name of a part, whose ending tells its usual delimiter.
    let mut whole = Source::of_bytes(first, text.finish()?, None)?;
    whole.memory = options.memory;
    let read = Delimited.read(&mut whole, options);
    let mut frame = read.map_err(|error| error.in_part(|line| located(&parts, line)))?;
    frame.name = folder.display().to_string();
    let chosen = format!("{} files are one table", heads.len());
    frame.reading.decide(
        "parts",
        chosen,
        "they lie in one folder, and are read in the order of their names",
        false,
    );
    if !totals.is_empty() {
        let why = "each line sums up the rows of its part";
        frame.reading.decide("totals", format!("left out: {}", totals.join(", ")), why, false);
    }
    Ok(frame)
}

/// What may stand around a cell.
const DELIMITERS: [char; 6] = [',', ';', '\t', '|', ' ', '"'];

/// The last line of a part, where it sums up the part.
fn total(path: &Path, named: bool, options: &ReadOptions) -> Result<Option<usize>, Error> {
    let (mut last, mut above, mut sums) = (None, Sums::default(), Sums::default());
    Source::open(path)?.lines(|line, content| {
        if !content.trim().is_empty() {
            let cell = content.rsplit(DELIMITERS).next().unwrap_or_default();
            above = sums;
            sums.take(cell);
            last = Some((line, above.is_sum(cell) || content.split(DELIMITERS).any(names_total)));
        }
        Ok(())
    })?;
    // Few parts may have one: the others are not read twice.
    let Some((line, true)) = last else { return Ok(None) };
    let table = TableOptions { header: Some(named), ..options.table.clone() };
    let options = ReadOptions { table, missing: true, single: true, ..options.clone() };
    // What is wrong with a part is said of the whole.
    let read = Delimited.read(&mut Source::open(path)?, &options);
    let is_total = |decision: &Decision| {
        decision.of == "totals" && decision.chosen == format!("line {line} is left out")
    };
    Ok(read.ok().filter(|frame| frame.reading.decisions.iter().any(is_total)).map(|_| line))
}

/// The first line of a file, if it has one.
fn first_line(path: &Path) -> Result<Option<String>, Error> {
    let (mut first, mut lines) = (None, 0);
    let read = Source::open(path)?.lines(|_, text| {
        lines += 1;
        if lines == 1 {
            first = Some(text.to_owned());
        }
        Ok(())
    });
    read.map(|()| first)
}

/// The part that a line of the whole text comes from, and its number there.
fn located(parts: &[Part<'_>], line: usize) -> (PathBuf, usize) {
    let next = parts.partition_point(|part| part.begin <= line).max(1);
    let part = &parts[next - 1];
    (part.path.clone(), line + 1 - part.begin)
}
