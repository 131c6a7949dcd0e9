//! `cargo xtask bench media`: the same call by two windows of Ringdown and by two Chromiums, over the same links.
//!
//! Alice films a clip whose pictures carry numbers ([`clip`], [`bars`]): in Ringdown by a PipeWire camera (`camera`), in
//! Chromium by the browser's own way to play a file as a camera (`browser`). What is between her and Bob is a [`link`]
//! that loses and delays. Their pages note what they show and when (`pages/probe.js`); [`figures`] are made of that, and a
//! table of these ([`report`]). Both have VP8 and Opus, and Bob, who accepts, makes the offer.

pub mod bars;
mod browser;
mod camera;
pub mod clip;
pub mod figures;
pub mod link;
pub mod options;
pub mod people;
pub mod profile;
pub mod report;
pub mod scenario;
mod voice;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use self::figures::Noted;
use self::link::Link;
use self::options::Options;
use self::people::{Pair, Who};
use self::profile::Share;
use self::report::Call;
use self::scenario::Scenario;
use crate::lab::{self, Place};
use crate::process::installed;
use crate::stage::Stage;
use crate::{PATIENCE, Result, usage};

/// What is waited for at most on a link that loses much.
const PATIENT: Duration = Duration::from_secs(60);
/// Times that a call is tried.
const ATTEMPTS: u32 = 3;
/// What has to be installed, besides what every test of windows needs.
const PROGRAMS: [&str; 5] = ["ip", "pipewire", "wireplumber", "gst-launch-1.0", "pw-cli"];
const BROWSER: [&str; 2] = ["chromium", "chromedriver"];

/// Why it can't be measured here; none if it can.
#[must_use]
pub fn why_not(who: &[Who]) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some(
            "the bench makes network namespaces and needs root: sudo -E cargo xtask bench media"
                .into(),
        );
    }
    let browser = who.iter().any(|who| *who != Who::Ringdown);
    let programs = PROGRAMS.iter().chain(BROWSER.iter().filter(|_| browser));
    let missing = programs.into_iter().find(|program| !installed(program))?;
    Some(format!(
        "{missing} is not installed (cargo xtask bench media installs it where apt-get is)"
    ))
}

/// Plays and measures all that is asked for, and prints the table.
///
/// # Errors
/// When it can't be measured here, or not a single call came about.
pub async fn bench(options: &Options) -> Result<()> {
    if let Some(obstacle) = why_not(&options.who) {
        return Err(obstacle.into());
    }
    lab::remove_leftovers();
    let folder = std::env::current_exe()?.with_file_name("bench-media");
    eprintln!("making the clip in {}", folder.display());
    let clip = clip::make(&folder)?;
    let mut calls = Vec::new();
    let mut told_to_end = signal(SignalKind::terminate())?;
    tokio::select! {
        () = play_all(options, &clip, &mut calls) => {}
        // What was measured until then is told; all that was started ends first.
        _ = tokio::signal::ctrl_c() => eprintln!("interrupted"),
        _ = told_to_end.recv() => eprintln!("told to end"),
    }
    if calls.is_empty() {
        return Err("no call was measured".into());
    }
    println!(
        "machine: {}\n\n{}",
        usage::machine().await,
        report::table(&calls)
    );
    Ok(())
}

async fn play_all(options: &Options, clip: &Path, calls: &mut Vec<Call>) {
    let began = Instant::now();
    // All of them once, then again: what else the machine does in some minutes falls on all alike.
    for repeat in 1..=options.repeats {
        for scenario in &options.scenarios {
            for who in &options.who {
                for attempt in 1..=ATTEMPTS {
                    if began.elapsed() > options.budget {
                        eprintln!("the time is over");
                        return;
                    }
                    let longest = scenario.settle + scenario.time + PATIENCE * 6;
                    let played =
                        timeout(longest, measure(*who, scenario, clip, options.profile)).await;
                    match played.unwrap_or_else(|_| Err("it took too long".into())) {
                        Ok(call) => {
                            eprintln!(
                                "{repeat}: {} {}: {:?}",
                                scenario.name,
                                who.name(),
                                call.figures
                            );
                            calls.push(call);
                            break;
                        }
                        Err(error) => {
                            eprintln!(
                                "{repeat}: {} {}, attempt {attempt}: {error}",
                                scenario.name,
                                who.name()
                            );
                        }
                    }
                }
            }
        }
    }
}

/// One call, from empty displays to figures.
async fn measure(who: Who, scenario: &Scenario, clip: &Path, profiled: bool) -> Result<Call> {
    let (noted, profile) = play(who, scenario, clip, profiled).await?;
    let both = scenario.both || !scenario.video;
    let receivers: &[usize] = if both { &[1, 0] } else { &[1] };
    for receiver in receivers {
        if !figures::camera_went_on(&noted, 1 - receiver) {
            let whose = people::SIDES[1 - receiver];
            return Err(format!("the camera of {whose} gave nothing any more").into());
        }
    }
    let seconds = (noted.end - noted.start) / 1000.0;
    let mut processes = BTreeMap::new();
    for (name, used) in noted.used.iter().flatten() {
        *processes.entry(name.clone()).or_default() += 100.0 * used / seconds;
    }
    let figures = receivers
        .iter()
        .map(|receiver| figures::of(&noted, *receiver));
    Ok(Call {
        scenario: *scenario,
        who,
        figures: figures.collect(),
        processes,
        profile,
    })
}

/// Ends all that runs in these places when it is dropped: a browser outlives the driver that is killed.
struct Emptied([Place; 2]);

impl Drop for Emptied {
    fn drop(&mut self) {
        for place in &self.0 {
            // Where nothing runs there is nothing to end.
            let _ = place.clear();
        }
    }
}

/// What was noted of a call, and what `perf` saw of it.
async fn play(
    who: Who,
    scenario: &Scenario,
    clip: &Path,
    profiled: bool,
) -> Result<(Noted, Vec<Share>)> {
    let stage = Stage::new("1940x680").await?;
    let places = [Place::new("alice")?, Place::new("bob")?];
    let link = Link::between([&places[0], &places[1]])?;
    let _emptied = Emptied(places.clone());
    let pair = Pair::meet(who, &stage, places, scenario, clip).await?;
    link.set(scenario.link);
    pair.watch(scenario).await?;
    pair.call(scenario).await?;
    pair.see(scenario).await?;
    sleep(scenario.settle).await;
    let profiling = async {
        if profiled {
            profile::record(stage.dir(), scenario.time).await
        } else {
            Ok(Vec::new())
        }
    };
    let (noted, profile) = tokio::join!(note(&pair, &link, scenario), profiling);
    let mut noted = noted?;
    noted.told = pair.told().await?;
    Ok((noted, profile?))
}

/// The measurement itself: all but what the pages tell.
async fn note(pair: &Pair<'_>, link: &Link, scenario: &Scenario) -> Result<Noted> {
    let before = pair.usage().await?;
    let (began, start) = (Instant::now(), now()?);
    let mut changes = Vec::new();
    for (seconds, conditions) in scenario.changes {
        sleep(Duration::from_secs(*seconds).saturating_sub(began.elapsed())).await;
        link.set(*conditions);
        changes.push(now()?);
    }
    sleep(scenario.time.saturating_sub(began.elapsed())).await;
    let end = now()?;
    let mut used = pair.usage().await?;
    for (used, before) in used.iter_mut().zip(before) {
        for (name, time) in used.iter_mut() {
            *time -= before.get(name).copied().unwrap_or_default();
        }
    }
    Ok(Noted {
        start,
        end,
        changes,
        used,
        ..Noted::default()
    })
}

/// Milliseconds since 1970, as the pages have them.
fn now() -> Result<f64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1000.0)
}
