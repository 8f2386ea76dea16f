//! Random fields, among them the Ising model, against enumeration.

use elbo::{
    mean_field::{
        Annealing, Ascent, ascend, best_of, ising,
        random_field::{Edge, Field, Fit, Posterior},
    },
    random::Key,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{assert_near, number, numbers, reference, to_convergence};

/// Until the bound does not rise by its last digit, so that the means have settled too.
const TO_THE_END: Ascent = Ascent { tolerance: 0.0, sweeps: 20_000 };

#[test]
fn ising_models_of_the_reference() {
    let Some(file) = reference("small_exact_A.json") else { return };
    for case in file["ising"].as_array().unwrap() {
        let (couplings, external) = (numbers(&case["J"]), numbers(&case["h"]));
        let field = ising::field(&couplings, &external).unwrap();
        let exact = field.enumerate().unwrap();
        assert_near("log Z", exact.log_partition, number(&case["log_Z"]), 1e-9);
        for (got, expected) in ising::means(&exact.marginals).iter().zip(numbers(&case["exact_means"])) {
            assert_near("an exact mean", *got, expected, 1e-9);
        }
        let begin = |start| Fit::random(&field, Key::new(5).fold(start as u64));
        let best = best_of(50, begin, &TO_THE_END, |_, _, _| {}).unwrap();
        let bound = best.record.last();
        assert_near("the bound", bound, number(&case["best_naive_meanfield_bound"]), 1e-6);
        assert!(best.bounds.iter().all(|&bound| bound < exact.log_partition));
        let means = ising::means(&best.model.posterior().marginals);
        for (got, expected) in means.iter().zip(numbers(&case["meanfield_means"])) {
            assert_near("a mean", *got, expected, 1e-6);
        }
        let n = external.len();
        for i in 0..n {
            let pull: f64 = (0..n).map(|j| couplings[i * n + j] * means[j]).sum();
            assert_near("the fixed point", means[i], (external[i] + pull).tanh(), 1e-6);
        }
    }
}

/// Sites of 2, 3 and 1 states in a triangle, with one pair joined twice: every configuration by hand.
#[test]
fn a_small_field_by_hand() {
    let edges = vec![
        Edge { sites: [0, 1], potential: vec![0.5, -1.0, 0.3, 0.2, 0.9, -0.4] },
        Edge { sites: [1, 0], potential: vec![0.1, 0.0, -0.2, 0.6, 0.0, 0.3] },
        Edge { sites: [2, 1], potential: vec![1.0, 0.0, -1.0] },
    ];
    let field = Field { unary: vec![vec![0.2, -0.3], vec![0.0, 0.4, -0.1], vec![0.7]], edges };
    let mut z = 0.0;
    let mut first = 0.0;
    for s in 0..2 {
        for t in 0..3 {
            let pairs = field.edges[0].potential[3 * s + t] + field.edges[1].potential[2 * t + s];
            let log = field.unary[0][s] + field.unary[1][t] + 0.7 + pairs + field.edges[2].potential[t];
            z += log.exp();
            first += if s == 0 { log.exp() } else { 0.0 };
        }
    }
    let exact = field.enumerate().unwrap();
    assert_near("log Z", exact.log_partition, z.ln(), 1e-14);
    assert_near("a marginal", exact.marginals[0][0], first / z, 1e-14);
    assert_eq!(exact.marginals[2], [1.0]);
    let mut fit = Fit::new(&field).unwrap();
    assert!(to_convergence(&mut fit).last() < exact.log_partition);
}

/// Without edges the bound is log Z and the marginals are exact.
#[test]
fn independent_sites_are_exact() {
    let field = Field { unary: vec![vec![0.2, -0.3, 40.0], vec![1e3, 999.0]], edges: vec![] };
    let exact = field.enumerate().unwrap();
    let mut fit = Fit::random(&field, Key::new(1)).unwrap();
    assert_near("log Z", to_convergence(&mut fit).last(), exact.log_partition, 1e-12);
    for (q, p) in fit.posterior().marginals.iter().flatten().zip(exact.marginals.iter().flatten()) {
        assert_near("a marginal", *q, *p, 1e-13);
    }
    // 20,000 draws of each site: P(|z| > 4.5) = 7e-6.
    let mut counts = [0.0; 2];
    for seed in 0..20_000 {
        counts[fit.posterior().sample(Key::new(seed))[1]] += 1.0;
    }
    let p = exact.marginals[1][0];
    let z = (counts[0] - 20_000.0 * p) / (20_000.0 * p * (1.0 - p)).sqrt();
    assert!(z.abs() < 4.5, "{z}");
}

fn fields() -> impl Strategy<Value = Field> {
    let site = prop::collection::vec(-3.0..3.0, 1..4);
    (prop::collection::vec(site, 1..7), any::<u64>(), 0.0..4.0).prop_map(|(unary, seed, strength)| {
        let key = Key::new(seed);
        let mut edges = Vec::new();
        for i in 0..unary.len() {
            for j in 0..i {
                let mut noise = vec![0.0; unary[i].len() * unary[j].len() + 1];
                key.normals((i * 8 + j) as u64, &mut noise);
                if noise.pop().unwrap() > 0.0 {
                    let potential = noise.iter().map(|e| strength * e).collect();
                    edges.push(Edge { sites: [i, j], potential });
                }
            }
        }
        Field { unary, edges }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_update_lowers_the_bound_and_it_is_below_log_z(field in fields(), seed: u64) {
        let exact = field.enumerate().unwrap();
        let mut fit = Fit::random(&field, Key::new(seed)).unwrap();
        let bound = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 50 }, |_, _| {}).unwrap().last();
        prop_assert!(bound <= exact.log_partition + 1e-12 * exact.log_partition.abs().max(1.0));
        let mut annealed = Fit::random(&field, Key::new(seed)).unwrap();
        Annealing { from: 0.1, sweeps: 10 }.run(&mut annealed).unwrap();
        let bound = ascend(&mut annealed, &Ascent { tolerance: 0.0, sweeps: 50 }, |_, _| {}).unwrap().last();
        prop_assert!(bound <= exact.log_partition + 1e-12 * exact.log_partition.abs().max(1.0));
    }
}

/// A disc of which one pixel in ten was turned over and a few were lost: most of the damage is undone.
#[test]
fn an_image_is_cleaned() {
    let (side, flip) = (40, 0.1);
    let inside = |i: usize| ((i / side) as f64 - 19.5).hypot((i % side) as f64 - 19.5) < 12.0;
    let clean: Vec<f64> = (0..side * side).map(|i| if inside(i) { 1.0 } else { -1.0 }).collect();
    let mut uniforms = vec![0.0; clean.len()];
    Key::new(4).uniforms(0, &mut uniforms);
    let mut noisy: Vec<f64> =
        clean.iter().zip(&uniforms).map(|(s, u)| if f64::from(*u) < flip { -s } else { *s }).collect();
    let wrong = |image: &[f64]| clean.iter().zip(image).filter(|(a, b)| a != b).count();
    let before = wrong(&noisy);
    noisy[3] = f64::NAN;
    noisy[20 * side + 20] = f64::NAN;
    let field = ising::denoising(&noisy, side, 1.0, flip).unwrap();
    let mut fit = Fit::new(&field).unwrap();
    assert_eq!(elbo::mean_field::MeanField::factors(&fit), ["q(s_0, …)", "q(s_1, …)"]);
    to_convergence(&mut fit);
    let restored: Vec<f64> =
        fit.posterior().most_probable().iter().map(|&s| if s == 1 { 1.0 } else { -1.0 }).collect();
    assert!(before > 120 && wrong(&restored) < 25, "{before} {}", wrong(&restored));
    let threads = rayon_pool(3);
    let again = threads.install(|| {
        let mut fit = Fit::new(&field).unwrap();
        to_convergence(&mut fit);
        fit.posterior().clone()
    });
    assert_eq!(&again, fit.posterior());
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn wrong_input_is_named() {
    let message = |result: Result<Field, elbo::Error>| result.unwrap_err().to_string();
    assert_eq!(
        message(ising::field(&[0.0, 1.0, 2.0, 0.0], &[0.0, 0.0])),
        "coupling (2, 1) is 2, but must be that of (1, 2), 1"
    );
    assert_eq!(message(ising::field(&[0.5], &[0.0])), "coupling (1, 1) is 0.5, but must be 0");
    assert!(message(ising::field(&[0.0; 3], &[0.0, 0.0])).contains("[2, 2]"));
    assert!(
        message(ising::grid(3, 1.0, &[0.0; 4]))
            .contains("the number of sites is 4, but must be a multiple of 3")
    );
    assert!(message(ising::denoising(&[0.5], 1, 1.0, 0.1)).contains("pixel 0 is 0.5"));
    assert!(message(ising::denoising(&[1.0], 1, 1.0, 0.5)).contains("(0, 0.5)"));
    let refuse = |field: Field| Fit::new(&field).unwrap_err().to_string();
    assert!(refuse(Field { unary: vec![], edges: vec![] }).contains("at least 1"));
    assert!(refuse(Field { unary: vec![vec![f64::NAN]], edges: vec![] }).contains("site 0 is NaN"));
    let pair =
        |sites, potential| Field { unary: vec![vec![0.0; 2]; 2], edges: vec![Edge { sites, potential }] };
    assert!(
        refuse(pair([0, 2], vec![0.0; 4]))
            .contains("an end of edge 0 is 2, but must be below 2, the number of sites")
    );
    assert!(
        refuse(pair([1, 1], vec![0.0; 4])).contains("an end of edge 0 is site 1, but may come only once")
    );
    assert!(refuse(pair([0, 1], vec![0.0; 3])).contains("[2, 2]"));
    assert!(refuse(pair([0, 1], vec![f64::INFINITY; 4])).contains("must be finite"));
    let large = Field { unary: vec![vec![0.0; 2]; 21], edges: vec![] };
    assert!(
        large.enumerate().unwrap_err().to_string().contains("is 2097152, but must be at most 1048576, 2²⁰")
    );
    // Potentials as large as they come.
    let sharp = ising::field(&[0.0, -1e300, -1e300, 0.0], &[1e299, 0.0]).unwrap();
    let mut fit = Fit::random(&sharp, Key::new(1)).unwrap();
    assert!(to_convergence(&mut fit).last().is_finite());
}

#[test]
fn a_posterior_that_is_none_is_not_read() {
    let read =
        |marginals: serde_json::Value| serde_json::from_value::<Posterior>(json!({ "marginals": marginals }));
    assert_eq!(read(json!([[0.25, 0.75], [1.0]])).unwrap().most_probable(), [1, 0]);
    for wrong in [json!([[0.5, 0.6]]), json!([[]]), json!([[1.5, -0.5]])] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(error.contains("q of site 0 is") && error.contains("that add up to 1"), "{error}");
    }
}
