//! The page of a fit by coordinate ascent.

use elbo::diagnose::{Findings, Starts, Verdict};
use elbo_report::ascent;

use crate::{
    page::{caption, key, outcome, page, section},
    picture::{of_ink, pictures},
    samples::{every, facts, strings},
};

#[test]
fn sections_stand_in_their_order() {
    let mut of = outcome(vec![facts(), facts()]);
    of.figures[0].0 = "Mean & precision".into();
    let page = page(&of);
    let headings: Vec<&str> =
        page.split("<h2>").skip(1).map(|rest| rest.split_once("</h2>").unwrap().0).collect();
    assert_eq!(headings, ["Verdict", "Mean &amp; precision", "figure 1", "The bound", "Settings"]);
}

#[test]
fn the_header_says_what_was_fitted_and_its_bound() {
    let page = page(&outcome(Vec::new()));
    let header = page.split_once("<header>").unwrap().1.split_once("</header>").unwrap().0;
    for part in [
        "<p class=\"kicker\">Bayesian Gaussian mixture</p>",
        "<h1>eruptions</h1>",
        "<dt>ELBO of all 272 rows under this prior</dt><dd>−1289.500 nats</dd>",
        "<dt>components</dt><dd>2 of 6</dd>",
        "<li>Any order is as good.</li>",
    ] {
        assert!(header.contains(part), "{part} in {header}");
    }
    assert!(page.contains("<title>eruptions – ELBO report</title>"));
}

#[test]
fn the_bound_is_a_point_a_sweep() {
    let page = page(&outcome(every()));
    let section = section(&page, "The bound");
    let picture = &pictures(section)[0];
    let truth = [[1.0, -1310.0], [2.0, -1295.0], [3.0, -1289.5]];
    picture.assert_near(&of_ink(&picture.dots, "validation"), &truth);
    picture.assert_near(&of_ink(&picture.lines, "validation"), &truth);
    assert_eq!((&picture.x.name[..], &picture.x.labels), ("sweep", &strings(["1", "2", "3"])));
    assert_eq!(key(section), [("ELBO, nats of all rows".into(), "validation".into())]);
    let said = caption(section);
    assert!(
        said.contains("larger is better") && said.contains("The starts reached −1289.50, −1301.25."),
        "{said}"
    );
    assert!(!said.contains("the bulk of the sweeps"));
}

#[test]
fn a_steep_beginning_is_cut_off_and_no_sweep_is_0() {
    let mut of = outcome(Vec::new());
    of.bounds = (1..=100).map(|sweep| -1e6 / f64::from(sweep * sweep * sweep) - 300.0).collect();
    of.starts.truncate(1);
    let page = page(&of);
    let section = section(&page, "The bound");
    let picture = &pictures(section)[0];
    assert_eq!(picture.x.labels, strings(["10", "20", "30", "40", "50", "60", "70", "80", "90", "100"]));
    let line = of_ink(&picture.lines, "validation");
    let last = *line.last().unwrap();
    picture.assert_near(&[last], &[[100.0, -301.0]]);
    assert!(line[0][0] > 1.0 && picture.dots.is_empty());
    let said = caption(section);
    assert!(said.contains("the bulk of the sweeps") && !said.contains("The starts"));
}

#[test]
fn one_sweep_and_none_are_drawn() {
    let mut of = outcome(Vec::new());
    of.bounds.truncate(1);
    let picture = &pictures(section(&page(&of), "The bound"))[0];
    picture.assert_near(&of_ink(&picture.dots, "validation")[..0], &[]);
    assert_eq!((picture.dots.len(), &picture.x.labels), (1, &strings(["1"])));
    of.bounds.clear();
    assert_eq!(pictures(section(&page(&of), "The bound")).len(), 1);
}

#[test]
fn settings_are_grouped() {
    let mut of = outcome(Vec::new());
    of.settings = ["ascent.sweeps", "data.rows", "ascent.tolerance", "seed"]
        .map(|name| (name.into(), format!("of {name}")))
        .into();
    let page = page(&of);
    let said = section(&page, "Settings").to_owned() + "</section>";
    let groups = [("ascent", vec!["sweeps", "tolerance"]), ("data", vec!["rows"]), ("general", vec!["seed"])];
    let mut rest = &said[..];
    for (group, names) in groups {
        rest = rest.split_once(&format!("<h3>{group}</h3>")).unwrap().1;
        let entries = rest.split_once("</dl>").unwrap().0;
        let found: Vec<&str> =
            entries.split("<dt>").skip(1).map(|rest| rest.split_once("</dt>").unwrap().0).collect();
        assert_eq!(found, names);
        let full = if group == "general" { names[0].into() } else { format!("{group}.{}", names[0]) };
        assert!(entries.contains(&format!("<dt>{}</dt><dd>of {full}</dd>", names[0])), "{entries}");
    }
}

#[test]
fn the_verdict_names_its_remedies() {
    let mut of = outcome(Vec::new());
    let findings = Findings {
        converged: Some(false),
        coordinate_ascent: true,
        starts: Some(Starts { starts: 5, reached: 1, apart: 1, within: 1.0 }),
        ..Findings::default()
    };
    of.verdict = Verdict::of(&findings);
    let page = ascent(&of, &|remedy| format!("[{remedy}] & so on"));
    let said = section(&page, "Verdict");
    for part in [
        "<code>[more sweeps] &amp; so on</code>",
        "<strong class=\"caution\">caution</strong>",
        "1 of 5 starts",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
