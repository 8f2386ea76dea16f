//! Steps: of amortised inference (E17), and of coordinate ascent over θ and a ψ for each row (E16).

mod config;
mod inference;
mod local_parameters;
mod state;
mod trainer;
mod visit;

pub use config::TrainConfig;
pub use inference::Inference;
pub use local_parameters::LocalParameters;
pub(crate) use local_parameters::Places;
pub use state::{Report, State};
pub use trainer::Trainer;
