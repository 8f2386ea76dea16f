//! The data sets that papers use, where they are at hand: in the folder that
//! `ELBO_DATA` names, by default `shared/data` beside the repository.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use elbo_data::{CorpusOptions, Dataset, ReadOptions, Role, read, read_corpus};

/// The path of a file, or `None`, said aloud, where there is no such file.
fn at_hand(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = env::var_os("ELBO_DATA").map_or(beside, PathBuf::from);
    let path = folder.join(name);
    if !path.is_file() {
        // Past the test harness, which would hide a line printed by a test that passes.
        let line = format!("SKIPPED: there is no {} (set ELBO_DATA)\n", path.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    Some(path)
}

fn mean(data: &Dataset) -> f64 {
    let sum: f64 = data.values.iter().copied().map(f64::from).sum();
    sum / data.values.len() as f64
}

#[test]
fn mnist() {
    let Some(path) = at_hand("mnist/train-images-idx3-ubyte.gz") else { return };
    let data = read(&path, &ReadOptions::default()).unwrap();
    assert_eq!((data.rows(), data.width(), data.image), (60_000, 784, Some((28, 28))));
    assert_eq!((data.range(), data.full_scale), ((0.0, 255.0), Some(255.0)));
    assert!((mean(&data) - 33.318).abs() < 1e-3);
    let labels = data.labels.unwrap();
    assert_eq!(labels[..5], ["5", "0", "4", "1", "9"]);
}

#[test]
fn mnist_with_labels_of_the_other_part() {
    let (Some(images), Some(labels)) =
        (at_hand("mnist/t10k-images-idx3-ubyte.gz"), at_hand("mnist/train-labels-idx1-ubyte.gz"))
    else {
        return;
    };
    let options = ReadOptions { labels: Some(labels), ..Default::default() };
    let error = read(&images, &options).unwrap_err().to_string();
    assert!(error.ends_with("has 60000 labels for 10000 rows"), "{error}");
}

#[test]
fn binarized_mnist() {
    let Some(path) = at_hand("binarized_mnist/binarized_mnist_test-images-idx3-ubyte.gz") else {
        return;
    };
    let data = read(&path, &ReadOptions::default()).unwrap();
    assert_eq!((data.rows(), data.width()), (10_000, 784));
    assert_eq!((data.range(), data.full_scale), ((0.0, 1.0), Some(1.0)));
    assert_eq!(data.labels, None);
}

#[test]
fn tables() {
    for (name, label, rows, width, first) in
        [("faithful", "kind", 272, 2, "long"), ("wine", "last", 178, 13, "0")]
    {
        let Some(path) = at_hand(&format!("tabular/{name}.csv")) else { return };
        let options = ReadOptions { label_columns: vec![label.into()], ..Default::default() };
        let data = read(&path, &options).unwrap();
        assert_eq!((data.rows(), data.width()), (rows, width), "{name}");
        assert_eq!(data.labels.unwrap()[0], first);
    }
}

#[test]
fn tables_with_text() {
    for (name, text, data) in [
        ("penguins", &["species", "island", "sex"][..], 4),
        (
            "adult",
            &[
                "workclass",
                "education",
                "marital-status",
                "occupation",
                "relationship",
                "race",
                "sex",
                "native-country",
                "income-per-year",
            ],
            6,
        ),
    ] {
        let Some(path) = at_hand(&format!("tabular/{name}.csv")) else { return };
        let options = ReadOptions { missing: true, ..ReadOptions::default() };
        let read = read(&path, &options).unwrap();
        let aside = read.reading.in_role(|role| matches!(role, Role::Aside(_)));
        assert_eq!(aside.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), text);
        assert_eq!(read.width(), data);
    }
}

#[test]
fn reuters() {
    let Some(path) = at_hand("text/reuters.ldac") else { return };
    let corpus = read_corpus(&path, &CorpusOptions::default()).unwrap();
    assert_eq!((corpus.documents(), corpus.vocabulary), (395, 4258));
    assert_eq!(corpus.counts.iter().sum::<u32>(), 84_010);
    assert_eq!(corpus.names.unwrap()[..2], ["church", "pope"]);
}

#[test]
fn genes_of_single_cells() {
    let Some(path) = at_hand("counts/10x_chr21/matrix.mtx.gz") else { return };
    let vocabulary = at_hand("counts/10x_chr21/features.tsv.gz");
    let corpus =
        read_corpus(&path, &CorpusOptions { vocabulary, transpose: true, ..CorpusOptions::default() })
            .unwrap();
    assert_eq!((corpus.documents(), corpus.vocabulary, corpus.words.len()), (1107, 507, 23_866));
    assert_eq!(
        corpus.document(0).1.iter().zip(corpus.document(0).0).find(|(_, w)| **w == 457).unwrap().0,
        &3
    );
    assert!(corpus.names.unwrap().contains(&"APP".into()));
}
