//! From z to x: rows of given z, and ways through the latent space of a fitted model.

use elbo::guide::Family;
use elbo_data::{Column, Dataset, Table, is_made_up};

use crate::{
    columns::listed,
    error::Error,
    fitted::{Latents, Means, ModelMetadata, Pictures},
    observer::Observer,
    query::{Answer, Query},
    room::{check_room, numbers},
    source::{Source, describe_new},
    table,
};

/// Rows of x that are made of given z.
#[derive(Debug)]
pub struct Decoded {
    /// The rows, in the units of the file.
    pub told: Answer,
    /// The rows as pictures, where they are pictures.
    pub pictures: Option<Pictures>,
    /// How many of them stand side by side; none where that is free.
    pub side_by_side: Option<usize>,
}

/// A way along each dimension of z.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traverse {
    /// This dimension alone, from 1.
    pub dimension: Option<usize>,
    /// Where it begins and ends, of Gaussian z; if open, −3 and 3.
    pub range: Option<[f64; 2]>,
    /// How many steps it has, of Gaussian z; if open, 11.
    pub steps: Option<usize>,
    /// The row, from 1, at whose mean the other dimensions stay; if open, they stay at the mean of the prior.
    pub row: Option<usize>,
}

/// Steps of a way, where their number is open.
pub const STEPS: usize = 11;
/// Where a way along a dimension begins and ends: three standard deviations of the prior on either side.
const RANGE: [f64; 2] = [-3.0, 3.0];

type Of<'a> = (&'a dyn Latents, &'a ModelMetadata);

/// x of the rows of z in a file.
pub(crate) fn decode((of, about): Of<'_>, asked: &Query, watch: &dyn Observer) -> Result<Decoded, Error> {
    let Some(source) = &asked.source else {
        let message = "no z is given: there is nothing to decode";
        return Err(Error::request(message, "«data PATH» is a table of z, as «elbo encode» writes it"));
    };
    let names = of.names();
    let mut data = read(source, &names, asked.memory, watch)?;
    if let Some(cell) = data.values.iter().position(|z| !z.is_finite()) {
        let message = format!("`{}`: {} is {}", data.name, data.place(cell), data.values[cell]);
        return Err(Error::new(message).remedy("each cell of z must be a number"));
    }
    let (rows, labels) = (data.rows(), data.labels.take());
    let x = of.decode(&data.values)?;
    let told = Answer::of("row", 0..rows, labels, table::of(&about.columns, &x));
    Ok(Decoded { told, pictures: of.pictures(&x), side_by_side: None })
}

/// The columns of z in a file: of these names, of the names of their means, or by their places where the file has no header.
fn read(
    source: &Source,
    names: &[String],
    memory: Option<u64>,
    watch: &dyn Observer,
) -> Result<Dataset<f64>, Error> {
    let means: Vec<String> = names.iter().map(|name| format!("{name}_mean")).collect();
    let of = |names: &[String]| source.read_exact(memory, Some(names));
    let data = of(names).or_else(|error| of(&means).map_err(|_| error))?;
    describe_new(&data.reading, watch);
    let place = |name: &String| data.columns.iter().position(|column| column == name);
    for wanted in [names, &means] {
        if let Some(places) = wanted.iter().map(place).collect::<Option<Vec<usize>>>() {
            return Ok(data.keep_columns(&places)?);
        }
    }
    let unnamed = data.columns.iter().all(|name| is_made_up(name));
    if unnamed && data.width() == names.len() {
        return Ok(data);
    }
    let message = match names.iter().zip(&means).find(|(name, mean)| place(name).or(place(mean)).is_none()) {
        Some((name, mean)) if !unnamed => format!("`{}` has no column `{name}`, and no `{mean}`", data.name),
        _ => format!("`{}` has {} columns, but z has {}", data.name, data.width(), names.len()),
    };
    Err(Error::new(message)
        .remedy(format!("the columns that are needed are {}, or their means", listed(names))))
}

/// x along each dimension of z, the others held.
pub(crate) fn traverse(
    (of, about): Of<'_>,
    asked: &Query,
    way: &Traverse,
    watch: &dyn Observer,
) -> Result<Decoded, Error> {
    let (width, family) = (of.names().len(), of.family());
    // Columns of z that a dimension takes.
    let (each, still) = match family {
        Family::Gaussian => (1, 0.0),
        Family::Bernoulli => (1, 0.5),
        Family::Categorical(classes) => (classes, (classes as f64).recip()),
    };
    let dimensions = width / each;
    let walked = match way.dimension {
        Some(one) if one == 0 || one > dimensions => {
            let message = format!("z has {dimensions} dimensions: «dimension {one}» is none of them");
            return Err(Error::request(message, format!("give a number from 1 to {dimensions}")));
        }
        Some(one) => vec![one - 1],
        None => (0..dimensions).collect(),
    };
    let values: Vec<f64> = match family {
        Family::Gaussian => {
            let [from, to] = way.range.unwrap_or(RANGE);
            let last = last_of(way.steps.unwrap_or(STEPS), walked.len() * (width + about.columns.len()))?;
            (0..=last).map(|step| between(from, to, step, last)).collect()
        }
        _ if way.range.is_some() || way.steps.is_some() => {
            let message = "this z is discrete: its levels are gone through";
            return Err(Error::request(message, "leave «range» and «steps» out"));
        }
        Family::Bernoulli => vec![0.0, 1.0],
        Family::Categorical(classes) => (1..=classes).map(|class| class as f64).collect(),
    };
    let origin = match way.row {
        Some(row) => {
            let Means { z, .. } = of.means(about, asked, watch)?;
            row_of(&z, width, "row", row)?.to_vec()
        }
        None => vec![still; width],
    };
    let (mut z, mut at) = (Vec::new(), Vec::new());
    for &dimension in &walked {
        for (step, &value) in values.iter().enumerate() {
            let first = z.len();
            z.extend_from_slice(&origin);
            let moved = &mut z[first + dimension * each..first + (dimension + 1) * each];
            match family {
                Family::Categorical(_) => {
                    moved
                        .iter_mut()
                        .enumerate()
                        .for_each(|(class, z)| *z = f64::from(u8::from(class == step)));
                }
                _ => moved[0] = value,
            }
            at.push((dimension, step, value));
        }
    }
    let x = of.decode(&z)?;
    let mut out = Table::new();
    let count = |n: usize| Some(n as u64 + 1);
    out.push("dimension", Column::Count(at.iter().map(|&(dimension, ..)| count(dimension)).collect()));
    out.push("step", Column::Count(at.iter().map(|&(_, step, _)| count(step)).collect()));
    out.push("z", Column::Real(at.iter().map(|&(.., value)| value).collect()));
    out.columns.extend(table::of(&about.columns, &x).columns);
    Ok(Decoded { told: Answer::new(out), pictures: of.pictures(&x), side_by_side: Some(values.len()) })
}

/// x along the straight line in z from the mean of one row to that of another; both are numbers from 1.
pub(crate) fn interpolate(
    (of, about): Of<'_>,
    asked: &Query,
    [from, to]: [usize; 2],
    steps: usize,
    watch: &dyn Observer,
) -> Result<Decoded, Error> {
    let width = of.names().len();
    let last = last_of(steps, width + about.columns.len())?;
    let Means { z, .. } = of.means(about, asked, watch)?;
    let (a, b) = (row_of(&z, width, "from", from)?, row_of(&z, width, "to", to)?);
    let line = |step| a.iter().zip(b).map(move |(&a, &b)| between(a, b, step, last));
    let x = of.decode(&(0..=last).flat_map(line).collect::<Vec<f64>>())?;
    let mut out = Table::new();
    out.push("step", Column::Count((1..=steps as u64).map(Some).collect()));
    out.push("share", Column::Real((0..=last).map(|step| between(0.0, 1.0, step, last)).collect()));
    out.columns.extend(table::of(&about.columns, &x).columns);
    Ok(Decoded { told: Answer::new(out), pictures: of.pictures(&x), side_by_side: Some(steps) })
}

/// The last of this many steps, from 0; each makes so many numbers.
fn last_of(steps: usize, each: usize) -> Result<usize, Error> {
    check_room(&format!("the rows of {steps} steps"), numbers(&[steps, each]), "give fewer «steps»")?;
    steps.checked_sub(1).filter(|last| *last > 0).ok_or_else(|| {
        let message = format!("a way of {steps} steps has no beginning and end");
        Error::request(message, "give «steps 2» or more")
    })
}

/// Where a step is on a straight way; at both ends what stands there, to the bit.
fn between(from: f64, to: f64, step: usize, last: usize) -> f64 {
    match step {
        0 => from,
        step if step == last => to,
        step => (from * (last - step) as f64 + to * step as f64) / last as f64,
    }
}

/// A row of z, by its number from 1.
fn row_of<'a>(z: &'a [f64], width: usize, setting: &str, number: usize) -> Result<&'a [f64], Error> {
    let rows = z.len() / width;
    let place = number.checked_sub(1).filter(|place| *place < rows);
    place.map(|place| &z[place * width..(place + 1) * width]).ok_or_else(|| {
        let message = format!("the data have {rows} rows: «{setting} {number}» is none of them");
        Error::request(message, format!("rows are numbered from 1 to {rows}"))
    })
}
