//! The verbs of fitted models.

use std::path::Path;

use elbo::{
    burn::tensor::Device,
    diagnose::{Gaps, LedgerSummary, Level},
};
use elbo_fit::{
    Decoded, Error, Evaluation, FittedModel, Imputation, ModelMetadata, Pictures, Query, Selection,
    auto_encoder::{self, Annealed, AuditRequest, AutoEncoder, Measures, Worst},
    is_fitted, plus_minus,
};

use crate::{
    arguments::{
        Anomalies, Audit, Decode, Encode, Evaluate, Impute, Infer, Interpolate, Output, Predict, Reconstruct,
        Sample, StartArgument, Traverse,
    },
    out::{self, check_ending, is_picture, print_terms, tell, tell_fact, tell_verdict, write_picture},
    remedy,
    screen::Screen,
};

/// Refuses an output that is a file of the rows that are asked about, or of those of the fit.
fn spare_data(output: Option<&Path>, asked: &Query, about: &ModelMetadata) -> Result<(), Error> {
    out::spare_data(output, asked.source.iter().chain([&about.data.source]))
}

pub(crate) fn predict(arguments: &Predict) -> Result<(), Error> {
    check_ending(arguments.output.path(), false)?;
    let model = FittedModel::load(&arguments.fitted.run)?;
    let asked = arguments.source.asked()?;
    spare_data(arguments.output.path(), &asked, model.about())?;
    let told = model.predict(&asked, arguments.forecast, &Screen::default())?;
    out::write(told, &arguments.output)
}

pub(crate) fn encode(arguments: &Encode, device: &Device) -> Result<(), Error> {
    check_ending(arguments.output.path(), false)?;
    let model = AutoEncoder::load(&arguments.fitted.run, device)?;
    let asked = arguments.source.asked()?;
    spare_data(arguments.output.path(), &asked, &model.about())?;
    out::write(model.encode(&asked, &Screen::default())?, &arguments.output)
}

pub(crate) fn evaluate(arguments: &Evaluate, device: &Device) -> Result<(), Error> {
    check_ending(arguments.output.as_deref(), false)?;
    let (run, asked, screen) = (&arguments.fitted.run, arguments.source.asked()?, Screen::default());
    let found = if is_fitted(run) {
        let model = FittedModel::load(run)?;
        for_auto_encoders(arguments)?;
        spare_data(arguments.output.as_deref(), &asked, model.about())?;
        model.evaluate(&asked, arguments.rows, arguments.seed, &screen)?
    } else {
        let model = AutoEncoder::load(run, device)?;
        spare_data(arguments.output.as_deref(), &asked, &model.about())?;
        model.evaluate(&asked, &measures(arguments), &screen)?
    };
    if arguments.output.is_some() {
        out::write(found.rows, &Output::file(arguments.output.as_deref()))?;
    }
    print_terms(found.unit, found.part, &found.terms, arguments.json)?;
    tell_facts(&found.facts);
    Ok(())
}

fn measures(arguments: &Evaluate) -> Measures {
    let default = Measures::default();
    let Evaluate { temperatures, leapfrog, chains, anneal_from, .. } = *arguments;
    let from_prior = anneal_from == StartArgument::Prior;
    Measures {
        samples: arguments.samples.unwrap_or(default.samples),
        kl: arguments.kl.unwrap_or(default.kl),
        rows: arguments.rows,
        importance_samples: arguments.importance_samples,
        annealed: arguments.annealed.then_some(Annealed { temperatures, leapfrog, chains, from_prior }),
        seed: arguments.seed,
    }
}

/// Refuses what no model by coordinate ascent looks at.
fn for_auto_encoders(arguments: &Evaluate) -> Result<(), Error> {
    let of_auto_encoders = [
        ("samples", arguments.samples.is_some()),
        ("kl", arguments.kl.is_some()),
        ("importance-samples", arguments.importance_samples.is_some()),
        ("annealed", arguments.annealed),
    ];
    match of_auto_encoders.iter().find(|(_, given)| *given) {
        Some((argument, _)) => Err(Error::request(
            format!("«{argument}» is for auto-encoders: here no z is drawn"),
            format!("leave «{argument}» out"),
        )),
        None => Ok(()),
    }
}

fn tell_facts(facts: &[(&'static str, elbo_fit::Text)]) {
    for (name, text) in facts {
        tell_fact(name, text);
    }
}

pub(crate) fn infer(arguments: &Infer, device: &Device) -> Result<(), Error> {
    check_ending(arguments.output.path(), false)?;
    let model = AutoEncoder::load(&arguments.fitted.run, device)?;
    let Infer { rows, importance_samples, seed, .. } = *arguments;
    let (asked, inference) = (arguments.source.asked()?, arguments.inference.into());
    spare_data(arguments.output.path(), &asked, &model.about())?;
    let screen = Screen::default();
    let Evaluation { facts, unit, part, terms, rows, .. } =
        model.infer(&asked, rows, importance_samples, &inference, seed, &screen)?;
    tell_facts(&facts);
    out::write(rows, &arguments.output)?;
    match arguments.output.path() {
        Some(_) => print_terms(unit, part, &terms, arguments.output.json),
        None => Ok(()),
    }
}

/// Refuses a picture of rows that are none.
fn shows_images(model: &AutoEncoder, path: &Path) -> Result<(), Error> {
    if model.config().image().is_some() {
        return Ok(());
    }
    Err(no_images(path))
}

fn no_images(path: &Path) -> Error {
    let message = format!("the rows of this model are no images: `{}` cannot show them", path.display());
    Error::new(message).remedy("write a table (.csv, .npy, .parquet or .json), or train with «image HxW»")
}

/// Rows in a picture, where no number is asked for, and side by side in it.
const PICTURE: usize = 40;
const SIDE_BY_SIDE: usize = 20;

pub(crate) fn reconstruct(arguments: &Reconstruct, device: &Device) -> Result<(), Error> {
    let (run, output) = (&arguments.fitted.run, &arguments.output);
    let (asked, screen) = (arguments.source.asked()?, Screen::default());
    let which = |number: Option<usize>| match number {
        None => Selection::All,
        Some(number) if arguments.first => Selection::First(number),
        Some(number) => Selection::Drawn { number, seed: arguments.seed },
    };
    if is_fitted(run) {
        check_ending(output.path(), false)?;
        let model = FittedModel::load(run)?;
        spare_data(output.path(), &asked, model.about())?;
        return out::write(model.reconstruct(&asked, which(arguments.rows), &screen)?, output);
    }
    check_ending(output.path(), true)?;
    let model = AutoEncoder::load(run, device)?;
    spare_data(output.path(), &asked, &model.about())?;
    let Some(path) = output.path().filter(|path| is_picture(path)) else {
        return out::write(model.reconstruct(&asked, which(arguments.rows), &screen)?, output);
    };
    shows_images(&model, path)?;
    let which = which(Some(arguments.rows.unwrap_or(PICTURE)));
    let Pictures { rows, reconstructions, shape } = model.reconstruct_pictures(&asked, which, &screen)?;
    let (blank, side_by_side) = (vec![0.5; shape.0 * shape.1], SIDE_BY_SIDE.min(rows.len()));
    let mut images = Vec::new();
    for (above, below) in rows.chunks(side_by_side).zip(reconstructions.chunks(side_by_side)) {
        for line in [above, below] {
            images.extend_from_slice(line);
            images.resize(images.len().next_multiple_of(side_by_side), blank.clone());
        }
    }
    write_picture(&images, shape, side_by_side, path)
}

pub(crate) fn anomalies(arguments: &Anomalies, device: &Device) -> Result<(), Error> {
    let (run, output, seed) = (&arguments.fitted.run, &arguments.output, arguments.seed);
    check_ending(output.path(), false)?;
    let (asked, screen) = (arguments.source.asked()?, Screen::default());
    let found = if is_fitted(run) {
        let model = FittedModel::load(run)?;
        spare_data(output.path(), &asked, model.about())?;
        model.anomalies(&asked, seed, &screen)?
    } else {
        let model = AutoEncoder::load(run, device)?;
        spare_data(output.path(), &asked, &model.about())?;
        model.anomalies(&asked, seed, &screen)?
    };
    tell_facts(&found.facts);
    out::write(found.rows, output)
}

pub(crate) fn impute(arguments: &Impute, device: &Device) -> Result<(), Error> {
    let output = &arguments.output;
    check_ending(output.path(), false)?;
    let model = AutoEncoder::load(&arguments.fitted.run, device)?;
    let asked = arguments.source.asked()?;
    spare_data(output.path(), &asked, &model.about())?;
    let Impute { draws, interval, multiple, seed, .. } = *arguments;
    let how = Imputation { draws, interval, multiple, seed };
    let found = model.impute(&asked, &how, &Screen::default())?;
    tell_facts(&found.facts);
    out::write(found.rows, output)
}

pub(crate) fn sample(arguments: &Sample, device: &Device) -> Result<(), Error> {
    let Sample { number, seed, .. } = *arguments;
    let (run, output) = (&arguments.fitted.run, &arguments.output);
    if is_fitted(run) {
        check_ending(output.path(), false)?;
        let model = FittedModel::load(run)?;
        if !arguments.given.is_empty() {
            return Err(Error::request(
                "«given» is for auto-encoders: models of coordinate ascent draw whole rows",
                "leave it out, or fit the table by «elbo train»",
            ));
        }
        spare_data(output.path(), &Query::default(), model.about())?;
        return out::write(model.sample(number, seed, &Screen::default())?, output);
    }
    check_ending(output.path(), true)?;
    let model = AutoEncoder::load(run, device)?;
    spare_data(output.path(), &Query::default(), &model.about())?;
    if !arguments.given.is_empty() {
        let (rows, note) = model.sample_given(&arguments.given, number, seed)?;
        tell("rows        draws of x whose other cells are given: z from its posterior, x from p(x|z)");
        if let Some(note) = note {
            tell_fact("note", &note);
        }
        return out::write(rows, output);
    }
    let draw = arguments.draw || (model.config().image().is_none() && !arguments.mean);
    tell(if draw {
        "rows        draws of x: z from the prior, x from p(x|z); --mean gives E[x|z]"
    } else {
        "rows        E[x|z] of z drawn from the prior, which vary less than the data; --draw gives draws of x"
    });
    match output.path().filter(|path| is_picture(path)) {
        Some(path) => {
            shows_images(&model, path)?;
            let pictures = model.sample_pictures(number, draw, seed)?;
            let side = (number as f64).sqrt().ceil() as usize;
            write_picture(&pictures.rows, pictures.shape, side, path)
        }
        None => out::write(model.sample(number, draw, seed)?, output),
    }
}

/// A fitted model of any kind, on this device where it is one of networks.
fn load(run: &Path, device: &Device) -> Result<FittedModel, Error> {
    if is_fitted(run) { FittedModel::load(run) } else { Ok(AutoEncoder::load(run, device)?.into()) }
}

pub(crate) fn decode(arguments: &Decode, device: &Device) -> Result<(), Error> {
    check_ending(arguments.output.path(), true)?;
    let model = load(&arguments.fitted.run, device)?;
    let Decode { data, memory, .. } = arguments;
    let asked = Query { source: Some(elbo_fit::Source::file(data)?), memory: *memory };
    spare_data(arguments.output.path(), &asked, model.about())?;
    show(model.decode(&asked, &Screen::default())?, &arguments.output)
}

pub(crate) fn traverse(arguments: &Traverse, device: &Device) -> Result<(), Error> {
    check_ending(arguments.output.path(), true)?;
    let model = load(&arguments.fitted.run, device)?;
    let Traverse { dimension, range, steps, row, .. } = *arguments;
    let way = elbo_fit::Traverse { dimension, range, steps, row };
    let asked = arguments.source.asked()?;
    spare_data(arguments.output.path(), &asked, model.about())?;
    show(model.traverse(&asked, &way, &Screen::default())?, &arguments.output)
}

pub(crate) fn interpolate(arguments: &Interpolate, device: &Device) -> Result<(), Error> {
    check_ending(arguments.output.path(), true)?;
    let model = load(&arguments.fitted.run, device)?;
    let Interpolate { from, to, steps, .. } = *arguments;
    let asked = arguments.source.asked()?;
    spare_data(arguments.output.path(), &asked, model.about())?;
    let decoded = model.interpolate(&asked, [from, to], steps, &Screen::default())?;
    show(decoded, &arguments.output)
}

/// Writes what was made of z: a picture where the output is one, else a table.
fn show(decoded: Decoded, output: &Output) -> Result<(), Error> {
    let Decoded { told, pictures, side_by_side } = decoded;
    let Some(path) = output.path().filter(|path| is_picture(path)) else {
        return out::write(told, output);
    };
    let Some(Pictures { rows, shape, .. }) = pictures else { return Err(no_images(path)) };
    let side = side_by_side.unwrap_or_else(|| (rows.len() as f64).sqrt().ceil() as usize);
    write_picture(&rows, shape, side, path)
}

pub(crate) fn audit(arguments: &Audit, device: &Device) -> Result<Level, Error> {
    check_ending(arguments.output.as_deref(), false)?;
    let run = &arguments.fitted.run;
    let kept = run.is_dir() && out::holds_pages(run);
    if run.is_dir() && !kept {
        tell(format!(
            "note: `{}` cannot be written to: the audit leaves no audit.html and no audit.json there",
            run.display()
        ));
    }
    let model = AutoEncoder::load(run, device)?;
    let Audit { rows, importance_samples, annealed, worst, inference, seed, .. } = *arguments;
    let query = arguments.source.asked()?;
    spare_data(arguments.output.as_deref(), &query, &model.about())?;
    let asked = AuditRequest { rows, importance_samples, annealed, worst, inference: inference.into(), seed };
    let found = model.audit(&query, &asked, &Screen::default())?;
    tell_audit(&found);
    let rows = found.rows.table.rows()?;
    if arguments.output.is_some() {
        out::write(found.rows, &Output::file(arguments.output.as_deref()))?;
    }
    if kept {
        let path = run.join("audit.html");
        out::write_report(&path, &elbo_report::audit(&found.page, &remedy::words))?;
        tell_fact("report", &path.display().to_string().into());
    }
    print_terms("nats_per_row", [rows, rows], &found.terms, arguments.json)?;
    Ok(found.record.verdict.level)
}

fn tell_audit(found: &auto_encoder::Audit) {
    let LedgerSummary { log_evidence, per_datum, amortised, approximation_gap, amortisation_gap } =
        found.record.ledger;
    tell(format!(
        "\nlog_density         {} nats per row: log p(x), estimated from below",
        plus_minus(log_evidence)
    ));
    tell(format!("  approximation gap {}  the family of q", plus_minus(approximation_gap)));
    tell(format!("best per-datum ELBO {}", plus_minus(per_datum)));
    tell(format!("  amortisation gap  {}  the encoder", plus_minus(amortisation_gap)));
    tell(format!("the encoder's ELBO  {}", plus_minus(amortised)));
    let draws = found.record.draws;
    tell(format!(
        "note: each figure is a mean of {draws} draws of z a row, ± its standard error over the rows"
    ));
    if let Some(of_fit) = found.record.of_fit {
        let samples = auto_encoder::Measures::default().samples;
        tell(format!(
            "note: the fit told the encoder's ELBO of these rows by {samples} draws of z a row: {}",
            plus_minus(of_fit)
        ));
    }
    if found.record.binarised {
        tell(
            "note: grey values were drawn as black or white by --seed: with another seed the figures are others",
        );
    }
    if let Some(annealed) = found.record.annealed {
        tell(format!("  annealed          {}", plus_minus(annealed)));
    }
    if !found.page.worst.is_empty() {
        let label = if found.page.worst.iter().any(|of| of.label.is_some()) { "  label" } else { "" };
        tell(format!(
            "\nthe rows that lose the most:\n     row | log_density | per datum | amortised |    k̂{label}"
        ));
    }
    for Worst { gaps, label, .. } in &found.page.worst {
        let Gaps { row, log_evidence, per_datum, amortised, khat, .. } = gaps;
        let khat = khat.filter(|k| k.is_finite()).map_or("–".into(), |khat| format!("{khat:.2}"));
        let label = label.as_ref().map_or(String::new(), |label| format!("  {label}"));
        tell(format!(
            "{:>8} | {log_evidence:>11.2} | {per_datum:>9.2} | {amortised:>9.2} | {khat:>5}{label}",
            row + 1
        ));
    }
    tell("");
    tell_verdict(&found.record.verdict);
}
