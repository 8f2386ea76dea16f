//! `elbo evaluate`: the bound of data under a fitted model.

use burn::tensor::Device;
use elbo::{
    minibatch::Rows,
    objective::{
        Objective,
        elbo::{KlForm, RowTerms, Summary, evaluate as bound},
    },
    random::{Key, Purpose},
};
use elbo_data::{Column, Table};

use crate::{arguments::Evaluate, error::Error, results::print, run::read_model, source::read_for, table};

pub(crate) fn evaluate(arguments: &Evaluate, device: &Device) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let model = read_model(&arguments.fitted.run, device)?;
    let data = read_for(&model.config, &arguments.source)?;
    let rows = Rows::all(&data.x, model.vae.width());
    let key = Key::new(arguments.seed).purpose(Purpose::Test);
    let noise = key.purpose(Purpose::Noise);
    let mut terms = RowTerms::default();
    for piece in rows.pieces(model.config.fit.binarise(), key.purpose(Purpose::Binarise)) {
        terms.extend(&bound(&model.vae, &piece, noise, arguments.kl, arguments.samples, device)?);
    }
    if let Some(path) = &arguments.output {
        let mut table = Table::new();
        table.push("elbo", Column::Real(terms.elbo()));
        table.push("log_likelihood", Column::Real(terms.log_likelihood.clone()));
        table.push("kl", Column::Real(terms.kl.clone()));
        table.write(path)?;
    }
    let Summary { rows, elbo, log_likelihood, kl } = terms.summary();
    let line = |name: &str, mean: elbo::objective::elbo::Mean| {
        format!("{name},{:.6},{:.6}\n", mean.value, mean.standard_error)
    };
    print(&format!(
        "term,nats_per_row,standard_error\n{}{}{}",
        line("elbo", elbo),
        line("log_likelihood", log_likelihood),
        line("kl", kl)
    ))?;
    if model.config.fit.train.objective == Objective::Noiseless {
        crate::tell(
            "note: the fit was to the noiseless objective, so the guide's standard deviations were never fitted",
        );
    }
    if model.vae.model.is_hierarchical() && arguments.kl == KlForm::Analytic {
        crate::tell(
            "note: the KL of z2 given z1 is in closed form; that of z1, which has none, by Monte Carlo",
        );
    }
    crate::tell(format!(
        "{rows} rows, {} samples a row; elbo = log_likelihood - kl, larger is better",
        arguments.samples
    ));
    Ok(())
}
