//! From z to x: `decode`, `traverse` and `interpolate`; and the forms in which a table is written.

use std::io::Cursor;

use serde_json::Value;

use crate::common::{Place, Said, measurements, table, told};

/// A linear decoder of three columns, and factors of the same.
fn linear() -> Place {
    let place = Place::new();
    place.write("data.csv", measurements(60));
    place.succeeds(
        "train --data data.csv --label-column kind --hidden none --latent 2 --epochs 30 --name vae",
    );
    place.succeeds("factors --data data.csv --label-column kind --latent 2 --name fa");
    place
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * b.abs().max(1.0))
}

#[test]
fn the_means_of_the_latents_decode_to_the_reconstructions() {
    let place = linear();
    let reconstructed = place.succeeds("reconstruct runs/vae").stdout;
    for ending in ["csv", "npy"] {
        place.succeeds(&format!("encode runs/vae --output z.{ending}"));
    }
    // Labels are set aside, numbers of rows too, and standard deviations.
    let decoded = place.succeeds("decode runs/vae --data z.csv").told();
    assert_eq!(decoded, told(&reconstructed));
    // By their names in another order; by their places without names.
    let (header, rows) = table(&place.text("z.csv"));
    let [a, b] = ["z_1_mean", "z_2_mean"].map(|name| header.iter().position(|of| of == name).unwrap());
    let lines =
        |line: &dyn Fn(&Vec<f64>) -> String| rows.iter().map(|row| line(row) + "\n").collect::<String>();
    place.write("turned.csv", format!("z_2,z_1\n{}", lines(&|row| format!("{},{}", row[b], row[a]))));
    place.write("bare.csv", lines(&|row| format!("{},{}", row[a], row[b])));
    for name in ["turned.csv", "bare.csv"] {
        assert_eq!(place.succeeds(&format!("decode runs/vae --data {name}")).told(), decoded, "{name}");
    }

    // Of factors a row whose cells are all missing but one is filled by what its latents decode to.
    place.write("gaps.csv", "height,depth,mass\n11,,\n,-19.5,310\n");
    let (_, filled) = place.succeeds("reconstruct runs/fa --data gaps.csv").told();
    place.succeeds("predict runs/fa --data gaps.csv --output z.csv");
    let (header, decoded) = place.succeeds("decode runs/fa --data z.csv").told();
    assert_eq!(header, ["height", "depth", "mass"]);
    assert!(
        close(&decoded[0][1..], &filled[0][1..3], 1e-10) && close(&decoded[1][..1], &filled[1][..1], 1e-10)
    );
}

#[test]
fn z_of_another_shape_is_refused() {
    let place = linear();
    place.write("one.csv", "z_1\n0.5\n0.25\n");
    let hint = "needed are z_1, z_2, or their means";
    for run in ["vae", "fa"] {
        let message = ["one.csv` has no column `z_2`, and no `z_2_mean`"];
        place.fails(&format!("decode runs/{run} --data one.csv"), 1, &message, hint);
        place.write("three.csv", "1,2,3\n4,5,6\n");
        let message = ["three.csv` has 3 columns, but z has 2"];
        place.fails(&format!("decode runs/{run} --data three.csv"), 1, &message, hint);
        place.write("gap.csv", "z_1,z_2\n1,2\n3,\n");
        let message = ["gap.csv`: column `z_2` line 3 is NaN"];
        place.fails(
            &format!("decode runs/{run} --data gap.csv"),
            1,
            &message,
            "each cell of z must be a number",
        );
        for (option, message) in [
            ("traverse --dimension 3", "z has 2 dimensions: --dimension 3 is none of them"),
            ("traverse --row 61", "the data have 60 rows: --row 61 is none of them"),
            ("traverse --steps 1", "a way of 1 steps has no beginning and end"),
            ("interpolate --from 1 --to 61", "the data have 60 rows: --to 61 is none of them"),
        ] {
            let (verb, options) = option.split_once(' ').unwrap();
            let said = place.elbo(&format!("{verb} runs/{run} {options}"));
            assert!(said.code == Some(2) && said.stderr.contains(message), "{said:?}");
        }
        let message = ["the rows of this model are no images"];
        place.fails(&format!("traverse runs/{run} --output x.png"), 1, &message, "write a table");
    }
    place.refuses("traverse runs/vae --range 3", &["give two numbers, as -3,3"]);
    place.refuses("traverse runs/vae --row 0", &["give a whole number from 1"]);
    place.succeeds("normal --data data.csv --label-column kind --column mass --name n");
    for verb in ["decode --data one.csv", "traverse", "interpolate --from 1 --to 2"] {
        let (verb, options) = verb.split_once(' ').unwrap_or((verb, ""));
        let message = ["a model of `normal` has no z that x is a function of"];
        place.fails(&format!("{verb} runs/n {options}"), 2, &message, "`elbo train` and `elbo factors`");
    }
}

/// Each dimension of a linear decoder is a straight line in x, through the mean where all of z is 0.
#[test]
fn a_linear_decoder_goes_straight() {
    let place = linear();
    for run in ["vae", "fa"] {
        let (header, rows) = place.succeeds(&format!("traverse runs/{run} --range -2,4 --steps 7")).table();
        assert_eq!(header, ["dimension", "step", "z", "height", "depth", "mass"]);
        assert_eq!(rows.len(), 14);
        for (place, row) in rows.iter().enumerate() {
            let (dimension, step) = ((place / 7 + 1) as f64, place % 7);
            assert_eq!(row[..3], [dimension, step as f64 + 1.0, step as f64 - 2.0]);
        }
        let spread = |c: usize| {
            let of = || rows.iter().map(|row| row[c]);
            of().fold(f64::MIN, f64::max) - of().fold(f64::MAX, f64::min)
        };
        for way in rows.chunks(7) {
            for c in 3..6 {
                let bends = way.windows(3).map(|w| w[0][c] - 2.0 * w[1][c] + w[2][c]);
                // In 32 bits: of numbers near 300, seven digits.
                assert!(bends.into_iter().all(|bend| bend.abs() < 1e-5 * spread(c)), "{run} {c}: {way:?}");
            }
        }
        assert!(close(&rows[2][3..], &rows[9][3..], 0.0), "z is 0 on both ways");
        // About a row the others stay at its mean.
        let (_, own) = place.succeeds(&format!("predict runs/{run}")).told();
        let one = format!("traverse runs/{run} --row 5 --dimension 2 --steps 2");
        let about = format!("{one} --range {},{}", own[4][1], own[4][1] + 1.0);
        let (_, about) = place.succeeds(&about).table();
        let (_, ends) = place.succeeds(&format!("interpolate runs/{run} --from 5 --to 9 --steps 2")).table();
        assert!(close(&about[0][3..], &ends[0][2..], 1e-6), "{about:?} {ends:?}");
        let step: Vec<f64> = about[1][3..].iter().zip(&about[0][3..]).map(|(b, a)| b - a).collect();
        let of_way: Vec<f64> = rows[10][3..].iter().zip(&rows[9][3..]).map(|(b, a)| b - a).collect();
        assert!(step.iter().zip(&of_way).all(|(a, b)| (a - b).abs() < 1e-4), "{step:?} {of_way:?}");
    }
}

#[test]
fn an_interpolation_ends_where_its_rows_are_reconstructed() {
    let place = Place::new();
    place.succeeds("train digits --epochs 3 --hidden 16 --latent 4");
    let (_, rows) = place.succeeds("reconstruct runs/digits").told();
    let said = place.succeeds("interpolate runs/digits --from 3 --to 1700 --steps 5");
    let (header, way) = said.table();
    assert_eq!(header[..3], ["step", "share", "\"pixel 1,1\""]);
    assert_eq!(way.iter().map(|row| row[1]).collect::<Vec<_>>(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert!(way[0][2..] == rows[2] && way[4][2..] == rows[1699]);
    assert!(way[2][2..] != rows[2]);
    // Pictures: the steps side by side, and a line for each dimension, of 8×8 pixels 14 times as large, with gaps of 1.
    let size = |name: &str| {
        let reader = png::Decoder::new(Cursor::new(place.read(name))).read_info().unwrap();
        (reader.info().width, reader.info().height)
    };
    place.succeeds("interpolate runs/digits --from 3 --to 1700 --steps 5 --output way.png");
    assert_eq!(size("way.png"), ((5 * 9 - 1) * 14, 8 * 14));
    place.succeeds("traverse runs/digits --row 8 --output ways.png");
    assert_eq!(size("ways.png"), ((11 * 9 - 1) * 14, (4 * 9 - 1) * 14));
    place.succeeds("encode runs/digits --output z.csv");
    let z = place.text("z.csv");
    let ten: Vec<&str> = z.lines().take(11).collect();
    place.write("ten.csv", ten.join("\n"));
    place.succeeds("decode runs/digits --data ten.csv --output ten.png");
    assert_eq!(size("ten.png"), ((4 * 9 - 1) * 14, (3 * 9 - 1) * 14));
}

#[test]
fn discrete_latents_go_through_their_levels() {
    let place = Place::new();
    for (name, family, levels) in
        [("bits", "bernoulli", vec![0.0, 1.0]), ("choices", "categorical:3", vec![1.0, 2.0, 3.0])]
    {
        place.succeeds(&format!(
            "train digits --family {family} --latent 2 --hidden 8 --epochs 2 --name {name}"
        ));
        let (_, way) = place.succeeds(&format!("traverse runs/{name} --row 4")).table();
        assert_eq!(way.len(), 2 * levels.len());
        assert!(way.iter().enumerate().all(|(n, row)| row[2] == levels[n % levels.len()]), "{way:?}");
        assert!(way[0][3..] != way[1][3..]);
        let hint = "leave --range and --steps out";
        place.fails(&format!("traverse runs/{name} --steps 3"), 2, &["this z is discrete"], hint);
        place.succeeds(&format!("encode runs/{name} --output z.csv"));
        let decoded = place.succeeds(&format!("decode runs/{name} --data z.csv")).told();
        assert_eq!(decoded, place.succeeds(&format!("reconstruct runs/{name}")).told());
    }
}

/// Of two layers x is of the first.
#[test]
fn two_layers_are_decoded_by_the_first() {
    let place = Place::new();
    place.succeeds("train digits --latent 3,2 --hidden 16 --hidden2 8 --epochs 2");
    place.succeeds("encode runs/digits --output z.csv");
    let decoded = place.succeeds("decode runs/digits --data z.csv").told();
    assert_eq!(decoded, place.succeeds("reconstruct runs/digits").told());
    let (_, way) = place.succeeds("traverse runs/digits --steps 2").table();
    assert_eq!(way.len(), 6);
    place.write("second.csv", "z2_1,z2_2\n0,0\n");
    place.fails(
        "decode runs/digits --data second.csv",
        1,
        &["no column `z1_1`"],
        "needed are z1_1, z1_2, z1_3",
    );
}

/// The numbers of one table, to the bit, in each format that is written.
#[test]
fn every_format_holds_the_same_numbers() {
    let place = linear();
    for (verb, columns) in [("encode runs/vae", 6), ("predict runs/fa", 7), ("evaluate runs/vae", 6)] {
        let write = |ending: &str| place.succeeds(&format!("{verb} --output out.{ending}"));
        write("csv");
        let (names, rows) = table(&place.text("out.csv"));
        let numbers: Vec<usize> = (0..names.len()).filter(|&c| rows[0][c].is_finite()).collect();
        write("json");
        let json: Vec<Value> = serde_json::from_slice(&place.read("out.json")).unwrap();
        assert_eq!(json.len(), rows.len());
        for (record, row) in json.iter().zip(&rows) {
            assert!(record["label"].is_string(), "{record}");
            assert!(numbers.iter().all(|&c| record[&names[c]].as_f64() == Some(row[c])), "{record} {row:?}");
        }
        if verb != "evaluate runs/vae" {
            let said = place.succeeds(&format!("{verb} --json"));
            assert_eq!(said.stdout.as_bytes(), place.read("out.json"), "the same on standard output");
        }
        let said = write("npy");
        assert!(said.stderr.contains("holds numbers alone: label"), "{said:?}");
        let npy = place.read("out.npy");
        let cells = npy[npy.len() - 8 * rows.len() * numbers.len()..].chunks_exact(8);
        let cells: Vec<f64> = cells.map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
        let expected: Vec<f64> = rows.iter().flat_map(|row| numbers.iter().map(|&c| row[c])).collect();
        assert!(
            cells.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits())
                && numbers.len() >= columns - 1
        );
        write("parquet");
        let parquet = place.read("out.parquet");
        assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
        // Not compressed: the numbers of a column stand there as they are.
        let column: Vec<u8> = rows.iter().flat_map(|row| row[numbers[1]].to_le_bytes()).collect();
        assert!(parquet.windows(column.len()).any(|bytes| bytes == column), "{verb}");
    }
}

/// The figures of `evaluate` and `audit` as JSON, with all their digits.
#[test]
fn figures_are_data() {
    let place = linear();
    let json = |words: &str| -> Value { serde_json::from_str(&place.elbo(words).stdout).unwrap() };
    for (words, is) in [
        ("evaluate runs/vae", "bound"),
        ("evaluate runs/fa", "estimate"),
        ("audit runs/vae --rows 6 --importance-samples 50", "estimate"),
        ("infer runs/vae --rows 6 --output q.csv", "bound"),
    ] {
        let plain = Said::table(&place.elbo(words)).1;
        let found = json(&format!("{words} --json"));
        assert_eq!(found["unit"], "nats_per_row");
        let terms = found["terms"].as_array().unwrap();
        assert_eq!(
            (&terms[0]["term"], &terms[0]["is"]),
            (&Value::from("log_density"), &Value::from(is)),
            "{words}"
        );
        assert_eq!(terms.len(), plain.len());
        for (term, line) in terms.iter().zip(&plain) {
            assert!((term["value"].as_f64().unwrap() - line[1]).abs() < 1e-6, "{words}: {term}");
            assert!((term["standard_error"].as_f64().unwrap() - line[2]).abs() < 1e-6, "{words}: {term}");
        }
    }
    let part = json("evaluate runs/vae --rows 6 --json");
    assert_eq!((&part["rows"], &part["of_rows"]), (&Value::from(6), &Value::from(60)));
    // Of one row there is no standard error.
    assert!(json("evaluate runs/vae --rows 1 --json")["terms"][0]["standard_error"].is_null());
}

/// Quiet, there is nothing but data, and what went wrong; the exit codes stay.
#[test]
fn quiet_tells_what_is_wrong_alone() {
    let place = linear();
    for words in ["encode runs/vae", "evaluate runs/fa", "predict runs/fa", "traverse runs/vae"] {
        let said = place.succeeds(&format!("{words} --quiet"));
        assert!(said.stderr.is_empty(), "{said:?}");
        assert_eq!(said.stdout, place.succeeds(words).stdout);
    }
    for words in
        ["train digits --hidden 8 --latent 2 --epochs 2", "factors --data data.csv --label-column kind"]
    {
        let loud = place.succeeds(words);
        let said = place.succeeds(&format!("-q {words}"));
        assert_eq!(said.code, loud.code);
        assert!(said.stderr.is_empty() || said.stderr.starts_with("verdict     "), "{said:?}");
        assert_eq!(said.stderr.is_empty(), loud.stderr.contains("verdict     trust\n"), "{said:?} {loud:?}");
        assert!(said.stdout.starts_with("runs/"), "{said:?}");
    }
    // A collapsed posterior is never to be trusted.
    let said = place.elbo("train digits --beta 100 --hidden 8 --latent 2 --epochs 20 --quiet");
    assert!(said.code == Some(3) && said.stderr.starts_with("verdict     do not trust\n"), "{said:?}");
    let said = place.elbo("encode runs/none --quiet");
    assert!(said.code == Some(1) && said.stderr.starts_with("error: "), "{said:?}");
}

#[test]
fn labels_of_latents_are_kept() {
    let place = linear();
    // `log_density_is` is the only column of text where labels are numbers.
    place.write("z.csv", "row,label,z_1_mean,z_2_mean,log_density_is\n1,7,0.5,1,bound\n2,4,-1,0.25,bound\n");
    let column = |said: &Said| -> Vec<String> {
        said.stdout.lines().map(|line| line.split(',').nth(1).unwrap().to_owned()).collect()
    };
    assert_eq!(column(&place.succeeds("decode runs/vae --data z.csv")), ["label", "7", "4"]);
}
