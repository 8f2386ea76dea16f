//! What holds of figures of every kind.

use elbo_fit::figure::{Coefficient, Figure, Steps};

use crate::{
    page::{drawn, outcome, page, tables},
    picture::pictures,
    samples::{every, strings},
};

/// The name of a figure's kind, as JSON has it.
fn kind(figure: &Figure) -> String {
    let json = serde_json::to_value(figure).unwrap();
    json.as_object().unwrap().keys().next().unwrap().clone()
}

#[test]
fn there_is_a_sample_of_every_kind() {
    let refused = serde_json::from_str::<Figure>(r#"{"no-such-kind": 1}"#).unwrap_err().to_string();
    let (_, known) = refused.split_once("expected one of ").unwrap();
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let sampled: Vec<String> = every().iter().map(kind).collect();
    assert_eq!(sampled, known);
}

#[test]
fn a_figure_comes_back_from_json_as_it_was() {
    for figure in every() {
        let json = serde_json::to_string(&figure).unwrap();
        let back: Figure = serde_json::from_str(&json).unwrap();
        assert_eq!(back, figure, "{json}");
        assert_eq!(drawn(back), drawn(figure));
    }
}

#[test]
fn a_missing_cell_is_null() {
    let figure = Figure::Coloured {
        columns: strings(["level"]),
        x: vec![Some(0.1), None],
        lengths: vec![2],
        states: vec![0, 0],
        steps: Steps::default(),
    };
    let json = r#"{"coloured":{"columns":["level"],"x":[0.1,null],"lengths":[2],"states":[0,0]}}"#;
    assert_eq!(serde_json::to_string(&figure).unwrap(), json);
    assert_eq!(serde_json::from_str::<Figure>(json).unwrap(), figure);
}

/// A figure with each of its numbers, lists and texts changed by name of the field and what it holds.
fn changed(figure: &Figure, change: &dyn Fn(&mut serde_json::Value)) -> Figure {
    fn each(value: &mut serde_json::Value, change: &dyn Fn(&mut serde_json::Value)) {
        change(value);
        match value {
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| each(field, change)),
            _ => {}
        }
    }
    let mut json = serde_json::to_value(figure).unwrap();
    each(&mut json, change);
    serde_json::from_value(json).unwrap()
}

/// Reads all that is drawn, whose places must be finite, and inside, and its labels apart.
fn legible(figure: Figure) -> String {
    let kind = kind(&figure);
    let section = drawn(figure);
    for word in ["NaN", "inf", "could not be drawn"] {
        assert!(!section.contains(word), "{word} in {kind}: {section}");
    }
    pictures(&section);
    tables(&section);
    section
}

#[test]
fn all_is_legible_at_any_size() {
    for figure in every() {
        legible(figure.clone());
        for factor in [1e-150, 1e-12, 1e-5, 1e3, 1e8, 1e12, 1e150] {
            legible(changed(&figure, &|value| {
                if let Some(x) = value.as_f64().filter(|_| value.is_f64()) {
                    *value = (x * factor).into();
                }
            }));
        }
    }
}

#[test]
fn numbers_all_alike_are_legible() {
    for figure in every() {
        for same in [0.0, 1.0, -1e-9, 123_456_789.0] {
            // A variance is positive.
            let same = if matches!(figure, Figure::Ellipses(_) | Figure::Components { .. }) {
                f64::abs(same)
            } else {
                same
            };
            legible(changed(&figure, &|value| {
                if value.is_f64() {
                    *value = same.into();
                }
            }));
        }
    }
}

#[test]
fn small_differences_between_large_numbers_are_legible() {
    for figure in every() {
        legible(changed(&figure, &|value| {
            if let Some(x) = value.as_f64().filter(|_| value.is_f64()) {
                *value = (2.5e8 + x).into();
            }
        }));
    }
}

#[test]
fn missing_cells_alone_are_drawn() {
    for figure in every() {
        if !matches!(figure, Figure::Coloured { .. } | Figure::Banded { .. }) {
            continue;
        }
        let Figure::Coloured { x, .. } = &mut figure.clone() else {
            let Figure::Banded { mut bands, lengths, steps } = figure else { unreachable!() };
            for band in &mut bands {
                band.values.fill(None);
                band.deviation.fill(None);
            }
            let section = legible(Figure::Banded { bands, lengths, steps });
            assert!(
                pictures(&section).iter().all(|picture| picture.dots.is_empty() && picture.areas.is_empty())
            );
            continue;
        };
        x.fill(None);
        let (Figure::Coloured { columns, lengths, states, .. }, x) = (figure, x.clone()) else {
            unreachable!()
        };
        let section = legible(Figure::Coloured { columns, x, lengths, states, steps: Steps::default() });
        assert!(pictures(&section).iter().all(|picture| picture.dots.is_empty()));
    }
}

#[test]
fn figures_of_nothing_are_drawn() {
    for figure in every() {
        // A pair, or a row of a matrix, keeps its length.
        let emptied = match figure {
            Figure::Components { columns, .. } => Figure::Components { columns, components: Vec::new() },
            Figure::Ellipses(mut of) => {
                (of.points, of.of, of.ellipses) = (Vec::new(), Vec::new(), Vec::new());
                Figure::Ellipses(of)
            }
            Figure::Coefficients { level, .. } => Figure::Coefficients { coefficients: Vec::new(), level },
            Figure::Predictions { target, .. } => {
                Figure::Predictions { target, actual: Vec::new(), predicted: Vec::new() }
            }
            Figure::Loadings(mut of) => {
                of.dimensions.clear();
                Figure::Loadings(of)
            }
            Figure::Coloured { columns, .. } => Figure::Coloured {
                columns,
                x: Vec::new(),
                lengths: Vec::new(),
                states: Vec::new(),
                steps: Steps::default(),
            },
            Figure::States { outcomes, .. } => Figure::States { outcomes, states: Vec::new() },
            Figure::Transitions(_) => Figure::Transitions(Vec::new()),
            Figure::Banded { .. } => {
                Figure::Banded { bands: Vec::new(), lengths: Vec::new(), steps: Steps::default() }
            }
            Figure::Spins { .. } => Figure::Spins { names: Vec::new(), means: Vec::new(), exact: None },
            Figure::TopWords(_) => Figure::TopWords(Vec::new()),
            Figure::Shares(_) => Figure::Shares(Vec::new()),
            Figure::PerToken(_) => Figure::PerToken(Vec::new()),
            other => other,
        };
        legible(emptied);
    }
}

#[test]
fn texts_are_escaped() {
    for figure in every() {
        let hostile = changed(&figure, &|value| {
            if let serde_json::Value::String(text) = value {
                *text = format!("<b>&\"{text}");
            }
        });
        // Of shares the words are not drawn.
        let named = hostile != figure && !matches!(figure, Figure::Shares(_));
        let section = legible(hostile);
        assert!(!section.contains("<b>") && section.contains("&lt;b&gt;&amp;") == named, "{section}");
    }
    let mut hostile = outcome(every());
    let odd = || String::from("<b>&");
    hostile.title = odd();
    hostile.kind = odd();
    hostile.names[0] = "<b>&";
    hostile.cards = vec![(odd(), odd())];
    hostile.notes = vec![odd()];
    hostile.settings = vec![(odd(), odd())];
    for (heading, _) in &mut hostile.figures {
        *heading = odd();
    }
    assert!(!page(&hostile).contains("<b>"));
}

#[test]
fn a_page_loads_nothing() {
    let page = page(&outcome(every())).replace("http://www.w3.org/2000/svg", "");
    for word in ["http://", "https://", "url(", "<script", "<link"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn digits_are_those_that_tell_something() {
    let said = |values: [f64; 3]| {
        let [mean, low, high] = values;
        let coefficient = Coefficient { name: "a".into(), mean, low, high, deviation: None };
        let section = drawn(Figure::Coefficients { coefficients: vec![coefficient], level: 0.9 });
        crate::page::table(&section)[1][1..4].to_vec()
    };
    assert_eq!(said([0.0, -0.0, 12.345_678]), ["0", "0", "12.35"]);
    assert_eq!(said([-1234.567, 1e5 + 0.25, 0.000_123_456]), ["−1235", "100000", "0.0001235"]);
    assert_eq!(said([-4.2e9, 3.45678e-6, -9e-300]), ["−4.200e9", "3.457e−6", "−9.000e−300"]);
}
