//! A dense Gaussian auto-encoder ready to run: its weights packed, and what is computed with them.

use burn::tensor::{DType, Device};
use elbo_kernels::Level;

use super::{density::Density, network::Network};
use crate::{
    gradient::FusedEstimator,
    guide::Guide,
    likelihood::Columns,
    model::Latent,
    objective::{KlCost, elbo::KlForm},
};

/// What is estimated, and from how many draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) way: FusedEstimator,
    /// L, or k where the draws of a row are weighed against one another.
    pub(crate) samples: usize,
    /// What the KL costs in what is maximised. Only the ELBO by [`FusedEstimator::Reparameterised`] has one that is not full.
    pub(crate) cost: KlCost,
}

impl Plan {
    /// Without a gradient.
    pub(crate) fn read(way: FusedEstimator, samples: usize) -> Self {
        Self { way, samples, cost: KlCost::FULL }
    }

    /// Whether the KL is that in closed form.
    pub(super) fn is_closed(self) -> bool {
        self.way == FusedEstimator::Reparameterised(KlForm::Analytic)
    }
}

/// Packed weights, and where the rest stands in the flat parameters.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) level: Level,
    pub(super) encoder: Network,
    pub(super) decoder: Network,
    pub(super) density: Density,
    /// How many own parameters the likelihood has, and whether the gradient moves them; they follow the decoder's.
    own: usize,
    pub(super) own_learned: bool,
    /// D, the cells of a row; the encoder may be given more numbers.
    pub(super) width: usize,
    pub(super) latent: usize,
}

impl Packed {
    /// For a model and guide of this shape; none where they are not dense layers alone, their latent is not one layer of
    /// Gaussians, no kernel computes the likelihood, or the parameters are not of f32 or not on the CPU.
    pub(super) fn new(p: &dyn Latent, q: &dyn Guide) -> Option<Self> {
        let (dense, head, kernel) = (p.dense()?, q.dense()?, p.likelihood().kernel()?);
        if !head.is_of(DType::F32, &Device::flex()) {
            return None;
        }
        // The flat order: decoder, own parameters, encoder.
        let decoder = Network::new(dense, 0);
        let own = p.own().map_or(0, |own| own.dims()[0]);
        Some(Self {
            level: Level::best(),
            encoder: Network::new(head, decoder.end() + own),
            decoder,
            density: Density::new(kernel),
            own,
            own_learned: p.likelihood().own(q.width()).is_some_and(|own| own.learned),
            width: q.width(),
            latent: q.latent(),
        })
    }

    /// Where φ starts in the flat parameters; θ stands before it.
    pub(super) fn guide_start(&self) -> usize {
        self.decoder.end() + self.own
    }

    /// What the encoder is given of a row.
    pub(super) fn encoded(&self) -> usize {
        self.density.columns().map_or(self.width, Columns::encoded)
    }

    /// The likelihood's own parameters.
    pub(super) fn own<'a>(&self, parameters: &'a [f32]) -> &'a [f32] {
        &parameters[self.decoder.end()..self.guide_start()]
    }

    /// Packs the parameters; for the way `back` too.
    pub(super) fn pack(&mut self, parameters: &[f32], back: bool) {
        let own = self.decoder.end()..self.guide_start();
        self.density.set(&parameters[own], self.width);
        // The encoder's first layer has no way back: x needs no gradient.
        let (decoder, encoder) = if back { (0, 1) } else { (usize::MAX, usize::MAX) };
        let level = self.level;
        rayon::join(
            || self.decoder.pack(level, parameters, decoder),
            || self.encoder.pack(level, parameters, encoder),
        );
    }
}
