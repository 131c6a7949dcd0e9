//! What a coded picture says of itself, before anybody decodes it
//! ([RFC 6386, section 9.1](https://www.rfc-editor.org/rfc/rfc6386#section-9.1)).
//!
//! ```text
//!   frame tag, 3 bytes, little-endian          key frames only, 7 bytes
//!   | first partition's size | shown | version | 0 for key |   9d 01 2a   width, height: 14 bits and 2 of scaling each
//!     19 bits                  1       3         1
//! ```
//!
//! A decoder allocates by the size that is in here, whatever follows. So this is read from the bytes themselves: neither
//! RTP's descriptor nor a flag of the sender's has to agree with them.

use crate::limits::{MAX_PICTURE, MAX_PIXELS, MAX_SIDE};

/// Bytes of the tag.
const TAG: usize = 3;
/// Bytes of a key frame's start code and size.
const START: usize = 7;
/// The highest version there is.
const VERSION: u8 = 3;

/// A coded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picture {
    /// Can be decoded alone.
    Key(Size),
    /// Changes the one before it.
    Delta,
}

/// In pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub width: u16,
    pub height: u16,
}

impl Size {
    /// In pixels.
    pub fn area(self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }

    fn fits(self) -> bool {
        self.width.max(self.height) <= MAX_SIDE && (1..=MAX_PIXELS).contains(&self.area())
    }
}

/// Reads the beginning of a picture. `None` for what no decoder is to see: what is cut off, empty, too long, of an unknown
/// version, no VP8 at all, or larger than was agreed on.
pub(crate) fn read(data: &[u8]) -> Option<Picture> {
    if data.len() > MAX_PICTURE {
        return None;
    }
    let (&[low, middle, high], rest) = data.split_first_chunk::<TAG>()?;
    let key = low & 1 == 0;
    let version = low >> 1 & 7;
    let first = u32::from_le_bytes([low, middle, high, 0]) >> 5;
    let (picture, rest) = if key {
        let (&[a, b, c, width, width_high, height, height_high], rest) =
            rest.split_first_chunk::<START>()?;
        if [a, b, c] != [0x9d, 0x01, 0x2a] {
            return None;
        }
        let side = |bytes| u16::from_le_bytes(bytes) & 0x3fff;
        let size = Size {
            width: side([width, width_high]),
            height: side([height, height_high]),
        };
        (Picture::Key(size), rest)
    } else {
        (Picture::Delta, rest)
    };
    let whole = usize::try_from(first).is_ok_and(|first| (1..=rest.len()).contains(&first));
    let fits = match picture {
        Picture::Key(size) => size.fits(),
        Picture::Delta => true,
    };
    (version <= VERSION && whole && fits).then_some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of `length` bytes whose first partition claims `first`.
    fn picture(key: Option<(u16, u16)>, first: u32, length: usize) -> Vec<u8> {
        let tag = first << 5 | 0x10 | u32::from(key.is_none());
        let mut data = tag.to_le_bytes()[..3].to_vec();
        if let Some((width, height)) = key {
            data.extend([0x9d, 0x01, 0x2a]);
            data.extend(width.to_le_bytes());
            data.extend(height.to_le_bytes());
        }
        data.resize(length, 0x55);
        data
    }

    fn key(width: u16, height: u16) -> Option<Picture> {
        read(&picture(Some((width, height)), 16, 100))
    }

    #[test]
    fn a_key_frame_tells_its_size_and_the_scaling_bits_are_not_part_of_it() {
        let size = |width, height| Some(Picture::Key(Size { width, height }));
        assert_eq!(key(640, 480), size(640, 480));
        assert_eq!(key(640 | 0x4000, 480 | 0xc000), size(640, 480));
        assert_eq!(key(1, 1), size(1, 1));
        assert_eq!(read(&picture(None, 16, 100)), Some(Picture::Delta));
    }

    #[test]
    fn a_picture_is_as_large_as_was_agreed_on_either_way_up() {
        assert!(key(4096, 2304).is_some() && key(2304, 4096).is_some());
        for (width, height) in [
            (16_383, 16_383),
            (4096, 2305),
            (2305, 4096),
            (4097, 1),
            (1, 4097),
            (3073, 3072),
            (0, 480),
            (640, 0),
            (0, 0),
        ] {
            assert_eq!(key(width, height), None, "{width}x{height}");
        }
    }

    #[test]
    fn the_first_partition_is_there_whole() {
        assert!(read(&picture(Some((640, 480)), 90, 100)).is_some());
        assert!(read(&picture(Some((640, 480)), 91, 100)).is_none());
        assert!(read(&picture(None, 97, 100)).is_some());
        assert!(read(&picture(None, 98, 100)).is_none());
        assert!(
            read(&picture(None, 0, 100)).is_none(),
            "a header takes bytes"
        );
        let longest = (1 << 19) - 1;
        assert!(read(&picture(None, longest, 100)).is_none());
    }

    #[test]
    fn a_picture_that_is_cut_off_or_no_vp8_is_refused() {
        let whole = picture(Some((640, 480)), 1, 11);
        assert!(read(&whole).is_some());
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length} bytes");
        }
        for at in 3..6 {
            let mut other = whole.clone();
            other[at] ^= 1;
            assert_eq!(read(&other), None, "another start code");
        }
        for version in 0..8_u8 {
            let mut other = whole.clone();
            other[0] |= version << 1;
            assert_eq!(read(&other).is_some(), version <= 3, "version {version}");
        }
    }

    #[test]
    fn a_picture_is_at_most_a_mebibyte_long() {
        assert!(read(&picture(None, 16, MAX_PICTURE)).is_some());
        assert!(read(&picture(None, 16, MAX_PICTURE + 1)).is_none());
    }
}
