//! Bijections: round trips, determinants against central differences, densities carried through them.

use elbo::{
    Error,
    distribution::{Dirichlet, LogDensity},
    transform::{
        Bijection, CholeskyFactor, Exponential, Interval, Ordered, Softplus, StickBreaking, Unconstrained,
    },
};
use faer::Mat;
use proptest::prelude::*;

/// log |det| of the Jacobian of the given coordinates of θ, by central differences of fourth order.
fn ln_determinant(t: &dyn Bijection, zeta: &[f64], free: &[usize]) -> f64 {
    let h = 1e-3;
    let moved = |j: usize, by: f64| {
        let mut at = zeta.to_vec();
        at[j] += by;
        t.forward(&at).unwrap()
    };
    let columns: Vec<Vec<f64>> = (0..zeta.len())
        .map(|j| {
            let [below2, below, above, above2] = [-2.0, -1.0, 1.0, 2.0].map(|k| moved(j, k * h));
            let slope = |i: usize| (8.0 * (above[i] - below[i]) - (above2[i] - below2[i])) / (12.0 * h);
            (0..below.len()).map(slope).collect()
        })
        .collect();
    Mat::from_fn(zeta.len(), zeta.len(), |i, j| columns[j][free[i]]).determinant().abs().ln()
}

fn assert_bijection(t: &dyn Bijection, zeta: &[f64], free: &[usize]) {
    let theta = t.forward(zeta).unwrap();
    for (got, expected) in t.inverse(&theta).unwrap().iter().zip(zeta) {
        assert!((got - expected).abs() < 1e-12 * expected.abs().max(1.0), "{got} for {expected}");
    }
    let (got, expected) = (t.ln_determinant(zeta).unwrap(), ln_determinant(t, zeta, free));
    assert!((got - expected).abs() < 1e-8, "determinant {got} for {expected}");
}

proptest! {
    #[test]
    fn round_trips_and_determinants(zeta in prop::collection::vec(-3.0..3.0, 6)) {
        let all = [0, 1, 2, 3, 4, 5];
        assert_bijection(&Exponential, &zeta, &all);
        assert_bijection(&Softplus, &zeta, &all);
        assert_bijection(&Interval::new(0.0, 1.0).unwrap(), &zeta, &all);
        assert_bijection(&Interval::new(-2.0, 0.5).unwrap(), &zeta, &all);
        assert_bijection(&Ordered, &zeta, &all);
        assert_bijection(&StickBreaking::new(7).unwrap(), &zeta, &all);
        assert_bijection(&CholeskyFactor::new(3).unwrap(), &zeta, &[0, 3, 4, 6, 7, 8]);
    }
}

#[test]
fn far_out_nothing_overflows() -> Result<(), Error> {
    for z in [-600.0, 600.0] {
        let unit = Interval::new(0.0, 1.0)?;
        assert!((unit.ln_determinant(&[z])? + 600.0).abs() < 1e-12);
        assert_eq!(Softplus.forward(&[z])?[0], if z > 0.0 { z } else { z.exp() });
        let theta = StickBreaking::new(2)?.forward(&[z])?;
        assert!((theta.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }
    assert!((Softplus.inverse(&[1e-300])?[0] - 1e-300f64.ln()).abs() < 1e-12);
    for share in StickBreaking::new(4)?.forward(&[0.0; 3])? {
        assert!((share - 0.25).abs() < 1e-15);
    }
    Ok(())
}

/// ∫ p(T(ζ)) |det| dζ = 1 for a Dirichlet with a density that is infinite at the edges.
#[test]
fn a_density_keeps_its_mass() -> Result<(), Error> {
    let density = Unconstrained {
        constrained: Dirichlet::new(vec![0.6, 1.5, 2.0])?,
        bijection: StickBreaking::new(3)?,
    };
    let h = 0.125;
    let line = || (-480..=480).map(|i| h * f64::from(i));
    let total: f64 =
        line().flat_map(|a| line().map(move |b| [a, b])).map(|z| h * h * density.log_density(&z).exp()).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    Ok(())
}

#[test]
fn values_off_the_constraint_are_refused() {
    assert_eq!(
        Exponential.inverse(&[-1.0]).unwrap_err().to_string(),
        "a constrained value is -1, but must be > 0 and finite"
    );
    assert!(Softplus.inverse(&[0.0]).is_err());
    assert!(Interval::new(0.0, 1.0).unwrap().inverse(&[1.0]).is_err());
    assert!(Interval::new(1.0, 1.0).is_err());
    assert!(StickBreaking::new(3).unwrap().inverse(&[0.5, 0.5, 0.5]).is_err());
    assert!(StickBreaking::new(3).unwrap().forward(&[0.0; 3]).is_err());
    assert!(StickBreaking::new(1).is_err());
    assert!(Ordered.inverse(&[1.0, 1.0]).is_err());
    assert!(CholeskyFactor::new(2).unwrap().inverse(&[1.0, 0.0, 0.0, -1.0]).is_err());
    assert!(CholeskyFactor::new(0).is_err());
}
