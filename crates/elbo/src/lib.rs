//! Variational inference.
