//! The configuration of a run: with the data, all that determines the fit to the bit.

use std::path::PathBuf;

use elbo::{
    distribution::bernoulli::Binarise,
    fit::FitConfig,
    gradient::Form,
    guide::Family,
    minibatch::Rows,
    model::{Likelihood, Sigma, VaeConfig},
    objective::{KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    random::Key,
    schedule::Schedule,
    train::{Inference, TrainConfig},
};
use elbo_data::{Dataset, column_names};
use serde::{Deserialize, Serialize};

use crate::{
    arguments::{GuideArgument, LikelihoodArgument, NetworkArgument, ScaleArgument, Train},
    error::Error,
    shape::{check_size, choose_latent, choose_network},
    source::{Scaling, SourceConfig},
    tell,
};

/// The contents of `config.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    /// The version of the program that wrote it.
    pub(crate) elbo: String,
    pub(crate) name: String,
    /// The model file whose parameters the fit begins at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begin_at: Option<PathBuf>,
    pub(crate) data: DataConfig,
    pub(crate) fit: FitConfig,
}

/// The data of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataConfig {
    pub(crate) rows: usize,
    /// Columns of the file, of which some may be left out.
    pub(crate) stored_columns: usize,
    /// The names of the columns that are modelled; in a file left out where they are those of an image's pixels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<String>,
    /// Height and width, where rows are images.
    pub(crate) image: Option<[usize; 2]>,
    /// SHA-256 of the values as stored.
    pub(crate) fingerprint: String,
    /// The fraction of the rows held for validation.
    pub(crate) validation: f64,
    pub(crate) source: SourceConfig,
    pub(crate) test: Option<SourceConfig>,
    pub(crate) scaling: Scaling,
}

/// Epochs at most, where none are asked for.
const EPOCHS: u64 = 1000;
/// Patience where neither it nor a number of epochs is asked for: this many epochs, and at least this many steps,
/// since an epoch of a small data set is only a few.
const PATIENCE: (usize, usize) = (20, 1000);
/// Draws of z with which the validation bound is watched, over all rows and at most for each.
const VALIDATION_DRAWS: (usize, usize) = (5000, 16);

impl Config {
    /// Checks the arguments against the data; what is left open is chosen, and the choice told.
    pub(crate) fn check(arguments: &Train, source: SourceConfig, data: &Dataset) -> Result<Self, Error> {
        let all = Rows::all(&data.values, data.width());
        let (train, _) = all.split(arguments.validation, Key::new(arguments.seed));
        let (likelihood, why) = choose_likelihood(arguments, data);
        let (mean, variance) = train.moments();
        let columns = kept_columns(arguments.drop_constant, likelihood, data, &variance)?;
        let width = if columns.is_empty() { data.width() } else { columns.len() };
        let image = data.image.filter(|_| width == data.width());
        let network = choose_network(arguments, image, &data.name)?;
        let (latent, second) = choose_latent(arguments, width)?;
        check_size(width, &arguments.hidden.0, latent, &network, second.as_ref())?;
        let fixed = matches!(likelihood, Likelihood::Gaussian(Sigma::Fixed(_)));
        if arguments.objective == Objective::Noiseless && !(fixed && arguments.family == Family::Gaussian) {
            return Err(Error::usage(
                "--objective noiseless needs Gaussian latents and a Gaussian likelihood with a fixed sigma",
                "--likelihood gaussian --sigma 0.1, with sigma² the weight of the penalty",
            ));
        }
        if arguments.objective == Objective::Noiseless && second.is_some() {
            return Err(Error::usage(
                "--objective noiseless is of one layer of z",
                "give one number for --latent",
            ));
        }
        let how = choose_scale(arguments.scale, likelihood, data);
        let scaling = Scaling::new(how, data, &train, (&mean, &variance), columns)?;
        tell(format!("likelihood  {} ({why})", name_of(likelihood)));
        if second.is_some() && arguments.kl == KlForm::Analytic {
            tell("kl          of z2 given z1 in closed form; of z1, which has none, by Monte Carlo");
        }
        let steps = train_config(arguments, train.len())?;
        let binarise = choose_binarise(arguments, likelihood);
        let patience = arguments.patience.or(arguments.epochs.is_none().then(|| {
            let steps = train.len().div_ceil(arguments.batch);
            PATIENCE.0.max(PATIENCE.1.div_ceil(steps)) as u64
        }));
        let draws = VALIDATION_DRAWS.0.div_ceil(all.len() - train.len()).min(VALIDATION_DRAWS.1);
        let names = if scaling.columns.is_empty() {
            data.columns.clone()
        } else {
            scaling.columns.iter().map(|&c| data.columns[c].clone()).collect()
        };
        Ok(Self {
            elbo: env!("CARGO_PKG_VERSION").into(),
            name: arguments.name.clone().unwrap_or_else(|| source.name()),
            begin_at: None,
            data: DataConfig {
                rows: data.rows(),
                stored_columns: data.width(),
                columns: names,
                image: image.map(|(height, width)| [height, width]),
                fingerprint: data.fingerprint(),
                validation: arguments.validation,
                test: arguments.test.as_deref().map(|path| source.at(path)).transpose()?,
                source,
                scaling,
            },
            fit: FitConfig {
                seed: arguments.seed,
                batch: arguments.batch,
                validation_samples: draws.max(steps.samples),
                epochs: arguments.epochs.unwrap_or(EPOCHS),
                patience,
                decay: arguments.decay,
                binarise,
                vae: VaeConfig {
                    hidden: arguments.hidden.0.clone(),
                    latent,
                    family: arguments.family,
                    activation: arguments.activation,
                    likelihood,
                    network,
                    second,
                },
                train: steps,
            },
        })
    }

    /// As it is written: without the names of pixels, of which there may be thousands.
    pub(crate) fn to_toml(&self) -> Result<String, Error> {
        let mut written = self.clone();
        if self.pixels().is_some_and(|names| names == self.data.columns) {
            written.data.columns.clear();
        }
        to_toml(&written)
    }

    /// The configuration that was written so.
    pub(crate) fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        let mut config: Self = toml::from_str(text)?;
        if let (true, Some(names)) = (config.data.columns.is_empty(), config.pixels()) {
            config.data.columns = names;
        }
        Ok(config)
    }

    fn pixels(&self) -> Option<Vec<String>> {
        let [height, width] = self.data.image?;
        // A file edited by hand may say anything.
        (height.checked_mul(width) == Some(self.data.stored_columns)).then(|| column_names(&[height, width]))
    }

    /// Whether its parts belong together; those of a file that was edited by hand need not.
    pub(crate) fn is_consistent(&self) -> bool {
        let DataConfig { stored_columns, columns, image, validation, scaling, .. } = &self.data;
        let width = columns.len();
        let kept = if scaling.columns.is_empty() { *stored_columns } else { scaling.columns.len() };
        let one_or_each = |values: &[f32]| values.len() == 1 || values.len() == width;
        kept == width
            && scaling.columns.is_sorted_by(|a, b| a < b)
            && scaling.columns.last().is_none_or(|column| column < stored_columns)
            && one_or_each(&scaling.offset)
            && one_or_each(&scaling.divisor)
            && image.is_none_or(|[height, across]| height.checked_mul(across) == Some(width))
            && (0.0..1.0).contains(validation)
    }

    /// Height and width, where rows are images.
    pub(crate) fn image(&self) -> Option<(usize, usize)> {
        self.data.image.map(|[height, width]| (height, width))
    }
}

/// A configuration as its file holds it.
pub(crate) fn to_toml(config: &impl Serialize) -> Result<String, Error> {
    toml::to_string(config).map_err(|cause| Error::plain(format!("cannot write the configuration: {cause}")))
}

/// Every setting as ("group.name", value), for the report.
pub(crate) fn settings(config: &impl Serialize) -> Vec<(String, String)> {
    let value = serde_json::to_value(config).unwrap_or_default();
    let mut settings = Vec::new();
    flatten("", &value, &mut settings);
    settings
}

fn flatten(path: &str, value: &serde_json::Value, settings: &mut Vec<(String, String)>) {
    use serde_json::Value;
    let shown = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, settings);
            }
            return;
        }
        Value::Null => "–".into(),
        Value::String(text) => text.clone(),
        // Hundreds of column names or offsets are in config.toml, not in a table to read.
        Value::Array(items) if items.len() > 8 => format!("{} values", items.len()),
        other => other.to_string(),
    };
    settings.push((path.into(), shown));
}

/// The columns to keep where constant ones are dropped; empty for all.
fn kept_columns(
    drop_constant: bool,
    likelihood: Likelihood,
    data: &Dataset,
    variance: &[f64],
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
        return Err(Error::plain(format!("`{}`: every column is constant ({names})", data.name))
            .hint("there is nothing to model; is this the right file?"));
    }
    if drop_constant {
        tell(format!("dropped     {}: {names}", counted(constant.len())));
        return Ok((0..data.width()).filter(|c| !constant.contains(c)).collect());
    }
    if likelihood == Likelihood::Bernoulli {
        // A pixel that is always paper is nothing to remark on.
        return Ok(Vec::new());
    }
    if likelihood == Likelihood::Gaussian(Sigma::PerColumn) {
        return Err(Error::plain(format!(
            "`{}`: {} in the training rows ({names}): sigma would shrink to 0 there and the bound grow without \
             limit",
            data.name,
            counted(constant.len())
        ))
        .hint("--drop-constant leaves them out; --sigma learned has one sigma for all columns"));
    }
    tell(format!("note        {} in the training rows: {names}", counted(constant.len())));
    Ok(Vec::new())
}

fn counted(constant: usize) -> String {
    if constant == 1 { "1 constant column".into() } else { format!("{constant} constant columns") }
}

/// The steps of a fit to so many rows.
fn train_config(arguments: &Train, rows: usize) -> Result<TrainConfig, Error> {
    let weighted = arguments.objective == Objective::ImportanceWeighted;
    let estimator = arguments.estimator.unwrap_or(match arguments.family {
        _ if weighted => Form::DoublyReparameterised,
        // Its noise vanishes as a ψ nears its optimum, of which each row's ascent by itself has much; it weighs no KL.
        Family::Gaussian
            if arguments.guide == GuideArgument::PerDatum
                && asked_weight(arguments) == KlWeight::default() =>
        {
            Form::StickingTheLanding
        }
        Family::Gaussian => Form::Reparameterised,
        _ => Form::ScoreFunction,
    });
    let samples = arguments.samples.unwrap_or(match estimator {
        _ if weighted => 5,
        Form::ScoreFunction => 8,
        _ => 1,
    });
    let step_size = arguments.step_size.unwrap_or(match arguments.optimiser {
        Optimiser::Adam => 1e-3,
        Optimiser::Sgd => 1e-2 / rows as f64,
    });
    Ok(TrainConfig {
        optimiser: arguments.optimiser,
        step_size,
        encoder_step_size: arguments.encoder_step_size.unwrap_or(step_size),
        samples,
        objective: arguments.objective,
        estimator,
        kl: arguments.kl,
        kl_weight: kl_weight(arguments, estimator)?,
        inference: choose_inference(arguments, estimator)?,
        schedule: match arguments.encoder_steps {
            0 => arguments.schedule,
            steps => Schedule::EncoderSteps(steps),
        },
        prior_sd: arguments.prior_sd,
        clip_norm: arguments.clip_norm,
    })
}

fn asked_weight(arguments: &Train) -> KlWeight {
    KlWeight { beta: arguments.beta, warm_up: arguments.kl_warm_up, free_bits: arguments.free_bits }
}

fn kl_weight(arguments: &Train, estimator: Form) -> Result<KlWeight, Error> {
    let weight = asked_weight(arguments);
    let closed = arguments.kl == KlForm::Analytic || weight.free_bits == 0.0;
    let weighable = arguments.objective == Objective::Elbo && estimator == Form::Reparameterised && closed;
    if weight == KlWeight::default() || weighable {
        return Ok(weight);
    }
    Err(Error::usage(
        "--beta, --kl-warm-up and --free-bits weigh the KL of the ELBO under --estimator reparameterised, --free-bits \
         that of --kl analytic",
        "leave them out, or the objective, estimator and form of the KL at their defaults",
    ))
}

/// Steps of a row's own ψ at each visit where none are asked for, and their size.
const PSI: (usize, f64) = (3, 0.03);

fn choose_inference(arguments: &Train, estimator: Form) -> Result<Inference, Error> {
    let Train { guide, psi_steps, psi_step_size, objective, family, network, latent, .. } = arguments;
    if *guide == GuideArgument::Amortised {
        if psi_steps.is_some() || psi_step_size.is_some() {
            return Err(Error::usage(
                "--psi-steps and --psi-step-size are of a q for each row, but the guide is amortised",
                "add --guide per-datum",
            ));
        }
        return Ok(Inference::Amortised);
    }
    let layers = latent.as_ref().map_or(1, |latent| latent.0.len());
    let dense = *network == NetworkArgument::Dense && *family == Family::Gaussian && layers == 1;
    let path = matches!(estimator, Form::Reparameterised | Form::StickingTheLanding);
    if !(dense && path && *objective == Objective::Elbo) {
        return Err(Error::usage(
            "--guide per-datum is of the ELBO of dense layers with one layer of Gaussian latents, by reparameterisation",
            "leave out --objective, --estimator, --family and --network, and give one number for --latent; or --guide \
             amortised",
        ));
    }
    let (steps, step_size) = (psi_steps.unwrap_or(PSI.0), psi_step_size.unwrap_or(PSI.1));
    tell(format!(
        "guide       a q of its own for each training and validation row, {steps} steps at each visit; the encoder, fitted \
         beside it, is where they start"
    ));
    Ok(Inference::PerDatum { steps, step_size })
}

fn choose_binarise(arguments: &Train, likelihood: Likelihood) -> Binarise {
    let per_datum = arguments.guide == GuideArgument::PerDatum && likelihood == Likelihood::Bernoulli;
    match arguments.binarise {
        None if per_datum => {
            tell(
                "binarise    threshold: the q of a row would lag behind one that is drawn anew at each epoch",
            );
            Binarise::Threshold
        }
        Some(Binarise::Dynamic) if per_datum => {
            tell(
                "note        --binarise dynamic draws grey rows anew at each epoch; each q lags behind its row",
            );
            Binarise::Dynamic
        }
        asked => asked.unwrap_or(Binarise::Dynamic),
    }
}

fn choose_likelihood(arguments: &Train, data: &Dataset) -> (Likelihood, &'static str) {
    let gaussian = Likelihood::Gaussian(arguments.sigma);
    match arguments.likelihood {
        Some(LikelihoodArgument::Bernoulli) => (Likelihood::Bernoulli, "as asked"),
        Some(LikelihoodArgument::Gaussian) => (gaussian, "as asked"),
        None if data.full_scale.is_some() => (Likelihood::Bernoulli, "the rows are images: ink or paper"),
        None if data.values.iter().all(|&v| v == 0.0 || v == 1.0) => {
            (Likelihood::Bernoulli, "every value is 0 or 1")
        }
        None => (gaussian, "the values are real numbers"),
    }
}

fn choose_scale(asked: ScaleArgument, likelihood: Likelihood, data: &Dataset) -> ScaleArgument {
    match asked {
        ScaleArgument::Auto if data.full_scale.is_some() => ScaleArgument::Full,
        ScaleArgument::Auto if likelihood == Likelihood::Bernoulli => ScaleArgument::None,
        ScaleArgument::Auto => ScaleArgument::Standard,
        other => other,
    }
}

/// What an objective and its two terms are called.
pub(crate) struct Words {
    pub(crate) objective: &'static str,
    pub(crate) first: &'static str,
    pub(crate) second: &'static str,
    pub(crate) unit: &'static str,
}

pub(crate) fn words(objective: Objective) -> Words {
    match objective {
        Objective::Elbo => Words { objective: "ELBO", first: "log-lik", second: "KL", unit: "nats per row" },
        Objective::ImportanceWeighted => {
            Words { objective: "L_k", first: "log-lik", second: "rest", unit: "nats per row" }
        }
        Objective::Noiseless => {
            Words {
                objective: "value", first: "-½|x-f|²", second: "½σ²|μ|²", unit: "no bound, per row"
            }
        }
    }
}

/// A likelihood in words.
pub(crate) fn name_of(likelihood: Likelihood) -> String {
    match likelihood {
        Likelihood::Bernoulli => "Bernoulli".into(),
        Likelihood::Gaussian(Sigma::Fixed(sigma)) => format!("Gaussian, σ = {sigma}"),
        Likelihood::Gaussian(Sigma::Learned) => "Gaussian, one learned σ".into(),
        Likelihood::Gaussian(Sigma::PerColumn) => "Gaussian, a learned σ for each column".into(),
        Likelihood::Gaussian(Sigma::Solved) => "Gaussian, one σ solved in closed form".into(),
    }
}
