//! The components of mixtures.

use elbo_fit::figure::{Ellipses, Figure};

use crate::{
    page::{caption, chart, drawn, key, table},
    picture::{each_of_ink, of_ink},
    samples::{components, ellipses, strings},
};

fn of() -> Ellipses {
    let Figure::Ellipses(of) = ellipses() else { unreachable!() };
    of
}

#[test]
fn the_table_has_the_largest_component_first() {
    let section = drawn(components());
    assert_eq!(
        table(&section),
        [
            strings(["component", "rows", "share", "duration", "income"]),
            strings(["4", "174.6", "0.642", "4.290 ± 0.4000", "−3.500e−6 ± 2.000e−7"]),
            strings(["1", "97.4", "0.357", "2.036 ± 0.2500", "4.200e9 ± 1.000e8"]),
        ]
    );
    assert!(caption(&section).contains("standard deviation"));
}

#[test]
fn columns_of_0_and_1_have_no_spread() {
    let Figure::Components { columns, mut components } = components() else { unreachable!() };
    for component in &mut components {
        component.variance = None;
    }
    let section = drawn(Figure::Components { columns, components });
    assert!(!section.contains('±'));
    assert_eq!(table(&section)[1][3], "4.290");
}

#[test]
fn the_first_columns_are_shown() {
    let Figure::Components { mut components, .. } = components() else { unreachable!() };
    components.truncate(1);
    components[0].mean = (0..15).map(f64::from).collect();
    // Of 15 columns the variance of the last shown, and of no other, is 4.
    let mut variance = vec![1.0; 15];
    variance[11] = 4.0;
    components[0].variance = Some(variance);
    let section =
        drawn(Figure::Components { columns: (1..=15).map(|c| format!("c{c}")).collect(), components });
    let table = table(&section);
    assert_eq!((table[0].len(), &table[0][14][..]), (3 + 12, "c12"));
    assert_eq!((&table[1][13][..], &table[1][14][..]), ("10.00 ± 1.000", "11.00 ± 2.000"));
    assert!(caption(&section).contains("the first 12 columns of 15."));
}

#[test]
fn points_have_the_colour_of_their_component() {
    let picture = chart(ellipses());
    assert_eq!((&picture.x.name[..], &picture.y.name[..]), ("duration", "waiting"));
    picture.assert_near(&of_ink(&picture.dots, "c0"), &[[1.8, 54.0], [1.9, 51.0]]);
    picture.assert_near(&of_ink(&picture.dots, "c1"), &[[4.5, 80.0]]);
    // Its component has less than one row.
    picture.assert_near(&of_ink(&picture.dots, "idle"), &[[3.3, 74.0]]);
    let section = drawn(ellipses());
    assert_eq!(key(&section), [("component 2".into(), "c0".into()), ("component 5".into(), "c1".into())]);
    assert!(caption(&section).contains("of 3."));
}

#[test]
fn an_ellipse_is_two_standard_deviations_around_the_mean() {
    let picture = chart(ellipses());
    for (place, ellipse) in of().ellipses.iter().enumerate() {
        let outline = of_ink(&picture.lines, &format!("c{place}"));
        assert!(outline.len() > 60);
        let [aa, ab, bb] = ellipse.covariance;
        let determinant = aa * bb - ab * ab;
        for [x, y] in &outline {
            let (u, v) = (x - ellipse.mean[0], y - ellipse.mean[1]);
            let distance = (bb * u * u - 2.0 * ab * u * v + aa * v * v) / determinant;
            assert!((distance.sqrt() - 2.0).abs() < 0.03, "{distance}");
        }
        // It goes all the way around: its extent is that of two standard deviations.
        let extent = |axis: usize| {
            let values = || outline.iter().map(|at| at[axis]);
            values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
        };
        assert!((extent(0) / (4.0 * aa.sqrt()) - 1.0).abs() < 0.02);
        assert!((extent(1) / (4.0 * bb.sqrt()) - 1.0).abs() < 0.02);
    }
}

#[test]
fn one_point_is_drawn() {
    let mut one = of();
    one.points.truncate(1);
    one.of.truncate(1);
    one.ellipses.clear();
    let picture = chart(Figure::Ellipses(one));
    picture.assert_near(&of_ink(&picture.dots, "idle"), &[[1.8, 54.0]]);
}

#[test]
fn colours_come_again_after_ten_components() {
    let mut many = of();
    let ellipse = many.ellipses[0].clone();
    many.ellipses = (1..=12)
        .map(|number| {
            let mut e = ellipse.clone();
            e.number = number;
            e
        })
        .collect();
    many.of = vec![1, 11, 12, 10];
    let picture = chart(Figure::Ellipses(many));
    let inks: Vec<&str> = picture.dots.iter().map(|dot| &dot.ink[..]).collect();
    assert_eq!(inks, ["c0", "c0", "c1", "c9"]);
    assert_eq!(each_of_ink(&picture.lines, "c1").len(), 2);
}

#[test]
fn thinned_rows_are_told() {
    let mut thinned = of();
    (thinned.stride, thinned.width) = (7, 2);
    let said = caption(&drawn(Figure::Ellipses(thinned)));
    assert!(said.contains("One row in every 7 is drawn.") && !said.contains("tell the components apart"));
}
