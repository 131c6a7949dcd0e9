//! Keeps one pipeline alive on a thread of its own: opens it, listens to it, and opens it again
//! after a failure.
//!
//! ```text
//!            ┌──────── Reopen ────────┐
//!            ▼                        │
//!  spawn → opening ── opened ─────→ open ── Stop → gone
//!            ▲ │                      │
//!            │ └── failed ──┐         │
//!            │              ▼         │
//!            └─ pause ── waiting ←────┘ failed
//! ```
//!
//! Every change of a pipeline's state happens here, so none ever blocks a runtime's thread.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use tokio::sync::broadcast;

use super::{AudioError, AudioEvent, Side, graph};

/// The first pause before a device is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause before a device is tried again; each pause is twice the one before.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A device that worked for so long is tried again at once when it fails.
const WORKED: Duration = Duration::from_secs(2);

/// How often a line may look after itself.
const TICK: Duration = Duration::from_millis(200);

/// What wakes the thread.
pub(super) enum Wake {
    /// The line's users changed something: [`Line::changed`] looks what.
    Changed,
    /// Sound flows.
    Flowing,
    /// The pipeline says something.
    Bus(gst::Message),
}

/// What to do after a look at the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Stay,
    Reopen,
    Stop,
}

/// One pipeline and what is particular to it.
pub(super) trait Line: Send + 'static {
    const SIDE: Side;

    /// Builds the pipeline; not yet playing.
    fn open(&mut self, wake: &Sender<Wake>) -> Result<gst::Pipeline, AudioError>;

    /// The pipeline plays, and nothing has flowed yet.
    fn opened(&mut self) {}

    /// The pipeline is about to be shut, or did not open.
    fn close(&mut self);

    /// Something changed (or nothing did).
    fn changed(&mut self) -> Next;

    /// Called every [`TICK`] while the pipeline is open.
    ///
    /// # Errors
    /// When the pipeline only seems to work.
    fn tick(&mut self, pipeline: &gst::Pipeline) -> Result<Next, AudioError>;

    /// What a failure of the open pipeline really means.
    fn explain(&self, message: &str) -> AudioError;
}

/// Starts the thread; it lives until [`Line::changed`] says [`Next::Stop`].
pub(super) fn spawn<L: Line>(
    line: L,
    events: broadcast::Sender<AudioEvent>,
) -> Result<Sender<Wake>, AudioError> {
    let (wake, woken) = channel();
    let supervisor = Supervisor {
        line,
        events,
        wake: wake.clone(),
        woken,
        told: None,
    };
    std::thread::Builder::new()
        .name(format!("ringdown-{}", L::SIDE))
        .spawn(move || supervisor.run())
        .map_err(|_| AudioError::Thread(L::SIDE))?;
    Ok(wake)
}

struct Supervisor<L> {
    line: L,
    events: broadcast::Sender<AudioEvent>,
    wake: Sender<Wake>,
    woken: Receiver<Wake>,
    /// The failure that was last told, until sound flows again.
    told: Option<AudioError>,
}

impl<L: Line> Supervisor<L> {
    fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            // What an earlier pipeline had to say is of no interest any more.
            while self.woken.try_recv().is_ok() {}
            if self.line.changed() == Next::Stop {
                return;
            }
            let began = Instant::now();
            let failure = match self.session() {
                Ok(Next::Stop) => return,
                Ok(Next::Reopen | Next::Stay) => continue,
                Err(failure) => failure,
            };
            self.tell_failure(failure);
            if began.elapsed() > WORKED {
                pause = FIRST_PAUSE;
            }
            if self.wait(pause) == Next::Stop {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// From opening the pipeline to shutting it.
    fn session(&mut self) -> Result<Next, AudioError> {
        graph::start()?;
        let pipeline = self
            .line
            .open(&self.wake)
            .inspect_err(|_| self.line.close())?;
        self.listen(&pipeline);
        let outcome = match pipeline.set_state(gst::State::Playing) {
            Ok(_) => {
                self.line.opened();
                self.attend(&pipeline)
            }
            Err(_) => Err(self.reason()),
        };
        self.line.close();
        if let Some(bus) = pipeline.bus() {
            bus.unset_sync_handler();
        }
        graph::shut(&pipeline);
        outcome
    }

    /// Has the pipeline's messages sent to this thread.
    fn listen(&self, pipeline: &gst::Pipeline) {
        let Some(bus) = pipeline.bus() else { return };
        let wake = std::sync::Mutex::new(self.wake.clone());
        bus.set_sync_handler(move |_, message| {
            if matches!(
                message.type_(),
                gst::MessageType::Error | gst::MessageType::Eos | gst::MessageType::Latency
            ) && let Ok(wake) = wake.lock()
            {
                // The supervisor may be gone already; then nobody needs the message.
                let _ = wake.send(Wake::Bus(message.clone()));
            }
            gst::BusSyncReply::Drop
        });
    }

    /// While the pipeline is open.
    fn attend(&mut self, pipeline: &gst::Pipeline) -> Result<Next, AudioError> {
        let mut ticked = Instant::now();
        loop {
            match self
                .woken
                .recv_timeout(TICK.saturating_sub(ticked.elapsed()))
            {
                Ok(Wake::Flowing) => self.tell_running(),
                Ok(Wake::Changed) => match self.line.changed() {
                    Next::Stay => {}
                    next => return Ok(next),
                },
                Ok(Wake::Bus(message)) => match message.view() {
                    gst::MessageView::Error(error) => {
                        return Err(self.line.explain(&error.error().to_string()));
                    }
                    gst::MessageView::Eos(_) => {
                        return Err(self.line.explain("the stream ended"));
                    }
                    gst::MessageView::Latency(_) => graph::settle(pipeline),
                    _ => {}
                },
                Err(RecvTimeoutError::Timeout) => {
                    ticked = Instant::now();
                    match self.line.tick(pipeline)? {
                        Next::Stay => {}
                        next => return Ok(next),
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(Next::Stop),
            }
        }
    }

    /// Why the pipeline refused to start: its first error.
    fn reason(&self) -> AudioError {
        while let Ok(woken) = self.woken.try_recv() {
            if let Wake::Bus(message) = woken
                && let gst::MessageView::Error(error) = message.view()
            {
                return self.line.explain(&error.error().to_string());
            }
        }
        self.line.explain("it did not start")
    }

    fn tell_failure(&mut self, failure: AudioError) {
        if self.told.as_ref() != Some(&failure) {
            tracing::warn!(side = %L::SIDE, "{failure}");
            self.told = Some(failure.clone());
            // Nobody has to listen.
            let _ = self.events.send(AudioEvent::Failed {
                side: L::SIDE,
                error: failure,
            });
        }
    }

    fn tell_running(&mut self) {
        self.told = None;
        tracing::debug!(side = %L::SIDE, "sound flows");
        let _ = self.events.send(AudioEvent::Running { side: L::SIDE });
    }

    /// Waits before the next try; ends early when something changes.
    fn wait(&mut self, pause: Duration) -> Next {
        match self.line.changed() {
            Next::Stay => {}
            next => return next,
        }
        let until = Instant::now() + pause;
        loop {
            match self
                .woken
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(Wake::Changed) => match self.line.changed() {
                    Next::Stay => {}
                    next => return next,
                },
                Ok(Wake::Flowing | Wake::Bus(_)) => {}
                Err(RecvTimeoutError::Timeout) => return Next::Stay,
                Err(RecvTimeoutError::Disconnected) => return Next::Stop,
            }
        }
    }
}
