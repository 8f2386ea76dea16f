//! The names of words, which lie beside their counts.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::options::CorpusOptions;
use crate::source::Source;

/// The words of a file of counts.
pub(crate) struct Vocabulary {
    path: PathBuf,
    names: Vec<String>,
}

impl Vocabulary {
    /// The one that is named, or else the one that lies beside the counts.
    pub(crate) fn of(counts: &Path, options: &CorpusOptions) -> Result<Option<Self>, Error> {
        let Some(path) = options.vocabulary.clone().or_else(|| sibling(counts)) else { return Ok(None) };
        let names = read(&path)?;
        Ok(Some(Self { path, names }))
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The names of this many words.
    pub(crate) fn names(self, words: usize) -> Result<Vec<String>, Error> {
        let Self { path, names } = self;
        if names.len() == words {
            return Ok(names);
        }
        Err(Error::VocabularyCount { path, names: names.len(), words })
    }
}

/// `a.tokens` or `a.vocab` of `a.ldac`, and `vocab.a.txt` of `docword.a.txt`.
fn sibling(counts: &Path) -> Option<PathBuf> {
    let name = counts.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let of_bags = name.strip_prefix("docword.").map(|rest| format!("vocab.{rest}"));
    let beside = ["tokens", "vocab"].map(|ending| format!("{stem}.{ending}"));
    beside.into_iter().chain(of_bags).map(|name| counts.with_file_name(name)).find(|path| path.is_file())
}

fn read(path: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    Source::open(path)?.lines(|_, line| {
        names.push(line.split('\t').nth(1).unwrap_or(line).trim().to_owned());
        Ok(())
    })?;
    if names.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    Ok(names)
}
