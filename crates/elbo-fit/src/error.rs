//! What a fit, or a fitted model, says when it cannot do as asked.

use std::{fmt, io, path::Path};

use crate::{remedy, text::Text};

/// A message and, where there is one, the remedy.
#[derive(Debug)]
pub struct Error {
    message: Text,
    remedy: Option<Text>,
    kind: Kind,
}

/// What kind of failure it is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for could not be done.
    Failed,
    /// What was asked for makes no sense.
    Request,
    /// A column is asked for by a name that the data do not have.
    LacksColumn,
    /// Who watches has stopped the fit.
    Stopped,
}

impl Error {
    /// A failure.
    pub fn new(message: impl Into<Text>) -> Self {
        Self { message: message.into(), remedy: None, kind: Kind::Failed }
    }

    /// A request that makes no sense, and a better one.
    pub fn request(message: impl Into<Text>, remedy: impl Into<Text>) -> Self {
        Self { kind: Kind::Request, ..Self::new(message).remedy(remedy) }
    }

    /// The error that the observer has stopped a fit, for example after `epoch 3`; the fit can go on from its folder.
    pub(crate) fn stopped(after: &str, folder: &Path) -> Self {
        let error = Self::new(format!("the fit was stopped after {after}"));
        Self { kind: Kind::Stopped, ..error.remedy(format!("{} goes on", going_on(folder))) }
    }

    /// A failure of the operating system on a path.
    pub fn io(what: &str, path: &Path, cause: &io::Error) -> Self {
        let error = Self::new(format!("cannot {what} `{}`: {cause}", path.display()));
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                error.remedy("free some space, or choose another folder with «runs DIR»")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                error.remedy("choose a folder that you can write with «runs DIR»")
            }
            io::ErrorKind::NotFound => error.remedy("check the path"),
            _ => error,
        }
    }

    /// Adds a remedy, which says what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<Text>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns this error with one more remedy.
    pub(crate) fn and(self, more: &str) -> Self {
        let remedy = match &self.remedy {
            Some(remedy) => remedy.then(more),
            None => more.into(),
        };
        self.remedy(remedy)
    }

    /// What is wrong.
    pub fn message(&self) -> &Text {
        &self.message
    }

    /// What to do about it.
    pub fn what_to_do(&self) -> Option<&Text> {
        self.remedy.as_ref()
    }

    /// Returns this error as a failure of the data, where nothing is wrong with what was asked for.
    pub(crate) fn of_data(self) -> Self {
        Self { kind: if self.kind == Kind::LacksColumn { Kind::Failed } else { self.kind }, ..self }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// The command that goes on with the fit of a run folder.
pub(crate) fn going_on(folder: &Path) -> String {
    format!("«elbo resume {}»", folder.display())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, " ({remedy})"))
    }
}

impl std::error::Error for Error {}

impl From<elbo_data::Error> for Error {
    fn from(error: elbo_data::Error) -> Self {
        let kind = match error {
            elbo_data::Error::LabelColumn { .. } => Kind::LacksColumn,
            _ => Kind::Failed,
        };
        Self { remedy: error.remedy().as_ref().map(remedy::words), kind, ..Self::new(error.to_string()) }
    }
}

impl From<elbo::Error> for Error {
    fn from(error: elbo::Error) -> Self {
        let remedy = match &error {
            elbo::Error::NonFinite { step: None | Some(0), .. } => {
                Some("the values are too large to compute with: «scale standard» brings them near 1".into())
            }
            elbo::Error::NonFinite { .. } => Some(
                "a smaller «step-size», or «clip-norm 10», keeps the parameters from running away".into(),
            ),
            _ => None,
        };
        Self { remedy, ..Self::new(error.to_string()) }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string())
    }
}
