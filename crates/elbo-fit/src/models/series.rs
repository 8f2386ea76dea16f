//! Rows in time order: one sequence, or several that a column tells apart.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    path::Path,
};

use elbo::{diagnose::Transforms, random::Key};
use elbo_data::{
    Cell, Column, ColumnKind, Dataset, Role, Table, TimeOrder, Timeline, Times, is_standard_input,
};
use serde::{Deserialize, Serialize};

use crate::{
    columns::listed,
    error::Error,
    figure::Steps,
    fitted::{Fitted, ModelMetadata},
    moments::moments,
    observer::{Observer, ObserverExt},
    query::{Answer, Approximation, Evaluation, LOG_DENSITY, Query, Term, Uncertainty, push_log_density},
    room::{check_room, numbers},
    rows::{DataConfig, Fingerprinted, Rows},
    source::{Source, short},
    table, took_part,
};

/// Rows in time order, each sequence by itself.
#[derive(Debug)]
pub struct OrderedRows {
    /// The rows, with one of missing cells at each step that has none.
    pub(crate) rows: Rows,
    /// When they were seen, where that is known.
    pub(crate) when: Option<SeriesTimes>,
}

impl Fingerprinted for OrderedRows {
    fn fingerprint(&self) -> (&str, &str) {
        self.rows.fingerprint()
    }

    fn config(&self) -> DataConfig {
        self.rows.config()
    }
}

impl OrderedRows {
    /// Without the columns of one value.
    pub(crate) fn without_constant(self, observer: &dyn Observer) -> Result<Self, Error> {
        Ok(Self { rows: self.rows.without_constant(observer)?, ..self })
    }
}

/// When rows were seen.
#[derive(Debug)]
pub(crate) struct SeriesTimes {
    times: Times,
    line: Timeline,
}

impl SeriesTimes {
    /// The times of the steps from `first` to `last`, and of so many ahead.
    fn of(&self, first: usize, last: usize, ahead: usize) -> impl Iterator<Item = f64> {
        let later = (1..=ahead).map(move |number| self.line.ahead(last - 1, number));
        self.line.times[first..last].iter().copied().chain(later)
    }

    /// What lies between a row and the next, where that is the same throughout.
    pub(crate) fn step(&self) -> Option<TimeStep> {
        let length = self.line.step.length()?;
        Some(TimeStep { length, text: self.line.step.to_string() })
    }

    /// All times as a chart names them, and of so many steps ahead of the last.
    pub(crate) fn names(&self, ahead: usize) -> Vec<String> {
        self.of(0, self.line.times.len(), ahead).map(|time| self.times.text(time)).collect()
    }
}

/// What lies between a row of a series and the next.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TimeStep {
    /// Microseconds of the calendar, or units of the file's own; of months their mean.
    length: f64,
    text: String,
}

impl TimeStep {
    /// Whether another step is as long: months differ in length, and a few days may hold no Sunday.
    fn is_near(&self, other: &Self) -> bool {
        (0.8..1.25).contains(&(other.length / self.length))
    }
}

/// What a chart names its steps by, of which so many are ahead of the last row.
pub(crate) fn steps(when: Option<&SeriesTimes>, ahead: usize) -> Steps {
    let Some(when) = when else { return Steps::default() };
    Steps { name: when.times.name.clone(), names: when.names(ahead) }
}

/// Rows in time order, how many each sequence has, and when they were seen.
type InOrder = (Dataset<f64>, Vec<usize>, Option<SeriesTimes>);

/// Says which columns may tell that rows without times stand in another order; `labels` tell sequences apart.
fn say_untimed(
    data: &Dataset<f64>,
    source: &Source,
    labels: Option<&[String]>,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<(), Error> {
    const ORDER: &str = "the rows are taken in the order of the file";
    let dates = data.reading.columns.iter().filter(|column| column.kind == ColumnKind::Time);
    let aside = dates.filter(|column| matches!(column.role, Role::Aside(_) | Role::Label));
    let dates: Vec<String> = aside.map(|column| format!("`{}`", column.name)).collect();
    if dates.len() > 1 {
        let text =
            format!("columns {} hold dates: {ORDER}; «time NAME» takes one for their times", listed(&dates));
        observer.say("warning", text);
        return Ok(());
    }
    let of_labels = match (&data.labels, &data.label_names[..]) {
        (Some(texts), [label]) if labels.is_none() => Some((label.clone(), texts.clone())),
        _ => None,
    };
    let texts = of_labels.into_iter().chain(texts_aside(data, source, memory)?);
    if let Some((name, _)) = texts.into_iter().find(|(_, texts)| all_fall(texts, labels)) {
        let text = format!(
            "`{name}` may be the time, and falls: {ORDER}; sort them oldest first or write dates as 2016-02-01"
        );
        observer.say("warning", text);
    }
    Ok(())
}

/// The columns of text that are set aside, by name. They are read once more: no model holds them.
fn texts_aside(
    data: &Dataset<f64>,
    source: &Source,
    memory: Option<u64>,
) -> Result<Vec<(String, Vec<String>)>, Error> {
    let is_text = |kind| matches!(kind, ColumnKind::Text | ColumnKind::Category | ColumnKind::Ordinal);
    let aside = data.reading.in_role(|role| matches!(role, Role::Aside(_)));
    let names: HashSet<&String> =
        aside.into_iter().filter(|column| is_text(column.kind)).map(|column| &column.name).collect();
    // Standard input can be read only once.
    if names.is_empty() || is_standard_input(Path::new(&source.data)) {
        return Ok(Vec::new());
    }
    let frame = source.frame(memory)?;
    let rows = frame.rows()?;
    let text = |column: &Column, row| match column.cell(row, 0) {
        Cell::Text(text) => text.into_owned(),
        _ => String::new(),
    };
    let of = frame.columns.iter().filter(|(name, column)| names.contains(name) && is_text(column.kinds()[0]));
    Ok(of.map(|(name, column)| (name.clone(), (0..rows).map(|row| text(column, row)).collect())).collect())
}

/// Whether texts fall; where labels tell sequences apart, those of each.
fn all_fall(texts: &[String], labels: Option<&[String]>) -> bool {
    let Some(labels) = labels.filter(|labels| labels.len() == texts.len()) else { return falls(texts) };
    let mut sequences: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for (label, text) in labels.iter().zip(texts) {
        sequences.entry(label).or_default().push(text.clone());
    }
    let several = || sequences.values().filter(|texts| texts.len() > 1);
    several().next().is_some() && several().all(|texts| falls(texts))
}

/// Whether texts that all differ have numbers that fall, as `2019M12` and `2019M11`, and never rise.
fn falls(texts: &[String]) -> bool {
    let numbers = |text: &String| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
    };
    let of: Vec<Vec<u64>> = texts.iter().map(numbers).collect();
    of.iter().all(|numbers| !numbers.is_empty())
        && of.is_sorted_by(|a, b| a >= b)
        && of.first() > of.last()
        && texts.iter().collect::<HashSet<_>>().len() == texts.len()
}

/// Brings rows to time order, and says what that took.
fn in_time_order(
    data: Dataset<f64>,
    source: &Source,
    several: bool,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<(Dataset<f64>, Option<SeriesTimes>), Error> {
    let Some(times) = data.times.clone() else {
        let labels = data.labels.as_deref().filter(|_| several);
        say_untimed(&data, source, labels, memory, observer)?;
        return Ok((data, None));
    };
    let labels = data.labels.as_deref().filter(|_| several);
    let line = Timeline::of(&times, labels, |row| data.lines.of(row))?;
    let known = || line.times.iter().copied();
    let (first, last) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let (first, last, name) = (times.text(first), times.text(last), &times.name);
    if line.step.is_regular() {
        observer.say("time", format!("`{name}`, {first} to {last}, in steps of {}", line.step));
    } else {
        let between = if line.times.len() > 1 { format!(", {} apart", line.step) } else { String::new() };
        observer.say("time", format!("`{name}`, {first} to {last}{between}"));
        if line.times.len() > line.lengths.len() {
            observer.say("note", "the times between rows differ: the model takes rows as equally far apart");
        }
    }
    match line.order {
        TimeOrder::Reversed if line.repeated > 0 => {
            let (number, path) = (line.repeated, &data.name);
            return Err(Error::new(format!(
                "`{path}`: the rows stand newest first by `{name}`, but {number} have the time of another row: how those follow one \
                 another is not known"
            ))
            .remedy("sort the rows oldest first, or give one column that holds both date and time"));
        }
        TimeOrder::InOrder => {}
        TimeOrder::Reversed => {
            observer.say("order", "the rows stand newest first: they are taken in time order");
        }
        TimeOrder::Mixed => observer.say("order", "the rows stand in no order: they are taken in time order"),
    }
    if line.empty() > 0 {
        let text =
            format!("{} steps have no row: each is taken as a row whose cells are missing", line.empty());
        observer.say("gaps", text);
    }
    if line.repeated > 0 {
        let text = format!(
            "{} rows have the time of the row before them; «sequence-column NAME» tells sequences apart",
            line.repeated
        );
        observer.say("note", text);
    }
    if line.rows.iter().copied().eq((0..data.rows()).map(Some)) {
        return Ok((data, Some(SeriesTimes { times, line })));
    }
    // A step without a row is of the sequence, and stands at the place, of the row before it.
    let stands: Vec<usize> = line
        .rows
        .iter()
        .scan(0, |before, row| {
            *before = row.unwrap_or(*before);
            Some(*before)
        })
        .collect();
    let width = data.width();
    let moved = data.at_rows(&stands);
    let cell = |cell: usize, value: f64| if line.rows[cell / width].is_some() { value } else { f64::NAN };
    let data = moved.converted(memory, cell)?;
    Ok((data, Some(SeriesTimes { times, line })))
}

/// Reads rows, and brings them to time order, of several sequences where a column says which of them a row is of.
pub(crate) fn read(
    sequence_column: Option<&str>,
    source: Source,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<OrderedRows, Error> {
    let source = if sequence_column.is_some() { source.label_column(sequence_column) } else { source };
    let unasked = source.label_columns.is_empty();
    let asked = source.clone();
    let rows = Rows::read_series(source, memory, observer)?;
    let like_time = |name: &&String| rows.data.times.is_none() && asked.may_be_time(name);
    if let Some(name) = rows.data.columns.iter().find(like_time).filter(|_| rows.data.width() > 1) {
        let text = format!(
            "column `{name}` is taken as data, since its numbers are in no order; «time NAME» takes a column for the time of \
             the rows, «drop NAME» leaves it out"
        );
        observer.say("note", text);
    }
    let rows = ordered(rows, sequence_column.is_some(), memory, observer)?;
    // Labels that all differ tell no sequences apart.
    let repeated = |labels: &[String]| labels.iter().collect::<HashSet<_>>().len() < labels.len();
    if unasked && rows.rows.data.labels.as_deref().is_some_and(repeated) {
        observer.say("note", "all rows are one sequence; «sequence-column NAME» tells several apart");
    }
    Ok(rows)
}

/// The same of a fit that is made once more, whose configuration says which column holds the times.
pub(crate) fn again(
    several: bool,
    source: Source,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<OrderedRows, Error> {
    ordered(Rows::read(source, memory, observer)?, several, memory, observer)
}

/// Rows in time order.
fn ordered(
    rows: Rows,
    several: bool,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<OrderedRows, Error> {
    let Rows { config, data, weights } = rows;
    let (data, when) = in_time_order(data, &config.source, several, memory, observer)?;
    Ok(OrderedRows { rows: Rows { config, data, weights }, when })
}

/// How many rows each sequence has: those of one label, where labels tell them apart.
pub(crate) fn lengths(
    data: &Dataset<f64>,
    several: bool,
    observer: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    let Some(labels) = data.labels.as_ref().filter(|_| several) else { return Ok(vec![data.rows()]) };
    let (mut lengths, mut known, mut row) = (Vec::new(), HashSet::new(), 0);
    for sequence in labels.chunk_by(|a, b| a == b) {
        if !known.insert(&sequence[0]) {
            return Err(Error::new(format!(
                "`{}`: sequence `{}` goes on in line {}, after another",
                data.name,
                sequence[0],
                data.lines.of(row)
            ))
            .remedy("the rows of a sequence must stand together, in time order"));
        }
        lengths.push(sequence.len());
        row += sequence.len();
    }
    if let (Some(least), Some(most)) = (lengths.iter().min(), lengths.iter().max()) {
        observer.say("sequences", format!("{} of {least} to {most} rows", lengths.len()));
    }
    Ok(lengths)
}

/// How many rows of each sequence have a cell.
fn seen(data: &Dataset<f64>, lengths: &[usize]) -> Vec<usize> {
    let width = data.width();
    let has_cell = |row: &&[f64]| row.iter().any(|x| !x.is_nan());
    sequences(&data.values, width, lengths).map(|of| of.chunks(width).filter(has_cell).count()).collect()
}

/// An error about a row of a sequence that begins at this one, with the place in the file.
fn placed(error: elbo::Error, data: &Dataset<f64>, first: usize) -> Error {
    let elbo::Error::Domain { what, value, domain } = &error else { return error.into() };
    let number = |text: &str| text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let place = what.strip_prefix("row ").and_then(|rest| rest.split_once(", column "));
    let place = place.and_then(|(row, column)| Some((number(row)?, data.columns.get(number(column)?)?)));
    let Some((row, column)) = place else { return error.into() };
    let line = data.lines.of(first + row);
    Error::new(format!(
        "`{}`: column `{column}` line {line} is {}, but must be {domain}",
        data.name,
        short(*value)
    ))
    .remedy("the fit has seen no such value: empty the cell, or fit anew with rows that have it")
}

/// The transforms of all sequences, from those that `of` makes of a sequence and its number from 0.
pub(crate) fn transforms(
    x: &[f64],
    columns: &[String],
    lengths: &[usize],
    of: impl Fn(u64, &[f64]) -> Result<Vec<f64>, elbo::Error>,
) -> Result<Transforms, elbo::Error> {
    let mut values = Vec::with_capacity(x.len());
    for (number, sequence) in (0..).zip(sequences(x, columns.len(), lengths)) {
        values.extend(of(number, sequence)?);
    }
    Ok(Transforms { columns: columns.to_vec(), values, lengths: lengths.to_vec(), ..Transforms::default() })
}

/// The sequences, each row by row.
pub(crate) fn sequences<'a>(
    x: &'a [f64],
    width: usize,
    lengths: &'a [usize],
) -> impl Iterator<Item = &'a [f64]> {
    let mut rest = x;
    lengths.iter().map(move |&length| {
        let (sequence, after) = rest.split_at(length * width);
        rest = after;
        sequence
    })
}

/// Refuses a column that says nothing of time.
pub(crate) fn varied(data: &Dataset<f64>) -> Result<(), Error> {
    for (d, (name, of)) in data.columns.iter().zip(moments(data)).enumerate() {
        let mut seen = data.column(d).filter(|x| !x.is_nan());
        let variance = of.variance;
        let fault = match seen.next() {
            None => format!("column `{name}` has no value"),
            Some(first) if seen.all(|x| x == first) => {
                format!("column `{name}` is {} in every row: it says nothing of time", short(first))
            }
            Some(_) if !variance.is_normal() => {
                format!("the variance of column `{name}` is {variance}: its values are out of range")
            }
            Some(first) if !of.varies() => {
                format!(
                    "column `{name}` is {} in every row, to ten digits: it says nothing of time",
                    short(first)
                )
            }
            Some(_) => continue,
        };
        return Err(Error::new(format!("`{}`: {fault}", data.name))
            .remedy("leave the column out, or set a label aside with «label-column»"));
    }
    Ok(())
}

/// Refuses more rows ahead than there is room for.
pub(crate) fn check_ahead(ahead: usize, columns: usize) -> Result<(), Error> {
    let what = format!("{ahead} rows ahead of {columns} columns");
    check_room(&what, numbers(&[ahead, columns.saturating_add(1), 8]), "forecast fewer rows")
}

/// A fitted model of rows in time order.
pub trait Chain: fmt::Debug + Send + Sync {
    /// Makes rows what the model takes.
    ///
    /// # Errors
    /// Where rows lie in a temporary file, and that cannot be written.
    fn scale(&self, _: &mut Dataset<f64>) -> Result<(), Error> {
        Ok(())
    }

    /// The names of what is said of a row: `NAME_mean` and `NAME_sd` of what is not known, `p_1`, … of states.
    fn names(&self, columns: &[String]) -> Vec<String>;

    /// What is said of each row of a sequence, scaled, and of the `ahead` rows after it: `[T + ahead, names]`.
    ///
    /// # Errors
    /// Where the rows are out of the model's range.
    fn say(&self, x: &[f64], ahead: usize) -> Result<Vec<f64>, elbo::Error>;

    /// A lower bound on log p(x) of a sequence, scaled, in nats of the stored one.
    ///
    /// # Errors
    /// Where the rows are out of the model's range.
    fn bound(&self, x: &[f64]) -> Result<f64, elbo::Error>;

    /// A new sequence of rows, and the states behind it.
    ///
    /// # Errors
    /// Where the parameters are not those of a fit.
    fn sample(&self, columns: &[String], rows: usize, key: Key) -> Result<Table, elbo::Error>;
}

/// A fitted model of one sequence, or of several.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sequences<C> {
    /// Whether a column says which sequence a row is of.
    pub(crate) several: bool,
    /// What lies between a row and the next, where that is the same throughout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<TimeStep>,
    pub(crate) chain: C,
}

impl<C: Chain> Sequences<C> {
    /// Rows, scaled, and the lengths of their sequences. A column that tells these apart is no label, which may be missing.
    fn read(&self, about: &ModelMetadata, asked: &Query, observer: &dyn Observer) -> Result<InOrder, Error> {
        self.scaled(self.stored(about, asked, observer)?, observer)
    }

    /// Rows as they are stored, in time order.
    fn stored(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        observer: &dyn Observer,
    ) -> Result<(Dataset<f64>, Option<SeriesTimes>), Error> {
        let of_fit = about.data.source.label_columns.clone();
        let labelled = |source: &Source| {
            let mut source = source.clone();
            if source.label_columns.is_empty() && self.several {
                source.label_columns = of_fit;
            }
            source
        };
        let asked = Query { source: asked.source.as_ref().map(labelled), memory: asked.memory };
        let data = about.rows(&asked, &about.columns, observer)?;
        let source = asked.source.as_ref().unwrap_or(&about.data.source);
        let (data, when) = in_time_order(data, source, self.several, asked.memory, observer)?;
        if let (Some(of_fit), Some(step)) = (&self.step, when.as_ref().and_then(SeriesTimes::step))
            && !of_fit.is_near(&step)
        {
            let text = format!(
                "these rows stand {} apart, and those of the fit {}: the model takes a row as one step of the fit",
                step.text, of_fit.text
            );
            observer.say("warning", text);
        }
        Ok((data, when))
    }

    fn scaled(
        &self,
        (mut data, when): (Dataset<f64>, Option<SeriesTimes>),
        observer: &dyn Observer,
    ) -> Result<InOrder, Error> {
        self.chain.scale(&mut data)?;
        let lengths = lengths(&data, self.several, observer)?;
        Ok((data, lengths, when))
    }
}

impl<C: Chain> Fitted for Sequences<C> {
    /// Each sequence, and the rows ahead of it.
    fn predict(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        ahead: usize,
        observer: &dyn Observer,
    ) -> Result<Answer, Error> {
        check_ahead(ahead, about.columns.len())?;
        let (data, lengths, when) = self.read(about, asked, observer)?;
        let (mut cells, mut numbers, mut labels, mut first) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut times = Vec::new();
        for (sequence, length) in sequences(&data.values, data.width(), &lengths).zip(&lengths) {
            let said = self.chain.say(sequence, ahead).map_err(|error| placed(error, &data, first))?;
            cells.extend(said);
            numbers.extend(0..length + ahead);
            if let Some(when) = &when {
                times.extend(when.of(first, first + length, ahead));
            }
            if let Some(of_rows) = &data.labels {
                labels.extend_from_slice(&of_rows[first..first + length]);
                let next = if self.several { of_rows[first].clone() } else { String::new() };
                labels.extend(std::iter::repeat_n(next, ahead));
            }
            first += length;
        }
        let mut out = table::of(&self.chain.names(&about.columns), &cells);
        if let Some(SeriesTimes { times: of, .. }) = &when {
            out.columns.insert(0, (of.name.clone(), Column::of_times(of, times)));
        }
        Ok(Answer::of("row", numbers, data.labels.as_ref().map(|_| labels), out))
    }

    fn sample(
        &self,
        about: &ModelMetadata,
        number: usize,
        seed: u64,
        _: &dyn Observer,
    ) -> Result<Answer, Error> {
        Ok(Answer::new(self.chain.sample(&about.columns, number, Key::new(seed))?))
    }

    /// The bound on log p(x) of sequences, old or new.
    fn evaluate(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        number: Option<usize>,
        _: u64,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        if number.is_some() {
            let message = "rows in time order are evaluated together: none can be left out";
            return Err(Error::request(message, "leave «rows» out"));
        }
        let stored = self.stored(about, asked, observer)?;
        let took_part = about.took_part(asked, &stored.0);
        let (data, lengths, _) = self.scaled(stored, observer)?;
        let mut first = 0;
        let mut bounds = Vec::with_capacity(lengths.len());
        for (sequence, length) in sequences(&data.values, data.width(), &lengths).zip(&lengths) {
            bounds.push(self.chain.bound(sequence).map_err(|error| placed(error, &data, first))?);
            first += length;
        }
        // A step without a cell, as in a gap of the times, has no log density: it is no row that the mean is of.
        let seen = seen(&data, &lengths);
        let of_seen = seen.iter().sum::<usize>();
        let (rows, number, total) = (of_seen as f64, lengths.len() as f64, bounds.iter().sum::<f64>());
        // The standard error of a ratio of two sums over the sequences; one alone has none.
        let squares = bounds.iter().zip(&seen).map(|(b, &t)| (b - total / rows * t as f64).powi(2));
        let error = (number > 1.0).then(|| (squares.sum::<f64>() * number / (number - 1.0)).sqrt() / rows);
        let spread = error.map_or(String::new(), |error| format!(" ± {error:.4}"));
        let text = format!(
            "{number} {}, {rows} rows: log_density, log p(x | the fit's rows), ≥ {total:.4} nats, {:.4}{spread} per row (bound)",
            if number > 1.0 { "sequences" } else { "sequence" },
            total / rows
        );
        let mut facts = vec![("", text.into())];
        if asked.source.is_some() {
            let text = "each series is measured from its first row on, as one that begins there: rows that go on from those of the \
                        fit are not told what went before";
            facts.push(("note", text.into()));
        }
        facts.extend(took_part::told(took_part, of_seen, "row"));
        let mut table = Table::new();
        table.push("rows", Column::Count(seen.iter().map(|&t| Some(t as u64)).collect()));
        push_log_density(&mut table, bounds, Approximation::Bound);
        let labels = data.labels.as_ref().filter(|_| self.several);
        let of_sequences =
            labels.map(|labels| labels.chunk_by(|a, b| a == b).map(|of| of[0].clone()).collect());
        Ok(Evaluation {
            facts,
            unit: "nats_per_row",
            part: [of_seen; 2],
            took_part,
            weights: None,
            terms: vec![Term {
                name: LOG_DENSITY.into(),
                value: total / rows,
                standard_error: error.map_or(Uncertainty::Unknown, Uncertainty::Of),
                is: Some(Approximation::Bound),
            }],
            rows: Answer::of("sequence", 0..lengths.len(), of_sequences, table),
        })
    }

    fn in_order(&self) -> bool {
        true
    }
}
