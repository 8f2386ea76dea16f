//! NPY files, as `numpy.save` writes them.

use elbo_data::{Column, Frame, ReadOptions, Remedy, read, read_as};

use crate::{Folder, gzip, read_bytes, refusal};

fn plain() -> ReadOptions {
    ReadOptions::default()
}

/// A file of version 1 with this header.
fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn npy(item: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    with_header(&format!("{{'descr': '{item}', 'fortran_order': {order}, 'shape': ({shape}), }}"), data)
}

#[test]
fn one_dimension_is_a_column_and_two_are_a_table() {
    let floats: Vec<u8> =
        [1.5f64, -2.25, 3.0, 1e300, 0.1, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let folder = Folder::new();
    let path = folder.file("a.npy", npy("<f8", false, "6,", &floats));
    let data = read_as::<f64>(&path, &plain()).unwrap();
    assert_eq!((data.columns, data.values[3]), (vec!["column 1".into()], 1e300));
    let path = folder.file("b.npy", npy("<f8", false, "3, 2", &floats));
    let data = read_as::<f64>(&path, &plain()).unwrap();
    assert_eq!(
        (data.columns, data.values[..4].to_vec()),
        (vec!["column 1".into(), "column 2".into()], vec![1.5, -2.25, 3.0, 1e300])
    );
    let (message, remedy) = refusal("b.npy", npy("<f8", false, "3, 2", &floats), &plain());
    assert!(message.ends_with("too large for the numbers that are computed with"), "{message}");
    assert!(message.starts_with("FILE: `column 2` of row 2 is 1"), "{message}");
    assert_eq!(remedy, Some(Remedy::RescaleColumn));
    // By columns, in memory and in a file.
    let path = folder.file("c.npy", npy("<f8", true, "3, 2", &floats));
    for memory in [None, Some(16)] {
        let data = read_as::<f64>(&path, &ReadOptions { memory, ..plain() }).unwrap();
        assert_eq!(data.values[..], [1.5, 1e300, -2.25, 0.1, 3.0, 6.0]);
        assert_eq!(data.values.held() == 0, memory.is_some());
    }
}

#[test]
fn every_type_in_either_byte_order() {
    let of = |item: &str, data: &[u8], rows: usize| {
        let folder = Folder::new();
        let path = folder.file("a.npy", npy(item, false, &format!("{rows},"), data));
        read_as::<f64>(&path, &plain()).unwrap().values.to_vec()
    };
    assert_eq!(of("|u1", &[0, 255], 2), [0.0, 255.0]);
    assert_eq!(of("|i1", &[127, 255], 2), [127.0, -1.0]);
    assert_eq!(of("|b1", &[0, 1], 2), [0.0, 1.0]);
    assert_eq!(of("<u2", &[1, 2, 255, 255], 2), [513.0, 65_535.0]);
    assert_eq!(of(">i2", &[1, 2, 255, 254], 2), [258.0, -2.0]);
    assert_eq!(of("<i4", &[1, 0, 0, 1, 255, 255, 255, 255], 2), [16_777_217.0, -1.0]);
    assert_eq!(of(">u4", &[0, 0, 1, 0, 255, 255, 255, 255], 2), [256.0, 4_294_967_295.0]);
    let words = [i64::MIN, 1 << 53].iter().flat_map(|x| x.to_be_bytes()).collect::<Vec<_>>();
    assert_eq!(of(">i8", &words, 2), [-9_223_372_036_854_775_808.0, 9_007_199_254_740_992.0]);
    let words = [u64::MAX, 3].iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
    assert_eq!(of("<u8", &words, 2), [18_446_744_073_709_551_615.0, 3.0]);
    let floats = [0.1f32, -2.5].iter().flat_map(|x| x.to_be_bytes()).collect::<Vec<_>>();
    assert_eq!(of(">f4", &floats, 2), [f64::from(0.1f32), -2.5]);
}

#[test]
fn bytes_in_three_dimensions_are_images() {
    let bytes = npy("|u1", false, "2, 2, 3", &[0, 1, 2, 3, 4, 255, 6, 7, 8, 9, 10, 11]);
    // Content goes before name.
    for (name, bytes) in [("a.npy", bytes.clone()), ("a.gz", gzip(&bytes)), ("a.csv", bytes)] {
        let data = read_bytes(name, bytes, &plain()).unwrap();
        assert_eq!((data.image, data.full_scale), (Some((2, 3)), Some(255.0)));
        assert_eq!(
            (data.row(0), data.columns[5].as_str()),
            (&[0.0, 1.0, 2.0, 3.0, 4.0, 255.0][..], "pixel 2,3")
        );
    }
}

#[test]
fn missing_cells_are_nan_or_refused() {
    let data: Vec<u8> = [1.0f32, f32::NAN].iter().flat_map(|x| x.to_le_bytes()).collect();
    let bytes = npy("<f4", false, "2, 1", &data);
    assert!(refusal("a.npy", &bytes, &plain()).0.ends_with("row 2 is NaN, which is not a finite number"));
    let data = read_bytes("a.npy", &bytes, &ReadOptions { missing: true, ..plain() }).unwrap();
    assert!(data.values[0] == 1.0 && data.values[1].is_nan());
}

#[test]
fn what_is_written_reads_back() {
    let folder = Folder::new();
    let path = folder.path("a.npy");
    let columns = [vec![0.1, -1e-300, 1.0 / 3.0], vec![f64::MAX, 2.0, 0.0]];
    Frame::new()
        .with("x", Column::Real(columns[0].clone()))
        .with("y", Column::Real(columns[1].clone()))
        .write(&path)
        .unwrap();
    let data = read_as::<f64>(&path, &plain()).unwrap();
    for (d, column) in columns.iter().enumerate() {
        assert_eq!(&data.column(d).collect::<Vec<_>>(), column);
    }
}

#[test]
fn headers_are_not_trusted() {
    let refused = |bytes: Vec<u8>| {
        let (message, remedy) = refusal("a.npy", bytes, &plain());
        let rest = message.strip_prefix("FILE is not a NumPy file that can be read: it ");
        assert!(matches!(remedy, Some(Remedy::UseHeader { .. })), "{message}");
        rest.unwrap_or_else(|| panic!("{message}")).to_owned()
    };
    let good = npy("<f8", false, "2,", &[0; 16]);
    assert_eq!(refused(good[..5].to_vec()), "has 5 bytes, and ends within its header");
    assert_eq!(
        refused(b"0123456789".to_vec()),
        "starts with [30, 31, 32, 33, 34, 35], not with 93 and `NUMPY`"
    );
    assert!(refused(good[..60].to_vec()).contains("or ends within it"));
    // Version 2 with a header of 4 GB, of which nothing is there.
    let long = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes()].concat();
    assert_eq!(refused(long), "has a header of 4294967295 bytes, of which 10000 are the most");
    assert!(refused(with_header("{'descr': '<f8'", &[])).starts_with("has a header that is none"));
    assert!(
        refused(npy("<c16", false, "2,", &[0; 32])).starts_with("holds items of type <c16, which is none of")
    );
    assert!(refused(npy("<f16", false, "2,", &[0; 32])).starts_with("holds items of type <f16"));
    assert!(refused(npy("<U4", false, "2,", &[0; 32])).starts_with("holds items of type <U4"));
    assert!(refused(npy("|O", false, "2,", &[0; 32])).starts_with("holds items of type |O"));
    for (record, message) in [
        ("[('a', '<f8', (2,)), ('b', '<i4')], 'fortran_order': False, 'shape': (1,)", "has a field `a` of"),
        (
            "[('a', '<f8'), ('b', '|O')], 'fortran_order': False, 'shape': (1,)",
            "has a field `b` of |O, which is",
        ),
        (
            "[('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (1, 2)",
            "holds records in shape [1, 2]",
        ),
        ("[('a', '<U4000000000')], 'fortran_order': False, 'shape': (1,)", "has a field `a` of"),
        ("[('', '|V4')], 'fortran_order': False, 'shape': (1,)", "holds records of 4 bytes"),
    ] {
        let message_of = refused(with_header(&format!("{{'descr': {record}, }}"), &[0; 12]));
        assert!(message_of.starts_with(message), "{message_of}");
    }
    let record = "{'descr': [('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (99999999999,), }";
    let (message, _) = refusal("a.npy", with_header(record, &[0; 12]), &plain());
    assert!(message.starts_with("FILE should hold 1199999999988 bytes"), "{message}");
    assert_eq!(refused(npy("<f8", false, "", &[0; 8])), "has shape [], but must have 1 to 4 dimensions");

    let message = |bytes| refusal("a.npy", bytes, &plain());
    let (short, remedy) = message(npy("<f8", false, "3, 2", &[0; 40]));
    assert_eq!(short, "FILE should hold 48 bytes after its header for shape [3, 2] and holds 40");
    assert_eq!(remedy, Some(Remedy::FetchTruncatedAgain));
    let (long, _) = message(npy("<f8", false, "3000000000, 3000000000, 4", &[0; 40]));
    assert!(long.starts_with("FILE should hold 18446744073709551615 bytes"), "{long}");
    for fortran in [false, true] {
        let (none, _) = message(npy("<f8", fortran, "0, 9000000000000", &[]));
        assert_eq!(none, "FILE has 0 rows, but at least 2 are needed");
        let (none, _) = message(npy("<f8", fortran, "9000000000000, 0", &[]));
        assert_eq!(none, "FILE has no column of values");
    }
    let options = ReadOptions { label_columns: vec!["last".into()], ..plain() };
    let folder = Folder::new();
    let error = read(&folder.file("a.npy", good), &options).unwrap_err();
    assert!(error.to_string().ends_with("an array without field names has no label column"));
}

#[test]
fn integers_that_f64_does_not_hold_are_said() {
    let digits = |name: &str, bytes: Vec<u8>| {
        let frame = elbo_data::read_frame(&Folder::new().file(name, bytes), &plain()).unwrap();
        let of = frame.reading.decisions.iter().filter(|decision| decision.of == "digits");
        of.map(|decision| format!("{}: {}", decision.chosen, decision.why)).collect::<Vec<_>>()
    };
    let said = |column: &str, text: &str, row: usize| {
        vec![format!("`{column}`: `{text}` in row {row} is rounded: a number keeps 15 digits")]
    };
    let odd = (1_i64 << 53) + 1;
    let words: Vec<u8> = [1, 2, 3, 1 << 53, -odd, 5].iter().flat_map(|x: &i64| x.to_le_bytes()).collect();
    // The fifth number: by rows it stands in the third row, by columns in the second.
    assert_eq!(digits("a.npy", npy("<i8", false, "3, 2", &words)), said("column 1", "-9007199254740993", 3));
    assert_eq!(digits("b.npy", npy("<i8", true, "3, 2", &words)), said("column 2", "-9007199254740993", 2));
    let big: Vec<u8> = [7, u64::MAX].iter().flat_map(|x| x.to_be_bytes()).collect();
    assert_eq!(digits("c.npy", npy(">u8", false, "2,", &big)), said("column 1", "18446744073709551615", 2));
    // All of these are numbers of f64; so are floats, whatever they are.
    let exact: Vec<u8> = [1_i64 << 53, i64::MIN, 1 << 60].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert!(digits("d.npy", npy("<i8", false, "3,", &exact)).is_empty());
    let floats: Vec<u8> = [9.1e15_f64, 1e300].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert!(digits("e.npy", npy("<f8", false, "2,", &floats)).is_empty());
    let record = "{'descr': [('n', '<i8'), ('x', '<f4')], 'fortran_order': False, 'shape': (2,), }";
    let mut rows = Vec::new();
    for n in [4, odd] {
        rows.extend(n.to_le_bytes());
        rows.extend(1.5_f32.to_le_bytes());
    }
    assert_eq!(digits("f.npy", with_header(record, &rows)), said("n", "9007199254740993", 2));
}
