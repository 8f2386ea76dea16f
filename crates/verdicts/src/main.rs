//! `verdicts [MODEL…] [--fits N] [--first SEED] [--output FILE]`: runs the benchmark, and tells how often verdicts are wrong.
//!
//! A file that has some of the generators already is gone on with.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::{
    collections::BTreeSet,
    env,
    fs::{self, OpenOptions},
    io::Write as _,
};

use verdicts::{COLUMNS, Error, Half, Outcome, Rates, generators, rates, run};

/// Fits of each generator.
const FITS: u64 = 20;

fn main() -> Result<(), Error> {
    let (mut models, mut fits, mut first, mut output) = (BTreeSet::new(), FITS, 0, "verdicts.csv".to_owned());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--fits" => fits = value()?.parse()?,
            "--first" => first = value()?.parse()?,
            "--output" => output = value()?,
            model => drop(models.insert(model.to_owned())),
        }
    }
    let is_asked = |model: &str| models.is_empty() || models.contains(model);
    let mut lines = fs::read_to_string(&output).unwrap_or_default();
    let mut file = OpenOptions::new().create(true).append(true).open(&output)?;
    if lines.is_empty() {
        file.write_all(COLUMNS.as_bytes())?;
    }
    for (half, generator) in generators().filter(|(_, of)| is_asked(of.model)) {
        if lines.contains(&format!("{},\"{}\",", generator.model, generator.name)) {
            continue;
        }
        let new: String = run(&generator, half, first..first + fits)?.iter().map(Outcome::line).collect();
        file.write_all(new.as_bytes())?;
        lines += &new;
    }
    println!("{:<12} {:<9} {:<30} {:<30} good: trust", "model", "half", "wrong: trust", "good: do not trust");
    for (model, half, Rates { wrong_trusted, good_not_trusted, good_trusted }) in rates(&lines) {
        let half = if half == Half::Set { "set" } else { "measured" };
        println!("{model:<12} {half:<9} {wrong_trusted:<30} {good_not_trusted:<30} {good_trusted}");
    }
    Ok(())
}
