//! From stored rows to x: reading, scaling, and the choice of a likelihood.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use elbo::{
    distribution::bernoulli::Binarise,
    minibatch::Rows,
    model::Likelihood,
    random::{Key, Purpose},
};
use elbo_data::{Cells, Dataset, Number, ReadOptions};
use serde::{Deserialize, Serialize};

use crate::{
    arguments::{ScaleArgument, Source},
    config::Config,
    error::Error,
    tell,
};

/// The largest number that coordinate ascent takes: sums of its square are finite.
const MOST: f64 = 1e150;

/// Where rows come from, as a configuration file keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceConfig {
    /// `digits`, or an absolute path.
    pub(crate) data: String,
    pub(crate) label_column: Option<String>,
    pub(crate) labels: Option<PathBuf>,
    pub(crate) image: Option<[usize; 2]>,
}

impl SourceConfig {
    /// The source that the arguments name.
    pub(crate) fn new(builtin: Option<&str>, source: &Source) -> Result<Self, Error> {
        let data = match (builtin, &source.data) {
            (Some(name), _) => name.into(),
            (None, Some(path)) => absolute(path)?.to_string_lossy().into_owned(),
            (None, None) => {
                let hint = "--data PATH reads a file; for train, mixture and factors `digits` is built in";
                return Err(Error::usage("no data given", hint));
            }
        };
        Ok(Self {
            data,
            label_column: source.label_column.clone(),
            labels: source.labels.as_deref().map(absolute).transpose()?,
            image: source.image.map(|(height, width)| [height, width]),
        })
    }

    /// Reads the rows, which may take so many bytes of memory; for a model that is fitted a `single` one is enough.
    pub(crate) fn read(&self, memory: Option<u64>, single: bool) -> Result<Dataset, Error> {
        if self.data == "digits" {
            return Ok(elbo_data::digits());
        }
        let options = ReadOptions { single, ..self.options(memory) };
        Ok(elbo_data::read(Path::new(&self.data), &options)?)
    }

    /// Reads the rows in f64: cells may be missing, a column of text is a label, and each column has a name of its own.
    pub(crate) fn read_exact(&self, memory: Option<u64>, single: bool) -> Result<Dataset<f64>, Error> {
        if self.data == "digits" {
            let Dataset { name, columns, values, labels, image, full_scale, first_line } =
                elbo_data::digits();
            let values = values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>().into();
            return Ok(Dataset { name, columns, values, labels, image, full_scale, first_line });
        }
        let options = ReadOptions { missing: true, text_is_label: true, single, ..self.options(memory) };
        let data: Dataset<f64> = elbo_data::read_as(Path::new(&self.data), &options)?;
        let mut known = HashSet::new();
        if let Some(name) = data.columns.iter().find(|name| !known.insert(*name)) {
            return Err(Error::plain(format!("`{}` has two columns `{name}`", data.name))
                .hint("columns are found by their names: give each a name of its own"));
        }
        if let Some(cell) = data.values.iter().position(|x| x.abs() > MOST) {
            return Err(Error::plain(format!(
                "`{}`: {} is {:e}, whose square is out of range",
                data.name,
                data.place(cell),
                data.values[cell]
            ))
            .hint("give the column other units, or mend the cell"));
        }
        Ok(data)
    }

    /// `read` for a model that was fitted to this source, of the rows that are asked for, or else its own. New rows come
    /// with the label column of the fit, or without any, and are images where its rows are.
    pub(crate) fn for_model<T>(
        &self,
        asked: &Source,
        read: impl Fn(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if asked.data.is_none() {
            return read(self).map_err(|error| {
                if self.is_missing() { error.hint("--data PATH says where the rows are now") } else { error }
            });
        }
        let asked = Self::new(None, asked)?;
        let plain = Self { image: asked.image.or(self.image), ..asked };
        if plain.label_column.is_some() || self.label_column.is_none() {
            return read(&plain);
        }
        let labelled = Self { label_column: self.label_column.clone(), ..plain.clone() };
        let no_label =
            |error: Error| read(&plain).map_err(|other| if error.lacks_label { other } else { error });
        read(&labelled).or_else(no_label)
    }

    fn options(&self, memory: Option<u64>) -> ReadOptions {
        ReadOptions {
            label_column: self.label_column.clone(),
            labels: self.labels.clone(),
            image: self.image.map(|[height, width]| (height, width)),
            memory,
            ..ReadOptions::default()
        }
    }

    /// Whether its file is not there any more.
    pub(crate) fn is_missing(&self) -> bool {
        self.data != "digits" && !Path::new(&self.data).exists()
    }

    /// The same kind of source at another path.
    pub(crate) fn at(&self, path: &Path) -> Result<Self, Error> {
        let data = absolute(path)?.to_string_lossy().into_owned();
        Ok(Self { data, labels: None, ..self.clone() })
    }

    /// A short name for the run: `digits`, or the file's name without its endings.
    pub(crate) fn name(&self) -> String {
        let file = Path::new(&self.data).file_name().unwrap_or_default().to_string_lossy().into_owned();
        file.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("run").into()
    }
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|cause| Error::io("find", path, &cause))
}

/// x = (stored − offset) / divisor, by column or with one pair for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scaling {
    pub(crate) offset: Vec<f32>,
    pub(crate) divisor: Vec<f32>,
    /// The stored columns that are kept, in order; all of them if none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<usize>,
}

impl Scaling {
    /// The scaling that the argument asks for, by the training rows and the moments of all their columns.
    pub(crate) fn new(
        how: ScaleArgument,
        data: &Dataset,
        train: &Rows<'_>,
        (mean, variance): (&[f64], &[f64]),
        columns: Vec<usize>,
    ) -> Result<Self, Error> {
        let kept: Vec<usize> = if columns.is_empty() { (0..data.width()).collect() } else { columns.clone() };
        let (offset, divisor) = match how {
            ScaleArgument::Auto | ScaleArgument::None => (vec![0.0], vec![1.0]),
            ScaleArgument::Full => {
                let full = data.full_scale.ok_or_else(|| {
                    Error::usage(
                        format!(
                            "`{}` does not say which value is full: --scale full is for images",
                            data.name
                        ),
                        "--scale unit takes the range of the training rows",
                    )
                })?;
                (vec![0.0], vec![full])
            }
            ScaleArgument::Unit => {
                let cells = train.iter().flat_map(|row| kept.iter().map(move |&c| row[c]));
                let (least, most) = cells
                    .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), v| (least.min(v), most.max(v)));
                (vec![least], vec![if most > least { most - least } else { 1.0 }])
            }
            ScaleArgument::Standard => {
                let moments = kept.iter().map(|&c| (mean[c] as f32, variance[c].sqrt() as f32));
                let (mean, sd): (Vec<f32>, Vec<f32>) = moments.unzip();
                if let Some(place) = sd.iter().position(|&sd| sd <= 0.0) {
                    let column = &data.columns[kept[place]];
                    let value = data.row(train.index()[0])[kept[place]];
                    return Err(Error::plain(format!(
                        "`{}`: column `{column}` is {value} in every training row: it cannot be scaled to \
                         standard deviation 1",
                        data.name
                    ))
                    .hint("--drop-constant leaves such columns out; --scale unit or none keeps them"));
                }
                (mean, sd)
            }
        };
        Ok(Self { offset, divisor, columns })
    }

    /// x of every row of the data; the stored values are given up for it.
    fn apply(&self, data: Dataset) -> Result<Prepared, Error> {
        let (rows, stored) = (data.rows(), data.width());
        let width = self.width(stored);
        let mut x = data.values;
        x.change(stored, width, |row| {
            // The columns kept are in order: none is overwritten before it has moved.
            for (i, &c) in self.columns.iter().enumerate() {
                row[i] = row[c];
            }
            for (i, v) in row[..width].iter_mut().enumerate() {
                *v = (*v - at(&self.offset, i)) / at(&self.divisor, i);
            }
        })?;
        Ok(Prepared { x, rows, labels: data.labels, name: data.name, first_line: data.first_line })
    }

    /// A row of x in the units of the stored data.
    pub(crate) fn undo(&self, x: &[f32]) -> Vec<f32> {
        let value = |(i, &v): (usize, &f32)| v * at(&self.divisor, i) + at(&self.offset, i);
        x.iter().enumerate().map(value).collect()
    }

    /// Σ_d log divisor_d, in nats: what to subtract from a Gaussian bound of x for that of the stored values.
    pub(crate) fn log_volume(&self, width: usize) -> f64 {
        (0..width).map(|i| f64::from(at(&self.divisor, i)).ln()).sum()
    }

    fn width(&self, stored: usize) -> usize {
        if self.columns.is_empty() { stored } else { self.columns.len() }
    }
}

/// Rows ready for a model.
pub(crate) struct Prepared {
    /// Row-major `[rows, D]`, scaled.
    pub(crate) x: Cells,
    pub(crate) rows: usize,
    pub(crate) labels: Option<Vec<String>>,
    name: String,
    first_line: usize,
}

impl Prepared {
    /// Keeps the first rows only.
    pub(crate) fn truncate(&mut self, rows: usize) {
        let width = self.x.len() / self.rows;
        self.rows = self.rows.min(rows);
        self.x.truncate(self.rows * width);
        if let Some(labels) = &mut self.labels {
            labels.truncate(rows);
        }
    }

    /// Makes the rows what the encoder is given where nothing is drawn: cut at 1/2 under `threshold`, and grey
    /// as they are under `dynamic`, which is the mean of the draws.
    pub(crate) fn as_encoded(&mut self, binarise: Binarise) -> Result<(), Error> {
        if binarise == Binarise::Threshold {
            let width = self.x.len() / self.rows;
            self.x.change(width, width, |row| binarise.apply(Key::new(0), 0, row))?;
        }
        Ok(())
    }

    /// Checks that a Bernoulli likelihood can take every value.
    pub(crate) fn check_unit(&self, columns: &[String]) -> Result<(), Error> {
        let Some(place) = self.x.iter().position(|v| !(0.0..=1.0).contains(v)) else { return Ok(()) };
        let (row, column) = (place / columns.len(), place % columns.len());
        Err(Error::plain(format!(
            "`{}`: column `{}` line {} is {}, but a Bernoulli likelihood needs values in [0, 1]",
            self.name,
            columns[column],
            self.first_line + row,
            self.x[place]
        ))
        .hint("--scale unit maps the range of the training rows to [0, 1]; --likelihood gaussian takes any number"))
    }
}

/// Reads rows for a fitted model: those named, or those that it was fitted to.
pub(crate) fn read_for(config: &Config, source: &Source) -> Result<Prepared, Error> {
    config.data.source.for_model(source, |rows| read_rows(config, rows, source.memory))
}

/// All rows, or some of them drawn at random, in order.
pub(crate) fn chosen<'a>(all: &Rows<'a>, number: Option<usize>, key: Key) -> Rows<'a> {
    drawn(all.len(), number, key).map_or_else(|| all.clone(), |index| all.select(index))
}

/// So many of all rows drawn at random, in order; `None` where that is all of them.
pub(crate) fn drawn(all: usize, number: Option<usize>, key: Key) -> Option<Vec<usize>> {
    let number = number.filter(|&number| number < all)?;
    let mut index = key.purpose(Purpose::Split).permutation(all);
    index.truncate(number);
    index.sort_unstable();
    Some(index)
}

/// So many of all rows, of which there must be some, drawn with replacement.
pub(crate) fn resampled(all: usize, number: usize, key: Key) -> Vec<usize> {
    let mut uniforms = vec![0.0; number];
    key.purpose(Purpose::Shuffle).uniforms(0, &mut uniforms);
    uniforms.iter().map(|&u| ((f64::from(u) * all as f64) as usize).min(all - 1)).collect()
}

/// Reads the rows that a model was fitted to, and checks that they are the same.
pub(crate) fn read_own(config: &Config, memory: Option<u64>) -> Result<Prepared, Error> {
    let source = &config.data.source;
    let data = source.read(memory, false).map_err(|error| {
        if source.is_missing() { error.hint("--data PATH says where rows are now") } else { error }
    })?;
    same_data(&data.name, &data.fingerprint(), &config.data.fingerprint)?;
    prepare(config, data)
}

/// Checks that data are those of a run, by their fingerprint and the one that is recorded.
pub(crate) fn same_data(name: &str, fingerprint: &str, recorded: &str) -> Result<(), Error> {
    if fingerprint == recorded {
        return Ok(());
    }
    Err(Error::plain(format!("`{name}` is not the data of this run: its contents differ"))
        .hint("restore the file, or start a new run"))
}

/// Reads the rows of a source for a model, or for its test.
pub(crate) fn read_rows(
    config: &Config,
    source: &SourceConfig,
    memory: Option<u64>,
) -> Result<Prepared, Error> {
    prepare(config, source.read(memory, true)?)
}

/// Rows of a file as the model takes them.
pub(crate) fn prepare(config: &Config, data: Dataset) -> Result<Prepared, Error> {
    let (got, needed) = (data.width(), config.data.stored_columns);
    if got != needed {
        return Err(Error::plain(format!(
            "`{}` has {got} columns, but the model's data have {needed}",
            data.name
        ))
        .hint(
            "rows need the columns of the training data, in their order; --label-column sets a label aside",
        ));
    }
    let prepared = config.data.scaling.apply(data)?;
    if config.fit.vae.likelihood == Likelihood::Bernoulli {
        prepared.check_unit(&config.data.columns)?;
    }
    Ok(prepared)
}

fn at(values: &[f32], i: usize) -> f32 {
    if values.len() == 1 { values[0] } else { values[i] }
}

/// Says what was understood of a file.
pub(crate) fn describe<T: Number + std::fmt::Display>(data: &Dataset<T>) {
    let (least, most) = data.range();
    let shape = match data.image {
        Some((height, width)) => format!("images of {height}×{width}"),
        None => format!("{} columns", data.width()),
    };
    let labels = match &data.labels {
        Some(labels) => {
            let kinds: HashSet<&String> = labels.iter().collect();
            format!(", {} different labels set aside", kinds.len())
        }
        None => String::new(),
    };
    tell(format!(
        "data        {}: {} rows, {shape}, values {least} to {most}{labels}",
        data.name,
        data.rows()
    ));
    if data.values.held() == 0 {
        let gigabytes = size_of_val(&data.values[..]) as f64 / 1e9;
        let folder = std::env::temp_dir();
        tell(format!(
            "memory      the rows lie in a temporary file of {gigabytes:.1} GB in {}",
            folder.display()
        ));
    }
}
