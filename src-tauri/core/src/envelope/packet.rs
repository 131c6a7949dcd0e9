//! The outside of an envelope: its version, its size, and the padding that makes sizes say nothing.

use super::EnvelopeError;
use crate::message::MAX_SIGNAL;

/// The sizes an envelope can have, in bytes. The smaller one holds every ordinary message, a description as well as a
/// candidate (Chromium 156: offer 6.8 kB, answer 6.3 kB, candidate 0.24 kB as they are sealed; our engine's are
/// shorter); the larger one whatever [`MAX_SIGNAL`] lets through.
pub const BUCKETS: [usize; 2] = [12 * 1024, 32 * 1024];

pub(super) const VERSION: u8 = 2;
/// Bytes of a Noise tag.
pub(super) const TAG: usize = 16;
/// What comes before the text: its length.
const LENGTH: usize = 2;
/// The most that is not text: version, key, sealed key, tag, length (message 1).
const MOST_AROUND: usize = 1 + 32 + 48 + TAG + LENGTH;

/// The text with its length before it and zeros behind it, so that with `around` more bytes it fills a bucket.
pub(super) fn pad(text: &[u8], around: usize) -> Result<Vec<u8>, EnvelopeError> {
    let least = around + LENGTH + text.len();
    let too_large = EnvelopeError::TooLarge(least);
    let bucket = BUCKETS.into_iter().find(|bucket| least <= *bucket);
    let length = u16::try_from(text.len()).map_err(|_| too_large.clone())?;
    let mut padded = Vec::with_capacity(bucket.unwrap_or_default());
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(text);
    padded.resize(bucket.ok_or(too_large)? - around, 0);
    Ok(padded)
}

/// The text in what [`pad`] made.
pub(super) fn unpad(padded: &[u8]) -> Result<&[u8], EnvelopeError> {
    let (length, rest) = padded
        .split_first_chunk::<LENGTH>()
        .ok_or(EnvelopeError::Body)?;
    let (text, zeros) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or(EnvelopeError::Body)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(EnvelopeError::Body);
    }
    Ok(text)
}

/// The envelope around a Noise message with this in front of it.
pub(super) fn wrap(front: &[u8], noise: &[u8]) -> Vec<u8> {
    let mut envelope = Vec::with_capacity(1 + front.len() + noise.len());
    envelope.push(VERSION);
    envelope.extend_from_slice(front);
    envelope.extend_from_slice(noise);
    envelope
}

/// What is in an envelope of this version and a right size.
pub(super) fn unwrap(envelope: &[u8]) -> Result<&[u8], EnvelopeError> {
    let (version, rest) = envelope.split_first().ok_or(EnvelopeError::Size(0))?;
    if *version != VERSION {
        return Err(EnvelopeError::Version(*version));
    }
    if !BUCKETS.contains(&envelope.len()) {
        return Err(EnvelopeError::Size(envelope.len()));
    }
    Ok(rest)
}

/// Whether a message saying this can be sealed: JSON writes some characters with two bytes or more.
pub(crate) fn fits(data: &str) -> bool {
    const REST: usize = 512;
    let written: usize = data
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum();
    let [_, largest] = BUCKETS;
    data.len() <= MAX_SIGNAL && written + REST + MOST_AROUND <= largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fills_a_bucket_and_comes_back() {
        for around in [25, 57, 97] {
            for len in [
                0,
                1,
                500,
                12_000,
                12_288 - around - 2,
                12_288 - around,
                32_000,
            ] {
                let text = vec![7; len];
                let padded = pad(&text, around).unwrap();
                assert!(BUCKETS.contains(&(padded.len() + around)), "{len}");
                assert_eq!(unpad(&padded).unwrap(), text);
            }
            assert!(pad(&vec![7; 32_768 - around - 2], around).is_ok());
            assert!(matches!(
                pad(&vec![7; 32_768 - around - 1], around),
                Err(EnvelopeError::TooLarge(32_769))
            ));
            assert!(pad(&vec![7; 70_000], around).is_err());
        }
    }

    #[test]
    fn what_pad_would_not_make_is_refused() {
        for padded in [&[][..], &[0], &[0, 1], &[0, 0, 0, 1], &[255, 255, 0]] {
            assert_eq!(unpad(padded), Err(EnvelopeError::Body));
        }
        assert_eq!(unpad(&[0, 1, 9, 0, 0]), Ok(&[9][..]));
    }

    #[test]
    fn other_versions_and_sizes_are_told_apart() {
        for version in [0, 1, 3, 255] {
            let envelope = vec![version; BUCKETS[0]];
            assert_eq!(unwrap(&envelope), Err(EnvelopeError::Version(version)));
        }
        assert_eq!(unwrap(&[]), Err(EnvelopeError::Size(0)));
        for size in [1, 2, BUCKETS[0] - 1, BUCKETS[0] + 1, BUCKETS[1] + 1] {
            assert_eq!(unwrap(&vec![VERSION; size]), Err(EnvelopeError::Size(size)));
        }
    }
}
