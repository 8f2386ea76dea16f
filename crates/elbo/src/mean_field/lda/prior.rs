//! What is known of topics before the documents.

use crate::{
    Error,
    check::{self, checked},
};

checked! {
    /// The prior of θ and β.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Prior {
        /// α, `[K]`: each topic's concentration in a document.
        pub alpha: Vec<f64>,
        /// η: each word's concentration in a topic.
        pub eta: f64,
    }
}

impl Prior {
    /// The prior of K topics with the same α.
    ///
    /// ```
    /// use elbo::mean_field::lda::Prior;
    /// assert_eq!(Prior::symmetric(2, 0.1, 0.01).alpha, [0.1, 0.1]);
    /// ```
    pub fn symmetric(topics: usize, alpha: f64, eta: f64) -> Self {
        Self { alpha: vec![alpha; topics], eta }
    }

    /// K.
    pub fn topics(&self) -> usize {
        self.alpha.len()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        check::at_least("the number of topics", self.topics(), 1)?;
        for (k, &alpha) in self.alpha.iter().enumerate() {
            concentration(&format!("α of topic {}", k + 1), alpha, MOST)?;
        }
        concentration("η", self.eta, MOST)
    }
}

/// The largest α and η: far above it, nothing of a divergence would be left when ln Γ is taken from ln Γ.
pub(super) const MOST: f64 = 1e3;

/// Where no product within the special functions leaves the range of numbers.
pub(super) fn concentration(what: &str, value: f64, most: f64) -> Result<(), Error> {
    check::in_range(what, value, 1e-100..=most).map(drop)
}
