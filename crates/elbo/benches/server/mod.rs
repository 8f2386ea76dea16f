//! A stack as `benches/compare.py` asks it: a line such as `step W1 3.0 2` (command, workload, seconds, threads) in, a line
//! such as `{"seconds":3.0,"steps":360}` out.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    error::Error,
    fs,
    io::{self, BufRead, IsTerminal, Write},
    time::Instant,
};

use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::{Value, json};

/// The unit of what was done, how much of it, and the seconds that it took.
pub(crate) type Done = Result<(&'static str, usize, f64), Box<dyn Error>>;

/// Answers lines until `quit`; `work` is given command, workload and seconds.
pub(crate) fn serve(
    driver: &str,
    mut work: impl FnMut(&str, &str, f64, &ThreadPool) -> Done,
) -> Result<(), Box<dyn Error>> {
    if io::stdin().is_terminal() {
        // `cargo bench` starts every benchmark: this one must not wait for somebody to type.
        writeln!(io::stderr(), "{driver} runs this")?;
        return Ok(());
    }
    let mut pools = BTreeMap::new();
    let mut answer = |line: &str| -> Result<Value, Box<dyn Error>> {
        if line == "memory" {
            return memory();
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[command, workload, seconds, threads] = words.as_slice() else {
            return Err(format!("{line:?} is not COMMAND WORKLOAD SECONDS THREADS").into());
        };
        let (seconds, threads) = (seconds.parse()?, threads.parse()?);
        let pool = match pools.entry(threads) {
            Entry::Occupied(pool) => pool.into_mut(),
            Entry::Vacant(place) => place.insert(ThreadPoolBuilder::new().num_threads(threads).build()?),
        };
        let (unit, done, passed) = work(command, workload, seconds, pool)?;
        Ok(json!({ (unit): done, "seconds": passed }))
    };
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line == "quit" {
            break;
        }
        let answer = answer(&line).unwrap_or_else(|cause| json!({ "error": cause.to_string() }));
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}

/// Works until so many seconds have passed; returns how much was done, by what `work` says, and the time it took.
pub(crate) fn repeat(
    seconds: f64,
    mut work: impl FnMut() -> Result<usize, elbo::Error>,
) -> Result<(usize, f64), elbo::Error> {
    let start = Instant::now();
    let mut done = 0;
    loop {
        done += work()?;
        let passed = start.elapsed().as_secs_f64();
        if passed >= seconds {
            return Ok((done, passed));
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
