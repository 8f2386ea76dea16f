//! `elbo audit`: where the nats of a fit are lost, and whether it can be trusted.

use burn::tensor::Device;
use elbo::{
    diagnose::{
        Findings, GapLedger, Gaps, KhatShares, LedgerConfig, LedgerSummary, Level, Verdict,
        annealed::{Annealing, Start, Temperatures, annealed},
        gap_ledger,
    },
    distribution::bernoulli::Binarise,
    minibatch::{Minibatch, Rows},
    objective::{Objective, elbo::Mean, importance_weighted::Weights},
    predict,
    random::{Key, Purpose},
};
use elbo_data::{Column, Table, write_atomically};
use serde::Serialize;

use crate::{
    arguments::Audit,
    error::Error,
    findings,
    progress::Count,
    report::{AuditPage, Worst},
    results::{Results, csv, plus_minus, print},
    run::{Model, read_model},
    source::{Prepared, chosen, read_for, read_own, read_rows},
    table, tell,
};

/// The contents of `audit.json`.
#[derive(Serialize)]
struct Record {
    rows: String,
    ledger: LedgerSummary,
    training_ledger: Option<LedgerSummary>,
    annealed: Option<Mean>,
    findings: Findings,
    verdict: Verdict,
    #[serde(skip)]
    binarised: bool,
}

pub(crate) fn audit(arguments: &Audit, device: &Device) -> Result<Level, Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let run = &arguments.fitted.run;
    let model = read_model(run, device)?;
    model.vae.check_one_gaussian_layer()?;
    let results = Results::read(run)?;
    let objective = model.config.fit.train.objective;
    if objective == Objective::Noiseless {
        return Err(Error::usage(
            "the fit was to the noiseless objective: its q(z|x) has no fitted standard deviations to audit",
            "elbo infer finds a q for each row",
        ));
    }
    let read = Audited::read(arguments, &model)?;
    let (data, kind, fitted) = (read.data()?, read.kind, &read.fitted);
    let key = Key::new(arguments.seed).purpose(Purpose::Test);
    let all = Rows::all(&data.x, model.vae.width());
    let split = fitted.as_ref().map(|data| {
        let rows = Rows::all(&data.x, model.vae.width());
        rows.split(model.config.data.validation, Key::new(model.config.fit.seed))
    });
    let held_out = match &split {
        Some((_, validation)) if kind == "validation" => all.select(validation.index().to_vec()),
        _ => all.clone(),
    };
    let rows = chosen(&held_out, Some(arguments.rows), key);
    if rows.len() < 2 {
        return Err(Error::usage(
            "an audit needs at least 2 rows: of one no mean has a standard error",
            "--rows 100, or more rows with --data",
        ));
    }
    let training = split.as_ref().map(|(training, _)| chosen(training, Some(arguments.rows), key));
    let what = format!("{} of {} {kind} rows", rows.len(), held_out.len());
    tell(format!(
        "auditing    {what}{}",
        training.as_ref().map_or(String::new(), |training| {
            format!(", and {} training rows beside them", training.len())
        })
    ));
    let auditor = Auditor { arguments, model: &model, key, device };
    let piece = auditor.binarised(&rows);
    let ledger = auditor.ledger(&piece, "held-out rows")?;
    let training = training.map(|rows| auditor.binarised(&rows));
    let training_ledger =
        training.as_ref().map(|piece| auditor.ledger(piece, "training rows")).transpose()?;
    let annealed = if arguments.annealed { Some(auditor.annealed(&piece)?) } else { None };
    let mut found = findings::of_vae(&model.vae, &model.config, &piece, key, device)?;
    found.converged = results.as_ref().and_then(|results| results.converged);
    // What the encoder says of rows that may be of another kind is no measure of a gap.
    found.kl = match (&training, &results) {
        (Some(training), _) => Some(findings::mean_kl(&model.vae, training, device)?),
        (None, Some(results)) if objective == Objective::Elbo => Some(results.validation.kl.value),
        _ => found.kl,
    };
    found.over_linear = results.and_then(|results| results.linear).map(|linear| linear.advantage);
    auditor.add(&mut found, &ledger, training_ledger.as_ref(), annealed.as_deref());
    if objective == Objective::ImportanceWeighted {
        // The ledger is of ELBOs; the fit is of L_k.
        let khat = found.khat;
        findings::of_weights(&model.vae, &model.config, &piece, key, device, &mut found)?;
        found.khat = khat;
    }
    let verdict = Verdict::of(&found);
    let record = Record {
        rows: what,
        ledger: ledger.summary(),
        training_ledger: training_ledger.as_ref().map(GapLedger::summary),
        annealed: annealed.as_deref().map(Mean::of),
        findings: found,
        verdict,
        binarised: model.config.fit.binarise() == Binarise::Dynamic,
    };
    record.tell(&ledger.worst(arguments.worst), data);
    if let Some(path) = &arguments.output {
        rows_table(&ledger, annealed).write(path)?;
    }
    if run.is_dir() {
        write_atomically(&run.join("audit.json"), &serde_json::to_vec_pretty(&record)?)?;
        let page = auditor.page(&record, &ledger, &piece, data)?;
        write_atomically(&run.join("audit.html"), page.as_bytes())?;
        tell(format!("report      {}", run.join("audit.html").display()));
    }
    print(&csv(&record.terms()))?;
    Ok(record.verdict.level)
}

/// Rows to audit.
struct Audited {
    /// Those of the fit, where they are still there: held-out ones to audit where there are no others, and those that it
    /// learned from to stand beside.
    fitted: Option<Prepared>,
    other: Option<Prepared>,
    kind: &'static str,
}

impl Audited {
    fn read(arguments: &Audit, model: &Model) -> Result<Self, Error> {
        let (given, memory) = (arguments.source.data.is_some(), arguments.source.memory);
        let fitted = match read_own(&model.config, memory) {
            Err(cause) if !given => return Err(cause),
            Err(_) => {
                tell("note: the rows of the fit are not there any more, so none stand beside these");
                None
            }
            Ok(fitted) => Some(fitted),
        };
        let (other, kind) = match &model.config.data.test {
            _ if given => (Some(read_for(&model.config, &arguments.source)?), "given"),
            Some(test) => (Some(read_rows(&model.config, test, memory)?), "test"),
            None => (None, "validation"),
        };
        Ok(Self { fitted, other, kind })
    }

    fn data(&self) -> Result<&Prepared, Error> {
        self.other.as_ref().or(self.fitted.as_ref()).ok_or_else(|| Error::plain("there are no rows to audit"))
    }
}

struct Auditor<'a> {
    arguments: &'a Audit,
    model: &'a Model,
    key: Key,
    device: &'a Device,
}

impl Auditor<'_> {
    fn binarised(&self, rows: &Rows<'_>) -> Minibatch {
        let binarise = self.model.config.fit.binarise();
        rows.minibatch(rows.index().iter().copied(), binarise, self.key.purpose(Purpose::Binarise))
    }

    fn ledger(&self, piece: &Minibatch, what: &'static str) -> Result<GapLedger, Error> {
        let Audit { inference, importance_samples: draws, .. } = *self.arguments;
        let config = LedgerConfig { covariance: inference.covariance(), infer: inference.config(1), draws };
        let progress = Count::new(what, 2 * piece.rows.len() as u64);
        let watch = |rows| progress.add(rows as u64);
        Ok(gap_ledger(&self.model.vae, piece, &config, self.key, self.device, watch)?)
    }

    /// log p(x) of each row by annealed importance sampling from the guide.
    fn annealed(&self, piece: &Minibatch) -> Result<Vec<f64>, Error> {
        let annealing = Annealing { temperatures: Temperatures::Sigmoidal(500), leapfrog: 10, chains: 16 };
        let joint = self.model.vae.joint()?;
        let start = Start::from(predict::encode(&self.model.vae, &piece.values, self.device)?);
        let progress = Count::new("annealing", annealing.moves(piece.rows.len(), 1));
        let moved = |chains: usize| progress.add(chains as u64);
        let key = self.key.purpose(Purpose::Sample);
        let done = annealed(&*joint, piece, &start, &annealing, key, &moved)?;
        Ok(done.weights().iter().map(Weights::log_mean).collect())
    }

    fn page(
        &self,
        record: &Record,
        ledger: &GapLedger,
        piece: &Minibatch,
        data: &Prepared,
    ) -> Result<String, Error> {
        let worst = ledger.worst(self.arguments.worst).into_iter().map(|gaps| {
            let place = piece.rows.iter().position(|&row| row == gaps.row).expect("a row of the ledger");
            let original = piece.values[place * piece.width..][..piece.width].to_vec();
            let reconstruction = predict::reconstruct(&self.model.vae, &original, self.device)?;
            let label = data.labels.as_ref().map(|labels| labels[gaps.row].clone());
            Ok(Worst { gaps, label, original, reconstruction })
        });
        let page = AuditPage {
            title: &self.model.config.name,
            rows: &record.rows,
            ledger: &record.ledger,
            training: record.training_ledger.as_ref(),
            verdict: &record.verdict,
            worst: worst.collect::<Result<_, Error>>()?,
            image: self.model.config.image(),
        };
        Ok(page.to_html())
    }

    fn add(
        &self,
        found: &mut Findings,
        ledger: &GapLedger,
        training: Option<&GapLedger>,
        annealed: Option<&[f64]>,
    ) {
        let summary = ledger.summary();
        found.amortisation_gap = Some(summary.amortisation_gap);
        let gaps: Vec<f64> = ledger.rows.iter().map(|row| row.log_evidence - row.amortised).collect();
        found.inference_gap = Some(Mean::of(&gaps));
        let khat: Vec<f64> = ledger.rows.iter().filter_map(|row| row.khat).collect();
        found.khat = KhatShares::of(&khat, self.arguments.importance_samples);
        let mut effective: Vec<f64> = ledger.rows.iter().map(|row| row.effective_sample_size).collect();
        effective.sort_unstable_by(f64::total_cmp);
        found.effective_sample_size = effective.get(effective.len() / 2).copied();
        if let Some(training) = training.map(GapLedger::summary) {
            found.training_amortisation_gap = Some(training.amortisation_gap);
            found.generalisation_gap = Some(training.amortised - summary.amortised);
        }
        if let Some(annealed) = annealed {
            let differences: Vec<f64> =
                annealed.iter().zip(&ledger.rows).map(|(a, row)| a - row.log_evidence).collect();
            found.disagreement = Some(Mean::of(&differences));
        }
    }
}

fn rows_table(ledger: &GapLedger, annealed: Option<Vec<f64>>) -> Table {
    let mut table = Table::new();
    let column = |of: fn(&Gaps) -> f64| Column::Real(ledger.rows.iter().map(of).collect());
    table.push("row", column(|row| row.row as f64 + 1.0));
    table.push("log_evidence", column(|row| row.log_evidence));
    table.push("per_datum_elbo", column(|row| row.per_datum));
    table.push("amortised_elbo", column(|row| row.amortised));
    table.push("approximation_gap", column(Gaps::approximation));
    table.push("amortisation_gap", column(Gaps::amortisation));
    table.push("khat", column(|row| row.khat.unwrap_or(f64::NAN)));
    table.push("effective_sample_size", column(|row| row.effective_sample_size));
    table.push("converged", column(|row| f64::from(row.converged)));
    if let Some(annealed) = annealed {
        table.push("annealed", Column::Real(annealed));
    }
    table
}

impl Record {
    fn terms(&self) -> Vec<(&'static str, Mean)> {
        let ledger = &self.ledger;
        let mut terms = vec![
            ("log_evidence", ledger.log_evidence),
            ("per_datum_elbo", ledger.per_datum),
            ("amortised_elbo", ledger.amortised),
            ("approximation_gap", ledger.approximation_gap),
            ("amortisation_gap", ledger.amortisation_gap),
        ];
        terms.extend(self.training_ledger.map(|training| ("training_amortised_elbo", training.amortised)));
        terms.extend(
            self.training_ledger.map(|training| ("training_amortisation_gap", training.amortisation_gap)),
        );
        terms.extend(self.annealed.map(|annealed| ("log_evidence_annealed", annealed)));
        terms
    }

    fn tell(&self, worst: &[Gaps], data: &Prepared) {
        let LedgerSummary { log_evidence, per_datum, amortised, approximation_gap, amortisation_gap } =
            self.ledger;
        tell(format!(
            "\nlog p(x)            {} nats per row, estimated from below",
            plus_minus(log_evidence)
        ));
        tell(format!("  approximation gap {}  the family of q", plus_minus(approximation_gap)));
        tell(format!("best per-datum ELBO {}", plus_minus(per_datum)));
        tell(format!("  amortisation gap  {}  the encoder", plus_minus(amortisation_gap)));
        tell(format!("the encoder's ELBO  {}", plus_minus(amortised)));
        if self.binarised {
            tell(
                "note: grey values were drawn as black or white anew, by --seed: the figures of the fit are of other draws",
            );
        }
        if let Some(annealed) = self.annealed {
            tell(format!("log p(x), annealed  {}", plus_minus(annealed)));
        }
        if !worst.is_empty() {
            tell("\nthe rows that lose the most:\n     row | log p(x) | per datum | amortised |    k̂");
        }
        for row in worst {
            let khat = row.khat.filter(|k| k.is_finite()).map_or("–".into(), |khat| format!("{khat:.2}"));
            let label = data.labels.as_ref().map_or(String::new(), |labels| format!("  {}", labels[row.row]));
            tell(format!(
                "{:>8} | {:>8.2} | {:>9.2} | {:>9.2} | {khat:>5}{label}",
                row.row + 1,
                row.log_evidence,
                row.per_datum,
                row.amortised
            ));
        }
        tell(format!("\nverdict     {}", self.verdict));
    }
}
