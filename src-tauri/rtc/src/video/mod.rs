//! Native pictures on Linux: cameras, and the coder of what is sent of them.
//!
//! ```text
//! camera → I420 ─┬→ size for the link → VP8 (libvpx) → the peer           (a `Sending` for each m-line)
//!                └→ small and raw → media socket → the page's own picture (a `Preview` for each opening)
//! ```
//!
//! Cameras and VP8 are GStreamer's. Each open camera has a thread of its own, which opens it again when it stands still
//! or comes back (`capture`); the page's track lives through that.

mod adaptation;
mod capture;
mod devices;
mod encoder;
mod error;
mod picture;
mod pipewire;
mod preview;
mod sending;
mod test_camera;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::json;
use tokio::sync::watch;

use crate::media_socket::Page;
use adaptation::Size;
use capture::{Build, Capture, News, Taker, Taking};
use devices::Found;
use preview::Preview;

pub(crate) use devices::{Device, Wanted};
pub(crate) use error::VideoError;
pub(crate) use sending::{Limits, Outgoing, Sending};

/// Where pictures come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CameraSource {
    /// The system's cameras.
    #[default]
    System,
    /// Two that need no device: each shows a ball that swings.
    Test,
}

/// Openings of cameras by the page at the same time; more is a page gone wrong.
const MOST_OPEN: usize = 16;

/// This machine's cameras; cheap to clone.
#[derive(Clone)]
pub(crate) struct Video {
    inner: Arc<Inner>,
}

struct Inner {
    source: CameraSource,
    page: Page,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// What the page has open, by the number it knows.
    held: BTreeMap<u32, Held>,
    last: u32,
    /// How many pages were there before: what one of them asked for is not to be open for the next.
    pages: u32,
    /// Every open camera, by its device.
    sources: BTreeMap<String, Weak<Source>>,
}

struct Held {
    camera: Camera,
    _preview: Taking,
}

/// An open camera that pictures can be taken from; cheap to clone.
#[derive(Clone)]
pub(crate) struct Camera {
    number: u32,
    source: Arc<Source>,
}

struct Source {
    device: Device,
    capture: Capture,
    status: watch::Receiver<Status>,
    /// How many m-lines send it.
    sendings: Arc<AtomicUsize>,
}

#[derive(Debug, Clone, PartialEq)]
enum Status {
    Opening,
    Open(Size),
    Failed(VideoError),
}

/// What the page is told of a camera that it opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opened {
    pub number: u32,
    pub device: Device,
    pub size: Size,
}

impl Camera {
    fn number(&self) -> u32 {
        self.number
    }

    fn take(&self, taker: Taker) -> Taking {
        self.source.capture.take(taker)
    }

    /// Until what is returned is dropped, the page's own picture is small.
    fn in_a_call(&self) -> InACall {
        self.source.sendings.fetch_add(1, Ordering::Relaxed);
        InACall(Arc::clone(&self.source.sendings))
    }
}

struct InACall(Arc<AtomicUsize>);

impl Drop for InACall {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Video {
    pub fn new(source: CameraSource, page: Page) -> Self {
        let inner = Inner {
            source,
            page,
            open: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Which cameras there are, real ones first. Blocks.
    pub fn devices(&self) -> Result<Vec<Device>, VideoError> {
        let found = self.inner.found()?;
        Ok(found.into_iter().map(|found| found.device).collect())
    }

    /// Opens a camera, and returns once its first picture is there. Without a device, or where the one asked for is not there
    /// and need not be that one, it is the first that opens; one that a program makes only where there is no other.
    pub async fn open(
        &self,
        id: Option<String>,
        exact: bool,
        wanted: Wanted,
    ) -> Result<Opened, VideoError> {
        let page = self.inner.open().pages;
        let inner = Arc::clone(&self.inner);
        let found = tokio::task::spawn_blocking(move || inner.found());
        let found = found.await.map_err(|_| VideoError::Thread)??;
        let (chosen, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|found| Some(&found.device.id) == id.as_ref());
        let found = if chosen.is_empty() && !(exact && id.is_some()) {
            others
        } else {
            chosen
        };
        let real = found.iter().any(|found| !found.device.is_virtual);
        let mut failure = VideoError::NotFound;
        for found in found {
            if found.device.is_virtual && real {
                break;
            }
            match self.open_found(found, wanted, page).await {
                Ok(opened) => return Ok(opened),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn open_found(
        &self,
        found: Found,
        wanted: Wanted,
        page: u32,
    ) -> Result<Opened, VideoError> {
        let device = found.device.clone();
        let source = self.inner.source(found, wanted)?;
        let mut status = source.status.clone();
        let settled = status.wait_for(|status| *status != Status::Opening).await;
        match settled.map(|status| status.clone()) {
            Ok(Status::Open(size)) => {
                let number = self.inner.hold(source, page)?;
                Ok(Opened {
                    number,
                    device,
                    size,
                })
            }
            Ok(Status::Failed(error)) => Err(error),
            Ok(Status::Opening) | Err(_) => Err(VideoError::Silent),
        }
    }

    /// The page has no track of this opening any more.
    pub fn end(&self, number: u32) {
        let held = self.inner.open().held.remove(&number);
        drop(held);
    }

    /// Another page is there: it has opened nothing.
    pub fn rest(&self) {
        let held = {
            let mut open = self.inner.open();
            open.pages = open.pages.wrapping_add(1);
            std::mem::take(&mut open.held)
        };
        drop(held);
    }

    pub fn camera(&self, number: u32) -> Option<Camera> {
        self.inner
            .open()
            .held
            .get(&number)
            .map(|held| held.camera.clone())
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cameras that are there. Blocks.
    fn found(&self) -> Result<Vec<Found>, VideoError> {
        match self.source {
            CameraSource::System => devices::list(),
            CameraSource::Test => {
                let found = test_camera::cameras().map(|device| Found {
                    device,
                    source: devices::Source::Test,
                });
                Ok(found.into())
            }
        }
    }

    /// The camera, opened now or before.
    fn source(self: &Arc<Self>, found: Found, wanted: Wanted) -> Result<Arc<Source>, VideoError> {
        let device = found.device.clone();
        let mut open = self.open();
        let known = open.sources.get(&device.id).and_then(Weak::upgrade);
        if let Some(source) = known
            && !matches!(*source.status.borrow(), Status::Failed(_))
        {
            return Ok(source);
        }
        let (tell, status) = watch::channel(Status::Opening);
        let (inner, id) = (Arc::downgrade(self), device.id.clone());
        let news = move |news| match news {
            News::Opened(size) => {
                tell.send_replace(Status::Open(size));
            }
            News::Failed(error) => {
                tell.send_replace(Status::Failed(error));
            }
            News::Ended => {
                tell.send_replace(Status::Failed(VideoError::NotFound));
                if let Some(inner) = inner.upgrade() {
                    inner.ended(&id);
                }
            }
        };
        let capture = Capture::open(self.opens(found, wanted), news)?;
        let source = Arc::new(Source {
            device: device.clone(),
            capture,
            status,
            sendings: Arc::default(),
        });
        open.sources.retain(|_, source| source.strong_count() > 0);
        open.sources
            .insert(device.id.clone(), Arc::downgrade(&source));
        Ok(source)
    }

    /// How a camera is opened, now and again: then it may have been plugged in anew, and is looked for.
    fn opens(self: &Arc<Self>, found: Found, wanted: Wanted) -> Build {
        let (inner, id) = (Arc::downgrade(self), found.device.id);
        let first = Mutex::new(Some(found.source));
        Box::new(move || {
            let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(source) = first {
                return source.open(&id, wanted);
            }
            let inner = inner.upgrade().ok_or(VideoError::NotFound)?;
            let mut all = inner.found()?.into_iter();
            let found = all.find(|found| found.device.id == id);
            let found = found.ok_or(VideoError::NotFound)?;
            found.source.open(&id, wanted)
        })
    }

    fn hold(&self, source: Arc<Source>, page: u32) -> Result<u32, VideoError> {
        let mut open = self.open();
        if open.pages != page {
            return Err(VideoError::PageGone);
        }
        if open.held.len() >= MOST_OPEN {
            return Err(VideoError::Busy("it is open too often".to_owned()));
        }
        open.last = open.last.wrapping_add(1);
        let number = open.last;
        let (page, preview) = (self.page.clone(), Preview::default());
        let sendings = Arc::clone(&source.sendings);
        let show = source.capture.take(Arc::new(move |picture| {
            // a page that has not taken the last one yet gets none
            if page.is_busy() {
                return;
            }
            let in_a_call = sendings.load(Ordering::Relaxed) > 0;
            if let Some((size, bytes)) = preview.next(picture, in_a_call) {
                let time = u64::try_from(picture.captured.as_micros()).unwrap_or(u64::MAX);
                page.own_picture(number, size, time, &bytes);
            }
        }));
        let camera = Camera { number, source };
        open.held.insert(
            number,
            Held {
                camera,
                _preview: show,
            },
        );
        Ok(number)
    }

    /// A camera is gone for good.
    fn ended(&self, id: &str) {
        let mut open = self.open();
        let numbers: Vec<u32> = open
            .held
            .iter()
            .filter(|(_, held)| held.camera.source.device.id == id)
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            open.held.remove(&number);
            self.page
                .tell(&json!({ "t": "cameraEnded", "camera": number }));
        }
    }
}
