//! What the names in the book look like, so that nobody passes for somebody else.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fmt;

use super::{Contact, Standing};
use crate::identity::PublicKey;
use crate::name::Look;

/// Whose names have which form, in the order of the book: a snapshot of the app asks for many.
#[derive(Clone, Default)]
pub(super) struct Names {
    /// What the person calls them.
    given: HashMap<String, Vec<PublicKey>>,
    /// What they call themselves.
    own: HashMap<String, Vec<PublicKey>>,
    /// Who calls themselves what somebody else is called here.
    posing: HashMap<PublicKey, PublicKey>,
}

impl Names {
    pub(super) fn of(people: &[Contact]) -> Self {
        let mut names = Self::default();
        let mut looks = Vec::new();
        for contact in people {
            let own = contact.own_name.look();
            note(&mut names.given, contact.key, &contact.name.look());
            note(&mut names.own, contact.key, &own);
            looks.push((contact.key, own));
        }
        for (key, own) in looks {
            if let Some(other) = names.called(key, &own) {
                names.posing.insert(key, other);
            }
        }
        names
    }

    /// Who else is called by a name that looks so.
    pub(super) fn called(&self, but_for: PublicKey, look: &Look) -> Option<PublicKey> {
        find(&self.given, but_for, look)
    }

    /// The same, or calls themselves by one.
    pub(super) fn namesake(&self, but_for: PublicKey, look: &Look) -> Option<PublicKey> {
        self.called(but_for, look)
            .or_else(|| find(&self.own, but_for, look))
    }

    pub(super) fn posed_as(&self, key: PublicKey) -> Option<PublicKey> {
        self.posing.get(&key).copied()
    }
}

/// Names are personal.
impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Names({} forms)", self.given.len())
    }
}

fn note(names: &mut HashMap<String, Vec<PublicKey>>, key: PublicKey, look: &Look) {
    for form in look.forms() {
        names.entry(form.to_owned()).or_default().push(key);
    }
}

fn find(
    names: &HashMap<String, Vec<PublicKey>>,
    but_for: PublicKey,
    look: &Look,
) -> Option<PublicKey> {
    let mut known = look.forms().filter_map(|form| names.get(form)).flatten();
    known.find(|key| **key != but_for).copied()
}

/// Puts a number behind each name that looks like that of somebody who is known better: verified, or a contact on both sides.
pub(super) fn tell_apart(people: &mut [Contact]) {
    let known = |contact: &Contact| {
        let mutual = contact.standing == Standing::Mutual;
        (
            Reverse((contact.verified, contact.favorite, mutual)),
            contact.key,
        )
    };
    people.sort_by_key(known);
    let mut taken = HashSet::new();
    for contact in people {
        let (mut name, mut number) = (contact.name.clone(), 1);
        while name.look().forms().any(|form| taken.contains(form)) {
            number += 1;
            name = contact.name.numbered(number);
        }
        taken.extend(name.look().forms().map(str::to_owned));
        contact.name = name;
    }
}
