//! Files to frames: a format a file, and a line of [`FORMATS`].

mod array;
mod arrow;
mod batches;
mod counts;
mod delimited;
mod dense;
mod digits;
mod docword;
mod entries;
mod folder;
mod idx;
mod images;
mod lda_c;
mod matrix_market;
mod npy;
mod npz;
mod parquet;
mod reader;
mod scipy;
mod structured;
mod text_parts;
mod thrift;
mod vocabulary;
mod workbook;

use crate::source::Origin;
use reader::Format;

pub(crate) use counts::counts_of;
pub use digits::{digits, digits_frame};
pub(crate) use entries::check_table;
pub(crate) use folder::read_folder;
pub(crate) use idx::read_labels;
pub(crate) use reader::ContentKind;

/// The formats that are read. Where the first bytes fit more than one, the first of them is it.
const FORMATS: &[&dyn Format] = &[
    &idx::Idx,
    &npy::Npy,
    &npz::Npz,
    &parquet::Parquet,
    &arrow::Arrow,
    &workbook::Workbook,
    &matrix_market::MatrixMarket,
    &docword::Docword,
    &lda_c::LdaC,
    &delimited::Delimited,
];

/// The format of a file: by its first bytes, or else by its name, or else text is a table.
pub(crate) fn recognise(head: &[u8], origin: &Origin) -> Option<&'static dyn Format> {
    let name = &origin.name;
    let formats = || FORMATS.iter().copied();
    formats()
        .find(|format| format.begins(head))
        .or_else(|| formats().find(|format| format.is_named(name) && of_text(head).is_none()))
        .or_else(|| {
            (is_text(head) && of_text(head).is_none()).then_some(&delimited::Delimited as &dyn Format)
        })
}

/// What remedies call files of the formats.
pub(crate) fn known() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.name()).collect()
}

/// Whether a file is text: it has no control characters but the usual ones, or is marked as UTF-16.
fn is_text(head: &[u8]) -> bool {
    let usual = |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c);
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) || head.iter().all(usual)
}

/// What a file is that no format of ours is, by its first bytes.
pub(crate) fn other(head: &[u8]) -> Option<&'static str> {
    if images::is_picture(head) {
        return Some("a picture: give the folder of the pictures that are the rows");
    }
    let of_bytes = || OTHERS.iter().find(|(magic, _)| head.starts_with(magic)).map(|&(_, what)| what);
    of_text(head).or_else(of_bytes)
}

/// What a file of text is that is no table.
fn of_text(head: &[u8]) -> Option<&'static str> {
    let head = String::from_utf8_lossy(&head[..head.len().min(512)]);
    let text: String = head.trim_start_matches('\u{feff}').trim_start().to_lowercase();
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).take(2).collect();
    let begins = |marks: &[&str]| marks.iter().any(|mark| text.starts_with(mark));
    match dense.as_str() {
        "{\"" | "{}" | "[{" | "[[" => Some("JSON: write its table as .csv or Parquet"),
        _ if begins(&["<!doctype", "<html", "<?xml"]) => {
            Some("a page of the web, perhaps in the place of a file that was not found: fetch the file again")
        }
        _ if begins(&["@relation"]) => Some("an ARFF file: write its table as .csv"),
        _ if begins(&["version https://git-lfs"]) => {
            Some("a pointer of Git LFS, which stands in the place of a file: `git lfs pull` fetches that")
        }
        _ if is_libsvm(&text) => {
            Some("a LIBSVM file: write it as .npz by scipy.sparse.save_npz, or as a Matrix Market file")
        }
        _ => None,
    }
}

/// Whether the first line is a label, and pairs of an index, which rises, and a number.
fn is_libsvm(text: &str) -> bool {
    let mut fields = text.lines().next().unwrap_or_default().split_ascii_whitespace();
    let label = fields.next().is_some_and(|label| label.parse::<f64>().is_ok());
    let index = |field: &str| {
        let (index, value) = field.split_once(':')?;
        value.parse::<f64>().ok().and(index.parse::<u64>().ok())
    };
    let indices: Option<Vec<u64>> = fields.map(index).collect();
    label && indices.is_some_and(|of| of.len() > 1 && of.windows(2).all(|pair| pair[0] < pair[1]))
}

/// Files of other programs, and what to do with them.
const OTHERS: [(&[u8], &str); 9] = [
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of old Excel or Office: write it as .xlsx or .csv"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file: write its table as Parquet or .npy"),
    (b"MATLAB 5.0", "a file of MATLAB: write it by writematrix as .csv"),
    (b"RDX", "a file of R: write it by write.csv"),
    (b"\x80\x04\x95", "a pickle of Python, which runs code where it is read: write it as Parquet or .npy"),
    (b"\x80\x05\x95", "a pickle of Python, which runs code where it is read: write it as Parquet or .npy"),
    (b"SQLite format 3", "a data base of SQLite: write the table as .csv"),
    (b"%PDF", "a PDF document"),
    (b"ORC", "an ORC file: write it as Parquet"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_goes_before_name() {
        let format = |head: &[u8], name: &str| {
            let path: std::path::PathBuf = name.into();
            let origin = Origin { name: crate::source::plain_name(&path), path, packing: None };
            recognise(head, &origin).map(Format::name)
        };
        let (idx, text) = (Some(idx::Idx.name()), Some(delimited::Delimited.name()));
        let market = Some(matrix_market::MatrixMarket.name());
        for name in ["a.csv", "a.ldac.gz", "a"] {
            assert_eq!(format(&[0, 0, 8, 3], name), idx);
            assert_eq!(format(b"%%MatrixMarket matrix", name), market);
        }
        for name in ["a.idx", "train-images-idx3-ubyte.gz", "a.idx1-ubyte", "A.UBYTE"] {
            assert_eq!(format(b"1,2", name), idx);
        }
        for name in ["a.csv", "A.TSV.gz", "b.txt", "iris.data", "a.dat", "noise"] {
            assert_eq!(format(b"1,2", name), text);
            assert_eq!(format("größe\t2\n".as_bytes(), name), text);
        }
        for head in ["1 0:1", "0\n2 1:1 4:2\n1 0:", "\u{feff}1 5:2\n"] {
            assert_eq!(format(head.as_bytes(), "a.dat"), Some(lda_c::LdaC.name()), "{head}");
        }
        for head in ["0 0:1\n", "1 12:30\n2 12:40\n", "3 a:1 b:2 c:3\n", "2 1\n"] {
            let document = head == "1 12:30\n2 12:40\n";
            assert_eq!(format(head.as_bytes(), "a.dat") == text, !document, "{head}");
        }
        // Rows whose lines do not end, or end as of old.
        for head in ["3 4 2", "283\tnan\tnan\r1\t2\t3\r", "3 4:1 2 7:1", "3 4"] {
            assert_eq!(format(head.as_bytes(), "a.csv"), text, "{head}");
        }
        assert_eq!(format(b"3\n4\n2\n1 1 2\n", "docword.txt"), Some(docword::Docword.name()));
        assert_eq!(format(b"PK\x03\x04", "a"), Some(workbook::Workbook.name()));
        assert_eq!(format(b"\x7fELF\x02", "a"), None);
    }

    #[test]
    fn no_two_formats_share_an_ending_or_a_name() {
        let mut endings: Vec<&str> = FORMATS.iter().flat_map(|format| format.endings()).copied().collect();
        let all = endings.len();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!((endings.len(), known().len()), (all, FORMATS.len()));
        for format in FORMATS {
            for ending in format.endings() {
                assert!(format.is_named(&format!("a.{ending}")), "{ending}");
            }
        }
    }
}
