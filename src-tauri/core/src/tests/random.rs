//! Numbers that look random and are the same for the same seed (SplitMix64).

use crate::invite::Reach;
use crate::name::DisplayName;

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 up to `end`, without it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        seed.fill_with(|| self.next().to_le_bytes()[0]);
        seed
    }

    pub(crate) fn name(&mut self) -> DisplayName {
        const LETTERS: [char; 12] = ['a', 'Z', ' ', '&', '=', '%', '?', '#', 'ë', '字', '🙂', '"'];
        let len = 1 + self.below(30);
        let text: String = (0..len)
            .map(|_| LETTERS[self.below(LETTERS.len())])
            .collect();
        DisplayName::parse(&text).unwrap_or_else(|_| DisplayName::parse("Nobody").unwrap())
    }

    /// An address of about this many characters.
    pub(crate) fn reach(&mut self, len: usize) -> Reach {
        let scheme = ["ws", "wss"][self.below(2)];
        let path = "p".repeat(self.below(len) + len / 2);
        let port = 1 + self.below(65535);
        let address = match self.below(3) {
            0 => format!("{scheme}://192.0.2.{}:{port}", self.below(256)),
            1 => format!(
                "{scheme}://[2001:db8::{:x}]:{port}/{path}",
                1 + self.below(65535)
            ),
            _ => format!("{scheme}://meet{}.example.org/{path}", self.below(10)),
        };
        Reach::parse(&address[..address.len().min(250)]).unwrap()
    }
}
