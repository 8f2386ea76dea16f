//! A steady step allocates nothing, and a long run keeps its memory.

#![allow(missing_docs)]

#[path = "suite/common/mod.rs"]
mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use burn::tensor::Device;
use common::{shape, steps};
use elbo::{
    distribution::bernoulli::Binarise,
    likelihood::{CellFamily, ColumnConfig, LikelihoodConfig, Sigma},
    minibatch::{Minibatch, Rows},
    model::Vae,
    objective::elbo::KlForm,
    optimiser::Optimiser,
    random::Key,
    schedule::StepFactors,
    train::{Inference, State, TrainConfig, Trainer},
};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator as it is.
#[allow(unsafe_code, reason = "an allocator that counts can be written in no other way")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// Resident memory in KiB, where the system tells.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

const WIDTH: usize = 30;
/// Of three latent variables.
const RECORD: usize = 19;

fn start(likelihood: LikelihoodConfig, config: TrainConfig) -> (Trainer, State) {
    let device = Device::flex();
    let vae = Vae::new(&shape(&[24, 12], 3, likelihood), WIDTH, Key::new(1), &device).unwrap();
    Trainer::init(config, &vae, Key::new(1), &device).unwrap()
}

/// Epochs of three minibatches, the last one smaller, each made in the room of the one before.
fn take(
    rows: &Rows<'_>,
    trainer: &mut Trainer,
    state: &mut State,
    (current, next): (&mut Minibatch, &mut Minibatch),
    psi: &mut [f32],
    count: usize,
) {
    let batches = rows.minibatches(70, Binarise::Dynamic, Key::new(2), 0);
    for step in 0..count {
        let ((), stepped) = rayon::join(
            || batches.fill((step + 1) % batches.number(), next),
            || {
                let stepped = if psi.is_empty() {
                    trainer.step(state, current, StepFactors::FULL)
                } else {
                    let records = &mut psi[..current.rows.len() * RECORD];
                    trainer.visit(state, current, records, StepFactors::FULL)
                };
                stepped.map(|report| report.gradient_norm)
            },
        );
        assert!(stepped.unwrap() > 0.0);
        std::mem::swap(current, next);
    }
}

#[test]
fn a_steady_step_allocates_nothing_and_memory_stays_flat() {
    let mut values = vec![0.0; 200 * WIDTH];
    Key::new(3).uniforms(0, &mut values);
    let rows = Rows::all(&values, WIDTH);
    let plain = steps(Optimiser::Adam, 1e-3);
    let rich = TrainConfig { samples: 2, kl: KlForm::MonteCarlo, clip_norm: Some(1.0), ..plain.clone() };
    let per_datum =
        TrainConfig { inference: Inference::PerDatum { steps: 2, step_size: 0.03 }, ..plain.clone() };
    let per_column = LikelihoodConfig::Gaussian(Sigma::PerColumn);
    let family = |d: usize| if d.is_multiple_of(2) { CellFamily::StudentT } else { CellFamily::Ordinal(2) };
    let columns = (0..WIDTH).map(|d| ColumnConfig::new(family(d), d % 3 == 0));
    let (columns, columnwise) = (LikelihoodConfig::Columns(columns.collect()), plain.clone());
    // One pool, and no other test in this program: all that allocates is counted here.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        let mut long = None;
        for (likelihood, config, psi) in [
            (LikelihoodConfig::Bernoulli, per_datum, &mut [0.0; 70 * RECORD][..]),
            (LikelihoodConfig::Bernoulli, plain, &mut []),
            (per_column, rich, &mut []),
            (columns, columnwise, &mut []),
        ] {
            let (mut trainer, mut state) = start(likelihood.clone(), config);
            let (mut current, mut next) = (Minibatch::default(), Minibatch::default());
            rows.minibatches(70, Binarise::Dynamic, Key::new(2), 0).fill(0, &mut current);
            let room = (&mut current, &mut next);
            take(&rows, &mut trainer, &mut state, room, psi, 30);
            let batches = ALLOCATIONS.load(Ordering::Relaxed);
            let _ = rows.minibatches(70, Binarise::Dynamic, Key::new(2), 0);
            let order = ALLOCATIONS.load(Ordering::Relaxed) - batches;
            // A thread that finds its first work to steal sets itself up, once: what a step needs, every round needs.
            let rounds = (0..5).map(|_| {
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                take(&rows, &mut trainer, &mut state, (&mut current, &mut next), psi, 200);
                ALLOCATIONS.load(Ordering::Relaxed) - before
            });
            assert_eq!(rounds.min(), Some(order), "{likelihood:?}: beyond the order of the epoch");
            long = Some((trainer, state, current, next));
        }
        let (mut trainer, mut state, mut current, mut next) = long.unwrap();
        let before = resident();
        take(&rows, &mut trainer, &mut state, (&mut current, &mut next), &mut [], 100_000);
        if let (Some(before), Some(after)) = (before, resident()) {
            assert!(after <= before + 256, "{before} KiB became {after} KiB");
        }
    });
}
