//! Chains: rows against time, states, and what follows what.

use elbo_fit::figure::{Band, Figure, Steps};

use crate::{
    page::{caption, drawn, key, table, tables},
    picture::{Picture, each_of_ink, of_ink, pictures},
    samples::{banded, coloured, dynamics, states, strings, transitions},
};

#[test]
fn rows_have_the_colour_of_their_state() {
    let section = drawn(coloured());
    let charts = pictures(&section);
    assert_eq!(charts.len(), 2);
    let level = &charts[0];
    assert_eq!(level.x.name, "row");
    level.assert_near(&of_ink(&level.dots, "c0"), &[[1.0, 1.0], [4.0, 3.0], [7.0, 1.5]]);
    // Row 3 is missing.
    level.assert_near(&of_ink(&level.dots, "c2"), &[[2.0, 2.0], [5.0, 0.5], [6.0, 2.5]]);
    let flow = &charts[1];
    flow.assert_near(&of_ink(&flow.dots, "c0"), &[[1.0, -10.0], [4.0, -25.0]]);
    assert_eq!(key(&section), [("state 1".into(), "c0".into()), ("state 3".into(), "c2".into())]);
    let names: Vec<usize> =
        ["level", "flow"].map(|name| section.find(&format!("\"unit\">{name}<")).unwrap()).into();
    assert!(names[0] < names[1]);
}

/// What joins the rows of a chart, without its axes.
fn links(of: &Picture) -> Vec<Vec<[f64; 2]>> {
    let inside =
        |link: &Vec<[f64; 2]>| link.iter().all(|at| of.dots.iter().any(|dot| of.near(&dot.points, &[*at])));
    each_of_ink(&of.lines, "grid").into_iter().filter(inside).collect()
}

#[test]
fn rows_are_joined_within_a_sequence_where_none_is_missing() {
    let charts = pictures(&drawn(coloured()));
    let level: Vec<usize> = links(&charts[0]).iter().map(Vec::len).filter(|&len| len > 1).collect();
    assert_eq!(level, [2, 3], "rows 1 and 2, and 5 to 7");
    let flow: Vec<usize> = links(&charts[1]).iter().map(Vec::len).filter(|&len| len > 1).collect();
    assert_eq!(flow, [4, 2]);
}

#[test]
fn a_line_parts_sequences() {
    let section = drawn(coloured());
    let border = each_of_ink(&pictures(&section)[0].lines, "idle").concat();
    assert!(border.len() > 10 && border.iter().all(|at| (at[0] - 4.5).abs() < 0.01), "{border:?}");
    assert!(caption(&section).contains("Dashed lines part the 2 sequences."));
}

#[test]
fn long_series_are_thinned() {
    let x: Vec<Option<f64>> = (0..9000).map(|row| Some(f64::from(row))).collect();
    let states = vec![0; 9000];
    let section = drawn(Figure::Coloured {
        columns: strings(["x"]),
        x,
        lengths: vec![9000],
        states,
        steps: Steps::default(),
    });
    let picture = &pictures(&section)[0];
    picture.assert_near(&of_ink(&picture.dots, "c0")[..2], &[[1.0, 0.0], [4.0, 3.0]]);
    assert_eq!(picture.dots.len(), 3000);
    assert!(caption(&section).contains("One row in every 3 is drawn."));
}

#[test]
fn the_mean_lies_in_its_band_and_goes_on_ahead() {
    let section = drawn(banded());
    let charts = pictures(&section);
    let level = &charts[0];
    level.assert_near(&of_ink(&level.dots, "reference"), &[[1.0, 1.2], [3.0, 2.8], [4.0, 1.0], [5.0, 0.5]]);
    let means = each_of_ink(&level.lines, "validation");
    level.assert_near(&means[0], &[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]);
    level.assert_near(&means[1], &[[4.0, 0.75], [5.0, 0.5]]);
    level.assert_near(&each_of_ink(&level.lines, "train")[0], &[[5.0, 0.5], [6.0, 0.25], [7.0, 0.0]]);
    // There and back, two standard deviations above and below.
    let areas = each_of_ink(&level.areas, "validation");
    level.assert_near(&areas[0], &[[1.0, 2.0], [2.0, 3.5], [3.0, 4.0], [3.0, 2.0], [2.0, 0.5], [1.0, 0.0]]);
    let ahead = each_of_ink(&level.areas, "train");
    level.assert_near(
        &ahead[0],
        &[[5.0, 1.5], [6.0, 1.75], [7.0, 2.0], [7.0, -2.0], [6.0, -1.25], [5.0, -0.5]],
    );
    let names: Vec<String> = key(&section).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["rows", "mean", "± 2 standard deviations", "ahead"]);
}

#[test]
fn a_mean_without_a_spread_has_no_band() {
    let charts = pictures(&drawn(banded()));
    let flow = &charts[1];
    assert!(flow.areas.is_empty());
    flow.assert_near(&each_of_ink(&flow.lines, "validation")[0], &[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]);
}

#[test]
fn nothing_is_ahead_where_nothing_was_asked() {
    let Figure::Banded { bands, lengths, steps } = banded() else { unreachable!() };
    let cut =
        |band: Band| Band { mean: band.mean[..5].into(), deviation: band.deviation[..5].into(), ..band };
    let section = drawn(Figure::Banded { bands: bands.into_iter().map(cut).collect(), lengths, steps });
    assert!(!section.contains("ahead") && !caption(&section).contains("Ahead"));
    assert!(pictures(&section)[0].lines.iter().all(|line| line.ink != "train"));
}

#[test]
fn rows_are_counted_from_1() {
    let x: Vec<Option<f64>> = (0..120).map(|row| Some(f64::from(row))).collect();
    let section = drawn(Figure::Coloured {
        columns: strings(["x"]),
        x,
        lengths: vec![120],
        states: vec![0; 120],
        steps: Steps::default(),
    });
    assert_eq!(pictures(&section)[0].x.labels, strings(["20", "40", "60", "80", "100", "120"]));
    let one = Figure::Coloured {
        columns: strings(["x"]),
        x: vec![Some(2.0)],
        lengths: vec![1],
        states: vec![0],
        steps: Steps::default(),
    };
    assert_eq!(pictures(&drawn(one))[0].x.labels, strings(["1"]));
}

#[test]
fn states_say_what_they_are_of() {
    assert_eq!(
        table(&drawn(states())),
        [
            strings(["state", "rows", "level", "class 0", "class 1"]),
            strings(["1", "61.2", "1234.5678 ± 0.01230", "0.2500", "0.7500"]),
            strings(["2", "38.8", "−2.000 ± 1.500", "0.5000", "0.5000"]),
        ]
    );
}

#[test]
fn transitions_are_rows_and_a_stay_lasts() {
    assert_eq!(
        table(&drawn(transitions())),
        [
            strings(["from", "to 1", "to 2", "rows at a time"]),
            strings(["1", "0.950", "0.050", "20.0"]),
            strings(["2", "0.000", "1.000", "∞"]),
        ]
    );
}

#[test]
fn dynamics_are_two_tables() {
    let tables = tables(&drawn(dynamics()));
    assert_eq!(
        tables[0],
        [
            strings(["column", "weight of z_1", "weight of z_2", "noise, sd"]),
            strings(["level", "−1.27", "23.72", "5.768"]),
            // What is not needed is 0 beside what is.
            strings(["flow", "0.000000", "−0.001200", "4.500e9"]),
        ]
    );
    assert_eq!(
        tables[1],
        [
            strings(["next", "from z_1", "from z_2", "noise, sd"]),
            strings(["z_1", "0.0022 ± 0.0480", "−0.4152 ± 0.0489", "1.000"]),
            strings(["z_2", "0.0113 ± 0.0480", "0.8715 ± 0.0489", "0.5000"]),
        ]
    );
    let Figure::Dynamics(mut known) = dynamics() else { unreachable!() };
    known.deviation.clear();
    assert!(!drawn(Figure::Dynamics(known)).contains('±'));
}

#[test]
fn rows_that_have_times_are_named_by_them() {
    let day = |day: usize| format!("2024-05-{day:02}");
    let steps = Steps { name: "day".into(), names: (1..=30).map(day).collect() };
    let x: Vec<Option<f64>> = (0..30).map(|row| Some(f64::from(row % 7))).collect();
    let section =
        drawn(Figure::Coloured { columns: strings(["x"]), x, lengths: vec![30], states: vec![0; 30], steps });
    assert!(section.contains("2024-05-10") && section.contains("2024-05-20"), "{section}");
    assert!(!section.contains("2024-05-31"));
}
