//! Files to frames: a format a file, and a line of [`FORMATS`].

mod delimited;
mod dense;
mod digits;
mod entries;
mod idx;
mod lda_c;
mod matrix_market;
mod npy;
mod reader;
mod vocabulary;

use std::path::Path;

use crate::source::plain_name;
use reader::Format;

pub use digits::{digits, digits_frame};
pub(crate) use idx::read_labels;
pub(crate) use reader::Holds;

/// The formats that are read.
const FORMATS: &[&dyn Format] =
    &[&idx::Idx, &npy::Npy, &delimited::Delimited, &matrix_market::MatrixMarket, &lda_c::LdaC];

/// The formats whose files hold this, or any.
fn that_hold(what: Option<Holds>) -> impl Iterator<Item = &'static dyn Format> {
    FORMATS.iter().copied().filter(move |format| what.is_none_or(|what| what == format.holds()))
}

/// The format of a file that holds this, or anything: by its first bytes, or else by its name.
pub(crate) fn recognise(head: &[u8], path: &Path, what: Option<Holds>) -> Option<&'static dyn Format> {
    let name = plain_name(path);
    that_hold(what)
        .find(|format| format.begins(head))
        .or_else(|| that_hold(what).find(|format| format.is_named(&name)))
}

/// What remedies call files of the formats that hold this, or of any.
pub(crate) fn known(what: Option<Holds>) -> Vec<&'static str> {
    that_hold(what).map(Format::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_goes_before_name() {
        let format = |head: &[u8], name: &str| recognise(head, name.as_ref(), None).map(Format::name);
        let (idx, text) = (Some(idx::Idx.name()), Some(delimited::Delimited.name()));
        let market = Some(matrix_market::MatrixMarket.name());
        for name in ["a.csv", "a.ldac.gz", "a"] {
            assert_eq!(format(&[0, 0, 8, 3], name), idx);
            assert_eq!(format(b"%%MatrixMarket matrix", name), market);
        }
        for name in ["a.idx", "train-images-idx3-ubyte.gz", "a.idx1-ubyte", "A.UBYTE"] {
            assert_eq!(format(b"1,2", name), idx);
        }
        for name in ["a.csv", "A.TSV.gz", "b.txt"] {
            assert_eq!(format(b"1,2", name), text);
        }
        assert_eq!(format(b"1 0:1", "a.dat"), Some(lda_c::LdaC.name()));
        assert_eq!(format(b"1,2", "a.xlsx"), None);
        assert_eq!(format(b"1,2", "csv"), None);
        assert!(recognise(b"%%MatrixMarket", "a.mtx".as_ref(), Some(Holds::Rows)).is_none());
        assert!(recognise(b"1,2", "a.csv".as_ref(), Some(Holds::Counts)).is_none());
    }

    #[test]
    fn no_two_formats_share_an_ending_or_a_name() {
        let mut endings: Vec<&str> = FORMATS.iter().flat_map(|format| format.endings()).copied().collect();
        let all = endings.len();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!((endings.len(), known(None).len()), (all, FORMATS.len()));
        for format in FORMATS {
            for ending in format.endings() {
                assert!(format.is_named(&format!("a.{ending}")), "{ending}");
            }
        }
    }
}
