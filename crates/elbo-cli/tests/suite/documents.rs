//! The commands that the documents and the help show are commands of the program.

use std::{fs, path::Path};

use crate::common::Place;

/// A command as it is written in a document, up to its comment and to what the shell does with its output.
fn arguments(command: &str) -> String {
    let end = [" #", " >", " |", "  "].iter().filter_map(|mark| command.find(mark)).min();
    command[..end.unwrap_or(command.len())].replace(['"', '\''], "")
}

/// The lines of a document's blocks of code that begin with `elbo`, continued ones joined.
fn commands(text: &str) -> Vec<String> {
    let blocks: String = text.split("```").skip(1).step_by(2).collect();
    let blocks = blocks.replace("\\\n", " ");
    let lines =
        blocks.lines().filter_map(|line| line.trim_start().trim_start_matches("$ ").strip_prefix("elbo "));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// `--help` at the end parses all that stands before it, and does nothing.
fn check(place: &Place, from: &str, command: &str) {
    let said = place.elbo(&format!("{} --help", arguments(command)));
    assert_eq!(said.code, Some(0), "{from}: elbo {command}\n{}", said.stderr);
}

#[test]
fn commands_of_the_documents() {
    let (place, root) = (Place::new(), Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let mut checked = 0;
    for folder in [root.clone(), root.join("docs")] {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                for command in commands(&fs::read_to_string(&path).unwrap()) {
                    check(&place, &path.display().to_string(), &command);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn commands_of_the_help() {
    let place = Place::new();
    let help = |verb: &str| {
        // Lines as they are written, and not broken for a screen.
        let mut command = place.command(&format!("{verb} --help"));
        String::from_utf8(command.env("COLUMNS", "1000").output().unwrap().stdout).unwrap()
    };
    let overview = help("");
    let list = overview.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let verbs = list.lines().filter_map(|line| line.split_whitespace().next()).filter(|verb| *verb != "help");
    let mut checked = 0;
    for verb in verbs {
        for line in help(verb).lines().filter_map(|line| line.trim_start().strip_prefix("elbo ")) {
            check(&place, verb, line);
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}
