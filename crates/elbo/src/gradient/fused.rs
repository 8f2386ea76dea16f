//! The estimates that the fused engine makes.

use crate::objective::elbo::KlForm;

/// What is estimated: a bound, and how its gradient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FusedEstimator {
    /// The ELBO, see [`Reparameterised`](super::Reparameterised).
    Reparameterised(KlForm),
    /// The ELBO, see [`StickingTheLanding`](super::StickingTheLanding).
    StickingTheLanding,
    /// L_k, see [`ImportanceWeighted`](super::ImportanceWeighted).
    ImportanceWeighted,
    /// L_k, see [`DoublyReparameterised`](super::DoublyReparameterised).
    DoublyReparameterised,
}

impl FusedEstimator {
    /// Whether the draws of a row are weighed against one another.
    pub fn weighs(self) -> bool {
        matches!(self, Self::ImportanceWeighted | Self::DoublyReparameterised)
    }
}
