//! p(x|z), given the decoder's output: one family a file.
//!
//! Everyone who needs to know what x is asks the [`Likelihood`]: how many outputs a column takes, which values it accepts,
//! where a fit starts, whether it has parameters of its own. A user's own is used as ours are, through `Arc<dyn Likelihood>`.
//!
//! | family | x | the decoder gives | own parameters |
//! |---|---|---|---|
//! | [`Bernoulli`] | 0, 1 | logits (E10) | – |
//! | [`Gaussian`] | real numbers | means (E11) | log σ, see [`Sigma`] |
//! | [`Poisson`] | counts | log rates | – |
//! | [`NegativeBinomial`] | counts | log means (E36) | log dispersion of each column |
//! | [`Columns`] | a table with missing cells | what each column's [`CellFamily`] needs (E34) | those of each column |

mod bernoulli;
mod columns;
mod config;
mod counts;
mod encoding;
mod gaussian;
mod negative_binomial;
mod poisson;
mod support;
mod table;
mod traits;

pub use bernoulli::Bernoulli;
pub use columns::{CellFamily, ColumnConfig, Columns, Standard};
pub use config::{LikelihoodConfig, LikelihoodFamily};
pub use encoding::Encoding;
pub use gaussian::{Gaussian, Sigma};
pub use negative_binomial::NegativeBinomial;
pub use poisson::Poisson;
pub use support::Support;
pub use traits::{Kernel, Likelihood, OwnParameters, Unsupported};
