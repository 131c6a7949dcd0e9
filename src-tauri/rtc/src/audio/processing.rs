//! What is done to the voice before it is encoded: echo cancellation, noise suppression, gain control.
//!
//! The echo canceller compares the microphone with what the speaker plays. It counts frames on
//! both sides, so the two must advance together even when the network delivers nothing for a
//! while or a lot at once: [`Lead`] keeps them within bounds, with silence or by leaving frames out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate,
    NoiseSuppression, NoiseSuppressionLevel, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

use super::graph::{FRAME, RATE};

/// 10 ms of samples, -1 to 1.
pub(super) type Frame = [f32; FRAME];

/// Noise suppression takes at most about 12 dB. A steady tone counts as noise: 440 Hz came out
/// 13 dB lower and stayed there (20 dB with the next level, 6.5 with the one below).
const NOISE: NoiseSuppressionLevel = NoiseSuppressionLevel::Moderate;

/// The gain a call starts with and the most it may reach, in decibels. The library's own 15 and 50
/// make a quiet room roar and a loud voice clip in its first second.
const GAIN: (f32, f32) = (6.0, 30.0);

/// How many frames the microphone may be ahead of the speaker before silence stands in, and the
/// speaker ahead of the microphone before frames are left out.
const BOUNDS: (i32, i32) = (4, 12);

/// Frames that one of several playback streams may be behind the others.
const BEHIND: usize = 3;

/// The voice processing of one machine: one microphone, any number of playback streams.
#[derive(Default)]
pub(super) struct Processing {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Present while a microphone is open.
    processor: Option<AudioProcessing>,
    session: u64,
    lead: Lead,
    mix: Mix,
}

impl Processing {
    /// A microphone opens: everything learnt about the room before is forgotten.
    /// Returns what [`stop`](Self::stop) needs.
    pub(super) fn start(&self) -> u64 {
        let processor = processor();
        let mut state = self.lock();
        state.processor = Some(processor);
        state.session += 1;
        state.lead = Lead::default();
        state.mix = Mix::default();
        state.session
    }

    /// The microphone of this start is closed. A later one may be open already.
    pub(super) fn stop(&self, session: u64) {
        let mut state = self.lock();
        if state.session == session {
            state.processor = None;
        }
    }

    /// Cleans 10 ms from the microphone.
    pub(super) fn capture(&self, frame: &mut Frame) {
        let mut state = self.lock();
        let State {
            processor: Some(processor),
            lead,
            ..
        } = &mut *state
        else {
            return;
        };
        if lead.captured() {
            render(processor, &[0.0; FRAME]);
        }
        let source = *frame;
        if processor
            .process_capture_f32(&[&source], &mut [frame])
            .is_err()
        {
            *frame = source;
        }
    }

    /// Takes 10 ms that a playback stream is about to play.
    pub(super) fn render(&self, stream: u64, frame: &Frame) {
        let mut state = self.lock();
        let State {
            processor: Some(processor),
            lead,
            mix,
            ..
        } = &mut *state
        else {
            return;
        };
        mix.push(stream, frame);
        while let Some(mixed) = mix.pop() {
            if lead.rendered() {
                render(processor, &mixed);
            }
        }
    }

    /// A playback stream ended.
    pub(super) fn forget(&self, stream: u64) {
        self.lock().mix.remove(stream);
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

fn render(processor: &mut AudioProcessing, frame: &Frame) {
    let mut unused = [0.0; FRAME];
    if processor
        .process_render_f32(&[frame], &mut [&mut unused])
        .is_err()
    {
        tracing::debug!("the echo canceller refused a frame");
    }
}

/// Frames captured minus frames rendered.
#[derive(Default)]
struct Lead {
    frames: i32,
}

impl Lead {
    /// Counts a captured frame; true when a silent frame has to stand in for the speaker.
    fn captured(&mut self) -> bool {
        let silent = self.frames >= BOUNDS.0;
        if !silent {
            self.frames += 1;
        }
        silent
    }

    /// Counts a rendered frame; false when it has to be left out.
    fn rendered(&mut self) -> bool {
        let fits = self.frames > -BOUNDS.1;
        if fits {
            self.frames -= 1;
        }
        fits
    }
}

/// Adds up what several playback streams play at once.
#[derive(Default)]
struct Mix {
    streams: Vec<(u64, VecDeque<Frame>)>,
}

impl Mix {
    fn push(&mut self, stream: u64, frame: &Frame) {
        match self.streams.iter_mut().find(|(id, _)| *id == stream) {
            Some((_, frames)) => frames.push_back(*frame),
            None => self.streams.push((stream, VecDeque::from([*frame]))),
        }
    }

    /// The sum of one frame of each stream, once all have one or some have waited long enough.
    fn pop(&mut self) -> Option<Frame> {
        let all = self.streams.iter().all(|(_, frames)| !frames.is_empty());
        let full = self.streams.iter().any(|(_, frames)| frames.len() > BEHIND);
        if self.streams.is_empty() || !(all || full) {
            return None;
        }
        let mut sum = [0.0; FRAME];
        for (_, frames) in &mut self.streams {
            if let Some(frame) = frames.pop_front() {
                sum.iter_mut()
                    .zip(frame)
                    .for_each(|(total, sample)| *total += sample);
            }
        }
        Some(sum.map(|sample| sample.clamp(-1.0, 1.0)))
    }

    fn remove(&mut self, stream: u64) {
        self.streams.retain(|(id, _)| *id != stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_speaker_is_filled_in_and_a_burst_is_cut() {
        let mut lead = Lead::default();
        let silent = (0..100).filter(|_| lead.captured()).count();
        assert_eq!(silent, 96, "the microphone runs ahead by four frames only");
        let taken = (0..100).filter(|_| lead.rendered()).count();
        assert_eq!(taken, 16, "the speaker gets ahead by twelve frames only");
    }

    #[test]
    fn in_step_nothing_is_added_or_left_out() {
        let mut lead = Lead::default();
        for _ in 0..1000 {
            assert!(!lead.captured());
            assert!(!lead.captured());
            assert!(lead.rendered());
            assert!(lead.rendered());
        }
    }

    #[test]
    fn two_streams_are_added_up_and_a_stalled_one_is_not_waited_for_for_long() {
        let mut mix = Mix::default();
        mix.push(1, &[0.25; FRAME]);
        assert_eq!(
            mix.pop(),
            Some([0.25; FRAME]),
            "one stream alone waits for nobody"
        );
        mix.push(1, &[0.25; FRAME]);
        mix.push(2, &[0.5; FRAME]);
        assert_eq!(mix.pop(), Some([0.75; FRAME]));
        for _ in 0..BEHIND {
            mix.push(1, &[0.25; FRAME]);
            assert_eq!(mix.pop(), None, "the second stream may still come");
        }
        mix.push(1, &[0.25; FRAME]);
        assert_eq!(mix.pop(), Some([0.25; FRAME]));
        mix.remove(2);
        assert_eq!(mix.pop(), Some([0.25; FRAME]), "nobody else is left");
    }

    /// Decibels that are left of a 440 Hz tone after `seconds` of it.
    fn tone_after(seconds: usize) -> f64 {
        let processing = Processing::default();
        processing.start();
        let mut phase = 0.0_f32;
        let mut power = 0.0;
        for _ in 0..seconds * 100 {
            let mut frame = [0.0; FRAME];
            for sample in &mut frame {
                *sample = 0.25 * phase.sin();
                phase = (phase + 440.0 / 48_000.0 * std::f32::consts::TAU) % std::f32::consts::TAU;
            }
            processing.capture(&mut frame);
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
}
