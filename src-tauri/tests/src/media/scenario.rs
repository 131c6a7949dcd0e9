//! The calls that are measured.

use std::time::Duration;

use super::link::Conditions;

/// A call, and what the link does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// As it is asked for.
    pub name: &'static str,
    /// What it is, for the table.
    pub words: &'static str,
    /// Whether there are pictures; otherwise it is a voice call.
    pub video: bool,
    /// Whether Bob's camera is on as well. If it is not, Alice's picture alone is sent and seen.
    pub both: bool,
    /// The number of every so manieth picture is read; 0: of none, so that the call costs what it costs.
    pub read: u32,
    /// The link from the call's beginning.
    pub link: Conditions,
    /// From "Accept" to the beginning of the measurement.
    pub settle: Duration,
    /// How long it is measured.
    pub time: Duration,
    /// What the link becomes, so many seconds into the measurement.
    pub changes: &'static [(u64, Conditions)],
}

const CLEAN: Scenario = Scenario {
    name: "clean",
    words: "clean link, one way",
    video: true,
    both: false,
    read: 6,
    link: Conditions::CLEAR,
    settle: Duration::from_secs(10),
    time: Duration::from_secs(20),
    changes: &[],
};

/// All of them.
pub const SCENARIOS: [Scenario; 9] = [
    CLEAN,
    Scenario {
        name: "loss5",
        words: "5 % loss, 50 ms",
        link: Conditions::CLEAR.loss(5).delay(50),
        ..CLEAN
    },
    Scenario {
        name: "loss15",
        words: "15 % loss, 50 ms",
        link: Conditions::CLEAR.loss(15).delay(50),
        ..CLEAN
    },
    Scenario {
        name: "jitter30",
        words: "30 ms of jitter",
        link: Conditions::CLEAR.jitter(30),
        ..CLEAN
    },
    Scenario {
        name: "step",
        words: "2.5 → 0.8 Mb/s",
        link: Conditions::CLEAR.rate(2500).delay(20),
        settle: Duration::from_secs(15),
        time: Duration::from_secs(30),
        changes: &[(10, Conditions::CLEAR.rate(800).delay(20))],
        ..CLEAN
    },
    Scenario {
        name: "thin",
        words: "300 kb/s",
        link: Conditions::CLEAR.rate(300),
        ..CLEAN
    },
    Scenario {
        name: "outage",
        words: "nothing gets through for 20 s",
        link: Conditions::CLEAR.delay(20),
        time: Duration::from_secs(45),
        changes: &[
            (5, Conditions::CLEAR.delay(20).cut()),
            (25, Conditions::CLEAR.delay(20)),
        ],
        ..CLEAN
    },
    Scenario {
        name: "both",
        words: "clean link, both ways, nothing read off the pictures",
        both: true,
        read: 0,
        ..CLEAN
    },
    Scenario {
        name: "voice",
        words: "voice alone",
        video: false,
        read: 0,
        ..CLEAN
    },
];
