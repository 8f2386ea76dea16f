//! Coordinate ascent as `benches/mean_field.py` measures it, as a server. `reuters@20` is 20 topics of `reuters.ldac`,
//! `gaussian@10` 10 components of `gaussian.idx`; the files lie in the folder that is the argument. `step` is what a pass of
//! scikit-learn does; `sweep` is one of coordinate ascent, with its bound.

mod server;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    env,
    error::Error,
    path::{Path, PathBuf},
};

use elbo::{
    mean_field::{
        MeanField, Stochastic,
        lda::{self, Counts},
        mixture::{self, Covariance, Family, GaussianPrior, Weights},
    },
    random::Key,
};
use elbo_data::{CorpusOptions, ReadOptions, read_as, read_corpus};
use server::{repeat, serve};

/// α and η.
const ALLOCATION: (f64, f64) = (0.1, 0.01);
/// Passes of a fit. Each turn begins anew: documents take the longer, the better topics are told apart.
const PASSES: usize = 5;

/// Makes `PASSES` of a command from the start; returns how many.
type Fit = Box<dyn Fn(&str) -> Result<usize, elbo::Error> + Send + Sync>;

fn sweep(model: &mut impl MeanField) -> Result<(), elbo::Error> {
    for factor in 0..model.factors().len() {
        model.update(factor)?;
    }
    assert!(model.bound().value().is_finite());
    Ok(())
}

fn allocation(path: &Path, topics: usize) -> Result<Fit, Box<dyn Error>> {
    let corpus = read_corpus(path, &CorpusOptions::default())?;
    let counts = Counts::new(corpus.vocabulary, corpus.offsets, corpus.words, corpus.counts)?;
    let prior = lda::Prior::symmetric(topics, ALLOCATION.0, ALLOCATION.1);
    // The server holds them as long as it lives.
    let start = lda::Fit::new(Box::leak(Box::new(counts)), prior, Key::new(1))?;
    let rows: Vec<usize> = (0..start.rows()).collect();
    Ok(Box::new(move |command| {
        let mut fit = start.clone();
        for _ in 0..PASSES {
            // Every document converges from the start, as in scikit-learn.
            if command == "step" { fit.step(&rows, 1.0, 1.0)? } else { sweep(&mut fit)? }
        }
        Ok(PASSES)
    }))
}

fn mixture(path: &Path, components: usize) -> Result<Fit, Box<dyn Error>> {
    let data = read_as::<f64>(path, &ReadOptions::default())?;
    let width = data.columns.len();
    let x = Vec::leak(data.values.to_vec());
    let prior = mixture::Prior {
        components,
        weights: Weights::Dirichlet(1.0 / components as f64),
        family: Family::Gaussian(GaussianPrior::of(x, width, Covariance::Full)?),
    };
    let labels: Vec<u32> = (0..x.len() / width).map(|row| (row % components) as u32).collect();
    let start = mixture::Fit::with_labels(x, width, prior, &labels)?;
    Ok(Box::new(move |_| {
        let mut fit = start.clone();
        (0..PASSES).try_for_each(|_| sweep(&mut fit)).map(|()| PASSES)
    }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).map(PathBuf::from).unwrap_or_default();
    let mut fits: BTreeMap<String, Fit> = BTreeMap::new();
    serve("benches/mean_field.py", |command, workload, seconds, pool| {
        if !["step", "sweep"].contains(&command) {
            return Err(format!("no command is called {command}").into());
        }
        let fit = match fits.entry(workload.into()) {
            Entry::Occupied(fit) => fit.into_mut(),
            Entry::Vacant(place) => {
                let (data, number) = workload.split_once('@').ok_or("no number of topics or components")?;
                let (file, number) = (folder.join(data), number.parse()?);
                let (corpus, rows) = (file.with_extension("ldac"), file.with_extension("idx"));
                place.insert(if corpus.exists() {
                    allocation(&corpus, number)?
                } else {
                    mixture(&rows, number)?
                })
            }
        };
        let (done, passed) = pool.install(|| repeat(seconds, || fit(command)))?;
        Ok(("steps", done, passed))
    })
}
