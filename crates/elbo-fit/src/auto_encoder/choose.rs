//! What is left open is chosen by the data, and each choice is said.

use std::fmt::Display;

use elbo::{
    distribution::bernoulli::Binarise,
    fit::FitConfig,
    gradient::EstimatorConfig,
    guide::Family,
    likelihood::{Encoding, Likelihood, LikelihoodConfig, Support},
    minibatch::split,
    model::VaeConfig,
    objective::{KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    random::Key,
    schedule::{Decay, Schedule},
    train::{Inference, TrainConfig},
};
use elbo_data::{Coding, Dataset, Number};

use super::{
    config::{Config, DataConfig, NAME, Taken},
    families::Mixed,
    likelihood::{choose_likelihood, hint_at_counts},
    networks::Networks,
    prepare::fingerprint,
    request::{Guide, Network, Request, Scale},
    shape::{check_size, choose_hidden, choose_latent, choose_network},
};
use crate::{
    error::Error,
    moments::{Moments, moments_of},
    observer::{Observer, ObserverExt},
    room::{check_room, numbers},
    scaling::Scaling,
    source::Source,
};

/// Epochs at most, where none are asked for.
const EPOCHS: u64 = 1000;
/// Patience where neither it nor a number of epochs is asked for: this many epochs, and at least this many steps,
/// since an epoch of a small data set is only a few.
const PATIENCE: (usize, usize) = (20, 1000);
/// Steps of a fit to rows with missing cells, about, and epochs at least and at most: their cells are filled in better by the
/// end of a long way whose steps become small than where the bound first stands still.
const LONG: (u64, (u64, u64)) = (15_000, (30, 1000));
/// Draws of z with which the validation bound is watched, over all rows and at most for each.
const VALIDATION_DRAWS: (usize, usize) = (5000, 16);

/// Makes the configuration of a request. What the request leaves open is chosen by the data, and the choice is told.
pub(crate) fn choose<T: Number + Display>(
    networks: &impl Networks,
    request: &Request,
    name: Option<&str>,
    source: Source,
    test: Option<Source>,
    (data, codings): (&Dataset<T>, &[Coding]),
    observer: &dyn Observer,
) -> Result<Config, Error> {
    let (train, _) = split(data.rows(), request.validation, Key::new(request.seed));
    check_rows(request, data, train.len())?;
    let moments = moments_of(data, &train);
    let mixed = match codings {
        [] => None,
        codings => Some(Mixed::of(request, data, codings, &train, observer)?),
    };
    let (chosen, why) = match &mixed {
        Some(mixed) => (LikelihoodConfig::Columns(mixed.columns.clone()), String::new()),
        None => choose_likelihood(request, data, &moments),
    };
    let likelihood = networks.likelihood(&chosen);
    let why = if networks.name().is_some() { "it is one's own".into() } else { why };
    let columns = match &mixed {
        Some(mixed) if mixed.kept.len() == data.width() => Vec::new(),
        Some(mixed) => mixed.kept.clone(),
        None => kept_columns(request.drop_constant, &*likelihood, data, &moments, observer)?,
    };
    let kept = if columns.is_empty() { (0..data.width()).collect() } else { columns.clone() };
    let width = kept.len();
    let image = data.image.filter(|_| width == data.width());
    let network = choose_network(request, image, &data.name, observer)?;
    let (latent, second) = choose_latent(request, width, mixed.is_some())?;
    let hidden = choose_hidden(request, train.len(), width, image.is_some(), observer);
    check_size(width, &hidden, latent, &network, second.as_ref())?;
    let fixed = likelihood.held_scale().is_some();
    let objective = choose_objective(request, &chosen, observer);
    check_noiseless(request, objective, fixed, second.is_some())?;
    let scaling = match &mixed {
        Some(mixed) => mixed.scaling.clone(),
        None => choose_scaling(
            request,
            (&*likelihood, &why, networks.name().is_some()),
            data,
            &train,
            &moments,
            &kept,
            observer,
        )?,
    };
    let taken = Taken { scaling, columns };
    say_latent(request, latent, second.is_some(), mixed.is_some(), observer);
    let input = match likelihood.encoding() {
        _ if networks.name().is_some() => 0.0,
        // Each is of order one.
        Encoding::Columns(_) => likelihood.encoding().inputs(width) as f64,
        _ => input_size(&taken.scaling, &*likelihood, &moments, &kept),
    };
    let steps = train_config(request, objective, train.len(), input, observer)?;
    check_draws(request, train.len(), steps.samples, latent + width)?;
    let binarise = choose_binarise(request, likelihood.support(), observer);
    let Length { epochs, patience, decay } =
        choose_length(request, objective, train.len().div_ceil(request.batch), observer);
    let draws = VALIDATION_DRAWS.0.div_ceil(data.rows() - train.len()).min(VALIDATION_DRAWS.1);
    let names: Vec<String> = kept.iter().map(|&c| data.columns[c].clone()).collect();
    let variables = mixed.map_or(Vec::new(), |mixed| mixed.variables);
    // Times of day are known by how they are written.
    let told = names.iter().zip(&variables).filter(|(_, of)| !of.clock);
    let kinds = told.map(|(name, of)| (name, of.kind, &of.levels[..]));
    let source = source.named(data).of_kinds(kinds);
    let name = name.map_or_else(|| source.name(), ToOwned::to_owned);
    Ok(Config {
        elbo: env!("CARGO_PKG_VERSION").into(),
        name,
        model: NAME.into(),
        networks: networks.name().map(Into::into),
        begin_at: None,
        data: DataConfig {
            rows: data.rows(),
            stored_columns: data.width(),
            columns: names,
            variables,
            image: image.map(|(height, width)| [height, width]),
            fingerprint: fingerprint(data),
            exact: true,
            validation: request.validation,
            test,
            source,
            taken,
        },
        fit: FitConfig {
            seed: request.seed,
            batch: request.batch,
            validation_samples: draws.max(steps.samples),
            epochs,
            patience,
            decay,
            binarise,
            vae: VaeConfig {
                hidden,
                latent,
                family: request.family,
                activation: request.activation,
                likelihood: chosen,
                network,
                second,
            },
            train: steps,
        },
    })
}

/// Refuses the noiseless limit of what has none.
fn check_noiseless(request: &Request, objective: Objective, fixed: bool, second: bool) -> Result<(), Error> {
    if objective == Objective::Noiseless && !(fixed && request.family == Family::Gaussian) {
        return Err(Error::request(
            "«objective noiseless» needs Gaussian latents and a Gaussian likelihood with a fixed sigma",
            "give «likelihood gaussian» and «sigma 0.1»: sigma² is the weight of the penalty",
        ));
    }
    if objective == Objective::Noiseless && second {
        return Err(Error::request(
            "«objective noiseless» is of one layer of z",
            "give one number for «latent»",
        ));
    }
    Ok(())
}

/// Says how many latent dimensions there are, and what is drawn of the KL of two layers.
fn say_latent(request: &Request, latent: usize, second: bool, mixed: bool, observer: &dyn Observer) {
    let why = if mixed {
        "20, or one fewer than columns where that is fewer"
    } else {
        "20, or half as many as columns where that is fewer"
    };
    observer.chose(request.latent.is_none(), "latent", latent.to_string(), why);
    if second && request.kl == KlForm::Analytic {
        observer.say(
            "kl",
            "the term of z2 given z1 is in closed form; that of z1, which has none, is a mean over samples",
        );
    }
}

/// How long a fit goes.
struct Length {
    epochs: u64,
    patience: Option<u64>,
    decay: Decay,
}

/// How long a fit of so many steps an epoch goes: as asked, or until the bound stands still, or a long way with small steps at its
/// end where cells are missing.
fn choose_length(request: &Request, objective: Objective, steps: usize, observer: &dyn Observer) -> Length {
    let open = request.epochs.is_none() && request.patience.is_none() && request.decay == Decay::Constant;
    if open && request.objective.is_none() && objective == Objective::ImportanceWeighted {
        let (least, most) = LONG.1;
        let epochs = LONG.0.div_ceil(steps as u64).clamp(least, most);
        let why = format!("about {} steps, but {least} epochs at least and {most} at most", LONG.0);
        observer.chose(true, "epochs", format!("{epochs}, over which the step size falls to 0"), &why);
        return Length { epochs, patience: None, decay: Decay::Cosine };
    }
    let patience = request.patience.or(request.epochs.is_none().then(|| {
        let epochs = PATIENCE.0.max(PATIENCE.1.div_ceil(steps)) as u64;
        observer.chose(true, "patience", format!("{epochs} epochs"), "20, or 1,000 steps where that is more");
        epochs
    }));
    Length { epochs: request.epochs.unwrap_or(EPOCHS), patience, decay: request.decay }
}

/// How the columns of one likelihood become x, and says it; that is chosen for this reason.
fn choose_scaling<T: Number + Display>(
    request: &Request,
    (likelihood, why, own): (&dyn Likelihood, &str, bool),
    data: &Dataset<T>,
    train: &[usize],
    moments: &[Moments],
    kept: &[usize],
    observer: &dyn Observer,
) -> Result<Scaling, Error> {
    observer.chose(true, "likelihood", likelihood.describe(), why);
    if !own && !likelihood.support().is_discrete() {
        hint_at_counts(request, data, observer);
    }
    let how = choose_scale(request.scale, likelihood.support(), data);
    let scaling = scaling(how, data, train, moments, kept)?;
    let (scale, why) = in_words(how, data.full_scale.is_some(), likelihood.support());
    observer.chose(request.scale == Scale::Auto, "scale", scale, why);
    Ok(scaling)
}

/// Refuses fewer rows than a fit needs.
fn check_rows<T: Number>(request: &Request, data: &Dataset<T>, train: usize) -> Result<(), Error> {
    if train >= 2 {
        return Ok(());
    }
    let (name, rows, part) = (&data.name, data.rows(), request.validation);
    let message = format!(
        "`{name}` has {rows} rows, of which «validation {part}» leaves {train} to be fitted to: 2 are needed"
    );
    Err(Error::new(message).remedy("give more rows, or «validation» less"))
}

/// A scale that was chosen, and why.
fn in_words(how: Scale, images: bool, support: Support) -> (&'static str, &'static str) {
    match how {
        Scale::Full => ("full", "pixels are divided by their full value"),
        Scale::Standard => ("standard", "each column to mean 0 and standard deviation 1"),
        _ if images => ("none", "counts of images stay as they are"),
        _ if support == Support::Count => ("none", "counts stay as they are"),
        _ => ("none", "0 and 1 stay as they are"),
    }
}

/// How stored values become x: what is asked for, by the training rows.
fn scaling<T: Number + Display>(
    how: Scale,
    data: &Dataset<T>,
    train: &[usize],
    moments: &[Moments],
    kept: &[usize],
) -> Result<Scaling, Error> {
    Ok(match how {
        Scale::Auto | Scale::None => Scaling::of_all(0.0, 1.0),
        Scale::Full => {
            let full = data.full_scale.ok_or_else(|| {
                Error::request(
                    format!("`{}` does not say which value is full: «scale full» is for images", data.name),
                    "«scale unit» takes the range of the training rows",
                )
            })?;
            Scaling::of_all(0.0, full.into())
        }
        Scale::Unit => {
            let cells = train.iter().flat_map(|&row| kept.iter().map(move |&c| data.row(row)[c].into()));
            let (least, most) = cells.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v: f64| {
                (least.min(v), most.max(v))
            });
            Scaling::of_all(least, if most > least { most - least } else { 1.0 })
        }
        Scale::Standard => {
            if let Some(&c) = kept.iter().find(|&&c| !moments[c].varies()) {
                return Err(Error::new(format!(
                    "`{}`: column `{}` is {} in every training row, to ten digits: it cannot be scaled to standard deviation 1",
                    data.name,
                    data.columns[c],
                    data.row(train[0])[c]
                ))
                .remedy("«drop-constant» leaves such columns out; «scale unit» or none keeps them"));
            }
            let pair = |&c: &usize| {
                let Moments { mean, variance } = moments[c];
                (mean, variance.sqrt())
            };
            Scaling::of_each(kept.iter().map(pair))
        }
    })
}

/// The columns to keep where constant ones are dropped; empty for all.
fn kept_columns<T: Number>(
    drop_constant: bool,
    likelihood: &dyn Likelihood,
    data: &Dataset<T>,
    moments: &[Moments],
    observer: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    // Of these nothing tells rows apart, to ten digits.
    let (kept, constant): (Vec<usize>, Vec<usize>) = (0..data.width()).partition(|&c| moments[c].varies());
    if constant.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<&str> = constant.iter().take(5).map(|&c| data.columns[c].as_str()).collect();
    if constant.len() > 5 {
        names.push("…");
    }
    let names = names.join(", ");
    if constant.len() == data.width() {
        return Err(Error::new(format!("`{}`: every column is constant ({names})", data.name))
            .remedy("there is nothing to model; is this the right file?"));
    }
    if drop_constant {
        observer.say("dropped", format!("{}: {names}", counted(constant.len())));
        return Ok(kept);
    }
    if likelihood.support().is_discrete() {
        // A pixel that is always paper, or a word that never occurs, is nothing to remark on.
        return Ok(Vec::new());
    }
    let variance: Vec<f64> = moments.iter().map(|of| f64::from(of.varies())).collect();
    if likelihood.start_own(&vec![0.0; data.width()], &variance).is_err() {
        return Err(Error::new(format!(
            "`{}`: {} in the training rows ({names}): sigma would shrink to 0 there and the bound grow without \
             limit",
            data.name,
            counted(constant.len())
        ))
        .remedy("«drop-constant» leaves them out; «sigma learned» has one sigma for all columns"));
    }
    observer.say("note", format!("{} in the training rows: {names}", counted(constant.len())));
    Ok(Vec::new())
}

fn counted(constant: usize) -> String {
    if constant == 1 { "1 constant column".into() } else { format!("{constant} constant columns") }
}

/// Adam moves each weight by the step size, however small its gradient is, and so a unit of the encoder's first layer by
/// the step size times the size of its input, Σ_d |x_d|. From this size on the encoder's steps are shorter by as much:
/// else rows of 20,000 correlated columns have bounds of -1e9 nats, from which the fit does not come back.
const INPUT: f64 = 1000.0;

/// Σ_d |x_d| of what the encoder is given of a row, by the root mean square of each column.
fn input_size(scaling: &Scaling, likelihood: &dyn Likelihood, moments: &[Moments], kept: &[usize]) -> f64 {
    let sizes = kept.iter().enumerate().map(|(d, &c)| scaling.root_mean_square(d, moments[c]));
    match likelihood.encoding() {
        Encoding::Log1p => sizes.map(libm::log1p).sum(),
        _ => sizes.sum(),
    }
}

/// The steps of a fit to this many rows, of which the encoder's input is of this size.
fn train_config(
    request: &Request,
    objective: Objective,
    rows: usize,
    input: f64,
    observer: &dyn Observer,
) -> Result<TrainConfig, Error> {
    let weighted = objective == Objective::ImportanceWeighted;
    let estimator = request.estimator.unwrap_or(match request.family {
        _ if weighted => EstimatorConfig::DoublyReparameterised,
        // Its noise vanishes as a ψ nears its optimum, of which each row's ascent by itself has much; it weighs no KL.
        Family::Gaussian if request.guide == Guide::PerDatum && request.kl_weight == KlWeight::default() => {
            EstimatorConfig::StickingTheLanding
        }
        Family::Gaussian => EstimatorConfig::Reparameterised,
        _ => EstimatorConfig::ScoreFunction,
    });
    let samples = request.samples.unwrap_or(match request.objective {
        None if weighted => (DRAWS.1 / rows).clamp(5, DRAWS.0),
        _ if weighted => 5,
        _ => estimator.samples(),
    });
    let step_size = request.step_size.unwrap_or(match request.optimiser {
        Optimiser::Adam => 1e-3,
        Optimiser::Sgd => 1e-2 / rows as f64,
    });
    let wide = request.optimiser == Optimiser::Adam && request.network == Network::Dense && input > INPUT;
    let encoder_step_size = request.encoder_step_size.unwrap_or_else(|| {
        if !wide {
            return step_size;
        }
        // The size that is told is the one that is taken.
        let told = format!("{:.1e}", step_size * INPUT / input);
        let why = format!(
            "Adam moves a unit of the first layer by the step size times Σ|x| of a row, which is about {input:.0}"
        );
        let size = told.parse().unwrap_or(step_size);
        observer.chose(true, "encoder-step-size", told, &why);
        size
    });
    Ok(TrainConfig {
        optimiser: request.optimiser,
        step_size,
        encoder_step_size,
        samples,
        objective,
        estimator,
        kl: request.kl,
        kl_weight: kl_weight(request, objective, estimator)?,
        inference: choose_inference(request, objective, estimator, observer)?,
        schedule: match request.encoder_steps {
            0 => request.schedule,
            steps => Schedule::EncoderSteps(steps),
        },
        prior_sd: request.prior_sd,
        clip_norm: request.clip_norm,
    })
}

/// Refuses more draws of each row of a minibatch than there is room for: z and x of each, in f32, at the least.
fn check_draws(request: &Request, rows: usize, samples: usize, each: usize) -> Result<(), Error> {
    let taken = numbers(&[request.batch.min(rows), samples, each.div_ceil(2)]);
    let what = format!("{samples} draws of each row of a minibatch");
    check_room(&what, taken, "give fewer «samples», or a smaller «batch»")
}

/// Draws of a row under the importance-weighted bound that is chosen for missing cells, and of all rows in an epoch, about.
const DRAWS: (usize, usize) = (20, 200_000);

/// What is maximised: of rows with missing cells a bound by importance weights, which fill them in, where nothing that is asked
/// for is of another bound. Of three tables the cells were nearer by it each time.
fn choose_objective(request: &Request, likelihood: &LikelihoodConfig, observer: &dyn Observer) -> Objective {
    if let Some(asked) = request.objective {
        return asked;
    }
    let holes =
        matches!(likelihood, LikelihoodConfig::Columns(columns) if columns.iter().any(|column| column.holes));
    let layers = request.latent.as_ref().map_or(1, Vec::len);
    let plain = request.family == Family::Gaussian
        && layers == 1
        && request.guide == Guide::Amortised
        && request.kl_weight == KlWeight::default()
        && request.kl == KlForm::Analytic
        && request.estimator.is_none();
    if !(holes && plain) {
        return Objective::Elbo;
    }
    let why = "cells are missing, and are filled in by importance weights";
    observer.chose(true, "objective", "importance-weighted", why);
    Objective::ImportanceWeighted
}

fn kl_weight(request: &Request, objective: Objective, estimator: EstimatorConfig) -> Result<KlWeight, Error> {
    let weight = request.kl_weight;
    let closed = request.kl == KlForm::Analytic || weight.free_bits == 0.0;
    let weighable = objective == Objective::Elbo && estimator.weighs_kl() && closed;
    if weight == KlWeight::default() || weighable {
        return Ok(weight);
    }
    Err(Error::request(
        "«beta», «kl-warm-up» and «free-bits» weigh the KL of the ELBO under «estimator reparameterised», «free-bits» \
         that of «kl analytic»",
        "leave them out, or the objective, estimator and form of the KL at their defaults",
    ))
}

/// Steps of a row's own ψ at each visit where none are asked for, and their size.
const PSI: (usize, f64) = (3, 0.03);

fn choose_inference(
    request: &Request,
    objective: Objective,
    estimator: EstimatorConfig,
    observer: &dyn Observer,
) -> Result<Inference, Error> {
    let Request { guide, psi_steps, psi_step_size, family, network, latent, .. } = request;
    if *guide == Guide::Amortised {
        if psi_steps.is_some() || psi_step_size.is_some() {
            return Err(Error::request(
                "«psi-steps» and «psi-step-size» are of a q for each row, but the guide is amortised",
                "add «guide per-datum»",
            ));
        }
        return Ok(Inference::Amortised);
    }
    let layers = latent.as_ref().map_or(1, Vec::len);
    let dense = *network == Network::Dense && *family == Family::Gaussian && layers == 1;
    let path = matches!(estimator, EstimatorConfig::Reparameterised | EstimatorConfig::StickingTheLanding);
    if !(dense && path && objective == Objective::Elbo) {
        return Err(Error::request(
            "«guide per-datum» is of the ELBO of dense layers with one layer of Gaussian latents, by reparameterisation",
            "leave out «objective», «estimator», «family» and «network», and give one number for «latent»; or «guide \
             amortised»",
        ));
    }
    let (steps, step_size) = (psi_steps.unwrap_or(PSI.0), psi_step_size.unwrap_or(PSI.1));
    let text = format!(
        "each training and validation row has its own q(z|x), which starts as the encoder gives it and takes {steps} steps each \
         time the fit comes to the row; the encoder is fitted too, and gives q(z|x) of all other rows"
    );
    observer.say("guide", text);
    Ok(Inference::PerDatum { steps, step_size })
}

fn choose_binarise(request: &Request, support: Support, observer: &dyn Observer) -> Binarise {
    let per_datum = request.guide == Guide::PerDatum && support == Support::Binary;
    match request.binarise {
        None if per_datum => {
            let text = "threshold: the q of a row would lag behind one that is drawn anew at each epoch";
            observer.say("binarise", text);
            Binarise::Threshold
        }
        Some(Binarise::Dynamic) if per_datum => {
            let text = "«binarise dynamic» draws grey rows anew at each epoch; each q lags behind its row";
            observer.say("note", text);
            Binarise::Dynamic
        }
        asked => asked.unwrap_or(Binarise::Dynamic),
    }
}

fn choose_scale<T: Number>(asked: Scale, support: Support, data: &Dataset<T>) -> Scale {
    match asked {
        Scale::Auto if support == Support::Count => Scale::None,
        Scale::Auto if data.full_scale.is_some() => Scale::Full,
        Scale::Auto if support.is_discrete() => Scale::None,
        Scale::Auto => Scale::Standard,
        other => other,
    }
}
