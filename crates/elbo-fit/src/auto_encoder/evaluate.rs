//! The bound of rows under a fitted auto-encoder, and estimates of the evidence log p(x).

use elbo::{
    diagnose::{
        annealed::{Annealing, Start, Temperatures, annealed},
        bdmc::bdmc,
    },
    distribution::bernoulli::Binarise,
    engine::{Measure, Reader},
    minibatch::{Minibatch, Rows},
    model::Joint,
    objective::{Objective, elbo::KlForm},
    random::{Draws, Key, Purpose},
    terms::{Mean, RowTerms, Weights},
};
use elbo_data::{Column, Table};

use super::{
    config::Config,
    density::Stored,
    prepare::{read_for, read_own, took_part},
    results::{SAMPLES, key_of_validation},
};
use crate::{
    error::Error,
    number::plus_minus,
    observer::Observer,
    query::{Answer, Approximation, Evaluation, LOG_DENSITY, Query, Term, push_log_density},
    room::{check_room, numbers},
    subset::chosen,
    text::{Text, counted},
    took_part::told,
};

/// Rows a thread, between two looks at how far it is.
const ROWS: usize = 128;

/// What is measured of rows.
#[derive(Clone, Debug)]
pub struct Measures {
    /// Monte Carlo samples of z a row.
    pub samples: usize,
    /// The form of the KL.
    pub kl: KlForm,
    /// Only this many rows, drawn from the seed.
    pub rows: Option<usize>,
    /// The importance-weighted bound too, of this many samples for each row.
    pub importance_samples: Option<usize>,
    /// log p(x) by annealed importance sampling, too.
    pub annealed: Option<Annealed>,
    /// The seed of all that is random.
    pub seed: u64,
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            samples: SAMPLES,
            kl: KlForm::Analytic,
            rows: None,
            importance_samples: None,
            annealed: None,
            seed: 0,
        }
    }
}

/// How chains are annealed.
#[derive(Clone, Copy, Debug)]
pub struct Annealed {
    /// Temperatures from the start to the posterior: the more, the closer.
    pub temperatures: usize,
    /// Leapfrog steps of a move at each temperature.
    pub leapfrog: usize,
    /// Chains a row.
    pub chains: usize,
    /// Whether chains start at the prior, and not at the guide.
    pub from_prior: bool,
}

impl Default for Annealed {
    fn default() -> Self {
        Self { temperatures: 1000, leapfrog: 10, chains: 16, from_prior: false }
    }
}

pub(super) fn evaluate(
    (config, reader): (&Config, &dyn Reader),
    rows: &Query,
    asked: &Measures,
    observer: &dyn Observer,
) -> Result<Evaluation, Error> {
    let query = rows;
    let data = read_for((config, reader.likelihood()), query, observer)?;
    let all = Rows::all(&data.x, reader.width());
    let key = Key::new(asked.seed).purpose(Purpose::Test);
    let rows = chosen(&all, asked.rows, key);
    let took_part = took_part((config, reader.likelihood()), query, &all);
    let part = rows.len() < all.len();
    let evaluator = Evaluator { asked, config, reader, rows, key, observer };
    // Refused before any long work, where the latent is discrete.
    let joint = asked.annealed.map(|annealed| Ok::<_, Error>((reader.joint()?, annealed))).transpose()?;
    let mut figures = Figures::default();
    evaluator.bound(&mut figures)?;
    if let Some(samples) = asked.importance_samples {
        evaluator.importance_weighted(samples, &mut figures)?;
    }
    if let Some((joint, annealed)) = joint {
        evaluator.annealed(&*joint, &annealed, &mut figures)?;
    }
    let (some, all, samples) = (evaluator.rows.len(), all.len(), asked.samples);
    let index = evaluator.rows.index().to_vec();
    let labels = data.labels.as_ref().map(|labels| index.iter().map(|&row| labels[row].clone()).collect());
    let (terms, columns, notes) = figures.headed();
    let mut facts = Vec::new();
    if config.fit.train.objective == Objective::Noiseless {
        facts.push(
            "note: the fit was to the noiseless objective, so the guide's standard deviations were never fitted"
                .to_owned(),
        );
    }
    if reader.layers().len() > 1 && asked.kl == KlForm::Analytic {
        facts.push(
            "note: the KL of z2 given z1 is in closed form; that of z1, which has none, is a mean over samples"
                .into(),
        );
    }
    if part {
        facts.push(format!("note: {some} rows of {all}, drawn from the seed, and not the whole data"));
    }
    facts.push(format!(
        "{}, {samples} samples a row; elbo = log_likelihood - kl, larger is better",
        counted(some, "row")
    ));
    facts.extend(notes);
    let mut facts: Vec<(&'static str, Text)> = facts.into_iter().map(|text| ("", text.into())).collect();
    facts.extend(told(took_part, all, "row"));
    Ok(Evaluation {
        facts,
        unit: "nats_per_row",
        part: [some, all],
        took_part,
        weights: None,
        terms,
        rows: Answer::of("row", index, labels, columns),
    })
}

/// The ELBO of the validation rows, and their numbers from 0, by the draws by which the fit was measured at its end: of a fit to
/// the ELBO it is the same figure.
pub(super) fn of_validation(
    (config, reader): (&Config, &dyn Reader),
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<(Vec<usize>, Vec<f64>), Error> {
    let data = read_own((config, reader.likelihood()), memory, observer)?;
    let all = Rows::all(&data.x, reader.width());
    let (_, rows) = all.split(config.data.validation, Key::new(config.fit.seed));
    let (binarise, key) = (config.fit.binarise(reader.likelihood()), key_of_validation(config));
    let draws = Draws { samples: SAMPLES, key: key.purpose(Purpose::Noise) };
    let mut terms = RowTerms::default();
    for piece in rows.pieces(binarise, key.purpose(Purpose::Binarise)) {
        terms.extend(&reader.terms(&piece, Measure::Elbo(config.fit.train.kl), draws)?);
    }
    let terms = Stored::of(config, reader.likelihood()).terms(terms);
    Ok((rows.index().to_vec(), terms.elbo()))
}

/// The figures, those of each row, and what they stand on.
#[derive(Default)]
struct Figures {
    /// The log density of each row: that of the figures which was told last, each being closer than those before.
    log_density: Option<(Vec<f64>, Approximation)>,
    terms: Vec<Term>,
    columns: Table,
    notes: Vec<String>,
}

impl Figures {
    fn line(&mut self, name: &str, mean: Mean, rows: usize) {
        self.terms.push(Term::mean(name, mean, rows));
    }

    /// A figure of each row that is its log density, or a bound on it.
    fn density(&mut self, name: &str, rows: Vec<f64>, is: Approximation) {
        self.term(name, rows.clone());
        if let Some(term) = self.terms.last_mut() {
            term.is = Some(is);
        }
        self.log_density = Some((rows, is));
    }

    /// The log density at the head of the figures, and of the columns.
    fn headed(self) -> (Vec<Term>, Table, Vec<String>) {
        let Self { log_density, mut terms, columns, notes } = self;
        let mut table = Table::new();
        if let Some((rows, is)) = log_density {
            terms.insert(0, Term::mean(LOG_DENSITY, Mean::of(&rows), rows.len()).is(is));
            push_log_density(&mut table, rows, is);
        }
        table.columns.extend(columns.columns);
        (terms, table, notes)
    }

    /// A term of each row.
    fn term(&mut self, name: &str, rows: Vec<f64>) {
        self.line(name, Mean::of(&rows), rows.len());
        self.columns.push(name, Column::Real(rows));
    }

    /// The mean log weight of each row, and how many samples it stands on; that in words.
    fn weights(&mut self, name: &str, weights: &[Weights], stored: Stored) -> String {
        let log_density = weights.iter().map(Weights::log_mean).collect();
        self.density(name, stored.rows(log_density), Approximation::Estimate);
        let mut effective: Vec<f64> = weights.iter().map(Weights::effective_sample_size).collect();
        self.columns.push(format!("{name}_ess"), Column::Real(effective.clone()));
        effective.sort_unstable_by(f64::total_cmp);
        let (mean, median) = (Mean::of(&effective).value, effective[effective.len() / 2]);
        format!("effective sample size a row {mean:.1} in the mean, {median:.1} in the median")
    }
}

struct Evaluator<'a> {
    asked: &'a Measures,
    config: &'a Config,
    reader: &'a dyn Reader,
    rows: Rows<'a>,
    key: Key,
    observer: &'a dyn Observer,
}

impl Evaluator<'_> {
    fn binarise(&self) -> Binarise {
        self.config.fit.binarise(self.reader.likelihood())
    }

    fn stored(&self) -> Stored {
        Stored::of(self.config, self.reader.likelihood())
    }

    /// The rows, some at a time; x is drawn once, whatever is evaluated.
    fn pieces(&self, size: usize) -> impl Iterator<Item = Minibatch> {
        let (binarise, key) = (self.binarise(), self.key.purpose(Purpose::Binarise));
        let rows = &self.rows;
        rows.index().chunks(size).map(move |piece| rows.minibatch(piece.iter().copied(), binarise, key))
    }

    fn bound(&self, figures: &mut Figures) -> Result<(), Error> {
        let Measures { kl, samples, .. } = *self.asked;
        let noise = self.key.purpose(Purpose::Noise);
        let mut terms = RowTerms::default();
        for piece in self.rows.pieces(self.binarise(), self.key.purpose(Purpose::Binarise)) {
            terms.extend(&self.reader.terms(&piece, Measure::Elbo(kl), Draws { samples, key: noise })?);
        }
        let terms = self.stored().terms(terms);
        figures.density("elbo", terms.elbo(), Approximation::Bound);
        figures.term("log_likelihood", terms.log_likelihood);
        figures.term("kl", terms.kl);
        Ok(())
    }

    fn importance_weighted(&self, samples: usize, figures: &mut Figures) -> Result<(), Error> {
        let key = self.key.purpose(Purpose::Evaluate);
        self.observer.work("importance-weighted", self.rows.len() as u64);
        let mut weights = Vec::with_capacity(self.rows.len());
        for piece in self.pieces(ROWS * rayon::current_num_threads()) {
            weights.extend(self.reader.weights(&piece, key, samples)?);
            self.observer.worked(piece.rows.len() as u64);
        }
        self.observer.work_end();
        let effective = figures.weights("importance_weighted", &weights, self.stored());
        figures.notes.push(format!(
            "importance_weighted: an estimate of log p(x) that is too low in the mean; {samples} samples a row, {effective}"
        ));
        Ok(())
    }

    /// log p(x) of the rows, and bounds on both sides of it for as many rows drawn from the model.
    fn annealed(&self, joint: &dyn Joint, asked: &Annealed, figures: &mut Figures) -> Result<(), Error> {
        let reader = self.reader;
        let Annealed { temperatures, leapfrog, chains, from_prior } = *asked;
        let (at_once, each) = (self.rows.len().min(ROWS), reader.latent() + reader.width());
        let taken = numbers(&[at_once, chains, each]).saturating_add(numbers(&[temperatures]));
        let what = format!("{chains} chains a row at {temperatures} temperatures");
        check_room(&what, taken, "give fewer «chains» or «temperatures»")?;
        let annealing = Annealing { temperatures: Temperatures::Sigmoidal(temperatures), leapfrog, chains };
        let start = |piece: &Minibatch| -> Result<Start, Error> {
            if from_prior {
                return Ok(Start::prior(piece.rows.len(), reader.latent()));
            }
            Ok(reader.encode(&piece.values)?.into())
        };
        let key = self.key.purpose(Purpose::Sample);
        let total = self.rows.len();
        let moves = annealing.moves(total, 1) + annealing.moves(total, 2);
        self.observer.work("annealed", moves);
        let moved = |chains: usize| self.observer.worked(chains as u64);
        let (mut weights, mut acceptance) = (Vec::new(), Vec::new());
        let (mut lower, mut upper, mut gap) = (Vec::new(), Vec::new(), Vec::new());
        for piece in self.pieces(ROWS * rayon::current_num_threads()) {
            let done = annealed(joint, &piece, &start(&piece)?, &annealing, key.fold(0), &moved)?;
            weights.extend(done.weights());
            acceptance.extend(done.acceptance);
        }
        let z = reader.sample_prior(key.fold(1), total);
        let x = reader.sample(&z, key.fold(2))?;
        let simulated = Rows::all(&x, reader.width());
        let size = ROWS * rayon::current_num_threads();
        for (index, z) in simulated.index().chunks(size).zip(z.chunks(size * reader.latent())) {
            let piece = simulated.minibatch(index.iter().copied(), Binarise::None, key);
            let bounds = bdmc(joint, &piece, z, &start(&piece)?, &annealing, key.fold(3), &moved)?;
            gap.extend(bounds.gaps());
            lower.extend(bounds.lower);
            upper.extend(bounds.upper);
        }
        self.observer.work_end();
        let effective = figures.weights("annealed", &weights, self.stored());
        let accepted = Mean::of(&acceptance).value;
        figures.columns.push("annealed_acceptance", Column::Real(acceptance));
        let (rows, gap) = (gap.len(), Mean::of(&gap));
        let first = figures.terms.len();
        figures.line("simulated_bdmc_lower", self.stored().mean(Mean::of(&lower)), rows);
        figures.line("simulated_bdmc_upper", self.stored().mean(Mean::of(&upper)), rows);
        figures.line("simulated_bdmc_gap", gap, rows);
        figures.terms[first..].iter_mut().for_each(|term| term.is = Some(Approximation::Bound));
        let from = if from_prior { "prior" } else { "guide" };
        figures.notes.push(format!(
            "annealed: an estimate of log p(x) that is too low in the mean; from the {from}, {temperatures} temperatures, {leapfrog} leapfrog steps, {chains} chains a \
             row; {effective} of {chains}; acceptance {accepted:.2}"
        ));
        // In expectation the gap is no less than 0; that of so many chains may be.
        let chance = if gap.value < 0.0 {
            "; by chance the lower came out above the upper here, so that the gap is too small for so many chains to see"
        } else {
            ""
        };
        figures.notes.push(format!(
            "simulated_bdmc: these three are of {total} other rows, drawn from the model. In expectation their log p(x) lies between \
             the lower and the upper, and the error of either is at most the gap, {} nats a row{chance}",
            plus_minus(gap)
        ));
        Ok(())
    }
}
