//! Fits by coordinate ascent.

use elbo::diagnose::Level;
use elbo_fit::{
    Error, Source,
    models::{self, Model},
};

use crate::{arguments::Ascent, out::finish, screen::Screen};

/// Fits what is asked for to a source.
pub(crate) fn fit<M: Model>(
    (request, source): &(M::Request, Source),
    ascent: &Ascent,
    memory: Option<u64>,
) -> Result<Level, Error> {
    finish(&models::fit::<M>(request, source.clone(), &ascent.plan(memory), &Screen::default())?)
}
