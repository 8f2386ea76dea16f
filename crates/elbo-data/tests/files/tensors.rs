//! Checkpoints.

use std::fs;

use elbo_data::{Error, Remedy, Tensors, Values};

use crate::Folder;

fn tensors(names: &[&str]) -> Tensors {
    let mut tensors = Tensors::new();
    for &name in names {
        match name {
            "f32" => tensors.insert_f32(name, &[2, 2], vec![1.0, -0.0, f32::MIN_POSITIVE, 3.5]),
            "f64" => tensors.insert_f64(name, &[3], vec![0.1, 1e300, -7.0]),
            "u64" => tensors.insert_u64(name, &[], vec![u64::MAX]),
            _ => tensors.insert_f32(name, &[0, 4], vec![]),
        }
    }
    tensors.set_metadata("{\"step\": 3, \"text\": \"ä\\n\"}");
    tensors
}

#[test]
fn a_checkpoint_reads_back() {
    let folder = Folder::new();
    let path = folder.path("a.safetensors");
    let written = tensors(&["f32", "f64", "u64", "none"]);
    written.write(&path).unwrap();
    let mut read = Tensors::read(&path).unwrap();
    assert_eq!(read.metadata(), written.metadata());
    assert_eq!(read.names().collect::<Vec<_>>(), ["f32", "f64", "none", "u64"]);
    assert_eq!(read.get("f64"), Some((&[3][..], &Values::F64(vec![0.1, 1e300, -7.0]))));
    assert_eq!(read.get_u64("u64", &[]).unwrap(), [u64::MAX]);
    assert_eq!(read.take_f64("f64", &[3]).unwrap(), [0.1, 1e300, -7.0]);
    let floats = read.take_f32("f32", &[2, 2]).unwrap();
    assert_eq!(floats[1].to_bits(), (-0.0f32).to_bits());
    assert!(read.take_f32("none", &[0, 4]).unwrap().is_empty());
    assert_eq!(read.names().collect::<Vec<_>>(), ["u64"]);

    Tensors::new().write(&path).unwrap();
    let empty = Tensors::read(&path).unwrap();
    assert_eq!((empty.names().count(), empty.metadata()), (0, None));
}

#[test]
fn equal_content_gives_equal_bytes() {
    let bytes = tensors(&["f32", "f64", "u64", "none"]).to_bytes().unwrap();
    for _ in 0..20 {
        assert_eq!(tensors(&["none", "u64", "f64", "f32"]).to_bytes().unwrap(), bytes);
    }
    // And reading and writing changes none.
    let folder = Folder::new();
    let path = folder.file("a", &bytes);
    assert_eq!(Tensors::read(&path).unwrap().to_bytes().unwrap(), bytes);
}

#[test]
fn what_is_not_there_is_named() {
    let folder = Folder::new();
    let path = folder.path("a.safetensors");
    tensors(&["f32"]).write(&path).unwrap();
    let mut read = Tensors::read(&path).unwrap();
    for (error, message) in [
        (read.get_f32("w", &[1]).unwrap_err(), "has no tensor `w`"),
        (read.get_f32("f32", &[4]).unwrap_err(), "tensor `f32` has shape [2, 2], but must have [4]"),
        (read.take_u64("f32", &[2, 2]).unwrap_err(), "tensor `f32` holds F32, but must hold U64"),
    ] {
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        assert_eq!(error.remedy(), Some(Remedy::UseCheckpointOfModel));
    }
    assert!(read.take_f32("f32", &[2, 2]).is_ok());
}

#[test]
fn damaged_files_are_refused() {
    let folder = Folder::new();
    let whole = tensors(&["f32", "f64", "u64"]).to_bytes().unwrap();
    for length in 0..whole.len() {
        let path = folder.file("short", &whole[..length]);
        let error = Tensors::read(&path).unwrap_err();
        assert!(matches!(error, Error::Tensors { .. }), "{length}: {error}");
        assert!(error.to_string().contains("short"), "{error}");
        assert!(error.remedy().is_some());
    }
    let mut long = whole.clone();
    long.push(0);
    let mut huge = whole;
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for bytes in [long, huge, b"x,y\n1,2\n3,4\n".to_vec()] {
        let error = Tensors::read(&folder.file("bad", bytes)).unwrap_err();
        assert!(matches!(error, Error::Tensors { .. }), "{error}");
    }
    let half = br#"{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}  "#;
    let mut bytes = (half.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(half);
    bytes.extend_from_slice(&[0, 0]);
    let error = Tensors::read(&folder.file("half", bytes)).unwrap_err();
    assert!(error.to_string().contains("tensor `h` holds F16, but must hold F32, F64 or U64"));
    assert!(matches!(Tensors::read(&folder.path("none")), Err(Error::Read { .. })));
}

#[test]
fn a_failed_write_keeps_the_old_checkpoint() {
    let folder = Folder::new();
    let path = folder.path("a.safetensors");
    tensors(&["f32"]).write(&path).unwrap();
    let old = fs::read(&path).unwrap();
    assert!(tensors(&["f64"]).write(&path.join("below")).is_err());
    assert_eq!(fs::read(&path).unwrap(), old);
}

#[test]
#[should_panic(expected = "needs 6 values")]
fn a_shape_that_does_not_fit_is_a_mistake_of_the_program() {
    Tensors::new().insert_f32("w", &[2, 3], vec![0.0; 5]);
}
