//! Which file of a crate uses which, by its `use` lines and its re-exports: what the test of the floors stands on.
//!
//! A name that a file takes is followed through `pub use` to the file that defines it, so that a `mod.rs` that only hands
//! on what its children define is no stop on the way. A path that ends in a module itself is an arrow to that module's
//! file. Code under `#[cfg(test)]` is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use syn::{Attribute, Item, UseTree};

/// The path of a module from the crate's root, which is the empty one.
pub type Module = Vec<String>;

/// The source of a crate, file by file.
#[derive(Debug, Default)]
pub struct House {
    rooms: BTreeMap<Module, Room>,
}

/// A file.
#[derive(Debug, Default)]
struct Room {
    path: PathBuf,
    /// What it defines by itself.
    own: BTreeSet<String>,
    /// What each name that it takes from elsewhere stands for.
    taken: BTreeMap<String, Vec<String>>,
    /// Modules of which it takes every name.
    globs: Vec<Vec<String>>,
    /// Every path of its `use` lines that is not a re-export.
    uses: Vec<Vec<String>>,
}

/// That a file uses another, and the name for which it does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// The file that uses.
    pub from: PathBuf,
    /// The file that is used.
    pub to: PathBuf,
    /// The name that is taken.
    pub name: String,
}

impl House {
    /// Reads the crate whose root is this file, as `crates/elbo/src/lib.rs`.
    ///
    /// # Errors
    /// Where a file cannot be read, or is not Rust.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut house = Self::default();
        let folder = root.parent().unwrap_or(root).to_path_buf();
        house.enter(root, &folder, &[])?;
        Ok(house)
    }

    /// Reads a file, and the files of its modules, which lie in `folder`.
    fn enter(&mut self, path: &Path, folder: &Path, module: &[String]) -> io::Result<()> {
        let text = fs::read_to_string(path)?;
        let file = syn::parse_file(&text)
            .map_err(|cause| io::Error::other(format!("{}: {cause}", path.display())))?;
        let mut room = Room { path: path.into(), ..Room::default() };
        let mut inner = Vec::new();
        room.furnish(&file.items, module, &mut inner);
        self.rooms.insert(module.to_vec(), room);
        for name in inner {
            let (flat, nested) = (folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs"));
            let child = [module, std::slice::from_ref(&name)].concat();
            let path = if flat.is_file() { flat } else { nested };
            self.enter(&path, &folder.join(&name), &child)?;
        }
        Ok(())
    }

    /// All arrows from a file to another one of the crate.
    pub fn arrows(&self) -> BTreeSet<Arrow> {
        let mut arrows = BTreeSet::new();
        for room in self.rooms.values() {
            for path in &room.uses {
                let Some(to) = self.home(path, 0) else { continue };
                let target = &self.rooms[&to].path;
                if *target != room.path {
                    let name = path.last().cloned().unwrap_or_default();
                    arrows.insert(Arrow { from: room.path.clone(), to: target.clone(), name });
                }
            }
        }
        arrows
    }

    /// The module that defines what a path from the root names.
    fn home(&self, path: &[String], hops: usize) -> Option<Module> {
        // Longer chains of re-exports are circles.
        const HOPS: usize = 16;
        let depth = (0..=path.len()).rev().find(|&n| self.rooms.contains_key(&path[..n]))?;
        let (module, rest) = path.split_at(depth);
        let room = &self.rooms[module];
        let Some(name) = rest.first() else { return Some(module.to_vec()) };
        if room.own.contains(name) || hops == HOPS {
            return Some(module.to_vec());
        }
        if let Some(target) = room.taken.get(name) {
            return self.home(&[target, &rest[1..]].concat(), hops + 1);
        }
        let through = room.globs.iter().filter(|glob| !module.starts_with(glob));
        let mut homes = through.filter_map(|glob| self.home(&[&glob[..], rest].concat(), hops + 1));
        homes.find(|home| self.rooms[home].own.contains(name)).or_else(|| Some(module.to_vec()))
    }

    /// The path of a file from the folder of the crate's root, as `likelihood/poisson.rs`.
    pub fn name(&self, path: &Path) -> String {
        let root = self.rooms[&Vec::new()].path.parent().unwrap_or(path).to_path_buf();
        path.strip_prefix(root).unwrap_or(path).display().to_string()
    }
}

impl Room {
    /// Takes in the items of a file, or of a module within it; `inner` are the modules that have files of their own.
    fn furnish(&mut self, items: &[Item], module: &[String], inner: &mut Vec<String>) {
        for item in items {
            match item {
                Item::Mod(of) if !is_test(&of.attrs) => match &of.content {
                    None => inner.push(of.ident.to_string()),
                    Some((_, items)) => {
                        self.own.insert(of.ident.to_string());
                        self.furnish(items, module, &mut Vec::new());
                    }
                },
                Item::Use(of) if !is_test(&of.attrs) => {
                    let exported = !matches!(of.vis, syn::Visibility::Inherited);
                    self.take(&of.tree, &mut Vec::new(), module, exported);
                }
                other => self.own.extend(name_of(other)),
            }
        }
    }

    /// Takes in a tree of a `use` line; `before` is the path that leads to it.
    fn take(&mut self, tree: &UseTree, before: &mut Vec<String>, module: &[String], exported: bool) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.take(&path.tree, before, module, exported);
                before.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.take(tree, before, module, exported);
                }
            }
            UseTree::Name(name) => self.name(&name.ident.to_string(), None, before, module, exported),
            UseTree::Rename(name) => {
                self.name(&name.ident.to_string(), Some(name.rename.to_string()), before, module, exported);
            }
            UseTree::Glob(_) => {
                if let Some(path) = absolute(before, module) {
                    if exported {
                        self.globs.push(path);
                    } else {
                        self.uses.push(path);
                    }
                }
            }
        }
    }

    fn name(
        &mut self,
        name: &str,
        renamed: Option<String>,
        before: &[String],
        module: &[String],
        exported: bool,
    ) {
        let mut path = before.to_vec();
        if name != "self" {
            path.push(name.into());
        }
        let Some(path) = absolute(&path, module) else { return };
        let known_as = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
        if !exported {
            self.uses.push(path.clone());
        }
        self.taken.insert(known_as, path);
    }
}

/// The path from the crate's root; of a path into another crate one that leads nowhere.
fn absolute(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let mut at = module.to_vec();
    for step in path {
        match &step[..] {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()?),
            _ => at.push(step.clone()),
        }
    }
    Some(at)
}

fn is_test(attributes: &[Attribute]) -> bool {
    let test = |of: &Attribute| {
        of.path().is_ident("cfg") && of.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
    };
    attributes.iter().any(test)
}

/// The name of a definition.
fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(of) => &of.ident,
        Item::Enum(of) => &of.ident,
        Item::Fn(of) => &of.sig.ident,
        Item::Static(of) => &of.ident,
        Item::Struct(of) => &of.ident,
        Item::Trait(of) => &of.ident,
        Item::Type(of) => &of.ident,
        Item::Macro(of) => of.ident.as_ref()?,
        _ => return None,
    };
    Some(ident.to_string())
}

/// The circles among arrows: groups of files each of which leads, arrow by arrow, to every other one of its group.
pub fn circles(arrows: &BTreeSet<Arrow>) -> Vec<BTreeSet<&Path>> {
    let files: BTreeSet<&Path> = arrows.iter().flat_map(|of| [&*of.from, &*of.to]).collect();
    let reach: BTreeMap<&Path, BTreeSet<&Path>> =
        files.iter().map(|&file| (file, reachable(file, arrows))).collect();
    let mut circles: Vec<BTreeSet<&Path>> = Vec::new();
    for &file in &files {
        let circle: BTreeSet<&Path> =
            reach[file].iter().copied().filter(|other| reach[other].contains(file)).collect();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

fn reachable<'a>(from: &Path, arrows: &'a BTreeSet<Arrow>) -> BTreeSet<&'a Path> {
    let mut seen = BTreeSet::new();
    let mut left = vec![from.to_path_buf()];
    while let Some(file) = left.pop() {
        for arrow in arrows.iter().filter(|arrow| arrow.from == file) {
            if seen.insert(&*arrow.to) {
                left.push(arrow.to.clone());
            }
        }
    }
    seen
}
