//! Small images laid out as one PNG.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

/// The width that the page leaves for a picture, in pixels.
const PAGE: usize = 920;
/// No tile is enlarged beyond this width.
const TILE: usize = 96;
/// Bytes per pixel: grey and opacity, so that the gaps show the page.
const BYTES: usize = 2;

/// Rows of images of one shape, in groups of `group` rows set apart from each other.
pub(crate) struct Mosaic<'a> {
    pub(crate) shape: (usize, usize),
    pub(crate) rows: Vec<Vec<&'a [f32]>>,
    pub(crate) group: usize,
}

/// How many images of this width stand beside each other.
pub(crate) fn across(width: usize) -> usize {
    (PAGE / (4 * width + 1)).clamp(8, 16)
}

impl Mosaic<'_> {
    /// The mosaic as an image with its pixels inlined and enlarged by a whole factor.
    pub(crate) fn picture(&self, description: &str) -> Markup {
        let (height, width) = self.size();
        match self.encode() {
            Ok(png) => {
                let fit = (PAGE / width).min(TILE / self.shape.1.max(1)).max(1);
                html! {
                    div.mosaic {
                        img width=(fit * width) height=(fit * height) alt=(description)
                            src={ "data:image/png;base64," (STANDARD.encode(png)) };
                    }
                }
            }
            Err(error) => html! { p { "This picture could not be drawn: " (error) } },
        }
    }

    /// Gap between tiles; groups of rows stand three gaps apart.
    fn gap(&self) -> usize {
        1 + self.shape.1 / 16
    }

    fn top(&self, row: usize) -> usize {
        row * (self.shape.0 + self.gap()) + row / self.group.max(1) * 2 * self.gap()
    }

    fn size(&self) -> (usize, usize) {
        let across = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let height = self.top(self.rows.len().saturating_sub(1)) + self.shape.0;
        (height.max(1), across * (self.shape.1 + self.gap()) - self.gap())
    }

    fn encode(&self) -> Result<Vec<u8>, png::EncodingError> {
        let (height, width) = self.size();
        let mut pixels = vec![0; BYTES * height * width];
        for (r, row) in self.rows.iter().enumerate() {
            for (t, tile) in row.iter().enumerate() {
                let left = t * (self.shape.1 + self.gap());
                for (i, line) in tile.chunks(self.shape.1).take(self.shape.0).enumerate() {
                    let start = BYTES * ((self.top(r) + i) * width + left);
                    for (pixel, &value) in pixels[start..].chunks_mut(BYTES).zip(line) {
                        pixel.copy_from_slice(&[byte(255.0 * f64::from(value)), 255]);
                    }
                }
            }
        }
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::GrayscaleAlpha);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(bytes)
    }
}

/// The nearest byte.
#[allow(clippy::cast_sign_loss, reason = "clipped to 0 to 255")]
pub(crate) fn byte(value: f64) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}
