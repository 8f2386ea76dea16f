//! `elbo runs` and `elbo compare`.

use std::path::PathBuf;

use clap::Args;

use super::source::Source;

#[derive(Args, Debug)]
#[command(after_help = "\
The state of a run: `finished`; `running`, where a process is at it; `interrupted`, where `elbo resume RUN` goes on with it;
`damaged`, where a file cannot be read: then it says which. The run that was last written to stands at the end.")]
pub(crate) struct Runs {
    /// The folder that the runs lie in.
    #[arg(value_name = "DIR", default_value = "runs")]
    pub(crate) folder: PathBuf,
    /// Write the list as a table: .csv, .npy or .parquet.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write the figures to standard output as JSON, with all their digits and the names of `results.json`, and not as columns.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data each run is measured on rows of its own: a fit of `elbo train` on its validation rows, one by coordinate ascent
on the rows that it was fitted to. Two runs are compared where these are the same rows, with the same columns, and both give a
density of them in the units of the file, or both a probability; for all others the reason is told. A difference is the mean
over the rows of what the first has more, so its standard error is that of pairs. The value of an auto-encoder is its ELBO, a
lower bound on log p(x), and that of a mixture log p(x) itself: against it an auto-encoder may be better than it looks.")]
pub(crate) struct Compare {
    /// The run folders that are compared, two or more.
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    pub(crate) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Write the pairs as a table: .csv, .npy or .parquet.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write the figures to standard output as JSON, with all their digits and the names of `results.json`, and not as columns.
    #[arg(long)]
    pub(crate) json: bool,
}
