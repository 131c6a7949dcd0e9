//! Invites: those given away, and those of others.

use ringdown_core::contacts::AddOutcome;
use ringdown_core::identity::PublicKey;
use ringdown_core::invite::issued::{InviteKind, Issued, IssuedBook};
use ringdown_core::invite::{Invite, SCHEME};
use uuid::Uuid;

use super::people::given_name;
use super::{Hub, Profile};
use crate::clock::now_ms;
use crate::ipc::{Added, InvitePreview, InviteView, NewInvite, UiError};
use crate::qr;

impl Hub {
    /// The invite that was opened outside the window, once.
    ///
    /// # Errors
    /// Never.
    pub fn take_invite(&mut self) -> Result<Option<String>, UiError> {
        Ok(self.opened_invite.take())
    }

    /// Whose invite this is, without adding anybody.
    ///
    /// # Errors
    /// When the link is no invite; the sentence says what to do.
    pub fn invite_preview(&self, link: &str) -> Result<InvitePreview, UiError> {
        let invite = parse(link)?;
        let key = invite.key;
        Ok(InvitePreview {
            own: self.own_key().is_ok_and(|own| own == key),
            known: self
                .contacts
                .get(key)
                .map(|contact| contact.name.to_string()),
            namesake: self
                .contacts
                .namesake(key, &invite.name)
                .map(|contact| contact.name.to_string()),
            expired: invite.is_expired(now_ms()),
            name: invite.name.to_string(),
        })
    }

    /// Adds the maker of this invite, under `name` or their own, and asks them; if they are known, learns where to reach
    /// them now.
    ///
    /// # Errors
    /// When the link is no invite, one's own or expired, the name is none or taken, or nothing could be written.
    pub fn add_contact(&mut self, link: &str, name: Option<&str>) -> Result<Added, UiError> {
        let own = self.own_key()?;
        let invite = parse(link)?;
        let key = invite.key;
        if key != own && self.contacts.get(key).is_none() {
            invite.clone().not_expired(now_ms()).map_err(invalid)?;
        }
        let name = given_name(name)?;
        let outcome = self.change_contacts(|contacts| {
            contacts
                .add(own, invite, name)
                .map_err(|error| UiError::new("contact", error))
        })?;
        let mut incoming = self.incoming.clone();
        incoming.forgive(key);
        self.keep_requests(incoming)?;
        self.outgoing.hurry(key);
        self.watch_contacts();
        self.show();
        let contact = self.contacts.get(key);
        Ok(Added {
            key: key.to_string(),
            name: contact
                .map(|contact| contact.name.to_string())
                .unwrap_or_default(),
            already_known: matches!(outcome, AddOutcome::AlreadyKnown { .. }),
        })
    }

    /// Makes an invite to give away.
    ///
    /// # Errors
    /// When there is no profile yet, or nothing could be written.
    pub fn new_invite(
        &mut self,
        kind: InviteKind,
        label: Option<&str>,
    ) -> Result<NewInvite, UiError> {
        let issued = self.issue(kind, label)?;
        self.show();
        let link = self.link_of(self.profile()?, &issued);
        let qr = draw(&link)?;
        Ok(NewInvite { link, qr })
    }

    /// Takes an invite back: who opens it from now on is not heard.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn revoke_invite(&mut self, id: Uuid) -> Result<(), UiError> {
        let mut issued = self.issued.clone();
        issued.revoke(id);
        self.keep_invites(issued)?;
        self.have_an_invite();
        self.show();
        Ok(())
    }

    /// The invite of this moment as a QR code.
    ///
    /// # Errors
    /// When there is no profile yet.
    pub fn invite_qr(&self) -> Result<String, UiError> {
        draw(
            &self
                .current_link()
                .ok_or_else(super::telephone::no_profile)?,
        )
    }

    /// The invite of this moment as a page of the stand-alone server, if that is one with TLS. The server does not see the
    /// part after the `#`.
    ///
    /// # Errors
    /// Never.
    pub fn invite_page(&self) -> Result<Option<String>, UiError> {
        let server = self.line.view().server;
        let base = server.as_deref().and_then(|url| url.strip_prefix("wss://"));
        let link = self.current_link();
        let invite = link.as_deref().and_then(|link| link.strip_prefix(SCHEME));
        Ok(base.zip(invite).map(|(base, invite)| {
            let base = base.trim_end_matches('/');
            format!("https://{base}/i#{invite}")
        }))
    }

    /// The link of the window's "My invite link"; addresses are those of this moment.
    pub(super) fn current_link(&self) -> Option<String> {
        let profile = self.profile.as_ref()?;
        let now = now_ms();
        let unnamed = |invite: &&Issued| {
            invite.kind == InviteKind::OneTime && invite.label.is_none() && invite.is_good(now)
        };
        let current = self.issued.current(now);
        let issued = current.or_else(|| self.issued.iter().rev().find(unnamed))?;
        Some(self.link_of(profile, issued))
    }

    /// Newest first, without those that were taken back.
    pub(super) fn invite_views(&self) -> Vec<InviteView> {
        let invites = self.issued.iter().rev().filter(|invite| !invite.revoked);
        invites
            .map(|invite| InviteView {
                id: invite.id.to_string(),
                label: invite.label.clone().unwrap_or_default(),
                kind: invite.kind,
                expires_ms: invite.expires_ms,
                used_by: invite.used_by.map(|key| self.name_of(key)),
            })
            .collect()
    }

    fn name_of(&self, key: PublicKey) -> String {
        let contact = self.contacts.get(key);
        contact.map_or_else(|| "somebody".into(), |contact| contact.name.to_string())
    }

    /// There is always one to give away.
    pub(super) fn have_an_invite(&mut self) {
        if self.issued.current(now_ms()).is_none()
            && let Err(error) = self.issue(InviteKind::OneTime, None)
        {
            tracing::warn!("no invite could be made: {}", error.code);
        }
    }

    fn issue(&mut self, kind: InviteKind, label: Option<&str>) -> Result<Issued, UiError> {
        self.profile()?;
        let mut issued = self.issued.clone();
        let made = issued
            .make(kind, label, now_ms())
            .map_err(|error| UiError::new("random", error))?;
        self.keep_invites(issued)?;
        Ok(made)
    }

    /// Somebody shows an invite we don't know: the command line may have made it. True if there is one more.
    pub(super) fn read_invites_again(&mut self) -> bool {
        match self.store.invites().map(IssuedBook::from_saved) {
            Ok(kept) if kept != self.issued => {
                self.issued = kept;
                true
            }
            _ => false,
        }
    }

    /// Keeps the book and takes it; when that fails it is as it was.
    pub(super) fn keep_invites(&mut self, issued: IssuedBook) -> Result<(), UiError> {
        if issued != self.issued {
            self.store.keep_invites(&issued)?;
            self.issued = issued;
        }
        Ok(())
    }

    fn link_of(&self, profile: &Profile, issued: &Issued) -> String {
        Invite {
            key: profile.identity.public(),
            name: profile.name.clone(),
            reach: self.line.reach(),
            token: Some(issued.token),
            expires: issued.expires(),
        }
        .to_link()
    }
}

fn parse(link: &str) -> Result<Invite, UiError> {
    Invite::parse(link).map_err(invalid)
}

fn invalid(error: ringdown_core::invite::InviteError) -> UiError {
    UiError::new("invite", error)
}

fn draw(text: &str) -> Result<String, UiError> {
    qr::svg(text).map_err(|error| UiError::new("qr", error))
}
