//! What is read from a file is valid: each number of a configuration, put to what it cannot be, is refused as it is read,
//! with the message that the library gives.

use elbo::{
    fit::FitConfig,
    gradient::EstimatorConfig,
    guide::Family,
    infer::InferConfig,
    likelihood::{LikelihoodConfig, Sigma},
    mean_field::{
        Annealing, Ascent, RobbinsMonro, factor_analysis, hidden_markov, lda, mixture, normal_gamma,
        random_field, regression, state_space,
    },
    model::{SecondLayer, VaeConfig},
    network::{Convolutional, NetworkConfig},
    objective::KlWeight,
    schedule::Decay,
    train::{Inference, TrainConfig},
};
use serde::{Serialize, de::DeserializeOwned};
use toml::Value;

/// A place, a value that cannot stand there, and what is said of it; where no value is wrong, nothing.
type Row = (&'static str, &'static str, &'static str);

/// Numbers of which none is wrong.
const ANY: &str = "";

/// Puts each number of a valid value to what the table says; every number must be in the table.
fn refused<T: Serialize + DeserializeOwned>(valid: &T, table: &[Row]) {
    let whole = Value::try_from(valid).unwrap();
    let name = std::any::type_name::<T>();
    assert!(whole.clone().try_into::<T>().is_ok(), "{name}: {:?}", whole.try_into::<T>().err());
    let whole = Value::try_from(valid).unwrap();
    let mut places = Vec::new();
    numbers(&whole, "", &mut places);
    let known: Vec<&str> = table.iter().map(|row| row.0).collect();
    let unknown: Vec<&String> = places.iter().filter(|place| !known.contains(&place.as_str())).collect();
    assert!(unknown.is_empty(), "{name}: nothing is said of {unknown:?}");
    for &(place, wrong, said) in table.iter().filter(|row| row.1 != ANY) {
        let mut value = whole.clone();
        let table: toml::Table = format!("wrong = {wrong}").parse().unwrap();
        *at(&mut value, place) = table["wrong"].clone();
        let error =
            value.try_into::<T>().err().unwrap_or_else(|| panic!("{name}: {place} = {wrong} was read"));
        assert_eq!(error.message(), said, "{name}: {place} = {wrong}");
    }
}

fn numbers(value: &Value, place: &str, found: &mut Vec<String>) {
    let below = |key: &str| if place.is_empty() { key.into() } else { format!("{place}.{key}") };
    match value {
        Value::Integer(_) | Value::Float(_) => found.push(place.into()),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(i, value)| numbers(value, &below(&i.to_string()), found));
        }
        Value::Table(table) => table.iter().for_each(|(key, value)| numbers(value, &below(key), found)),
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, place: &str) -> &'a mut Value {
    place.split('.').fold(value, |value, key| match value {
        Value::Array(values) => &mut values[key.parse::<usize>().unwrap()],
        other => &mut other[key],
    })
}

const FIT: &[Row] = &[
    ("seed", ANY, ""),
    ("patience", ANY, ""),
    (
        "epochs",
        "4",
        "the warm-up of the KL, in epochs, is 4, but must be at most 3, one less than the epochs of the fit",
    ),
    ("batch", "0", "batch is 0, but must be at least 1"),
    ("validation_samples", "0", "validation_samples is 0, but must be at least 1"),
    ("decay.stepwise.every", "0", "the epochs between two decays is 0, but must be at least 1"),
    ("decay.stepwise.by", "0.0", "the factor of the decay is 0, but must be > 0 and finite"),
    ("vae.latent", "0", "latent is 0, but must be at least 1"),
    ("vae.hidden.0", "0", "hidden[0] is 0, but must be at least 1"),
    ("vae.likelihood.gaussian.fixed", "-0.2", "sigma is -0.2, but must be > 0 and finite"),
    ("vae.likelihood.gaussian.fixed", "nan", "sigma is NaN, but must be > 0 and finite"),
    ("vae.network.convolutional.image.0", "0", "image[0] is 0, but must be at least 1"),
    ("vae.network.convolutional.image.1", "0", "image[1] is 0, but must be at least 1"),
    ("vae.network.convolutional.image.2", "0", "image[2] is 0, but must be at least 1"),
    ("vae.network.convolutional.channels.0", "0", "channels[0] is 0, but must be at least 1"),
    (
        "vae.network.convolutional.kernel",
        "1",
        "stride is 2, but must be at most 1, the kernel's side: pixels would lie between",
    ),
    (
        "vae.network.convolutional.stride",
        "4",
        "stride is 4, but must be at most 3, the kernel's side: pixels would lie between",
    ),
    ("vae.second.latent", "0", "the second latent is 0, but must be at least 1"),
    ("vae.second.hidden.0", "0", "the second hidden[0] is 0, but must be at least 1"),
    (
        "vae.family",
        "{ categorical = 3 }",
        "the latent is categorical:3, but two layers of z need a Gaussian one",
    ),
    ("train.step_size", "0.0", "step_size is 0, but must be > 0 and finite"),
    ("train.encoder_step_size", "inf", "encoder_step_size is inf, but must be > 0 and finite"),
    ("train.samples", "0", "samples is 0, but must be at least 1"),
    ("train.estimator.running-mean", "1.0", "the decay of the running mean is 1, but must be in [0, 1)"),
    (
        "train.estimator",
        "{ relaxed = 0.0 }",
        "the temperature of the relaxation is 0, but must be > 0 and finite",
    ),
    ("train.inference.per-datum.steps", "0", "the steps of ψ is 0, but must be at least 1"),
    ("train.inference.per-datum.step_size", "nan", "the step size of ψ is NaN, but must be > 0 and finite"),
    ("train.kl_weight.beta", "-1.0", "beta is -1, but must be ≥ 0 and finite"),
    ("train.kl_weight.free_bits", "nan", "free_bits is NaN, but must be ≥ 0 and finite"),
    (
        "train.kl_weight.warm_up",
        "10",
        "the warm-up of the KL, in epochs, is 10, but must be at most 9, one less than the epochs of the fit",
    ),
    ("train.clip_norm", "0.0", "clip_norm is 0, but must be > 0"),
    ("train.prior_sd", "0.0", "prior_sd is 0, but must be > 0 and finite"),
];

#[test]
fn a_fit_with_an_impossible_number_is_not_read() {
    let image = Convolutional { image: [1, 8, 8], channels: vec![4], kernel: 3, stride: 2 };
    let fit = FitConfig {
        epochs: 10,
        patience: Some(3),
        decay: Decay::Stepwise { every: 2, by: 0.5 },
        vae: VaeConfig {
            hidden: vec![16],
            latent: 3,
            likelihood: LikelihoodConfig::Gaussian(Sigma::Fixed(0.5)),
            network: NetworkConfig::Convolutional(image),
            second: Some(SecondLayer { latent: 2, hidden: vec![8] }),
            ..VaeConfig::default()
        },
        train: TrainConfig {
            estimator: EstimatorConfig::RunningMean(0.9),
            inference: Inference::PerDatum { steps: 5, step_size: 0.1 },
            kl_weight: KlWeight { warm_up: 4, ..KlWeight::default() },
            clip_norm: Some(10.0),
            prior_sd: Some(1.0),
            ..TrainConfig::default()
        },
        ..FitConfig::default()
    };
    refused(&fit, FIT);
    let classes = VaeConfig { family: Family::Categorical(3), ..VaeConfig::default() };
    refused(
        &classes,
        &[
            ("latent", "0", "latent is 0, but must be at least 1"),
            ("hidden.0", "0", "hidden[0] is 0, but must be at least 1"),
            ("family.categorical", "1", "the number of classes is 1, but must be at least 2"),
        ],
    );
    refused(
        &InferConfig::default(),
        &[
            ("importance_samples", "3", "samples is 8, but must be a multiple of 3, the importance samples"),
            ("samples", "0", "samples is 0, but must be at least 1"),
            ("step_size", "0.0", "step_size is 0, but must be > 0 and finite"),
            ("tolerance", "-1.0", "tolerance is -1, but must be > 0 and finite"),
            ("most_steps", ANY, ""),
        ],
    );
}

#[test]
fn an_ascent_with_an_impossible_number_is_not_read() {
    refused(
        &Ascent::default(),
        &[
            ("tolerance", "nan", "the tolerance of the ascent is NaN, but must be ≥ 0 and finite"),
            ("sweeps", "0", "the number of sweeps is 0, but must be at least 1"),
        ],
    );
    refused(
        &Annealing { from: 0.1, sweeps: 10 },
        &[("from", "1.0", "the first inverse temperature is 1, but must be in (0, 1)"), ("sweeps", ANY, "")],
    );
    refused(
        &RobbinsMonro::default(),
        &[
            ("delay", "-1.0", "the delay is -1, but must be ≥ 0 and finite"),
            ("forgetting", "0.5", "the forgetting rate is 0.5, but must be in (0.5, 1]"),
        ],
    );
    refused(
        &lda::Inner::default(),
        &[
            ("tolerance", "-1.0", "the tolerance of a document is -1, but must be ≥ 0"),
            ("iterations", "0", "the iterations of a document is 0, but must be at least 1"),
        ],
    );
}

#[test]
fn a_prior_with_an_impossible_number_is_not_read() {
    refused(
        &normal_gamma::Prior::default(),
        &[
            ("mean", "inf", "the mean is inf, but must be finite"),
            ("precision", "0.0", "the precision of the mean is 0, but must be > 0 and finite"),
            ("shape", "0.0", "shape is 0, but must be > 0 and finite"),
            ("rate", "-1.0", "rate is -1, but must be > 0 and finite"),
        ],
    );
    refused(
        &regression::Prior { noise: regression::Noise::Known { sd: 1.0 }, ..regression::Prior::default() },
        &[
            ("intercept", "0.0", "the intercept's standard deviation is 0, but must be > 0 and finite"),
            ("weights.Shared.shape", "0.0", "shape is 0, but must be > 0 and finite"),
            ("weights.Shared.rate", "0.0", "rate is 0, but must be > 0 and finite"),
            (
                "noise.Known.sd",
                "1e-200",
                "the noise's standard deviation, as 1/sd², is inf, but must be > 0 and finite",
            ),
        ],
    );
    refused(
        &factor_analysis::Prior::new(2, factor_analysis::Noise::Each),
        &[
            ("latent", "0", "the number of latent dimensions is 0, but must be at least 1"),
            ("noise_shape", "0.0", "shape is 0, but must be > 0 and finite"),
            ("noise_rate", "0.0", "rate is 0, but must be > 0 and finite"),
            ("relevance_shape", "nan", "shape is NaN, but must be > 0 and finite"),
            ("relevance_rate", "-1.0", "rate is -1, but must be > 0 and finite"),
            ("mean_sd", "0.0", "the standard deviation of the mean is 0, but must be > 0 and finite"),
        ],
    );
    refused(
        &lda::Prior::symmetric(2, 0.1, 0.01),
        &[
            ("alpha.0", "0.0", "α of topic 1 is 0, but must be in [1e-100, 1000]"),
            ("alpha.1", "nan", "α of topic 2 is NaN, but must be in [1e-100, 1000]"),
            ("alpha", "[]", "the number of topics is 0, but must be at least 1"),
            ("eta", "1e4", "η is 10000, but must be in [1e-100, 1000]"),
        ],
    );
}

#[test]
fn a_prior_of_a_mixture_with_an_impossible_number_is_not_read() {
    let of = |covariance, scale| mixture::Prior {
        components: 3,
        weights: mixture::Weights::Dirichlet(1.0),
        family: mixture::Family::Gaussian(mixture::GaussianPrior {
            covariance,
            mean: vec![0.0, 0.0],
            mean_precision: 1.0,
            freedom: 2.0,
            scale,
        }),
    };
    refused(
        &of(mixture::Covariance::Full, vec![4.0, 0.0, 0.0, 1.0]),
        &[
            ("components", "0", "the number of components is 0, but must be at least 1"),
            ("weights.dirichlet", "0.0", "the concentration of the weights is 0, but must be > 0 and finite"),
            ("family.gaussian.mean.0", "nan", "the prior's mean is NaN, but must be finite"),
            ("family.gaussian.mean.1", "inf", "the prior's mean is inf, but must be finite"),
            ("family.gaussian.mean", "[]", "the dimension of the prior's mean is 0, but must be at least 1"),
            (
                "family.gaussian.mean_precision",
                "0.0",
                "the mean's precision is 0, but must be > 0 and finite",
            ),
            (
                "family.gaussian.freedom",
                "1.0",
                "degrees of freedom of 2 dimensions of the prior of the components is 1, but must be > 1 and finite",
            ),
            (
                "family.gaussian.scale.0",
                "-1.0",
                "the inverse scale of the prior of the components is not positive definite: pivot 1 of 2 is -1, but must be > 0",
            ),
            (
                "family.gaussian.scale.1",
                "1.0",
                "entry (0, 1) of the inverse scale of the prior of the components is 1, but must be that of (1, 0), 0",
            ),
            (
                "family.gaussian.scale.2",
                "4.0",
                "the inverse scale of the prior of the components is not positive definite: pivot 2 of 2 is -3, but must be > 0",
            ),
            (
                "family.gaussian.scale.3",
                "0.0",
                "the inverse scale of the prior of the components is not positive definite: pivot 2 of 2 is 0, but must be > 0",
            ),
            ("family.gaussian.scale", "[1.0]", "the prior's scale has shape [1], but the model needs [4]"),
        ],
    );
    refused(
        &of(mixture::Covariance::Spherical, vec![2.0]),
        &[
            ("components", "0", "the number of components is 0, but must be at least 1"),
            (
                "weights.dirichlet",
                "-1.0",
                "the concentration of the weights is -1, but must be > 0 and finite",
            ),
            ("family.gaussian.mean.0", "nan", "the prior's mean is NaN, but must be finite"),
            ("family.gaussian.mean.1", "nan", "the prior's mean is NaN, but must be finite"),
            (
                "family.gaussian.mean_precision",
                "0.0",
                "the mean's precision is 0, but must be > 0 and finite",
            ),
            ("family.gaussian.freedom", "0.0", "shape is 0, but must be > 0 and finite"),
            ("family.gaussian.scale.0", "0.0", "rate is 0, but must be > 0 and finite"),
        ],
    );
    refused(
        &mixture::Prior {
            components: 2,
            weights: mixture::Weights::DirichletProcess(1.0),
            family: mixture::Family::Bernoulli([1.0, 1.0]),
        },
        &[
            ("components", "0", "the number of components is 0, but must be at least 1"),
            (
                "weights.dirichlet-process",
                "0.0",
                "the concentration of the weights is 0, but must be > 0 and finite",
            ),
            ("family.bernoulli.0", "0.0", "a is 0, but must be > 0 and finite"),
            ("family.bernoulli.1", "-1.0", "b is -1, but must be > 0 and finite"),
        ],
    );
}

#[test]
fn a_prior_of_a_chain_or_a_field_with_an_impossible_number_is_not_read() {
    refused(
        &state_space::Prior::autoregression(0.0, 1.0),
        &[
            ("mean.0", "nan", "the mean of the first state is NaN, but must be finite"),
            (
                "covariance.0",
                "-1.0",
                "the covariance of the first state is not positive definite: pivot 1 of 1 is -1, but must be > 0",
            ),
            ("dynamics.weights.0", "inf", "a weight of the dynamics is inf, but must be finite"),
            (
                "dynamics.relevance.0.known",
                "0.0",
                "the value of a precision is 0, but must be > 0 and finite",
            ),
            ("dynamics.noise.0.gamma.shape", "0.0", "shape of a precision is 0, but must be > 0 and finite"),
            ("dynamics.noise.0.gamma.rate", "0.0", "rate of a precision is 0, but must be > 0 and finite"),
            ("observation.weights.0", "nan", "a weight of the observation is NaN, but must be finite"),
            (
                "observation.noise.0.gamma.shape",
                "-1.0",
                "shape of a precision is -1, but must be > 0 and finite",
            ),
            (
                "observation.noise.0.gamma.rate",
                "-1.0",
                "rate of a precision is -1, but must be > 0 and finite",
            ),
        ],
    );
    refused(
        &hidden_markov::Emission::Gaussian { mean: 0.0, precision: 1.0, shape: 1.0, rate: 1.0 },
        &[
            ("gaussian.mean", "nan", "mean is NaN, but must be finite"),
            ("gaussian.precision", "0.0", "strength is 0, but must be > 0 and finite"),
            ("gaussian.shape", "0.0", "shape is 0, but must be > 0 and finite"),
            ("gaussian.rate", "0.0", "rate is 0, but must be > 0 and finite"),
        ],
    );
    let edge = random_field::Edge { sites: [0, 1], potential: vec![0.0; 4] };
    refused(
        &random_field::Field { unary: vec![vec![0.0, 1.0], vec![0.0, 1.0]], edges: vec![edge] },
        &[
            ("unary.0.0", "nan", "a potential of site 0 is NaN, but must be finite"),
            ("unary.0.1", "inf", "a potential of site 0 is inf, but must be finite"),
            ("unary.1.0", "nan", "a potential of site 1 is NaN, but must be finite"),
            ("unary.1.1", "inf", "a potential of site 1 is inf, but must be finite"),
            ("edges.0.sites.0", "1", "an end of edge 0 is site 1, but may come only once"),
            ("edges.0.sites.1", "2", "an end of edge 0 is 2, but must be below 2, the number of sites"),
            ("edges.0.potential.0", "nan", "the potential of edge 0 is NaN, but must be finite"),
            ("edges.0.potential.1", "nan", "the potential of edge 0 is NaN, but must be finite"),
            ("edges.0.potential.2", "nan", "the potential of edge 0 is NaN, but must be finite"),
            ("edges.0.potential.3", "nan", "the potential of edge 0 is NaN, but must be finite"),
        ],
    );
}
