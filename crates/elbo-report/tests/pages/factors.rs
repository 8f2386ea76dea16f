//! Factors: loadings and the map.

use elbo_fit::figure::{Figure, Map};

use crate::{
    page::{chart, drawn, key, table},
    picture::of_ink,
    samples::{loadings, map, strings},
};

#[test]
fn loadings_are_those_of_the_active_dimensions() {
    let section = drawn(loadings());
    assert_eq!(
        table(&section),
        [
            strings(["column", "dim. 2", "dim. 1", "noise sd"]),
            strings(["alcohol", "−0.900", "0.123", "0.4100"]),
            strings(["hue", "0.450", "−0.050", "1235"]),
        ]
    );
    // As deep as the loading is of the greatest, in the colour of its sign.
    let tints: Vec<&str> = section
        .split("color-mix(in srgb,var(--")
        .skip(1)
        .map(|rest| rest.split_once("%,").unwrap().0)
        .collect();
    assert_eq!(tints, ["train) 70", "validation) 10", "validation) 35", "train) 4"]);
}

#[test]
fn the_strongest_dimensions_and_first_columns_are_shown() {
    let Figure::Loadings(mut all) = loadings() else { unreachable!() };
    let (columns, latent) = (90, 12);
    all.columns = (0..columns).map(|d| format!("c{d}")).collect();
    all.latent = latent;
    all.weights = vec![0.5; columns * latent];
    all.noise = vec![1.0; columns];
    all.dimensions = (1..=latent).rev().collect();
    let section = drawn(Figure::Loadings(all));
    let table = table(&section);
    assert_eq!((table.len(), table[0].len(), &table[0][10][..]), (1 + 80, 1 + 10 + 1, "dim. 3"));
    assert!(
        section.contains("the 10 strongest of 12 dimensions.")
            && section.contains("the first 80 of 90 columns.")
    );
}

#[test]
fn the_map_has_one_scale_and_the_colours_of_the_labels() {
    let picture = chart(map());
    assert_eq!((&picture.x.name[..], &picture.y.name[..]), ("latent dimension 2", "latent dimension 1"));
    let scale = picture.x.unit() / picture.y.unit();
    assert!((scale - 1.0).abs() < 0.01, "{scale}");
    // Labels that are numbers are in their order.
    picture.assert_near(&of_ink(&picture.dots, "c0"), &[[0.5, 0.0]]);
    picture.assert_near(&of_ink(&picture.dots, "c1"), &[[0.25, 0.75]]);
    picture.assert_near(&of_ink(&picture.dots, "c2"), &[[-1.0, 0.5], [1.5, -0.5]]);
    let names: Vec<(String, String)> =
        [("2", "c0"), ("9", "c1"), ("10", "c2")].map(|(a, b)| (a.into(), b.into())).into();
    assert_eq!(key(&drawn(map())), names);
}

#[test]
fn the_scale_is_one_for_long_labels_too() {
    let points = vec![[0.0, 123_456.0], [3.0, 123_459.0]];
    let picture = chart(Figure::Map(Map { points, labels: None, axes: ["a".into(), "b".into()] }));
    let scale = picture.x.unit() / picture.y.unit();
    assert!((scale - 1.0).abs() < 0.01, "{scale}");
    assert_eq!(of_ink(&picture.dots, "validation").len(), 2);
    assert!(picture.y.labels.iter().any(|label| label.len() > 6), "{:?}", picture.y.labels);
}

#[test]
fn points_without_labels_are_alike_and_none_is_no_picture() {
    let of =
        |points: Vec<[f64; 2]>| Figure::Map(Map { points, labels: None, axes: ["a".into(), "b".into()] });
    let picture = chart(of(vec![[1.0, 2.0]]));
    picture.assert_near(&of_ink(&picture.dots, "validation"), &[[1.0, 2.0]]);
    let page = crate::page::page(&crate::page::outcome(vec![of(Vec::new())]));
    assert!(!page.contains("figure 0"), "neither picture nor heading");
}
