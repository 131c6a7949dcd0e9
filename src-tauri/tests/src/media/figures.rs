//! From what was noted during a call to figures. Times are milliseconds since 1970, of one clock.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::clip;

/// A picture as a page saw it shown.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(from = "(f64, Option<i32>, u64, f64)")]
pub struct Picture {
    /// When.
    pub at: f64,
    /// Its number.
    pub number: Number,
    /// How many the browser had shown by then, also those the page heard nothing of.
    pub presented: u64,
    /// Dots side by side.
    pub width: f64,
}

/// What was read off a picture's bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// It was not tried: reading costs time.
    Unread,
    /// They can't be read.
    Smeared,
    /// This.
    Is(u16),
}

impl From<(f64, Option<i32>, u64, f64)> for Picture {
    fn from((at, number, presented, width): (f64, Option<i32>, u64, f64)) -> Self {
        let number = match number {
            None => Number::Unread,
            Some(number) => u16::try_from(number).map_or(Number::Smeared, Number::Is),
        };
        Self {
            at,
            number,
            presented,
            width,
        }
    }
}

/// What `getStats` said, all of it counted from the connection's beginning.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sample {
    /// When.
    pub at: f64,
    /// Bytes of pictures that came.
    pub video_bytes_in: Option<f64>,
    /// Key frames among them.
    pub key_frames: Option<f64>,
    /// Pictures that were encoded.
    pub encoded: Option<f64>,
    /// Packets of voice that were sent.
    pub voice_packets: Option<f64>,
    /// Samples of sound that had to be made up.
    pub concealed: Option<f64>,
    /// All samples of sound.
    pub samples: Option<f64>,
}

/// What a page noted, as `probe.js` tells it.
#[derive(Debug, Default, Deserialize)]
pub struct Told {
    /// When "Accept" was clicked here.
    pub accepted: Option<f64>,
    /// Pictures of the own camera that were shown.
    pub local: Vec<Picture>,
    /// Pictures of the other one.
    pub remote: Vec<Picture>,
    /// Statistics, once a second.
    pub samples: Vec<Sample>,
}

/// Everything that is known of a call.
#[derive(Debug, Default)]
pub struct Noted {
    /// When the measurement began.
    pub start: f64,
    /// When it ended.
    pub end: f64,
    /// When the link became another, meanwhile.
    pub changes: Vec<f64>,
    /// What Alice's page noted, and Bob's.
    pub told: [Told; 2],
    /// Seconds of the processor's time that were used meanwhile, by the name of the process, at Alice's and at Bob's.
    pub used: [BTreeMap<String, f64>; 2],
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// From "Accept" to the first picture.
    First,
    /// New pictures a second that the page heard of.
    Shown,
    /// Pictures a second by the browser's own count.
    Presented,
    /// Pictures a second that left the encoder.
    Encoded,
    /// Times that the picture stood: see [`freezes`].
    Freezes,
    /// Seconds that it stood.
    Frozen,
    /// Half of the pictures are no older than this: see [`ages`].
    AgeHalf,
    /// 95 of a hundred are not.
    AgeMost,
    /// Kilobits of pictures a second that came.
    Rate,
    /// The mean width of the picture.
    Width,
    /// The share of the time at the camera's own size.
    FullSize,
    /// Key frames.
    KeyFrames,
    /// Packets of voice sent a second.
    Voice,
    /// The share of the sound that was made up.
    Concealed,
    /// The processor's time of both sides, in hundredths of a core.
    Processor,
    /// Seconds that the picture stood in the 20 s after the first change of the link.
    FrozenAfterChange,
    /// Seconds from the last change until the next picture.
    BackAfterChange,
}

impl Measure {
    /// As it stands in a table, with its unit, and how many decimals it has.
    #[must_use]
    pub fn words(self) -> (&'static str, usize) {
        match self {
            Self::First => ("accept → first picture, ms", 0),
            Self::Shown => ("pictures a second", 1),
            Self::Presented => ("… as the browser counts them", 1),
            Self::Encoded => ("encoded a second", 1),
            Self::Freezes => ("freezes", 1),
            Self::Frozen => ("frozen, s", 2),
            Self::AgeHalf => ("age p50, ms", 0),
            Self::AgeMost => ("age p95, ms", 0),
            Self::Rate => ("video, kb/s", 0),
            Self::Width => ("mean width", 0),
            Self::FullSize => ("share of the time at full size", 2),
            Self::KeyFrames => ("key frames", 1),
            Self::Voice => ("voice packets a second", 1),
            Self::Concealed => ("voice made up, %", 2),
            Self::Processor => ("processor of both sides, % of a core", 0),
            Self::FrozenAfterChange => ("frozen in the 20 s after the change, s", 2),
            Self::BackAfterChange => ("last change → next picture, s", 2),
        }
    }
}

/// A call in figures.
pub type Figures = BTreeMap<Measure, f64>;

/// The figures of one direction: of what `receiver` (0: Alice, 1: Bob) saw and heard of the other one.
#[must_use]
pub fn of(noted: &Noted, receiver: usize) -> Figures {
    let Noted { start, end, .. } = *noted;
    let seconds = (end - start) / 1000.0;
    let (here, there) = (&noted.told[receiver], &noted.told[1 - receiver]);
    let mut found = Figures::new();
    let mut put = |measure, value: Option<f64>| {
        if let Some(value) = value {
            found.insert(measure, value);
        }
    };
    let grew =
        |samples: &[Sample], field: fn(&Sample) -> Option<f64>| growth(samples, field, start, end);
    put(
        Measure::Voice,
        grew(&there.samples, |sample| sample.voice_packets).map(|sent| sent / seconds),
    );
    let made_up = grew(&here.samples, |sample| sample.concealed);
    let heard = grew(&here.samples, |sample| sample.samples).filter(|heard| *heard > 0.0);
    put(
        Measure::Concealed,
        made_up
            .zip(heard)
            .map(|(made_up, heard)| 100.0 * made_up / heard),
    );
    let used: f64 = noted.used.iter().flat_map(BTreeMap::values).sum();
    put(Measure::Processor, Some(100.0 * used / seconds));
    if here.remote.is_empty() {
        return found;
    }

    let accepted = noted.told.iter().find_map(|told| told.accepted);
    put(
        Measure::First,
        accepted.map(|accepted| here.remote[0].at - accepted),
    );
    let new = changed(&here.remote);
    let inside = new.iter().filter(|at| (start..=end).contains(*at)).count();
    put(Measure::Shown, Some(inside as f64 / seconds));
    put(
        Measure::Presented,
        presented(&here.remote, start, end).map(|count| count / seconds),
    );
    put(
        Measure::Encoded,
        grew(&there.samples, |sample| sample.encoded).map(|count| count / seconds),
    );
    let stood = freezes(&new, start, end);
    put(Measure::Freezes, Some(f64::from(stood.count)));
    put(Measure::Frozen, Some(stood.seconds));
    let mut old = ages(&here.remote, &there.local, start, end);
    put(Measure::AgeHalf, percentile(&mut old, 0.5));
    put(Measure::AgeMost, percentile(&mut old, 0.95));
    put(
        Measure::Rate,
        grew(&here.samples, |sample| sample.video_bytes_in)
            .map(|bytes| bytes * 8.0 / 1000.0 / seconds),
    );
    put(
        Measure::KeyFrames,
        grew(&here.samples, |sample| sample.key_frames),
    );
    let (width, full) = widths(&here.remote, start, end);
    put(Measure::Width, Some(width));
    put(Measure::FullSize, Some(full));
    if let Some(change) = noted.changes.first() {
        let stood = freezes(&new, *change, end.min(change + 20_000.0));
        put(Measure::FrozenAfterChange, Some(stood.seconds));
    }
    if let Some(change) = noted.changes.last() {
        // What was under way when it changed is still shown.
        let next = new.iter().find(|at| **at > change + 200.0);
        put(
            Measure::BackAfterChange,
            Some((next.unwrap_or(&end) - change) / 1000.0),
        );
    }
    found
}

/// Whether the sender's camera gave pictures to the end: if not, the call says nothing about the way they go.
#[must_use]
pub fn camera_went_on(noted: &Noted, sender: usize) -> bool {
    let own = &noted.told[sender].local;
    own.last().is_none_or(|last| last.at > noted.end - 3000.0)
}

/// When pictures were shown that were not the one before once more.
fn changed(shown: &[Picture]) -> Vec<f64> {
    let mut last = Number::Unread;
    let mut found = Vec::new();
    for picture in shown {
        if picture.number == Number::Unread || picture.number != last {
            found.push(picture.at);
        }
        last = picture.number;
    }
    found
}

fn presented(shown: &[Picture], start: f64, end: f64) -> Option<f64> {
    let mut inside = shown
        .iter()
        .filter(|picture| (start..=end).contains(&picture.at));
    let first = inside.next()?.presented;
    let last = inside.next_back()?.presented;
    Some(last.saturating_sub(first) as f64)
}

/// How often the picture stood, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stood {
    /// Times.
    pub count: u32,
    /// Seconds, together.
    pub seconds: f64,
}

/// Freezes between `start` and `end`, as webrtc-stats defines them (`freezeCount`): the time from one picture to the next
/// is one if it is at least three times the mean of the thirty before, and at least 150 ms more than it. What lies outside
/// does not count; a picture that never comes, until `end`, does.
#[must_use]
pub fn freezes(times: &[f64], start: f64, end: f64) -> Stood {
    let mut stood = Stood::default();
    let mut gaps: Vec<f64> = Vec::new();
    let nothing_before = times.first().is_none_or(|first| *first > start);
    let begin = nothing_before.then_some(start);
    let all: Vec<f64> = begin
        .into_iter()
        .chain(times.iter().copied().filter(|at| *at < end))
        .chain([end])
        .collect();
    for pair in all.windows(2) {
        let [before, now] = [pair[0], pair[1]];
        let recent = &gaps[gaps.len().saturating_sub(30)..];
        let usual = if recent.is_empty() {
            1000.0 / clip::RATE as f64
        } else {
            recent.iter().sum::<f64>() / recent.len() as f64
        };
        let inside = now.min(end) - before.max(start);
        if now - before >= f64::max(3.0 * usual, usual + 150.0) && inside > 0.0 {
            stood.count += 1;
            stood.seconds += inside / 1000.0;
        }
        gaps.push(now - before);
    }
    stood
}

/// How old pictures were when they were shown between `start` and `end`, in milliseconds: by how much later than in the
/// sender's own window. Both windows read numbers only now and then; from each that the sender's read, the moment is taken
/// at which that window would have shown number 0, and of the nearest seven of these the median.
#[must_use]
pub fn ages(shown: &[Picture], own: &[Picture], start: f64, end: f64) -> Vec<f64> {
    let period = clip::PICTURES as f64 * 1000.0 / clip::RATE as f64;
    let since_zero = |picture: &Picture| match picture.number {
        Number::Is(number) => {
            let after = f64::from(number) * 1000.0 / clip::RATE as f64;
            Some((picture.at, picture.at - after))
        }
        Number::Unread | Number::Smeared => None,
    };
    let zeros: Vec<(f64, f64)> = own.iter().filter_map(since_zero).collect();
    let inside = shown
        .iter()
        .filter(|picture| (start..=end).contains(&picture.at));
    inside
        .filter_map(since_zero)
        .filter_map(|(at, zero)| {
            let mut near = zeros.clone();
            near.sort_by(|one, other| f64::total_cmp(&(one.0 - at).abs(), &(other.0 - at).abs()));
            near.truncate(7);
            // Whole rounds of the clip do not matter.
            let mut later: Vec<f64> = near
                .iter()
                .map(|(_, own_zero)| {
                    (zero - own_zero + period / 20.0).rem_euclid(period) - period / 20.0
                })
                .collect();
            median(&mut later)
        })
        .collect()
}

/// The mean width between `start` and `end`, and the share of that time at the clip's own.
fn widths(shown: &[Picture], start: f64, end: f64) -> (f64, f64) {
    let (mut all, mut whole, mut full) = (0.0, 0.0, 0.0);
    let ends = shown.iter().skip(1).map(|next| next.at).chain([end]);
    for (picture, until) in shown.iter().zip(ends) {
        let time = (until.min(end) - picture.at.max(start)).max(0.0);
        all += time;
        whole += time * picture.width;
        full += if picture.width >= clip::WIDTH as f64 {
            time
        } else {
            0.0
        };
    }
    if all > 0.0 {
        (whole / all, full / all)
    } else {
        (0.0, 0.0)
    }
}

/// By how much a count grew from `start` to `end`. It was taken about once a second, so that the time between the outermost
/// two of these is brought to the whole.
fn growth(
    samples: &[Sample],
    field: fn(&Sample) -> Option<f64>,
    start: f64,
    end: f64,
) -> Option<f64> {
    let near = samples
        .iter()
        .filter(|sample| (start - 1000.0..=end).contains(&sample.at));
    let known: Vec<(f64, f64)> = near
        .filter_map(|sample| Some((sample.at, field(sample)?)))
        .collect();
    let ((first, from), (last, to)) = (known.first()?, known.last()?);
    (last > first).then(|| (to - from) * (end - start) / (last - first))
}

/// The value that this share (0 to 1) of the values do not exceed; none of none.
pub fn percentile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values.get(at).or(values.last()).copied()
}

/// The middle value, or the mean of the middle two; none of none.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    Some(if values.len() % 2 == 1 {
        upper
    } else {
        (values[half - 1] + upper) / 2.0
    })
}
