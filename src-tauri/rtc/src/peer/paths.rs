//! Which pairs of addresses the other side is heard by, to leave one that died for one that lives.
//!
//! str0m holds on to a pair that once worked until 24 checks in a row were in vain, which lets a call
//! survive an outage. But where another pair works meanwhile, that is 24 s of silence for nothing: after
//! a NAT has given a side another address, or a firewall closed the direct way while a relay is there.
//! So the other end of a pair that is silent while others are heard is taken away from str0m, which
//! then goes on by the best of the rest; a little later it is given back, to be tried anew. Where the
//! other side's very media comes by another pair, it has moved, and less silence is enough; who is
//! controlled then follows at once. So both ends come to use one pair.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::net::Protocol;
use str0m::{Candidate, CandidateKind};

/// Two checks in a row without an answer, with some to spare, are a death where others live.
const SILENCE: Duration = Duration::from_millis(2_500);
/// One check without an answer, with some to spare: enough where the other side's media comes by another pair, or came by
/// this one, and a stream of media does not pause without a word.
const BRIEF: Duration = Duration::from_millis(1_300);
/// Media that came for so long is a stream.
const STREAM: Duration = Duration::from_secs(1);
/// Media that came within this is coming.
const COMING: Duration = Duration::from_millis(300);
/// Whoever was heard within this is alive: checks come once a second.
const ALIVE: Duration = Duration::from_millis(1_300);
/// What was taken away is given back after this.
const BANISHED: Duration = Duration::from_secs(5);
/// And what the other side left, after this: it may choose it again.
const LEFT: Duration = Duration::from_secs(60);
/// Pairs that are kept apart: the other side can send from as many addresses as it likes.
const MAX_PAIRS: usize = 64;

/// Our address and theirs.
type Pair = (SocketAddr, SocketAddr);

/// When a pair brought something last.
#[derive(Clone, Copy)]
struct Heard {
    at: Instant,
    /// Anything but a check: since when it comes, and when it came last.
    media: Option<(Instant, Instant)>,
}

/// What is heard by which pair.
#[derive(Default)]
pub(crate) struct Paths {
    heard: BTreeMap<Pair, Heard>,
    /// The pair that was sent by last, checks apart, and since when.
    carrying: Option<(Pair, Instant)>,
    /// What was taken away, when, and until when.
    banished: Vec<(SocketAddr, Instant, Instant)>,
}

impl Paths {
    /// Something came in that is of the other side. `check`: one of ICE's.
    pub fn handle_packet(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, check: bool) {
        if self.heard.len() >= MAX_PAIRS && !self.heard.contains_key(&(to, from)) {
            self.heard.retain(|_, heard| heard.at + SILENCE > now);
        }
        if self.heard.len() < MAX_PAIRS || self.heard.contains_key(&(to, from)) {
            let fresh = Heard {
                at: now,
                media: None,
            };
            let heard = self.heard.entry((to, from)).or_insert(fresh);
            heard.at = now;
            if !check {
                let coming = |(_, last): &(Instant, Instant)| *last + COMING > now;
                let since = heard.media.filter(coming).map_or(now, |(since, _)| since);
                heard.media = Some((since, now));
            }
        }
    }

    /// Something that is no check goes out.
    pub fn handle_transmit(&mut self, now: Instant, from: SocketAddr, to: SocketAddr) {
        match &mut self.carrying {
            Some((pair, _)) if *pair == (from, to) => {}
            carrying => *carrying = Some(((from, to), now)),
        }
    }

    /// New credentials: pairs are found anew.
    pub fn restart(&mut self) {
        self.heard.clear();
        self.banished.clear();
    }

    /// The address of theirs to do without for a while.
    pub fn poll_dead(&mut self, now: Instant) -> Option<SocketAddr> {
        let (pair, since) = self.carrying?;
        let known = self.heard.get(&pair);
        let heard = known.map_or(since, |heard| heard.at);
        let silent = now.saturating_duration_since(heard.max(since));
        let streamed = known
            .and_then(|heard| heard.media)
            .is_some_and(|(began, last)| {
                last + COMING > heard && last.saturating_duration_since(began) >= STREAM
            });
        let within = |at: Instant, limit: Duration| now.saturating_duration_since(at) < limit;
        let others = |(other, heard): (&Pair, &Heard)| {
            let moved = heard.media.is_some_and(|(_, last)| within(last, COMING));
            let enough = if moved || streamed { BRIEF } else { SILENCE };
            other.1 != pair.1 && within(heard.at, ALIVE) && silent >= enough
        };
        if !self.heard.iter().any(others) {
            return None;
        }
        self.carrying = None;
        self.banished.push((pair.1, now, now + BANISHED));
        Some(pair.1)
    }

    /// The addresses of theirs to do without, for the one that the other side uses. Only who is controlled follows, or the
    /// two would swap pairs for ever: it is the other's to choose (RFC 8445, section 8.1.1).
    pub fn poll_left(&mut self, now: Instant) -> Vec<SocketAddr> {
        let Some((pair, since)) = self.carrying else {
            return Vec::new();
        };
        let long = |since: Instant| now.saturating_duration_since(since) >= COMING;
        let used = |media: Option<(Instant, Instant)>| media.filter(|(_, last)| !long(*last));
        let here = self.heard.get(&pair).and_then(|heard| heard.media);
        let elsewhere = |(other, heard): (&Pair, &Heard)| {
            let moved = used(heard.media).is_some_and(|(since, _)| long(since));
            (other.1 != pair.1 && moved).then_some(other.1)
        };
        let follows = long(since) && used(here).is_none();
        let Some(theirs) = self.heard.iter().find_map(elsewhere).filter(|_| follows) else {
            return Vec::new();
        };
        // One alone would be left for the next best, which need not be the one they use.
        let mut left: Vec<SocketAddr> = self.heard.keys().map(|known| known.1).collect();
        left.push(pair.1);
        left.retain(|address| *address != theirs);
        left.sort_unstable();
        left.dedup();
        self.carrying = None;
        self.banished
            .extend(left.iter().map(|address| (*address, now, now + LEFT)));
        left
    }

    /// An address of theirs to try again: its time has come, or media began to come from there.
    pub fn poll_return(&mut self, now: Instant) -> Option<SocketAddr> {
        let heard = &self.heard;
        let again = |(address, since, until): &(SocketAddr, Instant, Instant)| {
            let began = |(pair, heard): (&Pair, &Heard)| {
                pair.1 == *address && heard.media.is_some_and(|(began, _)| began > *since)
            };
            *until <= now || heard.iter().any(began)
        };
        let at = self.banished.iter().position(again)?;
        Some(self.banished.swap_remove(at).0)
    }

    /// When there will be one to try again; deaths show when others are heard.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.banished.iter().map(|(_, _, until)| *until).min()
    }
}

/// A candidate of theirs that was not told but found by a check, as str0m knows it.
pub(crate) fn peer_reflexive(address: SocketAddr) -> Candidate {
    // the recommended priority of the type (RFC 8445, section 5.1.2.1)
    let priority = 110 << 24 | 0xff_ffff;
    let kind = CandidateKind::PeerReflexive;
    let foundation = "found".to_owned();
    Candidate::from_parts(
        foundation,
        1,
        Protocol::Udp,
        priority,
        address,
        kind,
        None,
        None,
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_silent_pair_is_left_only_while_another_is_heard() {
        let (start, mut paths) = (Instant::now(), Paths::default());
        let at = |ms| start + Duration::from_millis(ms);
        let (here, old, new) = (
            address("10.0.0.1:1"),
            address("192.0.2.1:1"),
            address("192.0.2.1:2"),
        );
        paths.handle_transmit(start, here, old);
        paths.handle_packet(at(500), old, here, true);
        assert_eq!(paths.poll_dead(at(10_000)), None, "nobody else lives");
        paths.handle_packet(at(2_000), new, here, true);
        assert_eq!(paths.poll_dead(at(2_000)), None, "not silent for long");
        paths.handle_packet(at(3_000), new, here, true);
        assert_eq!(paths.poll_dead(at(3_000)), Some(old));
        assert_eq!(paths.poll_dead(at(3_000)), None, "once");
        assert_eq!(paths.poll_timeout(), Some(at(8_000)));
        assert_eq!(paths.poll_return(at(7_999)), None);
        assert_eq!(paths.poll_return(at(8_000)), Some(old));
        assert_eq!(paths.poll_timeout(), None);
    }

    #[test]
    fn a_pair_is_left_sooner_when_the_other_sides_media_comes_by_another() {
        let (start, mut paths) = (Instant::now(), Paths::default());
        let at = |ms| start + Duration::from_millis(ms);
        let (here, old, new) = (
            address("10.0.0.1:1"),
            address("192.0.2.1:1"),
            address("192.0.2.1:2"),
        );
        paths.handle_transmit(start, here, old);
        paths.handle_packet(at(500), old, here, false);
        paths.handle_packet(at(1_700), new, here, false);
        assert_eq!(paths.poll_dead(at(1_700)), None, "a check may be under way");
        paths.handle_packet(at(1_800), new, here, false);
        assert_eq!(paths.poll_dead(at(1_800)), Some(old));
    }

    #[test]
    fn a_pair_is_left_sooner_when_a_stream_breaks_off_than_when_media_had_ended_before() {
        let (here, old, new) = (
            address("10.0.0.1:1"),
            address("192.0.2.1:1"),
            address("192.0.2.1:2"),
        );
        for (last_media, left) in [(2_000, true), (1_500, false)] {
            let (start, mut paths) = (Instant::now(), Paths::default());
            let at = |ms| start + Duration::from_millis(ms);
            paths.handle_transmit(start, here, old);
            for ms in (0..=last_media).step_by(20) {
                paths.handle_packet(at(ms), old, here, false);
            }
            paths.handle_packet(at(2_000), old, here, true);
            paths.handle_packet(at(3_200), new, here, true);
            assert_eq!(paths.poll_dead(at(3_200)), None, "a check may be under way");
            assert_eq!(paths.poll_dead(at(3_300)).is_some(), left);
        }
    }

    #[test]
    fn who_is_controlled_follows_the_others_media() {
        let (start, mut paths) = (Instant::now(), Paths::default());
        let at = |ms| start + Duration::from_millis(ms);
        let (here, old, new) = (
            address("10.0.0.1:1"),
            address("192.0.2.1:1"),
            address("192.0.2.1:2"),
        );
        paths.handle_transmit(start, here, old);
        for ms in (0..500).step_by(20) {
            paths.handle_packet(at(ms), old, here, false);
        }
        for ms in (500..800).step_by(20) {
            paths.handle_packet(at(ms), new, here, false);
            assert_eq!(paths.poll_left(at(ms)), [], "it may be a stray");
        }
        let idle = address("192.0.2.1:3");
        paths.handle_packet(at(800), old, here, true);
        paths.handle_packet(at(800), idle, here, true);
        paths.handle_packet(at(800), new, here, false);
        assert_eq!(paths.poll_left(at(800)), [old, idle]);
        assert_eq!(paths.poll_left(at(801)), [], "once");
    }

    #[test]
    fn a_pair_that_was_just_chosen_has_its_time() {
        let (start, mut paths) = (Instant::now(), Paths::default());
        let at = |ms| start + Duration::from_millis(ms);
        let (here, old, new) = (
            address("10.0.0.1:1"),
            address("192.0.2.1:1"),
            address("192.0.2.1:2"),
        );
        paths.handle_transmit(at(9_000), here, old);
        paths.handle_packet(at(10_000), new, here, true);
        assert_eq!(paths.poll_dead(at(10_000)), None);
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let (start, mut paths) = (Instant::now(), Paths::default());
        for port in 1..1000 {
            let from = SocketAddr::new(address("192.0.2.9:1").ip(), port);
            paths.handle_packet(start, from, address("10.0.0.1:1"), true);
        }
        assert_eq!(paths.heard.len(), MAX_PAIRS);
    }
}
