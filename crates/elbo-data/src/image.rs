//! Pictures of rows that are images.

use png::{BitDepth, ColorType, Encoder};

use crate::Error;

/// The grey between images, half way between black and white.
const GAP: u8 = 128;

/// Draws images side by side, as the bytes of an 8-bit grey PNG file.
///
/// Values run from 0, black, to 1, white, and are clipped to that range. `shape`
/// is height and width in pixels; each pixel becomes a square of `zoom` by
/// `zoom`, and a grey line of the width of a pixel parts the images. There are
/// `columns` images side by side, or as many as there are.
///
/// ```
/// let (black, white) = (vec![0.0; 4], vec![1.0; 4]);
/// let png = elbo_data::image_grid_png(&[black, white], (2, 2), 2, 10)?;
/// assert_eq!(&png[1..4], b"PNG");
/// # Ok::<(), elbo_data::Error>(())
/// ```
///
/// # Errors
///
/// No images, a size of zero, an image that does not have height times width
/// values, or a picture too large for PNG.
pub fn image_grid_png(
    images: &[Vec<f32>],
    shape: (usize, usize),
    columns: usize,
    zoom: usize,
) -> Result<Vec<u8>, Error> {
    let fail = |reason: String| Error::Picture { reason };
    let (height, width) = shape;
    if images.is_empty() || height == 0 || width == 0 || columns == 0 || zoom == 0 {
        return Err(fail(format!(
            "{} images of {height}x{width}, {columns} side by side, enlarged {zoom} times: none may be 0",
            images.len()
        )));
    }
    if let Some(i) = images.iter().position(|image| Some(image.len()) != height.checked_mul(width)) {
        let values = images[i].len();
        return Err(fail(format!("image {i} has {values} values, not {height}x{width}")));
    }
    let columns = columns.min(images.len());
    let lines = images.len().div_ceil(columns);
    // n images of a size, with a gap of one pixel between two.
    let side = |count: usize, size: usize| -> Option<u32> {
        let pixels = count.checked_mul(size + 1)? - 1;
        pixels.checked_mul(zoom)?.try_into().ok()
    };
    let (Some(picture_width), Some(picture_height)) = (side(columns, width), side(lines, height)) else {
        return Err(fail(format!("{lines} lines of {columns} images, enlarged {zoom} times, are too large")));
    };

    let mut pixels = Vec::new();
    for y in 0..lines * (height + 1) - 1 {
        let line: Vec<u8> = (0..columns * (width + 1) - 1)
            .map(|x| {
                let image = images.get(y / (height + 1) * columns + x / (width + 1));
                match (image, y % (height + 1), x % (width + 1)) {
                    (Some(image), row, column) if row < height && column < width => {
                        grey(image[row * width + column])
                    }
                    _ => GAP,
                }
            })
            .flat_map(|pixel| std::iter::repeat_n(pixel, zoom))
            .collect();
        for _ in 0..zoom {
            pixels.extend_from_slice(&line);
        }
    }
    encode(picture_width, picture_height, &pixels).map_err(|error| fail(error.to_string()))
}

#[allow(clippy::cast_sign_loss, reason = "clipped to 0 to 255; NaN becomes 0")]
fn grey(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

fn encode(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (ColorType::Grayscale, BitDepth::Eight));
        (info.width, info.height, pixels)
    }

    #[test]
    fn a_grid_reads_back() {
        let images = [vec![0.0, 0.2], vec![1.0, 7.0], vec![-1.0, f32::NAN]];
        let (width, height, pixels) = decode(&image_grid_png(&images, (1, 2), 2, 1).unwrap());
        assert_eq!((width, height), (5, 3));
        #[rustfmt::skip]
        assert_eq!(pixels, [
            0, 51, GAP, 255, 255,
            GAP, GAP, GAP, GAP, GAP,
            0, 0, GAP, GAP, GAP,
        ]);
    }

    #[test]
    fn zoom_repeats_pixels() {
        let images = [vec![0.0, 1.0], vec![1.0, 0.0]];
        let (width, height, pixels) = decode(&image_grid_png(&images, (2, 1), 9, 2).unwrap());
        assert_eq!((width, height), (6, 4));
        let (top, bottom) = ([0, 0, GAP, GAP, 255, 255], [255, 255, GAP, GAP, 0, 0]);
        assert_eq!(pixels, [top, top, bottom, bottom].concat());
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let message = |images: &[Vec<f32>], shape, columns, zoom| {
            image_grid_png(images, shape, columns, zoom).unwrap_err().to_string()
        };
        assert!(message(&[], (1, 1), 1, 1).contains("0 images"));
        assert!(message(&[vec![0.0]], (1, 1), 0, 1).contains("0 side by side"));
        assert!(message(&[vec![0.0]], (1, 1), 1, 0).contains("enlarged 0"));
        assert!(message(&[vec![0.0; 3]], (2, 2), 1, 1).contains("image 0 has 3 values, not 2x2"));
        assert!(message(&[vec![0.0]], (1, 1), 1, usize::MAX).contains("too large"));
        assert!(message(&[vec![0.0]], (usize::MAX, 2), 1, 1).contains("image 0"));
    }
}
