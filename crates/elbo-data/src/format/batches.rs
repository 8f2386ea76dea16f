//! Record batches of Arrow as columns of a frame: what Parquet and Arrow files are read as.

use std::collections::HashMap;
use std::iter;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type,
    Decimal256Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, Schema, TimeUnit};

use crate::cells::{Cells, Number, Numbers, Precision};
use crate::collector::SpillBuffer;
use crate::error::{CellFault, Error};
use crate::frame::{Column, Frame, Levels, Matrix};
use crate::names::brief;
use crate::numbering::{Numbering, RowNumbers, is_name_of};
use crate::options::ReadOptions;
use crate::roles::place;

/// A file of record batches.
pub(super) struct Table {
    pub(super) schema: Arc<Schema>,
    /// How many rows it says that it has, where it does.
    pub(super) rows: Option<u64>,
    pub(super) batches: Box<dyn Iterator<Item = Result<RecordBatch, Error>>>,
}

/// A file that is opened when it is its turn.
pub(super) struct Part<'a> {
    pub(super) path: &'a Path,
    /// Opens it; so many rows are read at a time.
    pub(super) open: &'a dyn Fn(usize) -> Result<Table, Error>,
    /// What the names of its folders tell: columns of one value.
    pub(super) keys: Vec<(String, String)>,
}

impl Part<'_> {
    /// Opens it; so many rows are read at a time.
    fn table(&self, rows: usize) -> Result<Table, Error> {
        let table = decoded(self.path, || (self.open)(rows))?;
        let (path, mut left) = (self.path.to_owned(), table.batches);
        let next = move || decoded(&path, || left.next().transpose()).transpose();
        Ok(Table { batches: Box::new(iter::from_fn(next)), ..table })
    }
}

/// What a decoder makes of bytes. Those of Arrow and Parquet panic at some damaged files, as at an index whose buffer ends
/// within a number: to check it all beforehand would be to decode it.
fn decoded<T>(path: &Path, decode: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let stops = |_| {
        let reason = "its decoder stops at what it holds".into();
        Err(Error::Damaged { path: path.to_owned(), format: "Parquet or Arrow file", reason })
    };
    panic::catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(stops)
}

/// Numbers that are read at a time, of all columns together.
const PIECE: usize = 1 << 19;

/// Reads tables of the same columns, one below the other.
pub(super) fn read(name: &Path, parts: &[Part<'_>], options: &ReadOptions) -> Result<Frame, Error> {
    let mut single = true;
    let mut first: Option<(&Path, Vec<Field>)> = None;
    for part in parts {
        let schema = part.table(1)?.schema;
        let fields = fields(part.path, &schema, options)?;
        single &= fields.iter().all(|field| field.single);
        match &first {
            None => first = Some((part.path, fields)),
            Some((path, first)) => same(path, first, part.path, &fields)?,
        }
    }
    let Some((_, fields)) = first else { return Err(Error::Empty { path: name.to_owned() }) };
    match options.precision {
        Precision::Double if !single => read_as::<f64>(name, parts, &fields, options),
        _ => read_as::<f32>(name, parts, &fields, options),
    }
}

/// What the cells of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Number,
    Text,
    Levels {
        ordered: bool,
    },
    Time,
    /// Cells of a kind that is not read, in a column that is left out.
    Unread,
}

/// A column of a file.
struct Field {
    name: String,
    kind: Kind,
    /// Whether single precision holds each number exactly.
    single: bool,
    /// Whether it holds durations, which are read in hours.
    hours: bool,
    /// Whether it is an index of pandas', which numbers or names the rows.
    index: bool,
}

/// The columns of a schema.
fn fields(path: &Path, schema: &Schema, options: &ReadOptions) -> Result<Vec<Field>, Error> {
    let indices = pandas_indices(schema);
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let wanted = wanted(&names, options);
    let of = |field: &Arc<arrow_schema::Field>| {
        let name = field.name().clone();
        let kind = match kind(field.data_type(), field.dict_is_ordered().unwrap_or(false)) {
            // Labels keep each digit.
            Some(Kind::Number)
                if matches!(field.data_type(), DataType::Int64 | DataType::UInt64)
                    && options.label_columns.contains(&name) =>
            {
                Kind::Text
            }
            Some(kind) => kind,
            None if !wanted.contains(&&name) => Kind::Unread,
            None => {
                let kind = field.data_type().to_string();
                return Err(Error::ColumnType { path: path.to_owned(), column: name, kind });
            }
        };
        let single = kind != Kind::Number || is_single(field.data_type());
        let index = kind != Kind::Time && indices.contains(&name);
        let hours = matches!(field.data_type(), DataType::Duration(_));
        Ok(Field { name, kind, single, hours, index })
    };
    schema.fields().iter().map(of).collect()
}

/// The columns that are not left out.
fn wanted<'a>(names: &'a [String], options: &ReadOptions) -> Vec<&'a String> {
    let places = |wanted: &[String]| wanted.iter().filter_map(|name| place(name, names)).collect::<Vec<_>>();
    let (chosen, dropped) = (places(&options.table.columns), places(&options.table.drop));
    let is_wanted = |i: &usize| (chosen.is_empty() || chosen.contains(i)) && !dropped.contains(i);
    (0..names.len()).filter(is_wanted).map(|i| &names[i]).collect()
}

fn kind(of: &DataType, ordered: bool) -> Option<Kind> {
    use DataType as D;
    Some(match of {
        // A time without a date is no instant.
        D::Utf8
        | D::LargeUtf8
        | D::Utf8View
        | D::Binary
        | D::LargeBinary
        | D::BinaryView
        | D::Time32(_)
        | D::Time64(_) => Kind::Text,
        D::Duration(_) => Kind::Number,
        D::Date32 | D::Date64 | D::Timestamp(..) => Kind::Time,
        D::Dictionary(_, values) => match kind(values, false)? {
            Kind::Text | Kind::Number => Kind::Levels { ordered },
            _ => return None,
        },
        other if other.is_numeric() || matches!(other, D::Null | D::Boolean) => Kind::Number,
        _ => return None,
    })
}

fn is_single(of: &DataType) -> bool {
    use DataType as D;
    matches!(of, D::Null | D::Boolean | D::Float16 | D::Float32 | D::Int8 | D::Int16 | D::UInt8 | D::UInt16)
}

/// The columns that pandas wrote as the index of its rows.
fn pandas_indices(schema: &Schema) -> Vec<String> {
    let read = || {
        let pandas: serde_json::Value = serde_json::from_str(schema.metadata().get("pandas")?).ok()?;
        let names = pandas.get("index_columns")?.as_array()?;
        Some(names.iter().filter_map(|name| name.as_str().map(Into::into)).collect())
    };
    read().unwrap_or_default()
}

/// Checks that two files have the same columns.
fn same(first: &Path, fields: &[Field], other: &Path, others: &[Field]) -> Result<(), Error> {
    let say = |field: Option<&Field>| match field {
        Some(Field { name, kind, .. }) => format!("has a column `{}` of {}", brief(name), kind.name()),
        None => "has no more".into(),
    };
    for i in 0..fields.len().max(others.len()) {
        let (one, another) = (fields.get(i), others.get(i));
        let told = |field: Option<&Field>| field.map(|field| (field.name.clone(), field.kind));
        if told(one) != told(another) {
            let (path, other) = (first.to_owned(), other.to_owned());
            return Err(Error::Unlike { path, first: say(one), other, second: say(another) });
        }
    }
    Ok(())
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::Text => "text",
            Self::Levels { .. } => "categories",
            Self::Time => "times",
            Self::Unread => "what is not read",
        }
    }
}

/// Columns as they are read.
enum Store<T> {
    /// Numbers, in columns side by side.
    Numbers {
        columns: Vec<usize>,
        values: SpillBuffer<T>,
    },
    Text {
        column: usize,
        cells: Vec<String>,
    },
    Levels {
        column: usize,
        ordered: bool,
        names: Vec<String>,
        places: HashMap<String, u32>,
        codes: Vec<Option<u32>>,
    },
    Time {
        column: usize,
        instants: Vec<Option<i64>>,
    },
}

fn read_as<T: Number>(
    name: &Path,
    parts: &[Part<'_>],
    fields: &[Field],
    options: &ReadOptions,
) -> Result<Frame, Error>
where
    Numbers: From<Cells<T>>,
{
    let mut stores = stores::<T>(fields, options.memory);
    let mut whole = vec![Whole::default(); fields.len()];
    let at_a_time = (PIECE / fields.len().max(1)).clamp(1, 8192);
    let (mut rows, mut keys): (usize, Vec<(String, Vec<String>)>) = (0, Vec::new());
    for part in parts {
        let before = rows;
        let table = part.table(at_a_time)?;
        for batch in table.batches {
            let batch = batch?;
            for store in &mut stores {
                take(store, &batch, fields, rows, part.path, options)?;
            }
            let numbers = fields
                .iter()
                .zip(&mut whole)
                .zip(batch.columns())
                .filter(|((field, _), _)| field.kind == Kind::Number && !field.index);
            numbers.for_each(|((field, whole), array)| whole.take(&field.name, array, rows));
            rows += batch.num_rows();
        }
        if let Some(expected) = table.rows.filter(|&expected| expected != (rows - before) as u64) {
            let (path, unit) = (part.path.to_owned(), "file");
            return Err(Error::EntryCount {
                path,
                line: 1,
                unit,
                expected: expected as usize,
                actual: rows - before,
            });
        }
        for (place, (key, value)) in part.keys.iter().enumerate() {
            if place == keys.len() {
                keys.push((key.clone(), Vec::new()));
            }
            keys[place].1.resize(rows, value.clone());
        }
    }
    let mut frame = Frame { name: name.display().to_string(), memory: options.memory, ..Frame::new() };
    for index in fields.iter().filter(|field| field.index) {
        let chosen = format!("`{}` is set aside", index.name);
        frame.reading.decide("index", chosen, "pandas wrote it as the index of the rows", false);
    }
    for field in fields.iter().filter(|field| field.hours && !field.index) {
        frame.reading.decide("unit", format!("`{}` is in hours", field.name), "it holds durations", false);
    }
    let mut aside = Vec::new();
    for (field, whole) in fields.iter().zip(&whole) {
        let Some(rounded @ (row, text)) = &whole.rounded else { continue };
        if is_name_of(&field.name, whole.numbering.kind()) && !is_asked(&field.name, options) {
            let why = format!(
                "it numbers the rows, with more digits than a number keeps, as `{text}` in row {}",
                row + 1
            );
            let chosen = format!("`{}` is set aside", brief(&field.name));
            frame.reading.decide("index", chosen, why, false);
            aside.push(&field.name);
        } else {
            frame.reading.decide_rounded(&field.name, rounded);
        }
    }
    for store in stores {
        let (name, column) = match store {
            Store::Numbers { columns, values } => {
                let columns = columns.iter().map(|&column| fields[column].name.clone()).collect();
                let values = values.finish()?.into();
                ("values", Column::Matrix(Matrix { columns, values, image: None, full_scale: None }))
            }
            Store::Text { column, cells } => (&*fields[column].name, Column::of_texts(cells)),
            Store::Time { column, instants } => (&*fields[column].name, Column::Time(instants)),
            Store::Levels { column, ordered, names, codes, .. } => {
                (&*fields[column].name, levels(ordered, names, &codes)?)
            }
        };
        frame.push(name, column);
    }
    for (name, values) in keys {
        let numbers: Option<Vec<f64>> = values.iter().map(|value| value.parse().ok()).collect();
        frame.push(name, numbers.map_or_else(|| Column::of_texts(values), Column::Real));
    }
    let kept: Vec<usize> = frame
        .names()
        .enumerate()
        .filter(|(_, name)| !aside.iter().any(|aside| **aside == **name))
        .map(|(i, _)| i)
        .collect();
    if aside.is_empty() || kept.is_empty() { Ok(frame) } else { frame.select(&kept) }
}

/// What is lost of the whole numbers of a column that f64 does not hold.
#[derive(Clone, Default)]
struct Whole {
    /// The first of them: its row, from 0, and as it is written.
    rounded: Option<(usize, String)>,
    /// Whether they number the rows, of a column that is called so.
    numbering: RowNumbers,
}

impl Whole {
    /// Takes the cells of a column, before which there are so many rows.
    fn take(&mut self, name: &str, array: &ArrayRef, before: usize) {
        if self.rounded.is_none() {
            self.rounded = rounded(array).map(|(row, text)| (before + row, text));
        }
        if matches!(array.data_type(), DataType::Int64 | DataType::UInt64)
            && is_name_of(name, Numbering::Distinct)
        {
            let texts = texts(array).unwrap_or_default();
            for text in &texts {
                self.numbering.take(text.as_ref().and_then(|text| text.parse().ok()));
            }
        }
    }
}

/// Whether a column is asked for by its name.
fn is_asked(name: &str, options: &ReadOptions) -> bool {
    let table = &options.table;
    let mut asked =
        table.columns.iter().chain(&options.label_columns).chain(&options.wanted).chain(table.types.keys());
    asked.any(|asked| asked == name)
}

/// Levels in their order, or in that of the alphabet, so that the order of the rows does not change a code.
fn levels(ordered: bool, names: Vec<String>, codes: &[Option<u32>]) -> Result<Column, Error> {
    if ordered {
        return Ok(Column::Ordinal(Levels::new(names, codes.to_vec())?));
    }
    let mut sorted: Vec<usize> = (0..names.len()).collect();
    sorted.sort_by_key(|&level| &names[level]);
    let mut places = vec![0; names.len()];
    sorted.iter().zip(0..).for_each(|(&level, place)| places[level] = place);
    let codes = codes.iter().map(|code| code.map(|code| places[code as usize])).collect();
    Ok(Column::Category(Levels::new(sorted.iter().map(|&level| names[level].clone()).collect(), codes)?))
}

/// Where the columns go, from left to right; those that pandas calls an index go nowhere.
fn stores<T: Number>(fields: &[Field], memory: Option<u64>) -> Vec<Store<T>> {
    let columns: Vec<usize> = (0..fields.len()).filter(|&column| !fields[column].index).collect();
    let is_number = |column: usize| fields[column].kind == Kind::Number;
    let numbers = columns.iter().filter(|&&column| is_number(column)).count() as u64;
    let mut stores = Vec::new();
    for group in columns.chunk_by(|&a, &b| is_number(a) && is_number(b)) {
        let column = group[0];
        stores.push(match fields[column].kind {
            Kind::Number => {
                // Each has its share of the memory.
                let share = memory.map(|memory| memory.saturating_mul(group.len() as u64) / numbers);
                Store::Numbers { columns: group.to_vec(), values: SpillBuffer::new(share) }
            }
            Kind::Text | Kind::Unread => Store::Text { column, cells: Vec::new() },
            Kind::Levels { ordered } => {
                let (names, places, codes) = Default::default();
                Store::Levels { column, ordered, names, places, codes }
            }
            Kind::Time => Store::Time { column, instants: Vec::new() },
        });
    }
    stores
}

/// Adds a batch, before which there are so many rows.
fn take<T: Number>(
    store: &mut Store<T>,
    batch: &RecordBatch,
    fields: &[Field],
    before: usize,
    path: &Path,
    options: &ReadOptions,
) -> Result<(), Error> {
    let other = |column: usize, array: &ArrayRef| {
        let (path, column, kind) =
            (path.to_owned(), fields[column].name.clone(), array.data_type().to_string());
        Error::ColumnType { path, column, kind }
    };
    let array = |column: usize| match batch.columns().get(column) {
        Some(array) => Ok(array),
        None => Err(Error::NoColumns { path: path.to_owned() }),
    };
    match store {
        Store::Numbers { columns, values } => {
            let mut of = Vec::with_capacity(columns.len());
            for &column in &*columns {
                of.push(numbers(array(column)?).ok_or_else(|| other(column, &batch.columns()[column]))?);
            }
            let mut of_row = Vec::with_capacity(of.len());
            for row in 0..batch.num_rows() {
                of_row.clear();
                for (place, numbers) in of.iter().enumerate() {
                    let value = numbers[row];
                    let fault = match T::of(value).into() {
                        _ if value.is_nan() => (!options.missing).then_some(CellFault::Empty),
                        _ if value.is_infinite() => Some(CellFault::NotFinite),
                        stored if stored.is_infinite() => Some(CellFault::TooLarge),
                        _ => None,
                    };
                    if let Some(fault) = fault {
                        let column = fields[columns[place]].name.clone();
                        return Err(Error::Value {
                            path: path.to_owned(),
                            column,
                            row: before + row + 1,
                            value,
                            fault,
                        });
                    }
                    of_row.push(T::of(value));
                }
                values.extend(of_row.iter().copied())?;
            }
        }
        Store::Text { column, cells } if fields[*column].kind == Kind::Unread => {
            cells.resize(before + batch.num_rows(), String::new());
        }
        Store::Text { column, cells } => {
            let array = array(*column)?;
            cells.extend(
                texts(array).ok_or_else(|| other(*column, array))?.into_iter().map(Option::unwrap_or_default),
            );
        }
        Store::Time { column, instants } => {
            let array = array(*column)?;
            instants.extend(times(array).ok_or_else(|| other(*column, array))?);
        }
        Store::Levels { column, names, places, codes, .. } => {
            let array = array(*column)?;
            let dictionary = array.as_any_dictionary_opt().ok_or_else(|| other(*column, array))?;
            let values = level_names(dictionary.values()).ok_or_else(|| other(*column, array))?;
            let place = |value: Option<String>| {
                let value = value.filter(|value| !value.is_empty())?;
                Some(*places.entry(value).or_insert_with_key(|value| {
                    names.push(value.clone());
                    names.len() as u32 - 1
                }))
            };
            let of_value: Vec<Option<u32>> = values.into_iter().map(place).collect();
            let keys = dictionary.keys();
            let keys = numbers_of_keys(keys).ok_or_else(|| other(*column, array))?;
            for key in keys {
                match key {
                    None => codes.push(None),
                    Some(key) => codes.push(*of_value.get(key).ok_or_else(|| other(*column, array))?),
                }
            }
        }
    }
    Ok(())
}

/// The numbers of an array, NaN where one is missing.
fn numbers(array: &ArrayRef) -> Option<Vec<f64>> {
    fn of<P: ArrowPrimitiveType>(array: &ArrayRef, number: impl Fn(P::Native) -> f64) -> Option<Vec<f64>> {
        let array = array.as_primitive_opt::<P>()?;
        Some(array.iter().map(|value| value.map_or(f64::NAN, &number)).collect())
    }
    use DataType as D;
    match array.data_type() {
        D::Null => Some(vec![f64::NAN; array.len()]),
        D::Boolean => {
            let array = array.as_boolean_opt()?;
            Some(array.iter().map(|value| value.map_or(f64::NAN, |yes| f64::from(u8::from(yes)))).collect())
        }
        D::Int8 => of::<Int8Type>(array, f64::from),
        D::Int16 => of::<Int16Type>(array, f64::from),
        D::Int32 => of::<Int32Type>(array, f64::from),
        D::Int64 => of::<Int64Type>(array, |value| value as f64),
        D::UInt8 => of::<UInt8Type>(array, f64::from),
        D::UInt16 => of::<UInt16Type>(array, f64::from),
        D::UInt32 => of::<UInt32Type>(array, f64::from),
        D::UInt64 => of::<UInt64Type>(array, |value| value as f64),
        D::Float16 => of::<Float16Type>(array, f64::from),
        D::Float32 => of::<Float32Type>(array, f64::from),
        D::Float64 => of::<Float64Type>(array, |value| value),
        D::Duration(TimeUnit::Second) => of::<DurationSecondType>(array, |value| value as f64 / 3.6e3),
        D::Duration(TimeUnit::Millisecond) => {
            of::<DurationMillisecondType>(array, |value| value as f64 / 3.6e6)
        }
        D::Duration(TimeUnit::Microsecond) => {
            of::<DurationMicrosecondType>(array, |value| value as f64 / 3.6e9)
        }
        D::Duration(TimeUnit::Nanosecond) => {
            of::<DurationNanosecondType>(array, |value| value as f64 / 3.6e12)
        }
        &D::Decimal32(_, scale) => of::<Decimal32Type>(array, |value| decimal(&value, scale)),
        &D::Decimal64(_, scale) => of::<Decimal64Type>(array, |value| decimal(&value, scale)),
        &D::Decimal128(_, scale) => of::<Decimal128Type>(array, |value| decimal(&value, scale)),
        &D::Decimal256(_, scale) => of::<Decimal256Type>(array, |value| decimal(&value, scale)),
        _ => None,
    }
}

/// The number nearest to `value` · 10^−scale.
fn decimal(value: &impl ToString, scale: i8) -> f64 {
    format!("{}e{}", value.to_string(), -i16::from(scale)).parse().unwrap_or(f64::NAN)
}

/// The texts of an array; bytes must be UTF-8.
fn texts(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    use DataType as D;
    fn utf8<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Option<Vec<Option<String>>> {
        values
            .map(|value| {
                value
                    .map(|bytes| String::from_utf8(bytes.into()).ok())
                    .map_or(Some(None), |text| text.map(Some))
            })
            .collect()
    }
    fn shown(number: Option<impl ToString>) -> Option<String> {
        number.map(|number| number.to_string())
    }
    let owned = |text: Option<&str>| text.map(Into::into);
    Some(match array.data_type() {
        D::Time32(_) | D::Time64(_) => return times_of_day(array),
        D::Int64 => array.as_primitive_opt::<Int64Type>()?.iter().map(shown).collect(),
        D::UInt64 => array.as_primitive_opt::<UInt64Type>()?.iter().map(shown).collect(),
        D::Utf8 => array.as_string_opt::<i32>()?.iter().map(owned).collect(),
        D::LargeUtf8 => array.as_string_opt::<i64>()?.iter().map(owned).collect(),
        D::Utf8View => array.as_string_view_opt()?.iter().map(owned).collect(),
        D::Binary => utf8(array.as_binary_opt::<i32>()?.iter())?,
        D::LargeBinary => utf8(array.as_binary_opt::<i64>()?.iter())?,
        D::BinaryView => utf8(array.as_binary_view_opt()?.iter())?,
        _ => return None,
    })
}

/// Times without a date, as a watch shows them.
fn times_of_day(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    fn of<P: ArrowPrimitiveType>(
        array: &ArrayRef,
        micros: impl Fn(P::Native) -> i64,
    ) -> Option<Vec<Option<String>>> {
        let shown = |micros: i64| {
            let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
            let time = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
            if rest == 0 { time } else { format!("{time}.{rest:06}") }
        };
        let array = array.as_primitive_opt::<P>()?;
        Some(array.iter().map(|time| time.map(|time| shown(micros(time)))).collect())
    }
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            of::<Time32SecondType>(array, |time| i64::from(time) * 1_000_000)
        }
        DataType::Time32(_) => of::<Time32MillisecondType>(array, |time| i64::from(time) * 1000),
        DataType::Time64(TimeUnit::Microsecond) => of::<Time64MicrosecondType>(array, |time| time),
        DataType::Time64(_) => of::<Time64NanosecondType>(array, |time| time.div_euclid(1000)),
        _ => None,
    }
}

/// The first whole number of an array that f64 does not hold exactly: its row, and as it is written.
fn rounded(array: &ArrayRef) -> Option<(usize, String)> {
    fn of<P: ArrowPrimitiveType>(
        array: &ArrayRef,
        exact: impl Fn(P::Native) -> bool,
    ) -> Option<(usize, String)>
    where
        P::Native: ToString,
    {
        let mut values = array.as_primitive_opt::<P>()?.iter().enumerate();
        values.find_map(|(row, value)| {
            value.filter(|&value| !exact(value)).map(|value| (row, value.to_string()))
        })
    }
    match array.data_type() {
        DataType::Int64 => of::<Int64Type>(array, |value| value as f64 as i128 == i128::from(value)),
        DataType::UInt64 => of::<UInt64Type>(array, |value| value as f64 as i128 == i128::from(value)),
        DataType::Decimal128(_, 0) => of::<Decimal128Type>(array, |value| value as f64 as i128 == value),
        _ => None,
    }
}

/// The names of levels: texts, or numbers as they are written.
fn level_names(values: &ArrayRef) -> Option<Vec<Option<String>>> {
    texts(values).or_else(|| {
        let numbers = numbers(values)?;
        Some(numbers.into_iter().map(|number| (!number.is_nan()).then(|| number.to_string())).collect())
    })
}

/// The keys of a dictionary.
fn numbers_of_keys(keys: &dyn Array) -> Option<Vec<Option<usize>>> {
    fn of<K: ArrowDictionaryKeyType>(keys: &dyn Array) -> Option<Vec<Option<usize>>>
    where
        K::Native: TryInto<usize>,
    {
        let keys = keys.as_any().downcast_ref::<arrow_array::PrimitiveArray<K>>()?;
        keys.iter().map(|key| key.map_or(Some(None), |key| key.try_into().ok().map(Some))).collect()
    }
    match keys.data_type() {
        DataType::Int8 => of::<Int8Type>(keys),
        DataType::Int16 => of::<Int16Type>(keys),
        DataType::Int32 => of::<Int32Type>(keys),
        DataType::Int64 => of::<Int64Type>(keys),
        DataType::UInt8 => of::<UInt8Type>(keys),
        DataType::UInt16 => of::<UInt16Type>(keys),
        DataType::UInt32 => of::<UInt32Type>(keys),
        DataType::UInt64 => of::<UInt64Type>(keys),
        _ => None,
    }
}

/// Instants in microseconds since 1970; `None` of an array of other cells, or of an instant that is out of range.
fn times(array: &ArrayRef) -> Option<Vec<Option<i64>>> {
    fn of<P: ArrowPrimitiveType>(
        array: &ArrayRef,
        micros: impl Fn(P::Native) -> Option<i64>,
    ) -> Option<Vec<Option<i64>>> {
        let array = array.as_primitive_opt::<P>()?;
        array.iter().map(|value| value.map_or(Some(None), |value| micros(value).map(Some))).collect()
    }
    const SECOND: i64 = 1_000_000;
    match array.data_type() {
        DataType::Date32 => of::<Date32Type>(array, |days| i64::from(days).checked_mul(86_400 * SECOND)),
        DataType::Date64 => of::<Date64Type>(array, |millis| millis.checked_mul(1000)),
        DataType::Timestamp(TimeUnit::Second, _) => {
            of::<TimestampSecondType>(array, |time| time.checked_mul(SECOND))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            of::<TimestampMillisecondType>(array, |time| time.checked_mul(1000))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => of::<TimestampMicrosecondType>(array, Some),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            of::<TimestampNanosecondType>(array, |time| Some(time.div_euclid(1000)))
        }
        _ => None,
    }
}
