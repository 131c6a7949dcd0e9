//! Where Alice and Bob are: two machines, and the routers before them.

use std::net::IpAddr;
use std::sync::Arc;

use ringdown_e2e::Result;
use ringdown_e2e::lab::{Home, Lab, Place, Rules};

use crate::scenario::Where;

/// Two machines, and what leads to them.
pub struct Spot {
    /// Alice's machine.
    pub alice: Place,
    /// Bob's.
    pub bob: Place,
    /// What a direct call sends to when it is for Alice, and when it is for Bob.
    pub near: [IpAddr; 2],
    /// By which addresses the rest of the world knows the two.
    pub far: [IpAddr; 2],
    homes: [Arc<Home>; 2],
    /// The network that Alice's router is plugged into, where it is another home's.
    _outer: Option<Home>,
}

impl Spot {
    /// Lays it out.
    pub fn new(lab: &Lab, place: Where) -> Result<Self> {
        let (homes, outer) = match place {
            Where::OneLan => {
                let home = Arc::new(lab.home("one")?);
                ([home.clone(), home], None)
            }
            Where::TwoHomes => (apart(lab.home("a")?, lab.home("b")?), None),
            Where::AlikeHomes => {
                let a = lab.home("a")?;
                let b = lab.home_like(&a, "b")?;
                (apart(a, b), None)
            }
            Where::BehindTwo => {
                let outer = lab.home("outer")?;
                let inner = lab.home_behind(&outer, "inner")?;
                (apart(inner, lab.home("b")?), Some(outer))
            }
            Where::WithoutIpv4 => (
                apart(lab.home_without_ipv4("a")?, lab.home_without_ipv4("b")?),
                None,
            ),
        };
        let [alices, bobs] = &homes;
        let (alice, bob) = (alices.host()?, bobs.host()?);
        let own = [alice.address()?, bob.address()?];
        let far = match place {
            Where::WithoutIpv4 => own,
            _ => [outer.as_ref().unwrap_or(alices).address(), bobs.address()],
        };
        let near = if place == Where::OneLan { own } else { far };
        Ok(Self {
            alice,
            bob,
            near,
            far,
            homes,
            _outer: outer,
        })
    }

    /// Sets Alice's router and Bob's; where it is one, they are the same.
    pub fn apply(&self, alice: Rules, bob: Rules) -> Result<()> {
        let [alices, bobs] = &self.homes;
        bobs.apply(bob)?;
        alices.apply(alice)
    }

    /// Alice's router starts anew, with these rules.
    pub fn restart_alices(&self, rules: Rules) -> Result<()> {
        self.homes[0].restart(rules)
    }

    /// Alice pulls her cable.
    pub fn pull(&self) -> Result<()> {
        self.alice.unplug("eth0")
    }

    /// Alice puts it back in.
    pub fn put_back(&self) -> Result<()> {
        self.homes[0].put_back(&self.alice, "eth0")
    }
}

fn apart(alices: Home, bobs: Home) -> [Arc<Home>; 2] {
    [Arc::new(alices), Arc::new(bobs)]
}
