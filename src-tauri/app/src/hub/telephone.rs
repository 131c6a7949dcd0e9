//! Calls: feeds the core's call machine and carries out what it decides.

use std::time::{Duration, Instant};

use ringdown_core::call::{
    CallSnapshot, Direction, Here, Input, Introduction, MediaChange, Output, Phase,
};
use ringdown_core::ice;
use ringdown_core::identity::PublicKey;
use ringdown_core::message::MAX_LATER;
use uuid::Uuid;

use super::Hub;
use crate::clock::now_ms;
use crate::ipc::{MediaState, PeerEvent, UiError};
use crate::outbox::Undelivered;

/// How long the app may stay to tell the other side that it closes.
const FAREWELL: Duration = Duration::from_secs(2);

impl Hub {
    /// Calls a contact.
    ///
    /// # Errors
    /// When there is no such contact or another call is on.
    pub fn call(&mut self, contact: PublicKey, video: bool) -> Result<(), UiError> {
        let own_name = self.profile()?.name.clone();
        let refused = |message| Err(UiError::new("nobody", message));
        let Some(callee) = self.contacts.get(contact) else {
            return refused("This person is no longer a contact.");
        };
        if callee.blocked {
            return refused("You have blocked this person. Unblock them to call them.");
        }
        let call = Input::Call {
            id: Uuid::new_v4(),
            contact,
            name: callee.name.clone(),
            video,
            me: Introduction {
                name: own_name,
                early: callee.early,
            },
        };
        // What they answer could not be delivered where this side is not registered.
        self.line.hurry_back();
        self.tell_where_we_are();
        self.forget_reminder(contact);
        self.feed(call)
    }

    /// Answers the call that rings.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn accept(&mut self, video: bool) -> Result<(), UiError> {
        self.tell_where_we_are();
        self.feed(Input::Accept { video })
    }

    /// Refuses the call that rings.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn decline(&mut self) -> Result<(), UiError> {
        self.feed(Input::Decline)
    }

    /// Refuses the call that rings, and says when the person calls back.
    ///
    /// # Errors
    /// When there is no profile yet, or it is in more than a day.
    pub fn later(&mut self, minutes: u32) -> Result<(), UiError> {
        if !(1..=MAX_LATER).contains(&minutes) {
            return Err(UiError::new(
                "later",
                "Say when you call back: in 1 to 1440 minutes.",
            ));
        }
        let call = self.shown_call();
        let rings = |call: &CallSnapshot| {
            call.direction == Direction::Incoming && call.phase == Phase::Ringing
        };
        if let Some(call) = call.filter(rings) {
            self.remind(call.contact, minutes)?;
        }
        self.feed(Input::Later { minutes })
    }

    /// The call as the window draws it.
    pub(super) fn shown_call(&self) -> Option<CallSnapshot> {
        let profile = self.profile.as_ref()?;
        profile.calls.snapshot(Instant::now())
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

    /// The window was closed: ends the calls that are on in it, if there are any. One that rings goes on ringing.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn leave_call(&mut self) -> Result<(), UiError> {
        let rings = |call: CallSnapshot| {
            call.direction == Direction::Incoming && call.phase == Phase::Ringing
        };
        if self.shown_call().is_some_and(rings) {
            return Ok(());
        }
        self.feed(Input::HangUpHeld)?;
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
            MediaState::Failed => MediaChange::Failed,
            MediaState::Untrusted => MediaChange::Untrusted,
        };
        if state == MediaChange::Disconnected {
            // What took the media, a router that forgot all connections say, may have taken the way to the meeting points
            // too; and what mends the call comes by these.
            self.line.hurry();
        }
        self.feed(Input::Media { call, state })
    }

    /// A page that finds itself in a call, since the one before was lost, gets a peer connection of its own.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn resume(&mut self, call: Uuid) -> Result<(), UiError> {
        self.feed(Input::Resume { call })
    }

    pub(super) fn handle_timeout(&mut self) {
        // Without a profile there is nothing to time.
        let _ = self.feed(Input::Timeout);
    }

    pub(super) fn handle_undelivered(&mut self, lost: Undelivered) {
        self.presence_undelivered(lost.call);
        let _ = self.feed(Input::Undelivered {
            call: lost.call,
            to: lost.to,
        });
    }

    /// The addresses of this machine change; the call machine decides who hears of them and when.
    pub(super) fn tell_where_we_are(&mut self) {
        let here = Here {
            reach: self.line.reach(),
            port: self.line.port(),
        };
        if here != self.here && self.feed(Input::Here(here.clone())).is_ok() {
            self.here = here;
        }
    }

    pub(super) fn feed(&mut self, input: Input) -> Result<(), UiError> {
        let profile = self.profile.as_mut().ok_or_else(no_profile)?;
        profile.calls.handle(Instant::now(), input);
        self.carry_out();
        Ok(())
    }

    fn carry_out(&mut self) {
        let mut changed = false;
        let next = |hub: &mut Self| hub.profile.as_mut()?.calls.poll_output();
        while let Some(output) = next(self) {
            match output {
                Output::Send { to, message } => self.send(to, &message),
                Output::Ring { .. } => changed = true,
                Output::PreparePeer {
                    call,
                    contact,
                    polite,
                    initiator,
                } => {
                    let configuration = self.configuration(contact);
                    self.surface.peer(&PeerEvent::Prepare {
                        call,
                        polite,
                        initiator,
                        configuration,
                    });
                }
                Output::StartPeer {
                    call,
                    contact,
                    polite,
                    initiator,
                    video,
                    early,
                } => {
                    let configuration = self.configuration(contact);
                    self.surface.peer(&PeerEvent::Start {
                        call,
                        polite,
                        initiator,
                        video,
                        early,
                        configuration,
                    });
                }
                Output::ResumePeer {
                    call,
                    contact,
                    polite,
                    video,
                    early,
                } => {
                    let configuration = self.configuration(contact);
                    self.surface.peer(&PeerEvent::Resume {
                        call,
                        polite,
                        video,
                        early,
                        configuration,
                    });
                }
                Output::Accepted { call, video } => {
                    self.surface.peer(&PeerEvent::Accepted { call, video });
                }
                Output::Deliver { call, data } => {
                    self.surface.peer(&PeerEvent::Signal { call, data })
                }
                Output::StopPeer { call } => self.surface.peer(&PeerEvent::Stop { call }),
                Output::Ended { record } => {
                    tracing::info!(reason = ?record.reason, direction = ?record.direction, "call ended");
                    if record.talked.is_some() {
                        self.want_no_more(record.contact);
                    }
                    self.keep_call(&record);
                    self.leave_note(&record);
                }
                Output::Over { call, contact } => {
                    self.outbox.end(call);
                    if let Some(profile) = &mut self.profile {
                        profile.sessions.end(now_ms(), contact, call);
                    }
                }
                Output::Hinted {
                    contact,
                    servers,
                    port,
                } => self.take_hint(contact, &servers, port),
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
            self.spread_presence();
            self.show();
        }
    }

    /// For the page's peer connection: the stricter of the settings and what holds for this contact.
    fn configuration(&mut self, contact: PublicKey) -> ice::RtcConfiguration {
        let policy = self
            .contacts
            .get(contact)
            .and_then(|contact| contact.ice_policy);
        let servers = self
            .helpers
            .with(&self.settings.ice_servers, Instant::now());
        ice::configuration(self.settings.ice_policy, policy, &servers)
    }

    /// The calls whose media is connecting or connected, and with whom: the one that is on, and the one on hold.
    pub(super) fn connections(&self) -> Vec<(Uuid, PublicKey)> {
        let held = self.shown_held().map(|call| (call.id, call.contact));
        self.connection().into_iter().chain(held).collect()
    }

    /// The call that is on, where its media is connecting or connected.
    pub(super) fn connection(&self) -> Option<(Uuid, PublicKey)> {
        let profile = self.profile.as_ref()?;
        let call = profile.calls.snapshot(Instant::now())?;
        match call.phase {
            Phase::Connecting | Phase::Connected | Phase::Reconnecting => {
                Some((call.id, call.contact))
            }
            Phase::Inviting | Phase::Ringing | Phase::Ended => None,
        }
    }

    /// The page restarts ICE with the servers of this moment: credentials that were lent expire.
    pub(super) fn tell_of_servers(&mut self) {
        for (call, contact) in self.connections() {
            let configuration = self.configuration(contact);
            self.surface.peer(&PeerEvent::Servers {
                call,
                configuration,
            });
        }
    }

    /// Ends the calls that are on and leaves, so that the other side hears of it.
    pub(super) async fn close(&mut self) {
        // Who waits would ring now, and who is on hold be talked with.
        let _ = self.feed(Input::DeclineWaiting);
        let _ = self.feed(Input::HangUpHeld);
        let _ = self.feed(Input::HangUp);
        self.take_leave();
        if tokio::time::timeout(FAREWELL, self.outbox.finish())
            .await
            .is_err()
        {
            tracing::info!("the other side could not be told that the app closes");
        }
        self.line.close().await;
    }
}

pub(super) fn no_profile() -> UiError {
    UiError::new("no_profile", "Tell Ringdown your name first.")
}
