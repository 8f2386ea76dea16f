//! What there is to see of a finished fit.

use elbo::{
    diagnose::latent_summary,
    distribution::bernoulli::Binarise,
    engine::Reader,
    fit::{Finished, Fit},
    gradient::EstimatorConfig,
    guide::Guide,
    likelihood::Support,
    minibatch::Rows,
    model::{Latent, LinearGaussian},
    objective::Objective,
    parameters::BurnModule,
    random::{Key, Purpose},
    terms::{Mean, Summary},
    train::Inference,
};

use super::{
    config::Config,
    density::Stored,
    prepare::Prepared,
    words::{Words, words},
};
use crate::{
    error::Error,
    figure::Map,
    metrics::Metrics,
    number::plus_minus,
    page::{AutoEncoderPage, Epoch, Terms},
    results::{HeldOut, Results},
    settings::settings,
    text::Text,
};

/// Points of the latent map at most; more are neither seen nor quick to draw.
const MAP: usize = 3000;
/// Rows reconstructed, and rows drawn, in the report.
const SHOWN: usize = 32;

pub(super) fn page(
    fit: &Fit<'_, impl BurnModule + Latent, impl BurnModule + Guide>,
    reader: &dyn Reader,
    data: &Prepared,
    results: &Results,
    history: &[Metrics],
    config: &Config,
) -> Result<AutoEncoderPage, Error> {
    let reached = results.held_out().expect("rows were held out");
    let (width, latent) = (reader.width(), reader.latent());
    let (mut rows, mut mean, mut kl) = (Vec::new(), Vec::new(), Vec::new());
    for piece in fit.validation() {
        let encoded = reader.encode(&piece.values)?;
        rows.extend(piece.rows);
        mean.extend(encoded.mean);
        kl.extend(encoded.kl);
    }
    let dimensions = latent_summary(&mean, &kl, latent);
    let (map, latent_axes) = plane(&mean, reader.columns());
    let labels =
        data.labels.as_ref().map(|labels| rows.iter().take(MAP).map(|&row| labels[row].clone()).collect());
    let originals: Vec<f32> =
        rows.iter().take(SHOWN).flat_map(|&row| &data.x[row * width..][..width]).copied().collect();
    let reconstructions = reader.reconstruct(&originals)?;
    let samples = reader.decode(&draw_latent(reader, SHOWN, Key::new(config.fit.seed)))?;
    let shown = |x: Vec<f32>| -> Vec<Vec<f64>> {
        let unit = |d: usize, x: f32| match config.data.image {
            Some(_) => f64::from(x),
            None => config.data.taken.scaling.undo(d, x.into()),
        };
        x.chunks(width).map(|x| x.iter().enumerate().map(|(d, &x)| unit(d, x)).collect()).collect()
    };
    Ok(AutoEncoderPage {
        title: config.name.clone(),
        summary: cards(reached, results.seconds),
        notes: notes(reached, results.converged, config, reader),
        verdict: results.verdict.clone(),
        epochs: history.iter().map(epoch).collect(),
        best_epoch: reached.best_epoch as usize,
        reference: reached
            .linear
            .as_ref()
            .map(|linear| (format!("linear model, exact ({} rows)", linear.rows), linear.log_evidence.value)),
        active: dimensions.active(),
        layers: reader.layers(),
        // Without a fitted σ(x) there is no KL to show.
        kl_per_dimension: if reached.objective == Objective::Noiseless { Vec::new() } else { dimensions.kl },
        objective: reached.objective,
        image: config.image(),
        columns: config.data.columns.clone(),
        originals: shown(originals),
        reconstructions: shown(reconstructions),
        samples: shown(samples),
        map: Map { points: map, labels, axes: latent_axes },
        settings: settings(config),
    })
}

/// `number` draws of z from the prior, row-major.
pub(super) fn draw_latent(reader: &dyn Reader, number: usize, seed: Key) -> Vec<f32> {
    let key = seed.purpose(Purpose::Sample).purpose(Purpose::Noise);
    reader.sample_prior(key, number)
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

fn cards(results: &HeldOut, seconds: f64) -> Vec<(String, String)> {
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
        let of = linear.advantage;
        let side = if of.value < 0.0 { "below" } else { "above" };
        cards.push((
            format!("{objective} {side} the linear model"),
            format!("{} nats", plus_minus(Mean { value: of.value.abs(), ..of })),
        ));
    }
    cards.extend(results.sigma.map(|sigma| ("σ of the likelihood".into(), format!("{sigma:.4}"))));
    cards.push((
        "Best epoch".into(),
        format!("{} of {} ({:.1} s)", results.best_epoch, results.epochs, seconds),
    ));
    cards
}

/// What the bound is of, and what to beware of.
fn notes(results: &HeldOut, converged: Option<bool>, config: &Config, reader: &dyn Reader) -> Vec<Text> {
    let likelihood = reader.likelihood();
    let mut notes: Vec<String> = vec![format!("Likelihood: {}.", likelihood.describe())];
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
             fit are the encoder's, which rows to come have to begin with; «elbo infer» finds theirs."
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
    if bound && likelihood.support() == Support::Binary {
        notes.push(format!(
            "With «binarise {}», {}.",
            word(config.fit.binarise),
            config.fit.binarise.meaning()
        ));
    } else if bound && !likelihood.support().is_discrete() {
        if !Stored::of(config, likelihood).is_none() {
            notes.push(
                "The bound is of the density of the values in the file; σ is that of the scaled values, \
                 x = (stored - offset) / divisor."
                    .into(),
            );
        }
        if reader.noise_scale().is_some_and(|sigma| sigma.len() > 1) {
            notes.push(
                "A column that the decoder learns to copy exactly has a σ that shrinks towards 0.".into(),
            );
        }
    }
    if let EstimatorConfig::Relaxed(temperature) = config.fit.train.estimator {
        notes.push(format!(
            "The gradient was that of draws relaxed at temperature {temperature}: a biased estimate. The bounds \
             shown are those of true, discrete draws."
        ));
    }
    if results.finished == Finished::AllEpochs && converged != Some(true) {
        notes.push(
            "The fit ran all the epochs it was given; the validation ELBO may still have been rising.".into(),
        );
    }
    notes.push("«elbo audit» looks closer, with the best bound of each row by itself.".into());
    notes.push(
        "The parameters kept are those of the best epoch by the validation rows, so their ELBO is slightly \
         favoured by the choice; rows given with «test» are not."
            .into(),
    );
    notes.into_iter().map(Text::from).collect()
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
        elbo_se: s.elbo.error().unwrap_or(0.0),
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
