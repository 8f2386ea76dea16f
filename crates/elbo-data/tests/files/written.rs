//! What is written in any dialect reads back the same, and no text is too odd to be read or refused.

use elbo_data::{DecimalMark, ReadOptions, TableOptions, TextColumns, read_as, read_frame};
use proptest::prelude::*;

use crate::Folder;

/// How a table is written.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
struct Dialect {
    delimiter: char,
    comma: bool,
    quoted: bool,
    header: bool,
    mark: &'static str,
    end: &'static str,
    blank_lines: bool,
    comment: bool,
    encoding: u8,
}

fn dialects() -> impl Strategy<Value = Dialect> {
    let marks = prop::sample::select(vec!["", "NA", "#N/A", "nan", "NULL", "--"]);
    let ends = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    let delimiters = prop::sample::select(vec![',', ';', '\t', '|']);
    (delimiters, any::<[bool; 5]>(), marks, ends, 0..5_u8).prop_map(
        |(delimiter, [comma, quoted, header, blank_lines, comment], mark, end, encoding)| Dialect {
            delimiter,
            comma: comma && (delimiter != ',' || quoted),
            quoted,
            header,
            mark,
            end,
            blank_lines,
            comment,
            encoding,
        },
    )
}

/// Rows of hundredths, some of them missing; none in the last row, since a row or a column without a cell is left out.
fn tables() -> impl Strategy<Value = Vec<Vec<Option<f64>>>> {
    (2..6_usize).prop_flat_map(|width| {
        let cell = prop::option::weighted(0.9, (-99_999..99_999_i32).prop_map(|x| f64::from(x) / 100.0));
        let rows = prop::collection::vec(prop::collection::vec(cell, width), 4..20);
        rows.prop_map(|mut rows| {
            rows.last_mut().into_iter().flatten().for_each(|cell| *cell = cell.or(Some(1.25)));
            rows
        })
    })
}

impl Dialect {
    fn write(&self, rows: &[Vec<Option<f64>>]) -> Vec<u8> {
        let mut text = String::new();
        let mut line = |cells: Vec<String>| {
            let quote = |cell: &String| if self.quoted { format!("\"{cell}\"") } else { cell.clone() };
            let cells: Vec<String> = cells.iter().map(quote).collect();
            text += &cells.join(&self.delimiter.to_string());
            text += self.end;
            if self.blank_lines {
                text += self.end;
            }
        };
        if self.header {
            line((0..rows[0].len()).map(|i| format!("größe {i}")).collect());
        }
        for row in rows {
            let cell = |x: &Option<f64>| x.map_or(self.mark.to_owned(), |x| x.to_string());
            let mark = |cell: String| if self.comma { cell.replace('.', ",") } else { cell };
            line(row.iter().map(cell).map(mark).collect());
        }
        if self.comment {
            text.insert_str(0, &format!("# by a program{}", self.end));
        }
        let utf16 = || text.encode_utf16();
        match self.encoding {
            0 => text.into_bytes(),
            1 => format!("\u{feff}{text}").into_bytes(),
            2 => [0xff, 0xfe].into_iter().chain(utf16().flat_map(u16::to_le_bytes)).collect(),
            3 => utf16().flat_map(u16::to_be_bytes).collect(),
            _ => text.chars().map(|c| c as u32 as u8).collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_reads_back(rows in tables(), dialect in dialects()) {
        let folder = Folder::new();
        let path = folder.file("a.csv", dialect.write(&rows));
        // Hundredths need not tell the header and the decimal mark: 1.5 may stand in no row.
        let table = TableOptions {
            header: Some(dialect.header),
            decimal: dialect.comma.then_some(DecimalMark::Comma),
            ..TableOptions::default()
        };
        let options = ReadOptions { missing: true, table, ..ReadOptions::default() };
        let data = read_as::<f64>(&path, &options).unwrap();
        prop_assert_eq!((data.rows(), data.width()), (rows.len(), rows[0].len()));
        for (cell, x) in rows.iter().flatten().zip(data.values.iter()) {
            prop_assert!(cell.map_or(x.is_nan(), |cell| cell == *x), "{:?} {}", cell, x);
        }
        if dialect.header {
            prop_assert_eq!(&data.columns[1], "größe 1");
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-,;|\t \n\r\"#%0-9.a-cNA$(é]{0,200}", kept in any::<bool>()) {
        let folder = Folder::new();
        let text_columns = if kept { TextColumns::Kept } else { TextColumns::Aside };
        let options = ReadOptions { missing: true, single: true, text: text_columns, ..ReadOptions::default() };
        let path = folder.file("a.csv", &text);
        if let Ok(frame) = read_frame(&path, &options) {
            let rows = frame.rows().unwrap();
            prop_assert!(frame.labels.is_none_or(|labels| labels.len() == rows));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = Folder::new();
        let path = folder.file("a.csv", &bytes);
        let _ = read_frame(&path, &ReadOptions { missing: true, ..ReadOptions::default() });
    }
}
