//! What the page was told and has not handled yet.
//!
//! Events go to the page without an answer, and wait there while it is busy or hangs. Every so often one carries a `mark`,
//! which the page acknowledges once it has handled the event. While too much is unacknowledged, nothing is taken from
//! data channels ([`Peer::handle_packet`](super::Peer::handle_packet)): SCTP sends it again later, so nothing is lost, and the
//! other side is slowed down. Voice, pictures and checks go on. Before that, single packets are left out: SCTP takes that
//! for congestion, and sends at the pace of the page instead of starting anew after each halt.

use serde_json::Value;

/// Most that may be unacknowledged, in bytes.
const MOST: u64 = 1024 * 1024;
/// From this part of it on, in quarters, one packet for data channels in so many is left out.
const LEAVES_OUT: [Option<u32>; 4] = [None, Some(64), Some(16), Some(8)];
/// One event in so many bytes carries a mark. Calls without messages rarely get there.
const EVERY: u64 = 32 * 1024;
/// What an event takes besides its texts, in bytes: names, numbers, and what the webview has around it.
const AROUND: usize = 256;

/// Counts, in bytes over the whole connection.
#[derive(Debug, Default)]
pub(super) struct Unread {
    sent: u64,
    marked: u64,
    acknowledged: u64,
    /// Packets for data channels, counted.
    packets: u32,
}

impl Unread {
    /// An event goes to the page; adds the mark where it is time for one.
    pub fn add(&mut self, event: &mut Value) {
        let Some(fields) = event.as_object_mut() else {
            return;
        };
        let texts = fields.values().filter_map(Value::as_str).map(str::len);
        let size = texts.sum::<usize>() + AROUND;
        self.sent = self
            .sent
            .saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        if self.sent - self.marked >= EVERY {
            self.marked = self.sent;
            fields.insert("mark".to_owned(), self.sent.into());
        }
    }

    /// The page has handled everything up to this mark.
    pub fn acknowledge(&mut self, mark: u64) {
        self.acknowledged = self.acknowledged.max(mark.min(self.marked));
    }

    /// Whether a packet for data channels is taken.
    pub fn takes_packet(&mut self) -> bool {
        let quarter = (self.sent - self.acknowledged) / (MOST / 4);
        let quarter = usize::try_from(quarter).unwrap_or(usize::MAX);
        self.packets = self.packets.wrapping_add(1);
        match LEAVES_OUT.get(quarter) {
            Some(Some(every)) => !self.packets.is_multiple_of(*every),
            Some(None) => true,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(length: usize) -> Value {
        json!({ "event": "channelMessage", "text": "x".repeat(length) })
    }

    /// Whether of some packets any is taken.
    fn takes_any(unread: &mut Unread) -> bool {
        (0..100).filter(|_| unread.takes_packet()).count() > 0
    }

    /// Events without a word from the page, until it is too much. The marks they carried.
    fn fill(unread: &mut Unread, length: usize) -> (usize, Vec<u64>) {
        let (mut events, mut marks) = (0, Vec::new());
        while takes_any(unread) {
            let mut event = event(length);
            unread.add(&mut event);
            events += 1;
            marks.extend(event["mark"].as_u64());
        }
        (events, marks)
    }

    #[test]
    fn small_events_fill_it_too() {
        let (events, marks) = fill(&mut Unread::default(), 0);
        assert!((1000..4200).contains(&events), "{events}");
        assert!((10..33).contains(&marks.len()), "{}", marks.len());
    }

    #[test]
    fn the_more_waits_the_more_packets_are_left_out() {
        let mut unread = Unread::default();
        let mut left_out = Vec::new();
        for _ in 0..5 {
            left_out.push((0..640).filter(|_| !unread.takes_packet()).count());
            unread.add(&mut event(256 * 1024));
        }
        assert_eq!(left_out, [0, 10, 40, 80, 640]);
    }

    #[test]
    fn what_is_acknowledged_makes_room() {
        let mut unread = Unread::default();
        let (_, marks) = fill(&mut unread, 100_000);
        unread.acknowledge(marks[0]);
        assert!(takes_any(&mut unread));
        unread.acknowledge(marks[1]);
        unread.acknowledge(marks[0]);
        let (events, _) = fill(&mut unread, 100_000);
        assert_eq!(events, 2, "what was acknowledged stays so");
    }

    #[test]
    fn nothing_is_acknowledged_that_was_not_sent() {
        let mut unread = Unread::default();
        unread.acknowledge(u64::MAX);
        let (_, marks) = fill(&mut unread, 1000);
        unread.acknowledge(u64::MAX);
        assert!(takes_any(&mut unread));
        assert!(!marks.is_empty());
    }
}
