//! `elbo topics`.

use std::path::PathBuf;

use clap::Args;
use elbo_fit::{
    Error,
    models::{self, topics::Request},
};

use super::{
    ascent::{Ascent, Fits, Going, Minibatches},
    source::Table,
    values::{parse_count, parse_fraction, parse_positive},
};

/// Topics of documents, by latent Dirichlet allocation: exact coordinate ascent.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo topics --data reuters.ldac --topics 20 --held-out 0.1
  elbo topics --data matrix.mtx.gz --transpose --vocabulary features.tsv.gz    genes of single cells
  elbo topics --data large.ldac.gz --topics 100 --online --batch 1024 --epochs 2 --starts 1 --sweeps 20
  elbo predict runs/reuters-topics --data more.ldac                           the topics of each document
  elbo sample runs/reuters-topics -n 100 > drawn.ldac

The bound is that of the words in their order, without multinomial coefficients. What it says of the perplexity is an upper
bound, exp(-ELBO per token).")]
pub(crate) struct Topics {
    /// Documents as counts of words: LDA-C (a line `n word:count …` a document), Matrix Market (rows are documents), UCI's bags
    /// of words (docword), or a table of any format that `train` reads, whose columns are words; each may be packed.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    #[command(flatten)]
    table: Table,
    /// The words, one a line (of lines with tabs the second field). Without it: the file of the same name that ends in
    /// .tokens or .vocab, or vocab.NAME beside docword.NAME, where there is one.
    #[arg(long, value_name = "PATH")]
    vocabulary: Option<PathBuf>,
    /// The columns of a Matrix Market file are the documents.
    #[arg(long)]
    transpose: bool,
    /// A fraction of the documents that takes no part in the fit, drawn from the seed, to measure it by.
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
    /// Starts, of which the best is kept.
    #[arg(long, value_name = "R", default_value_t = Request::default().starts, value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    #[command(flatten)]
    minibatches: Minibatches,
    #[command(flatten)]
    ascent: Ascent,
}

/// Documents of a minibatch, where they are not asked for.
const BATCH: usize = 256;

impl Fits for Topics {
    type Model = models::topics::Topics;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            vocabulary: self.vocabulary.clone(),
            transpose: self.transpose,
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

    fn plan(&self) -> Going {
        self.ascent.plan(None)
    }
}
