//! Settings as a file holds them, and as people read them.

use std::{fs, io::ErrorKind, path::Path};

use serde::Serialize;

use crate::error::Error;

/// The text of a config.toml.
pub(crate) fn job_text(path: &Path) -> Result<String, Error> {
    let text = fs::read(path).map_err(|cause| {
        let error = Error::new(format!("cannot read `{}`: {cause}", path.display()));
        error.remedy(match cause.kind() {
            ErrorKind::NotFound => "check the path",
            ErrorKind::PermissionDenied => "check that you may read the file",
            _ => "give the config.toml of a run folder",
        })
    })?;
    String::from_utf8(text).map_err(|cause| {
        let before = &cause.as_bytes()[..cause.utf8_error().valid_up_to()];
        let line = before.split(|&byte| byte == b'\n').count();
        Error::new(format!("`{}`, line {line}, is not UTF-8 text", path.display())).remedy(AS_WRITTEN)
    })
}

const AS_WRITTEN: &str = "mend what stands there, or give the config.toml of a run folder as elbo wrote it";

/// The error that a file is no configuration, with the line that is wrong and what stands there.
pub(crate) fn not_a_job(path: &Path, text: &str, cause: &toml::de::Error) -> Error {
    let place = cause.span().filter(|span| span.end > 0).and_then(|span| {
        let line = text.get(..span.start)?.lines().count().max(1);
        let at_start = text[..span.start].ends_with('\n');
        let line = line + usize::from(at_start);
        Some((line, text.lines().nth(line - 1)?.trim()))
    });
    let cause = cause.message().lines().collect::<Vec<_>>().join(", ");
    let place = place.map_or(String::new(), |(line, written)| {
        let written: String = written.chars().take(60).collect();
        format!("line {line}, `{written}`: ")
    });
    let message = format!("`{}` is not a configuration of a run: {place}{cause}", path.display());
    Error::new(message).remedy(AS_WRITTEN)
}

/// A configuration as its file holds it.
pub(crate) fn to_toml(config: &impl Serialize) -> Result<String, Error> {
    toml::to_string(config).map_err(|cause| Error::new(format!("cannot write the configuration: {cause}")))
}

/// Every setting as ("group.name", value), for the report.
pub(crate) fn settings(config: &impl Serialize) -> Vec<(String, String)> {
    let value = serde_json::to_value(config).unwrap_or_default();
    let mut settings = Vec::new();
    flatten("", &value, &mut settings);
    settings
}

fn flatten(path: &str, value: &serde_json::Value, settings: &mut Vec<(String, String)>) {
    use serde_json::Value;
    let shown = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, settings);
            }
            return;
        }
        Value::Null => "–".into(),
        Value::String(text) => text.clone(),
        // Hundreds of column names or offsets are in config.toml, not in a table to read.
        Value::Array(items) if items.len() > 8 => format!("{} values", items.len()),
        other => other.to_string(),
    };
    settings.push((path.into(), shown));
}
