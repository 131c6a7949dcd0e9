//! Notes: what is left for somebody who could not be reached, and what others left here.

use ringdown_core::call::{CallRecord, Direction, EndReason};
use ringdown_core::contacts::Standing;
use ringdown_core::envelope::MAX_NOTE_AGE_MS;
use ringdown_core::identity::PublicKey;
use ringdown_core::message::{Kind, Message};

use super::{Happened, Hub};
use crate::clock::now_ms;
use crate::ipc::UiError;
use crate::store::PastCall;

impl Hub {
    /// Leaves a note at the servers of somebody who could not be reached: they find it when they are back.
    pub(super) fn leave_note(&mut self, record: &CallRecord) {
        let in_vain =
            record.direction == Direction::Outgoing && record.reason == EndReason::Unreachable;
        let friend = self
            .contacts
            .get(record.contact)
            .is_some_and(|contact| contact.standing == Standing::Mutual);
        if !in_vain || !friend {
            return;
        }
        let ago = u64::try_from(record.began_ago.as_millis()).unwrap_or(u64::MAX);
        let note = Message {
            call: record.call,
            seq: 0,
            kind: Kind::Note {
                video: record.video,
                at: now_ms().saturating_sub(ago),
            },
        };
        // Not where somebody merely says that they are.
        let urls = self.named(record.contact);
        let Some(profile) = &mut self.profile else {
            return;
        };
        match profile.sessions.seal(now_ms(), record.contact, &note) {
            Ok(sealed) => {
                #[cfg(test)]
                self.said.push(note);
                self.outbox.leave(record.contact, urls, sealed);
            }
            Err(error) => tracing::error!("a note was not left: {error}"),
        }
    }

    /// Somebody called while nobody was here.
    ///
    /// # Errors
    /// When it could not be kept.
    pub(super) fn take_note(
        &mut self,
        from: PublicKey,
        message: &Message,
        video: bool,
        at: u64,
    ) -> Result<(), UiError> {
        let Some(name) = self.contacts.get(from).map(|known| known.name.to_string()) else {
            return Ok(());
        };
        let on = self
            .shown_call()
            .is_some_and(|call| call.id == message.call);
        if on || self.store.knows_call(from, message.call)? {
            // It did ring here.
            return Ok(());
        }
        let now = now_ms();
        let past = PastCall {
            call: message.call,
            contact: from,
            name,
            direction: Direction::Incoming,
            video,
            started_ms: at.clamp(now.saturating_sub(MAX_NOTE_AGE_MS), now),
            duration_ms: None,
            reason: EndReason::Missed,
            path: None,
            offline_note: true,
            unseen: true,
        };
        let is_news = self.store.put_missed(&past, now)?;
        self.history_changed()?;
        // Of one that is counted with another they were told before.
        if is_news {
            self.tell(from, Happened::Missed);
        }
        self.show();
        Ok(())
    }
}
