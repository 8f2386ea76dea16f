//! A crate, and a file, uses only what stands below it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use house::{Arrow, House, circles};

/// The crates, from the ground up.
const CRATES: [&str; 7] =
    ["elbo-kernels", "elbo-data", "elbo", "elbo-fit", "elbo-report", "elbo-cli", "verdicts"];

fn root(of: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join("src");
    let library = source.join("lib.rs");
    if library.is_file() { library } else { source.join("main.rs") }
}

#[test]
fn no_file_is_used_by_what_it_uses() {
    let mut found = Vec::new();
    for of in CRATES {
        let house = House::read(&root(of)).unwrap();
        let arrows = house.arrows();
        for circle in circles(&arrows) {
            let within = |arrow: &&Arrow| circle.contains(&*arrow.from) && circle.contains(&*arrow.to);
            let lines = arrows.iter().filter(within).map(|arrow| {
                format!("  {} uses {} of {}\n", house.name(&arrow.from), arrow.name, house.name(&arrow.to))
            });
            found.push(format!("{of}: {} files in a circle\n{}", circle.len(), lines.collect::<String>()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The modules at the root of a crate, each with all its files, stand on floors as well.
#[test]
fn no_module_is_used_by_what_it_uses() {
    let mut found = Vec::new();
    for of in CRATES {
        let house = House::read(&root(of)).unwrap();
        let module = |path: &Path| {
            let name = house.name(path);
            PathBuf::from(name.split('/').next().unwrap_or(&name).trim_end_matches(".rs"))
        };
        let between = |arrow: &Arrow| {
            let (from, to, name) = (module(&arrow.from), module(&arrow.to), arrow.name.clone());
            let root = ["lib", "main"].iter().any(|root| to == Path::new(root) || from == Path::new(root));
            (from != to && !root).then_some(Arrow { from, to, name })
        };
        let arrows: BTreeSet<Arrow> = house.arrows().iter().filter_map(between).collect();
        found.extend(circles(&arrows).iter().map(|circle| format!("{of}: {circle:?}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// By the manifests: a crate depends on crates below it alone.
#[test]
fn no_crate_uses_one_above_it() {
    for (floor, of) in CRATES.iter().enumerate() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join("Cargo.toml");
        let text = fs::read_to_string(manifest).unwrap();
        let needed = text.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
        let uses =
            |other: &&&str| needed.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(**other));
        let above: Vec<_> = CRATES[floor..].iter().filter(uses).collect();
        assert!(above.is_empty(), "{of} depends on {above:?}, which stand above it");
    }
}

/// The reader itself, on a small crate: a re-export is followed home, tests are left out, and circles are found.
#[test]
fn arrows_are_read_as_the_compiler_would() {
    let folder = std::env::temp_dir().join(format!("elbo-house-{}", std::process::id()));
    fs::create_dir_all(folder.join("inner")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("lib.rs", "mod ground; mod inner; pub use inner::Deep; use ground::Ground;");
    write(
        "ground.rs",
        "use crate::Deep as D; pub struct Ground; #[cfg(test)] mod tests { use crate::inner; }",
    );
    write("inner/mod.rs", "mod deep; pub use deep::Deep;");
    write("inner/deep.rs", "use std::fmt; use crate::{ground::{self, Ground}}; pub struct Deep;");
    let house = House::read(&folder.join("lib.rs")).unwrap();
    let arrows = house.arrows();
    let told: BTreeSet<String> = arrows
        .iter()
        .map(|of| format!("{} {} {}", house.name(&of.from), of.name, house.name(&of.to)))
        .collect();
    let expected = [
        "ground.rs Deep inner/deep.rs",
        "inner/deep.rs Ground ground.rs",
        "inner/deep.rs ground ground.rs",
        "lib.rs Ground ground.rs",
    ];
    assert_eq!(told, expected.map(String::from).into());
    let found = circles(&arrows);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].len(), 2);
    fs::remove_dir_all(folder).unwrap();
}
