//! Latent Dirichlet allocation.

use elbo::{
    distribution::{Dirichlet, LogDensity, Sample},
    divergence::KullbackLeibler,
    mean_field::{
        Ascent, MeanField, RobbinsMonro, Stochastic, ascend,
        lda::{Counts, Fit, Inner, Posterior, Prior},
    },
    random::Key,
    special::{digamma, ln_gamma, ln_sum_exp},
};
use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use serde_json::json;

use crate::{assert_near, data, number, numbers, reference, shortened, to_convergence};

const EXACT: Inner = Inner { tolerance: 1e-13, iterations: 100_000 };

/// The rows of a matrix of counts.
fn dense(vocabulary: usize, matrix: &[f64]) -> Counts {
    let tokens: Vec<Vec<u32>> = matrix
        .chunks(vocabulary)
        .map(|row| {
            let repeated = |(word, &count)| std::iter::repeat_n(word as u32, count as usize);
            row.iter().enumerate().flat_map(repeated).collect()
        })
        .collect();
    Counts::from_tokens(vocabulary, tokens.iter().map(Vec::as_slice)).unwrap()
}

/// ln p of draws in their order from a Dirichlet-categorical: ln B(a + n) − ln B(a).
fn ln_polya(alpha: &[f64], counts: &[f64]) -> f64 {
    let (a, n) = (alpha.iter().sum::<f64>(), counts.iter().sum::<f64>());
    let terms = alpha.iter().zip(counts).map(|(&a, &n)| ln_gamma(a + n) - ln_gamma(a));
    terms.sum::<f64>() + ln_gamma(a) - ln_gamma(a + n)
}

/// The words of each document, in order.
fn tokens(documents: &[Vec<u32>]) -> Vec<(usize, usize)> {
    documents.iter().enumerate().flat_map(|(d, words)| words.iter().map(move |&w| (d, w as usize))).collect()
}

/// ln p(w) by enumeration of every z.
fn evidence(documents: &[Vec<u32>], vocabulary: usize, prior: &Prior) -> f64 {
    let (tokens, size) = (tokens(documents), prior.topics());
    let terms: Vec<f64> = (0..size.pow(tokens.len() as u32))
        .map(|mut code| {
            let mut of_documents = vec![vec![0.0; size]; documents.len()];
            let mut of_topics = vec![vec![0.0; vocabulary]; size];
            for &(d, w) in &tokens {
                of_documents[d][code % size] += 1.0;
                of_topics[code % size][w] += 1.0;
                code /= size;
            }
            let eta = vec![prior.eta; vocabulary];
            of_documents.iter().map(|n| ln_polya(&prior.alpha, n)).sum::<f64>()
                + of_topics.iter().map(|n| ln_polya(&eta, n)).sum::<f64>()
        })
        .collect();
    ln_sum_exp(&terms)
}

/// One pass from given topics, against an independent implementation.
#[test]
fn the_known_pass() {
    let Some(file) = reference("lda_A.json") else { return };
    let case = &file["estep_case"];
    let (size, vocabulary) = (number(&case["K"]) as usize, number(&case["V"]) as usize);
    let counts = dense(vocabulary, &numbers(&case["counts"]));
    let alpha = vec![number(&case["alpha"]); size];
    let topics = Posterior::new(alpha, vocabulary, numbers(&case["lambda"])).unwrap();
    let folded = topics.fold_in(&counts, EXACT).unwrap();
    for (what, got, expected) in [
        ("γ", &folded.concentrations, numbers(&case["gamma_converged"])),
        ("the bound of a document", &folded.bounds, numbers(&case["doc_elbo"])),
    ] {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert_near(what, *got, expected, 1e-6);
        }
    }

    let fit = Fit::starting_at(&counts, number(&case["eta"]), &topics).unwrap();
    let mut fit = fit.with_inner(EXACT).unwrap();
    fit.update(0).unwrap();
    assert_near("the topics' term", fit.bound().global, number(&case["topic_term"]), 1e-9);
    assert_near("the bound", fit.bound().value(), number(&case["total_elbo"]), 1e-6);
    for (got, expected) in fit.concentrations().iter().zip(&folded.concentrations) {
        assert_near("γ of the fit", *got, *expected, 1e-9);
    }
    assert_near("λ", fit.posterior().lambda()[7], topics.lambda()[7], 0.0);
}

/// 200 corpora of all priors: no update lowers the bound, whose parts are the definitions', and which is finite.
#[test]
fn the_bound_never_falls() {
    let corpora =
        (1usize..6, 1usize..9, vec(vec(0u32..64, 0..14), 1..7), -3.0..1.0, -3.0..1.0, 0u64..u64::MAX);
    let config = Config { cases: 250, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::default()))
        .run(&corpora, |(size, vocabulary, documents, ln_alpha, ln_eta, seed)| {
            let documents: Vec<Vec<u32>> =
                documents.iter().map(|words| words.iter().map(|w| w % vocabulary as u32).collect()).collect();
            let counts = Counts::from_tokens(vocabulary, documents.iter().map(Vec::as_slice)).unwrap();
            let mut prior = Prior::symmetric(size, 10f64.powf(ln_alpha), 10f64.powf(ln_eta));
            prior.alpha[0] *= 2.0;
            let fit = Fit::new(&counts, prior.clone(), Key::new(seed)).unwrap();
            // Too few iterations to converge, so that a pass must go on where the last one stopped.
            let mut fit = fit.with_inner(Inner { tolerance: 0.0, iterations: 1 + size }).unwrap();
            let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 12 }, |_, _| {}).unwrap();
            assert!(record.bounds.iter().all(|b| b.value().is_finite() && b.kl >= -1e-9 && b.global <= 1e-9));
            fit.update(0).unwrap();
            assert_near("the bound", fit.bound().value(), bound(&fit, &prior, &documents), 1e-9);
            Ok(())
        })
        .unwrap();
}

/// The bound with φ at its optimum, from γ and λ, by the library's distributions.
fn bound(fit: &Fit<'_>, prior: &Prior, documents: &[Vec<u32>]) -> f64 {
    let (q, size) = (fit.posterior(), prior.topics());
    // A Dirichlet over one share has no divergence.
    let kl = |q: &[f64], p: &[f64]| match q.len() {
        1 => 0.0,
        _ => Dirichlet::new(q.to_vec()).unwrap().kl(&Dirichlet::new(p.to_vec()).unwrap()).unwrap(),
    };
    let expected_log = |q: &[f64], i: usize| digamma(q[i]) - digamma(q.iter().sum());
    let topics: Vec<&[f64]> = q.lambda().chunks(q.vocabulary()).collect();
    let gamma = fit.concentrations();
    let of_topics: f64 = topics.iter().map(|lambda| kl(lambda, &vec![prior.eta; q.vocabulary()])).sum();
    let of_documents = documents.iter().zip(gamma.chunks(size)).map(|(words, gamma)| {
        let word = |&word: &u32| {
            let term = |k| expected_log(gamma, k) + expected_log(topics[k], word as usize);
            ln_sum_exp(&(0..size).map(term).collect::<Vec<_>>())
        };
        words.iter().map(word).sum::<f64>() - kl(gamma, &prior.alpha)
    });
    of_documents.sum::<f64>() - of_topics
}

/// E_q[log p(w, z, θ, β) − log q] by Monte Carlo; |z| < 4 has a false-alarm rate of 6e-5.
#[test]
fn the_bound_is_the_mean_of_log_p_less_log_q() {
    let documents: [Vec<u32>; 3] = [vec![0, 1, 1, 2], vec![3, 3, 0], vec![2]];
    let counts = Counts::from_tokens(4, documents.iter().map(Vec::as_slice)).unwrap();
    let prior = Prior { alpha: vec![0.7, 1.3], eta: 0.9 };
    let mut fit = Fit::new(&counts, prior.clone(), Key::new(3)).unwrap();
    ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 2 }, |_, _| {}).unwrap();
    fit.update(0).unwrap();

    let dirichlets =
        |x: &[f64], n: usize| x.chunks(n).map(|x| Dirichlet::new(x.to_vec()).unwrap()).collect::<Vec<_>>();
    let (of_documents, of_topics) =
        (dirichlets(&fit.concentrations(), 2), dirichlets(fit.posterior().lambda(), 4));
    let expected_log = |q: &Dirichlet, i: usize| digamma(q.concentration()[i]) - digamma(q.total());
    let (theta_prior, beta_prior) =
        (Dirichlet::new(prior.alpha).unwrap(), Dirichlet::new(vec![0.9; 4]).unwrap());
    let draws = 20_000;
    let found: Vec<f64> = (0..draws)
        .map(|draw| {
            let key = Key::new(11).fold(draw);
            let theta: Vec<Vec<f64>> =
                of_documents.iter().enumerate().map(|(d, q)| q.sample(key.fold(0), d as u64)).collect();
            let beta: Vec<Vec<f64>> =
                of_topics.iter().enumerate().map(|(k, q)| q.sample(key.fold(1), k as u64)).collect();
            let of = |p: &Dirichlet, q: &[Dirichlet], x: &[Vec<f64>]| {
                q.iter().zip(x).map(|(q, x)| p.log_density(x) - q.log_density(x)).sum::<f64>()
            };
            let mut sum = of(&theta_prior, &of_documents, &theta) + of(&beta_prior, &of_topics, &beta);
            let tokens = tokens(&documents);
            let mut uniforms = vec![0.0; tokens.len()];
            key.fold(2).uniforms(0, &mut uniforms);
            for ((d, w), u) in tokens.into_iter().zip(uniforms) {
                let logit = |k: usize| expected_log(&of_documents[d], k) + expected_log(&of_topics[k], w);
                let phi = 1.0 / (1.0 + (logit(1) - logit(0)).exp());
                let (z, q) = if f64::from(u) < phi { (0, phi) } else { (1, 1.0 - phi) };
                sum += theta[d][z].ln() + beta[z][w].ln() - q.ln();
            }
            sum
        })
        .collect();
    let n = draws as f64;
    let mean = found.iter().sum::<f64>() / n;
    let error = (found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
    let z = (mean - fit.bound().value()) / error;
    assert!(z.abs() < 4.0 && error < 0.05, "{mean} ± {error}, {}", fit.bound());
}

/// With one topic nothing is hidden but β, whose posterior is exact: the bound is ln p(w).
#[test]
fn one_topic_is_exact() {
    let counts = Counts::from_tokens(3, [&[0, 0, 2][..], &[2], &[]]).unwrap();
    let mut fit = Fit::new(&counts, Prior::symmetric(1, 0.4, 0.3), Key::new(1)).unwrap();
    let bound = to_convergence(&mut fit).last();
    assert_near("ln p", bound, ln_polya(&[0.3; 3], &[2.0, 0.0, 2.0]), 1e-12);
    assert_near("a word that never occurs", fit.posterior().lambda()[1], 0.3, 0.0);
}

/// The exact evidence, over every z, is above the bound, and not by more than q's independence costs.
#[test]
fn the_evidence_is_above() {
    for (seed, alpha, eta) in [(1, 0.2, 0.2), (2, 1.0, 0.05), (3, 0.05, 1.0), (4, 3.0, 3.0)] {
        let documents = [vec![0, 1, 0], vec![2, 1], vec![], vec![2, 2, 2]];
        let counts = Counts::from_tokens(4, documents.iter().map(Vec::as_slice)).unwrap();
        let prior = Prior::symmetric(3, alpha, eta);
        let mut fit = Fit::new(&counts, prior.clone(), Key::new(seed)).unwrap().with_inner(EXACT).unwrap();
        let bound = to_convergence(&mut fit).last();
        let exact = evidence(&documents, 4, &prior);
        assert!(bound < exact && exact < bound + 12.0, "{bound} {exact}");
        // The empty document says nothing.
        assert_eq!(fit.concentrations()[6..9], [alpha; 3]);
        // Topics that could be exchanged share the words that never occur.
        assert!((0..3).all(|k| fit.posterior().lambda()[4 * k + 3] == eta));
    }
}

/// Where every topic's weight underflows the answer is the same, by logarithms.
#[test]
fn weights_below_all_numbers() {
    let counts = Counts::from_tokens(2, [&[0][..]]).unwrap();
    let size = 1500;
    let topics = Posterior::new(vec![1e-5; size], 2, vec![2.0; 2 * size]).unwrap();
    let folded = topics.fold_in(&counts, EXACT).unwrap();
    let gamma = 1e-5 + 1.0 / size as f64;
    assert!(digamma(gamma) < -1000.0);
    let (q, p) = (Dirichlet::new(vec![gamma; size]).unwrap(), Dirichlet::new(vec![1e-5; size]).unwrap());
    let of_word = digamma(2.0) - digamma(4.0) + digamma(gamma) - digamma(q.total()) + (size as f64).ln();
    assert_near("the bound", folded.bound(), of_word - q.kl(&p).unwrap(), 1e-8);
    assert!(folded.concentrations.iter().all(|g| (g - gamma).abs() < 1e-12));

    // More topics than tokens, and α and η at the ends of their range.
    for (alpha, eta) in [(1e-100, 1e-100), (1e-3, 1e-100), (1e3, 1e3), (1e-100, 1e3), (1e3, 1e-100)] {
        let counts = Counts::from_tokens(5, [&[0, 1, 1][..], &[4], &[]]).unwrap();
        let mut fit = Fit::new(&counts, Prior::symmetric(20, alpha, eta), Key::new(1)).unwrap();
        let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 20 }, |_, _| {}).unwrap();
        assert!(record.last().is_finite() && record.last() < 0.0, "{alpha} {eta}: {}", record.last());
        assert!(fit.proportions().iter().all(|share| share.is_finite()));
    }
}

/// 400 documents of 12 words from 3 topics, of known α and η.
fn drawn() -> Counts {
    let lambda = (0..36).map(|i| if i / 12 == (i % 12) / 4 { 30.0 } else { 1.0 }).collect();
    let topics = Posterior::new(vec![0.2; 3], 12, lambda).unwrap();
    topics.sample(&vec![40; 400], Key::new(5)).unwrap()
}

/// The topics that documents were drawn from are found, and say as much of new documents.
#[test]
fn drawn_topics_are_found() {
    let counts = drawn();
    assert_eq!((counts.documents(), counts.tokens()), (400, 16_000.0));
    let mut fit = Fit::new(&counts, Prior::symmetric(3, 0.2, 0.1), Key::new(2)).unwrap();
    let record = ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
    let q = fit.posterior();
    let mut groups: Vec<usize> = (0..3)
        .map(|k| {
            let mut top: Vec<usize> = q.top_words(k, 4).into_iter().map(|(word, _)| word).collect();
            top.sort_unstable();
            assert!(top[0].is_multiple_of(4) && top[3] == top[0] + 3, "{top:?}");
            top[0]
        })
        .collect();
    groups.sort_unstable();
    assert_eq!(groups, [0, 4, 8]);

    let folded = q.fold_in(&counts, Inner::default()).unwrap();
    assert!(folded.bound() > record.last(), "the topics' own divergence is not in it");
    assert!((folded.perplexity_bound().ln() * 16_000.0 + folded.bound()).abs() < 1e-6);
    // Few documents have more than one optimum.
    let differences =
        folded.proportions().iter().zip(fit.proportions()).map(|(a, b)| (a - b).abs()).sum::<f64>();
    assert!(differences / 1200.0 < 0.02, "{differences}");
    let (observed, held_out) = counts.halves(Key::new(1));
    assert_eq!(observed.tokens() + held_out.tokens(), 16_000.0);
    assert!((observed.tokens() - 8000.0).abs() < 4.0 * 4000f64.sqrt());
    let perplexity = q.completion_perplexity(&observed, &held_out, Inner::default()).unwrap();
    let flat = Posterior::new(q.alpha().to_vec(), q.vocabulary(), vec![1.0; 36]).unwrap();
    let of_flat = flat.completion_perplexity(&observed, &held_out, Inner::default()).unwrap();
    assert_near("a flat guess", of_flat, 12.0, 1e-9);
    assert!(perplexity < 7.5 && perplexity > 4.0, "{perplexity}");
    assert!(flat.fold_in(&counts, Inner::default()).unwrap().perplexity_bound() > 12.0);
}

/// Natural-gradient steps come near the optimum of the batch.
#[test]
fn stochastic_steps_reach_the_batch() {
    let counts = drawn();
    let mut online = Fit::new(&counts, Prior::symmetric(3, 0.2, 0.1), Key::new(2)).unwrap();
    let mut batch = online.clone();
    let best = ascend(&mut batch, &Ascent::default(), |_, _| {}).unwrap().last();

    let mut steps = 0;
    for epoch in 0..30 {
        online.epoch(32, &RobbinsMonro::default(), Key::new(7), epoch, &mut steps).unwrap();
    }
    assert_eq!(steps, 30 * 13);
    let mut online = online.with_inner(Inner::default()).unwrap();
    online.update(0).unwrap();
    let reached = online.bound().value();
    assert!(reached > best - 60.0, "{reached} {best}");
}

/// (1 − ρ) λ + ρ (η + N/B Σ n φ), φ of the minibatch's documents at their γ.
#[test]
fn a_step_is_that_of_the_natural_gradient() {
    let (counts, rows) = (drawn(), (100..200).collect::<Vec<usize>>());
    let mut fit = Fit::new(&counts, Prior::symmetric(3, 0.2, 0.1), Key::new(2)).unwrap();
    let before = fit.posterior();
    fit.step(&rows, 4.0, 0.3).unwrap();

    let of_rows = counts.select(&rows);
    let gamma = before.fold_in(&of_rows, Inner::default()).unwrap().concentrations;
    let mut expected: Vec<f64> = before.lambda().iter().map(|lambda| 0.7 * lambda + 0.3 * 0.1).collect();
    for (d, gamma) in gamma.chunks(3).enumerate() {
        for (word, count) in of_rows.words(d) {
            let log = |k: usize| {
                let topic = &before.lambda()[12 * k..][..12];
                digamma(gamma[k]) + digamma(topic[word as usize]) - digamma(topic.iter().sum())
            };
            let logs = [log(0), log(1), log(2)];
            let total = ln_sum_exp(&logs);
            for k in 0..3 {
                expected[12 * k + word as usize] += 0.3 * 4.0 * f64::from(count) * (logs[k] - total).exp();
            }
        }
    }
    for (got, expected) in fit.posterior().lambda().iter().zip(expected) {
        assert_near("λ", *got, expected, 1e-11 * expected);
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let counts = drawn();
    let fitted = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let mut fit = Fit::new(&counts, Prior::symmetric(9, 0.2, 0.1), Key::new(2)).unwrap();
            let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 5 }, |_, _| {}).unwrap();
            fit.epoch(100, &RobbinsMonro::default(), Key::new(7), 0, &mut 0).unwrap();
            (record, fit.posterior(), fit.concentrations())
        })
    };
    let one = fitted(1);
    assert_eq!(one, fitted(2));
    assert_eq!(one, fitted(5));
}

#[test]
fn a_posterior_survives_its_text() {
    let counts = drawn();
    let q = Fit::new(&counts, Prior::symmetric(2, 0.2, 0.1), Key::new(2)).unwrap().posterior();
    let read: Posterior = serde_json::from_str(&serde_json::to_string(&q).unwrap()).unwrap();
    assert_eq!(read, q);
}

/// A vocabulary that is said to be greater than it is, also where its product with the topics overflows, and parameters that
/// are none: nothing is read, and no memory is taken.
#[test]
fn a_posterior_that_is_none_is_not_read() {
    let counts = drawn();
    let q = Fit::new(&counts, Prior::symmetric(2, 0.2, 0.1), Key::new(2)).unwrap().posterior();
    let whole = serde_json::to_value(&q).unwrap();
    let read = |value: serde_json::Value| serde_json::from_value::<Posterior>(value);
    for (path, value) in shortened(&whole, &[]) {
        assert!(read(value).is_err(), "{path}");
    }
    let with = |field: &str, wrong: serde_json::Value| {
        let mut value = whole.clone();
        *value.pointer_mut(field).unwrap() = wrong;
        read(value).unwrap_err().to_string()
    };
    for vocabulary in [0, 13, 12 + (1 << 63), u64::MAX] {
        let error = with("/vocabulary", json!(vocabulary));
        assert!(error.contains("λ has shape [24]"), "{error}");
    }
    assert!(with("/lambda/3", json!(-1.0)).contains("λ of a topic and a word is -1"));
    assert!(with("/alpha/1", json!(0.0)).contains("α of a topic is 0"));
}

#[test]
fn wrong_input_is_refused() {
    let counts = drawn();
    let says = |error: elbo::Error, text: &str| assert!(error.to_string().contains(text), "{error}");
    let begin = |alpha, eta| Fit::new(&counts, Prior::symmetric(3, alpha, eta), Key::new(1));
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
        says(begin(wrong, 0.1).unwrap_err(), "α of topic 1 is");
        says(begin(0.1, wrong).unwrap_err(), "η is");
    }
    let none = Fit::new(&counts, Prior::symmetric(0, 0.1, 0.1), Key::new(1));
    says(none.unwrap_err(), "the number of topics is 0");
    let empty = Counts::new(3, vec![0], vec![], vec![]).unwrap();
    says(
        Fit::new(&empty, Prior::symmetric(2, 0.1, 0.1), Key::new(1)).unwrap_err(),
        "the number of documents is 0",
    );
    let nothing = Counts::new(0, vec![0, 0], vec![], vec![]).unwrap();
    says(
        Fit::new(&nothing, Prior::symmetric(2, 0.1, 0.1), Key::new(1)).unwrap_err(),
        "the number of words is 0",
    );
    let mut fit = begin(0.1, 0.1).unwrap();
    says(fit.update(1).unwrap_err(), "passes over the documents");
    assert_eq!(fit.bound().value(), f64::NEG_INFINITY);
    says(fit.clone().with_inner(Inner { tolerance: f64::NAN, iterations: 1 }).unwrap_err(), "tolerance");
    says(fit.clone().with_inner(Inner { tolerance: 0.0, iterations: 0 }).unwrap_err(), "at least 1");

    says(Counts::new(3, vec![0, 1], vec![3], vec![1]).unwrap_err(), "a word is 3, but must be below 3");
    says(Counts::new(3, vec![0, 2], vec![1], vec![1]).unwrap_err(), "the last offset is 2, but must be 1");
    says(
        Counts::new(3, vec![0, 1, 0, 1], vec![1], vec![1]).unwrap_err(),
        "an offset is 0, but must be at least 1",
    );
    says(Counts::new(3, vec![], vec![], vec![]).unwrap_err(), "offsets");
    says(Counts::new(3, vec![0, 1], vec![1], vec![]).unwrap_err(), "the counts");

    let q = fit.posterior();
    let other = Counts::from_tokens(13, [&[12][..]]).unwrap();
    says(q.fold_in(&other, Inner::default()).unwrap_err(), "is 13, but must be 12, that of the topics");
    let made = |lambda| Posterior::new(q.alpha().to_vec(), q.vocabulary(), lambda).unwrap_err();
    says(made(vec![1.0; 35]), "λ has shape [35]");
    says(made(vec![f64::NAN; 36]), "λ of a topic and a word is NaN");
}

/// Reuters: bounds within the spread of another implementation's starts.
#[test]
fn reuters_is_as_good_as_known() {
    let (Some(file), Some(text)) = (reference("lda_A.json"), data("text/reuters.ldac")) else { return };
    let documents: Vec<Vec<u32>> = text
        .lines()
        .map(|line| {
            let pairs = line.split_ascii_whitespace().skip(1).map(|pair| pair.split_once(':').unwrap());
            let repeated = |(word, count): (&str, &str)| {
                std::iter::repeat_n(word.parse().unwrap(), count.parse().unwrap())
            };
            pairs.flat_map(repeated).collect()
        })
        .collect();
    let set = &file["sets"][0];
    let counts = Counts::from_tokens(4258, documents.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(counts.tokens(), number(&set["tokens"]));
    let runs = set["runs"].as_array().unwrap();
    let mut sizes: Vec<usize> = runs.iter().map(|run| number(&run["K"]) as usize).collect();
    sizes.dedup();
    for size in sizes {
        let of_size: Vec<_> = runs.iter().filter(|run| number(&run["K"]) as usize == size).collect();
        let bounds: Vec<f64> = of_size.iter().map(|run| number(&run["bound_nats"])).collect();
        let (least, most) = bounds.iter().fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
        let prior = Prior::symmetric(size, number(&of_size[0]["alpha"]), number(&of_size[0]["eta"]));
        let mut best = f64::MIN;
        for seed in 0..3 {
            let mut fit = Fit::new(&counts, prior.clone(), Key::new(seed)).unwrap();
            let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 60 }, |_, _| {}).unwrap();
            assert!(record.last().is_finite());
            best = best.max(record.last());
        }
        assert!(best > least - (most - least), "K = {size}: {best}, known {least} to {most}");
    }
}
