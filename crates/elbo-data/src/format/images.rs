//! A folder of pictures (PNG, JPEG), each a row; the names of its sub-folders are labels.

use std::fs;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

use png::{BitDepth, Decoder, Limits, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::reader::check_image;
use crate::collector::SpillBuffer;
use crate::error::Error;
use crate::frame::{Column, Frame, Matrix};
use crate::names::column_names;
use crate::options::ReadOptions;
use crate::room::check_room;

/// What the names of pictures end in.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// The most bytes of one picture, unpacked.
const LARGEST: usize = 1 << 28;

/// The most pixels of a side.
const LONGEST: usize = 1 << 16;

/// How a picture file begins.
pub(super) fn is_picture(head: &[u8]) -> bool {
    head.starts_with(PNG) || head.starts_with(JPEG)
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// Whether a file is a picture by its name.
pub(super) fn is_named(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&&*ending))
}

/// A picture: its pixels row after row, each with so many channels.
struct Picture {
    height: usize,
    width: usize,
    channels: usize,
    /// Bits of a channel: 8 or 16.
    bits: u8,
    values: Vec<u16>,
}

impl Picture {
    fn says(&self) -> String {
        let Self { height, width, channels, bits, .. } = self;
        format!("has {height}x{width} pixels of {channels} channels of {bits} bits")
    }
}

/// Reads these pictures, in their order.
pub(super) fn read(folder: &Path, files: &[PathBuf], options: &ReadOptions) -> Result<Frame, Error> {
    let mut values = SpillBuffer::<f32>::new(options.memory);
    let (mut first, mut labels): (Option<Picture>, Vec<String>) = (None, Vec::new());
    for path in files {
        let bytes = fs::read(path).map_err(|cause| Error::Read { path: path.clone(), cause })?;
        let picture = decode(path, &bytes)?;
        if let Some(first) = &first {
            if first.says() != picture.says() {
                let (other, path) = (path.clone(), files[0].clone());
                return Err(Error::Unlike { path, first: first.says(), other, second: picture.says() });
            }
        } else {
            let all = (4 * picture.values.len() as u64).saturating_mul(files.len() as u64);
            check_room(folder, all, options.memory)?;
        }
        values.extend(picture.values.iter().map(|&value| f32::from(value)))?;
        labels.push(label(folder, path));
        first.get_or_insert(Picture { values: Vec::new(), ..picture });
    }
    let Some(Picture { height, width, channels, bits, .. }) = first else {
        return Err(Error::Empty { path: folder.to_owned() });
    };
    let (columns, image) = match channels {
        1 => (column_names(&[height, width]), Some((height, width))),
        _ => (column_names(&[height, width, channels]), None),
    };
    check_image(folder, options.image, columns.len())?;
    let full_scale = Some(if bits == 16 { 65_535.0 } else { 255.0 });
    let matrix =
        Matrix { columns, values: values.finish()?.into(), image: options.image.or(image), full_scale };
    let labels = labels.iter().any(|label| !label.is_empty()).then_some(labels);
    let frame = Frame { name: folder.display().to_string(), labels, memory: options.memory, ..Frame::new() };
    Ok(frame.with("pixels", Column::Matrix(matrix)))
}

/// The folder within the folder that a file lies in.
fn label(folder: &Path, path: &Path) -> String {
    let within = path.parent().and_then(|parent| parent.strip_prefix(folder).ok());
    within.unwrap_or(Path::new("")).to_string_lossy().into_owned()
}

fn decode(path: &Path, bytes: &[u8]) -> Result<Picture, Error> {
    let damaged = |reason: String| Error::Damaged { path: path.to_owned(), format: "picture", reason };
    match bytes {
        [] => Err(Error::Empty { path: path.to_owned() }),
        bytes if bytes.starts_with(PNG) => of_png(bytes).map_err(damaged),
        bytes if bytes.starts_with(JPEG) => of_jpeg(bytes).map_err(damaged),
        _ => Err(damaged("it begins as neither a PNG nor a JPEG file does".into())),
    }
}

fn of_png(bytes: &[u8]) -> Result<Picture, String> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LARGEST });
    // Colours of a palette as themselves, and at least a byte a channel.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let size = reader.output_buffer_size().filter(|&size| size <= LARGEST && fits(size, bytes));
    let mut pixels = vec![0; size.ok_or("it announces more pixels than it can hold")?];
    let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    pixels.truncate(info.buffer_size());
    let (bits, values) = match info.bit_depth {
        BitDepth::Sixteen => {
            (16, pixels.as_chunks().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect())
        }
        _ => (8, pixels.into_iter().map(u16::from).collect()),
    };
    let (height, width, channels) = (info.height as usize, info.width as usize, info.color_type.samples());
    Ok(Picture { height, width, channels, bits, values })
}

/// Whether a picture of so many bytes may come of these: deflate packs no more.
fn fits(size: usize, bytes: &[u8]) -> bool {
    size / 1032 <= bytes.len()
}

fn of_jpeg(bytes: &[u8]) -> Result<Picture, String> {
    let options = DecoderOptions::new_safe().set_max_width(LONGEST).set_max_height(LONGEST);
    let mut decoder = JpegDecoder::new_with_options(BufReader::new(Cursor::new(bytes)), options);
    decoder.decode_headers().map_err(|error| format!("{error:?}"))?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let colours = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    let channels = if grey { 1 } else { 3 };
    // A block of 64 pixels takes a bit at least, and there may be one for each channel.
    if width * height * channels > LARGEST || width * height / 1024 > bytes.len() {
        return Err("it announces more pixels than it can hold".into());
    }
    let pixels = decoder.decode().map_err(|error| format!("{error:?}"))?;
    if pixels.len() != width * height * channels {
        return Err(format!("it has {} bytes of {height}x{width} pixels", pixels.len()));
    }
    Ok(Picture { height, width, channels, bits: 8, values: pixels.into_iter().map(u16::from).collect() })
}
