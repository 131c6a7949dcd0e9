//! What is said into both microphones while pictures are measured.

use std::f64::consts::{PI, TAU};
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::sound::RATE;

/// Something that a voice detector takes for speech, 48 kHz: harmonics of a voice that rises and falls, in syllables and
/// pauses.
#[must_use]
pub fn speech(seconds: u32) -> Vec<i16> {
    let mut phase = 0.0_f64;
    (0..seconds * RATE)
        .map(|at| {
            let time = f64::from(at) / f64::from(RATE);
            phase += (140.0 + 30.0 * (time * 2.1).sin()) / f64::from(RATE);
            let syllable = (time * 4.0 * PI).sin().max(0.0);
            let pause = if time % 3.0 > 2.5 { 0.0 } else { 1.0 };
            let tone: f64 = (1..20)
                .map(|harmonic| {
                    let turn = (phase * f64::from(harmonic)).fract() * TAU;
                    turn.sin() / f64::from(harmonic).powf(0.7)
                })
                .sum();
            (tone * syllable * pause * 4000.0) as i16
        })
        .collect()
}

/// The same as a file, for Chromium to play in place of a microphone (RIFF WAVE, 16 bit, one channel).
///
/// # Errors
/// When the file can't be written.
pub fn write(folder: &Path, samples: &[i16]) -> Result<PathBuf> {
    let file = folder.join("voice.wav");
    let bytes = samples.len() as u32 * 2;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(bytes.to_le_bytes());
    wav.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    fs::write(&file, wav)?;
    Ok(file)
}
