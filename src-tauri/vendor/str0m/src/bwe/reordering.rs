use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::rtp_::{DataSize, TwccSendRecord, TwccSeq};

use super::loss_controller::PacketResult;

/// A packet that a report misses may still be on its way, overtaken by others. It counts as lost when
/// it is missing for so long.
const REORDERING_WINDOW: Duration = Duration::from_millis(100);

/// A packet whose fate is known.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    send_time: Instant,
    size: DataSize,
    lost: bool,
}

impl PacketResult for Settled {
    fn local_send_time(&self) -> Instant {
        self.send_time
    }

    fn size(&self) -> DataSize {
        self.size
    }

    fn lost(&self) -> bool {
        self.lost
    }
}

/// Tells packets that are late from those that are lost.
///
/// Receivers report what is missing at the moment, and report it again when it arrives after all. Taken
/// at their first word, a link that reorders looks like one that loses.
#[derive(Debug, Default)]
pub struct Reordering {
    missing: BTreeMap<TwccSeq, Missing>,
    /// Packets up to here that are still missing were counted.
    counted: Option<TwccSeq>,
}

#[derive(Debug)]
struct Missing {
    since: Instant,
    send_time: Instant,
    size: DataSize,
}

impl Reordering {
    /// The packets of a report, and of those before it, about which there is nothing more to wait for.
    pub fn settle(&mut self, records: &[&TwccSendRecord], now: Instant) -> Vec<Settled> {
        let mut settled = Vec::with_capacity(records.len());
        for record in records {
            let (send_time, size) = (record.local_send_time(), record.size().into());
            if record.remote_recv_time().is_some() {
                let waited = self.missing.remove(&record.seq()).is_some();
                // What was counted as lost is not counted again.
                if waited || self.counted.is_none_or(|counted| record.seq() > counted) {
                    settled.push(Settled { send_time, size, lost: false });
                }
            } else if self.counted.is_none_or(|counted| record.seq() > counted) {
                self.missing.entry(record.seq()).or_insert(Missing { since: now, send_time, size });
            }
        }
        while let Some(entry) = self.missing.first_entry() {
            if now.saturating_duration_since(entry.get().since) < REORDERING_WINDOW {
                break;
            }
            let (seq, Missing { send_time, size, .. }) = entry.remove_entry();
            self.counted = self.counted.max(Some(seq));
            settled.push(Settled { send_time, size, lost: true });
        }
        settled
    }
}
