//! Fits by coordinate ascent.

use elbo::diagnose::Level;
use elbo_fit::Error;

use crate::{arguments::Fit, out::finish, screen::Screen};

/// Fits what is asked for.
pub(crate) fn fit(of: &Fit) -> Result<Level, Error> {
    finish(&of.run(&Screen::default())?)
}
