//! Fits a mixture, keeps it, and asks what was kept about new rows.

use std::{fs, path::Path};

use elbo_fit::{
    Error, FittedModel, Plan, Query, Source, fit,
    models::{
        FitContext,
        mixture::{Mixture, Request},
    },
};

fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join(format!("elbo-mixture-{}", std::process::id()));
    let at = |name: &str| folder.join(name);
    write(&folder, "rows.csv", &(0..200).map(row).collect::<String>())?;
    write(&folder, "new.csv", "height,width\n40.5,-1\n0.5,1\n")?;

    let request = Request { components: 4, ..Request::default() };
    let done = fit::<Mixture>(
        &request,
        Source::file(&at("rows.csv"))?,
        &FitContext::default(),
        &Plan::in_folder(at("runs")),
    )?;
    assert_eq!(done.results.converged, Some(true));

    let model = FittedModel::load(&done.folder)?;
    let asked = Query { source: Some(Source::file(&at("new.csv"))?), memory: None };
    let told = model.predict(&asked, 0, &())?;
    // Columns are found by their names, and the two new rows lie in two different blobs.
    let component = told.table.column("component")?;
    assert_ne!(component.cell(0, 0), component.cell(1, 0));
    fs::remove_dir_all(&folder).map_err(|cause| Error::new(cause.to_string()))
}

/// Two blobs, one about (0, 0) and one about (0, 40).
fn row(i: i32) -> String {
    let (x, y) = ((f64::from(i) * 0.618).fract() - 0.5, (f64::from(i) * 0.414).fract() - 0.5);
    let heading = if i == 0 { "width,height\n" } else { "" };
    format!("{heading}{},{}\n", 4.0 * x, 4.0 * y + f64::from(40 * (i % 2)))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(name), text));
    written.map_err(|cause| Error::new(cause.to_string()))
}
