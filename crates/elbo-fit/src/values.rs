//! What the numbers of rows are, in words.

use elbo_data::{Dataset, Number};

/// What the numbers of a column are: the first that all of them are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Values {
    Binary,
    Counts,
    Whole,
    Real,
}

/// What the values of rows are; of columns that differ it is told which hold what.
pub(crate) fn what_values_are<T: Number>(data: &Dataset<T>) -> String {
    let mut columns = vec![Values::Binary; data.width()];
    for row in data.values.chunks_exact(data.width().max(1)) {
        columns
            .iter_mut()
            .zip(row)
            .for_each(|(column, &value)| *column = (*column).max(Values::of(value.into())));
    }
    let widest = columns.iter().copied().max().unwrap_or(Values::Real);
    let of = |kind: Values| -> Vec<String> {
        let names = columns.iter().zip(&data.columns).filter(|(column, _)| **column == kind);
        names.map(|(_, name)| format!("`{name}`")).collect()
    };
    match widest {
        Values::Binary => "every value is 0 or 1".into(),
        Values::Counts => "the values are whole numbers from 0".into(),
        Values::Whole => "the values are whole numbers".into(),
        Values::Real => {
            let others = [
                (Values::Counts, "whole numbers from 0"),
                (Values::Whole, "whole numbers"),
                (Values::Binary, "0 or 1"),
            ];
            let told =
                others.into_iter().filter(|(kind, _)| columns.contains(kind)).map(|(kind, what)| {
                    match (&of(kind)[..], columns.len()) {
                        ([name], _) => format!("{name} holds {what}"),
                        (names @ ([_, _] | [_, _, _]), _) => {
                            format!("{} hold {what}", names.join(", "))
                        }
                        (names, all) => format!("{} of {all} columns hold {what}", names.len()),
                    }
                });
            std::iter::once("the values are real numbers".to_owned())
                .chain(told)
                .collect::<Vec<_>>()
                .join("; ")
        }
    }
}

impl Values {
    /// Of one value; a missing one is of each.
    fn of(value: f64) -> Self {
        match value {
            _ if value.is_nan() || value == 0.0 || value == 1.0 => Self::Binary,
            _ if value.fract() != 0.0 => Self::Real,
            _ if value > 0.0 => Self::Counts,
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use elbo_data::{Column, Frame, Missing};

    use super::*;

    #[test]
    fn each_column_is_called_what_it_is() {
        let told = |names: &[&str], values: &[f64]| {
            let mut frame = Frame::new();
            for (d, &name) in names.iter().enumerate() {
                frame.push(name, Column::Real(values.chunks(names.len()).map(|row| row[d]).collect()));
            }
            what_values_are(&frame.numbers::<f64>(Missing::IsNan).unwrap())
        };
        assert_eq!(told(&["a", "b"], &[0.0, 1.0, 1.0, f64::NAN]), "every value is 0 or 1");
        assert_eq!(told(&["a", "b"], &[0.0, 7.0, 1.0, 2.0]), "the values are whole numbers from 0");
        assert_eq!(told(&["a", "b"], &[0.0, -7.0, 1.0, 2.0]), "the values are whole numbers");
        assert_eq!(told(&["a"], &[0.5, 2.0]), "the values are real numbers");
        assert_eq!(
            told(&["a", "b", "c", "d"], &[0.5, 1.0, 3.0, 4.0, 2.0, 0.0, 9.0, 5.0]),
            "the values are real numbers; `c`, `d` hold whole numbers from 0; `b` holds 0 or 1"
        );
    }
}
