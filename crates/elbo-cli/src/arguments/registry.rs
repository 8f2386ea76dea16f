//! The verbs that fit by coordinate ascent, a line each.

use clap::{
    ArgMatches, Command, FromArgMatches, Subcommand,
    error::{Error as Refusal, ErrorKind},
};
use elbo_fit::{
    Error, Observer, Outcome,
    models::{self, FitContext, Model},
};

use super::ascent::{AscentPlan, AscentVerb};

/// Every verb that fits by coordinate ascent.
pub(crate) static VERBS: &[Entry] = &[
    Entry::of::<super::mixture::Mixture>(),
    Entry::of::<super::regress::Regress>(),
    Entry::of::<super::factors::Factors>(),
    Entry::of::<super::normal::Normal>(),
    Entry::of::<super::hidden_markov::HiddenMarkov>(),
    Entry::of::<super::state_space::StateSpace>(),
    Entry::of::<super::ising::Ising>(),
    Entry::of::<super::topics::Topics>(),
];

/// A verb of the registry.
pub(crate) struct Entry {
    name: &'static str,
    /// Adds its arguments and its help.
    augment: fn(Command) -> Command,
    read: fn(&mut ArgMatches) -> Result<Fit, Refusal>,
}

impl Entry {
    const fn of<A: AscentVerb>() -> Self {
        Self { name: A::Model::NAME, augment: A::augment_args, read: Fit::read::<A> }
    }
}

type Work = dyn Fn(&dyn Observer) -> Result<Outcome, Error> + Send;

/// A fit that is asked for.
pub(crate) struct Fit(Box<Work>);

impl Fit {
    fn read<A: AscentVerb>(matches: &mut ArgMatches) -> Result<Self, Refusal> {
        let of = A::from_arg_matches_mut(matches)?;
        Ok(Self(Box::new(move |observer| {
            let (request, source) = of.asked()?;
            let AscentPlan { ascent, seed, plan } = of.plan();
            models::fit::<A::Model>(&request, source, &FitContext { ascent, seed, observer }, &plan)
        })))
    }

    /// Fits, and leaves a run folder.
    pub(crate) fn run(&self, observer: &dyn Observer) -> Result<Outcome, Error> {
        self.0(observer)
    }
}

impl FromArgMatches for Fit {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Refusal> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Refusal> {
        let asked = matches.remove_subcommand();
        let found = asked.and_then(|(name, of)| Some((VERBS.iter().find(|verb| verb.name == name)?, of)));
        let (verb, mut of) = found.ok_or_else(|| Refusal::new(ErrorKind::InvalidSubcommand))?;
        (verb.read)(&mut of)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Refusal> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Fit {
    fn augment_subcommands(command: Command) -> Command {
        command.subcommands(VERBS.iter().map(|verb| (verb.augment)(Command::new(verb.name))))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        VERBS.iter().any(|verb| verb.name == name)
    }
}
