//! NPZ: a zip archive of NumPy's arrays, of which one is the rows and another may be their labels, or which are a sparse matrix.

use std::path::Path;

use super::array::{numbers_of_column, read_labels};
use super::npy::Npy;
use super::reader::Format;
use super::scipy;
use crate::error::{CellFault, Error};
use crate::frame::{Column, Frame, Matrix};
use crate::names::listed;
use crate::options::ReadOptions;
use crate::source::{Archive, Source};

/// NPZ files.
pub(crate) struct Npz;

impl Format for Npz {
    fn name(&self) -> &'static str {
        "a NumPy file of several arrays (.npz)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npz"]
    }

    /// An archive whose first file is an array.
    fn begins(&self, head: &[u8]) -> bool {
        let name = || {
            let length = usize::from(u16::from_le_bytes([*head.get(26)?, *head.get(27)?]));
            head.get(30..30 + length)
        };
        head.starts_with(b"PK\x03\x04") && name().is_some_and(|name| name.ends_with(b".npy"))
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let path = source.origin.path.clone();
        let stored = source.seekable()?;
        let archive = Archive::open(&path, &stored)?;
        let names: Vec<String> =
            archive.names.iter().filter_map(|name| name.strip_suffix(".npy")).map(Into::into).collect();
        let array = |name: &str| Source::of_bytes(&path, stored.clone(), Some(&format!("{name}.npy")));
        if scipy::is_sparse(&names) {
            return scipy::read(&path, array, options);
        }
        let name = match rows(&path, &names, options.table.part.as_deref()) {
            Ok(name) => name,
            Err(error) => return columns(&path, &names, array, options)?.ok_or(error),
        };
        let mut frame = Npy.read(&mut array(&name)?, options)?;
        if names.len() > 1 {
            let why =
                if options.table.part.is_some() { "it is asked for" } else { "it has the name of rows" };
            frame.reading.decide("array", format!("`{name}` of {}", listed(names.iter())), why, false);
        }
        if options.labels.is_none()
            && let Some(name) = labels(&name, &names)
        {
            let labels = read_labels(&mut array(&name)?)?;
            let rows = frame.rows()?;
            if labels.len() != rows {
                return Err(Error::LabelCount { path, labels: labels.len(), rows });
            }
            frame.reading.decide("labels", format!("`{name}`"), "it has the name of labels", false);
            frame.labels = Some(labels);
        }
        Ok(frame)
    }
}

/// Arrays of one dimension and one length, as columns that have their names; none where an array is no such column.
fn columns(
    path: &Path,
    names: &[String],
    array: impl Fn(&str) -> Result<Source, Error>,
    options: &ReadOptions,
) -> Result<Option<Frame>, Error> {
    if options.table.part.is_some() || names.len() < 2 {
        return Ok(None);
    }
    let mut all = Frame { name: path.display().to_string(), memory: options.memory, ..Frame::new() };
    for name in names {
        let Some((numbers, rounded)) = numbers_of_column(&mut array(name)?)? else { return Ok(None) };
        let unfit = |x: &f64| x.is_infinite() || (x.is_nan() && !options.missing);
        if let Some(row) = numbers.iter().position(unfit) {
            let (path, column, value) = (path.to_owned(), name.clone(), numbers[row]);
            return Err(Error::Value { path, column, row: row + 1, value, fault: CellFault::NotFinite });
        }
        if let Some(rounded) = rounded {
            all.reading.decide_rounded(name, &rounded);
        }
        all.push(name, Column::Matrix(Matrix::new(vec![name.clone()], numbers)));
    }
    let same = all.rows().is_ok();
    Ok(same.then_some(all))
}

/// What arrays of rows are called, and those of their labels.
const PAIRS: [(&str, &[&str]); 5] = [
    ("X", &["y", "Y", "labels", "label", "target"]),
    ("x", &["y", "labels", "label", "target"]),
    ("data", &["labels", "label", "target", "targets", "y"]),
    ("images", &["labels", "label", "target", "y"]),
    ("features", &["labels", "label", "target", "targets", "y"]),
];

/// The array of rows: that of this name, the only one, or the only one that is called so.
fn rows(path: &Path, names: &[String], wanted: Option<&str>) -> Result<String, Error> {
    let known = |name: &&String| PAIRS.iter().any(|(rows, _)| rows == name);
    let found = match (wanted, names) {
        (Some(wanted), names) => names.iter().find(|name| *name == wanted),
        (None, [one]) => Some(one),
        (None, names) => {
            let mut called = names.iter().filter(known);
            called.next().filter(|_| called.next().is_none())
        }
    };
    found.cloned().ok_or_else(|| {
        let (path, names) = (path.to_owned(), names.to_vec());
        Error::Parts { path, what: "arrays", wanted: wanted.map(Into::into), names }
    })
}

/// The array of the labels of these rows: `y` of `X`, `y_train` of `x_train`.
fn labels(rows: &str, names: &[String]) -> Option<String> {
    let candidates = PAIRS.iter().flat_map(|(of, labels)| {
        let rest = rows.strip_prefix(of).filter(|rest| rest.is_empty() || rest.starts_with('_'));
        labels.iter().filter_map(move |label| rest.map(|rest| format!("{label}{rest}")))
    });
    candidates.into_iter().find(|candidate| names.contains(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_chosen_by_their_names() {
        let of = |names: &[&str], wanted| {
            let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
            let rows = rows("a.npz".as_ref(), &names, wanted);
            rows.map(|rows| (labels(&rows, &names), rows)).ok()
        };
        let found = |labels: Option<&str>, rows: &str| Some((labels.map(Into::into), rows.to_owned()));
        assert_eq!(of(&["weights"], None), found(None, "weights"));
        assert_eq!(of(&["y", "X"], None), found(Some("y"), "X"));
        assert_eq!(of(&["data", "target"], None), found(Some("target"), "data"));
        assert_eq!(of(&["x_train", "y_train", "x_test", "y_test"], None), None);
        let mnist = ["x_test", "x_train", "y_train", "y_test"];
        assert_eq!(of(&mnist, Some("x_test")), found(Some("y_test"), "x_test"));
        assert_eq!(of(&["arr_0", "arr_1"], None), None);
        assert_eq!(of(&["a", "b"], None), None);
        assert_eq!(of(&["a", "b"], Some("c")), None);
    }
}
