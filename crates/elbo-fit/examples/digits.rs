//! Fits a variational auto-encoder to images, and asks it about them.

use elbo::burn::tensor::Device;
use elbo_fit::{
    Error, Plan, Query, Source,
    auto_encoder::{AutoEncoder, Measures, Request, fit},
};

fn main() -> Result<(), Error> {
    let folder = std::env::temp_dir().join(format!("elbo-digits-{}", std::process::id()));
    let plan = Plan::in_folder(&folder);
    let request = Request { epochs: Some(20), ..Request::default() };
    let done = fit(&request, Source::built_in("digits")?, None, None, &plan, &())?;
    let reached = done.results.held_out().expect("a fit by gradients holds rows out");
    assert!(reached.validation.elbo.value > -26.0, "{:?}", reached.validation);

    let model = AutoEncoder::load(&done.folder, &Device::flex())?;
    let found = model.evaluate(&Query::default(), &Measures::default(), &())?;
    assert_eq!((found.terms[0].name.as_str(), found.part), ("log_density", [1797, 1797]));
    std::fs::remove_dir_all(folder).map_err(|cause| Error::new(cause.to_string()))
}
