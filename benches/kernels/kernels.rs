//! Each kernel at the sizes of a step of a 784-400-20 auto-encoder with 64 rows a thread, at each level.
//! `cargo run --release --manifest-path benches/kernels/Cargo.toml -- --bench`; throughput is in elements (multiply-adds for a product).

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use elbo_kernels::{
    Activation, Level, Panels, Row, adam, bernoulli, elementary, pack_transposed, product, random,
    reparameterise,
};

const ROWS: usize = 64;

fn filled(rows: usize, columns: usize) -> Panels {
    let mut panels = Panels::new(rows, columns);
    for (i, row) in panels.as_mut_slice().iter_mut().enumerate() {
        random::normals(Level::best(), [1, 2], i as u64, &mut row.0);
    }
    panels
}

fn kernels(criterion: &mut Criterion) {
    for level in Level::available() {
        let mut group = criterion.benchmark_group(format!("{level:?}"));
        group.sample_size(20);
        let (x, hidden, w) = (filled(ROWS, 784), filled(ROWS, 400), filled(784, 400));
        let bias = vec![0.1; 784];
        let (mut out, mut derivative) = (Panels::new(ROWS, 400), Panels::new(ROWS, 400));
        group.throughput(Throughput::Elements((ROWS * 784 * 400) as u64));
        group.bench_function("linear", |b| {
            b.iter(|| {
                product::linear(
                    level,
                    &x,
                    &w,
                    &bias[..400],
                    Activation::Tanh,
                    &mut out,
                    Some(&mut derivative),
                );
            });
        });
        let mut gradient = vec![0.0; 784 * 400];
        group.bench_function("weight_gradient", |b| {
            b.iter(|| {
                for (panel, gradient) in gradient.chunks_mut(32 * 400).enumerate() {
                    product::weight_gradient(level, [(&x, &hidden)].into_iter(), panel, 400, gradient);
                }
            });
        });
        group.throughput(Throughput::Elements(784 * 400));
        let mut transposed = vec![Row::ZERO; 784 * 13];
        group.bench_function("pack_transposed", |b| {
            b.iter(|| {
                for (panel, out) in transposed.chunks_mut(784).enumerate() {
                    pack_transposed(level, black_box(&gradient), 784, panel, out);
                }
            });
        });
        let (mut p, mut m, mut v) = (gradient.clone(), gradient.clone(), vec![1.0; 784 * 400]);
        let by = adam::Rate { factor: 1.0, rate: 1e-3, epsilon: 1e-8 };
        group.bench_function("adam", |b| {
            b.iter(|| adam::ascend(level, &mut p, &gradient, &mut m, &mut v, by))
        });
        group.bench_function("squares", |b| b.iter(|| adam::squares(level, black_box(&gradient), 1e18)));
        group.throughput(Throughput::Elements((ROWS * 784) as u64));
        let (logits, mut into, mut rows) = (filled(ROWS, 784), filled(ROWS, 784), vec![0.0; ROWS]);
        let weights = vec![1.0; ROWS];
        group.bench_function("bernoulli", |b| {
            b.iter(|| {
                into.clone_from(&logits);
                bernoulli::log_likelihood_and_gradient(level, &x, &mut into, &weights, &mut rows);
            });
        });
        let (head, noise, mut z) = (filled(ROWS, 40), filled(ROWS, 20), Panels::new(ROWS, 20));
        group.throughput(Throughput::Elements((ROWS * 20) as u64));
        group.bench_function("draw", |b| b.iter(|| reparameterise::draw(level, &head, &noise, &mut z)));
        let mut values = vec![0.0; 1 << 16];
        group.throughput(Throughput::Elements(1 << 16));
        group.bench_function("normals", |b| b.iter(|| random::normals(level, [1, 2], 3, &mut values)));
        group.bench_function("uniforms", |b| b.iter(|| random::uniforms(level, [1, 2], 3, &mut values)));
        group.finish();
    }
    let mut group = criterion.benchmark_group("elementary, as the compiler's target has it");
    for (name, f) in
        [("exp", elementary::exp as fn(f32) -> f32), ("log", elementary::log), ("tanh", elementary::tanh)]
    {
        group.bench_function(name, |b| b.iter(|| f(black_box(0.7))));
    }
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
