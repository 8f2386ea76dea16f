//! A row of weight 3 is three rows, one of weight 0 none: the same sums, so the same fit and the same bound.

use elbo::{
    mean_field::{
        MeanField, Start,
        factor_analysis::{self, Noise},
        lda::{self, Counts, Inner},
        mixture::{self, Covariance, Family, GaussianPrior, Weights},
        normal_gamma,
    },
    random::Key,
};

use crate::{assert_near, normals};

const ROWS: usize = 40;
const COLUMNS: usize = 3;

/// Two groups of rows, of which every seventh lacks a cell, and their weights.
fn simulated() -> (Vec<f64>, Vec<f64>) {
    let mut x = normals(5, ROWS * COLUMNS);
    for (n, row) in x.chunks_mut(COLUMNS).enumerate() {
        for x in row.iter_mut() {
            *x += if n % 2 == 0 { 15.0 } else { 0.0 };
        }
        if n % 7 == 0 {
            row[n % COLUMNS] = f64::NAN;
        }
    }
    (x, (0..ROWS).map(|n| (n / 2 % 4) as f64).collect())
}

/// Rows of some width, each as often as it counts.
fn repeated(x: &[f64], width: usize, weights: &[f64]) -> Vec<f64> {
    x.chunks(width).zip(weights).flat_map(|(row, &w)| row.repeat(w as usize)).collect()
}

/// The bounds of 12 sweeps, one after the other.
fn sweeps(fit: &mut impl MeanField) -> Vec<f64> {
    let factors = fit.factors().len();
    let sweep = |_| {
        (0..factors).for_each(|factor| fit.update(factor).unwrap());
        fit.bound().value()
    };
    (0..12).map(sweep).collect()
}

#[track_caller]
fn assert_same(what: &str, weighted: &mut impl MeanField, all: &mut impl MeanField) {
    for (got, expected) in sweeps(weighted).into_iter().zip(sweeps(all)) {
        assert_near(what, got, expected, 1e-9 * expected.abs());
    }
}

#[test]
fn of_a_sample() {
    let (x, weights) = simulated();
    let column: Vec<f64> = x.iter().step_by(COLUMNS).copied().collect();
    let prior = normal_gamma::Prior::default();
    let mut weighted = normal_gamma::Fit::weighted(&column, &weights, prior).unwrap();
    let mut all = normal_gamma::Fit::new(&repeated(&column, 1, &weights), prior).unwrap();
    assert_same("a sample", &mut weighted, &mut all);
    assert_near("μ", weighted.posterior().mean, all.posterior().mean, 1e-9);
    assert!(normal_gamma::Fit::weighted(&column, &weights[1..], prior).is_err());
    assert!(normal_gamma::Fit::weighted(&column, &[f64::NAN; ROWS], prior).is_err());
}

#[test]
fn of_factors() {
    let (x, weights) = simulated();
    let many = repeated(&x, COLUMNS, &weights);
    for noise in [Noise::Each, Noise::Shared] {
        for start in [factor_analysis::Start::Principal, factor_analysis::Start::Random(Key::new(2))] {
            let prior = factor_analysis::Prior::new(2, noise);
            let mut weighted = factor_analysis::Fit::weighted(&x, COLUMNS, &weights, prior, start).unwrap();
            let mut all = factor_analysis::Fit::new(&many, COLUMNS, prior, start).unwrap();
            assert_same("factors", &mut weighted, &mut all);
            for (got, expected) in weighted.posterior().mean.iter().zip(&all.posterior().mean) {
                assert_near("μ", *got, *expected, 1e-8);
            }
        }
    }
    let prior = factor_analysis::Prior::new(1, Noise::Each);
    let start = factor_analysis::Start::Principal;
    assert!(factor_analysis::Fit::weighted(&x, COLUMNS, &[0.0; ROWS], prior, start).is_err());
}

/// The rows are near one of two places each, so k-means begins both fits alike.
#[test]
fn of_mixtures() {
    let (x, weights) = simulated();
    let many = repeated(&x, COLUMNS, &weights);
    for covariance in [Covariance::Full, Covariance::Tied, Covariance::Diagonal, Covariance::Spherical] {
        let of_all = GaussianPrior::of(&many, COLUMNS, covariance).unwrap();
        let gaussian = GaussianPrior::weighted(&x, COLUMNS, &weights, covariance).unwrap();
        for (got, expected) in gaussian.scale.iter().zip(&of_all.scale) {
            assert_near("the prior's scale", *got, *expected, 1e-12 * expected.abs());
        }
        let prior = mixture::Prior {
            components: 2,
            weights: Weights::Dirichlet(1.0),
            family: Family::Gaussian(of_all),
        };
        let key = Key::new(1);
        let mut weighted =
            mixture::Fit::weighted(&x, COLUMNS, &weights, prior.clone(), Start::KMeans, key).unwrap();
        let mut all = mixture::Fit::new(&many, COLUMNS, prior, Start::KMeans, key).unwrap();
        // Past what the two beginnings differ by.
        (0..30).for_each(|_| drop((sweeps(&mut weighted), sweeps(&mut all))));
        assert_same(&format!("{covariance:?}"), &mut weighted, &mut all);
        let counts = |fit: &mixture::Fit<'_>| {
            let mut counts = fit.counts().to_vec();
            counts.sort_by(f64::total_cmp);
            counts
        };
        for (got, expected) in counts(&weighted).iter().zip(counts(&all)) {
            assert_near("a component's rows", *got, expected, 1e-6);
        }
        let sums = |fit: &mixture::Fit<'_>| fit.log_weights(3, Key::new(4)).unwrap().iter().sum::<f64>();
        assert!(sums(&weighted).is_finite());
    }
}

/// Documents of two kinds of words, each as often as it counts: the topics begin alike, for they are drawn word by word.
#[test]
fn of_topics() {
    let tokens = |d: usize| -> Vec<u32> {
        (0..9 + d % 5)
            .map(|t| ((t * t + 3 * d) % 6 + if d.is_multiple_of(3) { 6 } else { 0 }) as u32)
            .collect()
    };
    let weights: Vec<f64> = (0..30).map(|d| f64::from(d % 4)).collect();
    let documents: Vec<Vec<u32>> = (0..30).map(tokens).collect();
    let some = Counts::from_tokens(12, documents.iter().map(Vec::as_slice)).unwrap();
    let weighted = some.clone().weighted(weights.clone()).unwrap();
    let repeated = documents.iter().zip(&weights).flat_map(|(of, &w)| vec![of.as_slice(); w as usize]);
    let all = Counts::from_tokens(12, repeated).unwrap();
    assert_eq!((weighted.tokens(), weighted.number()), (all.tokens(), all.documents() as f64));
    let prior = || lda::Prior::symmetric(3, 0.3, 0.2);
    let mut few = lda::Fit::new(&weighted, prior(), Key::new(3)).unwrap();
    let mut many = lda::Fit::new(&all, prior(), Key::new(3)).unwrap();
    assert_same("topics", &mut few, &mut many);
    for (got, expected) in few.posterior().lambda().iter().zip(many.posterior().lambda()) {
        assert_near("λ", *got, *expected, 1e-9 * expected);
    }
    // Figures of the documents are those of the repeated ones, with their standard errors.
    let topics = few.posterior();
    let [few, many] = [&weighted, &all].map(|of| topics.fold_in(of, Inner::default()).unwrap());
    assert_near("the bound", few.bound(), many.bound(), 1e-9 * many.bound().abs());
    assert_near("the perplexity", few.perplexity_bound(), many.perplexity_bound(), 1e-9);
    let [few, many] = [weighted.per_token(&few.bounds), all.per_token(&many.bounds)];
    assert_near("per token", few.value, many.value, 1e-12);
    assert_near("its error", few.standard_error, many.standard_error, 1e-12);
    // A part keeps its weights.
    let part = weighted.select(&[7, 2]);
    assert_eq!((part.weight(0), part.weight(1)), (3.0, 2.0));
    // All of one weight are as many more.
    let double = some.clone().weighted(vec![2.0; 30]).unwrap();
    assert_eq!(double.tokens(), 2.0 * some.tokens());
    for wrong in [vec![1.0; 29], vec![0.0; 30], vec![-1.0; 30], vec![f64::NAN; 30]] {
        assert!(some.clone().weighted(wrong).is_err());
    }
}
