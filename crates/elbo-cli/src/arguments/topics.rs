//! `elbo topics`.

use std::path::PathBuf;

use clap::Args;
use elbo_fit::{
    Error,
    models::{self, topics::Request},
};

use super::{
    ascent::{Ascent, AscentPlan, AscentVerb, Minibatches},
    source::Table,
    values::{parse_count, parse_fraction, parse_positive},
};

/// Find the topics of documents by latent Dirichlet allocation, by exact coordinate ascent.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo topics --data reuters.ldac --topics 20 --held-out 0.1
  elbo topics --data matrix.mtx.gz --transpose --vocabulary features.tsv.gz    genes of single cells
  elbo topics --data large.ldac.gz --topics 100 --online --batch 1024 --epochs 2 --starts 1 --sweeps 20
  elbo predict runs/reuters-topics --data more.ldac                           the topics of each document
  elbo sample runs/reuters-topics -n 100 > drawn.ldac

The bound is that of the words in their order, without multinomial coefficients. From it follows an upper bound on the
perplexity, exp(-ELBO per token).")]
pub(crate) struct Topics {
    /// The file of the documents as counts of words: LDA-C (a line `n word:count …` a document), Matrix Market (rows are documents), UCI's bags
    /// of words (docword), or a table of any format that `train` reads, whose columns are words; each may be packed.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    #[command(flatten)]
    table: Table,
    /// The file of the words, one on each line; of lines with tabs it is the second field. Without it: the file of the same name that ends in
    /// .tokens or .vocab, or vocab.NAME beside docword.NAME, where there is one.
    #[arg(long, value_name = "PATH")]
    vocabulary: Option<PathBuf>,
    /// Take the columns of a Matrix Market file, or of a sparse matrix, as the documents.
    #[arg(long)]
    transpose: bool,
    /// The column of a table that says how often each document counts: 3 for three documents that are alike. It is no word.
    #[arg(long = "weights", value_name = "COLUMN")]
    row_weights: Option<String>,
    /// The fraction of the documents that the fit is measured by; they are drawn from the seed, and take no part in the fit.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    held_out: Option<f64>,
    /// K, the number of topics.
    #[arg(short = 'k', long = "topics", value_name = "K", default_value_t = Request::default().topics, value_parser = parse_count::<usize>,
          help_heading = "Model")]
    number: usize,
    /// α, the concentration of each topic in a document. Without it: 1/K.
    #[arg(long, value_name = "A", value_parser = parse_positive, help_heading = "Model")]
    alpha: Option<f64>,
    /// η, the concentration of each word in a topic.
    #[arg(long, value_name = "E", default_value_t = Request::default().eta, value_parser = parse_positive, help_heading = "Model")]
    eta: f64,
    /// How many starts are made, of which the best is kept.
    #[arg(long, value_name = "R", default_value_t = Request::default().starts, value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    #[command(flatten)]
    minibatches: Minibatches,
    #[command(flatten)]
    ascent: Ascent,
}

/// Documents of a minibatch, where they are not asked for.
const BATCH: usize = 256;

impl AscentVerb for Topics {
    type Model = models::topics::Topics;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            vocabulary: self.vocabulary.clone(),
            transpose: self.transpose,
            row_weights: self.row_weights.clone(),
            held_out: self.held_out,
            topics: self.number,
            alpha: self.alpha,
            eta: self.eta,
            starts: self.starts,
            online: self.minibatches.online(BATCH),
        };
        let source = elbo_fit::Source { table: self.table.options(), ..elbo_fit::Source::file(&self.data)? };
        Ok((request, source))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(None)
    }
}
