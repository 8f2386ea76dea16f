//! Where rows come from.

use std::path::PathBuf;

use clap::Args;
use elbo_fit::{Asked, Error, absolute};

use super::values::{parse_image, parse_memory};

/// Where rows come from.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Source {
    /// Rows to read: IDX images (MNIST; also .gz) or a table of numbers (.csv, .tsv, .npy; also .gz).
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// A column of the table that is no data but a label: its name, its number from 1, or `last`.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub(crate) label_column: Option<String>,
    /// IDX file of labels for IDX images (found by itself where it is named as MNIST's).
    #[arg(long, value_name = "PATH", requires = "data")]
    pub(crate) labels: Option<PathBuf>,
    /// The rows of a table are images of this size.
    #[arg(long, value_name = "HxW", value_parser = parse_image, requires = "data")]
    pub(crate) image: Option<(usize, usize)>,
    /// Memory for rows, as 500M or 2G (1G = 1024M; a plain number is bytes). Where they take more, they lie in a
    /// temporary file in the folder that TMPDIR names (/tmp, if it names none): 4 bytes a pixel, 8 a number of a table, and
    /// 4 more where an auto-encoder scales it.
    /// The results are the same, to the bit.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub(crate) memory: Option<u64>,
}

impl Source {
    /// The source that is named: what is built in, or a file.
    pub(crate) fn named(&self, builtin: Option<&str>) -> Result<elbo_fit::Source, Error> {
        let source = match (builtin, &self.data) {
            (Some(name), _) => elbo_fit::Source::built_in(name),
            (None, Some(path)) => elbo_fit::Source::file(path)?,
            (None, None) => {
                let hint = "«data PATH» reads a file; for train, mixture and factors `digits` is built in";
                return Err(Error::request("no data given", hint));
            }
        };
        Ok(elbo_fit::Source {
            label_column: self.label_column.clone(),
            labels: self.labels.as_deref().map(absolute).transpose()?,
            image: self.image.map(|(height, width)| [height, width]),
            ..source
        })
    }

    /// The rows that a fitted model is asked about.
    pub(crate) fn asked(&self) -> Result<Asked, Error> {
        let source = self.data.as_ref().map(|_| self.named(None)).transpose()?;
        Ok(Asked { source, memory: self.memory })
    }
}
