//! Frames as Parquet files: one row group, no compression.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use crate::atomic::write_atomically;
use crate::cells::Numbers;
use crate::error::Error;
use crate::frame::{Column, Frame};

/// Writes a file.
pub(crate) fn write(frame: &Frame, path: &Path) -> Result<(), Error> {
    let rows = frame.rows()?;
    let bytes = encode(frame, rows).map_err(|error| Error::Parquet { reason: error.to_string() })?;
    write_atomically(path, &bytes)
}

/// How the cells of a column are stored, what they mean, and whether one may be missing: a real number then is NaN.
fn stored(column: &Column) -> (Physical, Option<LogicalType>, Repetition) {
    let instant = || LogicalType::timestamp(true, TimeUnit::MICROS);
    match column {
        Column::Matrix(matrix) if matches!(matrix.values, Numbers::F32(_)) => {
            (Physical::FLOAT, None, Repetition::REQUIRED)
        }
        Column::Real(_) | Column::Matrix(_) => (Physical::DOUBLE, None, Repetition::REQUIRED),
        Column::Count(_) | Column::Binary(_) => (Physical::INT64, None, Repetition::OPTIONAL),
        Column::Sparse(_) => (Physical::INT64, None, Repetition::REQUIRED),
        Column::Time(_) => (Physical::INT64, Some(instant()), Repetition::OPTIONAL),
        Column::Category(_) | Column::Ordinal(_) => {
            (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL)
        }
        Column::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED),
    }
}

fn encode(frame: &Frame, rows: usize) -> Result<Vec<u8>, ParquetError> {
    let mut names = frame.names();
    let mut fields = Vec::with_capacity(frame.width());
    for (_, column) in &frame.columns {
        for name in names.by_ref().take(column.width()) {
            let (physical, logical, repetition) = stored(column);
            let field = Type::primitive_type_builder(&name, physical)
                .with_logical_type(logical)
                .with_repetition(repetition)
                .build()?;
            fields.push(Arc::new(field));
        }
    }
    let schema = Type::group_type_builder("table").with_fields(fields).build()?;

    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default())?;
    let mut group = file.next_row_group()?;
    for (_, column) in &frame.columns {
        for place in 0..column.width() {
            let Some(mut writer) = group.next_column()? else { break };
            column_of(column, place, rows, &mut writer)?;
            writer.close()?;
        }
    }
    group.close()?;
    file.into_inner()
}

fn column_of(
    column: &Column,
    place: usize,
    rows: usize,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let number = |row| column.number(row, place).unwrap_or(f64::NAN);
    match column {
        Column::Matrix(matrix) if matches!(matrix.values, Numbers::F32(_)) => {
            whole::<FloatType>((0..rows).map(|row| number(row) as f32), writer)
        }
        Column::Real(_) | Column::Matrix(_) => whole::<DoubleType>((0..rows).map(number), writer),
        Column::Sparse(counts) => {
            whole::<Int64Type>((0..rows).map(|row| counts.at(row, place).into()), writer)
        }
        Column::Count(values) => {
            let counts = values.iter().map(|count| count.map(u64::cast_signed));
            some::<Int64Type>(counts, writer)
        }
        Column::Binary(values) => some::<Int64Type>(values.iter().map(|yes| yes.map(i64::from)), writer),
        Column::Time(values) => some::<Int64Type>(values.iter().copied(), writer),
        Column::Category(levels) | Column::Ordinal(levels) => {
            let texts = (0..rows).map(|row| levels.codes()[row].map(|_| ByteArray::from(levels.name(row))));
            some::<ByteArrayType>(texts, writer)
        }
        Column::Text(values) => {
            whole::<ByteArrayType>(values.iter().map(|text| text.as_str().into()), writer)
        }
    }
}

/// Writes cells of which none is missing.
fn whole<T: DataType>(
    cells: impl Iterator<Item = T::T>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    writer.typed::<T>().write_batch(&cells.collect::<Vec<_>>(), None, None).map(drop)
}

/// Writes cells of which some are missing.
fn some<T: DataType>(
    cells: impl Iterator<Item = Option<T::T>>,
    writer: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
    let there: Vec<T::T> = cells.into_iter().flatten().collect();
    writer.typed::<T>().write_batch(&there, Some(&levels), None).map(drop)
}
