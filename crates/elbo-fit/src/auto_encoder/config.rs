//! The configuration of a run: with the data, all that determines the fit to the bit.

use std::path::PathBuf;

use elbo::fit::FitConfig;
use elbo_data::column_names;
use serde::{Deserialize, Serialize};

use crate::{error::Error, scaling::Scaling, settings::to_toml, source::Source, variable::Variable};

/// The name of the model.
pub const NAME: &str = "auto-encoder";

fn model() -> String {
    NAME.into()
}

/// The contents of `config.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The version of the program that wrote it.
    pub(crate) elbo: String,
    pub(crate) name: String,
    /// The name of the model; files of earlier versions have none.
    #[serde(default = "model")]
    pub(crate) model: String,
    /// Whose networks are fitted, where they are not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) networks: Option<String>,
    /// The model file whose parameters the fit begins at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begin_at: Option<PathBuf>,
    pub(crate) data: DataConfig,
    pub(crate) fit: FitConfig,
}

/// The data of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataConfig {
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
    /// Whether values are scaled as they are stored; fits of earlier versions took them in 32 bits.
    #[serde(default)]
    pub(crate) exact: bool,
    /// The fraction of the rows held for validation.
    pub(crate) validation: f64,
    pub(crate) source: Source,
    pub(crate) test: Option<Source>,
    #[serde(rename = "scaling")]
    pub(crate) taken: Taken,
    /// What each of the columns holds, where they are of several kinds, or have missing cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) variables: Vec<Variable>,
}

/// What is taken of a stored row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// How the columns become x.
    #[serde(flatten)]
    pub(crate) scaling: Scaling,
    /// The stored columns that are kept, in order; all of them if none is listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<usize>,
}

impl Config {
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
        let DataConfig { stored_columns, columns, image, validation, taken, variables, .. } = &self.data;
        let width = columns.len();
        let kept = if taken.columns.is_empty() { *stored_columns } else { taken.columns.len() };
        kept == width
            && taken.columns.is_sorted_by(|a, b| a < b)
            && taken.columns.last().is_none_or(|column| column < stored_columns)
            && taken.scaling.is_of(width)
            && (variables.is_empty() || variables.len() == width)
            && image.is_none_or(|[height, across]| height.checked_mul(across) == Some(width))
            && (0.0..1.0).contains(validation)
    }

    /// Height and width, where rows are images.
    pub fn image(&self) -> Option<(usize, usize)> {
        self.data.image.map(|[height, width]| (height, width))
    }
}
