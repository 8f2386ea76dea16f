//! The functions of f64 against libm and identities; documents of latent Dirichlet allocation against plain loops; every
//! level the same bits.

use elbo_kernels::{
    Lanes, Level,
    allocation::{Document, Room, Stop, allocate, ascend},
    dirichlet::{digamma_and_ln_gamma, exp_digamma, expectations, exponentials},
    double::{exp, log},
};

/// Numbers over `decades`, denser than any period of the reductions.
fn spread(from: f64, to: f64) -> impl Iterator<Item = f64> {
    (0..200_000).map(move |i| from + (to - from) * f64::from(i) / 199_999.0)
}

#[test]
fn exp_and_log_are_within_their_error() {
    let ulps = |got: f64, exact: f64| (got - exact).abs() / (exact.abs() * f64::EPSILON);
    for x in spread(-708.0, 709.7) {
        assert!(ulps(exp(x), libm::exp(x)) <= 2.0, "exp({x})");
    }
    for x in spread(-700.0, 700.0).map(libm::exp).chain(spread(0.5, 2.0)) {
        assert!(x == 1.0 || ulps(log(x), libm::log(x)) <= 1.0, "log({x})");
    }
    assert_eq!((exp(-709.0), exp(f64::NEG_INFINITY), exp(710.0), exp(-0.0)), (0.0, 0.0, f64::INFINITY, 1.0));
}

#[test]
fn digamma_and_ln_gamma_obey_their_recurrences() {
    for x in spread(-60.0, 60.0).map(libm::exp) {
        let (digamma, ln_gamma) = digamma_and_ln_gamma(x);
        let exact = libm::lgamma(x);
        assert!((ln_gamma - exact).abs() <= 2e-14 * exact.abs().max(1.0), "ln Γ({x}): {ln_gamma} {exact}");
        // ψ(2x) = ½ ψ(x) + ½ ψ(x + ½) + log 2.
        let (half, double) = (digamma_and_ln_gamma(x + 0.5).0, digamma_and_ln_gamma(2.0 * x).0);
        let error = double - 0.5 * (digamma + half) - std::f64::consts::LN_2;
        assert!(error.abs() <= 1e-14 * digamma.abs().max(1.0), "ψ({x}): {error}");
        let direct = exp_digamma(x);
        assert!(
            (direct - libm::exp(digamma)).abs() <= 1e-14 * digamma.abs().max(1.0) * direct + 1e-306,
            "exp ψ({x})"
        );
    }
    assert_eq!(exp_digamma(1e-100), 0.0);
    assert!((digamma_and_ln_gamma(1e-150).1 - 150.0 * std::f64::consts::LN_10).abs() < 1e-11);
}

/// Seven words of five topics, in lanes.
fn case() -> (Vec<Lanes>, [Lanes; 1], [Lanes; 1]) {
    let mut beta = vec![[0.0; 8]; 7];
    for (w, row) in beta.iter_mut().enumerate() {
        for (k, b) in row[..5].iter_mut().enumerate() {
            *b = 0.05 + ((3 * w + 5 * k) % 7) as f64;
        }
    }
    let lanes = |values: [f64; 5]| std::array::from_fn(|i| values.get(i).copied().unwrap_or(0.0));
    (beta, [lanes([0.1, 0.2, 0.3, 0.4, 0.5])], [lanes([1.1, 1.2, 1.3, 1.4, 1.5])])
}

const WORDS: Document<'static> = Document { words: &[6, 0, 2, 3, 5, 1], counts: &[1, 2, 3, 1, 7, 1] };

#[test]
fn a_document_is_at_its_fixed_point() {
    let (beta, prior, start) = case();
    let mut room = Room::default();
    let to_convergence = |step: f64| {
        let (mut gamma, stop) = (start, Stop { step, change: 1e-13, iterations: 10_000 });
        let iterations = ascend(Level::best(), WORDS, &beta, &prior, stop, &mut gamma, &mut Room::default());
        (gamma, iterations.unwrap())
    };
    let (gamma, iterations) = to_convergence(1.0);
    assert!(iterations < 10_000);
    let (relaxed, fewer) = to_convergence(1.3);
    assert!(fewer < iterations, "{fewer} {iterations}");
    assert!(relaxed[0].iter().zip(gamma[0]).all(|(a, b)| (a - b).abs() < 1e-10), "{relaxed:?} {gamma:?}");
    let mut statistics = vec![[0.0; 8]; 7];
    let found = allocate(Level::best(), WORDS, &beta, &gamma, Some(&mut statistics), &mut room).unwrap();

    let t = gamma[0].map(|g| if g > 0.0 { libm::exp(digamma_and_ln_gamma(g).0) } else { 0.0 });
    let (mut log_norms, mut next, mut expected) = (0.0, prior[0], vec![[0.0; 8]; 7]);
    for (&word, &count) in WORDS.words.iter().zip(WORDS.counts) {
        let row = &beta[word as usize];
        let norm: f64 = (0..8).map(|k| t[k] * row[k]).sum();
        log_norms += f64::from(count) * norm.ln();
        for k in 0..8 {
            expected[word as usize][k] += f64::from(count) * t[k] * row[k] / norm;
            next[k] += f64::from(count) * t[k] * row[k] / norm;
        }
    }
    assert!((found - log_norms).abs() < 1e-12 * log_norms.abs());
    for k in 0..8 {
        assert!((gamma[0][k] - next[k]).abs() < 1e-11, "{gamma:?} {next:?}");
        assert!(expected.iter().zip(&statistics).all(|(e, s)| (e[k] - s[k]).abs() < 1e-13));
    }
}

/// γ = α + Σ_w n_w φ_w and the document's part of the bound, at γ of `topics` topics, by plain loops.
fn plainly(
    document: Document<'_>,
    beta: &[Lanes],
    prior: f64,
    topics: usize,
    gamma: &[f64],
) -> (Vec<f64>, f64) {
    let total: f64 = gamma.iter().sum();
    let expected_log = |g: f64| digamma_and_ln_gamma(g).0 - digamma_and_ln_gamma(total).0;
    let t: Vec<f64> = gamma.iter().map(|&g| libm::exp(expected_log(g))).collect();
    let (mut next, mut bound) = (vec![prior; topics], 0.0);
    for (&word, &count) in document.words.iter().zip(document.counts) {
        let row = beta[word as usize * topics / 8..][..topics / 8].as_flattened();
        let norm: f64 = t.iter().zip(row).map(|(t, b)| t * b).sum();
        bound += f64::from(count) * norm.ln();
        next.iter_mut()
            .zip(t.iter().zip(row))
            .for_each(|(next, (t, b))| *next += f64::from(count) * t * b / norm);
    }
    let ln_gamma = |x: f64| digamma_and_ln_gamma(x).1;
    bound -= ln_gamma(total) - ln_gamma(topics as f64 * prior);
    bound +=
        gamma.iter().map(|&g| ln_gamma(g) - ln_gamma(prior) - (g - prior) * expected_log(g)).sum::<f64>();
    (next, bound)
}

/// Words of 48 topics, each of which has few words of its own, and a document of two topics of them.
fn sparse(number: u32) -> (Vec<Lanes>, Vec<u32>, Vec<u32>) {
    const TOPICS: u32 = 48;
    let frequency = |word: u32, topic: u32| {
        let apart = (word * 7 + topic * 5) % 61;
        libm::exp(-f64::from(apart.min(61 - apart)) / 4.0) + 1e-4 * f64::from(1 + (word * topic) % 5)
    };
    let cells: Vec<f64> = (0..100).flat_map(|word| (0..TOPICS).map(move |k| frequency(word, k))).collect();
    let own = |word: &u32| frequency(*word, number) + frequency(*word, (3 * number + 11) % TOPICS);
    let words: Vec<u32> = (0..100).filter(|word| own(word) > 0.1).collect();
    let counts = words.iter().map(|word| 1 + (2.0 * own(word)) as u32 + (word + number) % 2).collect();
    (cells.as_chunks().0.to_vec(), words, counts)
}

#[test]
fn few_topics_ascend_to_what_is_a_fixed_point_of_all() {
    const TOPICS: usize = 48;
    for alpha in [0.02, 0.1] {
        let mut rise = 0.0;
        for number in 0..48 {
            let (beta, words, counts) = sparse(number);
            let document = Document { words: &words, counts: &counts };
            let tokens = f64::from(counts.iter().sum::<u32>());
            let ascended = |step: f64| {
                let stop = Stop { step, change: 1e-3 * TOPICS as f64, iterations: 2000 };
                let (prior, mut room) = ([[alpha; 8]; TOPICS / 8], Room::default());
                let mut gamma = [[alpha + tokens / TOPICS as f64; 8]; TOPICS / 8];
                let made = ascend(Level::best(), document, &beta, &prior, stop, &mut gamma, &mut room);
                let gamma = gamma.as_flattened().to_vec();
                let (next, bound) = plainly(document, &beta, alpha, TOPICS, &gamma);
                let change: f64 = next.iter().zip(&gamma).map(|(a, b)| (a - b).abs()).sum();
                assert!(made.unwrap() < 2000 && change <= stop.change, "{number} {made:?} {change}");
                bound
            };
            rise += (ascended(1.7) - ascended(1.0)) / 48.0;
        }
        assert!(rise > -1e-3, "{alpha}: {rise}");
    }
}

#[test]
fn an_underflow_is_told() {
    let (mut beta, prior, mut gamma) = case();
    beta[3] = [1e-300; 8];
    let (mut room, stop) = (Room::default(), Stop { step: 1.0, change: 0.0, iterations: 10 });
    assert_eq!(ascend(Level::best(), WORDS, &beta, &prior, stop, &mut gamma, &mut room), None);
    let mut statistics = vec![[0.0; 8]; 7];
    assert_eq!(allocate(Level::best(), WORDS, &beta, &gamma, Some(&mut statistics), &mut room), None);
    assert_eq!(statistics, vec![[0.0; 8]; 7]);
}

#[test]
fn levels_agree_to_the_bit() {
    let found: Vec<_> = Level::available()
        .into_iter()
        .map(|level| {
            let (beta, prior, mut gamma) = case();
            let (mut room, stop) = (Room::default(), Stop { step: 1.7, change: 0.0, iterations: 9 });
            ascend(level, WORDS, &beta, &prior, stop, &mut gamma, &mut room).unwrap();
            let mut statistics = vec![[0.0; 8]; 7];
            let log = allocate(level, WORDS, &beta, &gamma, Some(&mut statistics), &mut room).unwrap();
            let (mut digamma, mut out) = ([[0.0; 8]; 1], [[0.0; 8]; 1]);
            let sum = expectations(level, &gamma, &prior, &[[0.25; 8]], &mut digamma);
            let greatest = exponentials(level, &mut digamma, &prior, 5, &mut out);
            assert_eq!(
                (out[0].iter().copied().max_by(f64::total_cmp).unwrap(), &out[0][5..]),
                (1.0, &[0.0; 3][..])
            );
            let (beta, words, counts) = sparse(5);
            let (document, mut of_few) = (Document { words: &words, counts: &counts }, [[2.0; 8]; 6]);
            let stop = Stop { step: 1.7, change: 0.05, iterations: 100 };
            ascend(level, document, &beta, &[[0.1; 8]; 6], stop, &mut of_few, &mut room).unwrap();
            (gamma, statistics, log.to_bits(), sum.to_bits(), digamma, greatest.to_bits(), of_few)
        })
        .collect();
    assert!(found.iter().all(|other| *other == found[0]));
}
