//! The lab with all that the calls need: homes, a rendezvous, STUN and TURN, and the two who talk.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ringdown_e2e::lab::coturn::Coturn;
use ringdown_e2e::lab::{Home, Lab, Place, Rules, Server};
use ringdown_e2e::process::Program;
use ringdown_e2e::stage::binary;
use ringdown_e2e::{Result, eventually};
use serde_json::json;
use tempfile::TempDir;

use crate::expect;
use crate::pair::{Pair, Talk};
use crate::scenario::{Bob, Scenario, Where};
use crate::table::Table;

/// How often each call is made.
const REPEAT: &str = "RINGDOWN_REPEAT";
/// Good for longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);
/// Nobody has this address.
const NEVER_ANSWERS: &str = "stun:198.51.100.250";
/// The rendezvous listens where hardly any firewall is in the way.
const MEETING_PORT: u16 = 443;
/// And another one here.
const BRIEF_PORT: u16 = 8080;

/// Two machines, and the routers before them.
pub struct Spot {
    pub alice: Place,
    pub bob: Place,
    pub routers: [Arc<Home>; 2],
    /// The addresses at which Alice and Bob are reached from the other's place.
    pub near: [IpAddr; 2],
    /// And from outside.
    pub far: [IpAddr; 2],
}

impl Spot {
    fn in_one_home(lab: &Lab) -> Result<Self> {
        let home = Arc::new(lab.home("one")?);
        let (alice, bob) = (home.host()?, home.host()?);
        Ok(Self {
            near: [alice.address()?, bob.address()?],
            far: [home.address(), home.address()],
            routers: [home.clone(), home],
            alice,
            bob,
        })
    }

    /// `known_as`: by which address the world knows Alice's home.
    fn in_two(alices: Home, bobs: Home, known_as: IpAddr) -> Result<Self> {
        let (alice, bob) = (alices.host()?, bobs.host()?);
        let far = match known_as {
            IpAddr::V4(_) => [known_as, bobs.address()],
            IpAddr::V6(_) => [alice.address()?, bob.address()?],
        };
        Ok(Self {
            near: far,
            far,
            routers: [Arc::new(alices), Arc::new(bobs)],
            alice,
            bob,
        })
    }

    fn apply(&self, alice: Rules, bob: Rules) -> Result<()> {
        let [alices, bobs] = &self.routers;
        bobs.apply(bob)?;
        alices.apply(alice)
    }
}

/// All of it.
pub struct World {
    table: Table,
    pair: Option<(Where, Bob, Pair)>,
    spots: Vec<(Where, Spot)>,
    rendezvous: Program,
    coturn: Coturn,
    meeting: Server,
    turn: Server,
    _carrier: Home,
    _dir: TempDir,
    lab: Lab,
}

impl World {
    /// The lab and its servers; the two come when they are called for.
    pub async fn new() -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("ringdown-world-")
            .tempdir()?;
        let lab = Lab::new()?;
        let (meeting, turn) = (lab.server("rendezvous")?, lab.server("turn")?);
        let coturn = Coturn::start(&turn, dir.path()).await?;
        let rendezvous = start_rendezvous(everywhere(), &meeting, &coturn, LONG).await?;
        let carrier = lab.home("carrier")?;
        let behind = lab.home_behind(&carrier, "behind")?;
        let home = |name| lab.home(name);
        let bare = |name| lab.home_without_ipv4(name);
        let public = carrier.address();
        let mut spots = vec![
            (Where::OneLan, Spot::in_one_home(&lab)?),
            (Where::BehindTwo, Spot::in_two(behind, home("c")?, public)?),
        ];
        let (a, b) = (home("a")?, home("b")?);
        let public = a.address();
        spots.push((Where::TwoHomes, Spot::in_two(a, b, public)?));
        let (a, b) = (bare("d")?, bare("e")?);
        let public = a.address();
        spots.push((Where::WithoutIpv4, Spot::in_two(a, b, public)?));
        Ok(Self {
            table: Table::default(),
            pair: None,
            spots,
            rendezvous,
            coturn,
            meeting,
            turn,
            _carrier: carrier,
            _dir: dir,
            lab,
        })
    }

    /// Keeps what came of a call.
    pub fn note(&mut self, title: &'static str, bob: Bob, talks: &[Talk]) {
        self.table.add(title, bob, talks);
    }

    /// Keeps how long a call took to come back.
    pub fn note_resumed(&mut self, title: &'static str, took: Duration) {
        self.table.add_resumed(title, took);
    }

    /// What came of all calls so far.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Makes the calls of a scenario and keeps what came of them.
    pub async fn play(&mut self, bob: Bob, scenario: &Scenario) -> Result<()> {
        let repeat = std::env::var(REPEAT)
            .ok()
            .and_then(|times| times.parse().ok())
            .unwrap_or(1);
        let mut talks = Vec::new();
        for round in 1..=repeat {
            match self.once(bob, scenario).await {
                Ok(talk) => talks.push(talk),
                Err(error) => return Err(format!("call {round} of {repeat}: {error}").into()),
            }
        }
        self.note(scenario.title, bob, &talks);
        Ok(())
    }

    async fn once(&mut self, bob: Bob, scenario: &Scenario) -> Result<Talk> {
        self.gather(scenario, bob).await?;
        let (spot, pair) = (self.spot(scenario.place)?, self.pair()?);
        let took = pair.talk().await?;
        pair.see_each_other().await?;
        // The first pair that worked need not be the best, and may be left for it.
        let pairs = eventually("the call to take its way", || async {
            let pairs = pair.pairs().await?;
            expect::of_the_ends(scenario, bob, spot, &pairs)?;
            Ok(Some(pairs))
        })
        .await?;
        self.lab.internet().record();
        pair.see_each_other().await?;
        let carried = self.lab.internet().recorded();
        expect::of_the_wire(scenario, spot, &self.servers(), &carried)?;
        pair.hang_up().await?;
        Ok(Talk { took, pairs })
    }

    /// Sets the routers, and gets the two to where they shall be, unless they are there.
    pub async fn gather(&mut self, scenario: &Scenario, bob: Bob) -> Result<()> {
        let server = match scenario.place {
            Where::WithoutIpv4 => SocketAddr::from((self.meeting.ipv6[0], MEETING_PORT)),
            _ => SocketAddr::from((self.meeting.ipv4[0], MEETING_PORT)),
        };
        let place = scenario.place;
        let are_there = |(at, with, _): &(Where, Bob, Pair)| (*at, *with) == (place, bob);
        if self.pair.as_ref().is_some_and(are_there) {
            return self.spot(place)?.apply(scenario.alice, scenario.bob);
        }
        self.gather_at(server, scenario, bob).await
    }

    /// [`World::gather`], anew and with another rendezvous, which is what they set: it tells them of STUN and TURN.
    pub async fn gather_at(
        &mut self,
        server: SocketAddr,
        scenario: &Scenario,
        bob: Bob,
    ) -> Result<()> {
        self.part();
        let spot = self.spot(scenario.place)?;
        spot.apply(scenario.alice, scenario.bob)?;
        let settings = json!({ "server": format!("ws://{server}") });
        let certificate = self.coturn.certificate();
        let places = (&spot.alice, &spot.bob);
        let pair = Pair::meet(places, bob, &settings, certificate).await?;
        self.pair = Some((scenario.place, bob, pair));
        Ok(())
    }

    /// What there is to know of a call that went wrong.
    pub async fn tell_all(&self) {
        let Some((.., pair)) = &self.pair else { return };
        for (name, end) in [("Alice", &pair.alice), ("Bob", &pair.bob)] {
            eprintln!("{name} is told: {:?}", end.page().statuses().await);
            eprintln!("{name} has servers: {:?}", end.servers().await);
            let said = end.said().await.unwrap_or_default();
            for line in said.iter().filter(|line| line.contains("candidate:")) {
                eprintln!("{name}: {line}");
            }
        }
    }

    /// Sends the two home: the next call is made by others.
    pub fn part(&mut self) {
        self.pair = None;
    }

    /// The lab.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// STUN and TURN.
    pub fn coturn(&self) -> &Coturn {
        &self.coturn
    }

    /// Every address of a server.
    pub fn servers(&self) -> Vec<IpAddr> {
        let servers = [&self.meeting, &self.turn];
        servers.into_iter().flat_map(Server::addresses).collect()
    }

    /// Ends the rendezvous as a crash would.
    pub async fn kill_rendezvous(&mut self) -> Result<()> {
        self.rendezvous.kill().await
    }

    /// Starts it again.
    pub async fn revive_rendezvous(&mut self) -> Result<()> {
        self.rendezvous = start_rendezvous(everywhere(), &self.meeting, &self.coturn, LONG).await?;
        Ok(())
    }

    /// Another rendezvous, whose credentials for TURN are good for this long only.
    pub async fn brief_rendezvous(&self, lifetime: Duration) -> Result<(SocketAddr, Program)> {
        let at = SocketAddr::from((self.turn.ipv4[1], BRIEF_PORT));
        Ok((
            at,
            start_rendezvous(at, &self.turn, &self.coturn, lifetime).await?,
        ))
    }

    /// A place and its routers.
    pub fn spot(&self, place: Where) -> Result<&Spot> {
        let spot = self.spots.iter().find(|(at, _)| *at == place);
        Ok(spot.map(|(_, spot)| spot).ok_or("there is no such place")?)
    }

    /// Those who talk.
    pub fn pair(&self) -> Result<&Pair> {
        Ok(self
            .pair
            .as_ref()
            .map(|(.., pair)| pair)
            .ok_or("nobody is there")?)
    }
}

fn everywhere() -> SocketAddr {
    (Ipv6Addr::UNSPECIFIED, MEETING_PORT).into()
}

/// A rendezvous that tells of the TURN server, and of a STUN server that never answers, which must hold nothing up.
async fn start_rendezvous(
    at: SocketAddr,
    meeting: &Server,
    coturn: &Coturn,
    lifetime: Duration,
) -> Result<Program> {
    let (stun, turn) = coturn.urls();
    let mut command = meeting.place.command(binary("ringdown-server")?);
    command
        .args(["--listen", &at.to_string(), "--stun", NEVER_ANSWERS])
        .args(["--stun", &stun.join(","), "--turn", &turn.join(",")])
        .args(["--turn-ttl", &lifetime.as_secs().to_string()])
        .env("RINGDOWN_TURN_SECRET", coturn.secret());
    let mut server = Program::start(&mut command)?;
    let line = server.line().await?;
    if !line.contains("listening on") {
        return Err(line.into());
    }
    server.ignore_output();
    Ok(server)
}
