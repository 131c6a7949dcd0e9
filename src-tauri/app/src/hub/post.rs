//! What is said, sealed and sent; what arrives, opened and understood.

use std::time::Instant;

use ringdown_core::call::Input;
use ringdown_core::contacts::Contact;
use ringdown_core::envelope::{Admission, EnvelopeError, Opened};
use ringdown_core::identity::PublicKey;
use ringdown_core::message::{Kind, Message};
use ringdown_signaling::{Receipt, Routes};

use super::Hub;
use crate::clock::now_ms;
use crate::ipc::UiError;
use crate::outbox::Parcel;

impl Hub {
    /// A payload came in. Who is not heard here can't tell that from our being offline.
    pub(super) fn handle_payload(&mut self, payload: &[u8], receipt: Receipt) {
        let mut opened = self.open(payload);
        if matches!(opened, Err(EnvelopeError::NotHeard)) && self.read_invites_again() {
            opened = self.open(payload);
        }
        match opened {
            Ok(opened) => {
                for opened in &opened {
                    self.outbox.hurry(opened.from);
                }
                if self.take_in(opened).is_ok() {
                    receipt.accept();
                } else {
                    receipt.refuse();
                }
            }
            Err(error) if error.is_delivered() => receipt.accept(),
            Err(error @ (EnvelopeError::Early | EnvelopeError::NotHeard)) => {
                tracing::info!("a message was not taken: {error}");
                receipt.refuse();
            }
            Err(error) => {
                tracing::warn!("a message was dropped: {error}");
                receipt.refuse();
            }
        }
    }

    fn open(&mut self, payload: &[u8]) -> Result<Vec<Opened>, EnvelopeError> {
        let shown = self.who_may_know();
        let profile = self.profile.as_mut().ok_or(EnvelopeError::NotForUs)?;
        let now = now_ms();
        let (incoming, contacts, issued) = (&self.incoming, &self.contacts, &self.issued);
        let opened = profile.sessions.open(now, payload, |from, message| {
            let hidden = matches!(message.kind, Kind::Presence { .. }) && !shown.contains(&from);
            match incoming.admission(now, from, message, contacts, issued) {
                _ if hidden => Admission::Refused,
                admission => admission,
            }
        })?;
        let seen = profile.sessions.take_seen();
        if let Err(error) = self.store.keep_seen(&seen) {
            // It opens again only after a restart within minutes, and then the call it is about is over.
            tracing::warn!("what was opened was not kept: {}", error.code());
        }
        Ok(opened)
    }

    /// # Errors
    /// When something that has to be kept could not be: then it is as if it had not come.
    fn take_in(&mut self, opened: Vec<Opened>) -> Result<(), UiError> {
        for Opened { from, message } in opened {
            match message.kind {
                Kind::Request { .. } | Kind::Welcome { .. } => self.take_request(from, message)?,
                Kind::Note { video, at } => self.take_note(from, &message, video, at)?,
                Kind::Presence { state, ask } => {
                    self.take_presence(from, message.call, state, ask);
                }
                _ => {
                    let contact = self.contacts.known(from);
                    self.feed(Input::Received {
                        from,
                        contact,
                        message,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Seals and queues. Messages of one call arrive in this order.
    pub(super) fn send(&mut self, to: PublicKey, message: &Message) {
        self.post(to, message, message.may_be_lost());
    }

    /// Seals and sends one message that is no part of a call, once: it is sealed anew for each try.
    pub(super) fn send_once(&mut self, to: PublicKey, message: &Message) {
        self.post(to, message, true);
        self.outbox.end(message.call);
    }

    fn post(&mut self, to: PublicKey, message: &Message, may_be_lost: bool) {
        let routes = self.routes(to);
        let Some(profile) = &mut self.profile else {
            return;
        };
        match profile.sessions.seal(now_ms(), to, message) {
            Ok(payload) => {
                #[cfg(test)]
                self.said.push(message.clone());
                let parcel = Parcel {
                    routes,
                    payload,
                    may_be_lost,
                    begins: matches!(message.kind, Kind::Invite { .. }),
                };
                self.outbox.send(message.call, to, parcel);
            }
            Err(error) => tracing::error!("a message was not sent: {error}"),
        }
    }

    /// Everywhere the contact may be, all tried at once.
    pub(super) fn routes(&self, to: PublicKey) -> Routes {
        let found = self.finds.of(Instant::now(), to);
        Routes {
            named: self.named(to),
            found: found.map(ToString::to_string).collect(),
        }
    }

    /// The servers that the contact named, and those that an invite of theirs named since.
    pub(super) fn named(&self, to: PublicKey) -> Vec<String> {
        let contact = self.contacts.get(to);
        let reach = contact.into_iter().flat_map(Contact::everywhere);
        reach.map(ToString::to_string).collect()
    }
}
