//! The documents point at what is there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The Markdown files of the root and of `docs/`.
fn documents() -> Vec<PathBuf> {
    let files = [root(), root().join("docs")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths
}

/// The text without its blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The links `[text](target)` and the images `src="target"`, as text and target.
fn links(text: &str) -> Vec<(&str, &str)> {
    let inline = text.match_indices("](").filter_map(|(at, _)| {
        let target = text[at + 2..].split(')').next()?;
        Some((text[..at].rsplit('[').next()?, target))
    });
    let images =
        text.match_indices("src=\"").filter_map(|(at, _)| Some(("", text[at + 5..].split('"').next()?)));
    inline.chain(images).collect()
}

/// The anchors that a page's headings have on GitHub.
fn anchors(text: &str) -> BTreeSet<String> {
    let slug = |heading: &str| -> String {
        let letters = heading.trim_start_matches('#').trim().to_lowercase();
        let letters = letters.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        letters.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    prose(text).lines().filter(|line| line.starts_with('#')).map(slug).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in documents() {
        let text = prose(&fs::read_to_string(&page).unwrap());
        for (name, link) in links(&text).into_iter().filter(|(_, link)| !link.starts_with("http")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let mut found = target.exists();
            if found && !anchor.is_empty() {
                found = anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
            }
            // A link from an item's name to its file: the name stands there.
            if found && name.starts_with('`') && target.extension().is_some_and(|extension| extension == "rs")
            {
                let item = name.trim_matches('`').rsplit("::").next().unwrap();
                let source = fs::read_to_string(&target).unwrap();
                found = source.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == item)
                    || target.ends_with(format!("{item}.rs"))
                    || target.ends_with(format!("{item}/mod.rs"));
            }
            if !found {
                broken.push(format!("{}: [{name}]({link})", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A page that no index names is not found by who needs it.
#[test]
fn every_page_is_in_the_index() {
    let index = fs::read_to_string(root().join("docs/README.md")).unwrap();
    let listed: BTreeSet<&str> = links(&index).into_iter().map(|(_, link)| link).collect();
    for page in documents().iter().filter(|page| page.parent() == Some(&root().join("docs"))) {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || listed.contains(name), "docs/README.md does not link to {name}");
    }
}

/// Each equation of the table in `elbo`'s documentation has its text in `docs/equations.md`, and the other way round.
#[test]
fn every_equation_is_written_down() {
    let page = fs::read_to_string(root().join("docs/equations.md")).unwrap();
    let library = fs::read_to_string(root().join("crates/elbo/src/lib.rs")).unwrap();
    let number = |word: &str| word.strip_prefix('E').and_then(|digits| digits.parse::<u32>().ok());
    let written: BTreeSet<u32> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .filter_map(|heading| number(heading.split([' ', ':']).next().unwrap()))
        .collect();
    let rows = library.lines().filter(|line| line.starts_with("//! | E"));
    let homes: BTreeSet<u32> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(',').filter_map(|word| number(word.trim())))
        .collect();
    assert!(!homes.is_empty() && homes.is_subset(&written), "{homes:?} {written:?}");
}
