//! A fit, what can be done with it, its resumption and its report, without the program.

#![allow(missing_docs)]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use elbo::{
    burn::tensor::Device,
    likelihood,
    mean_field::{Ascent, mixture::Covariance},
};
use elbo_data::Tensors;
use elbo_fit::{
    Choice, FittedModel, HeldOut, Job, Kind, Metrics, Observer, Outcome, Page, Place, Plan, Query,
    RepeatOptions, ResumeOptions, Selection, Source, Sweep, Text, Uncertainty,
    auto_encoder::{self, AuditRequest, AutoEncoder, Measures, OwnLikelihood, Request, fit_of, resume_of},
    fit,
    models::{
        self, FitContext, Model, Online, factors, hidden_markov, ising, mixture, normal, regress,
        state_space, topics,
    },
    resume,
};
use serde_json::Value;

fn place(folder: &Path, name: &str) -> Place {
    Place { runs: folder.join("runs"), name: Some(name.into()) }
}

fn plan(folder: &Path, name: &str) -> Plan {
    Plan { place: place(folder, name), ..Plan::default() }
}

fn request(epochs: u64) -> Request {
    Request {
        hidden: Some(vec![16]),
        latent: Some(vec![3]),
        epochs: Some(epochs),
        seed: 3,
        ..Request::default()
    }
}

fn digits(request: &Request, plan: &Plan, watch: &dyn Observer) -> Outcome {
    auto_encoder::fit(request, Source::built_in("digits").unwrap(), None, None, plan, watch).unwrap()
}

fn held_out(outcome: &Outcome) -> &HeldOut {
    outcome.results.held_out().unwrap()
}

/// Writes down what it sees, and stops the process's fit at an epoch, as a kill would.
#[derive(Default)]
struct Witness {
    seen: Mutex<Vec<String>>,
    killed_at: Option<u64>,
}

impl Witness {
    fn write(&self, line: String) {
        self.seen.lock().unwrap().push(line);
    }

    fn saw(&self, what: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|line| line.starts_with(what)).count()
    }
}

impl Observer for Witness {
    fn fact(&self, name: &str, text: &Text) {
        self.write(format!("{name}: {text}"));
    }

    fn note(&self, text: &Text) {
        self.write(format!("note: {text}"));
    }

    fn choice(&self, choice: &Choice) {
        self.write(format!("chose {} {} because {}", choice.of, choice.chosen, choice.why));
    }

    fn epoch(&self, metrics: &Metrics, _: Duration) {
        assert!(Some(metrics.epoch.epoch) != self.killed_at, "killed");
        self.write(format!("epoch {}", metrics.epoch.epoch));
    }

    fn checkpoint(&self, folder: &Path, epoch: u64) {
        assert!(["state", "state.json"].iter().any(|state| folder.join(state).is_file()));
        self.write(format!("checkpoint {epoch}"));
    }

    fn sweep(&self, sweep: Sweep<'_>) {
        self.write(format!("sweep {}", sweep.sweep));
    }
}

#[test]
fn a_fit_is_watched_kept_and_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let watch = Witness::default();
    let done = digits(&request(3), &plan(folder.path(), "one"), &watch);
    assert_eq!((watch.saw("epoch"), watch.saw("checkpoint 1")), (3, 1));
    assert_eq!(watch.saw("chose likelihood Bernoulli because the rows are images"), 1);
    let Page::AutoEncoder(page) = &done.page else { panic!("no auto-encoder") };
    assert_eq!((held_out(&done).epochs, page.epochs.len()), (3, 3));
    let model = AutoEncoder::load(&done.folder, &Device::flex()).unwrap();
    let found = model.evaluate(&Query::default(), &Measures::default(), &()).unwrap();
    let value = |name: &str| found.terms.iter().find(|term| term.name == name).unwrap();
    assert!((value("elbo").value - value("log_likelihood").value + value("kl").value).abs() < 1e-9);
    assert!(matches!(value("elbo").standard_error, Uncertainty::Of(error) if error > 0.0));
    let told = model.encode(&Query::default(), &()).unwrap();
    assert_eq!((told.table.columns.len(), told.labels.as_ref().unwrap().len()), (6, 1797));
    assert_eq!(model.sample(5, true, 1).unwrap().table.columns.len(), 64);
    // The same as any fitted model.
    let any = FittedModel::load(&done.folder).unwrap();
    assert_eq!(any.about().columns[63], "pixel 8,8");
    assert_eq!(any.predict(&Query::default(), 0, &()).unwrap().table.cell(7, 2), told.table.cell(7, 2));
    assert_eq!(any.evaluate(&Query::default(), None, 0, &()).unwrap().terms, found.terms);
    assert_eq!(any.sample(5, 1, &()).unwrap().table.columns.len(), 64);
    assert_eq!(
        any.reconstruct(&Query::default(), Selection::First(2), &()).unwrap().table.rows().unwrap(),
        2
    );
    assert_eq!(any.results().unwrap().unwrap().held_out().unwrap().epochs, 3);
    let html = elbo_report::page(&done.page, &ToString::to_string, &ToString::to_string);
    assert!(html.contains("<h1>one</h1>") && html.contains("Its two terms"));
}

#[test]
fn an_interrupted_fit_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let whole = digits(&request(4), &plan(folder.path(), "whole"), &());
    let killed = Witness { killed_at: Some(3), ..Witness::default() };
    let cut = plan(folder.path(), "cut");
    let outcome = catch_unwind(AssertUnwindSafe(|| digits(&request(4), &cut, &killed)));
    assert!(outcome.is_err());
    let watch = Witness::default();
    let resumed = auto_encoder::resume(&folder.path().join("runs/cut"), &cut, &watch).unwrap();
    assert_eq!(watch.saw("resumed: after epoch 1"), 1);
    assert_eq!(held_out(&resumed).validation, held_out(&whole).validation);
    // So is the job of its configuration, made once more.
    let job = Job::read(&folder.path().join("runs/whole/config.toml")).unwrap();
    assert_eq!(job.model(), "auto-encoder");
    job.repeat(RepeatOptions::default(), &plan(folder.path(), "again"), &()).unwrap();
    // The parameters stand after the header, which holds the name of the run.
    let parameters = |name: &str| {
        let raw = fs::read(folder.path().join("runs").join(name).join("last.safetensors")).unwrap();
        let size = usize::try_from(u64::from_le_bytes(raw[..8].try_into().unwrap())).unwrap();
        raw[8 + size..].to_vec()
    };
    assert_eq!(parameters("cut"), parameters("whole"));
    assert_eq!(parameters("again"), parameters("whole"));
}

/// A likelihood of one's own that is ours under another flag: the fit is the same, to the bit, also where it was killed, and
/// a program that does not know the likelihood is told so.
#[test]
fn a_likelihood_of_ones_own_goes_the_whole_way() {
    let folder = tempfile::tempdir().unwrap();
    let own = OwnLikelihood(Arc::new(likelihood::Bernoulli));
    let run = |name: &str, watch: &dyn Observer| {
        let source = Source::built_in("digits").unwrap();
        fit_of(&own, &request(4), source, None, None, &plan(folder.path(), name), watch).unwrap()
    };
    let ours = digits(&request(4), &plan(folder.path(), "ours"), &());
    let whole = run("own", &());
    assert_eq!(held_out(&whole).validation, held_out(&ours).validation);
    let killed = Witness { killed_at: Some(3), ..Witness::default() };
    assert!(catch_unwind(AssertUnwindSafe(|| run("cut", &killed))).is_err());
    let cut = folder.path().join("runs/cut");
    let error = auto_encoder::resume(&cut, &plan(folder.path(), "cut"), &()).unwrap_err();
    assert!(error.to_string().contains("are `Bernoulli`, not elbo's own"), "{error}");
    let resumed = resume_of(&own, &cut, &plan(folder.path(), "cut"), &()).unwrap();
    assert_eq!(held_out(&resumed).validation, held_out(&ours).validation);
    assert_eq!(resumed.results.verdict, ours.results.verdict);
    let model = AutoEncoder::load_of(&own, &cut, &Device::flex()).unwrap();
    let audit =
        model.audit(&Query::default(), &AuditRequest { rows: 20, ..AuditRequest::default() }, &()).unwrap();
    let ledger = audit.record.ledger;
    assert!(ledger.log_evidence.value >= ledger.per_datum.value);
    assert!(FittedModel::load(&cut).is_err());
}

/// Two blobs in the plane.
fn blobs() -> String {
    let row = |i: i32| {
        let (x, y) = ((f64::from(i) * 0.618).fract(), (f64::from(i) * 0.414).fract());
        format!("{},{}\n", 3.0 * x + f64::from(30 * (i % 2)), 3.0 * y)
    };
    format!("a,b\n{}", (0..120).map(row).collect::<String>())
}

#[test]
fn a_job_is_repeated_and_its_model_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("blobs.csv");
    fs::write(&data, blobs()).unwrap();
    let watch = Witness::default();
    let run = FitContext { seed: 5, observer: &watch, ..FitContext::default() };
    let request = mixture::Request { components: 3, ..mixture::Request::default() };
    let source = Source::file(&data).unwrap();
    let first =
        models::fit::<mixture::Mixture>(&request, source.clone(), &run, &plan(folder.path(), "first"))
            .unwrap();
    assert!(watch.saw("sweep") > 3 && first.results.converged == Some(true));
    let html = elbo_report::page(&first.page, &ToString::to_string, &ToString::to_string);
    assert!(html.contains("<h1>first</h1>") && html.contains("Components over the rows"));

    let job = Job::read(&first.folder.join("config.toml")).unwrap();
    assert_eq!(job.model(), "mixture");
    let again = job.repeat(RepeatOptions::default(), &plan(folder.path(), "second"), &()).unwrap();
    let bound = |outcome: &Outcome| outcome.results.all_rows().unwrap().elbo;
    assert_eq!(bound(&again), bound(&first));
    let kept = |outcome: &Outcome| fs::read(outcome.folder.join("model.json")).unwrap();
    assert_eq!(kept(&first), kept(&again));

    let model = FittedModel::load(&first.folder).unwrap();
    assert_eq!(model.results().unwrap().unwrap().all_rows().unwrap().rows, 120);
    let found = model.evaluate(&Query::default(), None, 0, &()).unwrap();
    assert_eq!((found.terms.len(), found.part), (1, [120, 120]));
    let error = model.predict(&Query::default(), 3, &()).unwrap_err();
    assert_eq!(error.kind(), Kind::Request);
    // What is to be done names a setting, and no flag.
    assert_eq!(error.what_to_do().unwrap().to_string(), "leave forecast out");
}

/// The scale within what a fit keeps.
fn scaling(of: &mut Value) -> &mut Value {
    if of.get("chain").is_some() { &mut of["chain"]["scaling"] } else { &mut of["scaling"] }
}

fn cut(of: &mut Value, which: &str) {
    scaling(of)[which].as_array_mut().unwrap().pop();
}

/// A `model.json` whose checksum was made anew after an array in it was cut short, or a number made none: it is refused as it
/// is read, whatever is wrong.
#[test]
fn a_model_that_is_none_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("blobs.csv");
    fs::write(&data, blobs()).unwrap();
    let run = FitContext { ascent: Ascent { tolerance: 0.0, sweeps: 3 }, seed: 5, observer: &() };
    let plan = |name: &str| plan(folder.path(), name);
    let source = || Source::file(&data).unwrap();
    let target = Some("b".into());
    let of_target = regress::Request { target, ..regress::Request::default() };
    let of_column = state_space::Request { column: Some("b".into()), ..state_space::Request::default() };
    let latent = factors::Request { latent: Some(1), ..factors::Request::default() };
    let fits = [
        models::fit::<regress::Regress>(&of_target, source(), &run, &plan("regression")).unwrap(),
        models::fit::<factors::Factors>(&latent, source(), &run, &plan("factors")).unwrap(),
        models::fit::<state_space::StateSpace>(&of_column, source(), &run, &plan("series")).unwrap(),
    ];
    for fit in fits {
        let file = fit.folder.join("model.json");
        let whole: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let refuses = |change: &dyn Fn(&mut Value)| {
            let mut fitted = whole["fitted"].clone();
            change(&mut fitted["posterior"]);
            let text = fitted.to_string();
            let sealed = elbo_data::sha256(text.as_bytes());
            fs::write(&file, format!(r#"{{"sha256":"{sealed}","fitted":{text}}}"#)).unwrap();
            FittedModel::load(&fit.folder).err().map(|error| error.to_string())
        };
        assert_eq!(refuses(&|_| {}), None);
        for which in ["offset", "divisor"] {
            let error = refuses(&|of| cut(of, which)).unwrap();
            assert!(error.contains("offsets, but"), "{error}");
        }
        let error = refuses(&|of| ["offset", "divisor"].iter().for_each(|which| cut(of, which))).unwrap();
        // Of one column nothing is left.
        let none = error.contains("a scale has 0 offsets");
        assert!(none || error.contains("columns, but the model of"), "{error}");
        let error = refuses(&|of| scaling(of)["divisor"][0] = 0.0.into()).unwrap();
        assert!(error.contains("the divisor of a column is 0, but must be"), "{error}");
    }
}

/// Columns that are named twice are more than a file has.
#[test]
fn a_column_that_is_named_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("blobs.csv");
    fs::write(&data, blobs()).unwrap();
    let source = || Source::file(&data).unwrap();
    let plan = |name: &str| plan(folder.path(), name);
    let request = state_space::Request::default();
    let series =
        models::fit::<state_space::StateSpace>(&request, source(), &FitContext::default(), &plan("series"));
    let config = series.unwrap().folder.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (before, settings) = text.split_once("[settings]").unwrap();
    let settings = settings.replacen(r#"["a", "b"]"#, r#"["a", "b", "a"]"#, 1);
    fs::write(&config, format!("{before}[settings]{settings}")).unwrap();
    let again = Job::read(&config).unwrap().repeat(RepeatOptions::default(), &plan("again"), &());
    assert!(again.unwrap_err().to_string().starts_with("column `a` is named twice"));
    let run = FitContext { ascent: Ascent { tolerance: 0.0, sweeps: 2 }, ..FitContext::default() };
    let fit = models::fit::<mixture::Mixture>(&mixture::Request::default(), source(), &run, &plan("mixture"));
    let file = fit.unwrap().folder.join("model.json");
    let mut fitted: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let fitted = &mut fitted["fitted"];
    fitted["columns"] = vec!["a"; 2].into();
    let text = fitted.to_string();
    let sealed = elbo_data::sha256(text.as_bytes());
    fs::write(&file, format!(r#"{{"sha256":"{sealed}","fitted":{text}}}"#)).unwrap();
    let rows = Query { source: Some(source()), ..Query::default() };
    let error = FittedModel::load(&file).and_then(|model| model.predict(&rows, 0, &())).err().unwrap();
    assert!(error.to_string().starts_with("the model has two columns `a`"), "{error}");
}

/// Two columns of metres from a far origin, in which the rows differ by centimetres: as they are, and about their means.
#[test]
fn digits_beyond_single_precision_reach_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let fit = |name: &str, origin: [f64; 2]| {
        let data = folder.path().join(format!("{name}.csv"));
        let row = |i: i32| {
            let (x, y) = ((f64::from(i) * 0.618).fract(), (f64::from(i) * 0.414).fract());
            format!("{:.3},{:.3}\n", origin[0] + x, origin[1] + x + 0.25 * y)
        };
        fs::write(&data, format!("east,north\n{}", (0..200).map(row).collect::<String>())).unwrap();
        let request = Request { latent: Some(vec![1]), ..request(20) };
        let source = Source::file(&data).unwrap();
        auto_encoder::fit(&request, source, None, None, &plan(folder.path(), name), &()).unwrap()
    };
    let (near, far) = (fit("near", [0.0; 2]), fit("far", [448_260.0, 5_412_001.0]));
    let bound = |outcome: &Outcome| held_out(outcome).validation.elbo.value;
    assert!((bound(&near) - bound(&far)).abs() < 1e-3, "{} {}", bound(&near), bound(&far));
    // What is drawn is in the units of the file.
    let model = AutoEncoder::load(&far.folder, &Device::flex()).unwrap();
    let drawn = model.sample(50, true, 1).unwrap().table.numbers::<f64>(elbo_data::Missing::Refused).unwrap();
    let mut first = drawn.column(0);
    assert!(first.all(|x| x > 448_255.0 && x < 448_266.0 && x.fract() != 0.0));
}

/// A file of the model's columns in another order, among others: they are found, and the others said.
#[test]
fn other_columns_are_left_aside_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Source::file(&path).unwrap()
    };
    let own = write("own.csv", blobs());
    let more: String = blobs().lines().enumerate().fold(String::new(), |text, (line, row)| {
        let (a, b) = row.split_once(',').unwrap();
        let day = if line == 0 { "day".into() } else { line.to_string() };
        text + &format!("{b},{day},{a}\n")
    });
    let more = Query { source: Some(write("more.csv", more)), memory: None };
    let fit =
        auto_encoder::fit(&request(2), own.clone(), None, None, &plan(folder.path(), "ae"), &()).unwrap();
    let model = AutoEncoder::load(&fit.folder, &Device::flex()).unwrap();
    let watch = Witness::default();
    let [here, there] = [&Query::default(), &more].map(|asked| model.encode(asked, &watch).unwrap().table);
    assert_eq!(watch.saw("left aside: the model does not use day"), 1);
    assert!((0..120).all(|row| here.cell(row, 0) == there.cell(row, 0)));
    let plan = plan(folder.path(), "mixture");
    let fit =
        models::fit::<mixture::Mixture>(&mixture::Request::default(), own, &FitContext::default(), &plan)
            .unwrap();
    let model = FittedModel::load(&fit.folder).unwrap();
    let [here, there] =
        [&Query::default(), &more].map(|asked| model.evaluate(asked, None, 0, &watch).unwrap());
    assert_eq!(watch.saw("left aside: the model does not use day"), 2);
    assert_eq!(here.terms[0].value, there.terms[0].value);
}

/// A CSV of new rows may have columns of text that the model is not of, in any place, and its label in another one.
#[test]
fn columns_of_text_and_labels_elsewhere_are_no_matter() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, line: &dyn Fn(usize, &str) -> String| {
        let text: String = blobs().lines().enumerate().map(|(n, row)| line(n, row) + "\n").collect();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Source::file(&path).unwrap()
    };
    let word = |n: usize, name: &str| if n == 0 { name.to_owned() } else { format!("{name} {}", n % 3) };
    let number = |n: usize, name: &str| if n == 0 { name.to_owned() } else { (n * n).to_string() };
    let own = write("own.csv", &|n, row| format!("{row},{}", word(n, "kind"))).label_column(Some("last"));
    let other = write("other.csv", &|n, row| {
        format!("{},{},{row},{},{}", word(n, "place"), word(n, "kind"), word(n, "note"), number(n, "weight"))
    });
    let asked = |source: &Source| Query { source: Some(source.clone()), memory: None };
    let fit =
        auto_encoder::fit(&request(2), own.clone(), None, None, &plan(folder.path(), "ae"), &()).unwrap();
    let model = AutoEncoder::load(&fit.folder, &Device::flex()).unwrap();
    let watch = Witness::default();
    let [here, there] = [&own, &other].map(|source| model.encode(&asked(source), &watch).unwrap());
    assert_eq!(here.labels, there.labels);
    assert!((0..120).all(|row| here.table.cell(row, 0) == there.table.cell(row, 0)));
    assert_eq!(watch.saw("left aside: the model does not use place, note, weight"), 1);
    let factors = factors::Request { latent: Some(1), ..factors::Request::default() };
    let fit = models::fit::<factors::Factors>(
        &factors,
        own.clone(),
        &FitContext::default(),
        &plan(folder.path(), "f"),
    );
    let model = FittedModel::load(&fit.unwrap().folder).unwrap();
    let [here, there] = [&own, &other].map(|source| model.evaluate(&asked(source), None, 0, &()).unwrap());
    assert_eq!(here.terms, there.terms);
}

/// Who watches stops a fit, which then goes on to the same bits.
#[test]
fn a_stopped_fit_goes_on() {
    struct Stops;
    impl Observer for Stops {
        fn stops(&self) -> bool {
            true
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = digits(&request(3), &plan(folder.path(), "whole"), &());
    let stopped = plan(folder.path(), "stopped");
    let source = Source::built_in("digits").unwrap();
    let error = auto_encoder::fit(&request(3), source, None, None, &stopped, &Stops).unwrap_err();
    assert_eq!(
        (error.kind(), &error.message().to_string()[..]),
        (Kind::Stopped, "the fit was stopped after epoch 1")
    );
    let resumed = auto_encoder::resume(&folder.path().join("runs/stopped"), &stopped, &()).unwrap();
    assert_eq!(held_out(&resumed).validation, held_out(&whole).validation);
}

/// Of one row a mean has no standard error.
#[test]
fn one_row_has_no_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Source::file(&path).unwrap()
    };
    let one = Query { source: Some(write("one.csv", "a,b\n1.5,2.5\n")), memory: None };
    let own = write("own.csv", &blobs());
    let fit =
        auto_encoder::fit(&request(2), own.clone(), None, None, &plan(folder.path(), "ae"), &()).unwrap();
    let model = AutoEncoder::load(&fit.folder, &Device::flex()).unwrap();
    let measures = Measures { importance_samples: Some(10), ..Measures::default() };
    let inferred = model.infer(&one, None, 1, &auto_encoder::Inference::default(), 0, &()).unwrap();
    let mut all = vec![model.evaluate(&one, &measures, &()).unwrap(), inferred];
    let fit = fit_mixture(own, &plan(folder.path(), "mixture"));
    all.push(FittedModel::load(&fit.folder).unwrap().evaluate(&one, None, 0, &()).unwrap());
    for found in all {
        assert!(
            found.terms.iter().all(|term| term.standard_error == Uncertainty::Unknown),
            "{:?}",
            found.terms
        );
    }
}

fn fit_mixture(source: Source, plan: &Plan) -> Outcome {
    models::fit::<mixture::Mixture>(&mixture::Request::default(), source, &FitContext::default(), plan)
        .unwrap()
}

/// Stops a fit when it has been asked so many times whether to.
struct Stopper(AtomicUsize);

impl Stopper {
    fn after(asks: usize) -> Self {
        Self(AtomicUsize::new(asks))
    }
}

impl Observer for Stopper {
    fn stops(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

fn bits(run: &Path) -> Vec<Vec<u8>> {
    let read = |file: &str| fs::read(run.join(file)).unwrap();
    let mut results: Value = serde_json::from_slice(&read("results.json")).unwrap();
    results["seconds"].take();
    let sweeps = String::from_utf8(read("metrics.jsonl")).unwrap();
    let timeless = sweeps.lines().map(|line| line.split_once(r#","seconds":"#).unwrap().0.to_owned() + "\n");
    vec![
        read("model.json"),
        read("config.toml"),
        results.to_string().into(),
        timeless.collect::<String>().into(),
    ]
}

/// Fits without a stop, and once more with one after every so many sweeps, each time resumed; the bits are the same.
fn stopped_again_and_again<M: Model>(folder: &Path, data: &str, request: &M::Request, sweeps: usize) {
    let source = || Source::file(&folder.join(data)).unwrap();
    let ascent = Ascent { tolerance: 1e-300, sweeps };
    let whole = FitContext { ascent, seed: 7, observer: &() };
    let whole = fit::<M>(request, source(), &whole, &plan(&folder.join("whole"), "run")).unwrap();
    for every in [1, 7] {
        let place = folder.join(format!("stopped-{every}"));
        let mut watch = Stopper::after(every);
        let run = FitContext { ascent, seed: 7, observer: &watch };
        let mut done = fit::<M>(request, source(), &run, &plan(&place, "run"));
        let mut stops = 0;
        while let Err(error) = done {
            assert_eq!(error.kind(), Kind::Stopped, "{error}");
            stops += 1;
            watch = Stopper::after(every);
            done = resume(&place.join("runs/run"), &ResumeOptions::default(), &Plan::default(), &watch);
        }
        assert!(stops > 0 || every > 1, "{} was not stopped", M::NAME);
        let (whole, stopped) = (bits(&whole.folder), bits(&done.unwrap().folder));
        assert!(whole == stopped, "{} after {stops} stops", M::NAME);
    }
    fs::remove_dir_all(folder.join("whole")).unwrap();
    for every in [1, 7] {
        fs::remove_dir_all(folder.join(format!("stopped-{every}"))).unwrap();
    }
}

#[test]
fn a_fit_by_coordinate_ascent_that_is_stopped_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("rows.csv"), blobs()).unwrap();
    let online = Some(Online { batch: 16, epochs: 3, ..Online::default() });
    let mixture = mixture::Request { components: 3, starts: 2, ..mixture::Request::default() };
    let annealed = mixture::Request { anneal: Some(0.3), ..mixture.clone() };
    stopped_again_and_again::<mixture::Mixture>(folder, "rows.csv", &annealed, 9);
    for covariance in [Covariance::Tied, Covariance::Diagonal, Covariance::Spherical] {
        let weights = mixture::WeightsPrior::DirichletProcess;
        let request = mixture::Request { covariance: Some(covariance), weights, online, ..mixture.clone() };
        stopped_again_and_again::<mixture::Mixture>(folder, "rows.csv", &request, 9);
    }
    for prior in [regress::WeightsPrior::Ridge, regress::WeightsPrior::Relevance] {
        let request = regress::Request { prior, ..regress::Request::default() };
        stopped_again_and_again::<regress::Regress>(folder, "rows.csv", &request, 9);
    }
    for pca in [false, true] {
        let request = factors::Request { latent: Some(1), pca, ..factors::Request::default() };
        stopped_again_and_again::<factors::Factors>(folder, "rows.csv", &request, 9);
    }
    let request = normal::Request { column: Some("a".into()), ..normal::Request::default() };
    stopped_again_and_again::<normal::Normal>(folder, "rows.csv", &request, 9);
    let request = hidden_markov::Request {
        states: 2,
        starts: 2,
        anneal: Some(0.4),
        ..hidden_markov::Request::default()
    };
    stopped_again_and_again::<hidden_markov::HiddenMarkov>(folder, "rows.csv", &request, 9);
    let request = state_space::Request { states: Some(2), ..state_space::Request::default() };
    stopped_again_and_again::<state_space::StateSpace>(folder, "rows.csv", &request, 9);

    // Two rows of four spins, of which the first draws the others to its side.
    let couplings = (0..8).map(|i| {
        let row = (0..8).map(|j| {
            if i != j && i % 4 == j % 4 {
                "0.7"
            } else if (i + j) % 8 == 1 {
                "-0.2"
            } else {
                "0"
            }
        });
        row.collect::<Vec<_>>().join(",") + "\n"
    });
    fs::write(folder.join("spins.csv"), couplings.collect::<String>()).unwrap();
    let request = ising::Request { starts: 2, anneal: Some(0.5), ..ising::Request::default() };
    stopped_again_and_again::<ising::Ising>(folder, "spins.csv", &request, 9);

    let documents = (0..40).map(|d| format!("3 {}:{} {}:1 6:1\n", d % 3, 1 + d % 4, 3 + d % 3));
    fs::write(folder.join("words.ldac"), documents.collect::<String>()).unwrap();
    for online in [None, online] {
        let request = topics::Request { topics: 3, starts: 2, online, ..topics::Request::default() };
        stopped_again_and_again::<topics::Topics>(folder, "words.ldac", &request, 9);
    }
}

/// A fit of one start that is carried on is that of as many sweeps in one go; so is one of more epochs.
#[test]
fn a_finished_fit_is_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.csv");
    fs::write(&data, blobs()).unwrap();
    let of_blobs = mixture::Request { components: 3, starts: 1, ..mixture::Request::default() };
    let fitted = |sweeps: usize, name: &str| {
        let run = FitContext { ascent: Ascent { tolerance: 1e-300, sweeps }, seed: 7, observer: &() };
        let source = Source::file(&data).unwrap();
        fit::<mixture::Mixture>(&of_blobs, source, &run, &plan(&folder.path().join(name), "run")).unwrap()
    };
    let (long, short) = (fitted(12, "long"), fitted(4, "short"));
    let more = ResumeOptions { sweeps: Some(12), ..ResumeOptions::default() };
    let carried = resume(&short.folder, &more, &Plan::default(), &()).unwrap();
    assert_eq!(bits(&long.folder), bits(&carried.folder));
    let error = resume(
        &short.folder,
        &ResumeOptions { epochs: Some(3), ..ResumeOptions::default() },
        &Plan::default(),
        &(),
    );
    assert_eq!(error.unwrap_err().kind(), Kind::Request);

    let (long, short) = (plan(folder.path(), "long"), plan(folder.path(), "short"));
    let (long, short) = (digits(&request(6), &long, &()), digits(&request(3), &short, &()));
    let few = ResumeOptions { epochs: Some(3), ..ResumeOptions::default() };
    let error = resume(&short.folder, &few, &Plan::default(), &()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the fit has 3 epochs: epochs 3 are no more than these (give the epochs in all, as epochs 6)"
    );
    let more = ResumeOptions { epochs: Some(6), ..ResumeOptions::default() };
    let carried = resume(&short.folder, &more, &Plan::default(), &()).unwrap();
    for file in ["model.safetensors", "last.safetensors"] {
        let [long, carried] = [&long, &carried].map(|of| Tensors::read(&of.folder.join(file)).unwrap());
        assert!(long.names().all(|name| long.get(name) == carried.get(name)), "{file}");
    }
    let bound = |outcome: &Outcome| held_out(outcome).validation;
    assert_eq!(bound(&long), bound(&carried));
    assert_eq!(held_out(&carried).epochs, 6);
}

/// A fit that ended by its patience begins to wait anew.
#[test]
fn patience_begins_anew_where_a_converged_fit_is_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request { patience: Some(1), epochs: Some(200), step_size: Some(0.05), ..request(200) };
    let first = digits(&request, &plan(folder.path(), "run"), &());
    let epochs = held_out(&first).epochs;
    assert!(epochs < 200, "it did not converge");
    let more = ResumeOptions { epochs: Some(400), ..ResumeOptions::default() };
    let carried = resume(&first.folder, &more, &Plan::default(), &()).unwrap();
    assert!(held_out(&carried).epochs > epochs);
}

/// The folder of a fit that was killed before its first state takes no name, and is gone on with from the beginning.
#[test]
fn a_fit_that_had_just_begun_blocks_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let whole = digits(&request(2), &plan(folder.path(), "whole"), &());
    let dead = folder.path().join("runs/dead");
    let kill = || {
        fs::create_dir_all(&dead).unwrap();
        let config = fs::read_to_string(whole.folder.join("config.toml")).unwrap();
        fs::write(dead.join("config.toml"), config.replacen("\"whole\"", "\"dead\"", 1)).unwrap();
        fs::write(dead.join("metrics.jsonl"), "{\"epoch\":1,\"st").unwrap();
    };
    let model = |run: &Path| {
        let model = AutoEncoder::load(run, &Device::flex()).unwrap();
        model
            .evaluate(&Query::default(), &Measures { rows: Some(20), ..Measures::default() }, &())
            .unwrap()
            .terms
    };
    kill();
    let error = FittedModel::load(&dead).unwrap_err();
    assert!(error.to_string().contains("holds a fit that is not finished"), "{error}");
    assert!(error.what_to_do().unwrap().to_string().starts_with("elbo resume "), "{error}");
    let resumed = resume(&dead, &ResumeOptions::default(), &Plan::default(), &()).unwrap();
    assert_eq!(model(&whole.folder), model(&resumed.folder));
    fs::remove_dir_all(&dead).unwrap();
    kill();
    let again = digits(&request(2), &plan(folder.path(), "dead"), &());
    assert_eq!((again.folder.as_path(), model(&whole.folder)), (dead.as_path(), model(&again.folder)));
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|of| of.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&dead), names(&whole.folder));
    assert_eq!(names(&folder.path().join("runs")), ["dead", "whole"]);
    // What a finished run, or a user's own file, lies in keeps its name.
    fs::remove_file(dead.join("results.json")).unwrap();
    let taken = plan(folder.path(), "dead");
    let error = auto_encoder::fit(&request(2), Source::built_in("digits").unwrap(), None, None, &taken, &())
        .unwrap_err();
    assert!(error.to_string().contains("exists already, with a fit that is not finished"), "{error}");
    let own = folder.path().join("runs/own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("notes.txt"), "mine").unwrap();
    let taken = plan(folder.path(), "own");
    let error = auto_encoder::fit(&request(2), Source::built_in("digits").unwrap(), None, None, &taken, &())
        .unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
    assert_eq!(fs::read_to_string(own.join("notes.txt")).unwrap(), "mine");
}

/// No link out of a run folder is followed as it is written.
#[cfg(unix)]
#[test]
fn links_in_a_run_folder_are_replaced() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let run = digits(&request(2), &plan(folder.path(), "run"), &()).folder;
    let outside = folder.path().join("outside");
    let files =
        ["state", "metrics.jsonl", "results.json", "model.safetensors", "last.safetensors", "audit.json"];
    for file in files {
        fs::write(&outside, "precious").unwrap();
        let path = run.join(file);
        let own = fs::read(&path).unwrap_or_default();
        if !own.is_empty() {
            fs::remove_file(&path).unwrap();
        }
        symlink(&outside, &path).unwrap();
        // What has to be read is read there.
        if ["state", "metrics.jsonl", "model.safetensors"].contains(&file) {
            fs::write(&outside, &own).unwrap();
        }
        let before = fs::read(&outside).unwrap();
        if file == "audit.json" {
            let model = AutoEncoder::load(&run, &Device::flex()).unwrap();
            model
                .audit(&Query::default(), &AuditRequest { rows: 4, ..AuditRequest::default() }, &())
                .unwrap();
        } else {
            let more = ResumeOptions {
                epochs: Some(2 + files.iter().position(|of| *of == file).unwrap() as u64 + 1),
                ..ResumeOptions::default()
            };
            resume(&run, &more, &Plan::default(), &()).unwrap();
        }
        assert_eq!(fs::read(&outside).unwrap(), before, "{file}");
        assert!(fs::symlink_metadata(&path).unwrap().is_file(), "{file}");
    }
}

/// Lines that are lost are told of; those that can be read are kept.
#[test]
fn lost_lines_of_the_metrics_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let run = digits(&request(6), &plan(folder.path(), "run"), &()).folder;
    let path = run.join("metrics.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let later = lines[5].replacen("\"epoch\":6", "\"epoch\":7", 1);
    let cases = [
        (lines.join("\n") + "\n" + &later + "\n{\"epoch\":8,\"st", 0),
        ([&lines[..2], &lines[3..]].concat().join("\n"), 1),
        ([&lines[..2], &["{\"epoch\":3,\"step\":\u{fffd}"], &lines[4..]].concat().join("\n"), 2),
        (String::new(), 6),
    ];
    for (text, lost) in cases {
        fs::write(&path, text).unwrap();
        let watch = Witness::default();
        resume(&run, &ResumeOptions::default(), &Plan::default(), &watch).unwrap();
        let told = watch.saw(&format!("note: {lost} of 6 lines of "));
        assert_eq!((told, watch.saw("note: ")), (usize::from(lost > 0), usize::from(lost > 0)));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 6 - lost);
    }
}

/// A file that is no job says where it is not, and the folder of another version's state is refused.
#[test]
fn what_is_wrong_in_a_job_is_named_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = digits(&request(2), &plan(folder.path(), "run"), &()).folder;
    let path = run.join("config.toml");
    let whole = fs::read_to_string(&path).unwrap();
    let line = |what: &str| whole.lines().position(|line| line.starts_with(what)).unwrap() + 1;
    for (old, new, line) in [
        ("batch = ", "batch = x", line("batch = ")),
        ("epochs = 2", "epochs = \"two\"", line("epochs = ")),
        ("latent = 3", "latent = 0", 0),
        ("fingerprint = \"", "fingerprint \"", line("fingerprint")),
    ] {
        assert!(whole.contains(old));
        fs::write(&path, whole.replacen(old, new, 1)).unwrap();
        let error = Job::read(&path).unwrap_err();
        let place = if line > 0 {
            format!("config.toml` is not a configuration of a run: line {line}, `")
        } else {
            String::from("config.toml`")
        };
        assert!(error.to_string().contains(&place), "{error}");
        assert!(error.what_to_do().unwrap().to_string().contains("config.toml"), "{error}");
    }
}
