//! The number that every picture of the clip carries, as sixteen black and white bars at its top: eleven bits from the
//! left are the number, five are a check, so that a smeared number is not taken for another.

/// Bars side by side.
pub const BARS: usize = 16;
/// How many numbers there are.
pub const NUMBERS: u16 = 1 << 11;

fn check(number: u16) -> u16 {
    (number ^ (number >> 5) ^ (number >> 10) ^ 0b1_0101) & 0b1_1111
}

/// The bars of a number below [`NUMBERS`], from the left: whether each is white.
#[must_use]
pub fn write(number: u16) -> [bool; BARS] {
    let code = number | check(number) << 11;
    std::array::from_fn(|bit| code >> bit & 1 == 1)
}

/// The number that bars of this brightness (0 to 255) spell; none where the check says that they were not read well.
/// `probe.js` does the same in the page.
#[must_use]
pub fn read(bars: &[u8; BARS]) -> Option<u16> {
    let bits = bars.iter().enumerate();
    let code = bits.fold(0, |code, (bit, level)| {
        code | u16::from(*level > 127) << bit
    });
    let number = code & (NUMBERS - 1);
    (check(number) == code >> 11).then_some(number)
}
