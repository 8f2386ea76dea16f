//! Rows as a fitted auto-encoder takes them.

use std::collections::HashSet;

use elbo::{
    distribution::bernoulli::Binarise,
    likelihood::{Likelihood, Support, Unsupported},
    minibatch::{self, split},
    random::Key,
};
use elbo_data::{AnyDataset, Cells, Dataset, Lines, Number, Precision};

use super::config::{Config, DataConfig, Taken};
use crate::{
    columns,
    error::Error,
    observer::{Observer, ObserverExt},
    query::Query,
    scaling::Scaling,
    source::{Source, check_units, describe_new, same_data, short},
    took_part::{self, MOST_NUMBERS},
};

/// Rows ready for a model.
pub(crate) struct Prepared {
    /// Row-major `[rows, D]`, scaled.
    pub(crate) x: Cells,
    pub(crate) rows: usize,
    pub(crate) labels: Option<Vec<String>>,
    name: String,
    lines: Lines,
}

impl Prepared {
    /// Makes the rows what the encoder is given where nothing is drawn: cut at 1/2 under `threshold`, and grey
    /// as they are under `dynamic`, which is the mean of the draws.
    pub(crate) fn as_encoded(&mut self, binarise: Binarise) -> Result<(), Error> {
        if binarise == Binarise::Threshold {
            let width = self.x.len() / self.rows;
            self.x.change(width, width, |row| binarise.apply(Key::new(0), 0, row))?;
        }
        Ok(())
    }

    /// Checks that a likelihood, by its name, can take every value.
    fn check_support(&self, columns: &[String], likelihood: &dyn Likelihood) -> Result<(), Error> {
        let (name, support) = (likelihood.name(), likelihood.support());
        // Other likelihoods take the same values in every column.
        if support == Support::Mixed
            && let Some(Unsupported { row, column, value, needs }) =
                likelihood.unsupported(&minibatch::Rows::all(&self.x, columns.len()))
        {
            let (name, column, line) = (&self.name, &columns[column], self.lines.of(row));
            let message = format!(
                "`{name}`: column `{column}` line {line} is {}, but its family needs {needs}",
                short(value)
            );
            return Err(Error::new(message).remedy("mend the cell, or leave it empty: it is missing then"));
        }
        let Some(place) = self.x.iter().position(|&v| !support.accepts(v)) else { return Ok(()) };
        let (row, column) = (place / columns.len(), place % columns.len());
        Err(Error::new(format!(
            "`{}`: column `{}` line {} is {}, but a {name} likelihood needs {}",
            self.name,
            columns[column],
            self.lines.of(row),
            short(self.x[place]),
            support.values()
        ))
        .remedy(match support {
            Support::Binary => {
                "«scale unit» maps the range of the training rows to [0, 1]; «likelihood gaussian» takes any number"
            }
            Support::Count => "«scale none» leaves counts as they are; «likelihood gaussian» takes any number",
            _ => "«scale standard» brings large numbers near 1",
        }))
    }
}

/// Checks that values are counts as the file has them: 32 bits round what is none.
fn check_counts<T: Number>(data: &Dataset<T>, name: &str) -> Result<(), Error> {
    let is_count = |&x: &T| x.into() >= 0.0 && x.into().fract() == 0.0;
    let Some(cell) = data.values.iter().position(|x| !is_count(x)) else { return Ok(()) };
    let (place, value, needs) = (data.place(cell), data.values[cell].into(), Support::Count.values());
    let message =
        format!("`{}`: {place} is {}, but a {name} likelihood needs {needs}", data.name, short(value));
    Err(Error::new(message).remedy("«likelihood gaussian» takes any number"))
}

/// Numbers as they are stored, which become x.
pub(crate) trait Scaled: Number {
    /// x of rows of the modelled columns, of which so many bytes may be held.
    fn scaled(data: Dataset<Self>, scaling: &Scaling, memory: Option<u64>) -> Result<Dataset, Error>;
}

impl Scaled for f32 {
    fn scaled(mut data: Dataset, scaling: &Scaling, _: Option<u64>) -> Result<Dataset, Error> {
        scaling.apply(&mut data)?;
        Ok(data)
    }
}

impl Scaled for f64 {
    fn scaled(data: Dataset<Self>, scaling: &Scaling, memory: Option<u64>) -> Result<Dataset, Error> {
        let left = memory.map(|bytes| bytes.saturating_sub(data.values.held()));
        scaling.applied(data, left)
    }
}

/// By what rows are known again, however they are stored: the fingerprint of their values in 32 bits where that is exact.
pub(crate) fn fingerprint<T: Number>(data: &Dataset<T>) -> String {
    let exact = |&x: &T| T::of(f32::of(x.into()).into()) == x;
    if T::PRECISION == Precision::Single || !data.values.iter().all(exact) {
        return data.fingerprint();
    }
    data.fingerprint_as::<f32>()
}

/// Reads the rows of a source, as a fit takes them: exactly, or in 32 bits as those of earlier versions did.
pub(crate) fn stored(
    config: &Config,
    source: &Source,
    memory: Option<u64>,
    wanted: Option<&[String]>,
) -> Result<AnyDataset, Error> {
    if !config.data.variables.is_empty() {
        return Ok(AnyDataset::Double(source.read_coded(memory, wanted)?.0));
    }
    Ok(match source.read(memory, wanted)? {
        AnyDataset::Double(data) if !config.data.exact => {
            AnyDataset::Single(data.converted(memory, |_, x| f32::of(x))?)
        }
        exact => exact,
    })
}

/// Checks that rows are those of a fit.
pub(crate) fn check_same<T: Number>(data: &Dataset<T>, config: &Config) -> Result<(), Error> {
    same_data(&data.name, &fingerprint(data), &config.data.fingerprint)
}

/// Reads rows for a fitted model: those named, or those that it was fitted to.
pub(crate) fn read_for(
    of: (&Config, &dyn Likelihood),
    asked: &Query,
    watch: &dyn Observer,
) -> Result<Prepared, Error> {
    let read = |rows: &Source| read_rows(of, rows, asked.memory, watch);
    of.0.data.source.for_model(asked.source.as_ref(), read)
}

/// Reads the rows that a model was fitted to, and checks that they are the same.
pub(crate) fn read_own(
    of: (&Config, &dyn Likelihood),
    memory: Option<u64>,
    watch: &dyn Observer,
) -> Result<Prepared, Error> {
    let source = &of.0.data.source;
    match stored(of.0, source, memory, None).map_err(|error| source.moved(error))? {
        AnyDataset::Single(data) => check_same(&data, of.0).and_then(|()| prepare(of, data, memory, watch)),
        AnyDataset::Double(data) => check_same(&data, of.0).and_then(|()| prepare(of, data, memory, watch)),
    }
}

/// How many of these rows the fit has learned from; none where its own are not there any more.
pub(crate) fn took_part(of: (&Config, &dyn Likelihood), asked: &Query, rows: &minibatch::Rows<'_>) -> usize {
    let (config, source) = (of.0, &of.0.data.source);
    let training = |all: usize| split(all, config.data.validation, Key::new(config.fit.seed)).0;
    if asked.source.is_none() {
        let training: HashSet<usize> = training(config.data.rows).into_iter().collect();
        return rows.index().iter().filter(|&row| training.contains(row)).count();
    }
    let many = config.data.rows.saturating_mul(rows.width()) > MOST_NUMBERS;
    if many || source.is_read_once() || source.is_missing() {
        return 0;
    }
    let Ok(fitted) = read_own(of, asked.memory, &()) else { return 0 };
    of_training(&fitted, config, rows)
}

/// How many of these rows are among those of the fit that it has learned from.
pub(crate) fn of_training(fitted: &Prepared, config: &Config, rows: &minibatch::Rows<'_>) -> usize {
    let fitted = minibatch::Rows::all(&fitted.x, rows.width());
    let (training, _) = fitted.split(config.data.validation, Key::new(config.fit.seed));
    let bits = |rows: &minibatch::Rows<'_>| -> Vec<Vec<u32>> {
        rows.iter().map(|row| row.iter().map(|x| (x + 0.0).to_bits()).collect()).collect()
    };
    // The whole file is known by all of its rows, whether or not they repeat one another.
    if rows.len() == fitted.len() && took_part::took_part(bits(&fitted), bits(rows)) == rows.len() {
        return training.len();
    }
    took_part::took_part(bits(&training), bits(rows))
}

/// Reads the rows of a source for a model, or for its test.
pub(crate) fn read_rows(
    of: (&Config, &dyn Likelihood),
    source: &Source,
    memory: Option<u64>,
    watch: &dyn Observer,
) -> Result<Prepared, Error> {
    match stored(of.0, source, memory, Some(&of.0.data.columns))? {
        AnyDataset::Single(data) => prepare_new(of, data, (source, memory), watch),
        AnyDataset::Double(data) => prepare_new(of, data, (source, memory), watch),
    }
}

fn prepare_new<T: Scaled>(
    of: (&Config, &dyn Likelihood),
    data: Dataset<T>,
    (source, memory): (&Source, Option<u64>),
    watch: &dyn Observer,
) -> Result<Prepared, Error> {
    let config = &of.0.data;
    describe_new(&data.reading, watch);
    columns::check_chosen(&data, (&source.table, &config.source.table), &config.columns)?;
    check_units(&data, &config.source.units, (&config.columns, &places(config, &data, &())?), watch)?;
    let data = of_depth(data, &of.0.data.taken.scaling, memory, watch)?;
    prepare(of, data, memory, watch)
}

/// The full values of pixels of 8 bits, and of 16.
const DEPTHS: [f64; 2] = [255.0, 65_535.0];

/// Pixels of one depth, for a fit that divides those of the other by their full value.
fn of_depth<T: Number>(
    data: Dataset<T>,
    scaling: &Scaling,
    memory: Option<u64>,
    watch: &dyn Observer,
) -> Result<Dataset<T>, Error> {
    let (Some(of_fit), Some(full)) = (scaling.only_divisor(), data.full_scale.map(f64::from)) else {
        return Ok(data);
    };
    if of_fit == full || !DEPTHS.contains(&of_fit) || !DEPTHS.contains(&full) {
        return Ok(data);
    }
    let text = format!("pixels up to {full} are taken for those of the fit, which go up to {of_fit}");
    watch.say("scale", text);
    Ok(data.converted(memory, |_, x| T::of(x.into() * of_fit / full))?)
}

/// The places of the model's columns among those of a file.
fn places<T: Number>(
    config: &DataConfig,
    data: &Dataset<T>,
    watch: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    let DataConfig { columns, stored_columns, taken: Taken { columns: kept, .. }, .. } = config;
    let labelled = !config.source.label_columns.is_empty();
    let kept = || if kept.is_empty() { (0..*stored_columns).collect() } else { kept.clone() };
    columns::places(data, columns, *stored_columns, columns, kept, labelled, watch)
}

/// Rows of a file as the model takes them: its columns by their names, or by their places where a file has no header.
pub(crate) fn prepare<T: Scaled>(
    (config, likelihood): (&Config, &dyn Likelihood),
    data: Dataset<T>,
    memory: Option<u64>,
    watch: &dyn Observer,
) -> Result<Prepared, Error> {
    let DataConfig { columns, taken: Taken { scaling, .. }, .. } = &config.data;
    let places = places(&config.data, &data, watch)?;
    let data = data.keep_columns(&places)?;
    if likelihood.support() == Support::Count && scaling.is_none() {
        check_counts(&data, likelihood.name())?;
    }
    let data = T::scaled(data, scaling, memory)?;
    let (rows, x) = (data.rows(), data.values);
    let prepared = Prepared { x, rows, labels: data.labels, name: data.name, lines: data.lines };
    prepared.check_support(columns, likelihood)?;
    Ok(prepared)
}
