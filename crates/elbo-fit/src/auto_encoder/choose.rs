//! What is left open is chosen by the data, and each choice is said.

use elbo::{
    distribution::bernoulli::Binarise,
    fit::FitConfig,
    gradient::Form,
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma, Support},
    minibatch::Rows,
    model::VaeConfig,
    objective::{KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    random::Key,
    schedule::Schedule,
    train::{Inference, TrainConfig},
};
use elbo_data::Dataset;

use super::{
    config::{Config, DataConfig},
    request::{Guide, Kind, Network, Request, Scale},
    scaling::Scaling,
    shape::{check_size, choose_latent, choose_network},
    words::name_of,
};
use crate::{
    error::Error,
    observer::{Choice, Observer, Say},
    source::Source,
};

/// Epochs at most, where none are asked for.
const EPOCHS: u64 = 1000;
/// Patience where neither it nor a number of epochs is asked for: this many epochs, and at least this many steps,
/// since an epoch of a small data set is only a few.
const PATIENCE: (usize, usize) = (20, 1000);
/// Draws of z with which the validation bound is watched, over all rows and at most for each.
const VALIDATION_DRAWS: (usize, usize) = (5000, 16);

/// The configuration of what is asked for; what is left open is chosen by the data, and the choice said.
pub(crate) fn choose(
    request: &Request,
    name: Option<&str>,
    source: Source,
    test: Option<Source>,
    data: &Dataset,
    observer: &dyn Observer,
) -> Result<Config, Error> {
    let all = Rows::all(&data.values, data.width());
    let (train, _) = all.split(request.validation, Key::new(request.seed));
    let (likelihood, why) = choose_likelihood(request, data);
    let (mean, variance) = train.moments();
    let columns = kept_columns(request.drop_constant, likelihood, data, &variance, observer)?;
    let width = if columns.is_empty() { data.width() } else { columns.len() };
    let image = data.image.filter(|_| width == data.width());
    let network = choose_network(request, image, &data.name, observer)?;
    let (latent, second) = choose_latent(request, width)?;
    check_size(width, &request.hidden, latent, &network, second.as_ref())?;
    let fixed = matches!(likelihood, LikelihoodConfig::Gaussian(Sigma::Fixed(_)));
    if request.objective == Objective::Noiseless && !(fixed && request.family == Family::Gaussian) {
        return Err(Error::request(
            "«objective noiseless» needs Gaussian latents and a Gaussian likelihood with a fixed sigma",
            "«likelihood gaussian» «sigma 0.1», with sigma² the weight of the penalty",
        ));
    }
    if request.objective == Objective::Noiseless && second.is_some() {
        return Err(Error::request(
            "«objective noiseless» is of one layer of z",
            "give one number for «latent»",
        ));
    }
    let how = choose_scale(request.scale, likelihood, data);
    let scaling = Scaling::new(how, data, &train, (&mean, &variance), columns)?;
    observer.choice(&Choice { of: "likelihood", chosen: name_of(likelihood), why: why.into() });
    if second.is_some() && request.kl == KlForm::Analytic {
        observer.say("kl", "of z2 given z1 in closed form; of z1, which has none, by Monte Carlo");
    }
    let steps = train_config(request, train.len(), observer)?;
    let binarise = choose_binarise(request, likelihood, observer);
    let patience = request.patience.or(request.epochs.is_none().then(|| {
        let steps = train.len().div_ceil(request.batch);
        PATIENCE.0.max(PATIENCE.1.div_ceil(steps)) as u64
    }));
    let draws = VALIDATION_DRAWS.0.div_ceil(all.len() - train.len()).min(VALIDATION_DRAWS.1);
    let names = if scaling.columns.is_empty() {
        data.columns.clone()
    } else {
        scaling.columns.iter().map(|&c| data.columns[c].clone()).collect()
    };
    Ok(Config {
        elbo: env!("CARGO_PKG_VERSION").into(),
        name: name.map_or_else(|| source.name(), ToOwned::to_owned),
        begin_at: None,
        data: DataConfig {
            rows: data.rows(),
            stored_columns: data.width(),
            columns: names,
            image: image.map(|(height, width)| [height, width]),
            fingerprint: data.fingerprint(),
            validation: request.validation,
            test,
            source,
            scaling,
        },
        fit: FitConfig {
            seed: request.seed,
            batch: request.batch,
            validation_samples: draws.max(steps.samples),
            epochs: request.epochs.unwrap_or(EPOCHS),
            patience,
            decay: request.decay,
            binarise,
            vae: VaeConfig {
                hidden: request.hidden.clone(),
                latent,
                family: request.family,
                activation: request.activation,
                likelihood,
                network,
                second,
            },
            train: steps,
        },
    })
}

/// The columns to keep where constant ones are dropped; empty for all.
fn kept_columns(
    drop_constant: bool,
    likelihood: LikelihoodConfig,
    data: &Dataset,
    variance: &[f64],
    observer: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    let constant: Vec<usize> = (0..data.width()).filter(|&c| variance[c] <= 0.0).collect();
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
        return Ok((0..data.width()).filter(|c| !constant.contains(c)).collect());
    }
    if likelihood.likelihood().support().is_discrete() {
        // A pixel that is always paper, or a word that never occurs, is nothing to remark on.
        return Ok(Vec::new());
    }
    if likelihood == LikelihoodConfig::Gaussian(Sigma::PerColumn) {
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

/// The steps of a fit to so many rows.
fn train_config(request: &Request, rows: usize, observer: &dyn Observer) -> Result<TrainConfig, Error> {
    let weighted = request.objective == Objective::ImportanceWeighted;
    let estimator = request.estimator.unwrap_or(match request.family {
        _ if weighted => Form::DoublyReparameterised,
        // Its noise vanishes as a ψ nears its optimum, of which each row's ascent by itself has much; it weighs no KL.
        Family::Gaussian if request.guide == Guide::PerDatum && request.kl_weight == KlWeight::default() => {
            Form::StickingTheLanding
        }
        Family::Gaussian => Form::Reparameterised,
        _ => Form::ScoreFunction,
    });
    let samples = request.samples.unwrap_or(if weighted { 5 } else { estimator.samples() });
    let step_size = request.step_size.unwrap_or(match request.optimiser {
        Optimiser::Adam => 1e-3,
        Optimiser::Sgd => 1e-2 / rows as f64,
    });
    Ok(TrainConfig {
        optimiser: request.optimiser,
        step_size,
        encoder_step_size: request.encoder_step_size.unwrap_or(step_size),
        samples,
        objective: request.objective,
        estimator,
        kl: request.kl,
        kl_weight: kl_weight(request, estimator)?,
        inference: choose_inference(request, estimator, observer)?,
        schedule: match request.encoder_steps {
            0 => request.schedule,
            steps => Schedule::EncoderSteps(steps),
        },
        prior_sd: request.prior_sd,
        clip_norm: request.clip_norm,
    })
}

fn kl_weight(request: &Request, estimator: Form) -> Result<KlWeight, Error> {
    let weight = request.kl_weight;
    let closed = request.kl == KlForm::Analytic || weight.free_bits == 0.0;
    let weighable = request.objective == Objective::Elbo && estimator.weighs_kl() && closed;
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

fn choose_inference(request: &Request, estimator: Form, observer: &dyn Observer) -> Result<Inference, Error> {
    let Request { guide, psi_steps, psi_step_size, objective, family, network, latent, .. } = request;
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
    let path = matches!(estimator, Form::Reparameterised | Form::StickingTheLanding);
    if !(dense && path && *objective == Objective::Elbo) {
        return Err(Error::request(
            "«guide per-datum» is of the ELBO of dense layers with one layer of Gaussian latents, by reparameterisation",
            "leave out «objective», «estimator», «family» and «network», and give one number for «latent»; or «guide \
             amortised»",
        ));
    }
    let (steps, step_size) = (psi_steps.unwrap_or(PSI.0), psi_step_size.unwrap_or(PSI.1));
    let text = format!(
        "a q of its own for each training and validation row, {steps} steps at each visit; the encoder, fitted beside it, \
         is where they start"
    );
    observer.say("guide", text);
    Ok(Inference::PerDatum { steps, step_size })
}

fn choose_binarise(request: &Request, likelihood: LikelihoodConfig, observer: &dyn Observer) -> Binarise {
    let per_datum = request.guide == Guide::PerDatum && likelihood == LikelihoodConfig::Bernoulli;
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

fn choose_likelihood(request: &Request, data: &Dataset) -> (LikelihoodConfig, &'static str) {
    let gaussian = LikelihoodConfig::Gaussian(request.sigma);
    match request.likelihood {
        Some(Kind::Bernoulli) => (LikelihoodConfig::Bernoulli, "as asked"),
        Some(Kind::Gaussian) => (gaussian, "as asked"),
        Some(Kind::Poisson) => (LikelihoodConfig::Poisson, "as asked"),
        Some(Kind::NegativeBinomial) => (LikelihoodConfig::NegativeBinomial, "as asked"),
        None if data.full_scale.is_some() => {
            (LikelihoodConfig::Bernoulli, "the rows are images: ink or paper")
        }
        None if data.values.iter().all(|&v| v == 0.0 || v == 1.0) => {
            (LikelihoodConfig::Bernoulli, "every value is 0 or 1")
        }
        None => (gaussian, "the values are real numbers"),
    }
}

fn choose_scale(asked: Scale, likelihood: LikelihoodConfig, data: &Dataset) -> Scale {
    match asked {
        Scale::Auto if likelihood.likelihood().support() == Support::Count => Scale::None,
        Scale::Auto if data.full_scale.is_some() => Scale::Full,
        Scale::Auto if likelihood.likelihood().support().is_discrete() => Scale::None,
        Scale::Auto => Scale::Standard,
        other => other,
    }
}
