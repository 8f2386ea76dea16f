//! Tables of columns of every kind with missing cells: `train`, `sample`, `impute` and `anomalies` on them.

use std::fmt::Write as _;

use crate::common::{Place, data};

/// A table as people have them: rows of a name, text of two and of three levels, whole numbers with holes, money, a yes or no, and a
/// day. Who pays more is older, and sits in class A.
fn passengers(rows: usize) -> String {
    let mut lines = String::from("name,sex,class,age,fare,survived,boarded\n");
    for i in 0..rows {
        let class = ["A", "B", "C"][i % 3];
        let noise = (i * 7919 % 101) as f64 / 101.0;
        let age = if i % 5 == 4 {
            String::new()
        } else {
            format!("{:.0}", 20.0 + 15.0 * (2 - i % 3) as f64 + 8.0 * noise)
        };
        let fare = (4.0 - (i % 3) as f64 + 0.4 * noise).exp();
        let sex = if i % 11 == 3 { "" } else { ["female", "male"][i * 31 % 7 % 2] };
        let (day, month) = (1 + i % 28, 1 + i % 12);
        let survived = u8::from((i * 13) % 9 < 4);
        let day = format!("1912-{month:02}-{day:02}");
        writeln!(lines, "p{i},{sex},{class},{age},{fare:.2},{survived},{day}").unwrap();
    }
    lines
}

/// A column of a CSV text by its name.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines();
    let place = lines.next().unwrap().split(',').position(|head| head == name).unwrap();
    lines.map(|line| line.split(',').nth(place).unwrap().to_owned()).collect()
}

#[test]
fn a_table_of_every_kind_is_fitted_without_a_flag() {
    let place = Place::new();
    place.write("people.csv", passengers(300));
    let said = place.succeeds("train --data people.csv --epochs 60");
    for part in [
        "label       column `name`",
        "Bernoulli of sex (it is of two levels)",
        "categorical of class (it is of levels without order)",
        "log-normal of fare (its numbers are positive, and their logarithms more alike)",
        "Bernoulli of survived (it is 0 or 1)",
        "objective   importance-weighted (cells are missing",
    ] {
        assert!(said.stderr.contains(part), "no {part:?} in {}", said.stderr);
    }
    // Rows that are drawn are as those of the file.
    let drawn = place.succeeds("sample runs/people -n 200 --seed 3").stdout;
    assert!(column(&drawn, "class").iter().all(|class| ["A", "B", "C"].contains(&class.as_str())));
    assert!(column(&drawn, "sex").iter().all(|sex| ["female", "male"].contains(&sex.as_str())));
    assert!(column(&drawn, "age").iter().all(|age| age.parse::<f64>().unwrap().fract() == 0.0), "{drawn}");
    assert!(column(&drawn, "boarded").iter().all(|day| day.starts_with("19")), "{drawn}");
    let fares: Vec<f64> = column(&drawn, "fare").iter().map(|fare| fare.parse().unwrap()).collect();
    assert!(fares.iter().all(|&fare| fare > 0.0 && (100.0 * fare - (100.0 * fare).round()).abs() < 1e-6));
    // Cells that are there stay as they are; those of class A are about fifty years old, those of C about twenty-four.
    place.succeeds("impute runs/people --output filled.csv");
    let (filled, own) = (place.text("filled.csv"), place.text("people.csv"));
    for name in ["name", "sex", "class", "age", "fare", "survived", "boarded"] {
        for (filled, own) in column(&filled, name).iter().zip(column(&own, name)) {
            let same = match (filled.parse::<f64>(), own.parse::<f64>()) {
                (Ok(filled), Ok(own)) => filled == own,
                _ => *filled == own,
            };
            assert!(!filled.is_empty() && (own.is_empty() || same), "{name}: {filled} for {own}");
        }
    }
    let ages = column(&filled, "age");
    for (row, class) in column(&own, "class").iter().enumerate().filter(|(row, _)| row % 5 == 4) {
        let (age, expected) = (ages[row].parse::<f64>().unwrap(), [54.0, 39.0, 24.0][row % 3]);
        assert!((age - expected).abs() < 7.0, "{class}: {age}");
    }
    // With intervals, and by draws.
    place.succeeds("impute runs/people --interval 0.9 --output intervals.csv");
    let intervals = place.text("intervals.csv");
    let [low, high] = ["age_low", "age_high"].map(|name| column(&intervals, name));
    let width = |row: usize| high[row].parse::<f64>().unwrap() - low[row].parse::<f64>().unwrap();
    assert!((0..60).all(|i| (1.0..60.0).contains(&width(5 * i + 4))), "{intervals}");
    assert_eq!(column(&intervals, "sex_probability").len(), 300);
    place.succeeds("impute runs/people --multiple 3 --output completed.csv");
    let completed = place.text("completed.csv");
    assert_eq!(column(&completed, "imputation").len(), 900);
    let drawn = column(&completed, "age");
    assert!(drawn[4] != drawn[304] || drawn[9] != drawn[309], "draws differ");
    assert!(drawn.iter().all(|age| age.parse::<f64>().unwrap().fract() == 0.0));
}

/// Fares fall from class to class: rows of a class that is given have its fares, and each has the cells that are given.
#[test]
fn rows_are_drawn_given_some_cells() {
    let place = Place::new();
    place.write("people.csv", passengers(300));
    place.succeeds("train --data people.csv --epochs 200");
    let mean = |class: &str| {
        let given = format!("sample runs/people -n 400 --given class={class},survived=1");
        let drawn = place.succeeds(&given).stdout;
        assert!(column(&drawn, "class").iter().all(|of| of == class), "{drawn}");
        assert!(column(&drawn, "survived").iter().all(|of| of == "1"), "{drawn}");
        column(&drawn, "fare").iter().map(|fare| fare.parse::<f64>().unwrap().ln()).sum::<f64>() / 400.0
    };
    // The logarithm of a fare is 4.2, 3.2 and 2.2.
    for (class, expected) in [("A", 4.2), ("B", 3.2), ("C", 2.2)] {
        assert!((mean(class) - expected).abs() < 0.4, "{class}: {}", mean(class));
    }
    let message = ["`D` cannot stand in column `class`"];
    place.fails("sample runs/people --given class=D", 2, &message, "give one of A, B, C");
    place.fails("sample runs/people --given klass=A", 2, &["no column `klass`"], "name one of");
    let message = ["`soon` cannot stand in column `boarded`"];
    place.fails("sample runs/people --given boarded=soon", 2, &message, "a day, as 2024-01-31");
    place.fails(
        "sample runs/people --given fare=-1",
        2,
        &["-1 cannot stand in column `fare`"],
        "numbers > 0",
    );
}

#[test]
fn the_same_bits_on_any_threads_and_after_a_rereading() {
    let place = Place::new();
    place.write("people.csv", passengers(200));
    for threads in [1, 2] {
        place.succeeds(&format!("train --data people.csv --epochs 4 --name t{threads} --threads {threads}"));
    }
    assert!(place.read("runs/t1/model.safetensors").len() > 1000);
    let model = |name: &str| {
        let bytes = place.read(&format!("runs/{name}/last.safetensors"));
        // The header has the name of the run.
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + header..].to_vec()
    };
    assert!(model("t1") == model("t2"));
    place.succeeds("train --config runs/t1/config.toml --name again");
    assert!(model("t1") == model("again"));
    // The fit's own rows, and the same file as new rows.
    let own = place.succeeds("evaluate runs/t1").stdout;
    assert_eq!(own, place.succeeds("evaluate runs/t1 --data people.csv").stdout);
    // A row alone, whose columns stand in another order.
    place.write("one.csv", "fare,class,sex,age,survived,boarded,name\n20.0,B,male,,1,1912-05-05,x\n");
    place.succeeds("evaluate runs/t1 --data one.csv");
    assert!(place.succeeds("impute runs/t1 --data one.csv").stdout.starts_with("fare,class,sex,age"));
}

#[test]
fn what_does_not_fit_is_said() {
    let place = Place::new();
    place.write("people.csv", passengers(120));
    place.succeeds("train --data people.csv --epochs 2");
    let row = "name,sex,class,age,fare,survived,boarded\n";
    place.write("new.csv", format!("{row}x,male,D,20,10,1,1912-01-01\n"));
    let message = ["new.csv`: column `class` line 2 is `D`, which is none of the levels `A`, `B`, `C`"];
    place.fails(
        "evaluate runs/people --data new.csv",
        1,
        &message,
        "write one of these, or leave the cell empty",
    );
    place.write("new.csv", format!("{row}x,male,A,20,-3,1,1912-01-01\n"));
    let message = ["column `fare` line 2 is -3, but its family needs numbers > 0"];
    place.fails("evaluate runs/people --data new.csv", 1, &message, "mend the cell, or leave it empty");
    // A row with nothing seen has its density, that of nothing, and is filled in.
    place.write("new.csv", format!("{row}x,,,,,,\n"));
    place.succeeds("evaluate runs/people --data new.csv");
    assert!(
        place.succeeds("impute runs/people --data new.csv").stdout.lines().nth(1).unwrap().starts_with("x,")
    );
    let train = "train --data people.csv --epochs 1 --name other";
    let message = ["column `age` holds counts, and a categorical family is of levels"];
    place.fails(&format!("{train} --likelihood age=categorical"), 2, &message, "--type age=category");
    let message = ["column `class` holds categories, and a Gaussian family is of numbers"];
    place.fails(&format!("{train} --likelihood class=gaussian"), 2, &message, "leave its --likelihood out");
    let message = ["people.csv` has no column `agee` of data"];
    place.fails(&format!("{train} --likelihood agee=gaussian"), 2, &message, "name one of");
    // Levels in their order, and one that is not among them.
    let said = place.succeeds(&format!("{train} --type class=ordinal:C,B,A"));
    assert!(said.stderr.contains("ordinal of class (it is of levels in their order)"), "{}", said.stderr);
    let message = ["column `class` line 2 is `A`, which is none of the levels `C`, `B`"];
    place.fails(&format!("{train} --type class=ordinal:C,B"), 1, &message, "write one of these");
    // Columns that tell nothing.
    let lines: Vec<String> = passengers(90)
        .lines()
        .enumerate()
        .map(|(i, line)| {
            format!("{line},{},{}", if i == 0 { "one" } else { "same" }, if i == 0 { "none" } else { "" })
        })
        .collect();
    place.write("odd.csv", lines.join("\n"));
    let said = place.succeeds("train --data odd.csv --epochs 1");
    assert!(said.stderr.contains("column `one`: it has one level in every row"), "{}", said.stderr);
    assert!(said.stderr.contains("column `none`: every cell of it is missing"), "{}", said.stderr);
}

/// Rows of a line, and one far from it that is usual in each column.
#[test]
fn the_odd_row_and_its_cell_are_found() {
    let place = Place::new();
    let mut lines = String::from("id,a,b,c\n");
    for i in 0..400 {
        let t = (i % 97) as f64 / 97.0;
        let noise = |k: usize| ((i * k) % 89) as f64 / 890.0;
        let [a, b, c] = [t + noise(7), 2.0 * t + noise(11), noise(13) - t];
        writeln!(lines, "r{i},{a:.3},{b:.3},{c:.3}").unwrap();
    }
    lines += "odd,0.5,1.9,-0.5\n";
    place.write("line.csv", &lines);
    place.succeeds("factors --data line.csv --latent 1 --label-column id");
    place.succeeds("train --data line.csv --label-column id --latent 2");
    place.succeeds("mixture --data line.csv --label-column id --components 3");
    for run in ["line-factors", "line", "line-mixture"] {
        let said = place.succeeds(&format!("anomalies runs/{run} --output odd.csv"));
        let first = said.stderr.lines().find(|line| line.starts_with("odd ")).unwrap().to_owned();
        assert!(
            first.contains("row 401 odd, score") && first.contains(": b = 1.9"),
            "{run}: {}",
            said.stderr
        );
        let scores: Vec<f64> =
            column(&place.text("odd.csv"), "score").iter().map(|x| x.parse().unwrap()).collect();
        assert!((0..400).all(|row| scores[row] < scores[400]), "{run}");
        assert_eq!(column(&place.text("odd.csv"), "cell_1")[400], "b", "{run}");
    }
    place.succeeds("hmm --data line.csv --states 2 --columns a");
    place.fails("anomalies runs/line-hmm", 2, &["no density of a row by itself"], "elbo mixture");
}

/// The tables and the score of Nazabal and others (2018), at a tenth of the way: the mean and the mode have 0.208 here.
#[test]
#[allow(clippy::print_stderr, reason = "what is skipped is said loudly")]
fn cells_of_a_real_table_are_filled_in() {
    let Some(folder) = data().map(|folder| folder.join("imputation/breast")).filter(|folder| folder.is_dir())
    else {
        eprintln!("SKIPPED: there is no imputation/breast (set ELBO_DATA)");
        return;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let rows: Vec<Vec<String>> =
        read("data.csv").lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let hidden: Vec<(usize, usize)> = read("missing20_1.csv")
        .lines()
        .map(|line| line.split_once(',').unwrap())
        .map(|(row, column)| {
            (row.trim().parse::<usize>().unwrap() - 1, column.trim().parse::<usize>().unwrap() - 1)
        })
        .collect();
    let mut masked = rows.clone();
    for &(row, column) in &hidden {
        masked[row][column].clear();
    }
    let heads: Vec<String> = (1..=10).map(|d| format!("c{d}")).collect();
    let place = Place::new();
    let text: Vec<String> = masked.iter().map(|row| row.join(",")).collect();
    place.write("breast.csv", format!("{}\n{}\n", heads.join(","), text.join("\n")));
    let kind = |d: usize| if d == 10 { "category" } else { "ordinal" };
    let kinds: Vec<String> = (1..=10).map(|d| format!(" --type c{d}={}", kind(d))).collect();
    place.succeeds(&format!("train --data breast.csv{} --epochs 100", kinds.concat()));
    place.succeeds("impute runs/breast --output filled.csv");
    let filled = place.text("filled.csv");
    let mut errors = [(0.0, 0.0); 10];
    for &(row, d) in hidden.iter().filter(|(row, d)| !rows[*row][*d].is_empty() && rows[*row][*d] != "NaN") {
        let own: f64 = rows[row][d].parse().unwrap();
        let told: f64 = filled.lines().nth(row + 1).unwrap().split(',').nth(d).unwrap().parse().unwrap();
        let error = if d == 9 { f64::from(u8::from(own != told)) } else { (own - told).abs() / 10.0 };
        errors[d] = (errors[d].0 + error, errors[d].1 + 1.0);
    }
    let mean = errors.iter().map(|(sum, number)| sum / number).sum::<f64>() / 10.0;
    assert!(mean < 0.11, "{mean}");
}
