//! Tables as other programs and people write them: the fit is that of the plain table, or what is wrong is named. Of each table
//! of `tests/tables` the figures of a plain one are known.

use std::fs;

use crate::common::{Place, Said, files};

/// A place with a table of `tests/tables`.
fn with(table: &str) -> Place {
    let place = Place::new();
    add(&place, table);
    place
}

fn add(place: &Place, table: &str) {
    let path = format!("{}/tests/tables/{table}", env!("CARGO_MANIFEST_DIR"));
    place.write(table, fs::read(path).unwrap());
}

/// What a fit says of a table of its own.
fn fit(verb: &str, table: &str, options: &str) -> Said {
    with(table).succeeds(&format!("{verb} --data {table} {options}"))
}

/// Whether all of these stand in what was said.
#[track_caller]
fn says(said: &Said, parts: &[&str]) {
    for part in parts {
        assert!(said.stderr.contains(part), "no {part:?} in {}", said.stderr);
    }
}

#[test]
fn names_that_are_numbers() {
    let said = fit("normal", "one-column-named-0.csv", "");
    says(&said, &["60 rows, 1 column", "10.56195 ± 0.13284", "line 1 names the columns"]);
    for table in ["plain.csv", "whole-number-names.csv", "blank-above-row-numbers.csv"] {
        let said = fit("mixture", table, "--components 2");
        says(&said, &["60 rows, 3 columns", "ELBO        -285.35", "header      line 1 names the columns"]);
        assert!(!said.stderr.contains("missing"));
    }
    let said = fit("mixture", "whole-number-names.csv", "--components 2 --header no");
    says(&said, &["61 rows, 3 columns", "ELBO        -309.64", "line 1 is data (it is told)"]);
    let said = fit("mixture", "bare-with-mark.csv", "--components 2");
    says(&said, &["60 rows, 3 columns", "missing     1 cell of 180", "line 1 is data"]);
}

#[test]
fn numbers_for_people() {
    for table in ["prices.csv", "prices-with-thousands.csv"] {
        let said = fit("regress", table, "--target price");
        says(&said, &["sqm         988.83", "rooms       5366.8", "explained   97.4 %"]);
    }
    says(&fit("mixture", "percent.csv", "--components 2"), &["60 rows, 3 columns", "`share` is in %"]);
    let said = fit("mixture", "mark-in-first-row.csv", "--components 2");
    says(&said, &["60 rows, 3 columns", "missing     1 cell of 180"]);
    let said = fit("mixture", "decimal-commas.csv", "--components 2");
    says(&said, &["60 rows, 3 columns", "ELBO        -285.35", "delimiter   semicolon", "decimal     comma"]);
}

#[test]
fn gaps_are_filled() {
    let place = with("plain.csv");
    add(&place, "gaps.csv");
    place.succeeds("factors --data plain.csv --latent 1 --name a");
    let said = place.succeeds("reconstruct runs/a --data gaps.csv");
    for part in ["4.1,-2.94", ",11.2,", "0.2,0.1,10.0155"] {
        assert!(said.stdout.contains(part), "{}", said.stdout);
    }
}

#[test]
fn quotes_that_are_never_closed() {
    let message = ["open-quote.csv` line 11: a quote opens in this row and is never closed"];
    with("open-quote.csv").fails(
        "regress --data open-quote.csv --target b",
        1,
        &message,
        "check the delimiter and the quotes",
    );
}

#[test]
fn numbers_of_rows() {
    let explained = |said: &Said| says(said, &["explained   2.1 %"]);
    explained(&fit("regress", "without-row-numbers.csv", ""));
    let said = fit("regress", "row-numbers.csv", "");
    explained(&said);
    says(&said, &["set aside   column `column 1` numbers the rows", "--type 1=count makes it data"]);
    let said = fit("regress", "unnamed-row-numbers.csv", "");
    explained(&said);
    says(&said, &["column `Unnamed: 0` numbers the rows"]);
    says(&fit("regress", "row-numbers.csv", "--type 1=count"), &["explained   96.0 %"]);
    // The same rows later, though new ones have no such column.
    let place = with("row-numbers.csv");
    add(&place, "without-row-numbers.csv");
    place.succeeds("regress --data row-numbers.csv --name a");
    let evaluated = |data: &str| place.succeeds(&format!("evaluate runs/a {data}")).stdout;
    assert_eq!(evaluated(""), evaluated("--data without-row-numbers.csv"));
}

#[test]
fn columns_of_text() {
    let said = fit("mixture", "two-texts.csv", "--components 1");
    says(
        &said,
        &[
            "column `name`: it holds text, as `n0` in line 2",
            "column `city`: it holds text",
            "--label-column",
            "--drop",
        ],
    );
    let said = fit("mixture", "two-texts.csv", "--components 1 --label-column city --label-column name");
    says(&said, &["label       column `name`, `city`", "50 different labels set aside"]);
    let said = fit("mixture", "two-texts.csv", "--components 1 --columns x");
    says(&said, &["50 rows, 1 column"]);
    let place = with("two-texts.csv");
    let message = ["column `city` of", "is no data: it was set aside: it holds text, as `A` in line 2"];
    place.fails("regress --data two-texts.csv --target city", 2, &message, "name one of x, y");
    // Fits by gradients take levels as data.
    let said = place.succeeds("train --data two-texts.csv --latent 1 --epochs 2");
    says(
        &said,
        &["label       column `name`", "50 rows, 3 columns", "Bernoulli of city (it is of two levels)"],
    );
}

#[test]
fn blanks_between_cells() {
    for (table, bound) in [("savetxt.txt", "ELBO        -285.34"), ("blanks.csv", "ELBO        -285.35")] {
        let said = fit("mixture", table, "--components 2");
        says(&said, &["60 rows, 3 columns", bound, "delimiter   blanks"]);
    }
}

#[test]
fn rows_that_are_too_few_to_train() {
    let place = with("two-rows.csv");
    let message = ["has 2 rows, of which --validation 0.1 leaves 1 to be fitted to: 2 are needed"];
    place.fails("train --data two-rows.csv", 1, &message, "give more rows");
    add(&place, "plain.csv");
    let message = ["has 60 rows, of which --validation 0.99 leaves 1"];
    place.fails("train --data plain.csv --validation 0.99", 1, &message, "--validation less");
}

#[test]
fn a_file_where_a_name_is_asked_for() {
    with("plain.csv").refuses("mixture plain.csv", &["--data PATH reads a file"]);
}

#[test]
fn cells_that_a_chain_has_not_seen() {
    let place = with("visits.csv");
    add(&place, "new-visits.csv");
    place.succeeds("hmm --data visits.csv --states 2 --name a");
    for verb in ["evaluate", "predict"] {
        let message = ["new-visits.csv`: column `er` line 5 is 2, but must be a class, from 0 to 1"];
        place.fails(
            &format!("{verb} runs/a --data new-visits.csv"),
            1,
            &message,
            "the fit has seen no such value",
        );
    }
}

#[test]
fn pixels_in_a_table() {
    let said = fit("train", "pixels.csv", "--label-column label --image 8x8 --scale full --epochs 2");
    says(&said, &["120 rows, images of 8×8", "Bernoulli"]);
}

#[test]
fn lines_that_are_no_rows() {
    let comments = fit("mixture", "comments.csv", "--components 1");
    says(&comments, &["20 rows, 3 columns", "comments    2 lines are left out, from 1 to 2"]);
    let units = fit("mixture", "units.csv", "--components 1");
    says(&units, &["20 rows, 3 columns", "units       line 2 is left out"]);
    let bound = |said: &Said| said.stderr.lines().find(|line| line.starts_with("ELBO")).unwrap().to_owned();
    assert_eq!(bound(&comments), bound(&units));
}

/// How a table was read is kept: the fit can be made once more, and asked about its rows.
#[test]
fn what_was_told_is_kept() {
    let place = Place::new();
    let row = |i: u32| format!("{i};{},{};x{i}", i * 7 % 11, i % 10);
    let rows = (0..40).map(row).collect::<Vec<String>>().join("\n");
    place.write("a.csv", &rows);
    let told = "--header no --delimiter ; --decimal , --drop 1 --type 2=real --label-column 3";
    let fitted = place.succeeds(&format!("mixture --data a.csv {told} --components 1 --name a"));
    says(&fitted, &["40 rows, 1 column"]);
    let config = place.text("runs/a/config.toml");
    for line in [
        "label_column = \"3\"",
        "header = false",
        "delimiter = \"semicolon\"",
        "decimal = \",\"",
        "drop = [\"1\"]",
    ] {
        assert!(config.contains(line), "{config}");
    }
    place.succeeds("train --config runs/a/config.toml --name b");
    let own = place.succeeds("evaluate runs/a").stdout;
    place.write("new.csv", &rows);
    assert_eq!(own, place.succeeds("evaluate runs/b --data new.csv").stdout);
    assert_eq!(place.text("runs/b/config.toml").replace("name = \"b\"", "name = \"a\""), config);
}

#[test]
fn what_a_file_holds_is_described() {
    let place = with("two-texts.csv");
    let said = place.succeeds("describe two-texts.csv");
    says(
        &said,
        &["rows        50", "delimiter   comma", "header      line 1 names the columns", "encoding    UTF-8"],
    );
    let lines: Vec<Vec<&str>> = said
        .stdout
        .lines()
        .map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect())
        .collect();
    assert_eq!(lines[0], ["column", "kind", "use", "missing", "distinct", "values", "why"]);
    assert_eq!(lines[1][..5], ["name", "text", "set aside", "0", "50"]);
    assert_eq!(lines[2][..6], ["city", "categories", "set aside", "0", "2", "A: 25, B: 25"]);
    assert_eq!(lines[3][..4], ["x", "real numbers", "data", "0"]);
    place.succeeds("describe --data two-texts.csv --output columns.csv");
    assert!(place.text("columns.csv").starts_with(
        "column,kind,use,missing,distinct,least,mean,most,levels,why\nname,text,set aside,0,50,"
    ));
    // What to do is told in whole, in the flags of the program.
    place.write("answers.csv", "do they smoke,x\nyes,1\nno,2.5\nyes,4\n");
    let answers = place.succeeds("describe answers.csv").stdout;
    let told =
        "it holds text, as `yes` in line 2; --type 'do they smoke'=binary takes yes for 1 and no for 0\n";
    assert!(answers.contains(told), "{answers}");
    let json = place.succeeds("describe answers.csv --json").stdout;
    assert!(json.contains(told.trim_end()), "{json}");
    // A column that would be refused is, and says why.
    place.write("mixed.csv", "a,b\n1,2\n2,x\n3,4\n");
    let said = place.succeeds("describe mixed.csv");
    assert!(
        said.stdout.contains("refused") && said.stdout.contains("its cell `x` in line 3 is no number"),
        "{}",
        said.stdout
    );
    let said = place.succeeds("describe digits");
    assert!(said.stdout.contains("images of 8×8") && said.stdout.contains("counts"), "{}", said.stdout);
    assert_eq!(files(&place.path("")), ["answers.csv", "columns.csv", "mixed.csv", "two-texts.csv"]);
}

/// Values are called what they are, and columns that are no data are told with the reason.
#[test]
fn what_a_fit_says_of_its_columns() {
    let place = Place::new();
    let row = |i: usize| format!("{},{}.5,{},{},a{i}\n", i * 7 % 5, i % 4, i % 2, i % 3);
    place.write("a.csv", format!("visits,x,on,age,name\n{}", (0..20).map(row).collect::<String>()));
    let said = place.succeeds("mixture --data a.csv --components 1 --columns visits,x --name a");
    says(&said, &["(the values are real numbers; `visits` holds whole numbers from 0)"]);
    says(&said, &["set aside   columns `on`, `age`, `name`: --columns names others"]);
    let said = place.succeeds("mixture --data a.csv --components 1 --drop on,x --name b");
    says(&said, &["(the values are whole numbers from 0)", "columns `x`, `on`: --drop names them"]);
    let said = place.succeeds("mixture --data a.csv --components 1 --columns on --name c");
    says(&said, &["(every value is 0 or 1)"]);
    let said = place.succeeds("train --data a.csv --columns visits,on --epochs 2 --latent 1 --name d");
    says(&said, &["(the values are whole numbers from 0)", "`x`, `age`, `name`: --columns names others"]);
}

#[test]
fn a_column_too_small_to_square() {
    let place = Place::new();
    place.write("a.csv", "a,b\n1,1e-200\n2,3e-200\n4,2e-200\n5,4e-200\n");
    for verb in ["mixture", "train --latent 1", "factors --latent 1"] {
        let message = ["column `b` has no number beyond 4e-200"];
        place.fails(&format!("{verb} --data a.csv"), 1, &message, "other units");
    }
}

/// New rows of a file without names, whose label stands where the fit left a constant column out.
#[test]
fn a_label_is_not_taken_for_a_column_that_was_left_out() {
    let place = Place::new();
    let row = |i: usize, constant: &str| format!("{}.5,{constant}{}.25,{}\n", i % 7, i * 3 % 11, i % 2);
    place.write("fit.csv", (0..40).map(|i| row(i, "3,")).collect::<String>());
    place.write("new.csv", (0..40).map(|i| row(i, "")).collect::<String>());
    place.succeeds("mixture --data fit.csv --label-column 4 --drop-constant --components 1 --name a");
    let own = place.succeeds("evaluate runs/a").stdout;
    assert_eq!(place.succeeds("evaluate runs/a --data new.csv --label-column last").stdout, own);
    let said = place.elbo("evaluate runs/a --data new.csv");
    said.failed(1, &["has 3 columns, but 3 are needed, by their places"], "sets a label aside");
}

#[test]
fn the_target_is_read_beside_the_columns_and_its_gaps_are_counted() {
    let place = Place::new();
    let row = |n: u32| {
        format!("{},{},{}\n", n * n % 7, n % 5, if n == 3 { String::new() } else { (2 * n).to_string() })
    };
    place.write("data.csv", (0..20).fold("a,b,y\n".to_owned(), |text, n| text + &row(n)));
    let chosen = place.succeeds("regress --data data.csv --target y --columns a --name chosen");
    let named = place.succeeds("regress --data data.csv --target y --columns a,y --name named");
    for said in [&chosen, &named] {
        assert!(said.stderr.contains("left out    1 row, whose `y` is missing"), "{said:?}");
        assert!(said.stderr.contains("missing     1 cell of 40"), "{said:?}");
    }
    let weights = |run: &str| place.succeeds(&format!("predict runs/{run}")).stdout;
    assert_eq!(weights("chosen"), weights("named"));
}

#[test]
fn units_of_new_rows_are_those_of_the_fit() {
    let place = Place::new();
    let table = |unit: &str, scale: f64| {
        let row = |i: u32| format!("{}{unit},{}.5\n", f64::from(200 + i * 7 % 31) * scale, i % 5);
        "w,p\n".to_owned() + &(0..40).map(row).collect::<String>()
    };
    for (name, unit) in [("kg", " kg"), ("g", " g"), ("percent", "%"), ("plain", "")] {
        place.write(&format!("{name}.csv"), table(unit, 1.0));
    }
    place.succeeds("mixture --data kg.csv --components 1 --name kg");
    place.succeeds("mixture --data percent.csv --components 1 --name percent");
    place.succeeds("mixture --data plain.csv --components 1 --name plain");
    place.succeeds("train --data kg.csv --latent 1 --epochs 2 --name vae");
    let own = place.succeeds("predict runs/kg").stdout;
    assert_eq!(place.succeeds("predict runs/kg --data kg.csv").stdout, own);
    let said = place.succeeds("predict runs/kg --data plain.csv");
    assert_eq!(said.stdout, own);
    says(&said, &["`w` of `", "tells no unit: it is taken to be in kg"]);
    place.succeeds("predict runs/vae --data kg.csv");
    let remedy = "write the column as the rows of the fit have it";
    for (run, data, message) in [
        ("kg", "g", "the numbers of column `w` have `g`, but those of the fit have `kg`"),
        ("vae", "g", "the numbers of column `w` have `g`, but those of the fit have `kg`"),
        ("percent", "plain", "the numbers of column `w` have no unit, but those of the fit have `%`"),
        ("plain", "percent", "the numbers of column `w` have `%`, but those of the fit have no unit"),
    ] {
        place.fails(&format!("predict runs/{run} --data {data}.csv"), 1, &[message], remedy);
    }
}

/// Rows without names are taken by their places, and that is said; the guard of units holds for them too.
#[test]
fn new_rows_without_names_are_told_how_they_are_taken() {
    let place = Place::new();
    let rows = |unit: &str| {
        let row = |i: u32| format!("{}{unit},{}.5\n", 200 + i * 7 % 31, i % 5);
        (0..40).map(row).collect::<String>()
    };
    for (name, unit) in [("plain", ""), ("percent", "%")] {
        place.write(&format!("{name}.csv"), "w,p\n".to_owned() + &rows(unit));
        place.write(&format!("{name}-bare.csv"), rows(unit));
    }
    place.succeeds("mixture --data plain.csv --components 1 --name plain");
    place.succeeds("mixture --data percent.csv --components 1 --name percent");
    place.succeeds("mixture --data plain-bare.csv --components 1 --name bare");
    place.succeeds("train --data plain.csv --latent 1 --epochs 2 --name vae");
    for (run, verbs) in [("plain", ["evaluate", "predict"]), ("vae", ["reconstruct", "infer"])] {
        for verb in verbs {
            let named = place.succeeds(&format!("{verb} runs/{run} --data plain.csv"));
            let bare = place.succeeds(&format!("{verb} runs/{run} --data plain-bare.csv"));
            assert_eq!(named.stdout.replace("plain.csv", ""), bare.stdout.replace("plain-bare.csv", ""));
            let note = "have no names: they are taken in the order of the fit's: w, p";
            assert_eq!(bare.stderr.matches(note).count(), 1, "{verb}: {}", bare.stderr);
            assert!(!named.stderr.contains(note), "{verb}: {}", named.stderr);
        }
    }
    says(
        &place.succeeds("predict runs/bare --data plain.csv"),
        &["the columns of the fit have no names", ": w, p"],
    );
    assert!(!place.succeeds("predict runs/bare --data plain-bare.csv").stderr.contains("no names"));
    place.succeeds("predict runs/percent --data percent-bare.csv");
    let message = "the numbers of column `w` have no unit, but those of the fit have `%`";
    place.fails("predict runs/percent --data plain-bare.csv", 1, &[message], "write the column as the rows");
    let message = "the numbers of column `w` have `%`, but those of the fit have no unit";
    for run in ["plain", "vae"] {
        let command = format!("predict runs/{run} --data percent-bare.csv");
        place.fails(&command, 1, &[message], "write the column as the rows");
    }
}

/// A choice of columns of new rows is the model's, or it is refused.
#[test]
fn other_columns_of_new_rows_are_refused() {
    let place = Place::new();
    let row = |i: u32| format!("{},{}.5,{}.25\n", i * 5 % 7, i * 3 % 11, i % 3);
    place.write("a.csv", "a,b,c\n".to_owned() + &(0..40).map(row).collect::<String>());
    place.succeeds("mixture --data a.csv --columns a,b --components 1 --name mixture");
    place.succeeds("train --data a.csv --columns a,b --latent 1 --epochs 2 --name vae");
    for run in ["mixture", "vae"] {
        let plain = place.succeeds(&format!("predict runs/{run} --data a.csv")).stdout;
        for flags in ["--columns a,b", "--columns b,a,c", "--columns 1,2", "--drop c"] {
            let said = place.succeeds(&format!("predict runs/{run} --data a.csv {flags}"));
            assert_eq!(said.stdout, plain, "{flags}");
        }
        for (flags, message) in [
            ("--columns b,c", "«columns» does not name `a`, which the model takes"),
            ("--columns 2,3", "«columns» does not name `a`, which the model takes"),
            ("--drop b", "«drop» names `b`, which the model takes"),
            ("--drop e", "«drop» names `e`, and there is no such column"),
        ] {
            let message = message.replace("«columns»", "--columns").replace("«drop»", "--drop");
            let remedy = "the model takes its own columns, a, b";
            for verb in ["evaluate", "predict"] {
                place.fails(&format!("{verb} runs/{run} --data a.csv {flags}"), 2, &[&message], remedy);
            }
        }
    }
}

/// A column of text that the fit did not read is no label of new rows.
#[test]
fn new_rows_have_the_labels_that_the_fit_had() {
    let place = Place::new();
    let row = |i: u32| format!("{},{}.5,{}.25,{}\n", ["u", "v"][i as usize % 2], i % 7, i * 3 % 11, i % 3);
    place.write("a.csv", "kind,a,b,c\n".to_owned() + &(0..40).map(row).collect::<String>());
    for (flags, labelled) in [("--columns a,b", false), ("--drop kind", false), ("", true)] {
        place.succeeds(&format!("mixture --data a.csv --components 1 {flags} --name a"));
        let own = place.succeeds("predict runs/a").stdout;
        assert_eq!(own.starts_with("row,label,"), labelled, "{own}");
        assert_eq!(place.succeeds("predict runs/a --data a.csv").stdout, own, "{flags}");
        fs::remove_dir_all(place.path("runs/a")).unwrap();
    }
}

#[test]
fn each_column_is_told_its_kind_by_itself() {
    let place = with("plain.csv");
    place.refuses("mixture --data plain.csv --type a=binary,b=binary", &["give --type once for each column"]);
}

/// Documents as a table: their words are found by their names.
#[test]
fn words_of_new_documents_are_found_by_their_names() {
    let place = Place::new();
    let words = ["ant", "bee", "cat", "dog", "eel"];
    let count = |document: usize, word: usize| (document * (word + 2) + word * word) % 5;
    let table = |order: &[usize], more: &str| {
        let line = |cells: Vec<String>| cells.join(",") + if more.is_empty() { "\n" } else { ",3\n" };
        let names = order.iter().map(|&w| words[w].to_owned()).collect();
        let mut text = line(names).replace(",3\n", more);
        (0..30).for_each(|d| text += &line(order.iter().map(|&w| count(d, w).to_string()).collect()));
        text
    };
    place.write("a.csv", table(&[0, 1, 2, 3, 4], ""));
    place.write("permuted.csv", table(&[3, 0, 4, 2, 1], ""));
    place.write("more.csv", table(&[3, 0, 4, 2, 1], ",fox\n"));
    place.write("fewer.csv", table(&[3, 0, 4], ""));
    place.succeeds("topics --data a.csv -k 2 --name a");
    let own = place.succeeds("predict runs/a").stdout;
    for data in ["a", "permuted", "more"] {
        let said = place.succeeds(&format!("predict runs/a --data {data}.csv"));
        assert_eq!(said.stdout, own, "{data}");
        assert_eq!(said.stderr.contains("the model does not use fox"), data == "more", "{said:?}");
    }
    let message = ["fewer.csv` has no column bee, cat"];
    place.fails("predict runs/a --data fewer.csv", 1, &message, "a column for each word of the fit");
}
