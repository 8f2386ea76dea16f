//! What a finished fit came to.

use std::f64::consts::LN_2;

use elbo::{
    burn::tensor::Device,
    diagnose::{Findings, Verdict},
    engine::Reader,
    fit::{Finished, Fit},
    guide::Guide,
    likelihood::Support,
    minibatch::{Minibatch, Rows},
    model::{Latent, LinearGaussian},
    objective::Objective,
    parameters::BurnModule,
    random::{Key, Purpose},
    special::ln_sum_exp,
    terms::{Mean, Summary},
    train::Inference,
};

use super::{
    config::Config,
    density::Stored,
    findings::{self, Inferred},
    prepare::Prepared,
    remedies::is_left,
    words::{Words, words},
    yardsticks,
};
use crate::{
    error::Error,
    metrics::Metrics,
    number::{plus_minus, significant},
    observer::{Observer, ObserverExt},
    results::{ColumnSigma, FinalBound, HeldOut, Linear, Results},
    subset::chosen,
    text::Text,
};

/// Samples of z a row for the figures of a finished fit.
pub(super) const SAMPLES: usize = 16;

/// The key of the draws by which validation rows are measured, of z and of grey values.
pub(super) fn key_of_validation(config: &Config) -> Key {
    Key::new(config.fit.seed).purpose(Purpose::Evaluate)
}

/// The key of the draws by which the rows of a test are measured.
pub(super) fn key_of_test(config: &Config) -> Key {
    Key::new(config.fit.seed).purpose(Purpose::Test)
}

/// What a finished fit came to; `keep` is given it before what takes long and is not needed, the linear model.
#[allow(clippy::too_many_arguments, reason = "all that a fit is made of")]
pub(super) fn results(
    fit: &Fit<'_, impl BurnModule + Latent, impl BurnModule + Guide>,
    [train, validation]: [&Rows<'_>; 2],
    test: Option<&Prepared>,
    history: &[Metrics],
    config: &Config,
    device: &Device,
    observer: &dyn Observer,
    keep: impl Fn(&Results) -> Result<(), Error>,
) -> Result<Results, Error> {
    let best = fit.best()?;
    let reader = best.reader(device);
    let stored = Stored::of_objective(config, reader.likelihood());
    let bound = config.fit.train.objective != Objective::Noiseless;
    let per_datum = config.fit.train.inference != Inference::Amortised;
    let held_out = fit.validate(&*reader, SAMPLES)?;
    let test_terms = match test {
        Some(test) => {
            let rows = Rows::all(&test.x, config.data.columns.len());
            let terms = fit.evaluate(&*reader, &rows, key_of_test(config), SAMPLES)?;
            Some((rows, terms))
        }
        None => None,
    };
    let finished = fit.finished().unwrap_or(Finished::AllEpochs);
    let Look { mut found, rows, evidence } = look(fit, &*reader, train, config)?;
    let converged = findings::converged(config, finished, history, found.kl.unwrap_or(0.0));
    found.converged = Some(converged);
    let best = fit.progress().patience.best_epoch;
    let best = history.iter().find(|metrics| metrics.epoch.epoch == best).filter(|_| per_datum);
    if let Some(best) = best {
        found.generalisation_gap = Some(best.epoch.train.elbo - best.epoch.validation.elbo);
    } else if bound && held_out.kl.len() > 1 {
        let key = key_of_validation(config);
        let some = chosen(train, Some(held_out.kl.len()), key);
        let trained = fit.evaluate(&*reader, &some, key, SAMPLES)?.summary();
        found.generalisation_gap = Some(trained.elbo - held_out.summary().elbo);
    }
    let told = |linear: Option<Linear>, found: Findings| {
        let reached = HeldOut {
            objective: config.fit.train.objective,
            finished,
            epochs: fit.progress().epoch,
            best_epoch: fit.progress().patience.best_epoch,
            validation: stored.summary(held_out.summary()),
            test: test_terms.as_ref().map(|(_, terms)| stored.summary(terms.summary())),
            sigma: reader.noise_scale().filter(|sigma| sigma.len() == 1).map(|sigma| sigma[0]),
            column_sigma: reader.noise_scale().map(|sigma| column_sigma(&sigma, config)),
            linear: linear.map(|of| Linear { log_evidence: stored.mean(of.log_evidence), ..of }),
        };
        Results {
            reached: FinalBound::HeldOut(reached),
            seconds: history.iter().map(|metrics| metrics.seconds).sum(),
            converged: Some(converged),
            verdict: Verdict::of(&found).with_remedies(|remedy| is_left(remedy, config, Some(finished))),
            findings: found,
        }
    };
    // The yardstick may take longer than the fit: what was fitted is told before.
    keep(&told(None, found.clone()))?;
    let discrete = reader.likelihood().support().is_discrete();
    let mixed = reader.likelihood().support() == Support::Mixed;
    let linear = match &test_terms {
        _ if discrete || mixed => None,
        _ if work(train) > MOST_WORK => {
            let text =
                "left out: the linear model of so many rows and columns would take longer than the fit";
            observer.say("linear", text);
            None
        }
        // What is no bound cannot be held against log p(x).
        _ if !bound => None,
        Some((rows, terms)) => linear(train, rows, "test", &terms.elbo(), reader.layers()[0]),
        None => linear(train, validation, "validation", &held_out.elbo(), reader.layers()[0]),
    };
    let (linear, model) = linear.unzip();
    if bound && rows.rows.len() > 1 {
        // What the fit makes of the rows that it was looked at by: where log p(x) is not known, its bound, which is less.
        let reached = match &evidence {
            Some(evidence) => &evidence[..],
            None => &held_out.elbo()[..rows.rows.len()],
        };
        let over = |other: Option<Vec<f64>>| other.map(|other| advantage(reached, &other));
        let (key, likelihood) = (key_of_validation(config), reader.likelihood());
        let (support, binarise) = (likelihood.support(), config.fit.binarise(likelihood));
        let by_linear =
            |model: LinearGaussian| rows.values.chunks(rows.width).map(|x| model.log_evidence(x)).collect();
        found.over_linear = over(model.map(by_linear));
        found.over_independent = over(yardsticks::independent(likelihood, train, &rows, device));
        let mixture = yardsticks::mixture(support, binarise, train, &rows, key);
        found.over_blend = over(mixture.as_ref().map(|mixture| blend(reached, mixture)));
        found.over_mixture = over(mixture);
        found.predictive = yardsticks::predictive(&*reader, train, &rows, &config.data.columns, key)?;
    }
    Ok(told(linear, found))
}

/// What was found out about a finished fit by some of its validation rows.
struct Look {
    found: Findings,
    rows: Minibatch,
    /// log p(x) of the rows, estimated from below; none where z is not one layer of Gaussians.
    evidence: Option<Vec<f64>>,
}

/// A look at the finished fit by its validation rows.
fn look(
    fit: &Fit<'_, impl BurnModule + Latent, impl BurnModule + Guide>,
    reader: &dyn Reader,
    train: &Rows<'_>,
    config: &Config,
) -> Result<Look, Error> {
    let key = key_of_validation(config);
    // Pieces depend on the number of threads; so many rows of them do not.
    let mut rows = Minibatch { width: reader.width(), total: train.len(), ..Minibatch::default() };
    for piece in fit.validation() {
        rows.rows.extend(piece.rows);
        rows.values.extend(piece.values);
        if rows.rows.len() >= findings::ROWS {
            break;
        }
    }
    rows.rows.truncate(findings::ROWS);
    rows.values.truncate(rows.rows.len() * rows.width);
    let rows = Inferred::of(reader, config, rows, key)?;
    let mut found = findings::of_rows(reader, config, &rows, key)?;
    if config.fit.train.objective == Objective::Noiseless {
        // σ(x) was not fitted: what stands on it says nothing.
        let found = Findings { kl: None, mutual_information: None, ..found };
        return Ok(Look { found, rows: rows.rows, evidence: None });
    }
    found.at_floor = at_floor(reader, train, config);
    let evidence = findings::of_weights(reader, config, &rows, key, &mut found)?;
    let mut rows = rows.rows;
    rows.rows.truncate(evidence.as_ref().map_or(usize::MAX, Vec::len));
    rows.values.truncate(rows.rows.len() * rows.width);
    Ok(Look { found, rows, evidence })
}

/// Columns whose σ is as small as the likelihood lets it become, to six digits; `all columns` where they share it.
fn at_floor(reader: &dyn Reader, train: &Rows<'_>, config: &Config) -> Vec<String> {
    let (Some(sigma), Some(floor)) = (reader.noise_scale(), reader.likelihood().floor(train)) else {
        return Vec::new();
    };
    let least = |place: usize| sigma[place] <= (1.0 + 1e-6) * f64::from(floor[place]).exp();
    let name = |place: usize| match sigma.len() {
        1 => "all columns".into(),
        _ => config.data.columns[place].clone(),
    };
    (0..sigma.len()).filter(|&place| least(place)).map(name).collect()
}

/// σ of each column, in the units of the file.
fn column_sigma(sigma: &[f64], config: &Config) -> Vec<ColumnSigma> {
    let scaling = &config.data.taken.scaling;
    let of = |(d, column): (usize, &String)| ColumnSigma {
        column: column.clone(),
        sigma: sigma[d % sigma.len()] * scaling.divisor(d),
    };
    config.data.columns.iter().enumerate().map(of).collect()
}

/// Multiplications of the linear model's fit at most, some ten seconds of them, and how many it takes.
const MOST_WORK: f64 = 2e11;

fn work(train: &Rows<'_>) -> f64 {
    let (rows, columns) = (train.len() as f64, train.width() as f64);
    let least = rows.min(columns);
    rows * columns * least + 20.0 * least.powi(3)
}

/// The linear model beside a fit; `None` where it has no maximum, with too few columns or rows for the latent dimensions.
fn linear(
    train: &Rows<'_>,
    rows: &Rows<'_>,
    name: &str,
    elbo: &[f64],
    latent: usize,
) -> Option<(Linear, LinearGaussian)> {
    let model = LinearGaussian::fit(train, latent, None).ok()?;
    let log_evidence: Vec<f64> = rows.iter().map(|x| model.log_evidence(x)).collect();
    let told = Linear {
        latent,
        rows: name.into(),
        log_evidence: Mean::of(&log_evidence),
        advantage: advantage(elbo, &log_evidence),
    };
    Some((told, model))
}

/// The bound of rows less the log p(x) of another model, row by row.
fn advantage(elbo: &[f64], log_evidence: &[f64]) -> Mean {
    Mean::of(&elbo.iter().zip(log_evidence).map(|(e, l)| e - l).collect::<Vec<_>>())
}

/// The log of half of one density and half of another.
fn blend(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(&one, &other)| ln_sum_exp(&[one, other]) - LN_2).collect()
}

/// The headline figures, as (name, value).
pub(super) fn facts(of: &HeldOut) -> Vec<(String, Text)> {
    let Words { objective, first, second, unit } = words(of.objective);
    let bound = |s: &Summary| {
        format!(
            "{objective} {} = {first} {:.3} - {second} {:.3} {unit}, {SAMPLES} draws of z a row",
            plus_minus(s.elbo),
            s.log_likelihood.value,
            s.kl.value
        )
    };
    let mut facts = vec![("validation", bound(&of.validation))];
    facts.extend(of.test.as_ref().map(|test| ("test", bound(test))));
    facts.extend(of.sigma.map(|sigma| ("sigma", format!("{sigma:.5}, of the scaled values"))));
    if let (None, Some(of)) = (of.sigma, &of.column_sigma) {
        let end = |side: fn(f64, f64) -> f64| {
            of.iter().reduce(|a, b| if side(a.sigma, b.sigma) == a.sigma { a } else { b })
        };
        if let (Some(least), Some(most)) = (end(f64::min), end(f64::max)) {
            let one = |of: &ColumnSigma| format!("{} (`{}`)", significant(of.sigma), of.column);
            facts.push((
                "sigma",
                format!(
                    "one for each column, from {} to {}, in the units of the file: all are in results.json, as column_sigma",
                    one(least),
                    one(most)
                ),
            ));
        }
    }
    facts.extend(of.linear.as_ref().map(|linear| {
        let text = format!(
            "log p(x) {} of the linear model, exact, of the {} rows; the {objective} of this fit less that: {}",
            plus_minus(linear.log_evidence),
            linear.rows,
            plus_minus(linear.advantage),
        );
        ("linear", text)
    }));
    facts.into_iter().map(|(name, text)| (name.into(), text.into())).collect()
}
