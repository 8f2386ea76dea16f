//! A run that was interrupted and gone on with is the run without the interruption, to the bit.
#![cfg(unix)]

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::{fs::symlink, process::ExitStatusExt},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::common::{Place, Said, files, measurements};

const FIT: &str = "train digits --name digits --epochs 40";
const RUN: &str = "killed/digits";

/// Starts the program, and kills it once the run has a state and so many epochs.
fn kill_after(epochs: usize, place: &Place, arguments: &str) {
    let mut child = start(place, arguments);
    wait_for(place, epochs, &mut child);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9), "the run ended before the kill");
    assert!(!place.exists(&format!("{RUN}/results.json")));
}

fn start(place: &Place, arguments: &str) -> Child {
    place.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn wait_for(place: &Place, epochs: usize, child: &mut Child) {
    let start = Instant::now();
    let metrics = place.path(&format!("{RUN}/metrics.jsonl"));
    let lines = || fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
    while lines() < epochs || !place.exists(&format!("{RUN}/state")) {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before the kill");
        assert!(start.elapsed() < Duration::from_mins(1), "no epochs");
        sleep(Duration::from_millis(2));
    }
}

/// A place with a whole run in `whole` and one killed after six epochs in `killed`.
fn interrupted() -> Place {
    let place = Place::new();
    place.succeeds(&format!("{FIT} --runs whole"));
    kill_after(6, &place, &format!("{FIT} --runs killed"));
    place
}

fn resumes_to_the_whole_run(place: &Place) {
    let said = place.succeeds("train --resume killed/digits");
    assert!(said.stderr.contains("resumed     after epoch "), "{said:?}");
    place.same_fit("whole/digits", RUN);
    assert_eq!(files(&place.path("whole/digits")), files(&place.path(RUN)));
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    let place = interrupted();
    // What a kill in the middle of a line, and of a file's replacement, leaves.
    let mut metrics =
        OpenOptions::new().append(true).open(place.path(&format!("{RUN}/metrics.jsonl"))).unwrap();
    metrics.write_all(br#"{"epoch":7,"step":91,"tra"#).unwrap();
    place.write(&format!("{RUN}/.elbo-cut"), b"half a file");
    resumes_to_the_whole_run(&place);
}

#[test]
fn many_kills_change_nothing() {
    let place = interrupted();
    // With more lines than that left from before, the kill comes as the program starts.
    for epochs in [9, 2, 15] {
        kill_after(epochs, &place, "train --resume killed/digits");
    }
    resumes_to_the_whole_run(&place);
    // A finished run has no epochs left: its results are written again.
    let model = place.read(&format!("{RUN}/model.safetensors"));
    fs::remove_file(place.path(&format!("{RUN}/model.safetensors"))).unwrap();
    resumes_to_the_whole_run(&place);
    assert_eq!(model, place.read(&format!("{RUN}/model.safetensors")));
}

/// States are written seconds apart, so that a quick run is killed with that of its first epoch; here it is that
/// of the eighth, with moments of Adam, an alternating schedule and a count of epochs without a rise.
#[test]
fn any_epoch_can_be_gone_on_from() {
    let place = Place::new();
    place.write("data.csv", measurements(300));
    let fit = "train --data data.csv --label-column kind --schedule alternating --sigma solved --patience 50";
    place.succeeds(&format!("{fit} --runs whole --epochs 20"));
    place.succeeds(&format!("{fit} --runs killed --epochs 8"));
    let config = place.text("killed/data/config.toml").replace("epochs = 8\n", "epochs = 20\n");
    place.write("killed/data/config.toml", config);
    let said = place.succeeds("train --resume killed/data");
    assert!(said.stderr.contains("resumed     after epoch 8"), "{said:?}");
    place.same_fit("whole/data", "killed/data");
}

#[test]
fn a_run_is_fitted_by_one_process() {
    let place = Place::new();
    let mut child = start(&place, "train digits --runs killed --epochs 400");
    wait_for(&place, 1, &mut child);
    let said = place.elbo("train --resume killed/digits");
    child.kill().unwrap();
    child.wait().unwrap();
    said.failed(1, &["another process is fitting `killed/digits`"], "wait until it is done");
}

#[test]
fn a_limit_on_file_size_costs_no_state() {
    let place = interrupted();
    let state = place.read(&format!("{RUN}/state"));
    // 100 KiB: less than the state and the model; the signal of the system may end the program.
    let elbo = env!("CARGO_BIN_EXE_elbo");
    let script = format!("ulimit -f 200; exec {elbo} train --resume {RUN}");
    let output = Command::new("sh").args(["-c", &script]).current_dir(place.path("")).output().unwrap();
    assert!(!output.status.success());
    let said = Said::new(&script, output);
    assert!(said.stderr.contains("resumed     after epoch 1"), "{said:?}");
    assert_eq!(place.read(&format!("{RUN}/state")), state);
    resumes_to_the_whole_run(&place);
}

/// Every write to this device fails as on a full disk; but no link out of a run folder is followed.
#[cfg(target_os = "linux")]
#[test]
fn a_link_out_of_the_folder_is_replaced() {
    let place = interrupted();
    let precious = place.path("precious");
    fs::write(&precious, "precious").unwrap();
    symlink("/dev/full", place.path(&format!("{RUN}/last.safetensors"))).unwrap();
    symlink(&precious, place.path(&format!("{RUN}/report.html"))).unwrap();
    resumes_to_the_whole_run(&place);
    assert_eq!(fs::read(precious).unwrap(), b"precious");
    fs::remove_file(place.path(&format!("{RUN}/results.json"))).unwrap();
    fs::create_dir(place.path(&format!("{RUN}/results.json"))).unwrap();
    let message = ["cannot write `killed/digits/results.json`: it is no regular file"];
    place.fails("resume killed/digits", 1, &message, "`elbo resume killed/digits` then goes on");
}

/// A folder that is moved while its fit runs is said to be, and goes on where it is.
#[test]
fn a_folder_that_is_moved_goes_on_where_it_is() {
    let place = Place::new();
    place.succeeds(&format!("{FIT} --runs whole"));
    let mut child = place
        .command(&format!("{FIT} --runs killed"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&place, 2, &mut child);
    fs::rename(place.path("killed"), place.path("moved")).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = Said::new("train", output);
    said.failed(
        1,
        &["the run folder `killed/digits` was moved or removed while its fit ran"],
        "`elbo resume RUN`",
    );
    fs::create_dir(place.path("killed")).unwrap();
    fs::rename(place.path("moved/digits"), place.path(RUN)).unwrap();
    resumes_to_the_whole_run(&place);
}

/// An ascent is stopped by Ctrl-C and by a request to terminate, says how to go on, and comes to the same bits; meanwhile its
/// model is not there, and its name is not free.
#[test]
fn an_interrupted_ascent_says_how_to_go_on() {
    let place = Place::new();
    let fit = "mixture digits --family bernoulli --components 12 --starts 2 --tolerance 1e-300 --sweeps 150 --name m";
    place.succeeds(&format!("{fit} --runs whole"));
    let mut child = place
        .command(&format!("{fit} --runs killed"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let folder = place.path("killed/m/config.toml");
    while !folder.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the fit ended before the signal");
        sleep(Duration::from_millis(2));
    }
    sleep(Duration::from_millis(50));
    let kill = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let said = Said::new(fit, child.wait_with_output().unwrap());
    assert!(said.stderr.contains("interrupted: the fit ends after this sweep"), "{said:?}");
    said.failed(130, &["the fit was stopped after sweep "], "`elbo resume killed/m` goes on");
    place.fails(
        "evaluate killed/m",
        1,
        &["`killed/m` holds a fit that is not finished"],
        "`elbo resume killed/m`",
    );
    place.fails(
        "predict killed/m",
        1,
        &["`killed/m` holds a fit that is not finished"],
        "`elbo resume killed/m`",
    );
    place.fails(
        &format!("{fit} --runs killed"),
        1,
        &["`killed/m` exists already, with a fit"],
        "`elbo resume killed/m`",
    );
    assert!(place.succeeds("runs killed").stdout.contains("m    interrupted  mixture"));
    let resumed = place.succeeds("train --resume killed/m");
    assert!(resumed.stderr.contains("resumed     after sweep "), "{resumed:?}");
    for file in ["model.json", "config.toml"] {
        assert!(place.read(&format!("whole/m/{file}")) == place.read(&format!("killed/m/{file}")), "{file}");
    }
    assert_eq!(place.metrics("whole/m"), place.metrics("killed/m"));
    let damaged = place.text("killed/m/state.json").replacen("\"bounds\":[-", "\"bounds\":[-1", 1);
    place.write("killed/m/state.json", damaged);
    let message = ["`killed/m/state.json` is not the state of a fit: it has changed since elbo wrote it"];
    place.fails("resume killed/m", 1, &message, "--config killed/m/config.toml");
}

#[test]
fn a_state_that_is_cut_off_or_missing_is_told() {
    let place = Place::new();
    place.succeeds("train digits --runs killed --epochs 2");
    let path = format!("{RUN}/state");
    let state = place.read(&path);
    let hint = "start it again with --config killed/digits/config.toml";
    for (bytes, message) in [
        (&state[..state.len() / 2], "`killed/digits/state` is no readable checkpoint"),
        (&state[..4], "`killed/digits/state` is no readable checkpoint"),
        (&[], "`killed/digits/state` is no readable checkpoint"),
    ] {
        place.write(&path, bytes);
        place.fails("train --resume killed/digits", 1, &[message], hint);
    }
    fs::copy(place.path("killed/digits/model.safetensors"), place.path(&path)).unwrap();
    let message = ["`killed/digits/state` is not the state of a run"];
    place.fails("train --resume killed/digits", 1, &message, hint);
    place.succeeds("train --config killed/digits/config.toml --runs again");
    assert_eq!(place.read("killed/digits/model.safetensors"), place.read("again/digits/model.safetensors"));
    // Without a state it goes on from the beginning.
    fs::remove_file(place.path(&path)).unwrap();
    fs::remove_file(place.path("killed/digits/model.safetensors")).unwrap();
    let said = place.succeeds("train --resume killed/digits");
    assert!(said.stderr.contains("resumed     from the beginning"), "{said:?}");
    place.same_fit("again/digits", RUN);
}

#[test]
fn a_run_does_not_go_on_with_other_data() {
    let place = Place::new();
    place.write("data.csv", measurements(100));
    place.succeeds("train --data data.csv --label-column kind --epochs 2");
    let model = place.read("runs/data/model.safetensors");
    place.write("data.csv", measurements(100).replacen("10", "11", 1));
    for way in ["--resume runs/data", "--config runs/data/config.toml"] {
        let message = ["data.csv` is not the data of this run: its contents differ"];
        place.fails(&format!("train {way}"), 1, &message, "restore the file");
    }
    fs::remove_file(place.path("data.csv")).unwrap();
    place.fails("train --resume runs/data", 1, &["data.csv`: No such file"], "check the path");
    assert_eq!(place.read("runs/data/model.safetensors"), model);
    assert_eq!(files(&place.path("runs")), ["data"]);
}

#[test]
fn what_is_no_run_cannot_be_resumed() {
    let place = Place::new();
    place.write("empty/note.txt", "");
    let message = ["`empty` is not a run folder: it holds no config.toml"];
    place.fails("train --resume empty", 1, &message, "a folder that `elbo train` made");
    place.fails(
        "train --resume nowhere",
        1,
        &["`nowhere` is not a run folder"],
        "a folder that `elbo train` made",
    );
    place.refuses(
        "train --resume runs/digits --batch 50",
        &["'--resume <RUN>' cannot be used with '--batch <B>'"],
    );
    place.refuses("train digits --resume runs/digits", &["cannot be used with"]);
}

/// Ctrl-C keeps the state after the epoch it falls in, and says how to go on.
#[cfg(unix)]
#[test]
fn an_interrupted_fit_says_how_to_go_on() {
    let (place, fit) = (Place::new(), FIT.replace("--epochs 40", "--epochs 200"));
    place.succeeds(&format!("{fit} --runs whole"));
    let mut command = place.command(&format!("{fit} --runs killed"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&place, 3, &mut child);
    // By the shell's own `kill`: the program of that name need not be there.
    let kill = format!("kill -INT {}", child.id());
    let sent = std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted: the fit ends after this epoch"), "{said}");
    let (_, told) = said.split_once("error: the fit was stopped after epoch ").unwrap();
    assert!(told.contains("hint: `elbo resume killed/digits` goes on"), "{told}");
    let last = place.text(&format!("{RUN}/metrics.jsonl")).lines().count();
    assert!(told.starts_with(&format!("{last}\n")), "{told} {last}");
    place.succeeds(&format!("train --resume {RUN}"));
    place.same_fit("whole/digits", RUN);
}
