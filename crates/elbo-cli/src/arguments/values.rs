//! Values of flags.

use std::{ffi::OsStr, num::NonZeroUsize, thread};

use clap::{
    Arg, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    error::Error as Refusal,
};
use elbo::{gradient::EstimatorConfig, guide::Family, likelihood::Sigma, schedule::Decay};
use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer,
        value::{Error as NameError, MapAccessDeserializer, MapDeserializer, StrDeserializer},
    },
};
use serde_json::Value;

/// Names of the values of a library's type, as a configuration file has them, and what they mean.
pub(crate) type Names = [(&'static str, &'static str)];

/// The forms of the KL term.
pub(crate) const KL: [(&str, &str); 2] = [
    ("analytic", "It is computed in closed form"),
    ("monte-carlo", "It is the mean of log q(z|x) − log p(z) over the samples"),
];

/// The data set that is built in.
pub(crate) fn parse_builtin(text: &str) -> Result<String, String> {
    match text {
        "digits" => Ok(text.into()),
        _ => Err("`digits` alone is built in; --data PATH reads a file".into()),
    }
}

/// Parses one of the names that the library's type has in a configuration file.
pub(crate) fn named<T>(names: &Names) -> impl TypedValueParser<Value = T>
where
    T: for<'de> Deserialize<'de> + Clone + Send + Sync + 'static,
{
    let values: Vec<PossibleValue> =
        names.iter().map(|(name, help)| PossibleValue::new(*name).help(help.trim())).collect();
    PossibleValuesParser::new(values).try_map(|name| {
        let name: serde::de::value::StringDeserializer<NameError> = name.into_deserializer();
        T::deserialize(name)
    })
}

/// A setting's default as its flag takes it.
pub(crate) fn shown(value: &impl Serialize) -> String {
    match serde_json::to_value(value).unwrap_or_default() {
        Value::String(name) => name,
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(","),
        // Whole numbers without a point, and no row of zeros.
        Value::Number(number) => match number.as_f64().unwrap_or_default() {
            small if small != 0.0 && small.abs() < 1e-4 => format!("{small:e}"),
            number => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// Widths of layers.
#[derive(Clone, Debug)]
pub(crate) struct Widths(pub(crate) Vec<usize>);

pub(crate) fn parse_hidden(text: &str) -> Result<Widths, String> {
    if text == "none" {
        return Ok(Widths(Vec::new()));
    }
    parse_widths(text).map_err(|_| "give widths > 0 separated by commas, as 400,200, or `none`".into())
}

pub(crate) fn parse_widths(text: &str) -> Result<Widths, String> {
    let width = |w: &str| w.trim().parse().ok().filter(|&w: &usize| w > 0);
    let widths: Option<Vec<usize>> = text.split(',').map(width).collect();
    widths.map(Widths).ok_or_else(|| "give numbers > 0 separated by commas, as 32,64".into())
}

pub(crate) fn parse_latent(text: &str) -> Result<Widths, String> {
    let layers = text.split(',').map(parse_count).collect::<Result<Vec<usize>, _>>();
    layers.ok().filter(|layers| layers.len() <= 2).map(Widths).ok_or_else(|| {
        format!("give a whole number from 1 to {}, or one for each of two layers, as 100,50", u32::MAX)
    })
}

pub(crate) fn parse_count<T: TryFrom<u32>>(text: &str) -> Result<T, String> {
    let count = text.parse().ok().filter(|&count: &u32| count > 0).and_then(|count| count.try_into().ok());
    count.ok_or_else(|| format!("give a whole number from 1 to {}", u32::MAX))
}

/// No machine is the quicker for many times as many threads as it has cores, and starting them takes long.
pub(crate) fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    let most = 4 * thread::available_parallelism().map_or(64, NonZeroUsize::get).max(64);
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= most);
    number.ok_or_else(|| format!("give a whole number from 1 to {most}"))
}

pub(crate) fn parse_memory(text: &str) -> Result<u64, String> {
    let power = text.chars().last().and_then(|unit| "KMGT".find(unit)).map_or(0, |place| place as u32 + 1);
    let number = if power == 0 { text } else { &text[..text.len() - 1] };
    let bytes = number.parse().ok().and_then(|number: u64| number.checked_mul(1024_u64.pow(power)));
    bytes
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| "give a size > 0 as 500M or 2G, or a number of bytes".into())
}

pub(crate) fn parse_positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|&number| number > 0.0 && f64::is_finite(number));
    number.ok_or_else(|| "give a number > 0".into())
}

pub(crate) fn parse_weight(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|&number| number >= 0.0 && f64::is_finite(number));
    number.ok_or_else(|| "give a number ≥ 0".into())
}

pub(crate) fn parse_fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|&fraction| fraction > 0.0 && fraction < 1.0);
    fraction.ok_or_else(|| "give a fraction between 0 and 1, as 0.1".into())
}

pub(crate) fn parse_sigma(text: &str) -> Result<Sigma, String> {
    match text {
        "learned" => Ok(Sigma::Learned),
        "per-column" => Ok(Sigma::PerColumn),
        "solved" => Ok(Sigma::Solved),
        number => parse_positive(number)
            .map(Sigma::Fixed)
            .map_err(|_| "give `learned`, `per-column`, `solved` or a number > 0".into()),
    }
}

pub(crate) fn parse_family(text: &str) -> Result<Family, String> {
    match text.split_once(':') {
        None if text == "gaussian" => Ok(Family::Gaussian),
        None if text == "bernoulli" => Ok(Family::Bernoulli),
        Some(("categorical", classes)) => match classes.parse() {
            Ok(classes @ 2..=10_000) => Ok(Family::Categorical(classes)),
            _ => Err("give a number of classes of at least 2, as categorical:10".into()),
        },
        _ => Err("give `gaussian`, `bernoulli` or `categorical:C`".into()),
    }
}

/// Parses an estimator's name, and what it is given after a colon.
#[derive(Clone)]
pub(crate) struct EstimatorParser;

impl TypedValueParser for EstimatorParser {
    type Value = EstimatorConfig;

    fn parse_ref(
        &self,
        command: &Command,
        flag: Option<&Arg>,
        value: &OsStr,
    ) -> Result<EstimatorConfig, Refusal> {
        parse_estimator.parse_ref(command, flag, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            EstimatorConfig::NAMES.iter().map(|&(name, about)| PossibleValue::new(name).help(about)),
        ))
    }
}

fn parse_estimator(text: &str) -> Result<EstimatorConfig, String> {
    let form = match text.split_once(':') {
        None => EstimatorConfig::deserialize(StrDeserializer::<NameError>::new(text)),
        Some((name, number)) => {
            let named = MapDeserializer::<_, NameError>::new([(name, parse_positive(number)?)].into_iter());
            EstimatorConfig::deserialize(MapAccessDeserializer::new(named))
        }
    };
    let names = || EstimatorConfig::NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    form.map_err(|_| format!("give one of {}", names()))
}

pub(crate) fn parse_decay(text: &str) -> Result<Decay, String> {
    match text {
        "constant" => Ok(Decay::Constant),
        "cosine" => Ok(Decay::Cosine),
        stepwise => {
            let numbers = stepwise.split_once(',').and_then(|(every, by)| {
                let (every, by) = (every.trim().parse().ok()?, by.trim().parse().ok()?);
                (every > 0 && by > 0.0 && f64::is_finite(by)).then_some(Decay::Stepwise { every, by })
            });
            numbers.ok_or_else(|| "give `constant`, `cosine`, or epochs and a factor as 30,0.1".into())
        }
    }
}

pub(crate) fn parse_image(text: &str) -> Result<(usize, usize), String> {
    let sides = text.split_once('x').and_then(|(h, w)| Some((h.parse().ok()?, w.parse().ok()?)));
    sides.filter(|&(h, w)| h > 0 && w > 0).ok_or_else(|| "give height and width as 28x28".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimators_are_parsed_by_their_names() {
        for (name, _) in EstimatorConfig::NAMES {
            let (name, number) = name.split_once(':').map_or((*name, false), |(name, _)| (name, true));
            let [plain, with_number] =
                [name.into(), format!("{name}:0.5")].map(|text: String| parse_estimator(&text));
            assert_eq!((plain.is_ok(), with_number.is_ok()), (!number, number), "{name}");
        }
        assert_eq!(parse_estimator("relaxed:0.25"), Ok(EstimatorConfig::Relaxed(0.25)));
        assert_eq!(parse_estimator("score-function"), Ok(EstimatorConfig::ScoreFunction));
        assert!(parse_estimator("magic").unwrap_err().starts_with("give one of reparameterised, "));
        assert_eq!(parse_estimator("relaxed:-1").unwrap_err(), "give a number > 0");
    }
}
