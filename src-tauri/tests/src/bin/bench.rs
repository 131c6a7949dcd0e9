//! `cargo xtask bench call`: what a call costs and how quick it is, between two real windows on this machine.
//! `cargo xtask bench idle`: how soon a window is there, and what an app costs that waits in the background.
//! `cargo xtask bench media`: its pictures and its voice beside Chromium's, over the same links.
//! `cargo xtask bench attack`: what attacks cost a server, and the people who use it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ringdown_e2e::Result;
use ringdown_e2e::media::{self, options::Options};
use ringdown_e2e::page::Page;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::siege;
use ringdown_e2e::stage::Stage;
use ringdown_e2e::usage::{self, Usage};
use serde_json::{Value, json};

/// Calls whose accept-to-first-frame is taken; the table shows the median.
const CALLS: usize = 5;
/// How long frames, processor time and memory are counted.
const WATCH: Duration = Duration::from_secs(20);
/// Frames whose age is read.
const AGES: u64 = 150;

/// Starts of the app; the table shows the median.
const STARTS: usize = 5;
/// From the last thing that happened until an app is called idle.
const SETTLE: Duration = Duration::from_secs(10);

/// When the page was drawn for the first time and took input, in milliseconds of Unix time.
const READY: &str = r#"
const [drawn] = performance.getEntriesByName("drawn");
return performance.timeOrigin + drawn.startTime;
"#;

/// Stamps the moment "Accept" is pressed and the moment the first picture of the other side is shown.
const STAMP_FIRST_FRAME: &str = r#"
window.bench = {};
document.addEventListener("click", ({ target }) => {
  const name = target.closest("button")?.getAttribute("aria-label") ?? target.closest("button")?.textContent.trim();
  if (name === "Accept") window.bench = { accepted: performance.now(), waiting: true };
}, { capture: true });
const look = () => {
  const video = document.querySelector(`video[aria-label="${arguments_name}"]`);
  if (video && window.bench.waiting) {
    window.bench.waiting = false;
    video.requestVideoFrameCallback(() => { window.bench.shown ??= performance.now(); });
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"#;

/// How many pictures of the video were presented so far.
const PRESENTED: &str = r#"
const video = document.querySelector(`video[aria-label="${arguments[0]}"]`);
window.presented ??= 0;
if (video && !video.counted) {
  video.counted = true;
  const count = () => { window.presented += 1; video.requestVideoFrameCallback(count); };
  video.requestVideoFrameCallback(count);
}
return [window.presented, performance.now(), video ? `${video.videoWidth}×${video.videoHeight}` : ""];
"#;

/// Puts a picture in the camera's place whose sixteen bars spell the time it was drawn at.
const CODED_CAMERA: &str = r#"
const devices = navigator.mediaDevices;
const real = devices.getUserMedia.bind(devices);
const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
const pen = canvas.getContext("2d");
setInterval(() => {
  const time = Date.now() & 0xffff;
  for (let bit = 0; bit < 16; bit++) {
    pen.fillStyle = (time >> bit) & 1 ? "white" : "black";
    pen.fillRect(bit * 40, 0, 40, 480);
  }
}, 1000 / 30);
const track = canvas.captureStream(30).getVideoTracks()[0];
devices.getUserMedia = async (wanted) => {
  const stream = wanted.audio ? await real({ audio: wanted.audio }) : new MediaStream();
  if (wanted.video) stream.addTrack(track.clone());
  return stream;
};
"#;

/// Reads the bars of every picture as it is shown: how old it is, in milliseconds.
const READ_AGES: &str = r#"
const video = document.querySelector(`video[aria-label="${arguments[0]}"]`);
const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 1 });
const pen = canvas.getContext("2d", { willReadFrequently: true });
window.ages = [];
const read = () => {
  const now = Date.now();
  pen.drawImage(video, 0, 0, 16, 1);
  const dots = pen.getImageData(0, 0, 16, 1).data;
  let time = 0;
  for (let bit = 0; bit < 16; bit++) if (dots[bit * 4] > 127) time |= 1 << bit;
  window.ages.push((now - time) & 0xffff);
  video.requestVideoFrameCallback(read);
};
video.requestVideoFrameCallback(read);
"#;

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("call") | None => bench_call().await,
        Some("idle") => bench_idle().await,
        Some("attack") => bench_attack().await,
        Some("media") => media::bench(&Options::read(std::env::args().skip(2))?).await,
        Some(other) => {
            Err(format!("there is no bench “{other}”; there are: call, idle, media, attack").into())
        }
    }
}

async fn bench_call() -> Result<()> {
    let mut table = Table::default();
    table.row("machine", &usage::machine().await);
    plain(&mut table).await?;
    coded(&mut table).await?;
    table.print();
    Ok(())
}

async fn bench_attack() -> Result<()> {
    println!("machine: {}\n", usage::machine().await);
    siege::bench().await
}

async fn bench_idle() -> Result<()> {
    let mut table = Table::default();
    table.row("machine", &usage::machine().await);
    let stage = Stage::new("1280x1024").await?;
    Person::arrive(&stage, "Alice", Setup::default())
        .await?
        .leave()
        .await?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let alice = Person::open(&stage, "Alice", Setup::default()).await?;
        alice.page().find("button", "Add contact").await?;
        let ready = alice.page().run(READY, vec![]).await?;
        starts.push(number(&ready)? - usage::started(alice.pid().await?).await?);
        alice.leave().await?;
    }
    table.row(
        "from start to a window that takes input, median",
        &format!("{:.0} ms", median(&mut starts)),
    );

    for (what, sleeps) in [("its page awake", "3600"), ("its page asleep", "1")] {
        let arguments = ["--hidden", "--page-sleeps", sleeps].map(String::from);
        let setup = Setup {
            arguments: arguments.into(),
            ..Setup::default()
        };
        let alice = Person::open(&stage, "Alice", setup).await?;
        if sleeps == "1" {
            alice.page_is_gone().await?;
        }
        tokio::time::sleep(SETTLE).await;
        let pid = alice.pid().await?;
        let before = usage::of(pid).await?;
        tokio::time::sleep(WATCH).await;
        let after = usage::of(pid).await?;
        report(
            &mut table,
            &format!("hidden, {what}"),
            &before,
            &after,
            WATCH,
        );
        let all: f64 = after.values().map(|usage| usage.pss_megabytes()).sum();
        table.row(&format!("hidden, {what}: all"), &format!("{all:.0} MB PSS"));
        alice.leave().await?;
    }
    table.print();
    Ok(())
}

async fn friends(stage: &Stage) -> Result<(Person, Person)> {
    let setup = Setup {
        tone: true,
        ..Setup::default()
    };
    let alice = Person::arrive(stage, "Alice", setup.clone()).await?;
    let bob = Person::arrive(stage, "Bob", setup).await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&alice.invite().await?, "Alice").await?;
    Ok((alice, bob))
}

/// First frame, frame rate, processor, memory: with the webview's own test picture.
async fn plain(table: &mut Table) -> Result<()> {
    let stage = Stage::new("1940x680").await?;
    let (alice, bob) = friends(&stage).await?;
    bob.page()
        .run(
            &STAMP_FIRST_FRAME.replace("${arguments_name}", "Alice"),
            vec![],
        )
        .await?;
    let mut first_frames = Vec::new();
    for call in 0..CALLS {
        alice.call_by_typing("Bob").await?;
        bob.answer("Alice", "Accept").await?;
        tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
        let stamps = bob
            .page()
            .run("return [window.bench.accepted, window.bench.shown]", vec![])
            .await?;
        first_frames.push(number(&stamps[1])? - number(&stamps[0])?);
        if call + 1 < CALLS {
            alice.page().press("Hang up").await?;
            bob.page().status("Call ended").await?;
            tokio::try_join!(alice.put_away(), bob.put_away())?;
        }
    }
    table.row(
        "accept to first frame, median",
        &format!("{:.0} ms", median(&mut first_frames)),
    );

    let before = [
        usage::of(alice.pid().await?).await?,
        usage::of(bob.pid().await?).await?,
    ];
    let started = Instant::now();
    let (to_alice, to_bob) =
        tokio::try_join!(watch(alice.page(), "Bob"), watch(bob.page(), "Alice"))?;
    let time = started.elapsed();
    let after = [
        usage::of(alice.pid().await?).await?,
        usage::of(bob.pid().await?).await?,
    ];
    table.row(
        "frames a second shown at Alice's, at Bob's",
        &format!("{:.1}, {:.1} ({})", to_alice.0, to_bob.0, to_bob.1),
    );
    for (name, (before, after)) in ["Alice", "Bob"].iter().zip(before.iter().zip(&after)) {
        report(table, name, before, after, time);
    }
    Ok(())
}

fn report(
    table: &mut Table,
    name: &str,
    before: &BTreeMap<String, Usage>,
    after: &BTreeMap<String, Usage>,
    time: Duration,
) {
    for (process, now) in after {
        let earlier = before
            .get(process)
            .map(|usage| usage.cpu)
            .unwrap_or_default();
        let share = (now.cpu - earlier).as_secs_f64() / time.as_secs_f64() * 100.0;
        table.row(
            &format!("{name}: {process}"),
            &format!("{share:.1} % of a core, {:.0} MB PSS", now.pss_megabytes()),
        );
    }
}

/// Glass to glass: from drawing a picture at Alice's to showing it at Bob's.
async fn coded(table: &mut Table) -> Result<()> {
    let stage = Stage::new("1940x680").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.page().run(CODED_CAMERA, vec![]).await?;
    alice.call_by_typing("Bob").await?;
    bob.answer("Alice", "Accept").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    bob.page().run(READ_AGES, vec![json!("Alice")]).await?;
    let ages = ringdown_e2e::eventually("enough pictures to read", || async {
        let ages = bob.page().run("return window.ages", vec![]).await?;
        let ages: Vec<f64> = ages
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        Ok((ages.len() as u64 >= AGES).then_some(ages))
    })
    .await?;
    // The first pictures wait for the pipeline to fill; what follows is how the call is.
    let mut ages: Vec<f64> = ages.into_iter().skip(30).collect();
    let p50 = median(&mut ages);
    let p95 = ages.get(ages.len() * 95 / 100).copied().unwrap_or_default();
    table.row(
        "glass to glass, p50, p95",
        &format!("{p50:.0} ms, {p95:.0} ms"),
    );
    Ok(())
}

/// Frames a second, and the size of the picture.
async fn watch(page: &Page, name: &str) -> Result<(f64, String)> {
    let begin = page.run(PRESENTED, vec![json!(name)]).await?;
    tokio::time::sleep(WATCH).await;
    let end = page.run(PRESENTED, vec![json!(name)]).await?;
    let frames = number(&end[0])? - number(&begin[0])?;
    let seconds = (number(&end[1])? - number(&begin[1])?) / 1000.0;
    Ok((
        frames / seconds,
        end[2].as_str().unwrap_or_default().to_owned(),
    ))
}

fn number(value: &Value) -> Result<f64> {
    value
        .as_f64()
        .ok_or_else(|| format!("no number: {value}").into())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[derive(Default)]
struct Table(Vec<(String, String)>);

impl Table {
    fn row(&mut self, name: &str, value: &str) {
        self.0.push((name.into(), value.into()));
    }

    fn print(&self) {
        println!("| what | measured |\n|---|---|");
        for (name, value) in &self.0 {
            println!("| {name} | {value} |");
        }
    }
}
