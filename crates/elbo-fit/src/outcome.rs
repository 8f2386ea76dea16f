//! A fit that is done.

use std::path::PathBuf;

use crate::{page::Page, results::Results, text::Text};

/// A fit that is done, and all that there is to see of it.
#[derive(Debug)]
pub struct Outcome {
    /// The run folder.
    pub folder: PathBuf,
    /// The figures.
    pub results: Results,
    /// The headlines, as (name, text).
    pub facts: Vec<(String, Text)>,
    /// The content of the report.
    pub page: Page,
}
