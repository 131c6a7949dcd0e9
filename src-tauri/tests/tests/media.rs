//! The bench of pictures and voice: what it concludes from what was noted. No window is opened, and no time passes.

use std::collections::BTreeMap;
use std::time::Duration;

use ringdown_e2e::media::bars;
use ringdown_e2e::media::clip::{self, Scene};
use ringdown_e2e::media::figures::{self, Measure, Noted, Number, Picture, Sample, Told};
use ringdown_e2e::media::link::{Conditions, Lane};
use ringdown_e2e::media::options::Options;
use ringdown_e2e::media::people::Who;
use ringdown_e2e::media::profile::{self, Share};
use ringdown_e2e::media::report::{self, Call};
use ringdown_e2e::media::scenario::SCENARIOS;

/// Pictures at 30 a second from `start`, in milliseconds.
fn steadily(start: f64, count: u32) -> Vec<f64> {
    (0..count)
        .map(|number| start + f64::from(number) * 1000.0 / 30.0)
        .collect()
}

fn picture(at: f64, number: Number) -> Picture {
    Picture {
        at,
        number,
        presented: 0,
        width: 640.0,
    }
}

#[test]
fn every_number_is_read_as_it_was_written_and_a_smeared_one_is_not() {
    for number in 0..bars::NUMBERS {
        let levels = bars::write(number).map(|white| if white { 200 } else { 60 });
        assert_eq!(bars::read(&levels), Some(number));
        let mut smeared = levels;
        smeared[usize::from(number % 11)] = 255 - smeared[usize::from(number % 11)];
        assert_ne!(bars::read(&smeared), Some(number));
    }
    let grey = [128; bars::BARS];
    assert_eq!(bars::read(&grey), None);
}

#[test]
fn a_picture_of_the_clip_carries_its_number_and_another_is_another() {
    let scene = Scene::new();
    let draw = |number| {
        let mut picture = vec![0; clip::PICTURE_BYTES];
        scene.draw(number, &mut picture);
        picture
    };
    let (one, next) = (draw(417), draw(418));
    let levels = std::array::from_fn(|bar| one[16 * clip::WIDTH + bar * 40 + 20]);
    assert_eq!(bars::read(&levels), Some(417));
    // Below the bars nearly every dot has changed: an encoder finds no rest in it.
    let begin = 32 * clip::WIDTH;
    let end = clip::WIDTH * clip::HEIGHT;
    let pairs = one[begin..end].iter().zip(&next[begin..end]);
    let changed = pairs.filter(|(one, next)| one != next).count();
    assert!(
        changed > (end - begin) / 2,
        "{changed} dots of {}",
        end - begin
    );
}

#[test]
fn a_steady_picture_never_stands() {
    let stood = figures::freezes(&steadily(0.0, 300), 1000.0, 9000.0);
    assert_eq!(stood.count, 0);
    assert!(stood.seconds.abs() < f64::EPSILON);
}

#[test]
fn a_gap_of_half_a_second_stands_and_one_of_three_pictures_does_not() {
    let mut times = steadily(0.0, 60);
    times.extend(steadily(times[59] + 500.0, 60));
    let end = *times.last().unwrap();
    let stood = figures::freezes(&times, 0.0, end);
    assert_eq!(stood.count, 1);
    assert!((stood.seconds - 0.5).abs() < 1e-6, "{stood:?}");

    let mut times = steadily(0.0, 60);
    times.extend(steadily(times[59] + 100.0, 60));
    assert_eq!(
        figures::freezes(&times, 0.0, *times.last().unwrap()).count,
        0
    );
}

#[test]
fn of_a_standing_picture_only_what_is_inside_the_measurement_counts() {
    let mut times = steadily(0.0, 30);
    times.extend(steadily(5000.0, 30));
    let stood = figures::freezes(&times, 4000.0, 5500.0);
    assert!((stood.seconds - 1.0).abs() < 1e-6, "{stood:?}");
}

#[test]
fn a_picture_that_never_comes_stands_to_the_end() {
    let stood = figures::freezes(&steadily(0.0, 30), 500.0, 4000.0);
    assert!(
        (stood.seconds - (4.0 - 29.0 / 30.0)).abs() < 1e-6,
        "{stood:?}"
    );
    let nothing = figures::freezes(&[], 1000.0, 3000.0);
    assert!((nothing.seconds - 2.0).abs() < 1e-6, "{nothing:?}");
}

#[test]
fn ages_are_told_by_numbers_also_when_the_clip_begins_anew() {
    let numbered = |at: f64, every: usize| {
        steadily(at, 900)
            .into_iter()
            .zip(0..)
            .step_by(every)
            .map(|(at, number)| picture(at, Number::Is(number % 600)))
    };
    let own: Vec<_> = numbered(0.0, 6).collect();
    // The other's window reads other pictures, and one that is smeared says nothing.
    let mut shown: Vec<_> = numbered(120.0, 7).collect();
    shown.push(picture(1500.0, Number::Smeared));
    shown.push(picture(1500.0, Number::Unread));
    let mut ages = figures::ages(&shown, &own, 0.0, 29_000.0);
    assert!(ages.len() > 100);
    assert!((figures::percentile(&mut ages, 0.95).unwrap() - 120.0).abs() < 1e-6);
    assert!((ages[0] - 120.0).abs() < 1e-6, "{}", ages[0]);
}

#[test]
fn nobody_is_old_where_nothing_was_read() {
    let own = [picture(0.0, Number::Smeared)];
    let shown = [picture(100.0, Number::Is(1))];
    assert!(figures::ages(&shown, &own, 0.0, 1000.0).is_empty());
}

#[test]
fn medians() {
    assert_eq!(figures::median(&mut []), None);
    assert_eq!(figures::median(&mut [3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(figures::median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
}

/// Ten seconds in which Bob saw 30 pictures a second of Alice's, the first one 400 ms after he accepted.
fn a_good_call() -> Noted {
    let sample = |second: u32| Sample {
        at: f64::from(second) * 1000.0,
        voice_packets: Some(f64::from(second) * 50.0),
        video_bytes_in: Some(f64::from(second) * 250_000.0),
        ..Sample::default()
    };
    let told = |accepted, remote| Told {
        accepted,
        remote,
        samples: (0..=20).map(sample).collect(),
        ..Told::default()
    };
    let seen = steadily(5400.0, 450).into_iter().zip(0..);
    let seen = seen.map(|(at, presented)| Picture {
        presented,
        ..picture(at, Number::Unread)
    });
    Noted {
        start: 10_000.0,
        end: 20_000.0,
        told: [told(None, Vec::new()), told(Some(5000.0), seen.collect())],
        used: [
            BTreeMap::from([("ringdown".to_owned(), 2.0)]),
            BTreeMap::from([("WebKitWebProces".to_owned(), 5.0)]),
        ],
        ..Noted::default()
    }
}

#[test]
fn a_good_call_has_good_figures() {
    let found = figures::of(&a_good_call(), 1);
    let near = |measure: Measure, wanted: f64| {
        assert!(
            (found[&measure] - wanted).abs() < wanted.abs() * 0.01 + 0.01,
            "{measure:?}: {}",
            found[&measure]
        );
    };
    near(Measure::First, 400.0);
    near(Measure::Shown, 30.0);
    near(Measure::Presented, 30.0);
    near(Measure::Frozen, 0.0);
    near(Measure::Voice, 50.0);
    near(Measure::Rate, 2000.0);
    near(Measure::FullSize, 1.0);
    near(Measure::Processor, 70.0);
    assert!(!found.contains_key(&Measure::AgeHalf), "nothing was read");
    // Nobody saw Bob: there are no pictures, but there is voice.
    let other = figures::of(&a_good_call(), 0);
    assert!(!other.contains_key(&Measure::Shown));
    assert!(other.contains_key(&Measure::Voice));
}

#[test]
fn a_camera_that_stops_is_no_fault_of_the_call() {
    let mut noted = a_good_call();
    assert!(figures::camera_went_on(&noted, 0), "it was not looked at");
    noted.told[0].local = steadily(5000.0, 300)
        .into_iter()
        .map(|at| picture(at, Number::Unread))
        .collect();
    assert!(!figures::camera_went_on(&noted, 0));
    noted.told[0].local.push(picture(19_900.0, Number::Unread));
    assert!(figures::camera_went_on(&noted, 0));
}

#[test]
fn a_clear_link_does_nothing_and_a_cut_one_lets_nothing_through() {
    let mut lane = Lane::new(1);
    let now = Duration::from_secs(7);
    assert_eq!(lane.carry(&Conditions::CLEAR, now, 1200), Some(now));
    assert_eq!(lane.carry(&Conditions::CLEAR.cut(), now, 1200), None);
}

#[test]
fn a_link_loses_about_as_much_as_it_is_told_to_and_always_the_same() {
    let lost = || {
        let (mut lane, conditions) = (Lane::new(5), Conditions::CLEAR.loss(15));
        let all = (0..10_000).map(|at| lane.carry(&conditions, Duration::from_millis(at), 1000));
        all.filter(Option::is_none).count()
    };
    assert!((1400..1600).contains(&lost()), "{}", lost());
    assert_eq!(lost(), lost());
}

#[test]
fn jitter_delays_each_packet_by_another_time_within_its_bounds() {
    let (mut lane, conditions) = (Lane::new(9), Conditions::CLEAR.delay(50).jitter(30));
    let delays: Vec<_> = (0..1000)
        .map(|_| lane.carry(&conditions, Duration::ZERO, 100).unwrap())
        .collect();
    let bounds = Duration::from_millis(50)..=Duration::from_millis(80);
    assert!(delays.iter().all(|delay| bounds.contains(delay)));
    let spread = *delays.iter().max().unwrap() - *delays.iter().min().unwrap();
    assert!(spread > Duration::from_millis(25), "{spread:?}");
    assert!(
        delays.windows(2).any(|pair| pair[1] < pair[0]),
        "none overtakes another"
    );
}

#[test]
fn a_thin_link_sends_one_after_the_other_and_drops_what_would_wait_too_long() {
    let (mut lane, conditions) = (Lane::new(3), Conditions::CLEAR.rate(800));
    // 1000 bytes take 10 ms at 800 kb/s; the queue is 200 ms long.
    let arrive: Vec<_> = (0..30)
        .map(|_| lane.carry(&conditions, Duration::ZERO, 1000))
        .collect();
    assert_eq!(arrive[0], Some(Duration::from_millis(10)));
    assert_eq!(arrive[1], Some(Duration::from_millis(20)));
    assert_eq!(arrive.iter().flatten().count(), 21);
    assert!(arrive[21..].iter().all(Option::is_none));
    let later = Duration::from_secs(1);
    assert_eq!(
        lane.carry(&conditions, later, 1000),
        Some(later + Duration::from_millis(10))
    );
}

#[test]
fn the_table_has_the_median_of_each_and_ours_to_theirs() {
    let call = |who, shown, frozen| Call {
        scenario: SCENARIOS[0],
        who,
        figures: vec![BTreeMap::from([
            (Measure::Shown, shown),
            (Measure::Frozen, frozen),
        ])],
        processes: BTreeMap::from([("one".to_owned(), 42.0)]),
        profile: Vec::new(),
    };
    let calls = [
        call(Who::Ringdown, 24.0, 3.0),
        call(Who::Ringdown, 10.0, 1.0),
        call(Who::Ringdown, 27.0, 2.0),
        call(Who::Visible, 30.0, 0.0),
    ];
    let table = report::table(&calls);
    assert!(
        table.contains("| pictures a second | 24.0 | 30.0 | 0.80 |"),
        "{table}"
    );
    // A ratio to nothing is none.
    assert!(table.contains("| frozen, s | 2.00 | 0.00 | – |"), "{table}");
    assert!(
        table.contains("- clean, Ringdown (3 calls): one 42"),
        "{table}"
    );
}

#[test]
fn what_is_asked_for_is_measured_and_what_there_is_not_is_told() {
    let read = |words: &str| Options::read(words.split_whitespace().map(String::from));
    let options =
        read("--scenario step,clean --who ringdown,visible --repeats 5 --profile --minutes 10")
            .unwrap();
    let names: Vec<_> = options
        .scenarios
        .iter()
        .map(|scenario| scenario.name)
        .collect();
    assert_eq!(names, ["step", "clean"]);
    assert_eq!(options.who, [Who::Ringdown, Who::Visible]);
    assert_eq!(
        (options.repeats, options.budget),
        (5, Duration::from_secs(600))
    );
    assert_eq!(read("").unwrap(), Options::default());
    let error = read("--scenario dirty").unwrap_err().to_string();
    assert!(
        error.contains("dirty") && error.contains("loss15"),
        "{error}"
    );
    assert!(read("--repeats").is_err());
    assert!(read("--loud yes").is_err());
}

#[test]
fn what_perf_tells_is_summed_up_by_thread_and_library() {
    let report = "       300  |swapper        |[kernel.kallsyms]\n\
        \x20       20  |llvmpipe-0     |[JIT] tid 161\n\
        \x20       50  |ringdown       |libopus.so.0\n\
        \x20       80  |llvmpipe-0     |[JIT] tid 99\n\
        nonsense\n";
    let share = |thread: &str, library: &str, core| Share {
        thread: thread.into(),
        library: library.into(),
        core,
    };
    assert_eq!(
        profile::read(report, 200.0),
        [
            share("llvmpipe-0", "[JIT]", 50.0),
            share("ringdown", "libopus.so.0", 25.0)
        ]
    );
}
