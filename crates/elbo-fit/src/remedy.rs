//! What to do about files, in words.

use elbo_data::Remedy;

use crate::text::Text;

/// A remedy as a sentence.
pub(crate) fn words(remedy: &Remedy) -> Text {
    sentence(remedy).into()
}

fn sentence(remedy: &Remedy) -> String {
    let words = match remedy {
        Remedy::UseKnownFormat { known } => return formats(known),
        Remedy::MendCell { column, number } => {
            let column = argument(column, *number);
            return format!(
                "mend the cell; or «type {column}=text» sets the column aside as text, «drop {column}» leaves it out"
            );
        }
        Remedy::TellHeader => "«header yes» says that the first row names the columns; else mend the cell",
        Remedy::TellDecimalMark => "«decimal .» or «decimal ,» says which it is",
        Remedy::PartDecimalCommas => {
            "«decimal ,» reads one column of numbers with decimal commas; of several columns, save the file with semicolons \
             between its cells, or with quotes around its numbers; else give each column a name"
        }
        Remedy::TellOtherMark { mark: ',' } => "leave the decimal mark to be found out, or give «decimal ,»",
        Remedy::TellOtherMark { .. } => "leave the decimal mark to be found out, or give «decimal .»",
        Remedy::WriteOneMark { column } => return write_one_mark(column),
        Remedy::TellAnotherKind => "mend the cell, or give the column another «type»",
        Remedy::TellTime { column } => {
            return format!(
                "give the column another «type»; numbers of days or years are times by «time {}»",
                argument(column, 0)
            );
        }
        Remedy::WriteBinary => "write 1 and 0, or yes and no, or give the column another «type»",
        Remedy::WriteIsoDates => {
            "write the dates as 2016-02-01, the year first; or «drop» leaves the column out, and the rows are taken in the \
             order of the file"
        }
        Remedy::LeaveColumnOut { column } => {
            return format!(
                "«drop {}» leaves it out; or write it as numbers, text or times",
                argument(column, 0)
            );
        }
        Remedy::UseKnownLevel => {
            "write one of these, or leave the cell empty, which is then missing; or fit anew"
        }
        Remedy::RenameColumns => "give each column a name of its own",
        Remedy::NameTable => "«part NAME» names the one to read",
        Remedy::GiveFolderOfParts => {
            "give a file, or a folder that holds the parts of one table (Parquet, Arrow, .csv) or pictures (PNG, JPEG) alone"
        }
        Remedy::AllowMemory => "«memory SIZE» lets more rows lie in a temporary file",
        Remedy::CheckPath => "check the path",
        Remedy::CheckReadPermission => "you may not read this file: check its permissions",
        Remedy::NameFileInFolder => "give the path of one file in it",
        Remedy::FetchOrCompressAgain => "fetch or compress the file again",
        Remedy::FetchTruncatedAgain => "the file is truncated: fetch it again",
        Remedy::FetchInconsistentAgain => "the header and the data disagree: fetch the file again",
        Remedy::FetchDamagedAgain => "the file is truncated or damaged: fetch it again",
        Remedy::UseHeader { form } => form,
        Remedy::SaveAsUtf8 => "save the file as UTF-8 text",
        Remedy::CheckDelimiterAndQuotes => {
            "check the delimiter and the quotes of that line; «delimiter» says what parts the cells"
        }
        Remedy::FillMissing => {
            "fill in the missing cells, or leave their rows out; «elbo factors» and «elbo mixture» take rows with missing cells"
        }
        Remedy::FillTimes => "fill in the missing times, or leave their rows out",
        Remedy::RescaleColumn => "give the column other units",
        Remedy::GiveMoreRows => "give a file with more rows",
        Remedy::KeepColumn => {
            "keep at least one column of numbers besides the labels; «columns» and «type» say which are data"
        }
        Remedy::FitImageToColumns => "height times width must equal the number of columns",
        Remedy::NameColumn { near } => return name_column(near),
        Remedy::UseLabelFile => "`«labels FILE»` gives the labels of images",
        Remedy::UseLabelFileOfRows => "`«labels FILE»` names the label file that belongs to these rows",
        Remedy::UseMatrixMarketHeader => {
            "write it as `%%MatrixMarket matrix coordinate real general`, then `rows columns entries`"
        }
        Remedy::CheckEmptyDocument => "check that line; in an LDA-C file an empty document is written as `0`",
        Remedy::CheckLine => "check that line",
        Remedy::CountAsFormat => {
            "LDA-C counts words from 0; Matrix Market and UCI's bags of words count them from 1; none of them leaves gaps"
        }
        Remedy::GiveCounts => "give counts, not transformed or normalised values",
        Remedy::GiveInputAgain => {
            "the rows of standard input are not kept: give them to it once more, or name a file that has them by «data PATH»"
        }
        Remedy::GiveTable => {
            "give a table with a row for each document, a column for each word and one for the weights; or leave the weights out"
        }
        Remedy::GiveVocabulary => {
            "number the words without gaps, or name all of them with `«vocabulary FILE»`"
        }
        Remedy::OrderVocabulary => "the vocabulary has one word a line, in the order of the indices",
        Remedy::WriteFormatWithText => "write .csv or .parquet, or leave the column out",
        Remedy::UseWholeCheckpoint => "the file is damaged, or is no checkpoint: use another one",
        Remedy::UseCheckpointOfModel => "the checkpoint belongs to another model or version",
        of_places => return of_place(of_places).to_owned(),
    };
    words.to_owned()
}

/// What to do about a place where something cannot be written.
fn of_place(remedy: &Remedy) -> &'static str {
    match remedy {
        Remedy::MakeRoomForRows => {
            "free some space there, name a folder of a larger disk with TMPDIR, or give «memory» more"
        }
        Remedy::ChooseFolderForRows => "name another folder with TMPDIR, or give «memory» more",
        Remedy::MakeRoom => "the disk is full: free some space or write elsewhere",
        Remedy::CheckWritePermission => {
            "you may not write there: check the folder's permissions or write elsewhere"
        }
        Remedy::MakeFolder => "make the folder first",
        Remedy::LeaveFileOutOfPath => "a part of the path is a file, not a folder",
        _ => "give the name of a file, not of a folder",
    }
}

/// What names a label column: its name, or its number where it has none.
pub(crate) fn argument(column: &str, number: usize) -> String {
    if column == format!("column {number}") {
        number.to_string()
    } else if column.contains(char::is_whitespace) {
        format!("'{column}'")
    } else {
        column.to_owned()
    }
}

fn write_one_mark(column: &str) -> String {
    format!(
        "write all numbers with one decimal mark; or «drop {}» leaves that column out",
        argument(column, 0)
    )
}

fn name_column(near: &[String]) -> String {
    let give = "give a name, a number from 1, or `last`";
    let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] => give.into(),
        [name] => format!("{name} is like it; {give}"),
        names => format!("{} are like it; {give}", names.join(", ")),
    }
}

fn formats(known: &[&str]) -> String {
    let (last, first) = known.split_last().map_or(("", known), |(last, first)| (*last, first));
    format!("use {}, or {last}; each may be packed by gzip, bzip2, Zstandard or zip", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Reference;

    /// As a command line has them.
    fn flags(remedy: &Remedy) -> String {
        words(remedy).worded(|mention| match mention {
            Reference::Setting { name, value } => format!("--{name} {value}").trim_end().to_owned(),
            Reference::Command(command) => format!("`elbo {command}`"),
        })
    }

    #[test]
    fn remedies_name_settings_and_columns() {
        let mend = |column: &str| flags(&Remedy::MendCell { column: column.into(), number: 2 });
        assert!(mend("species").ends_with("--drop species leaves it out"));
        assert!(mend("the species").ends_with("--drop 'the species' leaves it out"));
        assert!(mend("column 2").ends_with("--drop 2 leaves it out"));
        assert!(flags(&Remedy::UseLabelFile).starts_with("`--labels FILE`"));
        assert!(flags(&Remedy::MakeRoomForRows).ends_with("or give --memory more"));
    }

    #[test]
    fn formats_are_listed() {
        let of = |known: &[&'static str]| flags(&Remedy::UseKnownFormat { known: known.to_vec() });
        assert_eq!(
            of(&["an A file", "a B file"]),
            "use an A file, or a B file; each may be packed by gzip, bzip2, Zstandard or zip"
        );
        assert_eq!(
            of(&["an A file", "B", "C"]),
            "use an A file, B, or C; each may be packed by gzip, bzip2, Zstandard or zip"
        );
    }
}
