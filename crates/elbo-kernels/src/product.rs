//! Matrix products with what follows them fused in.
//!
//! A tile of the result, 8 rows of 32 columns, stays in registers while the inner index runs, and is put back to go on
//! from there: each element is one chain of fused multiply-adds in its order, whatever the tile, the level or the
//! thread. Single-threaded: callers share rows out.

use crate::{
    activation::Activation,
    level::kernel,
    panels::{Panels, Row, WIDTH},
    vector::Vector,
};

/// Tiles have at most this many rows.
const MOST: usize = 8;

/// Rows for which a panel of the right matrix is read once.
const BLOCK: usize = 128;

/// Rows of that panel that are used on all of these before the next: they, and the sums, stay in the first cache.
const DEPTH: usize = 128;

kernel! {
    /// A dense layer: `output` ← a(`input` · `weights` + `bias`), `[R, I] · [I, O] → [R, O]`, and, where asked for,
    /// `derivative` ← a′ at the same place.
    pub fn linear<V>(
        input: &Panels,
        weights: &Panels,
        bias: &[f32],
        activation: Activation,
        output: &mut Panels,
        derivative: Option<&mut Panels>,
    ) {
        assert_eq!(bias.len(), weights.columns(), "a bias for each output");
        assert_eq!(
            (output.rows(), output.columns()),
            (input.rows(), weights.columns()),
            "the output's shape"
        );
        let mut derivative = derivative;
        if let Some(derivative) = &derivative {
            assert_eq!(
                (derivative.rows(), derivative.columns()),
                (output.rows(), output.columns()),
                "the derivative's shape"
            );
        }
        product::<V>(input, weights, #[inline(always)] |panel| padded(&bias[panel * WIDTH..]), #[inline(always)] |panel, first, tile| {
            let output = &mut output.panel_mut(panel)[first..][..tile.len()];
            match &mut derivative {
                Some(derivative) => {
                    let derivative = &mut derivative.panel_mut(panel)[first..][..tile.len()];
                    activation.forward_and_derivative(tile, output, derivative);
                }
                None => activation.forward(tile, output),
            }
        });
    }
}

kernel! {
    /// The derivative through a dense layer's weights: `through` ← (`delta` · `transposed`) ⊙ `through`,
    /// `[R, O] · [O, I] → [R, I]`, where `through` holds the derivative of the activation below.
    pub fn backward<V>(delta: &Panels, transposed: &Panels, through: &mut Panels) {
        assert_eq!(
            (through.rows(), through.columns()),
            (delta.rows(), transposed.columns()),
            "the shape of the derivative below"
        );
        product::<V>(delta, transposed, #[inline(always)] |_| Row::ZERO, #[inline(always)] |panel, first, tile| {
            let through = Row::flat_mut(&mut through.panel_mut(panel)[first..][..tile.len()]);
            for (d, a) in through.iter_mut().zip(Row::flat(tile)) {
                *d *= a;
            }
        });
    }
}

kernel! {
    /// The gradient of a dense layer's weights, some panels of inputs from number `first` on: `gradient` ← Σ `inputᵀ` ·
    /// `delta`, the sum over all rows of all shards in order. `gradient` is row-major, a row of O for each live input.
    pub fn weight_gradient<'a, V>(
        shards: impl Iterator<Item = (&'a Panels, &'a Panels)> + Clone,
        first: usize,
        outputs: usize,
        gradient: &mut [f32],
    ) {
        assert!(gradient.len().is_multiple_of(outputs), "whole rows of O");
        let inputs = gradient.len() / outputs;
        let height = if V::WHOLE { MOST } else { 4 };
        for q in 0..outputs.div_ceil(WIDTH) {
            let columns = (outputs - q * WIDTH).min(WIDTH);
            // A tile may reach beyond the live inputs, into padding: those rows are not stored.
            for input in (0..inputs).step_by(height) {
                let (panel, lane) = (first + input / WIDTH, input % WIDTH);
                let mut tile = [Row::ZERO; MOST];
                if !V::WHOLE {
                    for half in 0..columns.div_ceil(16) {
                        outer::<V, 4, 1>(shards.clone(), panel, lane, q, half, &mut tile);
                    }
                } else if columns > 16 {
                    outer::<V, MOST, 2>(shards.clone(), panel, lane, q, 0, &mut tile);
                } else {
                    outer::<V, MOST, 1>(shards.clone(), panel, lane, q, 0, &mut tile);
                }
                let live = height.min(inputs - input);
                store(&tile[..live], &mut gradient[input * outputs + q * WIDTH..], columns, outputs);
            }
        }
    }
}

kernel! {
    /// The gradient of a dense layer's bias: Σ `delta` over all rows of all shards in order, `[O]`.
    pub fn bias_gradient<'a, V>(shards: impl Iterator<Item = &'a Panels> + Clone, gradient: &mut [f32]) {
        for (q, gradient) in gradient.chunks_mut(WIDTH).enumerate() {
            let mut sum = Row::ZERO;
            for shard in shards.clone() {
                for row in shard.panel(q) {
                    for (s, d) in sum.0.iter_mut().zip(&row.0) {
                        *s += d;
                    }
                }
            }
            gradient.copy_from_slice(&sum.0[..gradient.len()]);
        }
    }
}

/// `a · b` added to a row, `start(panel)`; `then(panel, first row, tile)` takes it a tile at a time.
#[inline(always)]
fn product<V: Vector>(
    a: &Panels,
    b: &Panels,
    start: impl Fn(usize) -> Row,
    mut then: impl FnMut(usize, usize, &mut [Row]),
) {
    assert_eq!(a.columns(), b.rows(), "the inner index of a product");
    let mut sums = [Row::ZERO; BLOCK];
    for block in (0..a.rows()).step_by(BLOCK) {
        let rows = (a.rows() - block).min(BLOCK);
        // Tiles of one height or one less: no small one is left over.
        let tiles = rows.div_ceil(V::ROWS);
        for panel in 0..b.columns().div_ceil(WIDTH) {
            let whole = b.live(panel) > 16;
            sums[..rows].fill(start(panel));
            for (d, right) in b.panel(panel).chunks(DEPTH).enumerate() {
                for t in 0..tiles {
                    let (first, end) = (rows * t / tiles, rows * (t + 1) / tiles);
                    let tile = &mut sums[first..end];
                    let left = (d * (DEPTH / WIDTH), block + first);
                    if !V::WHOLE {
                        for half in 0..=usize::from(whole) {
                            rows_of::<V, 1>(a, left, right, half, tile);
                        }
                    } else if whole {
                        rows_of::<V, 2>(a, left, right, 0, tile);
                    } else {
                        rows_of::<V, 1>(a, left, right, 0, tile);
                    }
                }
            }
            for t in 0..tiles {
                let (first, end) = (rows * t / tiles, rows * (t + 1) / tiles);
                then(panel, block + first, &mut sums[first..end]);
            }
        }
    }
}

/// One tile, its height made a constant.
#[inline(always)]
fn rows_of<V: Vector, const N: usize>(
    a: &Panels,
    left: (usize, usize),
    right: &[Row],
    half: usize,
    tile: &mut [Row],
) {
    match tile.len() {
        8 => inner::<V, 8, N>(a, left, right, half, tile),
        7 => inner::<V, 7, N>(a, left, right, half, tile),
        6 => inner::<V, 6, N>(a, left, right, half, tile),
        5 => inner::<V, 5, N>(a, left, right, half, tile),
        4 => inner::<V, 4, N>(a, left, right, half, tile),
        3 => inner::<V, 3, N>(a, left, right, half, tile),
        2 => inner::<V, 2, N>(a, left, right, half, tile),
        _ => inner::<V, 1, N>(a, left, right, half, tile),
    }
}

/// Adds to M rows of N · 16 columns the product of `a`, from a panel and row on, with the rows `right`.
#[inline(always)]
fn inner<V: Vector, const M: usize, const N: usize>(
    a: &Panels,
    (panel, row): (usize, usize),
    right: &[Row],
    half: usize,
    tile: &mut [Row],
) {
    let tile: &mut [Row; M] = tile.try_into().expect("M rows");
    let mut sums: [[V; N]; M] =
        std::array::from_fn(|m| std::array::from_fn(|n| V::load(tile[m].half(half + n))));
    for (left, right) in a.panels().skip(panel).zip(right.chunks(WIDTH)) {
        let left: &[Row; M] = left[row..row + M].try_into().expect("M rows");
        for (k, right) in right.iter().enumerate() {
            let b: [V; N] = std::array::from_fn(|n| V::load(right.half(half + n)));
            for m in 0..M {
                // `right` has at most 32 rows: the remainder spares the check.
                let x = V::splat(left[m].0[k % WIDTH]);
                for n in 0..N {
                    sums[m][n] = sums[m][n].add_product(x, b[n]);
                }
            }
        }
    }
    for m in 0..M {
        for n in 0..N {
            sums[m][n].store(tile[m].half_mut(half + n));
        }
    }
}

/// M inputs by N · 16 outputs of Σ inputᵀ · delta.
#[inline(always)]
fn outer<'a, V: Vector, const M: usize, const N: usize>(
    shards: impl Iterator<Item = (&'a Panels, &'a Panels)>,
    panel: usize,
    lane: usize,
    q: usize,
    half: usize,
    tile: &mut [Row; MOST],
) {
    let mut sums = [[V::splat(0.0); N]; M];
    for (input, delta) in shards {
        for (x, d) in input.panel(panel).iter().zip(delta.panel(q)) {
            let b: [V; N] = std::array::from_fn(|n| V::load(d.half(half + n)));
            let x: &[f32; M] = x.0[lane..lane + M].try_into().expect("M inputs");
            for m in 0..M {
                let x = V::splat(x[m]);
                for n in 0..N {
                    sums[m][n] = sums[m][n].add_product(x, b[n]);
                }
            }
        }
    }
    for m in 0..M {
        for n in 0..N {
            sums[m][n].store(tile[m].half_mut(half + n));
        }
    }
}

/// The first 32 of some numbers, or all and zeros.
#[inline(always)]
fn padded(values: &[f32]) -> Row {
    let mut row = Row::ZERO;
    let live = values.len().min(WIDTH);
    row.0[..live].copy_from_slice(&values[..live]);
    row
}

#[inline(always)]
fn store(tile: &[Row], gradient: &mut [f32], columns: usize, stride: usize) {
    for (row, out) in tile.iter().zip(gradient.chunks_mut(stride)) {
        out[..columns].copy_from_slice(&row.0[..columns]);
    }
}
