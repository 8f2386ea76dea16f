//! The same configuration and data give the same bits: whatever the number of threads, and interrupted or not.

use crate::common::{GAUSSIAN, curve, evaluate, fit_config, minibatch, normals, shape, steps};
use burn::tensor::Device;
use elbo::{
    Error,
    distribution::bernoulli::Binarise,
    engine::{Measure, Reader},
    fit::{EpochReport, Fit, FitConfig, Progress},
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma},
    minibatch::Rows,
    model::{Vae, VaeConfig},
    objective::elbo::KlForm,
    optimiser::Optimiser,
    parameters,
    random::{Draws, Key},
    schedule::Schedule,
    terms::{Bound, RowTerms, Weights},
};

const WIDTH: usize = 3;
const EPOCHS: u64 = 4;

/// 700 rows, 560 of them for training in minibatches of 150: shards of 64, 64 and 22 rows, and a last
/// minibatch of 110; the validation rows and those of an evaluation fill several chunks.
fn values() -> Vec<f32> {
    curve(700, WIDTH, 40)
}

fn config() -> FitConfig {
    let likelihood = LikelihoodConfig::Gaussian(Sigma::PerColumn);
    let mut config = fit_config(shape(&[16], 2, likelihood), steps(Optimiser::Adam, 1e-2), 150, EPOCHS);
    config.train.kl = KlForm::MonteCarlo;
    config.train.samples = 2;
    config
}

fn start(config: FitConfig, values: &[f32]) -> Fit<'_> {
    let (train, validation) = Rows::all(values, WIDTH).split(0.2, Key::new(2));
    Fit::new(config, train, &validation, &Device::flex()).unwrap()
}

fn run(fit: &mut Fit<'_>) -> (Vec<EpochReport>, Vec<Step>) {
    let (mut epochs, mut reports) = (Vec::new(), Vec::new());
    while fit.finished().is_none() {
        epochs.push(fit.epoch(|r| reports.push((r.terms.clone(), r.bound, r.gradient_norm))).unwrap());
    }
    (epochs, reports)
}

/// A step's terms, bound and norm of the gradient.
type Step = (RowTerms, Bound, f64);
type Whole = (Vec<EpochReport>, Vec<Step>, Progress, RowTerms);

fn fit_and_evaluate(config: FitConfig, values: &[f32], threads: usize) -> Whole {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut fit = start(config, values);
        let (epochs, reports) = run(&mut fit);
        let all = minibatch(&Rows::all(values, WIDTH), 0..700);
        let vae = fit.last().unwrap();
        let terms = evaluate(&vae, &all, Key::new(6), KlForm::Analytic, 3, &Device::flex()).unwrap();
        (epochs, reports, fit.progress().clone(), terms)
    })
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let values = values();
    let one = fit_and_evaluate(config(), &values, 1);
    assert_eq!(one.1.len(), 16);
    for threads in [2, 3] {
        assert_eq!(fit_and_evaluate(config(), &values, threads), one);
    }
}

#[test]
fn a_fit_interrupted_after_any_epoch_goes_on_as_if_it_had_not_been() {
    let mut grey = values();
    for v in &mut grey {
        *v = v.abs().min(1.0);
    }
    let mut bernoulli = config();
    bernoulli.vae.likelihood = LikelihoodConfig::Bernoulli;
    bernoulli.binarise = Binarise::Dynamic;
    let mut alternating = config();
    alternating.train.schedule = Schedule::Alternating;
    let mut solved = config();
    solved.vae.likelihood = LikelihoodConfig::Gaussian(Sigma::Solved);
    for (config, values) in
        [(config(), values()), (alternating, values()), (solved, values()), (bernoulli, grey)]
    {
        let mut whole = start(config.clone(), &values);
        let mut stops = vec![whole.progress().clone()];
        let mut epochs = Vec::new();
        while whole.finished().is_none() {
            epochs.push(whole.epoch(|_| {}).unwrap());
            stops.push(whole.progress().clone());
        }
        assert_eq!(stops.len() as u64, EPOCHS + 1);
        for (done, stop) in stops.into_iter().enumerate() {
            let mut fit = start(config.clone(), &values).resume(stop).unwrap();
            let (rest, _) = run(&mut fit);
            assert_eq!(rest, epochs[done..]);
            assert_eq!(fit.progress(), whole.progress());
        }
    }
}

#[test]
fn another_seed_gives_another_fit() {
    let values = values();
    let one = fit_and_evaluate(config(), &values, 2);
    let other = fit_and_evaluate(FitConfig { seed: 2, ..config() }, &values, 2);
    let equal = one.2.state.parameters.iter().zip(&other.2.state.parameters).filter(|(a, b)| a == b);
    assert_eq!(equal.count(), 0);
}

/// Noise belongs to a row and not to its place, so chunks in another order give the same terms.
#[test]
fn the_order_of_the_chunks_does_not_matter() {
    let values = curve(768, WIDTH, 40);
    let rows = Rows::all(&values, WIDTH);
    let vae = start(config(), &values).last().unwrap();
    let of = |index: Vec<usize>| {
        evaluate(&vae, &minibatch(&rows, index), Key::new(6), KlForm::MonteCarlo, 2, &Device::flex()).unwrap()
    };
    let forward = of((0..768).collect());
    let turned = of((256..768).chain(0..256).collect());
    for (terms, turned) in [(&forward.log_likelihood, &turned.log_likelihood), (&forward.kl, &turned.kl)] {
        assert_eq!([&turned[512..], &turned[..512]].concat(), *terms);
    }
    // Rows in any order at all: the arithmetic of a row may then differ by its place in a chunk.
    let reversed = of((0..768).rev().collect());
    for (a, b) in forward.elbo().iter().zip(reversed.elbo().iter().rev()) {
        assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0), "{a} {b}");
    }
}

#[test]
fn rows_evaluated_in_pieces_are_those_evaluated_at_once() {
    let values = curve(1200, WIDTH, 40);
    let rows = Rows::all(&values, WIDTH);
    let vae = start(config(), &values).last().unwrap();
    let of = |batch| evaluate(&vae, &batch, Key::new(6), KlForm::MonteCarlo, 2, &Device::flex()).unwrap();
    let whole = of(minibatch(&rows, 0..1200));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (mut terms, mut count) = (RowTerms::default(), 0);
        pool.install(|| {
            for piece in rows.pieces(Binarise::None, Key::new(0)) {
                terms.extend(&of(piece));
                count += 1;
            }
        });
        assert!(count > 1 && terms == whole, "{count} pieces");
    }
}

#[test]
fn progress_of_another_fit_is_refused() {
    let values = values();
    let mut fit = start(config(), &values);
    run(&mut fit);
    let good = fit.progress().clone();
    let spoil: [fn(&mut elbo::fit::Progress); 4] = [
        |p| _ = p.state.parameters.pop(),
        |p| _ = p.state.guide.second.pop(),
        |p| _ = p.best.pop(),
        |p| p.patience.best.push(0.0),
    ];
    for spoil in spoil {
        let mut progress = good.clone();
        spoil(&mut progress);
        let error = start(config(), &values).resume(progress).unwrap_err();
        assert!(matches!(error, elbo::Error::Shape { .. }), "{error}");
    }
}

/// A reader that was of other parameters reads to the bit as a new one, by kernels and by tensors.
#[test]
fn a_reader_takes_other_parameters() {
    let (key, draws) = (Key::new(5), Draws { samples: 2, key: Key::new(6) });
    let of = |family, likelihood| VaeConfig { family, ..shape(&[6], 2, likelihood) };
    for config in [of(Family::Gaussian, GAUSSIAN), of(Family::Bernoulli, LikelihoodConfig::Bernoulli)] {
        let device = Device::flex();
        let old = Vae::new(&config, 4, Key::new(1), &device).unwrap();
        let values: Vec<f32> = parameters::values::<f32, _>(&old).iter().map(|v| 0.5 * v - 0.1).collect();
        let new = parameters::load(old.clone(), &values, &device).unwrap();
        let x: Vec<f32> = normals(2, 20).into_iter().map(|v| f32::from(v > 0.0)).collect();
        let rows = minibatch(&Rows::all(&x, 4), 0..5);
        let read = |reader: &dyn Reader| {
            let z = reader.sample_prior(key, 3);
            let joint = reader.joint().ok().map(|joint| {
                let mut at = vec![0.0; 5];
                joint.log_likelihood(&x, &[0.3; 10], &mut at, None);
                at
            });
            (
                reader.terms(&rows, Measure::Elbo(KlForm::Analytic), draws).unwrap(),
                reader.terms(&rows, Measure::ImportanceWeighted(2), draws).unwrap(),
                reader.weights(&rows, key, 3).unwrap().iter().map(Weights::log_mean).collect::<Vec<_>>(),
                reader.encode(&x).unwrap(),
                (reader.sample(&z, key).unwrap(), reader.noise_scale(), joint),
            )
        };
        let mut reader = old.reader(&device);
        let before = read(&*reader);
        reader.set(&values).unwrap();
        let (now, expected) = (read(&*reader), read(&*new.reader(&device)));
        assert_ne!(before.0, now.0);
        assert_eq!(now, expected);
        assert!(matches!(reader.set(&values[1..]), Err(Error::Shape { .. })));
    }
}
