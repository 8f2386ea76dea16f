//! q(z) of each row by itself, better than the encoder's.

use elbo::{
    engine::Reader,
    guide::{Covariance, PerDatum},
    infer::{InferConfig, bounds, infer as per_datum, log_weights},
    minibatch::{Minibatch, Rows},
    model::Joint,
    random::{Key, Purpose},
    terms::Mean,
};
use elbo_data::{Column, Table};

use super::{
    config::Config,
    density::Stored,
    prepare::{read_for, took_part},
};
use crate::{
    error::Error,
    number::plus_minus,
    observer::Observer,
    query::{Answer, Approximation, Evaluation, LOG_DENSITY, Query, Term, push_log_density},
    subset::chosen,
    took_part::told,
};

/// Rows inferred at a time: what is held for each is its ψ and the draws of its bound.
const ROWS: usize = 4096;
/// Draws of a row, in whole groups of k, by which its bounds are told.
const DRAWS: usize = 256;

/// How q(z) of a row is found by itself.
#[derive(Clone, Copy, Debug)]
pub struct Inference {
    /// A q(z) with any covariance, and not of independent dimensions.
    pub full_covariance: bool,
    /// Monte Carlo samples of z a row and step.
    pub step_samples: usize,
    /// The first step size, in units of the posterior's width.
    pub step_size: f64,
    /// A rise of a row's bound that is no more than this is none, in nats.
    pub tolerance: f64,
    /// Steps a row at most.
    pub steps: usize,
}

impl Default for Inference {
    fn default() -> Self {
        Self { full_covariance: false, step_samples: 8, step_size: 0.1, tolerance: 0.02, steps: 2000 }
    }
}

impl Inference {
    pub(super) fn config(&self, k: usize) -> InferConfig {
        InferConfig {
            importance_samples: k,
            samples: self.step_samples.next_multiple_of(k),
            step_size: self.step_size,
            tolerance: self.tolerance,
            most_steps: self.steps,
        }
    }

    pub(super) fn covariance(&self) -> Covariance {
        if self.full_covariance { Covariance::Full } else { Covariance::Diagonal }
    }
}

/// Finds q(z) of rows: of all, or of as many as are asked for, which are drawn from the seed. There are `k` samples of the
/// bound that is raised, 1 for the ELBO.
#[allow(clippy::too_many_arguments, reason = "what there is to say of an inference")]
pub(super) fn infer(
    (config, reader): (&Config, &dyn Reader),
    asked: &Query,
    number: Option<usize>,
    k: usize,
    inference: &Inference,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Evaluation, Error> {
    let data = read_for((config, reader.likelihood()), asked, observer)?;
    let all = Rows::all(&data.x, reader.width());
    let key = Key::new(seed).purpose(Purpose::Test);
    let rows = chosen(&all, number, key);
    let took_part = took_part((config, reader.likelihood()), asked, &all);
    reader.check_one_gaussian_layer()?;
    let joint = reader.joint()?;
    let mut found = RowBounds { k, ..RowBounds::default() };
    observer.work("inferring", rows.len() as u64);
    for piece in rows.index().chunks(ROWS) {
        let binarise = config.fit.binarise(reader.likelihood());
        let piece = rows.minibatch(piece.iter().copied(), binarise, key.purpose(Purpose::Binarise));
        let encoded = reader.encode(&piece.values)?;
        let encoder = PerDatum::start(&encoded, reader.latent(), Covariance::Diagonal)?;
        let start = PerDatum::start(&encoded, reader.latent(), inference.covariance())?;
        let config = inference.config(found.k);
        let noise = key.purpose(Purpose::Noise);
        let done = per_datum(&*joint, &piece, &start, &config, noise, |rows| observer.worked(rows as u64))?;
        found.steps.extend(done.steps.iter().map(|&steps| steps as f64));
        found.converged.extend(done.converged.iter().map(|&converged| f64::from(converged)));
        found.take(&*joint, &piece, [&encoder, &done.q], key.purpose(Purpose::Evaluate))?;
    }
    observer.work_end();
    found.tell(Stored::of(config, reader.likelihood()));
    let columns = found.table();
    let labels = data.labels.map(|labels| rows.index().iter().map(|&row| labels[row].clone()).collect());
    let term = |(name, mean, is): (String, Mean, Option<Approximation>)| Term {
        is,
        ..Term::mean(name, mean, rows.len())
    };
    let facts = found.facts(rows.len(), all.len()).into_iter().map(|text| ("", text.into()));
    let facts = facts.chain(told(took_part, all.len(), "row"));
    Ok(Evaluation {
        facts: facts.collect(),
        unit: "nats_per_row",
        part: [rows.len(); 2],
        took_part,
        weights: None,
        terms: found.means().into_iter().map(term).collect(),
        rows: Answer::of("row", rows.index().iter().copied(), labels, columns),
    })
}

/// What was found for the rows so far.
#[derive(Default)]
struct RowBounds {
    k: usize,
    mean: Vec<Vec<f64>>,
    scale: Vec<Vec<f64>>,
    sd: Vec<Vec<f64>>,
    full: bool,
    bound: Vec<Mean>,
    amortised: Vec<f64>,
    steps: Vec<f64>,
    converged: Vec<f64>,
}

impl RowBounds {
    fn take(
        &mut self,
        joint: &dyn Joint,
        piece: &Minibatch,
        [encoder, best]: [&PerDatum; 2],
        key: Key,
    ) -> Result<(), Error> {
        let draws = DRAWS.max(8 * self.k).next_multiple_of(self.k);
        let bounds_of = |q: &PerDatum| -> Result<Vec<Mean>, Error> {
            Ok(bounds(&log_weights(joint, piece, q, draws, key)?, draws, self.k))
        };
        self.bound.extend(bounds_of(best)?);
        self.amortised.extend(bounds_of(encoder)?.iter().map(|bound| bound.value));
        self.full = best.covariance() == Covariance::Full;
        for row in 0..best.rows() {
            self.mean.push(best.mean(row).to_vec());
            self.sd.push(best.standard_deviation(row));
            if self.full {
                self.scale.push(best.scale(row));
            }
        }
        Ok(())
    }

    /// Makes the bounds those of the values in the file.
    fn tell(&mut self, stored: Stored) {
        for bound in &mut self.bound {
            *bound = stored.mean(*bound);
        }
        self.amortised = stored.rows(std::mem::take(&mut self.amortised));
    }

    fn name(&self) -> String {
        if self.k == 1 { "elbo".into() } else { format!("l_{}", self.k) }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        let latent = self.mean.first().map_or(0, Vec::len);
        let column =
            |lines: &[Vec<f64>], place: usize| Column::Real(lines.iter().map(|l| l[place]).collect());
        for (name, lines) in [("mean", &self.mean), ("sd", &self.sd)] {
            for j in 0..latent {
                table.push(format!("z_{}_{name}", j + 1), column(lines, j));
            }
        }
        if self.full {
            for i in 0..latent {
                for j in 0..=i {
                    table.push(
                        format!("z_{}_{}_scale", i + 1, j + 1),
                        column(&self.scale, i * (i + 1) / 2 + j),
                    );
                }
            }
        }
        let name = self.name();
        let bound: Vec<f64> = self.bound.iter().map(|b| b.value).collect();
        let error = self.bound.iter().map(|b| b.standard_error).collect();
        push_log_density(&mut table, bound.clone(), Approximation::Bound);
        table.push(format!("per_datum_{name}"), Column::Real(bound));
        table.push(format!("per_datum_{name}_se"), Column::Real(error));
        table.push(format!("amortised_{name}"), Column::Real(self.amortised.clone()));
        table.push("steps", Column::Count(self.steps.iter().map(|&steps| Some(steps as u64)).collect()));
        table.push("converged", Column::Binary(self.converged.iter().map(|&one| Some(one != 0.0)).collect()));
        table
    }

    /// Means over the rows: the best bound, the encoder's, and what lies between.
    fn means(&self) -> [(String, Mean, Option<Approximation>); 4] {
        let best: Vec<f64> = self.bound.iter().map(|b| b.value).collect();
        let gap: Vec<f64> = best.iter().zip(&self.amortised).map(|(b, a)| b - a).collect();
        let (name, bound) = (self.name(), Some(Approximation::Bound));
        [
            (LOG_DENSITY.into(), Mean::of(&best), bound),
            (format!("per_datum_{name}"), Mean::of(&best), bound),
            (format!("amortised_{name}"), Mean::of(&self.amortised), bound),
            ("amortisation_gap".into(), Mean::of(&gap), None),
        ]
    }

    fn facts(&self, rows: usize, all: usize) -> Vec<String> {
        let line = |(name, mean, _): &(String, Mean, Option<Approximation>)| {
            format!("{name:<18} {} nats per row", plus_minus(*mean))
        };
        let mut facts: Vec<String> = self.means()[1..].iter().map(line).collect();
        let mut steps = self.steps.clone();
        steps.sort_unstable_by(f64::total_cmp);
        let converged = self.converged.iter().sum::<f64>();
        facts.push(format!(
            "{rows} rows, {converged:.0} of them converged, {} steps in the median, {} at most",
            steps[steps.len() / 2],
            steps[steps.len() - 1],
        ));
        if rows < all {
            facts.push(format!("note: {rows} rows of {all}, drawn from the seed, and not the whole data"));
        }
        if converged < rows as f64 {
            let text = "note: the column `converged` is 0 where a row ran out of steps, to which «steps» gives more, or where draws do not tell its bound to a nat";
            facts.push(text.into());
        }
        facts
    }
}
