//! The world: a clock, a link that carries sealed envelopes, and media that flows where two pages agreed on it.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::person::{Peer, Person};
use super::post::{Fate, Letter};
use crate::call::{EndReason, Input, MediaChange, Output, Phase, Timing};
use crate::identity::{Identity, PublicKey};
use crate::message::Kind;

/// An index into the people of the world.
pub(super) type Who = usize;
pub(super) const ALICE: Who = 0;
pub(super) const BOB: Who = 1;
pub(super) const CAROL: Who = 2;

/// How long a letter takes when nothing is said about it.
pub(super) const LATENCY: Duration = Duration::from_millis(50);
/// From agreeing to media.
const CONNECTS_IN: Duration = Duration::from_millis(100);
/// From the last packet to noticing.
const NOTICED_IN: Duration = Duration::from_secs(3);

/// Something that is going to happen.
pub(super) enum Event {
    Letter(Letter),
    Returned {
        to: Who,
        call: Uuid,
        was_for: PublicKey,
    },
    Media {
        to: Who,
        call: Uuid,
        flows: bool,
    },
}

/// Whose key is lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    AliceLower,
    BobLower,
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) people: Vec<Person>,
    pub(super) fate: Box<dyn FnMut(&Letter) -> Fate>,
    pub(super) media_works: bool,
    pub(super) held: Vec<Letter>,
    /// Everything that was sent, delivered or not.
    pub(super) sent: Vec<Letter>,
    /// Who said yes to which call.
    pub(super) accepted: HashSet<(Uuid, Who)>,
    /// Who says that they agreed to something need not have.
    pub(super) liars: bool,
    began: Instant,
    coming: BTreeMap<(Instant, u64), Event>,
    count: u64,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Keys::AliceLower, Timing::default())
    }

    pub(super) fn with(keys: Keys, timing: Timing) -> Self {
        let mut seeds = [1, 2];
        seeds.sort_by_key(|seed| Identity::from_seed([*seed; 32]).public());
        if keys == Keys::BobLower {
            seeds.reverse();
        }
        let people = [(seeds[0], "Alice"), (seeds[1], "Bob"), (3, "Carol")];
        let now = Instant::now();
        let world = Self {
            now,
            began: now,
            liars: false,
            people: people
                .into_iter()
                .map(|(seed, name)| Person::new(seed, name, timing))
                .collect(),
            fate: Box::new(|_| Fate::Arrives(vec![LATENCY])),
            media_works: true,
            held: Vec::new(),
            sent: Vec::new(),
            accepted: HashSet::new(),
            coming: BTreeMap::new(),
            count: 0,
        };
        let alice_lower = world.people[ALICE].key() < world.people[BOB].key();
        assert_eq!(alice_lower, keys == Keys::AliceLower);
        world
    }

    // What people do.

    pub(super) fn call(&mut self, who: Who, whom: Who) -> Uuid {
        self.call_with(who, whom, true)
    }

    pub(super) fn call_with(&mut self, who: Who, whom: Who, video: bool) -> Uuid {
        let id = Uuid::from_u128(u128::from(self.tick()));
        let input = Input::Call {
            id,
            contact: self.people[whom].key(),
            name: self.people[whom].name.clone(),
            video,
            me: self.people[who].introduction(),
        };
        self.give(who, input);
        id
    }

    pub(super) fn accept(&mut self, who: Who) {
        self.give(who, Input::Accept { video: true });
    }

    /// `who` calls `whom`, who answers, and they talk.
    pub(super) fn talk(&mut self, who: Who, whom: Who) -> Uuid {
        let call = self.call(who, whom);
        self.run_until(|world| world.phase(whom) == Some(Phase::Ringing));
        self.accept(whom);
        self.run_until(|world| {
            [who, whom]
                .iter()
                .all(|w| world.phase(*w) == Some(Phase::Connected))
        });
        call
    }

    // What one can see.

    pub(super) fn phase(&self, who: Who) -> Option<Phase> {
        self.people[who].calls.snapshot(self.now).map(|s| s.phase)
    }

    /// Why the call that is shown ended.
    pub(super) fn reason(&self, who: Who) -> Option<EndReason> {
        self.people[who]
            .calls
            .snapshot(self.now)
            .and_then(|s| s.reason)
    }

    /// The time on everybody's clock, in milliseconds of Unix time.
    pub(super) fn unix_ms(&self) -> u64 {
        1_764_000_000_000 + u64::try_from((self.now - self.began).as_millis()).unwrap()
    }

    /// Both agreed to connect while it rings, as far as `who` can tell.
    fn early(&self, who: Who, other: Who) -> bool {
        self.people[who].early && (self.people[other].early || self.liars)
    }

    pub(super) fn peer(&self, who: Who) -> &Peer {
        let call = self.people[who].calls.snapshot(self.now).unwrap().id;
        self.people[who].peer(call).unwrap()
    }

    /// Kinds of all that `who` sent, without the signs of life.
    pub(super) fn said(&self, who: Who) -> Vec<&'static str> {
        self.sent
            .iter()
            .filter(|l| l.from == who && l.kind != "alive")
            .map(|l| l.kind)
            .collect()
    }

    // Time.

    /// Lets time pass.
    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step(end) {}
        self.now = end;
    }

    /// Lets time pass until it is so.
    pub(super) fn run_until(&mut self, so: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_secs(600);
        while !so(self) {
            assert!(self.step(end), "it never came to that");
        }
    }

    /// The next thing that happens, unless that is after `end`.
    fn step(&mut self, end: Instant) -> bool {
        let timeout = |(who, person): (Who, &Person)| {
            person
                .calls
                .poll_timeout()
                .filter(|_| person.running)
                .map(|at| (at, who))
        };
        let timer = self.people.iter().enumerate().filter_map(timeout).min();
        let event = self.coming.first_key_value().map(|(key, _)| key.0);
        match (event, timer) {
            (Some(at), timer) if at <= end && timer.is_none_or(|(timer, _)| at <= timer) => {
                self.now = self.now.max(at);
                let (_, event) = self.coming.pop_first().unwrap();
                self.happen(event);
                true
            }
            (_, Some((at, who))) if at <= end => {
                self.now = self.now.max(at);
                self.give(who, Input::Timeout);
                true
            }
            _ => false,
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Letter(letter) if self.people[letter.to].running => self.arrive(&letter),
            Event::Letter(letter) => self.send_back(&letter),
            Event::Returned { to, call, was_for } => {
                self.give(to, Input::Undelivered { call, to: was_for })
            }
            Event::Media { to, call, flows } => {
                // Like ICE: what was made good before anybody noticed is not told.
                if self.people[to].peer(call).is_some_and(|p| p.flows == flows) {
                    let state = if flows {
                        MediaChange::Connected
                    } else {
                        MediaChange::Disconnected
                    };
                    self.give(to, Input::Media { call, state });
                    if !flows && self.people[to].peer(call).is_some_and(|p| p.initiator) {
                        self.give(
                            to,
                            Input::Signal {
                                call,
                                data: "offer".into(),
                            },
                        );
                    }
                }
            }
        }
    }

    // Apps.

    /// Gives an app an input, carries out what it says, and checks what must always hold.
    pub(super) fn give(&mut self, who: Who, input: Input) {
        if !self.people[who].running {
            return;
        }
        let timed_out = input == Input::Timeout;
        self.people[who].calls.handle(self.now, input);
        let mut pages = Vec::new();
        while let Some(output) = self.people[who].calls.poll_output() {
            if let Output::Send { to, message } = &output {
                let letter = self.letter(who, *to, message);
                let yes = [who, letter.to].map(|who| self.accepted.contains(&(message.call, who)));
                let may_know = yes.contains(&true) || self.early(who, letter.to);
                let said = serde_json::to_string(message).unwrap();
                let address = matches!(message.kind, Kind::Signal { .. } | Kind::Here { .. })
                    || said.contains("192.0.2");
                assert!(may_know || !address, "an address before the accept: {said}");
                self.post(letter);
            }
            if let Output::Over { call, contact } = &output {
                let now_ms = self.unix_ms();
                self.people[who].sessions.end(now_ms, *contact, *call);
            }
            self.people[who].carry_out(&output);
            pages.push(output);
        }
        for output in pages {
            self.page(who, output);
        }
        let now = self.now;
        self.people[who].check(now, timed_out);
        assert!(
            self.people[who].sessions.len() <= 12,
            "sessions are left over"
        );
        self.media();
    }

    /// What a page does by itself.
    fn page(&mut self, who: Who, output: Output) {
        match output {
            Output::StartPeer {
                call,
                initiator: true,
                ..
            }
            | Output::ResumePeer { call, .. } => {
                self.give(
                    who,
                    Input::Signal {
                        call,
                        data: "offer".into(),
                    },
                );
            }
            Output::Deliver { call, data } if data == "offer" => {
                self.give(
                    who,
                    Input::Signal {
                        call,
                        data: "answer".into(),
                    },
                );
            }
            _ => {}
        }
    }

    /// Media flows where two pages that run have heard each other.
    fn media(&mut self) {
        let peers = self.people.iter().enumerate().flat_map(|(who, person)| {
            let flows = person.peers.iter().map(move |p| (who, p.call, p.flows));
            flows.collect::<Vec<_>>()
        });
        for (who, call, flowed) in peers.collect::<Vec<_>>() {
            let heard = |person: &&Person| {
                let heard = |p: &Peer| !p.signals.is_empty();
                person.running && person.peer(call).is_some_and(heard)
            };
            let flows = self.media_works && self.people.iter().filter(heard).count() == 2;
            if flows != flowed {
                self.people[who].peer_mut(call).unwrap().flows = flows;
                let delay = if flows { CONNECTS_IN } else { NOTICED_IN };
                self.later(
                    delay,
                    Event::Media {
                        to: who,
                        call,
                        flows,
                    },
                );
            }
        }
    }

    /// The network carries media, or no longer.
    pub(super) fn set_media(&mut self, works: bool) {
        self.media_works = works;
        self.media();
    }

    /// An app is gone, without a word.
    pub(super) fn die(&mut self, who: Who) {
        self.people[who].die();
        self.media();
    }

    /// It is started again, and remembers no call.
    pub(super) fn restart(&mut self, who: Who) {
        self.die(who);
        self.people[who].running = true;
    }

    pub(super) fn later(&mut self, delay: Duration, event: Event) {
        let count = self.tick();
        self.coming.insert((self.now + delay, count), event);
    }

    fn tick(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
