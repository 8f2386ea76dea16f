//! IDX files, and their labels.

use std::fs;

use elbo_data::{ReadOptions, Remedy, read};

use crate::{Folder, gzip, read_bytes, refusal};

fn plain() -> ReadOptions {
    ReadOptions::default()
}

/// An IDX file; the last argument are its bytes after the header.
fn idx(code: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, u8::try_from(shape.len()).unwrap()];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(data);
    bytes
}

#[test]
fn bytes_in_three_dimensions_are_images() {
    let bytes = idx(8, &[2, 2, 3], &[0, 1, 2, 3, 4, 255, 6, 7, 8, 9, 10, 11]);
    for (name, bytes) in [("a-idx3-ubyte", bytes.clone()), ("a.gz", gzip(&bytes)), ("whatever.csv", bytes)] {
        let data = read_bytes(name, bytes, &plain()).unwrap();
        assert_eq!((data.rows(), data.width()), (2, 6));
        assert_eq!((data.image, data.full_scale), (Some((2, 3)), Some(255.0)));
        assert_eq!(data.columns[5], "pixel 2,3");
        assert_eq!(data.row(0), [0.0, 1.0, 2.0, 3.0, 4.0, 255.0]);
        assert_eq!((data.labels, data.lines.of(0)), (None, 1));
    }
    let binary = read_bytes("a", idx(8, &[2, 1, 2], &[0, 1, 1, 0]), &plain()).unwrap();
    assert_eq!(binary.full_scale, Some(1.0));
}

#[test]
fn other_dimensions_are_flattened() {
    let data = read_bytes("a", idx(8, &[3], &[4, 5, 6]), &plain()).unwrap();
    assert_eq!((data.rows(), data.columns, data.full_scale), (3, vec!["column 1".into()], None));

    let flat = idx(8, &[2, 4], &[0, 1, 2, 3, 4, 5, 6, 7]);
    let data = read_bytes("a", &flat, &plain()).unwrap();
    assert_eq!((data.columns[3].as_str(), data.image, data.full_scale), ("column 4", None, None));
    let options = ReadOptions { image: Some((2, 2)), ..plain() };
    let data = read_bytes("a", &flat, &options).unwrap();
    assert_eq!(data.columns[3], "pixel 2,2");
    assert_eq!((data.image, data.full_scale), (Some((2, 2)), Some(255.0)));

    let data = read_bytes("a", idx(8, &[2, 2, 1, 2], &[9; 8]), &plain()).unwrap();
    assert_eq!((data.columns[3].as_str(), data.image), ("value 2,1,2", None));
    assert_eq!((data.rows(), data.width(), data.full_scale), (2, 4, Some(255.0)));
}

#[test]
fn every_type_is_read_big_endian() {
    let values = |code, data: &[u8], count| {
        let data = read_bytes("a", idx(code, &[count], data), &plain()).unwrap();
        assert_eq!(data.full_scale, None);
        data.values.to_vec()
    };
    assert_eq!(values(8, &[0, 255], 2), [0.0, 255.0]);
    assert_eq!(values(9, &[0x7f, 0xff], 2), [127.0, -1.0]);
    assert_eq!(values(0x0b, &[0x01, 0x00, 0xff, 0xfe], 2), [256.0, -2.0]);
    assert_eq!(values(0x0c, &[0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff], 2), [65536.0, -1.0]);
    let floats: Vec<u8> = [1.5f32, -2.25].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(values(0x0d, &floats, 2), [1.5, -2.25]);
    let doubles: Vec<u8> = [1.5f64, -2.25].iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(values(0x0e, &doubles, 2), [1.5, -2.25]);
}

#[test]
fn numbers_that_are_not_finite_are_named() {
    for (value, reason) in [
        (f64::NAN, "NaN, which is not a finite number"),
        (f64::INFINITY, "inf, which is not a finite number"),
        (-1e300, "too large for the numbers that are computed with"),
    ] {
        let data: Vec<u8> = [0.0, 1.0, 2.0, value].iter().flat_map(|v| v.to_be_bytes()).collect();
        let (message, remedy) = refusal("a", idx(0x0e, &[2, 2], &data), &plain());
        assert!(message.starts_with("FILE: `column 2` of row 2 is "), "{message}");
        assert!(message.ends_with(reason), "{message}");
        assert!(matches!(remedy, Some(Remedy::FillMissing | Remedy::RescaleColumn)));
    }
}

#[test]
fn a_file_of_many_pieces_is_read_as_one() {
    let rows = 30_000_u32;
    let pixels = |of: fn(u32) -> u8| (0..2 * rows).map(of).collect::<Vec<u8>>();
    let mut bytes = pixels(|i| u8::from(i % 3 == 0));
    let read = |bytes: &[u8], memory| {
        read_bytes("a", idx(8, &[rows, 2, 1], bytes), &ReadOptions { memory, ..plain() }).unwrap()
    };
    assert_eq!(read(&bytes, None).full_scale, Some(1.0));
    // A pixel of the first piece alone is no 0 or 1.
    bytes[7] = 2;
    assert_eq!(read(&bytes, None).full_scale, Some(255.0));
    for memory in [None, Some(50_000)] {
        let expected: Vec<f32> = bytes.iter().map(|&byte| byte.into()).collect();
        assert!(read(&bytes, memory).values[..] == expected);
    }
    let mut numbers = vec![1.5_f32; 2 * rows as usize];
    (numbers[40_001], numbers[50_000]) = (f32::NAN, f32::INFINITY);
    let numbers: Vec<u8> = numbers.iter().flat_map(|x| x.to_be_bytes()).collect();
    let (message, _) = refusal("a", idx(0x0d, &[rows, 2], &numbers), &plain());
    assert_eq!(message, "FILE: `column 2` of row 20001 is NaN, which is not a finite number");
}

#[test]
fn headers_are_not_trusted() {
    let (message, remedy) = refusal("a-idx3-ubyte.gz", gzip(b"\x01\x02\x08\x03"), &plain());
    assert_eq!(
        message,
        "FILE is not an IDX file: it starts with [01, 02, 08, 03], not with two zero bytes and two more"
    );
    assert!(matches!(remedy, Some(Remedy::UseHeader { form }) if form.contains("two zero bytes")));
    for (bytes, rule) in [
        (idx(0x0a, &[2], &[1, 2]), "type"),
        (idx(8, &[], &[]), "dimensions"),
        (idx(8, &[2; 5], &[0; 32]), "dimensions"),
        (vec![0, 0, 8, 3, 0, 0, 0, 2], "ends within its header"),
        (vec![0, 0, 8], "two more"),
    ] {
        let (message, _) = refusal("a", bytes, &plain());
        assert!(message.contains(rule), "{message}");
    }

    let (message, remedy) = refusal("a", idx(8, &[60_000, 28, 28], &[7; 100]), &plain());
    assert_eq!(
        message,
        "FILE should hold 47040000 bytes after its header for shape [60000, 28, 28] and holds 100"
    );
    assert_eq!(remedy, Some(Remedy::FetchTruncatedAgain));
    // The claim alone is more than any memory.
    let (message, _) = refusal("a.gz", gzip(&idx(0x0e, &[u32::MAX; 4], &[7; 100])), &plain());
    assert!(message.contains("18446744073709551615 bytes"), "{message}");
    let (message, remedy) = refusal("a", idx(8, &[2, 2], &[7; 6]), &plain());
    assert_eq!(message, "FILE should hold 4 bytes after its header for shape [2, 2] and holds 6");
    assert_eq!(remedy, Some(Remedy::FetchInconsistentAgain));
}

#[test]
fn too_little_data_is_refused() {
    let refused = |shape: &[u32], data: &[u8]| refusal("a", idx(8, shape, data), &plain()).0;
    assert_eq!(refused(&[1, 2], &[1, 2]), "FILE has 1 rows, but at least 2 are needed");
    assert_eq!(refused(&[0, 2], &[]), "FILE has 0 rows, but at least 2 are needed");
    assert_eq!(refused(&[2, 0], &[]), "FILE has no column of values");
    let options = ReadOptions { image: Some((3, 1)), ..plain() };
    let (message, _) = refusal("a", idx(8, &[2, 2], &[1; 4]), &options);
    assert_eq!(message, "FILE has 2 columns, which do not fit an image of 3x1");
    let options = ReadOptions { label_columns: vec!["last".into()], ..plain() };
    let (message, remedy) = refusal("a", idx(8, &[2, 2], &[1; 4]), &options);
    assert_eq!(message, "FILE: an IDX file has no label column");
    assert_eq!(remedy, Some(Remedy::UseLabelFile));
}

/// What a header says of columns takes no memory before a row is there.
#[test]
fn a_header_without_rows_takes_no_memory() {
    for shape in [&[0, 100_000_000][..], &[0, u32::MAX], &[0, u32::MAX, u32::MAX], &[0, 1 << 31, 1 << 31, 4]]
    {
        for bytes in [idx(8, shape, &[]), gzip(&idx(8, shape, &[]))] {
            let (message, _) = refusal("a", bytes, &plain());
            assert_eq!(message, "FILE has 0 rows, but at least 2 are needed");
        }
    }
    let single = ReadOptions { single: true, ..plain() };
    let (message, _) = refusal("a", idx(8, &[0, u32::MAX], &[]), &single);
    assert_eq!(message, "FILE has 0 rows, but at least 1 are needed");
    let (message, _) = refusal("a", idx(8, &[1, 3], &[1, 2, 3]), &plain());
    assert_eq!(message, "FILE has 1 rows, but at least 2 are needed");
}

#[test]
fn labels_lie_beside_images() {
    let images = idx(8, &[2, 1, 1], &[3, 4]);
    let labels = idx(8, &[2], &[7, 0]);
    for (image_name, label_name) in [
        ("t-images-idx3-ubyte", "t-labels-idx1-ubyte"),
        ("t-images-idx3-ubyte", "t-labels-idx1-ubyte.gz"),
        ("t-images-idx3-ubyte.gz", "t-labels-idx1-ubyte.gz"),
        ("t-images-idx3-ubyte.gz", "t-labels-idx1-ubyte"),
        ("t-images.idx3-ubyte", "t-labels.idx1-ubyte"),
    ] {
        let folder = Folder::new();
        let path = folder.file(image_name, &images);
        assert_eq!(read(&path, &plain()).unwrap().labels, None);
        folder.file(label_name, gzip(&labels));
        let labels = read(&path, &plain()).unwrap().labels.unwrap();
        assert_eq!(labels, ["7", "0"], "{image_name} {label_name}");
    }
}

#[test]
fn labels_come_from_a_named_file() {
    let folder = Folder::new();
    let images = folder.file("x", idx(8, &[2, 1, 1], &[3, 4]));
    let with = |labels: &str| {
        let options = ReadOptions { labels: Some(folder.path(labels)), ..plain() };
        read(&images, &options)
    };
    folder.file("y", idx(0x0c, &[2], &[0, 0, 1, 0, 255, 255, 255, 255]));
    assert_eq!(with("y").unwrap().labels.unwrap(), ["256", "-1"]);

    folder.file("three", idx(8, &[3], &[1, 2, 3]));
    let error = with("three").unwrap_err();
    assert!(error.to_string().ends_with("has 3 labels for 2 rows"), "{error}");
    assert_eq!(error.remedy(), Some(Remedy::UseLabelFileOfRows));
    let error = with("x").unwrap_err();
    assert!(error.to_string().ends_with("has shape [2, 1, 1], but it must have one dimension"));
    fs::write(folder.path("text"), "1\n2\n").unwrap();
    assert!(with("text").unwrap_err().to_string().contains("is not an IDX file"));
    assert!(with("none").unwrap_err().to_string().contains("none"));
}
