//! A page's sections and tables.

use elbo::diagnose::{Findings, Verdict};
use elbo_fit::{AscentPage, figure::Figure};
use elbo_report::ascent;
use roxmltree::{Document, Node};

use crate::picture::{Picture, pictures};

/// A fit with these figures, each under a heading of its own.
pub(crate) fn outcome(figures: Vec<Figure>) -> AscentPage {
    let findings = Findings { converged: Some(true), coordinate_ascent: true, ..Findings::default() };
    AscentPage {
        title: "eruptions".into(),
        rows: 272,
        verdict: Verdict::of(&findings),
        starts: vec![-1289.5, -1301.25],
        kind: "Bayesian Gaussian mixture".into(),
        names: ["rows", "θ"],
        has_prior: true,
        cards: vec![("components".into(), "2 of 6".into())],
        notes: vec!["Any order is as good.".into()],
        bounds: vec![-1310.0, -1295.0, -1289.5],
        figures: figures
            .into_iter()
            .enumerate()
            .map(|(place, figure)| (format!("figure {place}"), figure))
            .collect(),
        settings: vec![("ascent.sweeps".into(), "5000".into()), ("seed".into(), "0".into())],
    }
}

/// The page of a fit.
pub(crate) fn page(of: &AscentPage) -> String {
    ascent(of, &ToString::to_string)
}

/// The section of a page of one figure.
pub(crate) fn drawn(figure: Figure) -> String {
    section(&page(&outcome(vec![figure])), "figure 0").to_owned()
}

/// The chart of a page of one figure.
pub(crate) fn chart(figure: Figure) -> Picture {
    let mut charts = pictures(&drawn(figure));
    assert_eq!(charts.len(), 1);
    charts.remove(0)
}

/// What stands under a heading.
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<h2>{heading}</h2>")).unwrap_or_else(|| panic!("no {heading}"));
    rest.split_once("</section>").unwrap().0
}

/// Each table as rows of cells, its head first.
pub(crate) fn tables(section: &str) -> Vec<Vec<Vec<String>>> {
    let read = |rest: &str| {
        let table = format!("<table{}", &rest[..rest.find("</table>").unwrap() + "</table>".len()]);
        let document = Document::parse(&table).unwrap();
        let rows = document.descendants().filter(|node| node.has_tag_name("tr"));
        let cells = |row: Node<'_, '_>| row.children().map(text).collect();
        rows.map(cells).collect()
    };
    section.split("<table").skip(1).map(read).collect()
}

/// The table of a section that has one.
pub(crate) fn table(section: &str) -> Vec<Vec<String>> {
    let mut all = tables(section);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

/// The key to a chart: its entries and their colours.
pub(crate) fn key(section: &str) -> Vec<(String, String)> {
    let entries = section.split("style=\"--ink:var(--").skip(1);
    let read = |rest: &str| {
        let (ink, rest) = rest.split_once(")\">").unwrap();
        let name = rest.strip_prefix("</i>").unwrap().split_once("</span>").unwrap().0;
        (name.into(), ink.into())
    };
    entries.map(read).collect()
}

/// The caption of a section's figure, without its marks.
pub(crate) fn caption(section: &str) -> String {
    let (_, rest) = section.split_once("<figcaption>").unwrap();
    let document = format!("<p>{}</p>", rest.split_once("</figcaption>").unwrap().0);
    text(Document::parse(&document).unwrap().root())
}
