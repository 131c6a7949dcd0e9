//! Logs that others can't flood: of what happens again and again, the first few are written, the others are counted, and
//! once a minute one line says how many there were.
//!
//! A kind is a place in the code, not a text: texts may hold what others chose, and there is no end of those. So the memory
//! this takes is bounded by the code. `DEBUG` and `TRACE` are left alone: whoever asks for them wants every line.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use tracing::{Event, Level, Metadata, Subscriber, callsite::Identifier, field};
use tracing_subscriber::{Layer, layer::Context};

/// How many of a kind are written in a [`WINDOW`].
pub const BURST: u64 = 5;
/// How long the others are counted before they are told.
pub const WINDOW: Duration = Duration::from_secs(60);
/// The longest part of a text that is repeated with the number, in bytes.
const MAX_TEXT: usize = 200;
/// What the lines with the numbers are logged as; these are never held back.
const TARGET: &str = "ringdown_repeats";

/// A layer that holds back what repeats itself. It decides for all layers of its subscriber.
#[derive(Debug, Clone, Default)]
pub struct Repeats(Arc<Mutex<Counts>>);

/// The numbers are told as long as this lives, and once more when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Telling(Repeats);

type Counts = HashMap<Identifier, Count>;

#[derive(Debug)]
struct Count {
    level: Level,
    /// Of the first in this window.
    text: String,
    since: Instant,
    seen: u64,
}

impl Repeats {
    /// Tells the numbers once a [`WINDOW`], on a thread of its own, to the subscriber that is the default by then.
    ///
    /// Where the system gives no thread, the numbers are told when the returned value is dropped.
    pub fn tell(&self) -> Telling {
        let counts: Weak<Mutex<Counts>> = Arc::downgrade(&self.0);
        let telling = std::thread::Builder::new().name("log repeats".into());
        drop(telling.spawn(move || {
            loop {
                std::thread::sleep(WINDOW);
                let Some(counts) = counts.upgrade() else {
                    return;
                };
                Self(counts).tell_at(Instant::now());
            }
        }));
        Telling(self.clone())
    }

    /// Whether this one is written.
    fn admits(&self, event: &Event<'_>, now: Instant) -> bool {
        let metadata: &Metadata<'_> = event.metadata();
        if *metadata.level() > Level::INFO || metadata.target() == TARGET {
            return true;
        }
        let mut counts = self.counts();
        let count = counts.entry(metadata.callsite()).or_insert_with(|| {
            let mut text = Text::default();
            event.record(&mut text);
            Count {
                level: *metadata.level(),
                text: text.0,
                since: now,
                seen: 0,
            }
        });
        count.seen += 1;
        count.seen <= BURST
    }

    /// Tells of the kinds whose window is over, and begins anew with them.
    fn tell_at(&self, now: Instant) {
        let mut over = Vec::new();
        self.counts().retain(|_, count| {
            let ends = now.saturating_duration_since(count.since) >= WINDOW;
            if ends && count.seen > BURST {
                over.push((
                    count.level,
                    std::mem::take(&mut count.text),
                    count.seen - BURST,
                ));
            }
            !ends
        });
        // What is logged here comes back to `admits`: nothing may be locked by now.
        for (level, text, more) in over {
            match level {
                Level::ERROR => tracing::error!(target: TARGET, "{text} (and {more} more like it)"),
                Level::WARN => tracing::warn!(target: TARGET, "{text} (and {more} more like it)"),
                _ => tracing::info!(target: TARGET, "{text} (and {more} more like it)"),
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.tell_at(Instant::now() + WINDOW);
    }
}

impl<S: Subscriber> Layer<S> for Repeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.admits(event, Instant::now())
    }
}

/// The text of an event and its fields, up to [`MAX_TEXT`] bytes.
#[derive(Default)]
struct Text(String);

impl field::Visit for Text {
    fn record_debug(&mut self, field: &field::Field, value: &dyn fmt::Debug) {
        let part = match field.name() {
            "message" => format!("{value:?}"),
            name => format!(" {name}={value:?}"),
        };
        self.0.push_str(&part);
        let end = self.0.floor_char_boundary(MAX_TEXT);
        self.0.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use tracing_subscriber::{filter::filter_fn, fmt, layer::SubscriberExt};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn lines(&self) -> Vec<String> {
            let bytes = std::mem::take(&mut *self.0.lock().unwrap());
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(|line| line.trim().to_owned()).collect()
        }
    }

    fn with_log(story: impl FnOnce(&Repeats, &Written)) {
        let (repeats, written) = (Repeats::default(), Written::default());
        let output = written.clone();
        let layer = fmt::layer()
            .with_writer(move || output.clone())
            .with_ansi(false)
            .without_time()
            .with_target(false)
            // As in the server: a filter of one layer, beside this one, which is for all.
            .with_filter(filter_fn(|event| event.target().starts_with("ringdown")));
        let subscriber = tracing_subscriber::registry()
            .with(repeats.clone())
            .with(layer);
        tracing::subscriber::with_default(subscriber, || story(&repeats, &written));
    }

    #[test]
    fn a_million_packets_of_a_stranger_are_a_few_lines_and_a_number() {
        with_log(|repeats, written| {
            for packet in 0..1_000_000 {
                tracing::warn!(packet, "a message was dropped");
                if packet % 250_000 == 0 {
                    tracing::info!("something else");
                }
            }
            let lines = written.lines();
            assert_eq!(lines.len(), 5 + 4, "{lines:#?}");
            repeats.tell_at(Instant::now());
            assert!(written.lines().is_empty(), "its minute is not over");
            repeats.tell_at(Instant::now() + WINDOW);
            assert_eq!(
                written.lines(),
                ["WARN a message was dropped packet=0 (and 999995 more like it)"]
            );
            // The next minute begins with the same few.
            for packet in 0..10 {
                tracing::warn!(packet, "a message was dropped");
            }
            assert_eq!(written.lines().len(), 5);
            drop(Telling(repeats.clone()));
            let last = written.lines();
            assert!(
                last.len() == 1 && last[0].contains("and 5 more like it"),
                "{last:?}"
            );
        });
    }

    #[test]
    fn whoever_asks_for_every_line_gets_every_line() {
        with_log(|_, written| {
            for _ in 0..20 {
                tracing::debug!("in detail");
            }
            assert_eq!(written.lines().len(), 20);
        });
    }

    #[test]
    fn a_text_that_others_chose_is_not_kept_at_length() {
        with_log(|repeats, written| {
            let long = "é".repeat(5_000);
            for _ in 0..6 {
                tracing::info!("not taken: {long}");
            }
            written.lines();
            repeats.tell_at(Instant::now() + WINDOW);
            let told = written.lines();
            assert!(told.len() == 1 && told[0].len() < 300, "{told:?}");
        });
    }
}
