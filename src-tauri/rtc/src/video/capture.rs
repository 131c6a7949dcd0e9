//! One open camera and whoever takes its pictures.
//!
//! A thread of its own opens it, notices when it stands still or goes away, and opens it again: whoever takes its
//! pictures sees a pause. Only when it stays away they are told that it has ended.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};

use super::adaptation::Size;
use super::error::VideoError;
use super::picture::Picture;
use crate::pipeline;

/// A camera has so long for its first picture.
const OPENS: Duration = Duration::from_secs(5);
/// And so long once it is opened again: it worked before, and the next try may find it better.
const OPENS_AGAIN: Duration = Duration::from_millis(2500);
/// An open camera that gives nothing for so long is opened anew. A dark room makes some take a picture a second, none fewer.
const STALLED: Duration = Duration::from_millis(1800);
/// Between two looks, and between two tries to open it again.
const TICK: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(500);
/// A camera that does not come back within this time has ended.
const GIVEN_UP: Duration = Duration::from_secs(12);

/// Builds what pictures come out of: an element whose pictures are of any format, and the caps to open it with.
pub(super) type Build =
    Box<dyn Fn() -> Result<(gst::Element, Option<gst::Caps>), VideoError> + Send>;

/// Takes pictures, on the camera's thread: it must be quick.
pub(super) type Taker = Arc<dyn Fn(&Picture) + Send + Sync>;

/// An open camera; when it is dropped, it is let go of. Neither opening nor dropping blocks.
pub(super) struct Capture {
    shared: Arc<Shared>,
    wake: Sender<Wake>,
}

struct Shared {
    takers: Mutex<Takers>,
    /// Nobody holds the camera any more.
    closed: AtomicBool,
    /// Milliseconds of [`pipeline::now`] at the last picture; 0 before the first.
    last: AtomicU64,
}

#[derive(Default)]
struct Takers {
    list: Vec<(u64, Taker)>,
    next: u64,
}

enum Wake {
    Flowing(Size),
    Bus(gst::Message),
    Closed,
}

/// What becomes of a camera that was asked for.
pub(super) enum News {
    /// The first picture is there, of this size.
    Opened(Size),
    /// It did not open. The last news.
    Failed(VideoError),
    /// It went away, and did not come back. The last news.
    Ended,
}

/// While it is there, a taker gets pictures.
pub(super) struct Taking {
    shared: Arc<Shared>,
    number: u64,
}

impl Shared {
    fn takers(&self) -> MutexGuard<'_, Takers> {
        self.takers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.shared
            .takers()
            .list
            .retain(|(number, _)| *number != self.number);
    }
}

impl Capture {
    /// Opens a camera. `tell` is called from its thread.
    pub fn open(build: Build, tell: impl Fn(News) + Send + 'static) -> Result<Self, VideoError> {
        let (wake, woken) = channel();
        let shared = Arc::new(Shared {
            takers: Mutex::default(),
            closed: AtomicBool::new(false),
            last: AtomicU64::new(0),
        });
        let keeper = Keeper {
            shared: Arc::clone(&shared),
            build,
            wake: wake.clone(),
            woken,
            opened: false,
        };
        std::thread::Builder::new()
            .name("ringdown-camera".to_owned())
            .spawn(move || keeper.run(tell))
            .map_err(|_| VideoError::Thread)?;
        Ok(Self { shared, wake })
    }

    /// Has the pictures taken from now on.
    pub fn take(&self, taker: Taker) -> Taking {
        let mut takers = self.shared.takers();
        takers.next += 1;
        let number = takers.next;
        takers.list.push((number, taker));
        drop(takers);
        Taking {
            shared: Arc::clone(&self.shared),
            number,
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // the thread may be gone already
        let _ = self.wake.send(Wake::Closed);
    }
}

/// The camera's thread.
struct Keeper {
    shared: Arc<Shared>,
    build: Build,
    wake: Sender<Wake>,
    woken: Receiver<Wake>,
    /// It has given a picture.
    opened: bool,
}

impl Keeper {
    fn run(mut self, tell: impl Fn(News)) {
        let mut away: Option<Instant> = None;
        loop {
            let failure = match self.session(&tell, &mut away) {
                Ok(()) => return,
                Err(failure) => failure,
            };
            if !self.opened {
                return tell(News::Failed(failure));
            }
            let since = *away.get_or_insert_with(Instant::now);
            tracing::warn!("{failure}");
            if since.elapsed() > GIVEN_UP {
                return tell(News::Ended);
            }
            let until = Instant::now() + PAUSE;
            while Instant::now() < until {
                if self.closed() {
                    return;
                }
                let left = until.saturating_duration_since(Instant::now());
                let _ = self.woken.recv_timeout(left);
            }
        }
    }

    fn closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }

    /// From opening the camera to shutting it; fine when nobody wants it any more.
    fn session(
        &mut self,
        tell: &impl Fn(News),
        away: &mut Option<Instant>,
    ) -> Result<(), VideoError> {
        while self.woken.try_recv().is_ok() {}
        if self.closed() {
            return Ok(());
        }
        self.shared.last.store(0, Ordering::Relaxed);
        let pipeline = self.pipeline()?;
        let done = match pipeline.set_state(gst::State::Playing) {
            Ok(_) => self.attend(tell, away),
            Err(_) => Err(VideoError::Busy("it did not start".to_owned())),
        };
        if let Some(bus) = pipeline.bus() {
            bus.unset_sync_handler();
        }
        pipeline::shut(&pipeline);
        done
    }

    fn pipeline(&self) -> Result<gst::Pipeline, VideoError> {
        pipeline::start()?;
        let (source, caps) = (self.build)()?;
        let pipeline = gst::Pipeline::new();
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        let filter = pipeline::make("capsfilter")?;
        let compressed = caps
            .as_ref()
            .and_then(|caps| caps.structure(0))
            .is_some_and(|one| one.name() == "image/jpeg");
        if let Some(caps) = caps {
            filter.set_property("caps", caps);
        }
        let convert = pipeline::make("videoconvert")?;
        let output = AppSink::builder()
            .sync(false)
            .max_buffers(1)
            .drop(true)
            .caps(
                &gst::Caps::builder("video/x-raw")
                    .field("format", "I420")
                    .build(),
            )
            .build();
        self.listen(&pipeline, &output);
        let mut elements = vec![source, filter];
        if compressed {
            elements.push(pipeline::make("jpegdec")?);
        }
        elements.push(convert);
        elements.push(output.upcast());
        let elements: Vec<&gst::Element> = elements.iter().collect();
        pipeline::chain(&pipeline, &elements)?;
        Ok(pipeline)
    }

    /// Has pictures given to whoever takes them, and the pipeline's messages to this thread.
    fn listen(&self, pipeline: &gst::Pipeline, output: &AppSink) {
        let (shared, wake) = (Arc::clone(&self.shared), Mutex::new(self.wake.clone()));
        output.set_callbacks(
            AppSinkCallbacks::builder()
                .new_sample(move |output| {
                    let sample = output.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    let now = pipeline::now();
                    let captured = pipeline::captured(output, &sample, now);
                    let Some(picture) = Picture::read(&sample, captured) else {
                        return Ok(gst::FlowSuccess::Ok);
                    };
                    let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).max(1);
                    if shared.last.swap(millis, Ordering::Relaxed) == 0
                        && let Ok(wake) = wake.lock()
                    {
                        let _ = wake.send(Wake::Flowing(picture.size()));
                    }
                    let takers: Vec<Taker> = {
                        let takers = shared.takers();
                        takers
                            .list
                            .iter()
                            .map(|(_, taker)| Arc::clone(taker))
                            .collect()
                    };
                    takers.iter().for_each(|taker| taker(&picture));
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        let Some(bus) = pipeline.bus() else { return };
        let wake = Mutex::new(self.wake.clone());
        bus.set_sync_handler(move |_, message| {
            if matches!(
                message.type_(),
                gst::MessageType::Error | gst::MessageType::Eos
            ) && let Ok(wake) = wake.lock()
            {
                // the thread may be gone already; then nobody needs the message
                let _ = wake.send(Wake::Bus(message.clone()));
            }
            gst::BusSyncReply::Drop
        });
    }

    /// While the camera is open.
    fn attend(
        &mut self,
        tell: &impl Fn(News),
        away: &mut Option<Instant>,
    ) -> Result<(), VideoError> {
        let began = Instant::now();
        loop {
            match self.woken.recv_timeout(TICK) {
                Ok(Wake::Flowing(size)) => {
                    *away = None;
                    if !self.opened {
                        self.opened = true;
                        tell(News::Opened(size));
                    }
                }
                Ok(Wake::Bus(message)) => {
                    let why = match message.view() {
                        gst::MessageView::Error(error) => error.error().to_string(),
                        _ => "the stream ended".to_owned(),
                    };
                    return Err(VideoError::Busy(why));
                }
                Ok(Wake::Closed) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.closed() {
                return Ok(());
            }
            let last = Duration::from_millis(self.shared.last.load(Ordering::Relaxed));
            let silent = if last.is_zero() {
                began.elapsed() > if self.opened { OPENS_AGAIN } else { OPENS }
            } else {
                pipeline::now().saturating_sub(last) > STALLED
            };
            if silent {
                return Err(VideoError::Silent);
            }
        }
    }
}
