//! Calls: feeds the core's call machine and carries out what it decides.

use std::time::{Duration, Instant};

use ringdown_core::call::{Input, Introduction, MediaChange, Output};
use ringdown_core::envelope;
use ringdown_core::ice;
use ringdown_core::identity::PublicKey;
use ringdown_core::message::Message;
use uuid::Uuid;

use super::Hub;
use crate::ipc::{MediaState, PeerEvent, UiError};
use crate::outbox::{Parcel, Undelivered};

/// How long the app may stay to tell the other side that it closes.
const FAREWELL: Duration = Duration::from_secs(2);

impl Hub {
    /// Calls a contact.
    ///
    /// # Errors
    /// When there is no such contact or another call is on.
    pub fn call(&mut self, contact: PublicKey, video: bool) -> Result<(), UiError> {
        let Some(name) = self
            .contacts
            .get(contact)
            .map(|contact| contact.name.clone())
        else {
            return Err(UiError::new(
                "nobody",
                "This person is no longer a contact.",
            ));
        };
        let Some(profile) = &self.profile else {
            return Err(no_profile());
        };
        let me = Introduction {
            name: profile.name.clone(),
            reach: self.line.reach(),
        };
        self.feed(Input::Call {
            id: Uuid::new_v4(),
            contact,
            name,
            video,
            me,
        })
    }

    /// Answers the call that rings.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn accept(&mut self, video: bool) -> Result<(), UiError> {
        self.feed(Input::Accept { video })
    }

    /// Refuses the call that rings.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn decline(&mut self) -> Result<(), UiError> {
        self.feed(Input::Decline)
    }

    /// Takes back a call that was not answered yet.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn cancel(&mut self) -> Result<(), UiError> {
        self.feed(Input::Cancel)
    }

    /// Ends the call.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn hang_up(&mut self) -> Result<(), UiError> {
        self.feed(Input::HangUp)
    }

    /// Puts away the call that has ended and the notices.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn dismiss(&mut self) -> Result<(), UiError> {
        self.notices.clear();
        self.feed(Input::Dismiss)?;
        self.show();
        Ok(())
    }

    /// Sends the page's description or candidate to the other page.
    ///
    /// # Errors
    /// When it is larger than a message may be.
    pub fn signal(&mut self, call: Uuid, data: String) -> Result<(), UiError> {
        if data.len() > ringdown_core::message::MAX_SIGNAL {
            return Err(UiError::new(
                "signal",
                "The description of the media is too large to send.",
            ));
        }
        self.feed(Input::Signal { call, data })
    }

    /// Takes note of how the media goes.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn media(&mut self, call: Uuid, state: MediaState) -> Result<(), UiError> {
        let state = match state {
            MediaState::Connected => MediaChange::Connected,
            MediaState::Disconnected => MediaChange::Disconnected,
            // The core learns the difference with its new messages.
            MediaState::Failed | MediaState::Untrusted => MediaChange::Failed,
        };
        self.feed(Input::Media { call, state })
    }

    pub(super) fn handle_timeout(&mut self) {
        // Without a profile there is nothing to time.
        let _ = self.feed(Input::Timeout);
    }

    pub(super) fn handle_undelivered(&mut self, lost: Undelivered) {
        let _ = self.feed(Input::Undelivered {
            call: lost.call,
            to: lost.to,
        });
    }

    /// A sealed message came in: opened, checked, understood; anything else is dropped without a trace.
    pub(super) fn handle_payload(&mut self, payload: &[u8]) {
        let Some(profile) = &self.profile else { return };
        let (from, message) = match envelope::open(&profile.identity, payload) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!("a message was dropped: {error}");
                return;
            }
        };
        let name = self.contacts.get(from).map(|contact| contact.name.clone());
        if name.is_none() {
            tracing::info!("a stranger's message was dropped");
        }
        let _ = self.feed(Input::Received {
            from,
            name,
            message,
        });
    }

    fn feed(&mut self, input: Input) -> Result<(), UiError> {
        let calls = self.calls.as_mut().ok_or_else(no_profile)?;
        calls.handle(Instant::now(), input);
        self.carry_out();
        Ok(())
    }

    fn carry_out(&mut self) {
        let mut changed = false;
        while let Some(output) = self.calls.as_mut().and_then(|calls| calls.poll_output()) {
            match output {
                Output::Send { to, message } => self.send(to, &message),
                Output::Ring { .. } => {
                    changed = true;
                    self.surface.raise();
                }
                Output::StartPeer {
                    call,
                    contact,
                    polite,
                    initiator,
                    video,
                } => {
                    let policy = self
                        .contacts
                        .get(contact)
                        .and_then(|contact| contact.ice_policy);
                    let configuration = ice::configuration(
                        self.settings.ice_policy,
                        policy,
                        &self.settings.ice_servers,
                    );
                    self.surface.peer(&PeerEvent::Start {
                        call,
                        polite,
                        initiator,
                        video,
                        early: false,
                        configuration,
                    });
                }
                Output::Deliver { call, data } => {
                    self.surface.peer(&PeerEvent::Signal { call, data })
                }
                Output::StopPeer { call } => self.surface.peer(&PeerEvent::Stop { call }),
                Output::Ended { record } => {
                    tracing::info!(reason = ?record.reason, direction = ?record.direction, "call ended");
                }
                Output::Over { call } => self.outbox.end(call),
                Output::Learned { contact, reach } => self.set_reach(contact, reach),
                Output::CallWaiting { name, .. } => {
                    self.notice(&UiError::new(
                        "call_waiting",
                        format!("{name} tried to call you just now."),
                    ));
                }
                Output::StopRinging | Output::Changed => changed = true,
            }
        }
        if changed {
            self.show();
        }
    }

    fn send(&mut self, to: PublicKey, message: &Message) {
        let Some(profile) = &self.profile else { return };
        match envelope::seal(&profile.identity, to, message) {
            Ok(payload) => {
                let urls = self.routes(to);
                self.outbox.send(
                    message.call,
                    to,
                    Parcel {
                        urls,
                        payload,
                        may_be_lost: message.may_be_lost(),
                    },
                );
            }
            Err(error) => tracing::error!("a message was not sent: {error}"),
        }
    }

    /// Everywhere the contact may be, all tried at once.
    fn routes(&self, to: PublicKey) -> Vec<String> {
        self.contacts
            .get(to)
            .map(|contact| contact.reach.iter().map(ToString::to_string).collect())
            .unwrap_or_default()
    }

    /// Ends the call that is on and leaves, so that the other side hears of it.
    pub(super) async fn close(&mut self) {
        let _ = self.feed(Input::HangUp);
        if tokio::time::timeout(FAREWELL, self.outbox.finish())
            .await
            .is_err()
        {
            tracing::info!("the other side could not be told that the app closes");
        }
        self.line.close().await;
        if let Some(closing) = self.closing.take() {
            // Nobody waits any more: then nobody needs to know.
            let _ = closing.send(());
        }
    }
}

pub(super) fn no_profile() -> UiError {
    UiError::new("no_profile", "Tell Ringdown your name first.")
}
