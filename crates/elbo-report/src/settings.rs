//! How the model was fitted.

use maud::{Markup, html};

/// Settings under the heading of their group, in the order of first appearance.
pub(crate) fn figure(settings: &[(String, String)]) -> Option<Markup> {
    let mut groups: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for (key, value) in settings {
        let (group, name) = key.split_once('.').unwrap_or(("general", key));
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, entries)) => entries.push((name, value)),
            None => groups.push((group, vec![(name, value)])),
        }
    }
    (!groups.is_empty()).then(|| {
        html! {
            div.settings {
                @for (group, entries) in groups {
                    div {
                        h3 { (group) }
                        dl { @for (name, value) in entries { dt { (name) } dd { (value) } } }
                    }
                }
            }
        }
    })
}
