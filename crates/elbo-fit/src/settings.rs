//! Settings as a file holds them, and as people read them.

use serde::Serialize;

use crate::error::Error;

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
