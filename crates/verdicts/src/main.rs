//! `verdicts [MODEL…] [--fits N] [--output FILE]`: runs the benchmark, and tells how often verdicts are wrong.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::{collections::BTreeSet, env, fs};

use verdicts::{Error, Half, Outcome, Rates, generators, run, to_csv};

/// Fits of each generator.
const FITS: u64 = 40;

fn main() -> Result<(), Error> {
    let (mut models, mut fits, mut output) = (BTreeSet::new(), FITS, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--fits" => fits = value()?.parse()?,
            "--output" => output = Some(value()?),
            model => drop(models.insert(model.to_owned())),
        }
    }
    let mut all = generators();
    all.retain(|generator| models.is_empty() || models.contains(generator.model));
    let outcomes = run(&all, fits)?;
    if let Some(path) = output {
        fs::write(path, to_csv(&outcomes))?;
    }
    let mut names: Vec<&str> = all.iter().map(|generator| generator.model).collect();
    names.dedup();
    println!("{:<12} {:<9} {:<30} {:<30} good: trust", "model", "half", "wrong: trust", "good: do not trust");
    for model in names {
        for (half, name) in [(Half::Set, "set"), (Half::Measured, "measured")] {
            let of = |outcome: &&Outcome| outcome.model == model && outcome.half == half;
            let Rates { wrong_trusted, good_not_trusted, good_trusted } =
                Rates::of(outcomes.iter().filter(of));
            println!("{model:<12} {name:<9} {wrong_trusted:<30} {good_not_trusted:<30} {good_trusted}");
        }
    }
    Ok(())
}
