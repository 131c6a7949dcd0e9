//! Networks, and what has to come of a call through them.

use ringdown_e2e::lab::coturn::Relay;
use ringdown_e2e::lab::{Firewall, Nat, Rules};

/// What the other one uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bob {
    /// The app.
    App,
    /// Chromium.
    Browser,
}

impl Bob {
    /// For the table.
    pub fn ends(self) -> &'static str {
        match self {
            Self::App => "app, app",
            Self::Browser => "app, Chromium",
        }
    }

    /// For the names of tests.
    pub fn calls(self) -> &'static str {
        match self {
            Self::App => "the_app_calls_the_app",
            Self::Browser => "the_app_calls_chromium",
        }
    }
}

/// Where the two are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// In one home.
    OneLan,
    /// Each in their own.
    TwoHomes,
    /// Each in their own, and both have the same private address, as most homes have.
    AlikeHomes,
    /// Alice's router is plugged into another one; Bob is at home.
    BehindTwo,
    /// Each in their own home, where there is IPv6 and nothing else.
    WithoutIpv4,
}

/// What has to come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Each sends to the other's own address, or to that of the other's router.
    Direct,
    /// By the relay, which Alice reaches so, or Bob by UDP.
    Relayed(Relay),
}

/// A network, and what has to come of a call through it.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Of the test.
    pub name: &'static str,
    /// For the table.
    pub title: &'static str,
    /// Where the two are.
    pub place: Where,
    /// What Alice's router does.
    pub alice: Rules,
    /// What Bob's does.
    pub bob: Rules,
    /// What has to come of it.
    pub expected: Expected,
}

/// A router as most homes have it.
pub const OPEN: Rules = Rules {
    nat: Nat::PortPreserving,
    firewall: Firewall::Open,
    hairpin: false,
    isolated: false,
};
/// Where STUN is of no use.
pub const SYMMETRIC: Rules = Rules {
    nat: Nat::Symmetric,
    ..OPEN
};
const NO_UDP: Rules = Rules {
    firewall: Firewall::NoUdp,
    ..OPEN
};
/// What some companies let out.
pub const ONLY_443: Rules = Rules {
    firewall: Firewall::Only443,
    ..OPEN
};
/// Guests' Wi-Fi: nobody sees anybody but by way of the router's public address.
const HAIRPIN: Rules = Rules {
    hairpin: true,
    isolated: true,
    ..OPEN
};

/// The matrix.
pub const SCENARIOS: [Scenario; 10] = [
    Scenario {
        name: "on_one_network",
        title: "One network",
        place: Where::OneLan,
        alice: OPEN,
        bob: OPEN,
        expected: Expected::Direct,
    },
    Scenario {
        name: "by_a_hairpin",
        title: "One network that keeps its guests apart, hairpin",
        place: Where::OneLan,
        alice: HAIRPIN,
        bob: HAIRPIN,
        expected: Expected::Direct,
    },
    Scenario {
        name: "between_two_homes",
        title: "Two homes, NATs that preserve ports",
        place: Where::TwoHomes,
        alice: OPEN,
        bob: OPEN,
        expected: Expected::Direct,
    },
    Scenario {
        name: "from_behind_a_symmetric_nat",
        title: "Symmetric NAT on one side",
        place: Where::TwoHomes,
        alice: SYMMETRIC,
        bob: OPEN,
        expected: Expected::Relayed(Relay::Udp),
    },
    Scenario {
        name: "between_two_symmetric_nats",
        title: "Symmetric NATs on both sides",
        place: Where::TwoHomes,
        alice: SYMMETRIC,
        bob: SYMMETRIC,
        expected: Expected::Relayed(Relay::Udp),
    },
    Scenario {
        name: "without_udp",
        title: "UDP blocked on one side",
        place: Where::TwoHomes,
        alice: NO_UDP,
        bob: OPEN,
        expected: Expected::Relayed(Relay::Tcp),
    },
    Scenario {
        name: "by_port_443_alone",
        title: "All but TCP 443 blocked on one side",
        place: Where::TwoHomes,
        alice: ONLY_443,
        bob: OPEN,
        expected: Expected::Relayed(Relay::Tls),
    },
    Scenario {
        name: "between_homes_that_are_alike",
        title: "Two homes where both have the same private address",
        place: Where::AlikeHomes,
        alice: OPEN,
        bob: OPEN,
        expected: Expected::Direct,
    },
    Scenario {
        name: "from_behind_two_nats",
        title: "Two NATs, one behind the other, on one side",
        place: Where::BehindTwo,
        alice: OPEN,
        bob: OPEN,
        expected: Expected::Direct,
    },
    Scenario {
        name: "without_ipv4",
        title: "IPv6 only, firewalls on both sides",
        place: Where::WithoutIpv4,
        alice: OPEN,
        bob: OPEN,
        expected: Expected::Direct,
    },
];
