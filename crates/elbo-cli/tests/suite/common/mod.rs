//! The program in a folder of its own, and what it said.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder in which the program runs: run folders are made in its `runs`.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The program, ready to start; arguments are separated by spaces.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elbo"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path());
        command
    }

    pub(crate) fn elbo(&self, arguments: &str) -> Said {
        Said::new(arguments, self.command(arguments).output().unwrap())
    }

    /// Runs what must succeed. A fit may be finished and not to be trusted.
    pub(crate) fn succeeds(&self, arguments: &str) -> Said {
        let said = self.elbo(arguments);
        let fitted = !arguments.starts_with("audit") && said.code == Some(3);
        assert!(fitted || said.code == Some(0), "{said:?}");
        said
    }

    /// Runs what must fail, and checks the exit code and parts of the last message and hint.
    pub(crate) fn fails(&self, arguments: &str, code: i32, message: &[&str], hint: &str) {
        self.elbo(arguments).failed(code, message, hint);
    }

    /// Runs what the command line refuses before any work is done.
    pub(crate) fn refuses(&self, arguments: &str, message: &[&str]) {
        let said = self.elbo(arguments);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.starts_with("error: ") && said.stdout.is_empty(), "{said:?}");
        for part in message {
            assert!(said.stderr.contains(part), "no {part:?} in {said:?}");
        }
    }

    pub(crate) fn results(&self, run: &str) -> Value {
        serde_json::from_slice(&self.read(&format!("{run}/results.json"))).unwrap()
    }

    /// The lines of `metrics.jsonl` without what a clock has written.
    pub(crate) fn metrics(&self, run: &str) -> Vec<String> {
        let text = self.text(&format!("{run}/metrics.jsonl"));
        let timeless = |line: &str| line.split_once(r#","seconds":"#).expect("a time").0.to_owned();
        text.lines().map(timeless).collect()
    }

    /// Checks that two runs are the same fit to the bit.
    pub(crate) fn same_fit(&self, one: &str, other: &str) {
        for file in ["model.safetensors", "last.safetensors", "config.toml"] {
            let (one, other) = (format!("{one}/{file}"), format!("{other}/{file}"));
            assert!(self.read(&one) == self.read(&other), "{one} differs from {other}");
        }
        let figures = |run: &str| {
            let mut results = self.results(run);
            results["seconds"].take();
            results
        };
        assert_eq!(figures(one), figures(other));
        let (one, other) = (self.metrics(one), self.metrics(other));
        assert_eq!(one.len(), other.len(), "epochs");
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other);
        }
    }
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    #[expect(dead_code, reason = "its debug form is what a failed assertion shows")]
    arguments: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn new(arguments: &str, output: Output) -> Self {
        let said = Self {
            arguments: arguments.into(),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!said.stderr.contains("panicked"), "{said:?}");
        said
    }

    /// Checks a failure: its exit code, parts of the last message, and a part of the hint.
    pub(crate) fn failed(&self, code: i32, message: &[&str], hint: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let (_, last) = self.stderr.rsplit_once("error: ").unwrap_or_else(|| panic!("no error: {self:?}"));
        let (error, remedy) = last.split_once("\n\nhint: ").unwrap_or((last, ""));
        for part in message {
            assert!(error.contains(part), "no {part:?} in {error:?}");
        }
        assert!(remedy.contains(hint) && (hint.is_empty() == remedy.is_empty()), "no {hint:?} in {last:?}");
    }

    /// Standard output as a table: the names of the columns, and the rows.
    pub(crate) fn table(&self) -> (Vec<String>, Vec<Vec<f64>>) {
        table(&self.stdout)
    }

    /// The same without the first columns, which say which row a line is of.
    pub(crate) fn told(&self) -> (Vec<String>, Vec<Vec<f64>>) {
        told(&self.stdout)
    }
}

/// CSV of numbers: the names of the columns, and the rows. Cells of text are NaN.
pub(crate) fn table(text: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut lines = text.lines();
    // Names may hold commas, between quotes.
    let mut quoted = false;
    let comma = |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    let header = lines.next().expect("a header").split(comma).map(str::to_owned).collect();
    let number = |cell: &str| cell.parse().unwrap_or(f64::NAN);
    (header, lines.map(|line| line.split(',').map(number).collect()).collect())
}

/// The same without the columns of text, and without those that say which row a line is of.
pub(crate) fn told(text: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let (header, rows) = table(text);
    let kept: Vec<usize> = (0..header.len())
        .filter(|&c| !["row", "document", "sequence", "label", "log_density_is"].contains(&&header[c][..]))
        .collect();
    let row = |row: &Vec<f64>| kept.iter().map(|&c| row[c]).collect();
    (kept.iter().map(|&c| header[c].clone()).collect(), rows.iter().map(row).collect())
}

/// A table of correlated real numbers with a class column, the same at every call: two latent causes drive
/// columns with means 10, -20 and 300 and spreads in proportion.
pub(crate) fn measurements(rows: usize) -> String {
    let mut text = String::from("height,depth,mass,kind\n");
    for row in 0..rows {
        // Low-discrepancy sequences fill the range evenly without a generator of random numbers.
        let part = |step: f64| (row as f64 * step).fract() - 0.5;
        let (a, b, c) = (part(0.618_034), part(0.414_214), part(0.732_051));
        let kind = if a > 0.0 { "tall" } else { "small" };
        let (height, depth, mass) = (10.0 + 4.0 * a, -20.0 + 3.0 * a + b, 300.0 + 50.0 * b + 4.0 * c);
        writeln!(text, "{height},{depth},{mass},{kind}").unwrap();
    }
    text
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The mean of a column.
pub(crate) fn mean(rows: &[Vec<f64>], column: usize) -> f64 {
    rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64
}

/// The files of a folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The folder of data sets.
pub(crate) fn data() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = PathBuf::from(std::env::var("ELBO_DATA").unwrap_or_else(|_| default.into()));
    fs::canonicalize(folder).ok()
}
