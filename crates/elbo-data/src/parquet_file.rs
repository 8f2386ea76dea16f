//! A table as a Parquet file: one row group, no compression.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::{Column, Error, Table};

/// The bytes of the file; the columns have equal lengths.
pub(crate) fn bytes(table: &Table) -> Result<Vec<u8>, Error> {
    encode(table).map_err(|error| Error::Parquet { reason: error.to_string() })
}

fn encode(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let fields = table
        .columns
        .iter()
        .map(|(name, column)| {
            let (physical, logical) = match column {
                Column::Real(_) => (Physical::DOUBLE, None),
                Column::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            };
            Type::primitive_type_builder(name, physical)
                .with_logical_type(logical)
                .with_repetition(Repetition::REQUIRED)
                .build()
                .map(Arc::new)
        })
        .collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("table").with_fields(fields).build()?;

    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default())?;
    let mut rows = file.next_row_group()?;
    for (_, column) in &table.columns {
        let Some(mut writer) = rows.next_column()? else {
            break;
        };
        match column {
            Column::Real(values) => {
                writer.typed::<DoubleType>().write_batch(values, None, None)?;
            }
            Column::Text(values) => {
                let values: Vec<ByteArray> = values.iter().map(|text| text.as_str().into()).collect();
                writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            }
        }
        writer.close()?;
    }
    rows.close()?;
    file.into_inner()
}
