//! Small fits whose files are replaced by those of a fuzzer.
//!
//! `cargo fuzz run --fuzz-dir fuzz/saved TARGET -- -max_total_time=600`, of the targets config_toml, model_json,
//! model_safetensors, state, state_json, metrics_jsonl and results_json. `cargo run --release --manifest-path
//! fuzz/saved/Cargo.toml --bin seeds` writes the corpora, from fits of all models. A file with a checksum is given the right
//! one: what is looked for is what comes after it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use elbo::{burn::tensor::Device, mean_field::Ascent};
use elbo_data::sha256;
use elbo_fit::{
    Query, FittedModel, ResumeOptions, Place, Plan, Selection, Source,
    auto_encoder::{self, AutoEncoder},
    fit,
    models::{
        Model, Online, FitContext, factors, hidden_markov, ising, mixture, normal, regress, state_space, topics,
    },
    resume,
};

/// A folder of the process's own, with the data and a run of each model in it.
#[derive(Debug)]
pub struct Fits {
    folder: PathBuf,
}

/// The folder in seeds: as long as that of a process, since lengths of text are written too.
const ANYWHERE: &[u8] = b"elbo-fuzz-saved-0000000000";

/// Bytes with others of the same length in the place of some.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for place in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[place..].starts_with(from) {
            bytes[place..place + from.len()].copy_from_slice(to);
        }
    }
    bytes
}

fn plan(runs: &Path, name: &str) -> Plan {
    Plan { place: Place { runs: runs.into(), name: Some(name.into()) }, ..Plan::default() }
}

impl Fits {
    /// The fits, made once.
    pub fn made() -> &'static Self {
        static MADE: OnceLock<Fits> = OnceLock::new();
        MADE.get_or_init(|| {
            let memory = PathBuf::from("/dev/shm");
            let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
            let fits = Self { folder: root.join(format!("elbo-fuzz-saved-{:010}", std::process::id())) };
            fits.make();
            fits
        })
    }

    /// Bytes that name the folder of any process, as naming that of this one.
    fn here(&self, bytes: &[u8]) -> Vec<u8> {
        let name = self.folder.file_name().unwrap_or_default().as_encoded_bytes();
        replaced(bytes, ANYWHERE, name)
    }

    /// The bytes of a file of a run, which name no process.
    pub fn of(&self, run: &str, file: &str) -> Vec<u8> {
        let name = self.folder.file_name().unwrap_or_default().as_encoded_bytes();
        replaced(&fs::read(self.run(run).join(file)).unwrap(), name, ANYWHERE)
    }

    /// The names of the models by coordinate ascent.
    pub const ASCENTS: [&'static str; 8] =
        ["mixture", "regress", "factors", "normal", "hmm", "state-space", "ising", "topics"];

    /// A run folder.
    pub fn run(&self, name: &str) -> PathBuf {
        self.folder.join("runs").join(name)
    }

    fn make(&self) {
        let data = self.folder.join("rows.csv");
        fs::create_dir_all(&self.folder).unwrap();
        let rows: String = (0..12).map(|i| format!("{},{}.5\n", i % 5 + 9 * (i % 2), i * i % 7)).collect();
        fs::write(&data, format!("x,y\n{rows}")).unwrap();
        fs::write(self.folder.join("spins.csv"), "a,b,c\n0,0.5,0.1\n0.5,0,-0.2\n0.1,-0.2,0\n").unwrap();
        fs::write(self.folder.join("words.ldac"), "2 0:1 2:3\n1 1:2\n3 0:1 1:1 2:1\n").unwrap();
        let request = auto_encoder::Request {
            hidden: Some(vec![2]),
            latent: Some(vec![1]),
            epochs: Some(2),
            ..auto_encoder::Request::default()
        };
        let (rows, runs) = (Source::file(&data).unwrap(), self.folder.join("runs"));
        auto_encoder::fit(&request, rows, None, None, &plan(&runs, "train"), &()).unwrap();
        let online = Some(Online { batch: 5, epochs: 1, ..Online::default() });
        let of = mixture::Request { components: 2, starts: 2, online, ..mixture::Request::default() };
        self.ascent::<mixture::Mixture>(&of, "rows.csv");
        self.ascent::<regress::Regress>(&regress::Request::default(), "rows.csv");
        self.ascent::<factors::Factors>(&factors::Request::default(), "rows.csv");
        let of = normal::Request { column: Some("x".into()), ..normal::Request::default() };
        self.ascent::<normal::Normal>(&of, "rows.csv");
        let of = hidden_markov::Request { states: 2, starts: 2, ..hidden_markov::Request::default() };
        self.ascent::<hidden_markov::HiddenMarkov>(&of, "rows.csv");
        self.ascent::<state_space::StateSpace>(&state_space::Request::default(), "rows.csv");
        self.ascent::<ising::Ising>(&ising::Request { starts: 2, ..ising::Request::default() }, "spins.csv");
        let of = topics::Request { topics: 2, starts: 2, ..topics::Request::default() };
        self.ascent::<topics::Topics>(&of, "words.ldac");
    }

    fn ascent<M: Model>(&self, request: &M::Request, data: &str) {
        let run = FitContext { ascent: Ascent { tolerance: 1e-300, sweeps: 3 }, seed: 0, observer: &() };
        let source = Source::file(&self.folder.join(data)).unwrap();
        fit::<M>(request, source, &run, &plan(&self.folder.join("runs"), M::NAME)).unwrap();
    }

    /// Puts bytes in the place of a file of a run, and goes on with its fit, which may refuse.
    pub fn resumed_with(&self, run: &str, file: &str, bytes: &[u8]) {
        let folder = self.run(run);
        let kept =
            [file, "config.toml"].map(|file| (folder.join(file), fs::read(folder.join(file)).unwrap()));
        fs::write(&kept[0].0, self.here(bytes)).unwrap();
        drop(resume(&folder, &ResumeOptions::default(), &Plan::default(), &()));
        for (path, bytes) in kept {
            fs::write(path, bytes).unwrap();
        }
    }

    /// Reads bytes as a model file of this name, and asks the model all that it can be asked.
    pub fn asked(&self, file: &str, bytes: &[u8]) {
        let path = self.folder.join(file);
        fs::write(&path, self.here(bytes)).unwrap();
        if file.ends_with(".safetensors") {
            let Ok(model) = AutoEncoder::load(&path, &Device::flex()) else { return };
            drop(model.sample(2, true, 0));
        }
        let Ok(model) = FittedModel::load(&path) else { return };
        drop(model.sample(2, 0, &()));
        for data in ["rows.csv", "words.ldac"] {
            let source = Some(Source::file(&self.folder.join(data)).unwrap());
            let asked = Query { source, ..Query::default() };
            drop(model.predict(&asked, 0, &()));
            drop(model.predict(&asked, 1, &()));
            drop(model.evaluate(&asked, None, 0, &()));
            drop(model.reconstruct(&asked, Selection::All, &()));
        }
        drop(model.predict(&Query::default(), 0, &()));
    }
}

/// A file with the checksum of what it holds.
pub fn sealed(fitted: &[u8]) -> Vec<u8> {
    let fitted = &*Fits::made().here(fitted);
    [format!(r#"{{"sha256":"{}","fitted":"#, sha256(fitted)).as_bytes(), fitted, b"}"].concat()
}

/// What a sealed file holds.
pub fn unsealed(bytes: &[u8]) -> &[u8] {
    let start = br#","fitted":"#;
    let at = bytes.windows(start.len()).position(|of| of == start).map_or(0, |at| at + start.len());
    &bytes[at..bytes.len() - 1]
}
