//! Spins.

use elbo_fit::figure::Figure;

use crate::{
    page::{chart, drawn, key, table},
    picture::{each_of_ink, of_ink},
    samples::{spins, strings},
};

#[test]
fn means_stand_beside_the_exact_ones() {
    let picture = chart(spins());
    assert_eq!(picture.x.name, "spin");
    assert_eq!(picture.x.labels, strings(["1", "2", "3"]));
    let means = [[1.0, -0.8535], [2.0, 0.9736], [3.0, 0.0]];
    picture.assert_near(&of_ink(&picture.dots, "validation"), &means);
    picture.assert_near(&of_ink(&picture.rings, "train"), &[[1.0, -0.3465], [2.0, 0.5928], [3.0, 0.125]]);
    for (stem, mean) in each_of_ink(&picture.lines, "validation").iter().zip(means) {
        picture.assert_near(stem, &[[mean[0], 0.0], mean]);
    }
    let section = drawn(spins());
    assert_eq!(
        table(&section),
        [
            strings(["spin", "mean", "exact", "difference"]),
            strings(["s0", "−0.8535", "−0.3465", "−0.5070"]),
            strings(["s1", "0.9736", "0.5928", "0.3808"]),
            strings(["s2", "0.0000", "0.1250", "−0.1250"]),
        ]
    );
    assert_eq!(key(&section).len(), 2);
}

#[test]
fn without_exact_means_there_are_no_rings() {
    let Figure::Spins { names, means, .. } = spins() else { unreachable!() };
    let figure = Figure::Spins { names, means, exact: None };
    assert!(chart(figure.clone()).rings.is_empty());
    let section = drawn(figure);
    assert_eq!(table(&section)[0], strings(["spin", "mean"]));
    assert_eq!(key(&section), [("mean field".into(), "validation".into())]);
}

#[test]
fn many_spins_are_all_in_the_picture() {
    let means: Vec<f64> = (0..90).map(|i| f64::from(i).sin()).collect();
    let figure = Figure::Spins { names: (0..90).map(|i| format!("s{i}")).collect(), means, exact: None };
    assert_eq!(chart(figure.clone()).dots.len(), 90);
    let section = drawn(figure);
    assert_eq!(table(&section).len(), 1 + 40);
    assert!(section.contains("The table has the first 40 of 90."));
}
