//! Matrix products with what follows them fused in.
//!
//! A tile of the result, 8 rows of 32 columns, stays in registers over the whole inner index: each element is one
//! chain of fused multiply-adds, whatever the tile, the level, or the thread. Single-threaded: callers share rows out.

use crate::{
    activation::Activation,
    level::kernel,
    panels::{Panels, Row, WIDTH},
    vector::Vector,
};

/// Tiles have at most this many rows.
const MOST: usize = 8;

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
        product::<V>(input, weights, #[inline(always)] |panel, first, tile| {
            let mut start = Row::ZERO;
            let live = output.live(panel);
            start.0[..live].copy_from_slice(&bias[panel * WIDTH..][..live]);
            for row in tile.iter_mut() {
                for (a, b) in row.0.iter_mut().zip(&start.0) {
                    *a += b;
                }
            }
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
        product::<V>(delta, transposed, #[inline(always)] |panel, first, tile| {
            for (through, tile) in through.panel_mut(panel)[first..].iter_mut().zip(tile.iter()) {
                for (d, a) in through.0.iter_mut().zip(&tile.0) {
                    *d *= a;
                }
            }
        });
    }
}

kernel! {
    /// The gradient of a dense layer's weights, one panel of inputs: `gradient` ← Σ `inputᵀ` · `delta`, the sum over
    /// all rows of all shards in order. `gradient` is row-major, a row of O for each live input of the panel.
    pub fn weight_gradient<'a, V>(
        shards: impl Iterator<Item = (&'a Panels, &'a Panels)> + Clone,
        panel: usize,
        outputs: usize,
        gradient: &mut [f32],
    ) {
        let live = gradient.len() / outputs.max(1);
        assert!(live <= WIDTH && gradient.len() == live * outputs, "at most 32 rows of O");
        for q in 0..outputs.div_ceil(WIDTH) {
            let columns = (outputs - q * WIDTH).min(WIDTH);
            let mut lane = 0;
            while lane < live {
                let mut tile = [Row::ZERO; MOST];
                // A tile may reach beyond the live inputs, into padding: those rows are not stored.
                if !V::WHOLE {
                    for half in 0..columns.div_ceil(16) {
                        outer::<V, 4, 1>(shards.clone(), panel, lane, q, half, &mut tile);
                    }
                    store(&tile[..4.min(live - lane)], &mut gradient[lane * outputs + q * WIDTH..], columns, outputs);
                    lane += 4;
                    continue;
                }
                if columns > 16 {
                    outer::<V, MOST, 2>(shards.clone(), panel, lane, q, 0, &mut tile);
                } else {
                    outer::<V, MOST, 1>(shards.clone(), panel, lane, q, 0, &mut tile);
                }
                store(&tile[..MOST.min(live - lane)], &mut gradient[lane * outputs + q * WIDTH..], columns, outputs);
                lane += MOST;
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

/// `a · b`, a tile at a time: `then(panel, first row, tile)`.
#[inline(always)]
fn product<V: Vector>(a: &Panels, b: &Panels, mut then: impl FnMut(usize, usize, &mut [Row])) {
    assert_eq!(a.columns(), b.rows(), "the inner index of a product");
    let rows = a.rows();
    // Tiles of one height or one less: no small one is left over.
    let tiles = rows.div_ceil(V::ROWS);
    for panel in 0..b.columns().div_ceil(WIDTH) {
        let right = b.panel(panel);
        let whole = b.live(panel) > 16;
        for t in 0..tiles {
            let (first, end) = (rows * t / tiles, rows * (t + 1) / tiles);
            let mut tile = [Row::ZERO; MOST];
            let tile = &mut tile[..end - first];
            if !V::WHOLE {
                for half in 0..=usize::from(whole) {
                    rows_of::<V, 1>(a, first, right, half, tile);
                }
            } else if whole {
                rows_of::<V, 2>(a, first, right, 0, tile);
            } else {
                rows_of::<V, 1>(a, first, right, 0, tile);
            }
            then(panel, first, tile);
        }
    }
}

/// One tile, its height made a constant.
#[inline(always)]
fn rows_of<V: Vector, const N: usize>(
    a: &Panels,
    first: usize,
    right: &[Row],
    half: usize,
    tile: &mut [Row],
) {
    match tile.len() {
        8 => inner::<V, 8, N>(a, first, right, half, tile),
        7 => inner::<V, 7, N>(a, first, right, half, tile),
        6 => inner::<V, 6, N>(a, first, right, half, tile),
        5 => inner::<V, 5, N>(a, first, right, half, tile),
        4 => inner::<V, 4, N>(a, first, right, half, tile),
        3 => inner::<V, 3, N>(a, first, right, half, tile),
        2 => inner::<V, 2, N>(a, first, right, half, tile),
        _ => inner::<V, 1, N>(a, first, right, half, tile),
    }
}

/// M rows of N · 16 columns of `a · right`.
#[inline(always)]
fn inner<V: Vector, const M: usize, const N: usize>(
    a: &Panels,
    first: usize,
    right: &[Row],
    half: usize,
    tile: &mut [Row],
) {
    let mut sums = [[V::splat(0.0); N]; M];
    for (left, right) in a.panels().zip(right.chunks(WIDTH)) {
        let left: &[Row; M] = left[first..first + M].try_into().expect("M rows");
        for (k, right) in right.iter().enumerate() {
            let b: [V; N] = std::array::from_fn(|n| V::load(right.half(half + n)));
            for m in 0..M {
                // `right` has at most 32 rows: the mask spares the check.
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

#[inline(always)]
fn store(tile: &[Row], gradient: &mut [f32], columns: usize, stride: usize) {
    for (row, out) in tile.iter().zip(gradient.chunks_mut(stride)) {
        out[..columns].copy_from_slice(&row.0[..columns]);
    }
}
