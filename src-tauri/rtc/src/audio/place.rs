//! Where a stream really is: the sound server moves it when a device goes away or the default changes.

use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use tokio::sync::broadcast;

use super::supervisor::Next;
use super::{AudioConfig, AudioError, AudioEvent, Side, devices};

/// How often to look for the chosen device while another one is in use.
const LOOK: Duration = Duration::from_secs(2);

/// What is told when a device is gone and another one is used instead.
const UNPLUGGED: &str = "it was unplugged, and another one is used now";

/// The device that one stream uses.
pub(super) struct Place {
    side: Side,
    element: gst::Element,
    /// What was asked for (`None`: the default).
    chosen: Option<String>,
    /// Where it was when last looked at.
    at: Option<String>,
    /// Whether the chosen device is gone. When it is there and the stream elsewhere, somebody
    /// wanted it so in the sound settings.
    away: bool,
    looked: Instant,
}

impl Place {
    /// `chosen` is what was asked for, `id` what was opened.
    pub(super) fn new(
        side: Side,
        element: &gst::Element,
        chosen: Option<&str>,
        id: Option<&str>,
    ) -> Self {
        Self {
            side,
            element: element.clone(),
            chosen: chosen.map(str::to_owned),
            at: id.map(str::to_owned),
            away: chosen != id,
            looked: Instant::now(),
        }
    }

    /// Tells when the device is gone and another one stands in; [`Next::Reopen`] when the chosen device is back.
    ///
    /// # Errors
    /// [`AudioError::NotFound`] when what is left is no microphone but the speaker's own sound.
    pub(super) fn look(
        &mut self,
        config: &AudioConfig,
        events: &broadcast::Sender<AudioEvent>,
    ) -> Result<Next, AudioError> {
        let Some(current) = self.current() else {
            return Ok(Next::Stay);
        };
        if self.at.as_ref() != Some(&current) {
            if self.side == Side::Microphone {
                devices::check_input(config, self.chosen.as_deref(), Some(&current))?;
            }
            let before = self.at.as_deref();
            if before.is_some() && devices::present(config, self.side, before).is_none() {
                self.away |= before == self.chosen.as_deref();
                let error = AudioError::Lost(self.side, UNPLUGGED.to_owned());
                // Nobody has to listen.
                let _ = events.send(AudioEvent::Failed {
                    side: self.side,
                    error,
                });
                let _ = events.send(AudioEvent::Running { side: self.side });
            }
            self.at = Some(current);
            self.looked = Instant::now();
        } else if self.away && self.looked.elapsed() > LOOK {
            self.looked = Instant::now();
            if devices::present(config, self.side, self.chosen.as_deref()).is_some() {
                return Ok(Next::Reopen);
            }
        }
        Ok(Next::Stay)
    }

    /// Only PulseAudio's elements know.
    fn current(&self) -> Option<String> {
        self.element
            .has_property("current-device", Some(gst::glib::Type::STRING))
            .then(|| self.element.property::<Option<String>>("current-device"))?
    }
}
