//! Where rows come from.

use std::path::PathBuf;

use clap::Args;
use elbo_data::{ColumnKind, DecimalMark, Delimiter, TableOptions};
use elbo_fit::{Error, Query, absolute};

use super::values::{parse_image, parse_memory};

/// Where rows come from.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Source {
    /// The file of the rows: a text table (.csv, .tsv and others), Parquet, Arrow or Feather, a workbook (.xlsx), .npy or .npz, IDX
    /// images (MNIST), a Matrix Market file, or counts of words (LDA-C, UCI's bags of words); each may be packed (.gz, .bz2,
    /// .zst, .zip). A folder may hold the parts of one table (Parquet, Arrow, .csv) or pictures (PNG, JPEG), whose sub-folders are
    /// labels. `-` means standard input. The format is known by the content of the file, or else by its name.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// A column of the table that is not data but a label: give its name, its number from 1, or `last`. The flag may be given again.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label_column: Vec<String>,
    #[command(flatten)]
    pub(crate) table: Table,
    /// The IDX file that holds the labels of IDX images; one that is named as MNIST's is found by itself.
    #[arg(long, value_name = "PATH")]
    pub(crate) labels: Option<PathBuf>,
    /// The rows of a table are images of this size.
    #[arg(long, value_name = "HxW", value_parser = parse_image)]
    pub(crate) image: Option<(usize, usize)>,
    /// How much memory the rows may take, as 500M or 2G (1G is 1024M, and a plain number is bytes). A pixel takes 4 bytes and
    /// a number of a table 8, and 4 more where an auto-encoder scales it. Rows that take more lie in a temporary file, in the
    /// folder that TMPDIR names, or else in /tmp. The results are the same, to the bit.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub(crate) memory: Option<u64>,
}

/// How a table is read. What is not given is decided by all of its rows, and the decision is printed.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Table {
    /// The part that is read of a file that holds several tables: an array of an .npz file, a sheet of a workbook, or a file of
    /// a zip archive.
    #[arg(long, value_name = "NAME")]
    pub(crate) part: Option<String>,
    /// Whether the first row of a text table names the columns.
    #[arg(long, value_name = "yes|no", value_parser = parse_header)]
    pub(crate) header: Option<bool>,
    /// The mark between the cells of a text table: comma, semicolon, tab, pipe or space, or the mark itself.
    #[arg(long, value_name = "MARK", value_parser = |text: &str| text.parse::<Delimiter>())]
    pub(crate) delimiter: Option<Delimiter>,
    /// The decimal mark of the numbers in a text table: `.` or `,`.
    #[arg(long, value_name = "MARK", value_parser = parse_decimal)]
    pub(crate) decimal: Option<DecimalMark>,
    /// The columns that are read, separated by commas; each is given by its name, or by its number from 1.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// The columns that are left out, separated by commas.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) drop: Vec<String>,
    /// What a column holds: real, count, binary, category, ordinal, time or text. Levels may be named in their order, as
    /// size=ordinal:small,medium,large. The flag may be given again.
    #[arg(long = "type", value_name = "COLUMN=KIND", value_parser = parse_type)]
    pub(crate) types: Vec<(String, ColumnKind, Vec<String>)>,
}

impl Table {
    pub(crate) fn options(&self) -> TableOptions {
        TableOptions {
            part: self.part.clone(),
            header: self.header,
            delimiter: self.delimiter,
            decimal: self.decimal,
            columns: self.columns.clone(),
            drop: self.drop.clone(),
            types: self.types.iter().map(|(column, kind, _)| (column.clone(), *kind)).collect(),
            levels: self
                .types
                .iter()
                .filter(|(.., levels)| !levels.is_empty())
                .map(|(column, _, levels)| (column.clone(), levels.clone()))
                .collect(),
        }
    }
}

fn parse_header(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("give yes or no".into()),
    }
}

fn parse_decimal(text: &str) -> Result<DecimalMark, String> {
    match text {
        "." | "point" => Ok(DecimalMark::Point),
        "," | "comma" => Ok(DecimalMark::Comma),
        _ => Err("give . or ,".into()),
    }
}

fn parse_type(text: &str) -> Result<(String, ColumnKind, Vec<String>), String> {
    let of_levels = ["=ordinal:", "=category:"].into_iter().find_map(|kind| {
        let (column, levels) = text.split_once(kind)?;
        let levels: Vec<String> = levels.split(',').map(str::to_owned).collect();
        Some((column, if kind == "=ordinal:" { ColumnKind::Ordinal } else { ColumnKind::Category }, levels))
    });
    if let Some((column, kind, levels)) = of_levels {
        let mut known = std::collections::BTreeSet::new();
        if levels.len() < 2 || !levels.iter().all(|level| !level.is_empty() && known.insert(level)) {
            return Err("give two levels or more, each once, as size=ordinal:small,medium,large".into());
        }
        return Ok((column.to_owned(), kind, levels));
    }
    let (column, kind) = text.rsplit_once('=').ok_or("give a column and its kind, as age=count")?;
    if column.split_once('=').is_some_and(|(_, rest)| rest.contains(',')) {
        return Err("give --type once for each column, as --type a=count --type b=binary".into());
    }
    let kind = match kind {
        "real" => ColumnKind::Real,
        "count" => ColumnKind::Count,
        "binary" => ColumnKind::Binary,
        "category" => ColumnKind::Category,
        "ordinal" => ColumnKind::Ordinal,
        "time" => ColumnKind::Time,
        "text" => ColumnKind::Text,
        _ => return Err("the kinds are real, count, binary, category, ordinal, time and text".into()),
    };
    Ok((column.to_owned(), kind, Vec::new()))
}

impl Source {
    /// The source that is named: what is built in, or a file.
    pub(crate) fn named(&self, builtin: Option<&str>) -> Result<elbo_fit::Source, Error> {
        let source = match (builtin, &self.data) {
            (Some(name), _) => {
                self.needs_file()?;
                elbo_fit::Source::built_in(name)?
            }
            (None, Some(path)) => elbo_fit::Source::file(path)?,
            (None, None) => {
                self.needs_file()?;
                let hint = "«data PATH» reads a file; for train, mixture and factors `digits` is built in";
                return Err(Error::request("no data given", hint));
            }
        };
        Ok(elbo_fit::Source {
            label_columns: self.label_column.clone(),
            table: self.table.options(),
            labels: self.labels.as_deref().map(absolute).transpose()?,
            image: self.image.map(|(height, width)| [height, width]),
            ..source
        })
    }

    /// Refuses what says how a file is read, where there is none.
    fn needs_file(&self) -> Result<(), Error> {
        let table = &self.table;
        let given = [
            ("label-column", !self.label_column.is_empty()),
            ("labels", self.labels.is_some()),
            ("image", self.image.is_some()),
            ("header", table.header.is_some()),
            ("delimiter", table.delimiter.is_some()),
            ("decimal", table.decimal.is_some()),
            ("columns", !table.columns.is_empty()),
            ("drop", !table.drop.is_empty()),
            ("type", !table.types.is_empty()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((setting, _)) => Err(Error::request(
                format!("«{setting}» says how a file is read, but none is given"),
                "«data PATH» names the file",
            )),
            None => Ok(()),
        }
    }

    /// The rows that a fitted model is asked about.
    pub(crate) fn asked(&self) -> Result<Query, Error> {
        if self.data.is_none() {
            self.needs_file()?;
        }
        let source = self.data.as_ref().map(|_| self.named(None)).transpose()?;
        Ok(Query { source, memory: self.memory })
    }
}
