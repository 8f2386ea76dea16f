//! `metrics.jsonl`: a line for each epoch, or for each sweep of each start.

use std::{
    collections::HashSet,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
};

use elbo::fit::EpochReport;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{error::Error, folder::Folder, text::Text};

const FILE: &str = "metrics.jsonl";

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// What it brought.
    #[serde(flatten)]
    pub epoch: EpochReport,
    /// Wall-clock time of the epoch.
    pub seconds: f64,
    /// Training rows a second.
    pub rows_per_second: f64,
}

impl Folder {
    /// Appends lines to `metrics.jsonl`.
    pub(crate) fn append_metrics<T: Serialize>(&self, metrics: &[T]) -> Result<(), Error> {
        let path = self.path(FILE);
        let failed = |cause| self.explained(Error::io("write", &path, &cause));
        if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
            let message = format!("`{}` is no regular file: it is not written to", path.display());
            return Err(Error::new(message).remedy("remove it"));
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        file.write_all(&lines(metrics)?).map_err(failed)
    }

    /// The lines of the file that a state knows of, `number` of them, with which alone it is left: an interrupted fit may have
    /// written more, and a last line that is cut off. `place` says which of them a line is; none of another. Beside them what
    /// there is to say of lines that are lost, or cannot be read.
    pub(crate) fn recover_metrics<T: Serialize + DeserializeOwned>(
        &self,
        number: usize,
        place: impl Fn(&T) -> Option<(usize, usize)>,
    ) -> Result<(Vec<T>, Option<Text>), Error> {
        let path = self.path(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound => Vec::new(),
            Err(cause) => return Err(Error::io("read", &path, &cause)),
        };
        let mut places = HashSet::new();
        let read =
            text.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice::<T>(line).ok());
        let kept: Vec<T> =
            read.filter(|line| place(line).is_some_and(|place| places.insert(place))).collect();
        let lost = number.saturating_sub(kept.len());
        let told = (lost > 0).then(|| {
            let text = format!(
                "{lost} of {number} lines of `{}` are lost or cannot be read: the report's curves lack them, the fit itself \
                 does not",
                path.display()
            );
            text.into()
        });
        self.write(FILE, &lines(&kept)?)?;
        Ok((kept, told))
    }
}

fn lines<T: Serialize>(metrics: &[T]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for line in metrics {
        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}
