//! Regressions: coefficients and predictions.

use elbo_fit::figure::Figure;
use roxmltree::Document;

use crate::{
    page::{caption, chart, drawn, table},
    picture::{each_of_ink, of_ink},
    samples::{coefficients, predictions, strings},
};

#[test]
fn coefficients_stand_beside_their_intervals() {
    let section = drawn(coefficients());
    let rows = table(&section);
    assert_eq!(rows[0], strings(["column", "coefficient", "95 % from", "to", "per standard deviation"]));
    assert_eq!(rows[1], strings(["intercept", "11.34", "10.62", "12.07", ""]));
    assert_eq!(rows[2], strings(["proline", "0.001158", "0.0008340", "0.001482", ""]));
    assert_eq!(rows[3], strings(["ash", "−0.2000", "−0.5000", "0.1000", ""]));
    assert!(caption(&section).contains("the 95 % interval holds it with that probability."));
}

/// Zero, the ends of the interval and the mean of each bar.
fn bars(section: &str) -> Vec<[f64; 4]> {
    let bars = section.split("<svg class=\"interval\"").skip(1);
    let read = |rest: &str| {
        let svg = format!("<svg{}</svg>", rest.split_once("</svg>").unwrap().0);
        let document = Document::parse(&svg).unwrap();
        let of = |place: usize, name: &str| -> f64 {
            let node = document.root_element().children().nth(place).unwrap();
            node.attribute(name).unwrap().parse().unwrap()
        };
        [of(0, "x1"), of(1, "x1"), of(1, "x2"), of(2, "cx")]
    };
    bars.map(read).collect()
}

#[test]
fn bars_compare_columns_by_their_standard_deviations() {
    let bars = bars(&drawn(coefficients()));
    assert_eq!(bars.len(), 2, "an intercept has none");
    // The furthest from 0 is proline's 0.001482 · 300.
    let scale = (bars[0][2] - bars[0][0]) / (0.001_482 * 300.0);
    assert!(scale > 0.0 && bars[0][2] <= 180.0);
    for (bar, truth, sd) in
        [(bars[0], [0.000_834, 0.001_482, 0.001_158], 300.0), (bars[1], [-0.5, 0.1, -0.2], 0.25)]
    {
        for (place, value) in bar[1..].iter().zip(truth) {
            assert!((place - bar[0] - scale * value * sd).abs() < 1e-9);
        }
    }
}

#[test]
fn predictions_are_across_and_what_was_seen_is_up() {
    let picture = chart(predictions());
    assert_eq!((&picture.x.name[..], &picture.y.name[..]), ("alcohol, predicted", "alcohol"));
    let truth = [[13.9, 14.2], [13.3, 13.1], [12.2, 11.9], [12.3, 12.4]];
    picture.assert_near(&of_ink(&picture.dots, "validation"), &truth);
    let dashes = each_of_ink(&picture.lines, "reference");
    assert!(dashes.len() > 5);
    for [x, y] in dashes.concat() {
        assert!(
            (x - y).abs() < 2.5 * (picture.x.unit() + picture.y.unit()),
            "the line is where both are one"
        );
    }
}

#[test]
fn one_prediction_is_drawn() {
    let picture = chart(Figure::Predictions { target: "y".into(), actual: vec![2.0], predicted: vec![1.0] });
    picture.assert_near(&of_ink(&picture.dots, "validation"), &[[1.0, 2.0]]);
}

#[test]
fn long_labels_have_room() {
    // Ticks a half apart, and the last at the very end of the axis; the picture is read where labels are apart.
    for (low, width) in [(1e9, 3.8), (123_456_700.0, 95.25)] {
        let predicted = vec![low, low + width];
        let picture = chart(Figure::Predictions { target: "y".into(), actual: vec![1.0, 2.0], predicted });
        assert!(picture.x.labels.iter().all(|label| label.len() > 8), "{:?}", picture.x.labels);
    }
}

#[test]
fn a_tick_at_zero_says_so() {
    // Ticks are sums, which need not come to 0 exactly.
    let predicted = vec![-1.11e-12, 0.22e-12];
    let picture = chart(Figure::Predictions { target: "y".into(), actual: vec![1.0, 2.0], predicted });
    assert_eq!(picture.x.labels[5..], strings(["0", "2e−13"]));
}

#[test]
fn many_predictions_are_thinned() {
    let actual: Vec<f64> = (0..7000).map(f64::from).collect();
    let predicted = actual.iter().map(|y| y + 1.0).collect();
    let figure = Figure::Predictions { target: "y".into(), actual, predicted };
    assert!(caption(&drawn(figure.clone())).contains("One row in every 3 is drawn."));
    let picture = chart(figure);
    picture.assert_near(&of_ink(&picture.dots, "validation")[..2], &[[1.0, 0.0], [4.0, 3.0]]);
    assert_eq!(picture.dots.len(), 2334);
}
