//! Voice between Alice and Bob, each with a microphone and a speaker of a private sound server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "clippy takes only the test functions themselves for tests"
)]

mod rig;
mod ring;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rig::{Flag, RATE, Server, babble, level, tone, until};
use ringdown_rtc::audio::{
    Audio, AudioConfig, AudioError, AudioEvent, Capture, Microphone, OpusPacket, PacketSink,
    Playback, Side,
};
use tokio::sync::broadcast;

fn audio(server: &Server, microphone: Microphone) -> Audio {
    Audio::new(AudioConfig {
        microphone,
        server: Some(server.address()),
    })
}

/// What Alice's microphone hears goes to Bob's speaker.
fn connect(alice: &Audio, bob: &Audio) -> (Capture, Arc<Playback>) {
    let playback = Arc::new(bob.play().unwrap());
    let speaker = Arc::clone(&playback);
    let seq = AtomicU64::new(0);
    let capture = alice
        .capture(Box::new(move |packet: OpusPacket| {
            speaker.push(
                seq.fetch_add(1, Ordering::Relaxed),
                packet.rtp_time,
                packet.data,
            );
        }))
        .unwrap();
    (capture, playback)
}

/// Only counts the packets.
fn counting(count: &Arc<AtomicU64>) -> PacketSink {
    let count = Arc::clone(count);
    Box::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    })
}

/// Waits for an event.
fn told(
    events: &mut broadcast::Receiver<AudioEvent>,
    what: &str,
    is: impl Fn(&AudioEvent) -> bool,
) {
    until(what, || match events.try_recv() {
        Ok(event) => is(&event).then_some(()),
        Err(_) => None,
    });
}

#[test]
fn what_alice_says_comes_out_of_bobs_speaker_and_goes_on_doing_so() {
    let server = Server::with_devices();
    let (alice, bob) = (
        audio(&server, Microphone::System),
        audio(&server, Microphone::System),
    );
    let ear = server.record("speaker.monitor");
    let _voice = server.play("voice", tone(440.0));
    let (_capture, playback) = connect(&alice, &bob);
    ear.hears(440.0);
    // Noise suppression takes its share of a steady tone, but a fixed one.
    let first = level(&ear.next(1.0));
    let later = level(&ear.next(10.0)[9 * RATE..]);
    ear.hears(440.0);
    let lost = 20.0 * (first / later).log10();
    assert!(lost < 20.0, "the tone lost {lost} dB");
    assert!(later > 0.02, "the tone is down to {later}");
    let stats = playback.stats();
    assert!(
        stats.packets > 500 && stats.samples > 10 * RATE as u64,
        "{stats:?}"
    );
    assert!((0.02..0.3).contains(&stats.level), "{stats:?}");
    assert!(stats.concealed < RATE as u64, "{stats:?}");
}

#[test]
fn a_speaker_is_open_before_there_is_anything_to_play_and_then_plays_it() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let bob = audio(&server, Microphone::System);
    let playback = Arc::new(bob.play().unwrap());
    until("the speaker runs, with nothing to play", || {
        let sinks = server.control(&["list", "short", "sinks"]);
        sinks.contains("RUNNING").then_some(())
    });
    assert_eq!(playback.stats().packets, 0);

    let ear = server.record("speaker.monitor");
    ear.hears_nothing();
    let alice = audio(&server, Microphone::Tone { hz: 700.0 });
    let (speaker, seq) = (Arc::clone(&playback), AtomicU64::new(0));
    let _voice = alice
        .capture(Box::new(move |packet: OpusPacket| {
            let seq = seq.fetch_add(1, Ordering::Relaxed);
            speaker.push(seq, packet.rtp_time, packet.data);
        }))
        .unwrap();
    ear.hears(700.0);
    until("a quarter of full scale is heard, 0.177", || {
        (0.15..0.2).contains(&level(&ear.next(0.5))).then_some(())
    });
}

#[test]
fn a_tone_can_stand_in_for_the_microphone() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let alice = audio(&server, Microphone::Tone { hz: 700.0 });
    assert_eq!(alice.microphone(None).unwrap().id, "tone");
    let ear = server.record("speaker.monitor");
    let _call = connect(&alice, &audio(&server, Microphone::System));
    ear.hears(700.0);
    until("a quarter of full scale is heard, 0.177", || {
        (0.15..0.2).contains(&level(&ear.next(0.5))).then_some(())
    });
}

#[test]
fn how_loud_the_microphone_hears_is_known_without_anybody_to_hear_it() {
    let server = Server::with_devices();
    let alice = audio(&server, Microphone::System);
    let streams = || {
        server
            .control(&["list", "short", "source-outputs"])
            .lines()
            .count()
    };
    let trial = alice.listen().unwrap();
    assert_eq!(trial.level(), 0.0, "nothing is known yet");
    until("the microphone is in use", || {
        (streams() == 1).then_some(())
    });
    let voice = server.play("voice", tone(440.0));
    until("the voice is heard", || {
        (trial.level() > 0.02).then_some(())
    });
    drop(voice);
    until("there is silence", || (trial.level() < 0.001).then_some(()));
    let _voice = server.play("voice", tone(440.0));
    until("the voice is heard again", || {
        (trial.level() > 0.02).then_some(())
    });
    drop(trial);
    until("the microphone is released", || {
        (streams() == 0).then_some(())
    });
}

#[test]
fn a_muted_microphone_sends_packets_with_nothing_in_them() {
    let server = Server::with_devices();
    let (alice, bob) = (
        audio(&server, Microphone::System),
        audio(&server, Microphone::System),
    );
    let ear = server.record("speaker.monitor");
    let _voice = server.play("voice", tone(440.0));
    let (capture, playback) = connect(&alice, &bob);
    ear.hears(440.0);
    capture.set_muted(true);
    ear.hears_nothing();
    let before = playback.stats().packets;
    assert!(level(&ear.next(1.0)) < 0.000_3);
    assert!(playback.stats().packets > before + 40, "the packets go on");
    capture.set_muted(false);
    ear.hears(440.0);
}

#[test]
fn a_muted_speaker_is_silent_and_still_measures() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let (alice, bob) = (
        audio(&server, Microphone::Tone { hz: 440.0 }),
        audio(&server, Microphone::System),
    );
    let ear = server.record("speaker.monitor");
    let (_capture, playback) = connect(&alice, &bob);
    ear.hears(440.0);
    playback.set_muted(true);
    ear.hears_nothing();
    assert!(playback.stats().level > 0.1);
    playback.set_muted(false);
    ear.hears(440.0);
}

#[test]
fn captures_share_one_device_and_the_last_one_releases_it() {
    let server = Server::with_devices();
    let alice = audio(&server, Microphone::System);
    let counts = [Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0))];
    let [first, second] = counts
        .clone()
        .map(|count| alice.capture(counting(&count)).unwrap());
    let streams = || {
        server
            .control(&["list", "short", "source-outputs"])
            .lines()
            .count()
    };
    until("both get packets", || {
        counts
            .iter()
            .all(|count| count.load(Ordering::Relaxed) > 5)
            .then_some(())
    });
    assert_eq!(streams(), 1);
    drop(first);
    let before = counts[1].load(Ordering::Relaxed);
    until("the second goes on", || {
        (counts[1].load(Ordering::Relaxed) > before + 5).then_some(())
    });
    assert_eq!(streams(), 1);
    drop(second);
    until("the microphone is released", || {
        (streams() == 0).then_some(())
    });

    let again = Arc::new(AtomicU64::new(0));
    let _third = alice.capture(counting(&again)).unwrap();
    until("it opens again", || {
        (again.load(Ordering::Relaxed) > 5).then_some(())
    });
}

#[test]
fn a_dropped_playback_releases_the_speaker() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let alice = audio(&server, Microphone::Tone { hz: 440.0 });
    let streams = || {
        server
            .control(&["list", "short", "sink-inputs"])
            .lines()
            .count()
    };
    let (capture, playback) = connect(&alice, &alice);
    until("the speaker is in use", || (streams() == 1).then_some(()));
    drop((capture, playback));
    until("the speaker is released", || (streams() == 0).then_some(()));
}

#[test]
fn bob_does_not_hear_himself() {
    let server = Server::start(&[
        "module-null-sink sink_name=speaker",
        "module-null-sink sink_name=voice",
        "module-null-sink sink_name=bobs_voice",
        "module-null-sink sink_name=bobs_speaker",
        // What Alice's speaker plays, her microphone hears.
        "module-loopback source=speaker.monitor sink=voice latency_msec=40 adjust_time=0",
    ]);
    server.choose_defaults();
    let (alice, bob) = (
        audio(&server, Microphone::System),
        audio(&server, Microphone::System),
    );
    bob.choose(Side::Microphone, Some("bobs_voice.monitor"));
    bob.choose(Side::Speaker, Some("bobs_speaker"));
    let _talk = server.play("bobs_voice", babble);
    let (_bob_talks, _alice_listens) = connect(&bob, &alice);
    let (_alice_talks, _bob_listens) = connect(&alice, &bob);
    let echo = server.record("voice.monitor");
    let ear = server.record("bobs_speaker.monitor");
    until("the echo is there", || {
        (level(&echo.next(1.0)) > 0.02).then_some(())
    });
    let mut seen = Vec::new();
    let enhancement = until("the echo is cancelled by more than 20 dB for 3 s", || {
        let from = (echo.len(), ear.len());
        echo.next(3.0);
        let (echo, heard) = (level(&echo.since(from.0)), level(&ear.since(from.1)));
        let enhancement = 20.0 * (echo / heard.max(1e-6)).log10();
        seen.push(enhancement);
        (enhancement > 20.0).then_some(enhancement)
    });
    println!("echo return loss enhancement: {enhancement:.0} dB, window by window {seen:.0?}");
}

#[test]
fn both_are_heard_at_the_same_time() {
    let server = Server::start(&[
        "module-null-sink sink_name=speaker",
        "module-null-sink sink_name=voice",
        "module-null-sink sink_name=bobs_voice",
        "module-null-sink sink_name=bobs_speaker",
    ]);
    server.choose_defaults();
    let (alice, bob) = (
        audio(&server, Microphone::System),
        audio(&server, Microphone::System),
    );
    bob.choose(Side::Microphone, Some("bobs_voice.monitor"));
    bob.choose(Side::Speaker, Some("bobs_speaker"));
    let (ear, bobs_ear) = (
        server.record("speaker.monitor"),
        server.record("bobs_speaker.monitor"),
    );
    let _voice = server.play("voice", tone(440.0));
    let _bobs_voice = server.play("bobs_voice", tone(660.0));
    let _there = connect(&alice, &bob);
    let _back = connect(&bob, &alice);
    for _ in 0..5 {
        bobs_ear.hears(440.0);
        ear.hears(660.0);
        ear.next(1.0);
    }
}

#[test]
fn lost_and_shuffled_packets_leave_no_hole() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let (alice, bob) = (
        audio(&server, Microphone::Tone { hz: 440.0 }),
        audio(&server, Microphone::System),
    );
    let ear = server.record("speaker.monitor");
    let playback = Arc::new(bob.play().unwrap());
    let speaker = Arc::clone(&playback);
    let state = Mutex::new((0_u64, 7_u64, None::<(u64, OpusPacket)>));
    let _capture = alice
        .capture(Box::new(move |packet| {
            let (seq, random, held) = &mut *state.lock().unwrap();
            *seq += 1;
            *random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let push =
                |(seq, packet): (u64, OpusPacket)| speaker.push(seq, packet.rtp_time, packet.data);
            match (*random >> 33) % 20 {
                // One in ten is lost, one in ten comes after its successor, some come twice.
                0 | 1 => {}
                2 | 3 if held.is_none() => *held = Some((*seq, packet)),
                4 => {
                    push((*seq, packet.clone()));
                    push((*seq, packet));
                }
                _ => push((*seq, packet)),
            }
            if held.as_ref().is_some_and(|(late, _)| *late < *seq) {
                push(held.take().unwrap());
            }
        }))
        .unwrap();
    ear.hears(440.0);
    // A busy machine makes gaps of its own; it is not busy all the time.
    let mut gaps = Vec::new();
    until("in 4 s there is no gap of more than 60 ms", || {
        gaps.push(longest_gap(&ear.next(4.0)));
        gaps.last().is_some_and(|gap| *gap <= 60).then_some(())
    });
    let stats = playback.stats();
    println!("longest gaps, in ms: {gaps:?}; {stats:?}");
    assert!(stats.concealed > 0, "{stats:?}");
}

/// The longest stretch, in milliseconds, below a tenth of the usual loudness.
fn longest_gap(sound: &[f64]) -> usize {
    let usual = level(sound);
    let quiet: Vec<bool> = sound
        .chunks(48 * 5)
        .map(|part| level(part) < usual / 10.0)
        .collect();
    quiet
        .split(|quiet| !quiet)
        .map(|gap| gap.len() * 5)
        .max()
        .unwrap_or_default()
}

#[test]
fn the_call_goes_on_when_the_sound_server_comes_back() {
    let mut server = Server::with_devices();
    let (alice, bob) = (
        audio(&server, Microphone::System),
        audio(&server, Microphone::System),
    );
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    let ear = server.record("speaker.monitor");
    let voice = server.play("voice", tone(440.0));
    let _call = connect(&alice, &bob);
    ear.hears(440.0);
    told(&mut at_alice, "the microphone runs", |event| {
        *event
            == AudioEvent::Running {
                side: Side::Microphone,
            }
    });
    server.kill();
    told(&mut at_alice, "the microphone is lost", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                side: Side::Microphone,
                error: AudioError::Lost(..)
            }
        )
    });
    told(&mut at_bob, "the speaker is lost", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                side: Side::Speaker,
                error: AudioError::Lost(..)
            }
        )
    });
    told(&mut at_alice, "the server is gone", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                error: AudioError::NoServer,
                ..
            }
        )
    });
    drop((ear, voice));
    server.revive();
    server.choose_defaults();
    let ear = server.record("speaker.monitor");
    let _voice = server.play("voice", tone(440.0));
    told(&mut at_alice, "the microphone is back", |event| {
        *event
            == AudioEvent::Running {
                side: Side::Microphone,
            }
    });
    told(&mut at_bob, "the speaker is back", |event| {
        *event
            == AudioEvent::Running {
                side: Side::Speaker,
            }
    });
    ear.hears(440.0);
}

#[test]
fn devices_are_listed_without_monitors_and_with_their_defaults() {
    let server = Server::start(&[
        "module-null-sink sink_name=speaker sink_properties=device.description=Loud",
        "module-null-sink sink_name=voice",
        "module-remap-source master=voice.monitor source_name=headset source_properties=device.description=Headset",
    ]);
    server.control(&["set-default-sink", "speaker"]);
    server.control(&["set-default-source", "headset"]);
    let alice = audio(&server, Microphone::System);
    let devices = alice.devices().unwrap();
    let ids = |devices: &[ringdown_rtc::audio::Device]| {
        devices
            .iter()
            .map(|device| (device.id.clone(), device.default))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&devices.inputs), [("headset".to_owned(), true)]);
    assert_eq!(devices.inputs[0].label, "Headset");
    let mut outputs = ids(&devices.outputs);
    outputs.sort();
    assert_eq!(
        outputs,
        [("speaker".to_owned(), true), ("voice".to_owned(), false)]
    );
    assert_eq!(alice.microphone(None).unwrap(), devices.inputs[0]);
    assert_eq!(
        alice.microphone(Some("headset")).unwrap(),
        devices.inputs[0]
    );
    assert_eq!(
        alice.microphone(Some("gone")),
        Err(AudioError::NotFound(Side::Microphone))
    );

    server.control(&["set-default-source", "voice.monitor"]);
    let chosen = alice.microphone(None).unwrap();
    assert_eq!(
        chosen.id, "voice.monitor",
        "a monitor that was made the default is meant"
    );
}

#[test]
fn the_speakers_own_monitor_is_no_microphone() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let alice = audio(&server, Microphone::System);
    assert_eq!(
        alice.microphone(None),
        Err(AudioError::NotFound(Side::Microphone))
    );
    assert_eq!(alice.devices().unwrap().inputs, []);
    let mut events = alice.events();
    let heard = Flag::default();
    let hears = heard.clone();
    let _capture = alice.capture(Box::new(move |_| hears.set(true))).unwrap();
    told(&mut events, "there is no microphone", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                error: AudioError::NotFound(Side::Microphone),
                ..
            }
        )
    });
    assert!(!heard.get());
    // One is plugged in.
    server.control(&["load-module", "module-null-sink", "sink_name=voice"]);
    server.control(&["set-default-source", "voice.monitor"]);
    until("it is used", || heard.get().then_some(()));
}

#[test]
fn no_speaker_is_told_and_found_when_it_comes() {
    let server = Server::start(&[]);
    let (alice, bob) = (
        audio(&server, Microphone::Tone { hz: 440.0 }),
        audio(&server, Microphone::System),
    );
    assert_eq!(
        bob.devices().unwrap(),
        ringdown_rtc::audio::Devices::default()
    );
    assert_eq!(
        bob.microphone(None),
        Err(AudioError::NotFound(Side::Microphone))
    );
    let mut events = bob.events();
    let _call = connect(&alice, &bob);
    told(&mut events, "there is no speaker", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                error: AudioError::NotFound(Side::Speaker),
                ..
            }
        )
    });
    server.control(&["load-module", "module-null-sink", "sink_name=speaker"]);
    let ear = server.record("speaker.monitor");
    ear.hears(440.0);
}

#[test]
fn no_server_is_told() {
    let nowhere = Audio::new(AudioConfig {
        microphone: Microphone::System,
        server: Some("unix:/nonexistent/native".to_owned()),
    });
    assert_eq!(nowhere.devices(), Err(AudioError::NoServer));
    assert_eq!(nowhere.microphone(None), Err(AudioError::NoServer));
    let mut events = nowhere.events();
    let _capture = nowhere.capture(Box::new(|_| {})).unwrap();
    told(&mut events, "there is no server", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                side: Side::Microphone,
                error: AudioError::NoServer
            }
        )
    });
    let _playback = nowhere.play().unwrap();
    told(&mut events, "there is no server for the speaker", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                side: Side::Speaker,
                error: AudioError::NoServer
            }
        )
    });
}

#[test]
fn a_chosen_device_is_used_at_once_and_by_those_that_follow() {
    let server = Server::start(&[
        "module-null-sink sink_name=speaker",
        "module-null-sink sink_name=headphones",
        "module-null-sink sink_name=voice",
        "module-null-sink sink_name=other_voice",
    ]);
    server.choose_defaults();
    let (alice, bob) = (
        audio(&server, Microphone::System),
        audio(&server, Microphone::System),
    );
    let (ear, other_ear) = (
        server.record("speaker.monitor"),
        server.record("headphones.monitor"),
    );
    let _voice = server.play("voice", tone(440.0));
    let _other_voice = server.play("other_voice", tone(880.0));
    let _call = connect(&alice, &bob);
    ear.hears(440.0);
    alice.choose(Side::Microphone, Some("other_voice.monitor"));
    ear.hears(880.0);
    bob.choose(Side::Speaker, Some("headphones"));
    other_ear.hears(880.0);
    ear.hears_nothing();
    alice.choose(Side::Microphone, None);
    other_ear.hears(440.0);
}

#[test]
fn after_an_outage_the_sound_is_as_prompt_as_before() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let (alice, bob) = (
        audio(&server, Microphone::Tone { hz: 440.0 }),
        audio(&server, Microphone::System),
    );
    let ear = server.record("speaker.monitor");
    let playback = Arc::new(bob.play().unwrap());
    let speaker = Arc::clone(&playback);
    let (outage, sent, seq) = (
        Flag::default(),
        Arc::new(AtomicU64::new(0)),
        AtomicU64::new(0),
    );
    let (cut, count) = (outage.clone(), Arc::clone(&sent));
    let _capture = alice
        .capture(Box::new(move |packet| {
            let seq = seq.fetch_add(1, Ordering::Relaxed);
            count.fetch_add(1, Ordering::Relaxed);
            if !cut.get() {
                speaker.push(seq, packet.rtp_time, packet.data);
            }
        }))
        .unwrap();
    ear.hears(440.0);
    outage.set(true);
    let from = sent.load(Ordering::Relaxed);
    until("three seconds are lost", || {
        (sent.load(Ordering::Relaxed) > from + 150).then_some(())
    });
    ear.hears_nothing();
    outage.set(false);
    let back = ear.len();
    ear.hears(440.0);
    // What is heard is what is sent now, not what queued up: it stops at once, too.
    assert!(
        ear.len() - back < 2 * RATE,
        "it took {} samples",
        ear.len() - back
    );
    let stats = playback.stats();
    assert!(stats.delay < Duration::from_millis(300), "{stats:?}");
    assert!(stats.concealed > 2 * RATE as u64, "{stats:?}");
}

/// Set for the process of [`without_any_sound_system`]: what to try there.
const ALONE: &str = "RINGDOWN_TEST_WITHOUT_SOUND";

#[test]
fn a_machine_without_any_sound_system_is_told_apart() {
    let nowhere = std::env::temp_dir().join(format!("ringdown-no-sound-{}", std::process::id()));
    std::fs::create_dir_all(&nowhere).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "without_any_sound_system", "--nocapture"])
        .env(ALONE, "1")
        .env("PULSE_SERVER", format!("unix:{}/native", nowhere.display()))
        .env("XDG_RUNTIME_DIR", &nowhere)
        .env("HOME", &nowhere)
        .env("JACK_NO_START_SERVER", "1")
        .output()
        .unwrap();
    std::fs::remove_dir_all(&nowhere).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn without_any_sound_system() {
    if std::env::var_os(ALONE).is_none() || std::path::Path::new("/dev/snd").exists() {
        return;
    }
    let alice = Audio::new(AudioConfig::default());
    assert_eq!(alice.devices(), Ok(ringdown_rtc::audio::Devices::default()));
    assert_eq!(
        alice.microphone(None),
        Err(AudioError::NotFound(Side::Microphone))
    );
    let mut events = alice.events();
    let _capture = alice.capture(Box::new(|_| {})).unwrap();
    told(&mut events, "there is no microphone", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                error: AudioError::NotFound(Side::Microphone),
                ..
            }
        )
    });
    let _playback = alice.play().unwrap();
    told(&mut events, "there is no speaker", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                error: AudioError::NotFound(Side::Speaker),
                ..
            }
        )
    });
}

#[test]
fn a_headset_that_is_unplugged_is_replaced_and_used_again_when_it_is_back() {
    let server = Server::with_devices();
    let plug = || {
        let module = server.control(&["load-module", "module-null-sink", "sink_name=headset"]);
        module.trim().to_owned()
    };
    let headset = plug();
    let (alice, bob) = (
        audio(&server, Microphone::System),
        audio(&server, Microphone::System),
    );
    alice.choose(Side::Microphone, Some("headset.monitor"));
    let mut events = alice.events();
    let ear = server.record("speaker.monitor");
    let _voice = server.play("voice", tone(440.0));
    let in_headset = server.play("headset", tone(880.0));
    let _call = connect(&alice, &bob);
    ear.hears(880.0);
    drop(in_headset);
    server.control(&["unload-module", &headset]);
    told(&mut events, "another microphone stands in", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                error: AudioError::Lost(Side::Microphone, _),
                ..
            }
        )
    });
    ear.hears(440.0);
    plug();
    let _in_headset = server.play("headset", tone(880.0));
    ear.hears(880.0);
}

#[test]
fn what_is_changed_in_the_sound_settings_stays_so() {
    let server = Server::start(&[
        "module-null-sink sink_name=speaker",
        "module-null-sink sink_name=voice",
        "module-null-sink sink_name=headset",
    ]);
    server.choose_defaults();
    let alice = audio(&server, Microphone::System);
    alice.choose(Side::Microphone, Some("headset.monitor"));
    let mut events = alice.events();
    let (ear, sent) = (
        server.record("speaker.monitor"),
        Arc::new(AtomicU64::new(0)),
    );
    let _voice = server.play("voice", tone(440.0));
    let _in_headset = server.play("headset", tone(880.0));
    let _call = connect(&alice, &audio(&server, Microphone::System));
    let _count = alice.capture(counting(&sent)).unwrap();
    ear.hears(880.0);
    let streams = server.control(&["list", "short", "source-outputs"]);
    let voice = server.control(&["list", "short", "sources"]);
    let index = |list: &str, of: &dyn Fn(&[&str]) -> bool| {
        let lines = list
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        lines
            .filter(|line| of(line))
            .map(|line| line[0].to_owned())
            .next()
    };
    let source = |name: &str| index(&voice, &|line| line[1] == name).unwrap();
    let headset = source("headset.monitor");
    let stream = index(&streams, &|line| line[1] == headset).unwrap();
    server.control(&["move-source-output", &stream, "voice.monitor"]);
    ear.hears(440.0);
    // Longer than it takes to look for a chosen device that is away.
    let from = sent.load(Ordering::Relaxed);
    until("three more seconds are captured", || {
        (sent.load(Ordering::Relaxed) > from + 150).then_some(())
    });
    ear.hears(440.0);
    while let Ok(event) = events.try_recv() {
        assert!(matches!(event, AudioEvent::Running { .. }), "{event:?}");
    }
}

#[test]
fn without_the_last_microphone_nobody_hears_themselves() {
    let server = Server::start(&["module-null-sink sink_name=speaker"]);
    let plug = || {
        let module = server.control(&["load-module", "module-null-sink", "sink_name=voice"]);
        server.choose_defaults();
        module.trim().to_owned()
    };
    let microphone = plug();
    let alice = audio(&server, Microphone::System);
    let mut events = alice.events();
    let count = Arc::new(AtomicU64::new(0));
    let _capture = alice.capture(counting(&count)).unwrap();
    until("it runs", || {
        (count.load(Ordering::Relaxed) > 5).then_some(())
    });
    server.control(&["unload-module", &microphone]);
    told(&mut events, "there is no microphone", |event| {
        matches!(
            event,
            AudioEvent::Failed {
                error: AudioError::NotFound(Side::Microphone),
                ..
            }
        )
    });
    let before = count.load(Ordering::Relaxed);
    plug();
    until("it runs again", || {
        (count.load(Ordering::Relaxed) > before + 5).then_some(())
    });
}
