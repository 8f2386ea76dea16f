//! What is wrong is a value: its rule is the variant, and what broke it is in the fields.

use std::ops::Bound::{Excluded, Included};

use elbo::{
    Error,
    distribution::{
        CentralInterval, Cholesky, Dirichlet, Gaussian, NegativeBinomial, ZeroInflatedNegativeBinomial,
    },
    mean_field::{Annealing, RobbinsMonro, lda, random_field::Field},
    random::Key,
    transform::Interval,
};

#[test]
fn a_number_out_of_its_range_is_in_the_error_with_the_range() {
    let infinity = f64::INFINITY;
    let counts = NegativeBinomial::new(1.0, 1.0).unwrap();
    let sigma = Gaussian::new(0.0, -0.2).unwrap_err();
    let mean = Gaussian::new(f64::NAN, 1.0).unwrap_err();
    let inflation = ZeroInflatedNegativeBinomial::new(1.0, counts).unwrap_err();
    let level = Gaussian::new(0.0, 1.0).unwrap().central_interval(1.0).unwrap_err();
    let forgetting = RobbinsMonro { delay: 1.0, forgetting: 0.5 }.check().unwrap_err();
    let delay = RobbinsMonro { delay: -1.0, forgetting: 0.7 }.check().unwrap_err();
    let above = Interval::new(2.0, 2.0).unwrap_err();
    let entry = Cholesky::from_factor(vec![1.0, 2.0, 0.0, 1.0], 2).unwrap_err();
    let counts = lda::Counts::new(1, vec![0, 1], vec![0], vec![1]).unwrap();
    let eta = lda::Fit::new(&counts, lda::Prior::symmetric(2, 0.1, 1e-300), Key::new(1)).err().unwrap();
    for (error, ends, said) in [
        (sigma, (Excluded(0.0), Excluded(infinity)), "sigma is -0.2, but must be > 0 and finite"),
        (mean, (Excluded(-infinity), Excluded(infinity)), "mean is NaN, but must be finite"),
        (inflation, (Included(0.0), Excluded(1.0)), "inflation is 1, but must be in [0, 1)"),
        (level, (Excluded(0.0), Excluded(1.0)), "the level of an interval is 1, but must be in (0, 1)"),
        (forgetting, (Excluded(0.5), Included(1.0)), "the forgetting rate is 0.5, but must be in (0.5, 1]"),
        (delay, (Included(0.0), Excluded(infinity)), "the delay is -1, but must be ≥ 0 and finite"),
        (
            above,
            (Excluded(2.0), Excluded(infinity)),
            "the high end of an interval is 2, but must be > 2 and finite",
        ),
        (entry, (Included(0.0), Included(0.0)), "entry (0, 1) of a cholesky factor is 2, but must be 0"),
        (eta, (Included(1e-100), Included(1e3)), ", but must be in [1e-100, 1000]"),
    ] {
        assert!(error.to_string().ends_with(said), "{error}");
        let Error::OutOfRange { low, high, .. } = error else { panic!("{error:?}") };
        assert_eq!((low, high), ends, "{said}");
    }
}

/// By hand: L's first rows of this matrix are (2), (1, 2) and (3, −1), which leave 1 − 9 − 1 of its last entry.
#[test]
fn a_matrix_without_a_factor_says_which_pivot() {
    let pivot = |matrix: &[f64], n| match Cholesky::of(matrix, n).unwrap_err() {
        Error::NotPositiveDefinite { row, of, pivot, .. } => (row, of, pivot),
        other => panic!("{other:?}"),
    };
    let matrix = [4.0, 2.0, 6.0, 2.0, 5.0, 1.0, 6.0, 1.0, 1.0];
    assert_eq!(pivot(&matrix, 3), (2, 3, -9.0));
    assert_eq!(pivot(&[1.0, 1.0, 1.0, 1.0], 2), (1, 2, 0.0));
    assert_eq!(pivot(&[-1e-30], 1), (0, 1, -1e-30));
    assert_eq!(
        Cholesky::of(&matrix, 3).unwrap_err().to_string(),
        "a matrix is not positive definite: pivot 3 of 3 is -9, but must be > 0"
    );
    // Of many rows the factor is made in blocks.
    let n = 200;
    let mut large: Vec<f64> = (0..n * n).map(|k| if k / n == k % n { 1.0 } else { 0.0 }).collect();
    large[150 * n + 3] = 2.0;
    assert_eq!(pivot(&large, n), (150, n, -3.0));
    large[7 * n + 7] = f64::NAN;
    let (row, _, value) = pivot(&large, n);
    assert!(row == 7 && value.is_nan(), "{row} {value}");
}

#[test]
fn counts_and_names_are_in_the_error() {
    let few = Dirichlet::new(vec![1.0]).unwrap_err();
    assert!(matches!(few, Error::TooFew { number: 1, least: 2, .. }), "{few:?}");
    let many = Field { unary: vec![vec![0.0; 2]; 30], edges: vec![] }.enumerate().unwrap_err();
    assert!(matches!(many, Error::TooMany { number: 1_073_741_824, most: 1_048_576, .. }), "{many:?}");
    let beyond = Field { unary: vec![vec![0.0; 2]; 100], edges: vec![] }.enumerate().unwrap_err();
    assert!(matches!(beyond, Error::TooMany { number: usize::MAX, .. }), "{beyond:?}");
    let cold = Annealing { from: 0.0, sweeps: 1 }.check().unwrap_err();
    assert_eq!(cold.to_string(), "the first inverse temperature is 0, but must be in (0, 1)");
}
