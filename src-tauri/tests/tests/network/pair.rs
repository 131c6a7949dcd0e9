//! Alice and Bob, each other's contacts, each at a place of the lab.

use std::path::Path;
use std::time::Duration;

use ringdown_e2e::Result;
use ringdown_e2e::chromium::Foreigner;
use ringdown_e2e::lab::Place;
use ringdown_e2e::lab::end::{self, End};
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::stage::Stage;
use serde_json::Value;

use crate::scenario::Bob;
use crate::spot::Spot;

/// Set to see what every connection goes through; of one that fails it is always shown.
const TRACE: &str = "RINGDOWN_TRACE";

/// The two, before their windows.
pub struct Pair {
    /// Who calls.
    pub alice: End,
    /// Who accepts.
    pub bob: End,
    stage: Stage,
}

/// A call that came about.
#[derive(Debug)]
pub struct Talk {
    /// From Bob's "Accept" until both are connected.
    pub took: Duration,
    /// The candidates of Alice's end and of Bob's.
    pub pairs: [end::Pair; 2],
}

impl Pair {
    /// Opens both windows, sets what is to be set, and makes the two each other's contacts.
    pub async fn meet(spot: &Spot, bob: Bob, settings: &Value, certificate: &Path) -> Result<Self> {
        let stage = Stage::new("1280x1024").await?;
        let setup = |place: &Place| Setup {
            place: Some(place.clone()),
            // Read by the engine in place of the system's certificates.
            environment: vec![("SSL_CERT_FILE".into(), certificate.display().to_string())],
            ..Setup::default()
        };
        let alice = async {
            Ok(End::App(
                Person::arrive(&stage, "Alice", setup(&spot.alice)).await?,
            ))
        };
        let other = async {
            Ok::<_, ringdown_e2e::Error>(match bob {
                Bob::App => End::App(Person::arrive(&stage, "Bob", setup(&spot.bob)).await?),
                Bob::Browser => End::Browser(Foreigner::arrive_at(&stage, "Bob", &spot.bob).await?),
            })
        };
        let (alice, bob) = tokio::try_join!(alice, other)?;
        tokio::try_join!(alice.settle(settings), bob.settle(settings))?;
        // Whoever is called before they are on the line is not there.
        tokio::try_join!(alice.is_reachable(), bob.is_reachable())?;
        alice.befriend(&bob.invite().await?, "Bob").await?;
        bob.befriend(&alice.invite().await?, "Alice").await?;
        tokio::try_join!(alice.watch(), bob.watch())?;
        Ok(Self { alice, bob, stage })
    }

    /// Alice calls Bob, who accepts. Returns how long it took from then until both were connected.
    pub async fn talk(&self) -> Result<Duration> {
        self.alice.call("Bob").await?;
        self.bob.is_ready().await?;
        let accepted = self.bob.accept("Alice").await?;
        let connected = tokio::try_join!(self.alice.connected(), self.bob.connected());
        if connected.is_err() || std::env::var_os(TRACE).is_some() {
            self.tell(accepted).await?;
        }
        let (alice, bob) = connected?;
        Ok(alice.max(bob).saturating_sub(accepted))
    }

    /// Takes note of when pictures come, from now on.
    pub async fn watch_pictures(&self) -> Result<()> {
        tokio::try_join!(self.alice.watch_pictures(), self.bob.watch_pictures()).map(drop)
    }

    /// How long either had to do without pictures.
    pub async fn longest_pause(&self) -> Result<Duration> {
        let (alice, bob) = tokio::try_join!(self.alice.longest_pause(), self.bob.longest_pause())?;
        eprintln!("without pictures: Alice {alice:?}, Bob {bob:?}");
        Ok(alice.max(bob))
    }

    /// How long after that time both had pictures.
    pub async fn pictures_after(&self, since: Duration) -> Result<Duration> {
        let (alice, bob) = tokio::try_join!(self.alice.first_picture(), self.bob.first_picture())?;
        Ok(alice.max(bob).saturating_sub(since))
    }

    /// [`Pair::tell`], where that was asked for.
    pub async fn trace(&self, since: Duration) -> Result<()> {
        match std::env::var_os(TRACE) {
            Some(_) => self.tell(since).await,
            None => Ok(()),
        }
    }

    /// Prints what both connections went through, in milliseconds since Bob accepted (or that time).
    async fn tell(&self, accepted: Duration) -> Result<()> {
        let (alice, bob) = tokio::try_join!(self.alice.log(), self.bob.log())?;
        let of = |name: &'static str, log: Vec<(Duration, String)>| {
            log.into_iter().map(move |(at, what)| (at, name, what))
        };
        let mut all: Vec<_> = of("Alice", alice).chain(of("      Bob", bob)).collect();
        all.sort_unstable();
        for (at, name, what) in all {
            eprintln!(
                "{:>6} {name}: {what}",
                at.saturating_sub(accepted).as_millis()
            );
        }
        Ok(())
    }

    /// The candidates in use at both ends.
    pub async fn pairs(&self) -> Result<[end::Pair; 2]> {
        let (alice, bob) = tokio::try_join!(self.alice.pair(), self.bob.pair())?;
        Ok([alice, bob])
    }

    /// Waits until both pictures move at the other's.
    pub async fn see_each_other(&self) -> Result<()> {
        tokio::try_join!(self.alice.sees("Bob"), self.bob.sees("Alice")).map(drop)
    }

    /// What both see and hear with.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Ends the call, until the next one can begin.
    pub async fn hang_up(&self) -> Result<()> {
        self.alice.hang_up().await?;
        tokio::try_join!(self.alice.is_free(), self.bob.is_free()).map(drop)
    }
}
