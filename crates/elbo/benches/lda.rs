//! Latent Dirichlet allocation as `benches/lda.py` measures it, as a server: a line such as `step reuters@20 3.0 2`
//! (command, corpus and topics, seconds, threads) in, a line such as `{"seconds":3.0,"steps":36}` out. Corpora lie in the
//! folder that is the argument. `step` is a pass in which every document converges from the start, as in scikit-learn;
//! `sweep` is one of coordinate ascent, with its bound.
//!
//! A fit goes on from one command to the next, and after `PASSES` begins anew.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    env,
    error::Error,
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
    time::Instant,
};

use elbo::{
    mean_field::{
        MeanField, Stochastic,
        lda::{Counts, Fit, Prior},
    },
    random::Key,
};
use elbo_data::{CorpusOptions, read_corpus};
use serde_json::{Value, json};

/// α and η.
const PRIOR: (f64, f64) = (0.1, 0.01);
/// Passes of a fit.
const PASSES: usize = 10;

fn counts(corpus: &str) -> Result<Counts, Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("no folder of corpora was given")?);
    let corpus = read_corpus(&folder.join(format!("{corpus}.ldac")), &CorpusOptions::default())?;
    Ok(Counts::new(corpus.vocabulary, corpus.offsets, corpus.words, corpus.counts)?)
}

fn pass(fit: &mut Fit<'_>, command: &str, rows: &[usize]) -> Result<(), Box<dyn Error>> {
    match command {
        "step" => fit.step(rows, 1.0, 1.0)?,
        "sweep" => {
            fit.update(0)?;
            fit.update(1)?;
            assert!(fit.bound().value().is_finite());
        }
        _ => return Err(format!("no command is called {command}").into()),
    }
    Ok(())
}

/// The fits so far, with their passes.
type Fits = BTreeMap<String, (Fit<'static>, usize)>;

fn answer(line: &str, fits: &mut Fits) -> Result<Value, Box<dyn Error>> {
    if line == "memory" {
        return memory();
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[command, workload, seconds, threads] = words.as_slice() else {
        return Err(format!("{line:?} is not COMMAND CORPUS@TOPICS SECONDS THREADS").into());
    };
    let (corpus, topics) = workload.split_once('@').ok_or("no number of topics")?;
    let (seconds, topics) = (seconds.parse::<f64>()?, topics.parse()?);
    let begin = |counts| Fit::new(counts, Prior::symmetric(topics, PRIOR.0, PRIOR.1), Key::new(1));
    let (fit, passes) = match fits.entry(format!("{command} {workload}")) {
        Entry::Occupied(fit) => fit.into_mut(),
        // The server holds them as long as it lives.
        Entry::Vacant(place) => place.insert((begin(Box::leak(Box::new(counts(corpus)?)))?, 0)),
    };
    let fresh = fit.clone();
    let rows: Vec<usize> = (0..fit.rows()).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
    let (mut steps, start) = (0, Instant::now());
    loop {
        pool.install(|| pass(fit, command, &rows).map_err(|error| error.to_string()))?;
        (steps, *passes) = (steps + 1, *passes + 1);
        if *passes == PASSES {
            (*fit, *passes) = (fresh.clone(), 0);
        }
        let passed = start.elapsed().as_secs_f64();
        if passed >= seconds {
            return Ok(json!({ "steps": steps, "seconds": passed }));
        }
    }
}

/// Memory of this process, now and at most, in KiB.
fn memory() -> Result<Value, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name| -> Option<u64> {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().strip_suffix(" kB")?.parse().ok()
    };
    Ok(json!({ "VmRSS": field("VmRSS:"), "VmHWM": field("VmHWM:") }))
}

fn main() -> Result<(), Box<dyn Error>> {
    if io::stdin().is_terminal() {
        // `cargo bench` starts every benchmark: this one must not wait for somebody to type.
        writeln!(io::stderr(), "lda: benches/lda.py runs this")?;
        return Ok(());
    }
    let mut fits = Fits::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line == "quit" {
            break;
        }
        let answer = answer(&line, &mut fits).unwrap_or_else(|cause| json!({ "error": cause.to_string() }));
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}
