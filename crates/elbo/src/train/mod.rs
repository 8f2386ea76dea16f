//! Steps: of amortised inference (E17), and of coordinate ascent over θ and a ψ for each row (E16).

mod config;
mod inference;
mod psi;
mod state;
mod trainer;
mod visit;

pub use config::TrainConfig;
pub use inference::Inference;
pub(crate) use psi::Places;
pub use psi::Psi;
pub use state::{Report, State};
pub use trainer::Trainer;
