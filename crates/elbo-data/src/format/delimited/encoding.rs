//! How the text of a table is encoded.

use std::io::{BufRead, BufReader, Read};

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::error::Error;
use crate::source::Source;

/// The encodings that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

const BOM: &[u8] = "\u{feff}".as_bytes();

impl Encoding {
    /// By the first bytes, and how it is known.
    pub(super) fn of(head: &[u8]) -> (Self, &'static str) {
        if head.starts_with(&[0xff, 0xfe]) {
            return (Self::Utf16Le, "it begins with a byte order mark");
        }
        if head.starts_with(&[0xfe, 0xff]) {
            return (Self::Utf16Be, "it begins with a byte order mark");
        }
        // Of text in Western languages every other byte is 0.
        let head = &head[..head.len().min(1024) & !1];
        let zeros = |at: usize| head.iter().skip(at).step_by(2).filter(|&&byte| byte == 0).count();
        let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
        if pairs > 0 && 2 * odd > pairs && 10 * even < pairs {
            return (Self::Utf16Le, "every other byte is 0");
        }
        if pairs > 0 && 2 * even > pairs && 10 * odd < pairs {
            return (Self::Utf16Be, "every other byte is 0");
        }
        (Self::Utf8, "it is valid")
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16, low byte first",
            Self::Utf16Be => "UTF-16, high byte first",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// The text of a source in UTF-8, without a byte order mark.
    pub(super) fn decoded(self, source: Source) -> Result<Box<dyn BufRead>, Error> {
        let Source { origin, mut reader, .. } = source;
        let encoding = match self {
            Self::Utf8 => {
                let marked = reader.fill_buf().map_err(|cause| origin.fail(cause))?.starts_with(BOM);
                reader.consume(if marked { BOM.len() } else { 0 });
                return Ok(reader);
            }
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Windows1252 => WINDOWS_1252,
        };
        let reader: Box<dyn Read> = Box::new(reader);
        let reader = DecodeReaderBytesBuilder::new()
            .encoding(Some(encoding))
            .bom_sniffing(false)
            .strip_bom(true)
            .build(reader);
        Ok(Box::new(BufReader::new(reader)))
    }
}
