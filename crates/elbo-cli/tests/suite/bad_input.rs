//! What cannot be done is told: where, why and the remedy; and no run folder is left behind.

use std::{fs::File, io::Read};

use crate::common::{Place, files, gzip, measurements};

const CHECK: &str = "check the path";

/// Trains on a file, which must fail with exit code 1 and leave nothing.
fn unfit(name: &str, bytes: impl AsRef<[u8]>, options: &str, message: &[&str], hint: &str) {
    let place = Place::new();
    place.write(name, bytes);
    place.fails(&format!("train --data {name} --epochs 2 {options}"), 1, message, hint);
    assert_eq!(files(&place.path("")), [name]);
}

#[test]
fn paths() {
    let place = Place::new();
    place.write("folder/data.csv", measurements(9));
    place.write("folder/notes.md", "what was measured");
    place.fails(
        "train --data none.csv",
        1,
        &["cannot read `", "none.csv`: No such file or directory"],
        CHECK,
    );
    place.fails(
        "train --data folder",
        1,
        &["folder` is a folder that is no table: it holds"],
        "give a file, or a folder that holds",
    );
    place.fails("train --data folder/data.csv/x", 1, &["x`: Not a directory"], CHECK);
    place.fails("train --config none.toml", 1, &["cannot read `none.toml`: No such file"], CHECK);
    let hint = "give the config.toml of a run folder";
    place.fails("train --config folder/data.csv", 1, &["`folder/data.csv` is not a configuration"], hint);
    let hint = "give a run folder as runs/digits, or a model.safetensors file";
    place.fails("sample none", 1, &["`none` does not exist"], hint);
    place.fails("sample folder", 1, &["`folder/model.safetensors` does not exist"], hint);
    place.fails("sample folder/data.csv", 1, &["`folder/data.csv` is no readable checkpoint"], "is damaged");
    assert_eq!(files(&place.path("")), ["folder"]);
}

#[test]
fn damaged_files() {
    let whole = gzip(measurements(500).as_bytes());
    let cut = &whole[..whole.len() / 2];
    unfit("data.csv.gz", cut, "", &["data.csv.gz` is truncated"], "fetch or compress the file again");
    let mut corrupt = whole.clone();
    let middle = corrupt.len() / 2;
    corrupt[middle..middle + 20].iter_mut().for_each(|byte| *byte ^= 0xff);
    unfit("data.csv.gz", corrupt, "", &["data.csv.gz` is damaged"], "fetch or compress the file again");
    let message = ["is not an IDX file: it starts with [01, 02, 03, 04]"];
    unfit("train-images-idx3-ubyte", [1, 2, 3, 4, 5], "", &message, "starts with two zero bytes");
    let header = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2, 7];
    let message = ["should hold 16 bytes after its header for shape [4, 2, 2] and holds 1"];
    unfit("train-images-idx3-ubyte", header, "", &message, "the file is truncated: fetch it again");
    unfit("data.csv", "", "", &["data.csv` is empty"], "");
    unfit("data.bin", "\u{1}", "", &["data.bin` has no known format"], "use an IDX file");
}

#[test]
fn cells() {
    let with = |line: &str| format!("{}{line}\n", measurements(8));
    let kind = "--label-column kind";
    // A model of complete rows takes none that lack a cell.
    let place = Place::new();
    place.write("data.csv", measurements(30));
    place.succeeds("train --data data.csv --label-column kind --epochs 1");
    for (cell, message) in
        [("NaN", "line 10 is `NaN`, which is a missing cell"), ("", "line 10 is ``, which is an empty cell")]
    {
        place.write("holes.csv", with(&format!("1,{cell},3,tall")));
        let remedy = "fill in the missing cells, or leave their rows out";
        place.fails("evaluate runs/data --data holes.csv", 1, &[message], remedy);
    }
    let message = ["column `mass` line 10 is 1e151, whose square is out of range"];
    unfit("data.csv", with("1,2,1e151,tall"), kind, &message, "give the column other units");
    let message = ["column `depth` line 10 is `wide`, which is not a number"];
    unfit(
        "data.csv",
        with("1,wide,3,tall"),
        kind,
        &message,
        "--type depth=text sets the column aside as text",
    );
    let message = ["data.csv` line 10 has 3 cells, but the first row has 4"];
    unfit("data.csv", with("1,2,3"), kind, &message, "check the delimiter");
}

/// Whatever a column is named for: the request is wrong, and not the file.
#[test]
fn columns_that_are_not_there() {
    let place = Place::new();
    place.write("data.csv", measurements(9));
    for verb in
        ["train", "mixture", "factors --latent 1", "hmm --states 2", "state-space", "topics", "describe"]
    {
        for option in
            ["--label-column", "--columns", "--drop", "--type", "--weights", "--time", "--sequence-column"]
        {
            let takes = match option {
                "--label-column" => verb != "topics",
                "--weights" => ["mixture", "factors --latent 1", "topics"].contains(&verb),
                "--time" | "--sequence-column" => ["hmm --states 2", "state-space"].contains(&verb),
                _ => true,
            };
            let kind = if option == "--type" { "=binary" } else { "" };
            if takes {
                let asked = format!("{verb} --data data.csv {option} hieght{kind}");
                place.fails(&asked, 2, &["`", "has no column `hieght`"], "height");
            }
        }
    }
    for asked in ["regress --target hieght", "normal --column hieght", "state-space --column hieght"] {
        place.fails(&format!("{asked} --data data.csv"), 2, &["has no column `hieght`"], "height");
    }
    let message = ["has no column `species`; its columns are `height`, `depth`, `mass`, `kind`"];
    place.fails("train --data data.csv --label-column species", 2, &message, "give a name, a number");
    place.fails("train --data data.csv --drop masses", 2, &["no column `masses`"], "`mass` is like it; give");
    assert_eq!(files(&place.path("")), ["data.csv"]);
    // A file that lacks what a fit had is at fault itself.
    place.succeeds("mixture --data data.csv --label-column kind --components 1 --name m");
    place.write("narrow.csv", "height,depth\n1,2\n3,4.5\n");
    place.fails("evaluate runs/m --data narrow.csv", 1, &["has no column `mass`"], "needed are");
}

#[test]
fn too_little() {
    let kind = "--label-column kind";
    unfit("data.csv", measurements(0), kind, &["has 0 rows, but at least 2"], "more rows");
    unfit("data.csv", measurements(1), kind, &["has 1 rows, but at least 2"], "more rows");
    unfit("data.csv", "kind\na\nb\n", kind, &["has no column of values"], "besides the labels");
    let constant = "a,b\n".to_owned() + &"1,2.5\n".repeat(30);
    unfit("data.csv", constant, "", &["every column is constant (a, b)"], "is this the right file?");
}

#[test]
fn constant_columns() {
    let lines = measurements(40).replace("tall", "7.3").replace("small", "7.3");
    let message = ["column `kind` is 7.3 in every training row, to ten digits: it cannot be scaled"];
    unfit("data.csv", &lines, "", &message, "--drop-constant leaves such columns out; --scale unit or none");
    let message = ["1 constant column in the training rows (kind)", "the bound grow without limit"];
    unfit("data.csv", &lines, "--sigma per-column", &message, "--drop-constant leaves them out");
    unfit("data.csv", &lines, "--sigma per-column --scale none", &message, "--drop-constant leaves them out");
}

#[test]
fn values_that_a_likelihood_cannot_take() {
    let lines = "a,b\n".to_owned() + &"0.25,1\n0.5,0\n".repeat(10) + "0.5,1.5\n";
    let message = ["column `b` line 22 is 1.5, but a Bernoulli likelihood needs values in [0, 1]"];
    unfit("data.csv", lines, "--likelihood bernoulli", &message, "--scale unit maps the range");
}

#[test]
fn test_rows_that_do_not_belong() {
    let place = Place::new();
    let wine = measurements(30);
    place.write("data.csv", &wine);
    let narrow: Vec<&str> = wine.lines().map(|line| line.split_once(',').unwrap().1).collect();
    place.write("narrow.csv", narrow.join("\n"));
    let train = "train --data data.csv --label-column kind --epochs 2";
    let message = ["narrow.csv` has no column `height`"];
    place.fails(&format!("{train} --test narrow.csv"), 1, &message, "needed are height, ");
    place.fails(&format!("{train} --test none.csv"), 1, &["none.csv`: No such file"], CHECK);
    assert!(!place.exists("runs"));
    place.succeeds(train);
    for verb in ["evaluate", "encode", "reconstruct"] {
        place.fails(&format!("{verb} runs/data --data narrow.csv"), 1, &message, "needed are height, ");
    }
}

/// The columns of new rows in another order, with another one among them, are those of the fit all the same; columns of other
/// names are refused, also where there are as many.
#[test]
fn columns_of_an_auto_encoder_are_found_by_their_names() {
    let place = Place::new();
    let rows: Vec<Vec<String>> =
        measurements(40).lines().map(|line| line.split(',').map(ToOwned::to_owned).collect()).collect();
    let write = |name: &str, line: &dyn Fn(&[String]) -> String| {
        place.write(name, rows.iter().map(|row| line(row) + "\n").collect::<String>());
    };
    write("data.csv", &|row| row.join(","));
    write("turned.csv", &|row| [&row[3][..], &row[2], &row[0], &row[1]].join(","));
    write("more.csv", &|row| {
        let other = if row[0] == "height" { "other" } else { "7" };
        [&row[1][..], other, &row[2], &row[0], &row[3]].join(",")
    });
    write("renamed.csv", &|row| row.join(",").replace("height", "x"));
    place.succeeds("train --data data.csv --label-column kind --epochs 2");
    for verb in ["evaluate", "encode", "infer", "reconstruct"] {
        let of = |data: &str| {
            place.succeeds(&format!("{verb} runs/data --data {data} --label-column kind")).stdout
        };
        let own = of("data.csv");
        assert_eq!(own, of("turned.csv"), "{verb}");
        assert_eq!(own, of("more.csv"), "{verb}");
        let renamed = format!("{verb} runs/data --data renamed.csv --label-column kind");
        place.fails(&renamed, 1, &["renamed.csv` has no column `height`"], "needed are height, ");
    }
}

#[test]
fn folders_that_cannot_be_made() {
    let place = Place::new();
    place.write("file", "kept");
    let hint = "choose a folder that you can write with --runs DIR";
    for (runs, message) in [
        ("file", "cannot make the folder `file`"),
        ("file/runs", "cannot make the folder `file/runs`"),
        #[cfg(target_os = "linux")]
        ("/proc", "cannot make the folder `/proc/digits`"),
        #[cfg(target_os = "linux")]
        ("/proc/runs", "cannot make the folder `/proc/runs`"),
    ] {
        place.fails(&format!("train digits --epochs 2 --runs {runs}"), 1, &[message], hint);
    }
    assert_eq!(place.text("file"), "kept");
    for name in ["../up", "a/b", ".hidden"] {
        let message = format!("`{name}` cannot be the name of a run");
        place.fails(&format!("train digits --name {name}"), 2, &[&message], "--runs DIR says where");
    }
}

#[test]
fn a_run_never_overwrites_another() {
    let place = Place::new();
    place.succeeds("train digits --epochs 2 --name mine");
    let model = place.read("runs/mine/model.safetensors");
    let message = ["`runs/mine` exists already"];
    place.fails("train digits --epochs 3 --name mine", 1, &message, "choose another --name");
    assert_eq!(place.read("runs/mine/model.safetensors"), model);
    // A name that was not asked for makes way.
    for name in ["digits", "digits-2"] {
        assert_eq!(place.succeeds("train digits --epochs 2").stdout, format!("runs/{name}\n"));
    }
}

#[test]
fn a_fit_that_diverges_says_where_and_keeps_its_last_parameters() {
    let place = Place::new();
    let message =
        ["the decoder's output f(z) is not finite at step ", "(minibatch of data rows ", " and 56 more)"];
    let hint = "a smaller --step-size";
    place.fails("train digits --epochs 5 --optimiser sgd --step-size 10", 1, &message, hint);
    let (_, rows) = place.succeeds("sample runs/digits/last.safetensors -n 3").table();
    assert!(rows.len() == 3 && rows.iter().flatten().all(|value| (0.0..=16.0).contains(value)));
    assert!(!place.exists("runs/digits/results.json"));
    // Some epochs were good here: the best of them is kept, too.
    let growing = "train digits --name later --epochs 5 --decay 2,1e30";
    place.fails(growing, 1, &["is not finite at step 2"], hint);
    assert_eq!(place.metrics("runs/later").len(), 2);
    place.succeeds("sample runs/later -n 3");
}

#[test]
fn values_beyond_computing() {
    let place = Place::new();
    place.write("data.csv", measurements(40).replace("small", "3e37").replace("tall", "-3e37"));
    let message = ["is not finite at step 0"];
    place.fails(
        "train --data data.csv --scale none --epochs 2",
        1,
        &message,
        "--scale standard brings them near 1",
    );
    place.succeeds("train --data data.csv --epochs 2");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let place = Place::new();
    place.succeeds("train digits --epochs 2");
    std::os::unix::fs::symlink("/dev/full", place.path("full.csv")).unwrap();
    let hint = "the disk is full: free some space or write elsewhere";
    place.fails("encode runs/digits --output full.csv", 1, &["cannot write `full.csv`: No space left"], hint);
    let full = File::options().write(true).open("/dev/full").unwrap();
    for verb in ["encode", "evaluate", "sample"] {
        let mut command = place.command(&format!("{verb} runs/digits"));
        let output = command.stdout(full.try_clone().unwrap()).output().unwrap();
        crate::common::Said::new(verb, output).failed(
            1,
            &["cannot write: No space left on device"],
            "the disk is full",
        );
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = Place::new();
    place.succeeds("train digits --epochs 2");
    let mut command = place.command("sample runs/digits -n 20000");
    let mut child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut start = [0; 9];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    assert_eq!(&start, b"\"pixel 1,");
    let output = child.wait_with_output().unwrap();
    // What the rows are is said, and nothing of the pipe.
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.starts_with("rows ") && said.lines().count() == 1, "{said}");
}
