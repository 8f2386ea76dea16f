//! Columns of new rows are found by their names.

use std::collections::{HashMap, HashSet};

use elbo_data::{Dataset, Number, Role, TableOptions, is_made_up};

use crate::{
    error::Error,
    observer::{Observer, ObserverExt},
};

/// The places of the columns of these names, in this order, whatever stands between them.
///
/// Where the file has no header, or the model was fitted to one that had none, columns are found by their places: `kept` are
/// those of the model among the `stored` ones of the fit's file, which messages list as `listing`, and where no label was set
/// aside, or one is in the new file too, a file may have the model's columns alone. Other columns of a file with names are
/// left aside, and said.
pub(crate) fn places<T: Number>(
    data: &Dataset<T>,
    wanted: &[String],
    stored: usize,
    listing: &[String],
    kept: impl Fn() -> Vec<usize>,
    labelled: bool,
    watch: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    let width = data.width();
    if let Some(name) = twice(wanted) {
        return Err(Error::new(format!("the model has two columns `{name}`"))
            .remedy("no fit has two columns of one name: the file is damaged, or was changed"));
    }
    // Without names a label may stand where the fit left a column out.
    let label_unknown = labelled && data.labels.is_none() && wanted.len() < stored;
    // The fit's own file, or one like it.
    let as_stored = || {
        let kept = kept();
        let same = kept.iter().zip(wanted).all(|(&place, name)| data.columns.get(place) == Some(name));
        (width == stored && same && kept.len() == wanted.len() && !(label_unknown && made_up(wanted)))
            .then_some(kept)
    };
    if let Some(kept) = as_stored() {
        return Ok(kept);
    }
    let named = !made_up(&data.columns) && !made_up(wanted);
    if named && data.columns == wanted {
        return Ok((0..width).collect());
    }
    let names: HashSet<&String> = data.columns.iter().collect();
    // Names that only look made up, in another order.
    let permuted = width == stored && width == wanted.len() && names == wanted.iter().collect();
    if named || permuted {
        return by_name(data, wanted, listing, watch);
    }
    if width == stored && !label_unknown {
        say_by_place(data, wanted, watch);
        Ok(kept())
    } else if width == wanted.len() && (data.labels.is_none() || labelled || text_label(data)) {
        say_by_place(data, wanted, watch);
        Ok((0..width).collect())
    } else {
        let message =
            format!("`{}` has {width} columns, but {stored} are needed, by their places", data.name);
        Err(Error::new(message).remedy(format!(
            "the columns that are needed are {}; «label-column NUMBER» sets a label aside",
            listed(listing)
        )))
    }
}

/// Says that columns are taken by their places, where one side alone has names for them.
fn say_by_place<T: Number>(data: &Dataset<T>, wanted: &[String], watch: &dyn Observer) {
    let name = &data.name;
    match (made_up(&data.columns), made_up(wanted)) {
        (true, false) => {
            let order = listed(wanted);
            let text = format!(
                "the columns of `{name}` have no names: they are taken in the order of the fit's: {order}"
            );
            watch.say("note", text);
        }
        (false, true) => {
            let order = listed(&data.columns);
            let text = format!(
                "the columns of the fit have no names: those of `{name}` are taken by their places: {order}"
            );
            watch.say("note", text);
        }
        _ => {}
    }
}

/// Refuses a choice of columns of new rows that is not the model's: «columns» must name each that it takes, and «drop» none.
/// What the fit was told to read says nothing of them.
pub(crate) fn check_chosen<T: Number>(
    data: &Dataset<T>,
    (asked, of_fit): (&TableOptions, &TableOptions),
    wanted: &[String],
) -> Result<(), Error> {
    let names: Vec<&String> = data.reading.columns.iter().map(|column| &column.name).collect();
    let place = |name: &String| {
        let number = || match name.as_str() {
            "last" => names.len().checked_sub(1),
            number => number.parse::<usize>().ok()?.checked_sub(1).filter(|&place| place < names.len()),
        };
        names.iter().position(|other| *other == name).or_else(number)
    };
    let refuse = |what: String| {
        let needs = listed(wanted);
        Err(Error::request(
            format!("`{}`: {what}", data.name),
            format!(
                "leave the setting out: the model takes its own columns, {needs}, and leaves others aside"
            ),
        ))
    };
    let taken: Vec<usize> =
        (0..names.len()).filter(|&place| data.reading.columns[place].role == Role::Data).collect();
    for (setting, list, other) in
        [("columns", &asked.columns, &of_fit.columns), ("drop", &asked.drop, &of_fit.drop)]
    {
        if list == other {
            continue;
        }
        if let Some(name) = list.iter().find(|name| place(name).is_none()) {
            return refuse(format!("«{setting}» names `{name}`, and there is no such column"));
        }
        let listed: HashSet<usize> = list.iter().filter_map(place).collect();
        let wrong = taken.iter().find(|place| listed.contains(place) == (setting == "drop"));
        if let Some(&wrong) = wrong {
            let what = if setting == "drop" { "names" } else { "does not name" };
            return refuse(format!("«{setting}» {what} `{}`, which the model takes", names[wrong]));
        }
    }
    Ok(())
}

/// A name that occurs more than once.
pub(crate) fn twice(names: &[String]) -> Option<&String> {
    let mut seen = HashSet::new();
    names.iter().find(|name| !seen.insert(*name))
}

/// Whether the label holds text, which no column of a model does.
fn text_label<T>(data: &Dataset<T>) -> bool {
    let labels = data.reading.in_role(|role| *role == Role::Label);
    !labels.is_empty() && labels.iter().all(|column| !column.kind.is_number())
}

fn by_name<T: Number>(
    data: &Dataset<T>,
    wanted: &[String],
    listing: &[String],
    watch: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    let mut known = HashMap::new();
    for (place, name) in data.columns.iter().enumerate() {
        if known.insert(name, place).is_some() && wanted.contains(name) {
            return Err(Error::new(format!("`{}` has two columns `{name}`", data.name))
                .remedy("columns are found by their names: give each a name of its own"));
        }
    }
    let place = |name: &String| known.get(name).copied().ok_or_else(|| lacks(data, name, wanted));
    let places: Vec<usize> = wanted.iter().map(place).collect::<Result<_, _>>()?;
    let of_model: HashSet<&String> = wanted.iter().chain(listing).collect();
    let others: Vec<String> = data.columns.iter().filter(|name| !of_model.contains(name)).cloned().collect();
    if !others.is_empty() {
        watch.say("left aside", format!("the model does not use {}", listed(&others)));
    }
    Ok(places)
}

fn lacks<T: Number>(data: &Dataset<T>, name: &str, wanted: &[String]) -> Error {
    Error::new(no_column(data, name)).remedy(format!("the columns that are needed are {}", listed(wanted)))
}

/// The message that there is no column of this name among the data, and where it is.
pub(crate) fn no_column<T>(data: &Dataset<T>, name: &str) -> String {
    match data.reading.why_not(name) {
        Some(why) => format!("column `{name}` of `{}` is no data: {why}", data.name),
        None => format!("`{}` has no column `{name}`", data.name),
    }
}

/// The names of columns, where they are not too many.
pub(crate) fn listed(columns: &[String]) -> String {
    const LISTED: usize = 20;
    let first = columns[..LISTED.min(columns.len())].join(", ");
    match columns.len().saturating_sub(LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Whether no column was given a name: their file has no header.
fn made_up(columns: &[String]) -> bool {
    columns.iter().all(|name| is_made_up(name))
}
