//! The verbs that look at several runs.

use std::time::SystemTime;

use elbo::burn::tensor::Device;
use elbo_data::{Column, Table};
use elbo_fit::{
    ComparedRun, Comparison, Error, RunEntry, RunPair, RunStatus, compare as side_by_side, plus_minus,
    runs as list,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    arguments::{Compare, Runs},
    escape::escaped,
    out::{check_ending, print, spare_data, tell},
    screen::Screen,
    words::flags,
};

pub(crate) fn runs(arguments: &Runs) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), false)?;
    let all = list(&arguments.folder)?;
    if all.is_empty() {
        tell(format!("no runs in `{}`", arguments.folder.display()));
    }
    let headings = [
        "run",
        "state",
        "model",
        "data",
        "rows",
        "bound, nats",
        "bound of",
        "verdict",
        "length",
        "written, UTC",
    ];
    let lines = all.iter().map(|run| {
        let bound = run.bound.as_ref();
        let value = bound.map(|of| match of.standard_error {
            Some(error) => format!("{:.4} ± {error:.4}", of.value),
            None => format!("{:.4}", of.value),
        });
        [
            Some(name(run)),
            Some(stage(run)),
            run.model.clone(),
            run.data.clone(),
            run.rows.map(|rows| rows.to_string()),
            value,
            bound.map(|of| of.what.clone()),
            run.verdict.map(|level| level.to_string()),
            run.length.clone(),
            Some(date(run.written)),
        ]
        .map(Option::unwrap_or_default)
    });
    let lines: Vec<[String; 10]> = lines.collect();
    if let Some(path) = &arguments.output {
        table_of(&all).write(path)?;
    }
    if arguments.json {
        let all = all.iter().map(record).collect::<Result<Vec<Value>, Error>>()?;
        print(&format!("{:#}\n", Value::from(all)))?;
    } else if arguments.output.is_none() {
        print(&aligned(&headings, &lines, &[4, 5]))?;
    }
    for run in &all {
        if let RunStatus::Damaged(why) = &run.stage {
            tell(format!(
                "note: `{}`: {}",
                escaped(&run.path.display().to_string(), false),
                escaped(why, false)
            ));
        }
    }
    Ok(())
}

fn name(run: &RunEntry) -> String {
    run.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn stage(run: &RunEntry) -> String {
    match run.stage {
        RunStatus::Finished => "finished",
        RunStatus::Running => "running",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Damaged(_) => "damaged",
    }
    .into()
}

/// To the minute.
fn date(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The figures of `results.json` by which runs are told apart.
const FIGURES: [&str; 9] =
    ["objective", "epochs", "best_epoch", "validation", "test", "elbo", "sweeps", "seconds", "converged"];

/// A run as JSON: what the list has of it, and figures as `results.json` has them.
fn record(run: &RunEntry) -> Result<Value, Error> {
    let mut record = json!({
        "run": name(run),
        "state": stage(run),
        "model": run.model,
        "data": run.data,
        "rows": run.rows,
        "written": date(run.written),
    });
    if let RunStatus::Damaged(why) = &run.stage {
        record["damage"] = json!(why);
    }
    if let Some(results) = &run.results {
        let found = serde_json::to_value(results)?;
        for name in FIGURES {
            if let Some(figure) = found.get(name) {
                record[name] = figure.clone();
            }
        }
        record["verdict"] = json!({ "level": found["verdict"]["level"] });
    }
    Ok(record)
}

fn table_of(all: &[RunEntry]) -> Table {
    let mut table = Table::new();
    let text = |of: fn(&RunEntry) -> Option<String>| {
        Column::Text(all.iter().map(|run| of(run).unwrap_or_default()).collect())
    };
    let real = |of: fn(&RunEntry) -> Option<f64>| {
        Column::Real(all.iter().map(|run| of(run).unwrap_or(f64::NAN)).collect())
    };
    table.push("run", text(|run| Some(name(run))));
    table.push("state", text(|run| Some(stage(run))));
    table.push("model", text(|run| run.model.clone()));
    table.push("data", text(|run| run.data.clone()));
    table.push("rows", real(|run| run.rows.map(|rows| rows as f64)));
    table.push("bound", real(|run| run.bound.as_ref().map(|of| of.value)));
    table.push("standard_error", real(|run| run.bound.as_ref().and_then(|of| of.standard_error)));
    table.push("bound_is", text(|run| run.bound.as_ref().map(|of| of.what.clone())));
    table.push("verdict", text(|run| run.verdict.map(|level| level.to_string())));
    table.push("length", text(|run| run.length.clone()));
    table.push("written", text(|run| Some(date(run.written))));
    table
}

pub(crate) fn compare(arguments: &Compare, device: &Device) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), false)?;
    let asked = arguments.source.asked()?;
    let found = side_by_side(&arguments.runs, &asked, device, &Screen::default())?;
    let sources = found.runs.iter().map(|run| &run.source).chain(&asked.source);
    spare_data(arguments.output.as_deref(), sources)?;
    if let Some(path) = &arguments.output {
        pairs(&found).write(path)?;
    }
    if arguments.json {
        return print(&format!("{:#}\n", figures(&found)));
    }
    let headings = [
        "run",
        "model",
        "mean log density, nats",
        "of each",
        "how many of these",
        "which rows",
        "ELBO of all rows, nats",
    ];
    let lines: Vec<[String; 7]> = found
        .runs
        .iter()
        .map(|run| {
            let bound = run.bound.map_or(String::new(), |bound| format!("{bound:.4}"));
            let (mean, number) = (plus_minus(run.mean), run.number.to_string());
            [path(run), run.model.clone(), mean, run.per.to_owned(), number, run.rows.clone(), bound]
        })
        .collect();
    print(&aligned(&headings, &lines, &[2, 4, 6]))?;
    print("\n")?;
    let headings = [
        "first run",
        "second run",
        "first − second: mean log density, nats",
        "of each",
        "how many of these",
        "first − second: ELBO of all rows, nats",
    ];
    let lines: Vec<[String; 6]> = found
        .pairs
        .iter()
        .map(|RunPair { of: [a, b], difference }| {
            let per = found.runs[*a].per.to_owned();
            let [a, b] = [*a, *b].map(|place| path(&found.runs[place]));
            match difference {
                Ok(of) => {
                    let bounds = of.bounds.map_or(String::new(), |of| format!("{of:.4}"));
                    [a, b, plus_minus(of.mean), per, of.rows.to_string(), bounds]
                }
                Err(why) => {
                    let none = String::new;
                    [a, b, format!("not compared: {}", flags(why)), none(), none(), none()]
                }
            }
        })
        .collect();
    print(&aligned(&headings, &lines, &[]))
}

fn path(run: &ComparedRun) -> String {
    run.path.display().to_string()
}

/// Runs and pairs of them as JSON.
fn figures(found: &Comparison) -> Value {
    let run = |run: &ComparedRun| {
        json!({
            "run": path(run), "model": run.model, "log_density": run.mean, "per": run.per, "number": run.number,
            "rows": run.rows, "elbo": run.bound,
        })
    };
    let pair = |RunPair { of: [a, b], difference }: &RunPair| {
        let [run, less] = [*a, *b].map(|place| path(&found.runs[place]));
        let pair = json!({ "run": run, "less": less });
        let more = match difference {
            Ok(of) => json!({
                "difference": of.mean, "per": found.runs[*a].per, "number": of.rows, "difference_of_elbos": of.bounds,
            }),
            Err(why) => json!({ "not_compared": flags(why) }),
        };
        [pair, more].into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect::<Value>()
    };
    let (runs, pairs): (Vec<Value>, Vec<Value>) =
        (found.runs.iter().map(run).collect(), found.pairs.iter().map(pair).collect());
    json!({ "runs": runs, "pairs": pairs })
}

fn pairs(found: &Comparison) -> Table {
    let mut table = Table::new();
    let text = |of: &dyn Fn(&RunPair) -> String| Column::Text(found.pairs.iter().map(of).collect());
    let real = |of: &dyn Fn(&RunPair) -> Option<f64>| {
        Column::Real(found.pairs.iter().map(|pair| of(pair).unwrap_or(f64::NAN)).collect())
    };
    let difference = |pair: &RunPair| pair.difference.as_ref().ok().map(|of| (of.mean, of.rows, of.bounds));
    table.push("run", text(&|pair| path(&found.runs[pair.of[0]])));
    table.push("less", text(&|pair| path(&found.runs[pair.of[1]])));
    table.push("difference", real(&|pair| Some(difference(pair)?.0.value)));
    table.push("standard_error", real(&|pair| difference(pair)?.0.error()));
    table.push("per", text(&|pair| found.runs[pair.of[0]].per.into()));
    table.push("number", real(&|pair| Some(difference(pair)?.1 as f64)));
    table.push("difference_of_elbos", real(&|pair| difference(pair)?.2));
    table.push("not_compared", text(&|pair| pair.difference.as_ref().err().map(flags).unwrap_or_default()));
    table
}

/// Lines in columns; those of numbers end below one another.
fn aligned<const N: usize>(headings: &[&str; N], lines: &[[String; N]], numbers: &[usize]) -> String {
    let shown = |cell: &str| escaped(cell, false).into_owned();
    let all: Vec<[String; N]> = std::iter::once(headings.map(String::from))
        .chain(lines.iter().cloned())
        .map(|line| line.map(|cell| shown(&cell)))
        .collect();
    let width = |column: usize| all.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: &[String; N]| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if numbers.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    all.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn columns_stand_below_one_another() {
        let lines = [["a", "-12.5"], ["größer\n", "3"]].map(|line| line.map(String::from));
        let shown = aligned(&["run", "bound"], &lines, &[1]);
        assert_eq!(shown, "run       bound\na         -12.5\ngrößer\\n      3\n");
    }
}
