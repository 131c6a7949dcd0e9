//! Mallory sends all they may to Bob, whose line is slow, while Alice calls him.

use super::*;
use crate::limits::{MAX_NOTE_BYTES, OFFLINE_AFTER};

/// What Bob's line carries in a millisecond, in bytes: 5 Mbit/s.
const BYTES_A_MILLISECOND: usize = 625;

/// From what Bob says to the server's hearing it.
const WAY_BACK: Duration = Duration::from_millis(40);

/// The size of an envelope that begins a call.
const CALL: usize = MAX_NOTE_BYTES;

/// Bob's app at the far end of his line. What the server writes waits there in a buffer without an end, as systems have it; he
/// takes what is from Alice, and refuses the rest as soon as he has it.
struct SlowLine {
    bobs: Desk,
    on_the_way: VecDeque<(usize, Act)>,
    carried: usize,
    answers: VecDeque<(Duration, Said)>,
}

enum Said {
    Frame(ClientFrame),
    Pong([u8; 4]),
}

impl SlowLine {
    fn new(mut bobs: Desk) -> Self {
        bobs.register(LOCAL);
        Self {
            bobs,
            on_the_way: VecDeque::new(),
            carried: 0,
            answers: VecDeque::new(),
        }
    }

    fn write(&mut self, acts: Vec<Act>) {
        for act in acts {
            let size = match &act {
                Act::Frame(ServerFrame::Deliver { payload, .. }) => payload.size() * 4 / 3 + 60,
                _ => 60,
            };
            self.on_the_way.push_back((size, act));
        }
    }

    /// A millisecond goes by.
    fn tick(&mut self, now: Duration) {
        while let Some((_, said)) = self.answers.pop_front_if(|(at, _)| *at <= now) {
            let acts = match said {
                Said::Frame(frame) => self.bobs.hear(now, &frame),
                Said::Pong(bytes) => {
                    let mut acts = Vec::new();
                    let at = self.bobs.at(now);
                    self.bobs.session.handle_pong(at, &bytes, &mut acts);
                    acts
                }
            };
            self.write(acts);
        }
        let mut acts = self.bobs.open_mail(now);
        acts.extend(self.bobs.wait(now));
        self.write(acts);
        self.carried += BYTES_A_MILLISECOND;
        while let Some((size, act)) = self
            .on_the_way
            .pop_front_if(|(size, _)| *size <= self.carried)
        {
            self.carried -= size;
            let said = match act {
                Act::Frame(ServerFrame::Deliver { id, payload }) => {
                    let is_alices = payload.size() == CALL;
                    Said::Frame(match is_alices {
                        true => ClientFrame::Ack { id },
                        false => ClientFrame::Refuse { id },
                    })
                }
                Act::Ask(bytes) => Said::Pong(bytes),
                Act::Close(code, _) => panic!("Bob is thrown out: {code:?}"),
                _ => continue,
            };
            self.answers.push_back((now + WAY_BACK, said));
        }
        if self.on_the_way.is_empty() {
            self.carried = 0;
        }
    }
}

fn desk_from(hub: &Arc<Hub>, address: u64) -> Desk {
    let mut desk = desk(hub);
    desk.session.arrival.origin = Origin::Address(address);
    desk
}

#[test]
fn alices_call_gets_through_a_flood_on_a_slow_line() {
    // A hundred sends a second from each address, as many as it may, over connections that each may send enough.
    let flood = Payload::new(&vec![7; MAX_PAYLOAD_BYTES]).unwrap();
    for addresses in [1, 5] {
        let hub = Arc::default();
        let mut line = SlowLine::new(desk_from(&hub, 2));
        let mut alices = desk_from(&hub, 1);
        let mut mallorys: Vec<Desk> = (0..4 * addresses)
            .map(|number| desk_from(&hub, 666 + number % addresses))
            .collect();
        let mut delivered = Vec::new();
        for millisecond in 0..6000_u32 {
            let now = Duration::from_millis(millisecond.into());
            if millisecond % 10 == 0 {
                let turn = millisecond as usize / 10 % 4;
                let turn = turn * addresses as usize..(turn + 1) * addresses as usize;
                for mallory in &mut mallorys[turn] {
                    let mut said = Vec::new();
                    let (at, flood) = (mallory.at(now), flood.clone());
                    let sends = &mut mallory.session;
                    sends.send(at, millisecond, &bob(), flood, &mut said);
                    assert!(said.is_empty(), "Mallory is held up: {said:?}");
                }
            }
            for mallory in &mut mallorys {
                mallory.open_mail(now);
                mallory.wait(now);
            }
            if millisecond >= 3000 && millisecond % 100 == 0 && millisecond < 4000 {
                assert!(alices.hear(now, &send_bytes(millisecond, CALL)).is_empty());
            }
            line.tick(now);
            delivered.extend(alices.open_mail(now));
            delivered.extend(alices.wait(now).into_iter().filter(|act| *act != Act::Ping));
        }
        let expected: Vec<Act> = (30..40).map(|call| super::delivered(call * 100)).collect();
        assert_eq!(delivered, expected, "a flood from {addresses} addresses");
    }
}

#[test]
fn what_is_written_ahead_of_a_slow_line_is_little() {
    let hub = Arc::default();
    let mut line = SlowLine::new(desk_from(&hub, 2));
    let mut mallorys: Vec<Desk> = (0..4).map(|_| desk_from(&hub, 666)).collect();
    let flood = Payload::new(&vec![7; MAX_PAYLOAD_BYTES]).unwrap();
    for millisecond in 0..4000_u32 {
        let now = Duration::from_millis(millisecond.into());
        if millisecond % 10 == 0 {
            let mallory = &mut mallorys[millisecond as usize / 10 % 4];
            let (at, flood) = (mallory.at(now), flood.clone());
            let sends = &mut mallory.session;
            sends.send(at, millisecond, &bob(), flood, &mut Vec::new());
        }
        for mallory in &mut mallorys {
            mallory.wait(now);
        }
        line.tick(now);
        let ahead: usize = line.on_the_way.iter().map(|(size, _)| size).sum();
        assert!(ahead as u64 <= limits::MAX_UNSEEN_BYTES, "{ahead} bytes");
    }
    // A fifth of a second at that speed, which leaves the rest of the two for everything else.
    let longest = limits::MAX_UNSEEN_BYTES / BYTES_A_MILLISECOND as u64;
    assert!(u128::from(longest) < OFFLINE_AFTER.as_millis() / 8);
}

#[test]
fn bob_is_not_thrown_out_for_answering_what_others_send() {
    let hub = Arc::default();
    let mut bobs = desk(&hub);
    bobs.register(LOCAL);
    let sends = limits::FRAME_BURST + 500;
    let mut crowd: Vec<Desk> = (0..sends.div_ceil(limits::MAX_OPEN_SENDS))
        .map(|number| desk_from(&hub, number.into()))
        .collect();
    let mut answered = 0;
    for id in 0..sends {
        let sender = (id / limits::MAX_OPEN_SENDS) as usize;
        assert!(crowd[sender].hear(Duration::ZERO, &send(id)).is_empty());
        for act in bobs.open_mail(Duration::ZERO) {
            let Act::Frame(ServerFrame::Deliver { id, .. }) = act else {
                panic!("no delivery but {act:?}")
            };
            answered += 1;
            let said = bobs.hear(Duration::ZERO, &ClientFrame::Refuse { id });
            assert!(said.is_empty(), "{said:?}");
        }
    }
    assert_eq!(answered, sends);
    // Answers to what never came are counted as anything else.
    let mut said = Vec::new();
    while said.is_empty() {
        said.extend(bobs.hear(Duration::ZERO, &ClientFrame::Refuse { id: 0 }));
    }
    assert!(
        matches!(said[..], [Act::Close(ErrorCode::RateLimited, _)]),
        "{said:?}"
    );
}
