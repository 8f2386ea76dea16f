//! Rows that take more than `--memory` are read from a file, to the same bits.

use std::fs;

use crate::common::{Place, Said, files, gzip, measurements};

const IN_A_FILE: &str = "the rows lie in a temporary file";

/// An IDX file of grey images of 5x5 bytes.
fn images(rows: u16) -> Vec<u8> {
    let header = [[0, 0, 8, 3], u32::from(rows).to_be_bytes(), 5_u32.to_be_bytes(), 5_u32.to_be_bytes()];
    let pixels = (0..usize::from(rows) * 25).map(|place| (place * place % 251) as u8);
    header.concat().into_iter().chain(pixels).collect()
}

/// A place with images, plain and gzipped, and tables, one of which has a constant column in its midst.
fn place() -> Place {
    let place = Place::new();
    place.write("images-idx3-ubyte", images(3000));
    place.write("images-idx3-ubyte.gz", gzip(&images(3000)));
    place.write("test-idx3-ubyte.gz", gzip(&images(1200)));
    let table = measurements(2000);
    place.write("data.csv", &table);
    place.write("constant.csv.gz", gzip(table.replace("small", "7").replace("tall", "7").as_bytes()));
    place.write("tmp/.keep", "");
    place
}

/// Runs the program with its temporary files in `tmp`, of which none must be left.
fn says(place: &Place, arguments: &str) -> Said {
    let output = place.command(arguments).env("TMPDIR", place.path("tmp")).output().unwrap();
    assert_eq!(files(&place.path("tmp")), [".keep"]);
    Said::new(arguments, output)
}

fn succeeds(place: &Place, arguments: &str) -> Said {
    let said = says(place, arguments);
    assert!(matches!(said.code, Some(0 | 3)), "{said:?}");
    said
}

#[test]
fn a_fit_has_the_same_bits() {
    let place = place();
    for (name, memory, fit) in [
        ("idx", "20K", "--data images-idx3-ubyte"),
        ("gz", "200K", "--data images-idx3-ubyte.gz --test test-idx3-ubyte.gz"),
        ("gaussian", "20K", "--data images-idx3-ubyte.gz --likelihood gaussian --scale unit"),
        ("csv", "2K", "--data data.csv --label-column kind --sigma per-column"),
        ("constant", "2K", "--data constant.csv.gz --drop-constant"),
    ] {
        let fit = format!("train {fit} --hidden 30 --epochs 3 --name {name}");
        let whole = succeeds(&place, &format!("{fit} --runs whole"));
        assert!(!whole.stderr.contains(IN_A_FILE), "{whole:?}");
        // With room for the rows nothing changes, and without it nothing but where they are.
        let room = succeeds(&place, &format!("{fit} --runs room --memory 1M"));
        assert!(!room.stderr.contains(IN_A_FILE), "{room:?}");
        let mapped = succeeds(&place, &format!("{fit} --runs mapped --memory {memory}"));
        assert!(mapped.stderr.contains(IN_A_FILE), "{mapped:?}");
        place.same_fit(&format!("whole/{name}"), &format!("room/{name}"));
        place.same_fit(&format!("whole/{name}"), &format!("mapped/{name}"));
    }
}

#[test]
fn so_has_what_a_fitted_model_says() {
    let place = place();
    succeeds(
        &place,
        "train --data images-idx3-ubyte --hidden 30 --epochs 2 --binarise threshold --name images",
    );
    succeeds(&place, "train --data data.csv --label-column kind --hidden 30 --epochs 2 --name table");
    for verb in [
        "evaluate runs/images",
        "encode runs/images --data test-idx3-ubyte.gz",
        "reconstruct runs/images --rows 7",
        "evaluate runs/table",
        "encode runs/table",
        "reconstruct runs/table --data data.csv --label-column kind",
    ] {
        let whole = succeeds(&place, verb);
        assert_eq!(succeeds(&place, &format!("{verb} --memory 1K")).stdout, whole.stdout, "{verb}");
    }
}

#[test]
fn a_run_goes_on_with_other_memory() {
    let place = place();
    let fit = "train --data images-idx3-ubyte.gz --hidden 30 --name images";
    succeeds(&place, &format!("{fit} --runs whole --epochs 6"));
    for (first, then) in [("", "--memory 50K"), ("--memory 50K", "")] {
        succeeds(&place, &format!("{fit} --runs parts --epochs 3 {first}"));
        let config = place.text("parts/images/config.toml").replace("epochs = 3\n", "epochs = 6\n");
        place.write("parts/images/config.toml", config);
        let said = succeeds(&place, &format!("train --resume parts/images {then}"));
        assert!(said.stderr.contains("resumed     after epoch 3"), "{said:?}");
        place.same_fit("whole/images", "parts/images");
        fs::remove_dir_all(place.path("parts")).unwrap();
    }
    succeeds(&place, "train --config whole/images/config.toml --runs again --memory 50K");
    place.same_fit("whole/images", "again/images");
}

#[test]
fn too_little_for_a_minibatch() {
    let place = place();
    let message = ["--memory 10000 is too small: a minibatch of 128 rows takes 12800 bytes"];
    let hint = "give --memory 12800 or more, or a smaller --batch";
    says(&place, "train --data images-idx3-ubyte --memory 10000").failed(2, &message, hint);
    succeeds(&place, "train --data images-idx3-ubyte --epochs 1 --memory 12800");
    succeeds(&place, "train --data images-idx3-ubyte --epochs 1 --memory 10000 --batch 64");
}

#[test]
fn damaged_files_are_told_as_ever() {
    let place = place();
    place.write("cut-idx3-ubyte", &images(3000)[..40_000]);
    let whole = place.read("images-idx3-ubyte.gz");
    place.write("cut.gz", &whole[..whole.len() / 2]);
    for (file, message, hint) in [
        (
            "cut-idx3-ubyte",
            "should hold 75000 bytes after its header",
            "the file is truncated: fetch it again",
        ),
        ("cut.gz", "cut.gz` is truncated", "fetch or compress the file again"),
    ] {
        says(&place, &format!("train --data {file} --memory 20K")).failed(1, &[message], hint);
    }
}

/// The system's limit on the size of a file stands for the end of a disk.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_without_room_for_the_rows() {
    let place = place();
    let elbo = env!("CARGO_BIN_EXE_elbo");
    let script =
        format!("trap '' XFSZ; ulimit -f 8; exec {elbo} train --data images-idx3-ubyte --memory 20K");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(place.path("")).env("TMPDIR", place.path("tmp"));
    let folder = place.path("tmp").display().to_string();
    let said = Said::new(&script, shell.output().unwrap());
    let message = format!("cannot keep the rows in a temporary file in `{folder}`: File too large");
    said.failed(1, &[&message], "free some space there, name a folder of a larger disk with TMPDIR");
    assert!(!place.exists("runs"));

    let mut nowhere = place.command("train --data images-idx3-ubyte --memory 20K");
    let said = Said::new("nowhere", nowhere.env("TMPDIR", place.path("none")).output().unwrap());
    let message = ["cannot keep the rows in a temporary file in `", "none`: No such file or directory"];
    said.failed(1, &message, "name another folder with TMPDIR, or give --memory more");
}
