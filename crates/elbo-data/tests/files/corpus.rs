//! Sparse counts: LDA-C, Matrix Market, vocabularies.

use elbo_data::{Corpus, CorpusOptions, Error, Remedy, read_corpus};

use crate::{Folder, gzip};

const HEADER: &str = "%%MatrixMarket matrix coordinate integer general\n";

fn plain() -> CorpusOptions {
    CorpusOptions::default()
}

fn corpus(name: &str, bytes: impl AsRef<[u8]>, options: &CorpusOptions) -> Result<Corpus, Error> {
    read_corpus(&Folder::new().file(name, bytes), options)
}

/// The message of a file that must be refused, without its path, and the remedy.
fn refused(name: &str, bytes: impl AsRef<[u8]>) -> (String, Option<Remedy>) {
    let folder = Folder::new();
    let path = folder.file(name, bytes);
    let error = read_corpus(&path, &plain()).unwrap_err();
    let named = format!("`{}`", path.display());
    assert!(error.to_string().contains(&named), "{error} does not name the file");
    (error.to_string().replace(&named, "FILE"), error.remedy())
}

/// Two documents, of which the second is empty, and a third.
fn check(corpus: &Corpus) {
    assert_eq!(corpus.offsets, [0, 2, 2, 3]);
    assert_eq!((&corpus.words[..], &corpus.counts[..]), (&[1, 4, 0][..], &[2, 6, 1][..]));
    assert_eq!((corpus.vocabulary, corpus.documents()), (5, 3));
    // sha256 of 3, 5 and the offsets as u64, then the words and the counts as u32, little endian (hashlib).
    assert_eq!(corpus.fingerprint(), "6270ae7c98b85d51ae926ba10b56611d5b0d560b8c109e52c24f4cf6fa2f678e");
}

#[test]
fn every_format_gives_the_same_corpus() {
    // Out of order, a word twice, a count of 0.
    let text = "4 4:5 1:2 4:1 3:0\n0\n1 0:1\n";
    for (name, bytes) in [
        ("a.ldac", text.as_bytes().to_vec()),
        ("a.dat", text.replace('\n', "\r\n").into_bytes()),
        ("A.LDAC.gz", gzip(text.as_bytes())),
    ] {
        check(&corpus(name, bytes, &plain()).unwrap());
    }
    let body = "% a comment\n\n3 5 5\n3 1 1\n1 5 5\n1 2 2\n1 5 1\n1 4 0\n";
    check(&corpus("a.mtx", format!("{HEADER}{body}"), &plain()).unwrap());
    check(&corpus("counts.gz", gzip(format!("{HEADER}{body}").as_bytes()), &plain()).unwrap());
    let real =
        format!("%%matrixmarket MATRIX coordinate real general\n{}", body.replace("3 1 1", "3 1 1.0e0"));
    check(&corpus("a.mtx", real, &plain()).unwrap());
    let turned = format!("{HEADER}5 3 3\n5 1 6\n1 3 1\n2 1 2\n");
    check(&corpus("a.mtx", turned, &CorpusOptions { transpose: true, ..plain() }).unwrap());
}

/// Documents to come need not have the last words.
#[test]
fn the_number_of_words_can_be_given() {
    let of = |words| corpus("a.ldac", "1 2:1\n", &CorpusOptions { words: Some(words), ..plain() });
    assert_eq!(of(7).unwrap().vocabulary, 7);
    assert!(of(2).unwrap_err().to_string().ends_with("line 1: `2:1` is outside the words, 0 to 1"));
    assert_ne!(of(7).unwrap().fingerprint(), of(8).unwrap().fingerprint());
}

#[test]
fn a_vocabulary_names_the_words() {
    let folder = Folder::new();
    let counts = folder.file("a.ldac", "1 0:1\n");
    let names = |corpus: Corpus| corpus.names.unwrap().join(" ");
    assert_eq!(read_corpus(&counts, &plain()).unwrap().names, None);
    folder.file("a.tokens", "one\r\ntwo\n");
    let read = read_corpus(&counts, &plain()).unwrap();
    assert_eq!((read.vocabulary, names(read)), (2, "one two".into()), "the file beside it");
    let of = |name, text: &str| CorpusOptions { vocabulary: Some(folder.file(name, text)), ..plain() };
    let genes = of("genes.tsv", "id1\tFOX\tGene Expression\nid2\tSON\tGene Expression\nid3\tAPP\n");
    let read = read_corpus(&counts, &genes).unwrap();
    assert_eq!((read.vocabulary, names(read)), (3, "FOX SON APP".into()));

    let market = folder.file("b.mtx", format!("{HEADER}1 2 0\n"));
    let error = read_corpus(&market, &genes).unwrap_err();
    assert!(error.to_string().ends_with("genes.tsv` has 3 words for 2"), "{error}");
    assert_eq!(error.remedy(), Some(Remedy::OrderVocabulary));
    let other = folder.file("b.ldac", "1 3:1\n");
    let error = read_corpus(&other, &genes).unwrap_err();
    assert!(error.to_string().ends_with("line 1: `3:1` is outside the words, 0 to 2"), "{error}");
    assert!(matches!(read_corpus(&counts, &of("none.txt", "")).unwrap_err(), Error::Empty { .. }));
}

#[test]
fn wrong_lines_are_named() {
    for (text, message, remedy) in [
        (
            "1 0:1\n2 0:1\n",
            "FILE line 2: 2 entries are announced for the document, but there are 1",
            Remedy::FetchDamagedAgain,
        ),
        ("1 0:-1\n", "FILE line 1: `0:-1` is a count below 0", Remedy::GiveCounts),
        ("1 0:1.5\n", "FILE line 1: `0:1.5` is a count that is no whole number", Remedy::GiveCounts),
        ("1 0:x\n", "FILE line 1: `0:x` is not of the form `word:count`", Remedy::CheckEmptyDocument),
        ("1 0:NaN\n", "FILE line 1: `0:NaN` is not of the form `word:count`", Remedy::CheckEmptyDocument),
        ("1 0=1\n", "FILE line 1: `0=1` is not of the form `word:count`", Remedy::CheckEmptyDocument),
        ("1 -1:1\n", "FILE line 1: `-1:1` is outside the words, 0 to 16777215", Remedy::CountAsFormat),
        (
            "1 0:1\n1 16777216:1\n",
            "FILE line 2: `16777216:1` is outside the words, 0 to 16777215",
            Remedy::CountAsFormat,
        ),
        (
            "1 4294967296:1\n",
            "FILE line 1: `4294967296:1` is outside the words, 0 to 16777215",
            Remedy::CountAsFormat,
        ),
        ("1 0:4294967296\n", "FILE line 1: `0:4294967296` is a count beyond 4294967295", Remedy::CheckLine),
        ("2 7:4294967295 7:1\n", "FILE line 1: `7: …` is a count beyond 4294967295", Remedy::CheckLine),
        (
            "1 0:1\n\n",
            "FILE line 2: `` is not of the form `n word:count word:count …`",
            Remedy::CheckEmptyDocument,
        ),
    ] {
        let (got, advised) = refused("a.ldac", text);
        assert_eq!(got, message);
        assert_eq!(advised, Some(remedy));
    }
}

#[test]
fn wrong_lines_of_a_matrix_are_named() {
    for (text, message, remedy) in [
        ("2 2 1\n3 1 1\n", "FILE line 3: `3 1 1` is outside the rows, 1 to 2", Remedy::CountAsFormat),
        ("2 2 1\n1 0 1\n", "FILE line 3: `1 0 1` is outside the columns, 1 to 2", Remedy::CountAsFormat),
        (
            "2 0 1\n1 1 1\n",
            "FILE line 3: `1 1 1` is outside the columns, of which there are none",
            Remedy::CountAsFormat,
        ),
        ("2 2 1\n1 1 -2\n", "FILE line 3: `1 1 -2` is a count below 0", Remedy::GiveCounts),
        ("2 2 1\n1 1 0.5\n", "FILE line 3: `1 1 0.5` is a count that is no whole number", Remedy::GiveCounts),
        ("2 2 1\n1 1 inf\n", "FILE line 3: `1 1 inf` is a count beyond 4294967295", Remedy::CheckLine),
        (
            "2 2 1\n1 1\n",
            "FILE line 3: `1 1` is not of the form `row column number`",
            Remedy::CheckEmptyDocument,
        ),
        (
            "2 2 1\n1 x 1\n",
            "FILE line 3: `1 x 1` is not of the form `row column number`",
            Remedy::CheckEmptyDocument,
        ),
        (
            "2 2 2\n1 1 1\n",
            "FILE line 3: 2 entries are announced for the matrix, but there are 1",
            Remedy::FetchDamagedAgain,
        ),
        (
            "2 2 1\n1 1 1\n2 2 1\n",
            "FILE line 4: 1 entries are announced for the matrix, but there are 2",
            Remedy::FetchDamagedAgain,
        ),
        (
            "1 16777217 1\n1 1 1\n",
            "FILE line 2 is `1 16777217 1`: rows and columns must be 16777216 at most, numbered without gaps",
            Remedy::UseMatrixMarketHeader,
        ),
        (
            "4000000000 2 1\n",
            "FILE line 2 is `4000000000 2 1`: rows and columns must be 16777216 at most, numbered without gaps",
            Remedy::UseMatrixMarketHeader,
        ),
        (
            "2 2 1000000000000000000\n1 1 1\n",
            "FILE line 3: 1000000000000000000 entries are announced for the matrix, but there are 1",
            Remedy::FetchDamagedAgain,
        ),
        ("2 2\n", "FILE line 2 is `2 2`: it must be `rows columns entries`", Remedy::UseMatrixMarketHeader),
        (
            "",
            "FILE line 1 is `the last`: it must be followed by `rows columns entries`",
            Remedy::UseMatrixMarketHeader,
        ),
        (
            "2 2 2\n1 1 4294967295\n1 1 1\n",
            "FILE line 4: `1 1 …` is a count beyond 4294967295",
            Remedy::CheckLine,
        ),
    ] {
        let (got, advised) = refused("a.mtx", format!("{HEADER}{text}"));
        assert_eq!(got, message);
        assert_eq!(advised, Some(remedy));
    }
}

#[test]
fn other_headers_are_refused() {
    for (header, rule) in [
        ("%%MatrixMarket matrix coordinate complex general", "complex numbers are not read"),
        ("%%MatrixMarket matrix array complex hermitian", "complex numbers are not read"),
        (
            "%%MatrixMarket matrix coordinate real hermitian",
            "a Hermitian matrix has complex numbers, which are not read",
        ),
        ("%%MatrixMarket matrix array pattern general", "an array has numbers: it cannot be a pattern"),
        ("%%MatrixMarket vector coordinate real general", "with a form, a kind of number and a symmetry"),
    ] {
        let (got, _) = refused("a.mtx", format!("{header}\n1 1 0\n"));
        assert!(got.starts_with(&format!("FILE line 1 is `{header}`: ")) && got.ends_with(rule), "{got}");
    }
    let skew = refused("a.mtx", "%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 3\n").0;
    assert_eq!(skew, "FILE line 3: `2 1 3` is a count below 0");
    let uneven = refused("a.mtx", "%%MatrixMarket matrix coordinate integer symmetric\n2 3 1\n2 1 3\n").0;
    assert!(uneven.ends_with("a symmetric matrix must have as many rows as columns"), "{uneven}");
}

/// The largest index alone is not believed where it makes far more words than there are entries.
#[test]
fn a_vocabulary_is_not_told_by_one_index() {
    let (message, remedy) = refused("a.ldac", "1 16777215:1\n1 0:1\n");
    let told = "by the largest index 16777216 words: so many must be known beforehand";
    assert_eq!(message, format!("FILE has 2 entries, and {told}"));
    assert_eq!(remedy, Some(Remedy::GiveVocabulary));
    let known = CorpusOptions { words: Some(16_777_216), ..plain() };
    assert_eq!(corpus("a.ldac", "1 16777215:1\n", &known).unwrap().vocabulary, 16_777_216);
    assert_eq!(corpus("a.ldac", "1 65535:1\n", &plain()).unwrap().vocabulary, 65_536);
}

#[test]
fn wrong_files_are_named() {
    assert_eq!(refused("a.ldac", "").0, "FILE is empty");
    assert_eq!(refused("a.bin", b"\x7fELF\x02").0, "FILE has no known format");
    assert_eq!(refused("a.ldac", b"1 0:1\n\xff\n").0, "FILE line 2 is not valid UTF-8");
    let whole = gzip("3 0:1 1:2 2:3\n".repeat(5000).as_bytes());
    for cut in [whole.len() / 2, whole.len() - 1] {
        let (message, remedy) = refused("a.ldac.gz", &whole[..cut]);
        assert_eq!(message, "FILE is truncated: its gzip stream stops before the end");
        assert_eq!(remedy, Some(Remedy::FetchOrCompressAgain));
    }
    assert!(matches!(read_corpus("no/such.ldac".as_ref(), &plain()), Err(Error::Read { .. })));
}
