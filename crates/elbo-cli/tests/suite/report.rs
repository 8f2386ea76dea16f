//! The report of a run is one page that needs nothing else.

use crate::common::{Place, measurements};

const HEADINGS: [&str; 7] = [
    "The bound",
    "Its two terms",
    "Latent dimensions",
    "Reconstructions",
    "Samples from the prior",
    "Latent map",
    "Settings",
];

/// Checks the page, and gives its text.
fn checked(place: &Place, run: &str) -> String {
    let page = place.text(&format!("{run}/report.html"));
    for heading in HEADINGS {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "no {heading}");
    }
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    for word in
        ["http://", "https://", "src=\"/", "url(", "<script", "<link", "@import", "NaN", "could not be drawn"]
    {
        assert!(!outside.contains(word), "{word}");
    }
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    page
}

#[test]
fn of_images() {
    let place = Place::new();
    place.succeeds("train digits --epochs 3");
    let page = checked(&place, "runs/digits");
    assert_eq!(page.matches("data:image/png;base64,").count(), 2);
    let elbo = place.results("runs/digits")["validation"]["elbo"]["value"].as_f64().unwrap();
    assert!(page.contains(&format!("{elbo:.3} ± ")), "no {elbo}");
}

#[test]
fn of_a_table_whose_names_are_html() {
    let place = Place::new();
    let hostile = measurements(60)
        .replace("height", "<b>height</b>")
        .replace("tall", "<script>alert(1)</script>")
        .replace("small", "\"a & b, \"\"c\"\"\"");
    place.write("<i>data&.csv", hostile);
    place.succeeds("train --data <i>data&.csv --label-column kind --epochs 3");
    let page = checked(&place, "runs/<i>data&");
    for raw in ["<b>", "<i>data"] {
        assert!(!page.contains(raw), "{raw}");
    }
    for escaped in [
        "&lt;b&gt;height&lt;/b&gt;",
        "&lt;script&gt;alert(1)",
        "a &amp; b, &quot;c&quot;",
        "&lt;i&gt;data&amp;",
    ] {
        assert!(page.contains(escaped), "no {escaped}");
    }
}
