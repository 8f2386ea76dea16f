//! What a file holds.

use elbo_fit::Error;

use crate::{
    arguments::Describe,
    out::{self, check_ending, tell},
    words::flags,
};

pub(crate) fn describe(arguments: &Describe) -> Result<(), Error> {
    check_ending(arguments.output.output.as_deref(), false)?;
    let source = arguments.source()?;
    out::spare_data(arguments.output.path(), [&source])?;
    let found = elbo_fit::describe(&source, arguments.memory(), flags)?;
    for (name, text) in &found.facts {
        tell(format!("{name:<11} {text}"));
    }
    out::write(found.told, &arguments.output)
}
