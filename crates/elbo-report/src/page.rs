//! A page: one HTML file that needs nothing else. Pictures are inline SVG and PNG; colours are CSS variables, so light and
//! dark mode both work.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A self-contained page of the sections that there are.
pub(crate) fn page(title: &str, header: &Markup, sections: &[(&str, Option<Markup>)]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                (header)
                main {
                    @for (heading, figure) in sections {
                        @if let Some(figure) = figure {
                            section { h2 { (heading) } (figure) }
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

/// A picture above the caption that explains it.
pub(crate) fn captioned(picture: &Markup, caption: &Markup) -> Markup {
    html! { figure { (picture) figcaption { (caption) } } }
}
