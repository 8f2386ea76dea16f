//! Estimators of the gradient of an objective.

pub mod reparameterised;
