//! Latent Dirichlet allocation: fit, predict, sample, evaluate, and what is refused.

use std::fmt::Write;

use crate::common::{Place, files, gzip};

const WORDS: &str = "ash\nbeech\nelm\noak\nyew\nalto\nbass\noboe\nharp\nviol\n";

/// Documents of the words 0 to 4 and of 5 to 9 in turn, (word, count) pairs.
fn two_subjects(documents: usize) -> Vec<Vec<(usize, usize)>> {
    let count = |d: usize, w: usize| 2 + (3 * d + 7 * w) % 5;
    (0..documents).map(|d| (0..5).map(|w| (5 * (d % 2) + w, count(d, w))).collect()).collect()
}

fn ldac(documents: &[Vec<(usize, usize)>]) -> String {
    let mut text = String::new();
    for document in documents {
        write!(text, "{}", document.len()).unwrap();
        for (word, count) in document {
            write!(text, " {word}:{count}").unwrap();
        }
        text.push('\n');
    }
    text
}

/// Words are rows, documents columns.
fn market(documents: &[Vec<(usize, usize)>]) -> String {
    let entries: usize = documents.iter().map(Vec::len).sum();
    let mut text =
        format!("%%MatrixMarket matrix coordinate integer general\n10 {} {entries}\n", documents.len());
    for (d, document) in documents.iter().enumerate() {
        for (word, count) in document {
            writeln!(text, "{} {} {count}", word + 1, d + 1).unwrap();
        }
    }
    text
}

/// A place with a corpus of two subjects and its vocabulary.
fn place() -> Place {
    let place = Place::new();
    place.write("two.ldac", ldac(&two_subjects(40)));
    place.write("two.tokens", WORDS);
    place
}

fn value(results: &serde_json::Value, names: &[&str]) -> f64 {
    names.iter().fold(results, |at, name| &at[*name]).as_f64().unwrap()
}

#[test]
fn topics_are_found_and_told() {
    let place = place();
    let said = place.succeeds("topics --data two.ldac -k 2 --held-out 0.2");
    assert_eq!(said.stdout, "runs/two-topics\n");
    assert!(said.stderr.contains("two.ldac: 40 documents of"), "{said:?}");
    assert!(said.stderr.contains("held out    8 documents of"), "{said:?}");
    let run = "runs/two-topics";
    let names = ["config.toml", "metrics.jsonl", "model.json", "report.html", "results.json", "state.json"];
    assert_eq!(files(&place.path(run)), names);
    // Each topic has the words of one subject, and the report shows them.
    let of_topics: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("topic  ")).collect();
    assert_eq!(of_topics.len(), 2, "{said:?}");
    for line in &of_topics {
        let found = WORDS.lines().map(|word| line.find(word));
        let order: Vec<usize> = found.map(|place| place.expect("ten words are told")).collect();
        let trees_first = order[..5].iter().max() < order[5..].iter().min();
        let music_first = order[5..].iter().max() < order[..5].iter().min();
        assert!(trees_first || music_first, "{line}");
    }
    let report = place.text(&format!("{run}/report.html"));
    assert!(WORDS.lines().all(|word| report.contains(&format!("<th scope=\"row\">{word}</th>"))));

    let results = place.results(run);
    let per_token = value(&results, &["elbo_per_token"]);
    assert!((per_token * value(&results, &["training", "tokens"]) - value(&results, &["elbo"])).abs() < 1e-6);
    assert!((value(&results, &["perplexity_bound"]) - (-per_token).exp()).abs() < 1e-9);
    assert_eq!(results["rows"], 32);
    // No more can be known of a word than that it is one of five, used about alike.
    for (names, most) in [
        (vec!["perplexity_bound"], 6.2),
        (vec!["training", "perplexity_bound", "value"], 6.2),
        (vec!["held_out", "perplexity_bound", "value"], 6.2),
        (vec!["held_out", "completion_perplexity", "value"], 5.6),
    ] {
        let perplexity = value(&results, &names);
        assert!((4.6..most).contains(&perplexity), "{names:?}: {perplexity}");
    }
    assert!(results["training"].get("completion_perplexity").is_none(), "it has seen those words");
}

/// Of one topic the posterior of β is exact, and the bound is log p(w): with η = 1 it is of factorials.
#[test]
fn the_bound_of_one_topic_is_the_evidence() {
    let place = place();
    place.succeeds("topics --data two.ldac -k 1 --eta 1 --name one");
    let ln_factorial = |n: usize| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
    let mut counts = [0; 10];
    two_subjects(40).into_iter().flatten().for_each(|(word, count)| counts[word] += count);
    let total: usize = counts.iter().sum();
    let of_words: f64 = counts.iter().map(|&n| ln_factorial(n)).sum();
    let evidence = ln_factorial(9) - ln_factorial(9 + total) + of_words;
    let results = place.results("runs/one");
    assert!((value(&results, &["elbo"]) - evidence).abs() < 1e-6, "{evidence}: {results}");
    let perplexity = (-evidence / total as f64).exp();
    assert!((value(&results, &["perplexity_bound"]) - perplexity).abs() < 1e-6);
}

#[test]
fn fitted_topics_predict_evaluate_and_draw() {
    let place = place();
    place.succeeds("topics --data two.ldac -k 2 --starts 1 --name t");
    let said = place.succeeds("predict runs/t");
    assert!(
        said.stdout.starts_with("document,topic,p_1,p_2,tokens,log_density,log_density_is\n1,"),
        "{said:?}"
    );
    let (_, rows) = said.told();
    assert_eq!(rows.len(), 40);
    for (d, row) in rows.iter().enumerate() {
        let own = row[row[0] as usize];
        assert!(own > 0.95 && (row[1] + row[2] - 1.0).abs() < 1e-9, "{row:?}");
        assert_eq!(row[0] == rows[0][0], d % 2 == 0);
    }
    // The bound per token is a ratio of sums, and so is its standard error.
    let said = place.succeeds("evaluate runs/t --output rows.csv");
    let figures: Vec<(String, f64, f64)> = said
        .stdout
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|cells| (cells[0].into(), cells[1].parse().unwrap(), cells[2].parse().unwrap()))
        .collect();
    assert!(said.stdout.starts_with("term,value,standard_error,is\nlog_density_per_token,-1."), "{said:?}");
    let (tokens, nats): (f64, f64) = rows.iter().fold((0.0, 0.0), |(n, b), row| (n + row[3], b + row[4]));
    let ratio = nats / tokens;
    let squares: f64 = rows.iter().map(|row| (row[4] - ratio * row[3]).powi(2)).sum();
    let error = (squares * 40.0 / 39.0).sqrt() / tokens;
    assert!((figures[0].1 - ratio).abs() < 1e-6 && (figures[0].2 - error).abs() < 1e-6, "{figures:?}");
    assert_eq!(figures[1].0, "perplexity");
    assert!((figures[1].1 - (-ratio).exp()).abs() < 1e-5);
    assert!((figures[1].2 - (-ratio).exp() * error).abs() < 1e-5);
    assert_eq!(figures[3].0, "completion_perplexity");
    assert!(figures[3].1 < figures[1].1, "the bound pays for the shares of the topics");
    let (header, written) = crate::common::told(&place.text("rows.csv"));
    assert_eq!(header, ["tokens", "log_density"]);
    assert!(written.iter().zip(&rows).all(|(a, b)| a[..] == b[3..]));

    // It is told by their contents that documents are those of the fit.
    let note = "took part in the fit";
    assert!(said.stderr.contains(note), "{said:?}");
    place.write("copy.ldac", ldac(&two_subjects(40)));
    place.write("copy.tokens", place.read("two.tokens"));
    assert!(place.succeeds("evaluate runs/t --data copy.ldac").stderr.contains(note));
    place.write("new.ldac", ldac(&two_subjects(39)));
    assert!(!place.succeeds("evaluate runs/t --data new.ldac").stderr.contains(note));

    let said = place.succeeds("evaluate runs/t --rows 10 --output some.csv");
    assert!(said.stdout.starts_with("term,value_of_10_of_40,standard_error,is\n"), "{said:?}");
    let (header, some) = crate::common::table(&place.text("some.csv"));
    assert_eq!(
        (&header[..3], some.len()),
        (&["document", "tokens", "log_density"].map(String::from)[..], 10)
    );
    // A document's bound is its own, up to where its ascent stops.
    assert!(some.iter().all(|row| (row[2] - rows[row[0] as usize - 1][4]).abs() < 1e-6), "{some:?}");

    // Documents drawn are documents.
    let drawn = place.succeeds("sample runs/t -n 300 --seed 3").stdout;
    place.write("drawn.ldac", &drawn);
    let (_, again) = place.succeeds("predict runs/t --data drawn.ldac").told();
    assert_eq!(again.len(), 300);
    assert!(again.iter().all(|row| rows.iter().any(|of_fit| of_fit[3] == row[3])), "other lengths");
    place.succeeds("sample runs/t -n 300 --seed 3 --output drawn.csv");
    let (header, counts) = crate::common::table(&place.text("drawn.csv"));
    assert_eq!(header.join("\n"), place.text("two.tokens").trim_end());
    let counted: Vec<f64> = counts.iter().map(|row| row.iter().sum()).collect();
    assert_eq!(counted, again.iter().map(|row| row[3]).collect::<Vec<f64>>());
    // Both forms are read as the same documents, and a single one as well.
    let evaluated = |data: &str| place.succeeds(&format!("evaluate runs/t --data {data}")).stdout;
    assert_eq!(evaluated("drawn.csv"), evaluated("drawn.ldac"));
    for (of, file) in [("-n 1 --seed 3", "one.csv"), ("-n 9 --seed 5", "nine.parquet"), ("-n 9", "nine.npy")]
    {
        place.succeeds(&format!("sample runs/t {of} --output {file}"));
        let said = place.succeeds(&format!("evaluate runs/t --data {file}"));
        assert!(said.table().1.iter().all(|row| row[1].is_finite()), "{said:?}");
    }
    // α = ½ for each of two topics: the share of one topic over documents has mean ½ and variance 1/8. A z-test of one in
    // 10,000; q(θ) of a document of 20 words and more is close to its share.
    let mean = crate::common::mean(&again, 1);
    let z = (mean - 0.5) / (0.125_f64 / 300.0).sqrt();
    assert!(z.abs() < 3.9, "{mean}");
}

/// Words may be called as columns that a table has beside its words, and a single document numbers nothing.
#[test]
fn documents_that_are_drawn_are_read_whatever_their_words_are() {
    let place = Place::new();
    let words = ["row", "id", "document", "label", "1984", "\"a,b\"", "year", "count"];
    let line = |d: usize| {
        (0..8)
            .map(|word| ((d * 7 + word * 5) % 6 * usize::from(word % 2 == d % 2)).to_string())
            .collect::<Vec<_>>()
    };
    let text = |weights: bool| {
        let head = words.join(",") + if weights { ",times" } else { "" };
        let lines =
            (0..40).map(|d| line(d).join(",") + &if weights { format!(",{}", d % 3) } else { String::new() });
        std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
    };
    place.write("plain.csv", text(false));
    place.write("weighted.csv", text(true));
    for (name, weights) in [("plain", ""), ("weighted", "--weights times")] {
        place.succeeds(&format!("topics --data {name}.csv {weights} -k 2 --starts 1 --name {name}"));
        for number in [1, 20] {
            place.succeeds(&format!("sample runs/{name} -n {number} --output drawn.csv"));
            place.write("drawn.ldac", place.succeeds(&format!("sample runs/{name} -n {number}")).stdout);
            let [table, plain] = ["drawn.csv", "drawn.ldac"]
                .map(|data| place.succeeds(&format!("evaluate runs/{name} --data {data}")));
            assert_eq!(table.stdout, plain.stdout);
            assert_eq!(table.stderr.contains("each document counts once"), name == "weighted", "{table:?}");
        }
        // Weights are found beside the words.
        let own = place.succeeds(&format!("evaluate runs/{name} --data {name}.csv"));
        assert_eq!(own.stdout, place.succeeds(&format!("evaluate runs/{name}")).stdout);
        assert!(own.stderr.contains("took part in the fit"), "{own:?}");
    }
}

/// The same documents in another format, and on more threads, are the same fit to the bit.
#[test]
fn formats_and_threads_make_no_difference() {
    let place = place();
    place.write("two.mtx.gz", gzip(market(&two_subjects(40)).as_bytes()));
    let online = "--online --batch 7 --epochs 2";
    for (name, data) in [
        ("one", "--threads 1 topics --data two.ldac"),
        ("two", "--threads 2 topics --data two.ldac"),
        ("market", "topics --data two.mtx.gz --transpose --vocabulary two.tokens"),
    ] {
        place.succeeds(&format!("{data} -k 3 --starts 2 {online} --held-out 0.1 --name {name}"));
    }
    let posterior = |name: &str| {
        let model: serde_json::Value =
            serde_json::from_str(&place.text(&format!("runs/{name}/model.json"))).unwrap();
        let of = |key: &str| model["fitted"]["posterior"][key].clone();
        (model["fitted"]["columns"].clone(), of("lambda"), of("lengths"))
    };
    let fingerprint = |name: &str| {
        let text = place.text(&format!("runs/{name}/config.toml"));
        text.lines().find(|line| line.starts_with("fingerprint")).unwrap().to_owned()
    };
    for other in ["two", "market"] {
        assert_eq!(place.metrics("runs/one"), place.metrics(&format!("runs/{other}")));
        assert_eq!(posterior("one"), posterior(other));
        assert_eq!(fingerprint("one"), fingerprint(other));
    }
    // Columns are documents for its verbs, too.
    let predictions = |run: &str| place.succeeds(&format!("predict runs/{run}")).stdout;
    assert_eq!(predictions("one"), predictions("market"));
}

#[test]
fn empty_documents_and_more_topics_than_documents_are_right() {
    let place = Place::new();
    place.write("few.ldac", "2 0:3 1:1\n0\n1 2:2\n");
    let said = place.succeeds("topics --data few.ldac -k 4 --alpha 0.3");
    assert!(said.stderr.contains("empty       1 document has no word"), "{said:?}");
    assert!(said.stderr.contains("word 2"), "{said:?}");
    // A number that is none would be `null`.
    let text = place.text("runs/few-topics/model.json");
    assert!(!text.split_once("\"posterior\"").unwrap().1.contains("null"), "{text}");
    assert!(!place.text("runs/few-topics/results.json").contains("\"value\": null"));
    // Nothing is known of a document without words: the prior.
    let (_, rows) = place.succeeds("predict runs/few-topics").told();
    assert_eq!(rows[1], [1.0, 0.25, 0.25, 0.25, 0.25, 0.0, 0.0]);
    place.succeeds("evaluate runs/few-topics");
    place.succeeds("topics --data few.ldac -k 1 --name one");
    // A document of one word has no other half.
    place.write("word.ldac", "1 1:1\n");
    let said = place.succeeds("evaluate runs/few-topics --data word.ldac");
    assert!(said.stdout.contains("log_density_per_token") && !said.stdout.contains("NaN"), "{said:?}");
}

#[test]
fn what_is_wrong_with_documents_is_said() {
    let place = place();
    let refused = |name: &str, bytes: &[u8], arguments: &str, message: &[&str], hint: &str| {
        place.write(name, bytes);
        place.fails(&format!("topics --data {name} {arguments}"), 1, message, hint);
        assert!(!place.exists("runs"), "{name} leaves a run");
    };
    refused("a.ldac", b"2 0:3 1:-1\n", "", &["line 1", "a count below 0"], "give counts");
    refused("b.ldac", b"2 0:3 1:0.5\n", "", &["no whole number"], "give counts");
    refused("c.ldac", b"", "", &["is empty"], "");
    refused("d.ldac", b"0\n0\n", "", &["has no word: 2 documents"], "documents with words");
    refused("e.csv", b"a,b\nx,y\n", "", &["e.csv"], "topics need counts of words");
    refused("i.ldac", b"2 0:1 4000000000:2\n", "", &["line 1", "outside the words"], "leaves gaps");
    let (text, words) = (market(&two_subjects(40)), "--vocabulary two.tokens");
    refused("f.mtx", text.as_bytes(), words, &["two.tokens", "10", "40"], "one word a line");
    let whole = gzip(ldac(&two_subjects(400)).as_bytes());
    refused("g.ldac.gz", &whole[..whole.len() / 2], "", &["is truncated"], "fetch or compress");
    refused("h.ldac", b"1 0:3\n", "--alpha 1e9", &["α of topic 1 is 1000000000"], "");
    place.fails("topics --data none.ldac", 1, &["none.ldac"], "check the path");
    for (option, values, rule) in [
        ("forgetting", "0.4 0.5 1.1 nan -1 x", "give a number above 0.5 and at most 1"),
        ("delay", "-1 nan inf x", "give a number ≥ 0"),
        ("batch", "0 1.5", "give a whole number"),
        ("epochs", "0 1.5", "give a whole number"),
    ] {
        for value in values.split(' ') {
            let invalid = format!("invalid value '{value}' for '--{option}");
            place.refuses(&format!("topics --data a.ldac --online --{option} {value}"), &[&invalid, rule]);
        }
    }
    place.write("one.ldac", "1 0:3\n");
    place.fails(
        "topics --data one.ldac --held-out 0.5",
        2,
        &["leaves none of 1 documents"],
        "smaller fraction",
    );
    place.refuses("topics --data two.ldac --batch 10", &["--online"]);
    place.refuses("topics", &["--data"]);

    place.succeeds("topics --data two.ldac -k 2 --starts 1 --name t");
    place.write("two.ldac", ldac(&two_subjects(39)));
    place.fails(
        "predict runs/t",
        1,
        &["two.ldac` is not the data of this run"],
        "--data PATH takes its rows as new",
    );
    let words = "the words of the fit, in their order";
    place.write("more.ldac", "1 10:1\n");
    place.fails(
        "predict runs/t --data more.ldac",
        1,
        &["line 1", "outside the words, 0 to 9"],
        "LDA-C counts",
    );
    place.write("more.mtx", market(&two_subjects(3)));
    place.fails("evaluate runs/t --data more.mtx", 1, &["has 3 words, but the topics are of 10"], words);
    place.write("other.ldac", "1 0:1\n");
    place.write("other.tokens", "fir\nlarch\n");
    let message = ["the vocabulary of", "other.ldac` has no word of the fit, as `"];
    place.fails("predict runs/t --data other.ldac", 1, &message, words);
}

/// Documents with a vocabulary of their own: words are found by their names, wherever they stand.
#[test]
fn words_are_found_by_their_names() {
    let place = place();
    place.succeeds("topics --data two.ldac -k 2 --starts 1 --name t");
    let new: Vec<_> = two_subjects(20).split_off(10);
    place.write("same.ldac", ldac(&new));
    place.write("same.tokens", WORDS);
    // The words backwards, with one more between them that the fit does not know.
    let mut words: Vec<&str> = WORDS.lines().rev().collect();
    words.insert(3, "larch");
    let place_of = |word: usize| {
        let name = WORDS.lines().nth(word).unwrap();
        words.iter().position(|other| *other == name).unwrap()
    };
    let turned = |line: &str| {
        let mut fields = line.split(' ');
        let mut of: Vec<(usize, &str)> = Vec::new();
        let number = fields.next().unwrap().parse::<usize>().unwrap();
        for field in fields {
            let (word, count) = field.split_once(':').unwrap();
            of.push((place_of(word.parse().unwrap()), count));
        }
        of.push((3, "7"));
        of.sort_unstable();
        let entries: Vec<String> = of.iter().map(|(word, count)| format!("{word}:{count}")).collect();
        format!("{} {}\n", number + 1, entries.join(" "))
    };
    place.write("turned.ldac", ldac(&new).lines().map(turned).collect::<String>());
    place.write("turned.tokens", words.join("\n"));
    for verb in ["predict", "evaluate"] {
        let same = place.succeeds(&format!("{verb} runs/t --data same.ldac"));
        let said = place.succeeds(&format!("{verb} runs/t --data turned.ldac"));
        assert_eq!(said.stdout, same.stdout, "{verb}");
        assert!(said.stderr.contains("left aside  the model does not use larch"), "{said:?}");
    }
    // A vocabulary need not have words that do not occur.
    let (first, second) = (WORDS.lines().next().unwrap(), WORDS.lines().nth(1).unwrap());
    place.write("few.ldac", "2 0:1 1:3\n");
    place.write("few.tokens", format!("{second}\n{first}\n"));
    place.write("all.ldac", "2 0:3 1:1\n");
    place.write("all.tokens", WORDS);
    let said = place.succeeds("predict runs/t --data few.ldac");
    assert_eq!(said.stdout, place.succeeds("predict runs/t --data all.ldac").stdout);
    assert!(said.stderr.contains("the vocabulary lacks"), "{said:?}");
}

#[test]
fn a_table_of_answers_is_no_table_of_words() {
    let place = Place::new();
    let answers = |columns: &str, cells: &dyn Fn(usize) -> String| {
        (1..=20).fold(format!("{columns}\n"), |text, n| text + &format!("{n},{}\n", cells(n)))
    };
    let mood = |n: usize| ["good", "bad"][n % 2];
    place.write(
        "survey.csv",
        answers("respondent,mood,place,nps", &|n| format!("{},here,{}", mood(n), n % 9)),
    );
    let message = "has one column of counts alone, `nps`";
    place.fails("topics --data survey.csv -k 2", 1, &[message], "topics need counts of words");
    place.write("texts.csv", "mood,place\ngood,here\nbad,there\nbad,here\n");
    place.fails("topics --data texts.csv -k 2", 1, &["texts.csv"], "topics need counts of words");
    // What is set aside is said, and the numbers of the rows are no word.
    place.write(
        "words.csv",
        answers("respondent,mood,place,ash,oak", &|n| format!("{},here,{},{}", mood(n), n % 3, n % 5)),
    );
    let said = place.succeeds("topics --data words.csv -k 2").stderr;
    assert!(said.contains("column `respondent` numbers the rows"), "{said}");
    assert!(said.contains("column `mood`: it holds text, as `bad` in line 2"), "{said}");
    assert!(said.contains("20 documents of 61 tokens, 2 words"), "{said}");
}

/// A document of weight 3 is three documents: the same topics, and the same figures of the documents.
#[test]
fn documents_may_count_more_than_once() {
    let place = Place::new();
    let cells = |d: usize| {
        (0..8).map(move |w| ((w * d + w) % 4 * usize::from((w < 4) == d.is_multiple_of(2))).to_string())
    };
    let row = |d: usize| cells(d).collect::<Vec<_>>().join(",");
    let header = (0..8).map(|w| format!("word{w}")).collect::<Vec<_>>().join(",");
    let (mut few, mut many) = (format!("times,{header}\n"), format!("{header}\n"));
    for d in 0..24 {
        writeln!(few, "{},{}", d % 4, row(d)).unwrap();
        for _ in 0..d % 4 {
            writeln!(many, "{}", row(d)).unwrap();
        }
    }
    place.write("few.csv", &few);
    place.write("many.csv", &many);
    let fit = |data: &str, more: &str| {
        place.succeeds(&format!(
            "topics --data {data}.csv --topics 2 --starts 1 --name {data}{}{more}",
            if more.is_empty() { "" } else { " " }
        ))
    };
    let said = fit("few", "--weights times");
    assert!(said.stderr.contains("the documents count as 36") && said.stderr.contains("8 words"), "{said:?}");
    fit("many", "");
    let results = ["few", "many"].map(|run| place.results(&format!("runs/{run}")));
    let near = |path: &str| {
        let [a, b] =
            results.each_ref().map(|of| of.pointer(path).and_then(serde_json::Value::as_f64).unwrap());
        assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{path}: {a} and {b}");
    };
    for path in [
        "/elbo",
        "/elbo_per_token",
        "/training/tokens",
        "/training/bound_per_token/value",
        "/training/bound_per_token/standard_error",
        "/topics/0/share",
        "/topics/1/share",
    ] {
        near(path);
    }
    // A fitted model takes documents with the column and without it; one by one they are what they are.
    let bounds = |data: &str| {
        let (header, rows) = place.succeeds(&format!("predict runs/few --data {data}.csv")).table();
        let at = header.iter().position(|name| name == "log_density").unwrap();
        rows.iter().map(|row| row[at]).collect::<Vec<f64>>()
    };
    let (with, without) = (bounds("few"), bounds("many"));
    assert_eq!((with.len(), without.len(), with[1], with[2]), (24, 36, without[0], without[1]));
    assert_eq!(
        place.succeeds("sample runs/few -n 5").table().1.len(),
        place.succeeds("sample runs/few -n 5").table().1.len()
    );
    // Where there is no such column, or it holds no weights, that is said.
    place.fails(
        "topics --data few.csv --weights time",
        2,
        &["no column `time`; its columns are `times`"],
        "a name",
    );
    place.write("words.ldac", "2 0:1 1:2\n1 1:3\n");
    place.fails("topics --data words.ldac --weights times", 1, &["is no table"], "a table with a row");
    place.write("wrong.csv", few.replace("\n3,", "\n-3,"));
    place.fails(
        "topics --data wrong.csv --weights times",
        1,
        &["line 5 is `-3`, which is no weight"],
        "that line",
    );
}
