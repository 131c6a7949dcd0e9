//! What is done to the voice before it is encoded: echo cancellation, noise suppression, gain control.
//!
//! The echo canceller compares the microphone with what the speaker plays: [`Reference`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate,
    NoiseSuppression, NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use super::graph::{FRAME, RATE};
use super::reference::Reference;

/// 10 ms of samples, -1 to 1.
pub(super) type Frame = [f32; FRAME];

/// Noise suppression takes at most about 12 dB. A steady tone counts as noise: 440 Hz came out
/// 13 dB lower and stayed there (20 dB with the next level, 6.5 with the one below).
const NOISE: NoiseSuppressionLevel = NoiseSuppressionLevel::Moderate;

/// The gain a call starts with and the most it may reach, in decibels. The library's own 15 and 50
/// make a quiet room roar and a loud voice clip in its first second.
const GAIN: (f32, f32) = (6.0, 30.0);

/// The voice processing of one machine: one microphone, any number of playback streams.
#[derive(Default)]
pub(super) struct Processing {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Present while a microphone is open.
    open: Option<(AudioProcessing, Reference)>,
    session: u64,
}

impl Processing {
    /// A microphone opens: everything learnt about the room before is forgotten.
    /// Returns what [`stop`](Self::stop) needs.
    pub(super) fn start(&self) -> u64 {
        let processor = processor();
        let mut state = self.lock();
        state.open = Some((processor, Reference::default()));
        state.session += 1;
        state.session
    }

    /// The microphone of this start is closed. A later one may be open already.
    pub(super) fn stop(&self, session: u64) {
        let mut state = self.lock();
        if state.session == session {
            state.open = None;
        }
    }

    /// Cleans 10 ms from the microphone, the first sample of which was captured at `captured`
    /// by GStreamer's system clock.
    pub(super) fn capture(&self, captured: Duration, frame: &mut Frame) {
        let mut state = self.lock();
        let Some((processor, reference)) = &mut state.open else {
            return;
        };
        let (played, mut unused) = (reference.read(captured), [0.0; FRAME]);
        let source = *frame;
        let done = processor
            .process_render_f32(&[&played], &mut [&mut unused])
            .and_then(|()| processor.process_capture_f32(&[&source], &mut [frame]));
        if done.is_err() {
            *frame = source;
        }
    }

    /// Takes samples that a playback stream will play from `due` on, by the same clock.
    pub(super) fn render(&self, stream: u64, due: Duration, samples: &[f32]) {
        if let Some((_, reference)) = &mut self.lock().open {
            reference.write(stream, due, samples);
        }
    }

    /// A playback stream ended.
    pub(super) fn forget(&self, stream: u64) {
        if let Some((_, reference)) = &mut self.lock().open {
            reference.remove(stream);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn processor() -> AudioProcessing {
    let (initial_gain_db, max_gain_db) = GAIN;
    let config = Config {
        pipeline: Pipeline {
            maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
            ..Pipeline::default()
        },
        high_pass_filter: Some(HighPassFilter::default()),
        echo_canceller: Some(EchoCanceller::default()),
        noise_suppression: Some(NoiseSuppression {
            level: NOISE,
            ..NoiseSuppression::default()
        }),
        gain_controller2: Some(GainController2 {
            adaptive_digital: Some(AdaptiveDigital {
                initial_gain_db,
                max_gain_db,
                ..AdaptiveDigital::default()
            }),
            ..GainController2::default()
        }),
        ..Config::default()
    };
    let mono = StreamConfig::new(RATE, 1);
    AudioProcessing::builder()
        .config(config)
        .capture_config(mono)
        .render_config(mono)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decibels that are left of a 440 Hz tone after `seconds` of it.
    fn tone_after(seconds: u64) -> f64 {
        let processing = Processing::default();
        processing.start();
        let began = Duration::from_secs(1);
        let mut phase = 0.0_f32;
        let mut power = 0.0;
        for index in 0..seconds * 100 {
            let mut frame = [0.0; FRAME];
            for sample in &mut frame {
                *sample = 0.25 * phase.sin();
                phase = (phase + 440.0 / 48_000.0 * std::f32::consts::TAU) % std::f32::consts::TAU;
            }
            processing.capture(began + Duration::from_millis(index * 10), &mut frame);
            power = frame
                .iter()
                .map(|sample| f64::from(sample * sample))
                .sum::<f64>()
                / 480.0;
        }
        10.0 * (power / (0.25 * 0.25 / 2.0)).log10()
    }

    #[test]
    fn a_steady_tone_passes_weakened_but_never_vanishes() {
        let left = tone_after(12);
        assert!((-15.0..-11.0).contains(&left), "{left} dB");
    }

    /// Noise in syllables, sample by sample.
    fn speech() -> impl FnMut() -> f32 {
        let (mut noise, mut n) = (1_u32, 0_u32);
        move || {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            n += 1;
            let syllable = (n as f32 / 48_000.0 * 12.0).sin().max(0.0);
            ((noise >> 8) as f32 / 16_777_216.0 - 0.5) * 0.4 * syllable
        }
    }

    #[test]
    fn an_echo_is_cancelled_although_packets_come_unevenly_and_the_delay_changes() {
        let processing = Processing::default();
        processing.start();
        let at = |ms: usize| Duration::from_millis(1_000 + ms as u64);
        let mut speech = speech();
        let played: Vec<f32> = (0..48_000 * 12).map(|_| speech()).collect();
        let mut written = 0;
        let (mut echo, mut left) = (0.0, 0.0);
        for index in 0..1_000_usize {
            // Packets of 20 ms reach the speaker 30 to 90 ms before they are played.
            let early = if index % 7 < 4 { 40 } else { 100 };
            while written * 20 < index * 10 + early {
                let samples = &played[written * 960..(written + 1) * 960];
                processing.render(1, at(written * 20), samples);
                written += 1;
            }
            // The room answers after 30 ms, at half the loudness.
            let mut frame = std::array::from_fn(|n| {
                (index * FRAME + n)
                    .checked_sub(1_440)
                    .map_or(0.0, |n| 0.5 * played[n])
            });
            // In the last second, after nine of learning.
            let power = |frame: &Frame| frame.iter().map(|x| f64::from(x * x)).sum::<f64>();
            let before = power(&frame);
            processing.capture(at(index * 10), &mut frame);
            if index >= 900 {
                echo += before;
                left += power(&frame);
            }
        }
        let enhancement = 10.0 * (echo / left).log10();
        assert!(enhancement > 30.0, "{enhancement} dB");
    }
}
