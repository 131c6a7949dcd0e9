//! Coded pictures on the media socket: a header of 16 bytes, big-endian, then the picture.
//!
//! ```text
//!   0        1        2                4                8                                16
//!   | kind 1 | flags  | m-line index   | peer           | timestamp, µs                  | VP8…
//! ```

/// Bytes before the picture.
pub(crate) const HEADER: usize = 16;
pub(crate) use crate::limits::MAX_PICTURE;

const VIDEO: u8 = 1;
const OWN_PICTURE: u8 = 2;
const KEY: u8 = 1;

/// A camera's own picture, raw, from here to the page: a header as above with the camera in the peer's place, then
///
/// ```text
///   16       18       20
///   | width  | height | I420, without padding…
/// ```
pub(crate) fn own_picture(
    camera: u32,
    (width, height): (u32, u32),
    timestamp: u64,
    picture: &[u8],
) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + 4 + picture.len());
    message.extend_from_slice(&[OWN_PICTURE, 0, 0, 0]);
    message.extend_from_slice(&camera.to_be_bytes());
    message.extend_from_slice(&timestamp.to_be_bytes());
    for side in [width, height] {
        message.extend_from_slice(&u16::try_from(side).unwrap_or(u16::MAX).to_be_bytes());
    }
    message.extend_from_slice(picture);
    message
}

/// Why a binary message is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the message is shorter than its header")]
    Short,
    #[error("the message holds no picture")]
    Empty,
    #[error("the picture is longer than 1 MiB")]
    Long,
    #[error("the message is of an unknown kind")]
    Kind,
    #[error("the message has unknown flags")]
    Flags,
}

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub key: bool,
    pub index: u16,
    pub peer: u32,
    /// Microseconds.
    pub timestamp: u64,
}

impl Header {
    /// A message with this header and the picture.
    pub fn write(&self, picture: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(HEADER + picture.len());
        message.push(VIDEO);
        message.push(if self.key { KEY } else { 0 });
        message.extend_from_slice(&self.index.to_be_bytes());
        message.extend_from_slice(&self.peer.to_be_bytes());
        message.extend_from_slice(&self.timestamp.to_be_bytes());
        message.extend_from_slice(picture);
        message
    }

    /// Reads a message: its header and the picture.
    ///
    /// # Errors
    /// When it is not exactly what [`Self::write`] makes of a picture of 1 byte to 1 MiB.
    pub fn read(message: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let (&[kind, flags], rest) = message.split_first_chunk().ok_or(FrameError::Short)?;
        let (&index, rest) = rest.split_first_chunk().ok_or(FrameError::Short)?;
        let (&peer, rest) = rest.split_first_chunk().ok_or(FrameError::Short)?;
        let (&timestamp, picture) = rest.split_first_chunk().ok_or(FrameError::Short)?;
        match () {
            () if kind != VIDEO => Err(FrameError::Kind),
            () if flags & !KEY != 0 => Err(FrameError::Flags),
            () if picture.is_empty() => Err(FrameError::Empty),
            () if picture.len() > MAX_PICTURE => Err(FrameError::Long),
            () => {
                let index = u16::from_be_bytes(index);
                let peer = u32::from_be_bytes(peer);
                let timestamp = u64::from_be_bytes(timestamp);
                Ok((
                    Self {
                        key: flags & KEY != 0,
                        index,
                        peer,
                        timestamp,
                    },
                    picture,
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let header = Header {
            key: true,
            index: 0x0102,
            peer: 0x0304_0506,
            timestamp: 0x0708_090a_0b0c_0d0e,
        };
        let message = header.write(&[0xaa, 0xbb]);
        let golden = [
            1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xaa, 0xbb,
        ];
        assert_eq!(message, golden);
        assert_eq!(Header::read(&golden), Ok((header, &[0xaa, 0xbb][..])));
    }

    /// A small generator: the test needs many different headers, not good randomness.
    fn numbers(mut state: u64) -> impl Iterator<Item = u64> {
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        })
    }

    #[test]
    fn what_is_written_is_read() {
        let mut numbers = numbers(7);
        for _ in 0..500 {
            let mut next = || numbers.next().unwrap();
            let header = Header {
                key: next() % 2 == 0,
                index: next() as u16,
                peer: next() as u32,
                timestamp: next(),
            };
            let picture = vec![next() as u8; 1 + (next() % 3000) as usize];
            let message = header.write(&picture);
            assert_eq!(message.len(), HEADER + picture.len());
            assert_eq!(Header::read(&message), Ok((header, &picture[..])));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = Header {
            key: false,
            index: 0,
            peer: 1,
            timestamp: 0,
        }
        .write(&[1]);
        for length in 0..HEADER {
            assert_eq!(Header::read(&good[..length]), Err(FrameError::Short));
        }
        assert_eq!(Header::read(&good[..HEADER]), Err(FrameError::Empty));
        assert_eq!(
            Header::read(&[&[2], &good[1..]].concat()),
            Err(FrameError::Kind)
        );
        assert_eq!(
            Header::read(&[&[1, 2], &good[2..]].concat()),
            Err(FrameError::Flags)
        );
        let header = Header {
            key: false,
            index: 0,
            peer: 1,
            timestamp: 0,
        };
        assert!(Header::read(&header.write(&vec![0; MAX_PICTURE])).is_ok());
        assert_eq!(
            Header::read(&header.write(&vec![0; MAX_PICTURE + 1])),
            Err(FrameError::Long)
        );
    }

    #[test]
    fn no_bytes_make_the_parser_panic() {
        let mut numbers = numbers(99);
        for _ in 0..2000 {
            let length = (numbers.next().unwrap() % 40) as usize;
            let bytes: Vec<u8> = numbers.by_ref().take(length).map(|n| n as u8).collect();
            if let Ok((header, picture)) = Header::read(&bytes) {
                assert_eq!(header.write(picture), bytes);
            }
        }
    }
}
