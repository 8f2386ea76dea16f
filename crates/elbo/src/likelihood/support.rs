//! Which values x may take.

/// The values that a likelihood is a density, or a mass, of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Support {
    /// x is 0 or 1; grey values between them are accepted, see [`Binarise`](crate::distribution::bernoulli::Binarise).
    Binary,
    /// x is 0, 1, 2, …
    Count,
    /// x is a real number.
    Real,
    /// What x is differs from column to column, and cells may be missing: NaN.
    Mixed,
}

impl Support {
    /// Whether a value may stand in the data.
    ///
    /// ```
    /// use elbo::likelihood::Support;
    /// assert!(Support::Binary.accepts(0.3) && !Support::Binary.accepts(1.5));
    /// assert!(Support::Count.accepts(7.0) && !Support::Count.accepts(0.5) && !Support::Count.accepts(-1.0));
    /// assert!(Support::Real.accepts(-2.5) && !Support::Real.accepts(f32::NAN));
    /// ```
    #[inline] // Data are checked value by value.
    pub fn accepts(self, value: f32) -> bool {
        match self {
            Self::Binary => (0.0..=1.0).contains(&value),
            Self::Count => value >= 0.0 && value.is_finite() && value.fract() == 0.0,
            Self::Real => value.is_finite(),
            Self::Mixed => true,
        }
    }

    /// The values in words, as what a likelihood needs.
    pub fn values(self) -> &'static str {
        match self {
            Self::Binary => "values in [0, 1]",
            Self::Count => "counts: 0, 1, 2, …",
            Self::Real => "finite numbers",
            Self::Mixed => "what each column's family is of",
        }
    }

    /// Whether p(x|z) is a mass, and no density: the units in which x is measured then change nothing.
    pub fn is_discrete(self) -> bool {
        !matches!(self, Self::Real | Self::Mixed)
    }
}
