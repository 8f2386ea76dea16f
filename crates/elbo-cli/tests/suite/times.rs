//! Rows that carry times: order, gaps, and dates of forecasts.

use std::fmt::Write;

use crate::common::Place;

/// A level that wanders, by the number of its day.
fn level(day: u32) -> f64 {
    let day = f64::from(day);
    100.0 + 0.8 * day + 3.0 * (0.7 * day).sin() + 2.0 * ((day * 0.618_034).fract() - 0.5)
}

/// These days of May 2024, with the level of each; none of a day after 100, which is taken off.
fn days(of: impl Iterator<Item = u32>) -> String {
    of.fold("day,level\n".to_owned(), |mut text, day| {
        let (day, missing) = (day % 100, day >= 100);
        let cell = if missing { String::new() } else { format!("{:.3}", level(day)) };
        writeln!(text, "2024-05-{day:02},{cell}").unwrap();
        text
    })
}

#[test]
fn rows_in_any_order_are_one_series() {
    let place = Place::new();
    place.write("rising.csv", days(1..=30));
    place.write("falling.csv", days((1..=30).rev()));
    place.write("mixed.csv", days((1..=30).map(|day| (day * 7 - 1) % 31 + 1).filter(|&day| day <= 30)));
    let told = |name: &str| {
        let fitted = place.succeeds(&format!("state-space --data {name}.csv --forecast 2"));
        let said = place.succeeds(&format!("predict runs/{name}-state-space --forecast 2"));
        (fitted.stderr, said.stdout)
    };
    let (fitted, rising) = told("rising");
    assert!(fitted.contains("time        `day`, 2024-05-01 to 2024-05-30, in steps of 1 day"), "{fitted}");
    assert!(!fitted.contains("order  "), "{fitted}");
    let (fitted, falling) = told("falling");
    assert!(
        fitted.contains("order       the rows stand newest first: they are taken in time order"),
        "{fitted}"
    );
    assert_eq!(falling, rising);
    let (fitted, mixed) = told("mixed");
    assert!(fitted.contains("order       the rows stand in no order"), "{fitted}");
    assert_eq!(mixed, rising);
    // The next days have dates, and no sequence is named where there is one alone.
    let ahead = |day: &str, row: u32| fitted.contains(&format!("forecast    row {row}, {day}: level "));
    assert!(
        ahead("2024-05-31", 31) && ahead("2024-06-01", 32) && !fitted.contains("the rows ahead"),
        "{fitted}"
    );
    let lines: Vec<&str> = rising.lines().collect();
    assert_eq!((lines[0].split(',').nth(1), lines.len()), (Some("day"), 33));
    assert!(lines[1].starts_with("1,2024-05-01,") && lines[31].starts_with("31,2024-05-31,"), "{rising}");
    assert!(lines[32].starts_with("32,2024-06-01,"), "{rising}");
    let report = std::fs::read_to_string(place.path("runs/falling-state-space/report.html")).unwrap();
    assert!(report.contains("2024-05-"), "the chart has dates");
}

#[test]
fn a_step_without_a_row_is_a_row_of_missing_cells() {
    let place = Place::new();
    place.write("gap.csv", days((1..=30).filter(|day| ![11, 12].contains(day))));
    place.write("empty.csv", days((1..=30).map(|day| if [11, 12].contains(&day) { day + 100 } else { day })));
    let fitted = place.succeeds("state-space --data gap.csv").stderr;
    assert!(fitted.contains("gaps        2 steps have no row"), "{fitted}");
    place.succeeds("state-space --data empty.csv");
    let said = |run: &str| place.succeeds(&format!("predict runs/{run}-state-space --forecast 1")).stdout;
    assert_eq!(said("gap"), said("empty"));
    // New rows are brought to time order too, and may come without their times.
    place.write("new.csv", days((20..=30).rev().filter(|&day| day != 25)));
    let new = place.succeeds("predict runs/gap-state-space --data new.csv --forecast 1");
    assert_eq!(new.stdout.lines().count(), 13, "{new:?}");
    assert!(new.stdout.lines().last().unwrap().starts_with("12,2024-05-31,"), "{new:?}");
    place.write("plain.csv", "level\n101\n102\n103\n");
    let plain = place.succeeds("predict runs/gap-state-space --data plain.csv --forecast 1").stdout;
    assert_eq!(plain.lines().next().unwrap().split(',').nth(1), Some("level_mean"));
    assert_eq!(plain.lines().count(), 5);
}

#[test]
fn years_are_times_and_a_row_without_a_time_is_named() {
    let place = Place::new();
    let years: String = (0..40).fold("year,flow\n".into(), |mut text, year| {
        writeln!(text, "{},{:.2}", 1871 + year, level(year)).unwrap();
        text
    });
    place.write("nile.csv", &years);
    let fitted = place.succeeds("state-space --data nile.csv").stderr;
    assert!(fitted.contains("kind        level"), "one series, not two: {fitted}");
    assert!(fitted.contains("`year`, 1871 to 1910, in steps of 1"), "{fitted}");
    let said = place.succeeds("predict runs/nile-state-space --forecast 2").stdout;
    assert!(said.lines().last().unwrap().starts_with("42,1912,"), "{said}");
    // Said otherwise, the year is a series like another.
    let fitted = place.succeeds("state-space --data nile.csv --type year=real --name two").stderr;
    assert!(fitted.contains("kind        factors"), "{fitted}");

    place.write("hole.csv", "when,y\n2024-01-01,1\n,2\n2024-01-03,4\n2024-01-04,3\n");
    let refused = place.elbo("state-space --data hole.csv");
    assert!(refused.stderr.contains("column `when` line 3 holds no time"), "{refused:?}");
    place.write("kinds.csv", "kind,y\na,1\nb,2\na,4\nb,3\n");
    let refused = place.elbo("state-space --data kinds.csv --time kind");
    assert!(refused.stderr.contains("column `kind` holds categories, not times"), "{refused:?}");
}

/// A file that can be read once only.
#[test]
fn standard_input_has_times_too() {
    let place = Place::new();
    place.write("falling.csv", days((1..=30).rev()));
    for flags in ["", "--time day"] {
        let mut command = place.command(&format!("state-space --data - {flags} --name piped"));
        let file = std::fs::File::open(place.path("falling.csv")).unwrap();
        let piped = command.stdin(file).output().unwrap();
        let piped = String::from_utf8(piped.stderr).unwrap();
        assert!(piped.contains("time        `day`, 2024-05-01 to 2024-05-30, in steps of 1 day"), "{piped}");
        assert!(piped.contains("newest first"), "{piped}");
        place.succeeds(&format!("state-space --data falling.csv {flags} --name filed"));
        let elbo = |run: &str| place.results(run)["elbo"].as_f64().unwrap();
        assert_eq!(elbo("runs/piped"), elbo("runs/filed"));
        // Its rows are not kept.
        let mut command = place.command("predict runs/piped");
        let said = command.stdin(std::process::Stdio::null()).output().unwrap();
        let said = String::from_utf8(said.stderr).unwrap();
        assert!(said.contains("standard input is empty") && said.contains("--data PATH"), "{said}");
        for run in ["piped", "filed"] {
            std::fs::remove_dir_all(place.path(&format!("runs/{run}"))).unwrap();
        }
    }
}

#[test]
fn sequences_have_times_of_their_own_and_may_stand_mixed() {
    let place = Place::new();
    let row = |shop: char, day: u32| {
        let y = level(day + if shop == 'a' { 0 } else { 40 });
        format!("{shop},2024-05-{day:02},{y:.3}\n")
    };
    let (mut mixed, mut apart) = (String::from("shop,day,sold\n"), String::from("shop,day,sold\n"));
    for day in 1..=20 {
        mixed += &row('a', day);
        mixed += &row('b', day);
    }
    for shop in ['a', 'b'] {
        apart += &(1..=20).map(|day| row(shop, day)).collect::<String>();
    }
    place.write("mixed.csv", mixed);
    place.write("apart.csv", apart);
    let said = |name: &str| {
        let fitted = place.succeeds(&format!("state-space --data {name}.csv --sequence-column shop"));
        assert!(fitted.stderr.contains("2 of 20 to 20 rows"), "{fitted:?}");
        place.succeeds(&format!("predict runs/{name}-state-space --forecast 1")).stdout
    };
    let apart = said("apart");
    assert_eq!(said("mixed"), apart);
    assert_eq!(
        apart.lines().filter(|line| line.starts_with("21,") && line.contains("2024-05-21,")).count(),
        2,
        "{apart}"
    );
}

#[test]
fn months_are_told_by_even_steps_or_refused() {
    let place = Place::new();
    let table = |months: u32, day_first: bool| {
        (0..months).fold("month,level\n".to_owned(), |mut text, n| {
            let (year, month) = (2016 + n / 12, n % 12 + 1);
            let date = if day_first { format!("01/{month:02}") } else { format!("{month:02}/01") };
            writeln!(text, "{date}/{year},{:.3}", level(n)).unwrap();
            text
        })
    };
    for (day_first, first) in [(true, "the day before the month"), (false, "the month before the day")] {
        place.write("months.csv", table(30, day_first));
        let why = format!("{first}: so the steps are even");
        let described = place.succeeds("describe months.csv");
        assert!(described.stdout.contains(&format!("it holds dates, {first}")), "{described:?}");
        let said = place.elbo("state-space --data months.csv").stderr;
        assert!(
            said.contains("time        `month`, 2016-01-01 to 2018-06-01, in steps of 1 month"),
            "{said}"
        );
        assert!(said.contains(&why), "{said}");
        // Twelve of them may be days.
        place.write("twelve.csv", table(12, day_first));
        let described = place.succeeds("describe twelve.csv");
        assert!(described.stdout.contains("it holds dates, but which of day and month"), "{described:?}");
        let message = "column `month` holds dates, but which of day and month goes first is unclear";
        place.fails("state-space --data twelve.csv", 1, &[message], "write the dates as 2016-02-01");
    }
}

#[test]
fn a_row_of_totals_is_no_step() {
    let place = Place::new();
    place.write("plain.csv", days(1..=30));
    place.write("total.csv", days(1..=30) + "Total,3100\n");
    let fit = |name: &str| {
        let said = place.succeeds(&format!("state-space --data {name}.csv")).stderr;
        (place.succeeds(&format!("predict runs/{name}-state-space --forecast 2")).stdout, said)
    };
    let (plain, total) = (fit("plain"), fit("total"));
    assert_eq!(total.0, plain.0);
    assert!(total.1.contains("totals      line 32 is left out"), "{total:?}");
}

/// Newest first, with one cell that is no date: fitted as it stands it would be the series the wrong way round.
#[test]
fn a_bad_date_is_named_and_never_makes_the_column_a_label() {
    let place = Place::new();
    let text = days((1..=30).rev());
    place.write("bad.csv", text.replace("2024-05-17", "2024-05-71"));
    place.write("numbers.csv", text.replace("2024-05-17", "20240571").replace("2024-05-", "202405"));
    for verb in ["state-space", "hmm --states 2"] {
        let message = ["bad.csv`: column `day` line 15 is `2024-05-71`, which is not a date"];
        place.fails(&format!("{verb} --data bad.csv"), 1, &message, "--drop day");
        place.fails(&format!("{verb} --data bad.csv --time day"), 1, &message, "--type day=text");
    }
    let message = ["column `day` line 15 is `20240571`, which is not a date"];
    place.fails("state-space --data numbers.csv --time day", 1, &message, "mend the cell");
    // New rows of a fitted model are no exception.
    place.write("good.csv", &text);
    place.succeeds("state-space --data good.csv");
    let message = ["column `day` line 15 is `2024-05-71`"];
    place.fails("predict runs/good-state-space --data bad.csv", 1, &message, "mend the cell");
    // Years that begin anew with each site are times of its own series; in no order they are data, which is said.
    let line = |row: u32| {
        let site = ["a", "b"][usize::from(row > 11)];
        format!("{site},{},{:.3}\n", 2000 + row % 12, level(row))
    };
    let years = "site,year,level\n".to_owned() + &(0..24).map(line).collect::<String>();
    place.write("years.csv", &years);
    let said = place.succeeds("state-space --data years.csv --sequence-column site --kind level");
    assert!(said.stderr.contains("`year`, 2000 to 2011, in steps of 1"), "{said:?}");
    let said = place.succeeds("hmm --data years.csv --states 2 --name one");
    assert!(said.stderr.contains("column `year` is taken as data") && said.stderr.contains("--drop NAME"));
}

/// The last line of a forecast, without its row and its time.
fn forecast(said: &str) -> String {
    said.lines().last().unwrap().splitn(3, ',').nth(2).unwrap().to_owned()
}

/// New rows newest first, whose times have another name than those of the fit.
#[test]
fn times_of_another_name_order_new_rows_too() {
    let place = Place::new();
    place.write("fit.csv", days(1..=30));
    place.succeeds("state-space --data fit.csv --name a");
    let rising = forecast(&place.succeeds("predict runs/a --data fit.csv --forecast 1").stdout);
    let falling = days((1..=30).rev());
    for name in ["Day", "when", "Datum", ""] {
        place.write("new.csv", falling.replacen("day", name, 1));
        let said = place.succeeds("predict runs/a --data new.csv --forecast 1");
        assert_eq!(forecast(&said.stdout), rising, "{name}");
        assert!(said.stderr.contains("the only one of dates, is taken for it"), "{said:?}");
        assert!(said.stderr.contains("newest first"), "{said:?}");
    }
    // Two columns of dates, or one of something else, are refused; the remedy works.
    let two = falling
        .lines()
        .map(|line| format!("{},{line}\n", line.replacen("day", "begin", 1).split(',').next().unwrap()));
    place.write("new.csv", two.collect::<String>().replacen("day", "end", 1));
    let message =
        ["has no column `day`, which said when the rows of the fit were seen, and `begin`, `end` may be it"];
    place.fails("predict runs/a --data new.csv", 1, &message, "call the column of times `day`");
    place.write("new.csv", falling.replacen("day", "k", 1).replace("2024-05-", "K"));
    place.fails("predict runs/a --data new.csv", 1, &["and `k` may be it"], "call the column of times `day`");
    // Without other columns the rows stand as they stand.
    let text = days(1..=30);
    let plain: Vec<&str> = text.lines().map(|line| line.split(',').nth(1).unwrap()).collect();
    place.write("new.csv", plain.join("\n"));
    let said = place.succeeds("predict runs/a --data new.csv --forecast 1");
    assert!(said.stderr.contains("they are taken in the order of the file"), "{said:?}");
    assert_eq!(said.stdout.lines().last().unwrap().split_once(',').unwrap().1, rising);
}

/// Numbers that fall, under names that are ordinary for times.
#[test]
fn numbers_that_fall_are_times_by_their_names() {
    let place = Place::new();
    let table = |name: &str, time: &dyn Fn(u32) -> String, rising: bool| {
        let line = |n: u32| format!("{},{:.3}\n", time(n), level(n));
        let rows: String =
            if rising { (0..36).map(line).collect() } else { (0..36).rev().map(line).collect() };
        format!("{name},y\n{rows}")
    };
    let plain = |n: u32| (1960 + n).to_string();
    let month = |n: u32| (100 * (2015 + n / 12) + n % 12 + 1).to_string();
    let fitted = |table: String, flags: &str| {
        place.write("a.csv", table);
        let said = place.succeeds(&format!("state-space --data a.csv {flags} --name a"));
        let predicted = place.succeeds("predict runs/a --forecast 1").stdout;
        std::fs::remove_dir_all(place.path("runs/a")).unwrap();
        (predicted.lines().last().unwrap().to_owned(), said.stderr)
    };
    let (rising, _) = fitted(table("year", &plain, true), "");
    assert!(rising.starts_with("37,1996,"), "{rising}");
    for name in ["yr", "fiscal year", "Fiscal_Year", "week", "day", "period"] {
        for flags in ["", "--column y", "--columns y"] {
            let (falling, said) = fitted(table(name, &plain, false), flags);
            assert_eq!(falling, rising, "{name} {flags}: {said}");
            assert!(said.contains("newest first"), "{said}");
        }
    }
    let (months, said) = fitted(table("period", &month, false), "");
    assert_eq!(months, rising.replacen("1996", "2018-01-01", 1));
    assert!(said.contains("in steps of 1 month"), "{said}");
    // A month that is none is named.
    place.write("bad.csv", table("period", &month, true).replace("201605", "201613"));
    place.fails(
        "state-space --data bad.csv",
        1,
        &["column `period` line 18 is 201613, which is not a day or a month"],
        "--drop period",
    );
}

/// Texts that may be times, and cannot be read as such.
#[test]
fn texts_that_fall_are_warned_of() {
    let place = Place::new();
    let names = ["Januar", "Februar", "Dezember"];
    let writings: [(&str, &dyn Fn(u32) -> String); 5] = [
        ("month", &|n| format!("{}M{:02}", 2015 + n / 12, n % 12 + 1)),
        ("p", &|n| format!("FY{}", 1960 + n)),
        ("season", &|n| format!("{}/{:02}", 1960 + n, (61 + n) % 100)),
        ("clock", &|n| format!("{:02}:{:02}", n / 4, 15 * (n % 4))),
        ("monat", &|n| format!("{} {}", names[n as usize % 3], 2000 + n / 3)),
    ];
    for (name, time) in writings {
        for rising in [false, true] {
            let line = |n: u32| format!("{},{:.3}\n", time(n), level(n));
            let rows: String =
                if rising { (0..36).map(line).collect() } else { (0..36).rev().map(line).collect() };
            place.write("a.csv", format!("{name},y\n{rows}"));
            let said = place.elbo(&format!("hmm --data a.csv --states 2 --name {name}{rising}")).stderr;
            let warned = said.contains(&format!("`{name}` may be the time, and falls"));
            assert_eq!(warned, !rising, "{said}");
            // So where it is no label: beside other text, left out, or within each of two sequences.
            let beside = |region: &str| {
                let rows = rows.lines().map(|line| format!("{region},{line}\n"));
                rows.collect::<String>()
            };
            place.write("b.csv", format!("region,{name},y\n{}{}", beside("north"), beside("south")));
            place.write("c.csv", format!("region,{name},y\n{}", beside("north")));
            for options in [
                "c.csv",
                "c.csv --label-column region",
                "c.csv --columns y",
                "b.csv --sequence-column region",
            ] {
                let said = place.elbo(&format!("hmm --data {options} --states 2")).stderr;
                assert_eq!(
                    said.contains(&format!("`{name}` may be the time, and falls")),
                    !rising,
                    "{options}: {said}"
                );
            }
        }
    }
    let line = |n: u32| format!("2024-05-{:02},2024-05-{n:02},{:.3}\n", n + 1, level(n));
    place.write("two.csv", "end,start,y\n".to_owned() + &(1..30).rev().map(line).collect::<String>());
    let said = place.succeeds("state-space --data two.csv").stderr;
    assert!(said.contains("columns `end`, `start` hold dates") && said.contains("--time NAME"), "{said}");
}

/// A file newest first whose days hold many rows does not tell which way those of a day go.
#[test]
fn rows_of_one_time_that_stand_newest_first_are_refused() {
    let place = Place::new();
    let hours = |days: &mut dyn Iterator<Item = u32>| {
        let rows = days.flat_map(|day| (0..6).map(move |hour| (day, hour)));
        let cell = |(day, hour): (u32, u32)| format!("2024-05-{day:02},{:.3}\n", level(6 * day + hour));
        "day,level\n".to_owned() + &rows.map(cell).collect::<String>()
    };
    place.write("falling.csv", hours(&mut (1..=5).rev()));
    let fit = "state-space --data falling.csv";
    place.fails(
        fit,
        1,
        &["stand newest first by `day`, but 25 have the time of another row"],
        "oldest first",
    );
    place.write("rising.csv", hours(&mut (1..=5)));
    place.succeeds("state-space --data rising.csv");
}

/// The mean over rows is over those that the file has, and new rows further apart are told.
#[test]
fn steps_without_a_row_are_no_rows_of_the_mean() {
    let place = Place::new();
    place.write("all.csv", days(1..=30));
    place.write("gaps.csv", days((1..=30).filter(|day| !(11..=20).contains(day))));
    place.write("weekly.csv", days((0..4).map(|week| 1 + 7 * week)));
    place.succeeds("state-space --data all.csv --name fit");
    let gaps = place.succeeds("evaluate runs/fit --data gaps.csv");
    assert!(
        gaps.stderr.contains("20 rows: log_density") && !gaps.stderr.contains("warning"),
        "{}",
        gaps.stderr
    );
    let total: f64 = gaps.stderr.split("≥ ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let mean: f64 = gaps.stderr.split("nats, ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((total / 20.0 - mean).abs() < 1e-4, "{}", gaps.stderr);
    let weekly = place.succeeds("predict runs/fit --data weekly.csv --forecast 1");
    assert!(
        weekly.stderr.contains("these rows stand 7 days apart, and those of the fit 1 day"),
        "{}",
        weekly.stderr
    );
}
