//! What the encoder is told, over links that are thin, lossy or unsteady.

use std::time::Duration;

use super::link::Link;
use super::world::{Loss, World};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Alice speaks; nobody films yet.
fn voice_call(rate: Option<u64>) -> World {
    let link = Link {
        rate,
        ..Link::default()
    };
    let mut world = World::call_over(link, false);
    world.alice_opens("0", "audio", true);
    world
}

/// Both speak and film from the beginning.
fn video_call(link: Link) -> World {
    let mut world = World::call_over(link, true);
    world.alice_opens("0", "audio", true);
    world
}

/// So many of a hundred packets of media are lost, each by chance, the same in each run.
fn loses(percent: u64) -> Loss {
    let mut count = 0_u64;
    Box::new(move |packet| {
        count = count
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        packet[0] > 127 && (count >> 33) % 100 < percent
    })
}

#[test]
fn who_opens_the_camera_later_begins_at_what_the_link_carries() {
    for (rate, from, to) in [
        (None, 800_000, 2_500_000),
        (Some(1_000_000), 500_000, 1_000_000),
        (Some(300_000), 120_000, 300_000),
    ] {
        for later in [SECOND / 2, 2 * SECOND, 20 * SECOND] {
            let mut world = voice_call(rate);
            world.alice_calls(later);
            world.alice_opens("1", "video", true);
            world.alice_calls(SECOND);
            let rates = world.alice.rates();
            assert!(
                (from..=to).contains(&rates[0]),
                "{rates:?} over {rate:?} after {later:?}"
            );
            assert!(
                rates.iter().all(|told| *told >= from / 2),
                "{rates:?} over {rate:?} after {later:?}"
            );
        }
    }
}

#[test]
fn a_camera_opened_late_on_a_good_link_soon_has_all_it_can_use() {
    let mut world = voice_call(None);
    world.alice_calls(20 * SECOND);
    world.alice_opens("1", "video", true);
    world.alice_calls(3 * SECOND);
    let rates = world.alice.rates();
    assert!(rates.last() > Some(&2_000_000), "{rates:?}");
}

#[test]
fn a_voice_call_does_not_send_more_than_voice_for_long() {
    let mut world = voice_call(None);
    world.alice_calls(10 * SECOND);
    let sent = |world: &mut World| {
        let report = world.ask_alice("stats", serde_json::json!({})).unwrap();
        let entries = report.as_array().unwrap().iter();
        let transport = entries.clone().find(|one| one["type"] == "transport");
        transport.unwrap()["bytesSent"].as_u64().unwrap()
    };
    let before = sent(&mut world);
    world.alice_calls(60 * SECOND);
    let rate = (sent(&mut world) - before) * 8 / 60;
    assert!(rate < 110_000, "{rate} b/s");
}

#[test]
fn a_link_that_halves_is_followed_within_a_second() {
    let link = Link {
        rate: Some(2_000_000),
        ..Link::default()
    };
    let mut world = video_call(link);
    world.alice_calls(15 * SECOND);
    let before = *world.alice.rates().last().unwrap();
    assert!(before > 1_200_000, "{before}");
    world.link.rate = Some(1_000_000);
    world.alice_calls(SECOND);
    let after = *world.alice.rates().last().unwrap();
    assert!(after <= 1_000_000, "{before} before, {after} after");
}

#[test]
fn fifteen_percent_lost_are_sent_again() {
    let mut world = video_call(Link::default());
    world.alice_calls(3 * SECOND);
    world.loss = loses(15);
    world.alice_calls(SECOND);
    let before = world.bob.frames.len();
    world.alice_calls(10 * SECOND);
    let shown = world.bob.frames.len() - before;
    assert!(shown >= 290, "{shown} of 300 frames");
}

#[test]
fn three_hundred_kilobits_leave_most_to_the_picture() {
    let link = Link {
        rate: Some(300_000),
        ..Link::default()
    };
    let mut world = video_call(link);
    world.alice_calls(10 * SECOND);
    let heard = world.bob.voice.len();
    world.alice_calls(20 * SECOND);
    let rates = world.alice.rates();
    let late = &rates[rates.len() / 2..];
    let mean = late.iter().sum::<u64>() / late.len() as u64;
    assert!(mean > 150_000, "{rates:?}");
    let heard = world.bob.voice.len() - heard;
    assert!(heard >= 950, "{heard} of 1000 packets of voice");
}

#[test]
fn pictures_come_back_after_an_outage_of_two_seconds() {
    for (outage, rate) in [(2 * SECOND, 300_000), (1500 * MS, 2_000_000)] {
        let link = Link {
            rate: Some(rate),
            ..Link::default()
        };
        let mut world = video_call(link);
        world.alice_calls(10 * SECOND);
        world.cut = true;
        world.alice_calls(outage);
        world.cut = false;
        let before = world.bob.frames.len();
        world.alice_calls(3 * SECOND);
        let shown = world.bob.frames.len() - before;
        assert!(
            shown > 30,
            "{shown} frames within 3 s of {outage:?} without any"
        );
    }
}

#[test]
fn jitter_takes_nothing_from_the_picture_even_where_packets_overtake_each_other() {
    for jitter in [30, 60] {
        let link = Link {
            jitter: jitter * MS,
            ..Link::default()
        };
        let mut world = video_call(link);
        world.alice_calls(25 * SECOND);
        let rates = world.alice.rates();
        let least = rates.iter().min();
        assert!(least >= Some(&700_000), "{rates:?} with {jitter} ms");
        assert!(
            rates.last() >= Some(&2_000_000),
            "{rates:?} with {jitter} ms"
        );
    }
}

#[test]
fn jitter_does_not_hide_that_a_link_is_full() {
    let link = Link {
        rate: Some(1_000_000),
        jitter: 30 * MS,
        ..Link::default()
    };
    let mut world = video_call(link);
    world.alice_calls(25 * SECOND);
    let rates = world.alice.rates();
    let late = &rates[rates.len() / 2..];
    let mean = late.iter().sum::<u64>() / late.len() as u64;
    assert!((500_000..1_000_000).contains(&mean), "{rates:?}");
}

#[test]
fn loss_that_is_no_congestion_takes_nothing_from_the_picture() {
    let mut world = video_call(Link::default());
    world.loss = loses(5);
    world.alice_calls(15 * SECOND);
    let rates = world.alice.rates();
    assert!(rates.last() > Some(&2_000_000), "{rates:?}");
}
