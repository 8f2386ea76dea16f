//! Where the nats of a fit are lost, and whether it can be trusted.

use std::path::Path;

use elbo::{
    diagnose::{
        Findings, GapLedger, Gaps, KhatShares, LedgerConfig, LedgerSummary, Verdict,
        annealed::{Annealing, Start, Temperatures, annealed},
        gap_ledger,
    },
    distribution::bernoulli::Binarise,
    engine::Reader,
    likelihood::Likelihood,
    minibatch::{Minibatch, Rows},
    objective::Objective,
    random::{Key, Purpose},
    terms::{Mean, Weights},
};
use elbo_data::{Column, Table, write_in_folder};
use serde::Serialize;

use super::{
    config::Config,
    density::Stored,
    findings::{self, Inferred},
    infer::Inference,
    prepare::{Prepared, of_training, read_for, read_own, read_rows},
    remedies::is_left,
    results::{key_of_test, key_of_validation},
};
use crate::{
    error::Error,
    observer::{Observer, ObserverExt},
    query::{Answer, Approximation, LOG_DENSITY, Query, Term, push_log_density},
    results::Results,
    subset::chosen,
    took_part::told,
};

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct AuditRequest {
    /// Rows at most, drawn from the seed.
    pub rows: usize,
    /// Draws of z a row behind each figure.
    pub importance_samples: usize,
    /// log p(x) by annealed importance sampling, too.
    pub annealed: bool,
    /// How many of the worst rows are named.
    pub worst: usize,
    /// How the best q of a row is found.
    pub inference: Inference,
    /// The seed of the noise and of the binarisation.
    pub seed: u64,
}

impl Default for AuditRequest {
    fn default() -> Self {
        Self {
            rows: 500,
            importance_samples: 2000,
            annealed: false,
            worst: 10,
            inference: Inference::default(),
            seed: 0,
        }
    }
}

/// An audit that is done.
#[derive(Debug)]
pub struct Audit {
    /// The contents of `audit.json`.
    pub record: AuditRecord,
    /// Its means, by name.
    pub terms: Vec<Term>,
    /// The ledger of each row.
    pub rows: Answer,
    /// The content of the report.
    pub page: AuditPage,
}

/// An audit, to be shown.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The name of the fit.
    pub title: String,
    /// Which rows were audited.
    pub rows: String,
    /// Where their nats are lost.
    pub ledger: LedgerSummary,
    /// The same figures for as many training rows.
    pub training: Option<LedgerSummary>,
    /// Whether the fit can be trusted.
    pub verdict: Verdict,
    /// The rows that lose the most, the worst first.
    pub worst: Vec<Worst>,
    /// Height and width, when rows are images.
    pub image: Option<(usize, usize)>,
}

/// A row that loses much.
#[derive(Clone, Debug)]
pub struct Worst {
    /// What it loses.
    pub gaps: Gaps,
    /// Its label.
    pub label: Option<String>,
    /// The row as the encoder takes it.
    pub original: Vec<f32>,
    /// What the model makes of it.
    pub reconstruction: Vec<f32>,
}

/// The contents of `audit.json`.
#[derive(Debug, Serialize)]
pub struct AuditRecord {
    /// Which rows were audited.
    pub rows: String,
    /// Where their nats are lost.
    pub ledger: LedgerSummary,
    /// The same figures for as many training rows.
    pub training_ledger: Option<LedgerSummary>,
    /// log p(x) by annealed importance sampling, where it was asked for.
    pub annealed: Option<Mean>,
    /// What the verdict stands on.
    pub findings: Findings,
    /// Whether the fit can be trusted.
    pub verdict: Verdict,
    /// How many draws of z a row stand behind each figure.
    pub draws: usize,
    /// The ELBO of the same rows as the fit told it, by fewer draws, where it did.
    #[serde(skip)]
    pub of_fit: Option<Mean>,
    /// Whether grey values were drawn as black or white by the seed of the audit, and not as the fit drew them.
    #[serde(skip)]
    pub binarised: bool,
}

pub(super) fn audit(
    run: &Path,
    (config, reader): (&Config, &dyn Reader),
    rows: &Query,
    asked: &AuditRequest,
    observer: &dyn Observer,
) -> Result<Audit, Error> {
    reader.check_one_gaussian_layer()?;
    let results = Results::read(run)?;
    let objective = config.fit.train.objective;
    if objective == Objective::Noiseless {
        return Err(Error::request(
            "the fit was to the noiseless objective: its q(z|x) has no fitted standard deviations to audit",
            "«elbo infer» finds a q for each row",
        ));
    }
    let read = Audited::read(rows, (config, reader.likelihood()), observer)?;
    let (data, kind, fitted) = (read.data()?, read.kind, &read.fitted);
    let key = Key::new(asked.seed).purpose(Purpose::Test);
    let all = Rows::all(&data.x, reader.width());
    let split = fitted.as_ref().map(|data| {
        let rows = Rows::all(&data.x, reader.width());
        rows.split(config.data.validation, Key::new(config.fit.seed))
    });
    let held_out = match &split {
        Some((_, validation)) if kind == "validation" => all.select(validation.index().to_vec()),
        _ => all.clone(),
    };
    let rows = chosen(&held_out, Some(asked.rows), key);
    if rows.len() < 2 {
        return Err(Error::request(
            "an audit needs at least 2 rows: the mean of a single row has no standard error",
            "give «rows 100», or more rows with «data»",
        ));
    }
    let training = split.as_ref().map(|(training, _)| chosen(training, Some(asked.rows), key));
    let what = format!("{} of {} {kind} rows", rows.len(), held_out.len());
    let beside = training
        .as_ref()
        .map_or(String::new(), |training| format!(", and {} training rows beside them", training.len()));
    observer.say("auditing", format!("{what}{beside}"));
    read.tell_took_part(config, &all, observer);
    let auditor = Auditor { asked, config, reader, key, observer };
    let piece = auditor.binarised(&rows, key_of_grey(kind, config).unwrap_or(key));
    let ledger = auditor.ledger(&piece, "held-out rows")?;
    let training = training.map(|rows| auditor.binarised(&rows, key_of_validation(config)));
    let training_ledger =
        training.as_ref().map(|piece| auditor.ledger(piece, "training rows")).transpose()?;
    let annealed = if asked.annealed { Some(auditor.annealed(&piece)?) } else { None };
    let looked = Inferred::of(reader, config, piece.clone(), key)?;
    let mut found = findings::of_rows(reader, config, &looked, key)?;
    found.converged = results.as_ref().and_then(|results| results.converged);
    // What the encoder says of rows that may be of another kind is no measure of a gap; validation rows are of this one.
    found.kl = match (&training, &results) {
        _ if kind == "validation" => found.kl,
        (Some(training), _) => Some(Inferred::of(reader, config, training.clone(), key)?.mean_kl()),
        (None, Some(results)) if objective == Objective::Elbo => {
            results.held_out().map(|reached| reached.validation.kl.value)
        }
        _ => found.kl,
    };
    if let Some(results) = &results {
        take_over(&results.findings, &mut found);
    }
    auditor.add(&mut found, &ledger, training_ledger.as_ref(), annealed.as_deref());
    if objective == Objective::ImportanceWeighted {
        // The ledger is of ELBOs; the fit is of L_k.
        let khat = found.khat;
        findings::of_weights(reader, config, &looked, key, &mut found)?;
        found.khat = khat;
    }
    let finished = results.as_ref().and_then(|results| Some(results.held_out()?.finished));
    let verdict = Verdict::of(&found).with_remedies(|remedy| is_left(remedy, config, finished));
    if let Some(of_fit) =
        results.as_ref().map(|results| results.verdict.level).filter(|&level| level != verdict.level)
    {
        let text = format!(
            "the verdict at the end of the fit was {of_fit}; this one is of {what}, and of more draws a row"
        );
        observer.note(&text.into());
    }
    let whole = objective == Objective::Elbo && rows.len() == held_out.len();
    let of_fit = results.as_ref().filter(|_| whole).and_then(|results| told_of(kind, results));
    let record = AuditRecord {
        rows: what,
        ledger: ledger.summary(),
        training_ledger: training_ledger.as_ref().map(GapLedger::summary),
        annealed: annealed.as_deref().map(Mean::of),
        findings: found,
        verdict,
        draws: asked.importance_samples,
        of_fit,
        binarised: kind == "given" && config.fit.binarise(reader.likelihood()) == Binarise::Dynamic,
    };
    let worst = ledger.worst(asked.worst);
    let page = auditor.page(&record, &worst, &piece, data)?;
    if run.is_dir() {
        // What was found is told all the same.
        if let Err(error) = write_in_folder(&run.join("audit.json"), &serde_json::to_vec_pretty(&record)?) {
            observer.note(&error.to_string().into());
        }
    }
    let index = ledger.rows.iter().map(|row| row.row);
    let of_row = |labels: &Vec<String>| ledger.rows.iter().map(|row| labels[row.row].clone()).collect();
    let labels = data.labels.as_ref().map(of_row);
    let terms = record.terms(ledger.rows.len());
    let rows = Answer::of("row", index, labels, rows_table(&ledger, annealed));
    Ok(Audit { record, terms, rows, page })
}

/// The key by which the fit drew the grey values of rows of this kind, so that they are here as they were there.
fn key_of_grey(kind: &str, config: &Config) -> Option<Key> {
    match kind {
        "validation" => Some(key_of_validation(config)),
        "test" => Some(key_of_test(config)),
        _ => None,
    }
}

/// What the fit told of all rows of this kind.
fn told_of(kind: &str, results: &Results) -> Option<Mean> {
    let told = results.held_out()?;
    match kind {
        "validation" => Some(told.validation.elbo),
        "test" => Some(told.test?.elbo),
        _ => None,
    }
}

/// What the fit found beside other models, which an audit does not look for again.
fn take_over(fit: &Findings, found: &mut Findings) {
    (found.over_independent, found.over_linear) = (fit.over_independent, fit.over_linear);
    (found.over_mixture, found.over_blend) = (fit.over_mixture, fit.over_blend);
    found.predictive.clone_from(&fit.predictive);
    found.at_floor.clone_from(&fit.at_floor);
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
    fn read(asked: &Query, of: (&Config, &dyn Likelihood), observer: &dyn Observer) -> Result<Self, Error> {
        let (given, memory) = (asked.source.is_some(), asked.memory);
        let fitted = match read_own(of, memory, observer) {
            Err(cause) if !given => return Err(cause),
            Err(_) => {
                observer
                    .note(&"the rows of the fit are not there any more, so none stand beside these".into());
                None
            }
            Ok(fitted) => Some(fitted),
        };
        let (other, kind) = match &of.0.data.test {
            _ if given => (Some(read_for(of, asked, observer)?), "given"),
            Some(test) => (Some(read_rows(of, test, memory, observer)?), "test"),
            None => (None, "validation"),
        };
        Ok(Self { fitted, other, kind })
    }

    /// Says how many of the rows that are given the fit has learned from.
    fn tell_took_part(&self, config: &Config, all: &Rows<'_>, observer: &dyn Observer) {
        let fitted = self.fitted.as_ref().filter(|_| self.kind == "given");
        let took_part = fitted.map_or(0, |fitted| of_training(fitted, config, all));
        if let Some((name, text)) = told(took_part, all.len(), "row") {
            observer.say(name, text);
        }
    }

    fn data(&self) -> Result<&Prepared, Error> {
        self.other.as_ref().or(self.fitted.as_ref()).ok_or_else(|| Error::new("there are no rows to audit"))
    }
}

struct Auditor<'a> {
    asked: &'a AuditRequest,
    config: &'a Config,
    reader: &'a dyn Reader,
    key: Key,
    observer: &'a dyn Observer,
}

impl Auditor<'_> {
    fn binarised(&self, rows: &Rows<'_>, key: Key) -> Minibatch {
        let binarise = self.config.fit.binarise(self.reader.likelihood());
        rows.minibatch(rows.index().iter().copied(), binarise, key.purpose(Purpose::Binarise))
    }

    fn stored(&self) -> Stored {
        Stored::of(self.config, self.reader.likelihood())
    }

    fn ledger(&self, piece: &Minibatch, what: &'static str) -> Result<GapLedger, Error> {
        let AuditRequest { inference, importance_samples: draws, .. } = *self.asked;
        let config = LedgerConfig { covariance: inference.covariance(), infer: inference.config(1), draws };
        self.observer.work(what, 2 * piece.rows.len() as u64);
        let watch = |rows| self.observer.worked(rows as u64);
        let ledger = gap_ledger(self.reader, piece, &config, self.key, watch)?;
        self.observer.work_end();
        Ok(self.stored().ledger(ledger))
    }

    /// log p(x) of each row by annealed importance sampling from the guide.
    fn annealed(&self, piece: &Minibatch) -> Result<Vec<f64>, Error> {
        let annealing = Annealing { temperatures: Temperatures::Sigmoidal(500), leapfrog: 10, chains: 16 };
        let joint = self.reader.joint()?;
        let start = Start::from(self.reader.encode(&piece.values)?);
        self.observer.work("annealing", annealing.moves(piece.rows.len(), 1));
        let moved = |chains: usize| self.observer.worked(chains as u64);
        let key = self.key.purpose(Purpose::Sample);
        let done = annealed(&*joint, piece, &start, &annealing, key, &moved)?;
        self.observer.work_end();
        Ok(self.stored().rows(done.weights().iter().map(Weights::log_mean).collect()))
    }

    fn page(
        &self,
        record: &AuditRecord,
        worst: &[Gaps],
        piece: &Minibatch,
        data: &Prepared,
    ) -> Result<AuditPage, Error> {
        let worst = worst.iter().map(|&gaps| {
            let place = piece.rows.iter().position(|&row| row == gaps.row).expect("a row of the ledger");
            let original = piece.values[place * piece.width..][..piece.width].to_vec();
            let reconstruction = self.reader.reconstruct(&original)?;
            let label = data.labels.as_ref().map(|labels| labels[gaps.row].clone());
            Ok(Worst { gaps, label, original, reconstruction })
        });
        Ok(AuditPage {
            title: self.config.name.clone(),
            rows: record.rows.clone(),
            ledger: record.ledger,
            training: record.training_ledger,
            verdict: record.verdict.clone(),
            worst: worst.collect::<Result<_, Error>>()?,
            image: self.config.image(),
        })
    }

    fn add(
        &self,
        found: &mut Findings,
        ledger: &GapLedger,
        training: Option<&GapLedger>,
        annealed: Option<&[f64]>,
    ) {
        let summary = ledger.summary();
        // What is judged is the q of the fit: the encoder's, or the best of each row.
        let own = self.config.fit.train.inference != elbo::train::Inference::Amortised;
        let gap = |row: &Gaps| if own { row.approximation() } else { row.log_evidence - row.amortised };
        found.inference_gap = Some(Mean::of(&ledger.rows.iter().map(gap).collect::<Vec<_>>()));
        let khat = |row: &Gaps| if own { row.per_datum_khat } else { row.khat };
        let khat: Vec<f64> = ledger.rows.iter().filter_map(khat).collect();
        found.khat = KhatShares::of(&khat, self.asked.importance_samples);
        let mut effective: Vec<f64> = ledger.rows.iter().map(|row| row.effective_sample_size).collect();
        effective.sort_unstable_by(f64::total_cmp);
        found.effective_sample_size = effective.get(effective.len() / 2).copied();
        if let Some(training) = training.map(GapLedger::summary) {
            let of = |summary: &LedgerSummary| if own { summary.per_datum } else { summary.amortised };
            found.generalisation_gap = Some(of(&training) - of(&summary));
            found.training_amortisation_gap = (!own).then_some(training.amortisation_gap);
        }
        found.amortisation_gap = (!own).then_some(summary.amortisation_gap);
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
    let log_density = ledger.rows.iter().map(|row| row.log_evidence).collect();
    push_log_density(&mut table, log_density, Approximation::Estimate);
    table.push("per_datum_elbo", column(|row| row.per_datum));
    table.push("amortised_elbo", column(|row| row.amortised));
    table.push("approximation_gap", column(Gaps::approximation));
    table.push("amortisation_gap", column(Gaps::amortisation));
    table.push("khat", column(|row| row.khat.unwrap_or(f64::NAN)));
    table.push("effective_sample_size", column(|row| row.effective_sample_size));
    table.push("converged", Column::Binary(ledger.rows.iter().map(|row| Some(row.converged)).collect()));
    if let Some(annealed) = annealed {
        table.push("log_density_annealed", Column::Real(annealed));
    }
    table
}

impl AuditRecord {
    fn terms(&self, rows: usize) -> Vec<Term> {
        let ledger = &self.ledger;
        let term = |name, mean| Term::mean(name, mean, rows);
        let estimate = |name, mean| term(name, mean).is(Approximation::Estimate);
        let bound = |name, mean| term(name, mean).is(Approximation::Bound);
        let mut terms = vec![
            estimate(LOG_DENSITY, ledger.log_evidence),
            bound("per_datum_elbo", ledger.per_datum),
            bound("amortised_elbo", ledger.amortised),
            term("approximation_gap", ledger.approximation_gap),
            term("amortisation_gap", ledger.amortisation_gap),
        ];
        if let Some(training) = self.training_ledger {
            terms.push(bound("training_amortised_elbo", training.amortised));
            terms.push(term("training_amortisation_gap", training.amortisation_gap));
        }
        terms.extend(self.annealed.map(|annealed| estimate("log_density_annealed", annealed)));
        terms
    }
}
