//! Becoming contacts: requests that go out until they are answered, and requests that come in.

use std::time::{Duration, Instant};

use ringdown_core::identity::PublicKey;
use ringdown_core::message::Message;
use ringdown_core::name::DisplayName;
use ringdown_core::requests::{self, Step};

use super::Hub;
use crate::clock::now_ms;
use crate::ipc::{RequestView, UiError};

impl Hub {
    /// Who asks, for the window.
    pub(super) fn request_views(&self) -> Vec<RequestView> {
        let alike = self.incoming.namesakes();
        let pending = self.incoming.pending().iter();
        pending
            .map(|asking| RequestView {
                key: asking.key.to_string(),
                name: asking.name.to_string(),
                namesake: self
                    .contacts
                    .namesake(asking.key, &asking.name)
                    .map(|contact| contact.name.to_string()),
                alike: alike.contains(&asking.key),
                shared: self.incoming.rivals(asking.key, &self.issued) > 0,
                received_ms: asking.received_ms,
            })
            .collect()
    }

    /// Makes who asked a contact, under `name` or their own, and tells them. Whoever else asked with the same one-time invite
    /// asks no more, and the person is told that it got around.
    ///
    /// # Errors
    /// When they no longer ask, the name is none or taken, or nothing could be written.
    pub fn accept_request(&mut self, key: PublicKey, name: Option<&str>) -> Result<(), UiError> {
        let name = super::people::given_name(name)?;
        let (mut incoming, mut issued) = (self.incoming.clone(), self.issued.clone());
        let rivals = self.change_contacts(|contacts| {
            incoming
                .accept(key, name, contacts, &mut issued)
                .map_err(|error| UiError::new("request", error))
        })?;
        self.keep_requests(incoming)?;
        self.keep_invites(issued)?;
        self.have_an_invite();
        self.welcome(key);
        self.watch_contacts();
        if rivals > 0 {
            self.warn_of_rivals(key);
        }
        self.show();
        Ok(())
    }

    fn warn_of_rivals(&mut self, accepted: PublicKey) {
        let Some(name) = self.contacts.get(accepted).map(|known| known.name.clone()) else {
            return;
        };
        self.notice(&UiError::new(
            "invite_got_around",
            format!("This invite was used by several people, and you accepted {name}. Compare the safety number with them to be sure that it is who you gave it to."),
        ));
    }

    /// Does not answer who asked, now or later.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn ignore_request(&mut self, key: PublicKey) -> Result<(), UiError> {
        let mut incoming = self.incoming.clone();
        incoming.ignore(key);
        self.keep_requests(incoming)?;
        self.show();
        Ok(())
    }

    /// Does not answer who asked, nor anybody else who has the invite they had if it was a one-time one.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn block_request(&mut self, key: PublicKey) -> Result<(), UiError> {
        let (mut incoming, mut issued) = (self.incoming.clone(), self.issued.clone());
        incoming.block(key, &mut issued);
        self.keep_requests(incoming)?;
        self.keep_invites(issued)?;
        self.have_an_invite();
        self.show();
        Ok(())
    }

    /// # Errors
    /// When it could not be kept; then its sender must not hear that it arrived.
    pub(super) fn take_request(
        &mut self,
        from: PublicKey,
        message: Message,
    ) -> Result<(), UiError> {
        let mut incoming = self.incoming.clone();
        let mut contacts = self.contacts.clone();
        let step = incoming.received(now_ms(), from, message, &mut contacts, &self.issued);
        match step {
            Step::Nothing => return Ok(()),
            Step::Asked => self.keep_requests(incoming)?,
            Step::AskedFromElsewhere => self.incoming = incoming,
            Step::Welcome | Step::Met => self.keep_contacts(contacts)?,
        }
        if step == Step::Welcome {
            self.welcome(from);
        }
        self.show();
        Ok(())
    }

    /// When the next request is due.
    pub(super) fn next_request(&self) -> Option<Instant> {
        self.profile.as_ref()?;
        let due = self.outgoing.poll_timeout(&self.contacts)?;
        Some(Instant::now() + Duration::from_millis(due.saturating_sub(now_ms())))
    }

    /// Asks everybody who is to be asked now.
    pub(super) fn send_requests(&mut self) {
        let Some(name) = self.own_name() else { return };
        for key in self.outgoing.take_due(now_ms(), &self.contacts) {
            let token = self.contacts.get(key).and_then(|contact| contact.token);
            let request = requests::request(name.clone(), token, self.line.reach());
            self.send_once(key, &request);
        }
    }

    fn welcome(&mut self, key: PublicKey) {
        if let Some(name) = self.own_name() {
            let welcome = requests::welcome(name, self.line.reach());
            self.send_once(key, &welcome);
        }
    }

    fn own_name(&self) -> Option<DisplayName> {
        self.profile.as_ref().map(|profile| profile.name.clone())
    }
}
