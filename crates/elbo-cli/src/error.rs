//! What the program says when it cannot do as asked, and its exit codes.

use std::{io, path::Path, process::ExitCode};

use crate::tell;

/// A message, and the remedy where there is one.
#[derive(Debug)]
pub(crate) struct Error {
    message: String,
    hint: Option<String>,
    usage: bool,
    /// Whether a file lacks the label column that was to be set aside.
    pub(crate) lacks_label: bool,
}

impl Error {
    /// A failure.
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, usage: false, lacks_label: false }
    }

    /// A request that makes no sense: exit code 2.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { usage: true, ..Self::plain(message).hint(hint) }
    }

    /// A failure of the operating system on a path.
    pub(crate) fn io(what: &str, path: &Path, cause: &io::Error) -> Self {
        let error = Self::plain(format!("cannot {what} `{}`: {cause}", path.display()));
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                error.hint("free some space, or choose another folder with --runs DIR")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                error.hint("choose a folder that you can write with --runs DIR")
            }
            io::ErrorKind::NotFound => error.hint("check the path"),
            _ => error,
        }
    }

    /// The same with a remedy.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says it on stderr; the program's exit code.
    pub(crate) fn report(&self) -> ExitCode {
        tell(format!("error: {}", self.message));
        if let Some(hint) = &self.hint {
            tell(format!("\nhint: {hint}"));
        }
        if self.usage { ExitCode::from(2) } else { ExitCode::FAILURE }
    }
}

impl From<elbo_data::Error> for Error {
    fn from(error: elbo_data::Error) -> Self {
        let lacks_label = matches!(error, elbo_data::Error::LabelColumn { .. });
        Self { hint: error.hint(), lacks_label, ..Self::plain(error.to_string()) }
    }
}

impl From<elbo::Error> for Error {
    fn from(error: elbo::Error) -> Self {
        let hint = match &error {
            elbo::Error::NonFinite { step: 0, .. } => {
                Some("the values are too large to compute with: --scale standard brings them near 1".into())
            }
            elbo::Error::NonFinite { .. } => Some(
                "a smaller --step-size, or --clip-norm 10, keeps the parameters from running away".into(),
            ),
            _ => None,
        };
        Self { hint, ..Self::plain(error.to_string()) }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::plain(error.to_string())
    }
}
