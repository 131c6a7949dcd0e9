//! QR codes (ISO/IEC 18004): drawn as SVG, read from a grey picture.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::ipc::UiError;

/// Pixels of a picture to be read, at most: that of a good camera, and well under a second of work.
pub const MAX_PIXELS: usize = 4 << 20;

/// Why there is no QR code. The sentence says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// More than a code holds.
    #[error("This is too long for a QR code. Send the link instead.")]
    TooLong,
    /// More than [`MAX_PIXELS`].
    #[error("This picture is too large. Take one of at most 2048 by 2048 pixels.")]
    TooLarge,
    /// Not as many bytes as width times height.
    #[error("This picture is damaged.")]
    Damaged,
}

/// The text as a QR code: an SVG document that scales to its place, dark on light with the quiet zone around it.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn svg(text: &str) -> Result<String, QrError> {
    // Invites are long: the lowest level that still bears a thumb on the screen.
    let code = [EcLevel::M, EcLevel::L]
        .into_iter()
        .find_map(|level| QrCode::with_error_correction_level(text, level).ok())
        .ok_or(QrError::TooLong)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build())
}

/// The text of the first readable code in a picture of one byte a pixel, row by row from the top; None: there is none.
///
/// # Errors
/// When the picture is too large or not of this size.
pub fn read(width: usize, height: usize, gray: &[u8]) -> Result<Option<String>, QrError> {
    let pixels = width.checked_mul(height).ok_or(QrError::TooLarge)?;
    if pixels > MAX_PIXELS {
        return Err(QrError::TooLarge);
    }
    if pixels != gray.len() {
        return Err(QrError::Damaged);
    }
    if pixels == 0 {
        return Ok(None);
    }
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        gray.get(y * width + x).copied().unwrap_or(u8::MAX)
    });
    let codes = picture.detect_grids();
    Ok(codes
        .iter()
        .find_map(|code| code.decode().ok().map(|(_, text)| text)))
}

/// [`read`] for the window, on a thread that may take its time: a hostile picture does no more than waste it.
///
/// # Errors
/// When the picture is too large or not of this size.
pub async fn read_base64(
    width: usize,
    height: usize,
    gray: String,
) -> Result<Option<String>, UiError> {
    let refused = |error| UiError::new("picture", error);
    if gray.len() / 4 * 3 > MAX_PIXELS + 3 {
        return Err(refused(QrError::TooLarge));
    }
    let reading = tokio::task::spawn_blocking(move || {
        let gray = STANDARD.decode(gray).map_err(|_| QrError::Damaged)?;
        read(width, height, &gray)
    });
    match reading.await {
        Ok(found) => found.map_err(refused),
        // The reader fell over something: as good as no code.
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A photograph of a code, `scale` pixels a module: grey on grey, a shade darker towards the bottom.
    fn photograph(text: &str, scale: usize) -> (usize, Vec<u8>) {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
        let modules = code.width();
        let side = (modules + 8) * scale;
        let mut gray = Vec::with_capacity(side * side);
        for y in 0..side {
            for x in 0..side {
                let at = |i: usize| (i / scale).checked_sub(4).filter(|i| *i < modules);
                let dark = matches!((at(x), at(y)), (Some(x), Some(y)) if code[(x, y)] == qrcode::Color::Dark);
                let light = if dark { 60 } else { 200 };
                gray.push(light - (40 * y / side) as u8);
            }
        }
        (side, gray)
    }

    #[test]
    fn what_is_drawn_is_read_up_to_the_longest_invite() {
        for text in ["ringdown:", &"a".repeat(2048)] {
            let (side, gray) = photograph(text, 4);
            assert_eq!(read(side, side, &gray).unwrap().as_deref(), Some(text));
            assert!(svg(text).unwrap().contains("<svg"));
        }
    }

    #[test]
    fn a_picture_without_a_code_gives_nothing() {
        assert_eq!(read(0, 0, &[]), Ok(None));
        assert_eq!(read(320, 240, &vec![128; 320 * 240]), Ok(None));
        let noise: Vec<u8> = (0..320_usize * 240)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        assert_eq!(read(320, 240, &noise), Ok(None));
    }

    #[tokio::test]
    async fn the_window_hands_pictures_over_as_base64() {
        let (side, gray) = photograph("ringdown:", 4);
        let read = |text| read_base64(side, side, text);
        let found = read(STANDARD.encode(gray)).await.unwrap();
        assert_eq!(found.as_deref(), Some("ringdown:"));
        for wrong in ["***".to_owned(), "A".repeat(8 << 20)] {
            assert_eq!(read(wrong).await.unwrap_err().code, "picture");
        }
    }

    #[test]
    fn a_picture_too_large_or_cut_short_is_refused() {
        assert_eq!(read(2049, 2048, &[]), Err(QrError::TooLarge));
        assert_eq!(read(usize::MAX, 2, &[]), Err(QrError::TooLarge));
        assert_eq!(read(320, 240, &[0; 100]), Err(QrError::Damaged));
        assert_eq!(svg(&"a".repeat(4000)), Err(QrError::TooLong));
    }
}
