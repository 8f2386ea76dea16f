//! Variational auto-encoders: what is asked for, what is chosen by the data, the fit and its folder, and what can be done with
//! the fitted model.

mod anomalies;
mod audit;
mod choose;
mod config;
mod density;
mod evaluate;
mod families;
mod findings;
mod fit;
mod impute;
mod infer;
mod kept;
mod likelihood;
mod model;
mod networks;
mod page;
mod prepare;
mod remedies;
mod request;
mod results;
mod shape;
mod words;
mod yardsticks;

pub use audit::{Audit, AuditPage, AuditRecord, AuditRequest, Worst};
pub use config::{Config, DataConfig, NAME};
pub use evaluate::{Annealed, Measures};
pub use fit::{fit, fit_of, resume, resume_of};
pub(crate) use fit::{go_on, repeat};
pub use infer::Inference;
pub use model::AutoEncoder;
pub use networks::{Built, Networks, OwnLikelihood, StandardNetworks};
pub use request::{ColumnFamily, Guide, Network, Request, Scale};
pub use words::{Words, words};
