//! The number of threads changes no bit of any result.

use crate::common::{Place, measurements};

#[test]
fn one_thread_and_more_give_the_same_fit() {
    let place = Place::new();
    place.write("data.csv", measurements(2000));
    for (name, data) in [
        ("digits", "digits --samples 2"),
        ("data", "--data data.csv --label-column kind --sigma per-column --validation 0.4"),
    ] {
        // A batch of 200 rows is shared by threads in parts that do not divide it evenly.
        for threads in [1, 2, 3] {
            place.succeeds(&format!(
                "train {data} --epochs 3 --batch 200 --threads {threads} --runs {threads}"
            ));
        }
        for threads in ["2", "3"] {
            place.same_fit(&format!("1/{name}"), &format!("{threads}/{name}"));
        }
        for verb in ["evaluate", "encode", "reconstruct", "sample -n 700 --draw"] {
            let with =
                |threads: usize| place.succeeds(&format!("{verb} 1/{name} --threads {threads}")).stdout;
            assert_eq!(with(1), with(2));
        }
    }
}
