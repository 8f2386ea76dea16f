//! `elbo evaluate`: the bound of data under a fitted model, and estimates of the evidence log p(x).

use burn::tensor::Device;
use elbo::{
    diagnose::{
        annealed::{Annealing, Start, Temperatures, annealed},
        bdmc::bdmc,
    },
    distribution::bernoulli::Binarise,
    minibatch::{Minibatch, Rows},
    model::Joint,
    objective::{
        Objective,
        elbo::{KlForm, Mean, RowTerms, evaluate as bound},
        importance_weighted::{Weights, evaluate_weights},
    },
    predict,
    random::{Key, Purpose},
};
use elbo_data::{Column, Table};

use crate::{
    arguments::{Evaluate, StartArgument},
    error::Error,
    progress::Count,
    results::{heading, print},
    run::{Model, read_model},
    source::{chosen, read_for},
    table, tell,
};

/// Rows a thread, between two looks at how far it is.
const ROWS: usize = 128;
/// Monte Carlo samples of z a row, where no number is asked for.
const SAMPLES: usize = 16;

pub(crate) fn evaluate(arguments: &Evaluate, device: &Device) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let model = read_model(&arguments.fitted.run, device)?;
    let data = read_for(&model.config, &arguments.source)?;
    let all = Rows::all(&data.x, model.vae.width());
    let key = Key::new(arguments.seed).purpose(Purpose::Test);
    let rows = chosen(&all, arguments.rows, key);
    let part = rows.len() < all.len();
    let (samples, kl) = (arguments.samples.unwrap_or(SAMPLES), arguments.kl.unwrap_or(KlForm::Analytic));
    let evaluation = Evaluation { arguments, samples, kl, model: &model, rows, key, device };
    // Refused before any long work, where the latent is discrete.
    let joint = arguments.annealed.then(|| model.vae.joint()).transpose()?;
    let mut figures = Figures::default();
    if part {
        let numbers = evaluation.rows.index().iter().map(|&row| row as f64 + 1.0).collect();
        figures.columns.push("row", Column::Real(numbers));
    }
    evaluation.bound(&mut figures)?;
    if let Some(samples) = arguments.importance_samples {
        evaluation.importance_weighted(samples, &mut figures)?;
    }
    if let Some(joint) = joint {
        evaluation.annealed(&*joint, &mut figures)?;
    }
    if let Some(path) = &arguments.output {
        figures.columns.write(path)?;
    }
    let heading = heading("nats_per_row", evaluation.rows.len(), all.len());
    print(&format!("{heading}{}", figures.lines.concat()))?;
    if model.config.fit.train.objective == Objective::Noiseless {
        tell(
            "note: the fit was to the noiseless objective, so the guide's standard deviations were never fitted",
        );
    }
    if model.vae.model.is_hierarchical() && kl == KlForm::Analytic {
        tell("note: the KL of z2 given z1 is in closed form; that of z1, which has none, by Monte Carlo");
    }
    if part {
        let (some, all) = (evaluation.rows.len(), all.len());
        tell(format!("note: {some} rows of {all}, drawn from the seed, and not the whole data"));
    }
    let rows = evaluation.rows.len();
    tell(format!("{rows} rows, {samples} samples a row; elbo = log_likelihood - kl, larger is better"));
    figures.notes.iter().for_each(tell);
    Ok(())
}

/// What is printed, written and told at the end.
#[derive(Default)]
struct Figures {
    lines: Vec<String>,
    columns: Table,
    notes: Vec<String>,
}

impl Figures {
    fn line(&mut self, name: &str, mean: Mean) {
        self.lines.push(format!("{name},{:.6},{:.6}\n", mean.value, mean.standard_error));
    }

    /// A term of each row.
    fn term(&mut self, name: &str, rows: Vec<f64>) {
        self.line(name, Mean::of(&rows));
        self.columns.push(name, Column::Real(rows));
    }

    /// The mean log weight of each row, and how many samples it stands on; that in words.
    fn weights(&mut self, name: &str, weights: &[Weights]) -> String {
        self.term(name, weights.iter().map(Weights::log_mean).collect());
        let mut effective: Vec<f64> = weights.iter().map(Weights::effective_sample_size).collect();
        self.columns.push(format!("{name}_ess"), Column::Real(effective.clone()));
        effective.sort_unstable_by(f64::total_cmp);
        let (mean, median) = (Mean::of(&effective).value, effective[effective.len() / 2]);
        format!("effective sample size a row {mean:.1} in the mean, {median:.1} in the median")
    }
}

struct Evaluation<'a> {
    arguments: &'a Evaluate,
    samples: usize,
    kl: KlForm,
    model: &'a Model,
    rows: Rows<'a>,
    key: Key,
    device: &'a Device,
}

impl Evaluation<'_> {
    /// The rows, some at a time; x is drawn once, whatever is evaluated.
    fn pieces(&self, size: usize) -> impl Iterator<Item = Minibatch> {
        let (binarise, key) = (self.model.config.fit.binarise(), self.key.purpose(Purpose::Binarise));
        let rows = &self.rows;
        rows.index().chunks(size).map(move |piece| rows.minibatch(piece.iter().copied(), binarise, key))
    }

    fn bound(&self, figures: &mut Figures) -> Result<(), Error> {
        let Self { kl, samples, .. } = *self;
        let noise = self.key.purpose(Purpose::Noise);
        let mut terms = RowTerms::default();
        for piece in self.rows.pieces(self.model.config.fit.binarise(), self.key.purpose(Purpose::Binarise)) {
            terms.extend(&bound(&self.model.vae, &piece, noise, kl, samples, self.device)?);
        }
        figures.term("elbo", terms.elbo());
        figures.term("log_likelihood", terms.log_likelihood);
        figures.term("kl", terms.kl);
        Ok(())
    }

    fn importance_weighted(&self, samples: usize, figures: &mut Figures) -> Result<(), Error> {
        let key = self.key.purpose(Purpose::Evaluate);
        let progress = Count::new("importance-weighted", self.rows.len() as u64);
        let mut weights = Vec::with_capacity(self.rows.len());
        for piece in self.pieces(ROWS * rayon::current_num_threads()) {
            weights.extend(evaluate_weights(&self.model.vae, &piece, key, samples, self.device)?);
            progress.add(piece.rows.len() as u64);
        }
        let effective = figures.weights("importance_weighted", &weights);
        figures.notes.push(format!("importance_weighted: {samples} samples a row, {effective}"));
        Ok(())
    }

    /// log p(x) of the rows, and bounds on both sides of it for as many rows drawn from the model.
    fn annealed(&self, joint: &dyn Joint, figures: &mut Figures) -> Result<(), Error> {
        let Evaluate { temperatures, leapfrog, chains, anneal_from, .. } = *self.arguments;
        let vae = &self.model.vae;
        let annealing = Annealing { temperatures: Temperatures::Sigmoidal(temperatures), leapfrog, chains };
        let start = |piece: &Minibatch| -> Result<Start, Error> {
            Ok(match anneal_from {
                StartArgument::Prior => Start::prior(piece.rows.len(), vae.latent()),
                StartArgument::Guide => predict::encode(vae, &piece.values, self.device)?.into(),
            })
        };
        let key = self.key.purpose(Purpose::Sample);
        let total = self.rows.len();
        let moves = annealing.moves(total, 1) + annealing.moves(total, 2);
        let progress = Count::new("annealed", moves);
        let moved = |chains: usize| progress.add(chains as u64);
        let (mut weights, mut acceptance) = (Vec::new(), Vec::new());
        let (mut lower, mut upper, mut gap) = (Vec::new(), Vec::new(), Vec::new());
        for piece in self.pieces(ROWS * rayon::current_num_threads()) {
            let done = annealed(joint, &piece, &start(&piece)?, &annealing, key.fold(0), &moved)?;
            weights.extend(done.weights());
            acceptance.extend(done.acceptance);
        }
        let z = predict::sample_prior(vae, key.fold(1), total, self.device);
        let x = predict::sample(vae, &z, key.fold(2), self.device)?;
        let simulated = Rows::all(&x, vae.width());
        let size = ROWS * rayon::current_num_threads();
        for (index, z) in simulated.index().chunks(size).zip(z.chunks(size * vae.latent())) {
            let piece = simulated.minibatch(index.iter().copied(), Binarise::None, key);
            let bounds = bdmc(joint, &piece, z, &start(&piece)?, &annealing, key.fold(3), &moved)?;
            gap.extend(bounds.gaps());
            lower.extend(bounds.lower);
            upper.extend(bounds.upper);
        }
        let effective = figures.weights("annealed", &weights);
        let accepted = Mean::of(&acceptance).value;
        figures.columns.push("annealed_acceptance", Column::Real(acceptance));
        let gap = Mean::of(&gap);
        figures.line("bdmc_lower", Mean::of(&lower));
        figures.line("bdmc_upper", Mean::of(&upper));
        figures.line("bdmc_gap", gap);
        let from = if anneal_from == StartArgument::Prior { "prior" } else { "guide" };
        figures.notes.push(format!(
            "annealed: from the {from}, {temperatures} temperatures, {leapfrog} leapfrog steps, {chains} chains a \
             row; {effective} of {chains}; acceptance {accepted:.2}"
        ));
        figures.notes.push(format!(
            "bdmc: of {total} other rows, drawn from the model, log p(x) lies between bdmc_lower and bdmc_upper in \
             expectation: the error of either is at most the gap, {:.3} ± {:.3} nats a row",
            gap.value, gap.standard_error
        ));
        Ok(())
    }
}
