//! The Ising model, p(s) = exp(½ sᵀJs + hᵀs)/Z, s ∈ {−1, 1}ⁿ: a random field of two states.
//!
//! Naive mean field is then m_i = tanh(h_i + Σ_j J_ij m_j) for the means m = E\[s\].

use super::random_field::{Edge, Field};
use crate::{Error, check, error::Domain};

/// The two states of a spin, in order.
const SPINS: [f64; 2] = [-1.0, 1.0];

/// The field of J, `[n, n]`, and h, `[n]`. State 0 is s = −1 and state 1 is s = 1.
///
/// # Errors
/// It fails where the sizes disagree, J is not symmetric, or its diagonal is not 0; where a number is not finite.
///
/// ```
/// use elbo::mean_field::{Ascent, ascend, ising, random_field::Fit};
/// let field = ising::field(&[0.0, 0.5, 0.5, 0.0], &[0.3, -0.1])?;
/// let mut fit = Fit::new(&field)?;
/// let bound = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 1000 }, |_, _| {})?.last();
/// let m = ising::means(&fit.posterior().marginals);
/// assert!((m[0] - (0.3 + 0.5 * m[1]).tanh()).abs() < 1e-7);
/// assert!(bound < field.enumerate()?.log_partition);
/// # Ok::<(), elbo::Error>(())
/// ```
pub fn field(couplings: &[f64], external: &[f64]) -> Result<Field, Error> {
    let n = external.len();
    if couplings.len() != n * n {
        let (what, expected) = ("the couplings".into(), vec![n, n]);
        return Err(Error::Shape { what, expected, got: vec![couplings.len()] });
    }
    let mut edges = Vec::new();
    for i in 0..n {
        // Rows and columns are named from 1, as cells of data are.
        let name = |i: usize, j: usize| format!("({}, {})", i + 1, j + 1);
        check::in_range(&format!("coupling {}", name(i, i)), couplings[i * n + i], 0.0..=0.0)?;
        for j in 0..i {
            let (coupling, mirror) = (couplings[i * n + j], couplings[j * n + i]);
            if coupling != mirror {
                let (what, across) = (format!("coupling {}", name(i, j)), name(j, i));
                return Err(Error::Asymmetric { what, value: coupling, across, mirror });
            }
            if coupling != 0.0 {
                edges.push(edge([j, i], coupling));
            }
        }
    }
    Ok(Field { unary: spins(external), edges })
}

/// Equal couplings J between the neighbours of a grid, `external` `[height, width]` row by row: with J > 0 neighbours agree.
///
/// # Errors
/// It fails where the grid is not full.
pub fn grid(width: usize, coupling: f64, external: &[f64]) -> Result<Field, Error> {
    check::at_least("the width of a grid", width, 1)?;
    check::multiple("the number of sites", external.len(), width, "the width of the grid")?;
    let right = |&i: &usize| (i + 1) % width != 0;
    let down = |&i: &usize| i + width < external.len();
    let across = (0..external.len()).filter(right).map(|i| edge([i, i + 1], coupling));
    let along = (0..external.len()).filter(down).map(|i| edge([i, i + width], coupling));
    Ok(Field { unary: spins(external), edges: across.chain(along).collect() })
}

/// p(s|y) of a binary image s of which the pixels y ∈ {−1, 1} were each turned over with probability `flip`, NaN where one
/// is missing: a [`grid`] with h = ½ log((1 − flip)/flip) y. Its Z is not p(y): the prior's is not divided out.
///
/// # Errors
/// It fails where a pixel is neither, `flip` is not in (0, ½), or as [`grid`].
pub fn denoising(pixels: &[f64], width: usize, coupling: f64, flip: f64) -> Result<Field, Error> {
    check::between("the probability of a flip", flip, 0.0, 0.5)?;
    if let Some(wrong) = pixels.iter().position(|y| y.abs() != 1.0 && !y.is_nan()) {
        let (what, domain) = (format!("pixel {wrong}"), Domain::SpinOrMissing);
        return Err(Error::Domain { what, value: pixels[wrong], domain });
    }
    let strength = 0.5 * (libm::log1p(-flip) - libm::log(flip));
    let external: Vec<f64> = pixels.iter().map(|y| if y.is_nan() { 0.0 } else { strength * y }).collect();
    grid(width, coupling, &external)
}

/// E\[s\] of each spin, in \[−1, 1\], from its marginals, of q or exact.
///
/// # Panics
/// It panics where a site has fewer than two states.
pub fn means(marginals: &[Vec<f64>]) -> Vec<f64> {
    marginals.iter().map(|p| p[1] - p[0]).collect()
}

fn spins(external: &[f64]) -> Vec<Vec<f64>> {
    external.iter().map(|h| SPINS.map(|s| h * s).to_vec()).collect()
}

fn edge(sites: [usize; 2], coupling: f64) -> Edge {
    Edge { sites, potential: SPINS.iter().flat_map(|s| SPINS.map(|t| coupling * s * t)).collect() }
}
