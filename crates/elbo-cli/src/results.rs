//! What a finished fit came to, and its report.

use std::{
    io::{self, Write},
    path::Path,
};

use burn::tensor::Device;
use elbo::{
    diagnose::{Findings, Verdict, latent_summary},
    distribution::bernoulli::Binarise,
    fit::{Finished, Fit},
    gradient::Form,
    minibatch::{Minibatch, Rows},
    model::{Likelihood, LinearGaussian, Sigma, Vae},
    objective::{
        Objective,
        elbo::{Mean, Summary},
    },
    predict,
    random::{Key, Purpose},
    train::Inference,
};
use serde::{Deserialize, Serialize};

use crate::{
    config::{Config, Words, name_of, settings, words},
    error::Error,
    findings,
    report::{Epoch, Report, Terms},
    run::Metrics,
    source::{Prepared, chosen},
    tell,
};

/// The contents of `results.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// What was maximised, and what `validation` and `test` are values of.
    pub(crate) objective: Objective,
    pub(crate) finished: Finished,
    pub(crate) epochs: u64,
    pub(crate) best_epoch: u64,
    /// Wall-clock time of all epochs.
    pub(crate) seconds: f64,
    /// The bound of the validation rows at the best epoch.
    pub(crate) validation: Summary,
    /// The bound of the test rows under the best parameters.
    pub(crate) test: Option<Summary>,
    /// The learned, solved or fixed σ, where there is one for all columns.
    pub(crate) sigma: Option<f64>,
    /// Probabilistic PCA fitted to the same training rows.
    pub(crate) linear: Option<Linear>,
    /// Whether the validation bound had stopped rising.
    #[serde(default)]
    pub(crate) converged: Option<bool>,
    #[serde(default)]
    pub(crate) verdict: Option<Verdict>,
}

/// The linear model of the same latent size (of two layers the first), beside the fit, on the same held-out rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Linear {
    pub(crate) latent: usize,
    /// `validation` or `test`.
    pub(crate) rows: String,
    /// log p(x), exact, nats per row.
    pub(crate) log_evidence: Mean,
    /// The fit's ELBO minus it, row by row.
    pub(crate) advantage: Mean,
}

/// Samples of z a row for the figures of a finished fit.
const SAMPLES: usize = 16;

pub(crate) fn results(
    fit: &Fit<'_>,
    train: &Rows<'_>,
    validation: &Rows<'_>,
    test: Option<&Prepared>,
    history: &[Metrics],
    config: &Config,
    device: &Device,
) -> Result<Results, Error> {
    let best = fit.best()?;
    let bound = config.fit.train.objective != Objective::Noiseless;
    let held_out = fit.validate(&best, SAMPLES)?;
    let test_terms = match test {
        Some(test) => {
            let rows = Rows::all(&test.x, config.data.columns.len());
            let key = Key::new(config.fit.seed).purpose(Purpose::Test);
            let terms = fit.evaluate(&best, &rows, key, SAMPLES)?;
            Some((rows, terms))
        }
        None => None,
    };
    let linear = match (&config.fit.vae.likelihood, &test_terms) {
        (Likelihood::Bernoulli, _) => None,
        // What is no bound cannot be held against log p(x).
        _ if !bound => None,
        (_, Some((rows, terms))) => linear(train, rows, "test", &terms.elbo(), best.guide.layers()[0]),
        (_, None) => linear(train, validation, "validation", &held_out.elbo(), best.guide.layers()[0]),
    };
    let log_sigma = best.model.log_sigma().filter(|s| s.dims() == [1]);
    let finished = fit.finished().unwrap_or(Finished::AllEpochs);
    let mut found = look(fit, &best, train, config, device)?;
    let converged = findings::converged(config, finished, history, found.kl.unwrap_or(0.0));
    found.converged = Some(converged);
    found.over_linear = linear.as_ref().map(|linear| linear.advantage);
    if bound && held_out.kl.len() > 1 {
        let key = Key::new(config.fit.seed).purpose(Purpose::Evaluate);
        let some = chosen(train, Some(held_out.kl.len()), key);
        let trained = fit.evaluate(&best, &some, key, SAMPLES)?.summary();
        found.generalisation_gap = Some(trained.elbo - held_out.summary().elbo);
    }
    Ok(Results {
        objective: config.fit.train.objective,
        finished,
        epochs: fit.progress().epoch,
        best_epoch: fit.progress().patience.best_epoch,
        seconds: history.iter().map(|metrics| metrics.seconds).sum(),
        validation: held_out.summary(),
        test: test_terms.map(|(_, terms)| terms.summary()),
        sigma: log_sigma.map(|s| f64::from(s.into_scalar::<f32>()).exp()),
        linear,
        converged: Some(converged),
        verdict: Some(Verdict::of(&found)),
    })
}

/// A look at the finished fit by its validation rows.
fn look(
    fit: &Fit<'_>,
    best: &Vae,
    train: &Rows<'_>,
    config: &Config,
    device: &Device,
) -> Result<Findings, Error> {
    let key = Key::new(config.fit.seed).purpose(Purpose::Evaluate);
    // Pieces depend on the number of threads; so many rows of them do not.
    let mut rows = Minibatch { width: best.width(), total: train.len(), ..Minibatch::default() };
    for piece in fit.validation() {
        rows.rows.extend(piece.rows);
        rows.values.extend(piece.values);
        if rows.rows.len() >= findings::ROWS {
            break;
        }
    }
    rows.rows.truncate(findings::ROWS);
    rows.values.truncate(rows.rows.len() * rows.width);
    let mut found = findings::of_vae(best, config, &rows, key, device)?;
    if config.fit.train.objective == Objective::Noiseless {
        // σ(x) was not fitted: what stands on it says nothing.
        return Ok(Findings { kl: None, mutual_information: None, ..found });
    }
    findings::of_weights(best, config, &rows, key, device, &mut found)?;
    Ok(found)
}

/// None where the linear model has no maximum: too few columns or rows for so many latent dimensions.
fn linear(train: &Rows<'_>, rows: &Rows<'_>, name: &str, elbo: &[f64], latent: usize) -> Option<Linear> {
    let model = LinearGaussian::fit(train, latent, None).ok()?;
    let log_evidence: Vec<f64> = rows.iter().map(|x| model.log_evidence(x)).collect();
    let advantage: Vec<f64> = elbo.iter().zip(&log_evidence).map(|(e, l)| e - l).collect();
    Some(Linear {
        latent,
        rows: name.into(),
        log_evidence: Mean::of(&log_evidence),
        advantage: Mean::of(&advantage),
    })
}

impl Results {
    /// Those in a run folder; none where the fit was not finished, or the path is that of a model file.
    pub(crate) fn read(run: &Path) -> Result<Option<Self>, Error> {
        let path = run.join("results.json");
        let Ok(text) = std::fs::read(&path) else { return Ok(None) };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|cause| Error::plain(format!("`{}` is damaged: {cause}", path.display())))
    }

    /// Says the figures on stderr.
    pub(crate) fn tell(&self) {
        for (name, value) in self.facts() {
            tell(format!("{name:<11} {value}"));
        }
        if let Some(verdict) = &self.verdict {
            tell(format!("verdict     {verdict}"));
        }
    }

    /// The headline figures.
    fn facts(&self) -> Vec<(String, String)> {
        let Words { objective, first, second, unit } = words(self.objective);
        let bound = |s: &Summary| {
            format!(
                "{objective} {} = {first} {:.3} - {second} {:.3} {unit}",
                plus_minus(s.elbo),
                s.log_likelihood.value,
                s.kl.value
            )
        };
        let mut facts = vec![("validation".into(), bound(&self.validation))];
        facts.extend(self.test.as_ref().map(|test| ("test".into(), bound(test))));
        facts.extend(self.sigma.map(|sigma| ("sigma".into(), format!("{sigma:.5}"))));
        facts.extend(self.linear.as_ref().map(|linear| {
            let text = format!(
                "log p(x) {} of the linear model, exact; the {objective} of this fit less that: {}",
                plus_minus(linear.log_evidence),
                plus_minus(linear.advantage),
            );
            ("linear".into(), text)
        }));
        facts
    }
}

pub(crate) fn plus_minus(mean: Mean) -> String {
    let Mean { value, standard_error } = mean;
    // Of rows in other units than the model's the size says all.
    if value.abs() < 1e6 {
        format!("{value:.3} ± {standard_error:.3}")
    } else {
        format!("{value:.2e} ± {standard_error:.1e}")
    }
}

/// Points of the latent map at most; more are neither seen nor quick to draw.
const MAP: usize = 3000;
/// Rows reconstructed, and rows drawn, in the report.
const SHOWN: usize = 32;

pub(crate) fn report(
    fit: &Fit<'_>,
    best: &Vae,
    data: &Prepared,
    results: &Results,
    history: &[Metrics],
    config: &Config,
    device: &Device,
) -> Result<Report, Error> {
    let (width, latent) = (best.width(), best.latent());
    let (mut rows, mut mean, mut kl) = (Vec::new(), Vec::new(), Vec::new());
    for piece in fit.validation() {
        let encoded = predict::encode(best, &piece.values, device)?;
        rows.extend(piece.rows);
        mean.extend(encoded.mean);
        kl.extend(encoded.kl);
    }
    let dimensions = latent_summary(&mean, &kl, latent);
    let (map, latent_axes) = plane(&mean, best.model.family().width(latent));
    let labels =
        data.labels.as_ref().map(|labels| rows.iter().take(MAP).map(|&row| labels[row].clone()).collect());
    let originals: Vec<f32> =
        rows.iter().take(SHOWN).flat_map(|&row| &data.x[row * width..][..width]).copied().collect();
    let reconstructions = predict::reconstruct(best, &originals, device)?;
    let samples =
        predict::decode(best, &draw_latent(best, SHOWN, Key::new(config.fit.seed), device), device)?;
    let shown = |x: Vec<f32>| -> Vec<Vec<f32>> {
        let rows = x.chunks(width);
        if config.data.image.is_some() {
            rows.map(<[f32]>::to_vec).collect()
        } else {
            rows.map(|x| config.data.scaling.undo(x)).collect()
        }
    };
    Ok(Report {
        title: config.name.clone(),
        summary: cards(results),
        notes: notes(results, config),
        verdict: results.verdict.clone().unwrap_or_else(|| Verdict::of(&Findings::default())),
        epochs: history.iter().map(epoch).collect(),
        best_epoch: results.best_epoch as usize,
        reference: results
            .linear
            .as_ref()
            .map(|linear| (format!("linear model, exact ({} rows)", linear.rows), linear.log_evidence.value)),
        active: dimensions.active(),
        layers: best.guide.layers(),
        // Without a fitted σ(x) there is no KL to show.
        kl_per_dimension: if results.objective == Objective::Noiseless { Vec::new() } else { dimensions.kl },
        objective: results.objective,
        image: config.image(),
        columns: config.data.columns.clone(),
        originals: shown(originals),
        reconstructions: shown(reconstructions),
        samples: shown(samples),
        latent: map,
        latent_axes,
        labels,
        settings: settings(config),
    })
}

/// `number` draws of z from the prior, row-major.
pub(crate) fn draw_latent(vae: &Vae, number: usize, seed: Key, device: &Device) -> Vec<f32> {
    let key = seed.purpose(Purpose::Sample).purpose(Purpose::Noise);
    predict::sample_prior(vae, key, number, device)
}

/// The latent means in a plane: as they are for one or two dimensions, else their principal components.
fn plane(mean: &[f32], latent: usize) -> (Vec<[f64; 2]>, [String; 2]) {
    let rows = Rows::all(mean, latent);
    let model = if latent > 2 { LinearGaussian::fit(&rows, 2, None).ok() } else { None };
    let point = |z: &[f32]| match &model {
        Some(model) => {
            let components = model.principal_components(z);
            [components.first().copied().unwrap_or(0.0), components.get(1).copied().unwrap_or(0.0)]
        }
        None => [f64::from(z[0]), z.get(1).map_or(0.0, |&z| f64::from(z))],
    };
    let axes = match (latent, &model) {
        (1, _) => ["z 1".into(), String::new()],
        (_, Some(_)) => {
            ["first principal component of E[z|x]", "second principal component of E[z|x]"].map(String::from)
        }
        _ => ["z 1".into(), "z 2".into()],
    };
    (rows.iter().take(MAP).map(point).collect(), axes)
}

fn cards(results: &Results) -> Vec<(String, String)> {
    let Words { objective, unit, .. } = words(results.objective);
    let card =
        |rows: &str, s: &Summary| (format!("{rows} {objective}"), format!("{} {unit}", plus_minus(s.elbo)));
    let mut cards = vec![card("Validation", &results.validation)];
    cards.extend(results.test.as_ref().map(|test| card("Test", test)));
    if let Some(linear) = &results.linear {
        cards.push((
            format!("Linear model, exact log p(x), {} rows", linear.rows),
            format!("{} nats per row", plus_minus(linear.log_evidence)),
        ));
        cards.push((
            format!("{objective} above the linear model"),
            format!("{} nats", plus_minus(linear.advantage)),
        ));
    }
    cards.extend(results.sigma.map(|sigma| ("σ of the likelihood".into(), format!("{sigma:.4}"))));
    cards.push((
        "Best epoch".into(),
        format!("{} of {} ({:.1} s)", results.best_epoch, results.epochs, results.seconds),
    ));
    cards
}

/// What the bound is of, and what to beware of.
pub(crate) fn notes(results: &Results, config: &Config) -> Vec<String> {
    let likelihood = config.fit.vae.likelihood;
    let mut notes = vec![format!("Likelihood: {}.", name_of(likelihood))];
    match results.objective {
        Objective::Elbo => {}
        Objective::ImportanceWeighted => notes.push(format!(
            "What was maximised is the importance-weighted bound L_k with k = {}, which lies between the ELBO and \
             log p(x). Its first term is the log-likelihood of the samples by their weights, its second what the \
             bound leaves of that.",
            config.fit.train.samples
        )),
        Objective::Noiseless => notes.push(
            "What was maximised is the noiseless limit of the ELBO, -½‖x - f(μ(x))‖² - (σ²/2)‖μ(x)‖²: a regularised \
             auto-encoder. It is not a bound on log p(x), its values are not nats, and the guide's standard \
             deviations were not fitted."
                .into(),
        ),
    }
    if config.fit.train.inference != Inference::Amortised {
        notes.push(
            "Each row had a q(z) of its own in the fit, and the curve is of bounds under that. The figures of the finished \
             fit are the encoder's, which rows to come have to begin with; elbo infer finds theirs."
                .into(),
        );
    }
    let weight = config.fit.train.kl_weight;
    if weight.beta != 1.0 || weight.free_bits > 0.0 {
        notes.push(format!(
            "What was maximised weighed the KL by {} and left {} nats of each latent dimension free: it is not the ELBO. \
             The values shown are the true ELBO.",
            weight.beta, weight.free_bits
        ));
    } else if weight.warm_up > 0 {
        notes.push(format!(
            "Over the first {} epochs the KL's weight rose from 0, and what was maximised was not the bound. The values \
             shown are the true ELBO.",
            weight.warm_up
        ));
    }
    let bound = results.objective != Objective::Noiseless;
    if bound && likelihood == Likelihood::Bernoulli {
        notes.push(format!(
            "With --binarise {}, {}.",
            word(config.fit.binarise),
            config.fit.binarise.meaning()
        ));
    } else if bound {
        let volume = config.data.scaling.log_volume(config.data.columns.len());
        if volume != 0.0 {
            notes.push(format!(
                "The bound is of the density of the scaled values x = (stored - offset) / divisor; for that of \
                 the stored values add {:.3} nats per row.",
                -volume
            ));
        }
        if likelihood == Likelihood::Gaussian(Sigma::PerColumn) {
            notes.push(
                "A column that the decoder learns to copy exactly has a σ that shrinks towards 0.".into(),
            );
        }
    }
    if let Form::Relaxed(temperature) = config.fit.train.estimator {
        notes.push(format!(
            "The gradient was that of draws relaxed at temperature {temperature}: a biased estimate. The bounds \
             shown are those of true, discrete draws."
        ));
    }
    if results.finished == Finished::AllEpochs && results.converged != Some(true) {
        notes.push(
            "The fit ran all the epochs it was given; the validation ELBO may still have been rising.".into(),
        );
    }
    notes.push("elbo audit looks closer, with the best bound of each row by itself.".into());
    notes.push(
        "The parameters kept are those of the best epoch by the validation rows, so their ELBO is slightly \
         favoured by the choice; rows given with --test are not."
            .into(),
    );
    notes
}

fn word(binarise: Binarise) -> &'static str {
    match binarise {
        Binarise::Dynamic => "dynamic",
        Binarise::Threshold => "threshold",
        Binarise::None => "none",
    }
}

fn epoch(metrics: &Metrics) -> Epoch {
    let terms = |s: &Summary| Terms {
        elbo: s.elbo.value,
        elbo_se: s.elbo.standard_error,
        log_likelihood: s.log_likelihood.value,
        kl: s.kl.value,
    };
    Epoch {
        epoch: metrics.epoch.epoch as usize,
        train: terms(&metrics.epoch.train),
        validation: terms(&metrics.epoch.validation),
        seconds: metrics.seconds,
    }
}

/// Means over rows as CSV.
pub(crate) fn csv<N: std::fmt::Display>(terms: &[(N, Mean)]) -> String {
    let line = |(name, mean): &(N, Mean)| format!("{name},{:.6},{:.6}\n", mean.value, mean.standard_error);
    format!("term,nats_per_row,standard_error\n{}", terms.iter().map(line).collect::<String>())
}

/// A number to seven significant digits.
pub(crate) fn significant(x: f64) -> String {
    let text = format!("{x:.6e}");
    let exponent: i32 = text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if (-5..=9).contains(&exponent) { format!("{x:.*}", (6 - exponent).max(0) as usize) } else { text }
}

/// The first line of figures of some of all rows: where they are not all of them, it says so.
pub(crate) fn heading(unit: &str, some: usize, all: usize) -> String {
    let part = if some < all { format!("_of_{some}_of_{all}") } else { String::new() };
    format!("term,{unit}{part},standard_error\n")
}

/// Data to stdout; a reader that has closed the pipe wants no more.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(elbo_data::Error::Stream { cause }.into())
        }
        _ => Ok(()),
    }
}
