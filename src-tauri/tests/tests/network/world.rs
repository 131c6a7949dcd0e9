//! The lab with all that the calls need: homes, a rendezvous, STUN and TURN, and the two who talk.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ringdown_e2e::lab::coturn::Coturn;
use ringdown_e2e::lab::{Lab, Server};
use ringdown_e2e::process::Program;
use ringdown_e2e::stage::binary;
use ringdown_e2e::{DEAD_WINDOW, Result, eventually};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::expect;
use crate::pair::{Pair, Talk};
use crate::scenario::{Bob, Scenario, Where};
use crate::spot::Spot;
use crate::table::Table;

/// What says how often each call is made.
const REPEAT: &str = "RINGDOWN_REPEAT";
/// No call takes longer, its windows' opening included, unless a driver waits for a dead window.
pub const LONGEST: Duration = Duration::from_secs(120);
/// Of so many calls, one may meet a window that hangs.
const FEW: u32 = 10;
/// Good for longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);
/// Nobody has this address.
const NEVER_ANSWERS: &str = "stun:198.51.100.250";
/// The rendezvous listens where hardly any firewall is in the way.
const MEETING_PORT: u16 = 443;
/// And another one here.
const BRIEF_PORT: u16 = 8080;

/// How often each call is made.
pub fn repeat() -> u32 {
    let wish = std::env::var(REPEAT).ok();
    wish.and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// All of it.
pub struct World {
    table: Table,
    gathering: Option<Gathering>,
    rendezvous: Program,
    coturn: Coturn,
    meeting: Server,
    turn: Server,
    _dir: TempDir,
    lab: Lab,
}

/// The two, where they are.
struct Gathering {
    place: Where,
    with: Bob,
    pair: Pair,
    spot: Spot,
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
        Ok(Self {
            table: Table::default(),
            gathering: None,
            rendezvous: start_rendezvous(everywhere(), &meeting, &coturn, LONG).await?,
            coturn,
            meeting,
            turn,
            _dir: dir,
            lab,
        })
    }

    /// Keeps what came of calls; `hung`: how many more met a window that hung.
    pub fn note(&mut self, title: &'static str, bob: Bob, talks: &[Talk], hung: u32) {
        self.table.add(title, bob, talks, hung);
    }

    /// Keeps how long calls took to come back.
    pub fn note_resumed(&mut self, title: &'static str, bob: Bob, took: &[Duration], hung: u32) {
        self.table.add_resumed(title, bob, took, hung);
    }

    /// What came of all calls so far.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Makes the calls of a scenario and keeps what came of them.
    pub async fn play(&mut self, bob: Bob, scenario: &Scenario) -> Result<()> {
        let (talks, hung) = self
            .often(async |world: &mut Self| world.once(bob, scenario).await)
            .await?;
        self.note(scenario.title, bob, &talks, hung);
        Ok(())
    }

    /// Does something as often as each call is made. Of many times some meet a window that hangs, which is not the
    /// network's doing; they are counted.
    pub async fn often<T>(
        &mut self,
        once: impl AsyncFn(&mut Self) -> Result<T>,
    ) -> Result<(Vec<T>, u32)> {
        let repeat = repeat();
        let (mut done, mut hung) = (Vec::new(), 0);
        while done.len() < repeat as usize {
            let end = timeout(LONGEST, once(self)).await;
            match end.unwrap_or_else(|_| Err(DEAD_WINDOW.into())) {
                Ok(result) => done.push(result),
                Err(error) if hung < repeat / FEW && error.to_string().contains(DEAD_WINDOW) => {
                    eprintln!("after {} times: {error}", done.len());
                    hung += 1;
                    self.part();
                }
                Err(error) => {
                    return Err(format!("after {} times of {repeat}: {error}", done.len()).into());
                }
            }
        }
        Ok((done, hung))
    }

    async fn once(&mut self, bob: Bob, scenario: &Scenario) -> Result<Talk> {
        self.gather(scenario, bob).await?;
        let (spot, pair) = self.talkers()?;
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
        let relays: Vec<IpAddr> = self.turn.addresses().collect();
        eventually("the pictures to be on that way", || async {
            let carried = self.lab.internet().recorded();
            let found = expect::of_the_wire(scenario, spot, &relays, &carried);
            if found.is_err() && scenario.place == Where::OneLan {
                // What went another way at first would be held against it for ever.
                self.lab.internet().record();
                pair.see_each_other().await?;
            }
            found.map(Some)
        })
        .await?;
        self.lab.internet().forget();
        pair.hang_up().await?;
        Ok(Talk { took, pairs })
    }

    /// Sets the routers, and gets the two to where they shall be, unless they are there.
    pub async fn gather(&mut self, scenario: &Scenario, bob: Bob) -> Result<()> {
        let server = match scenario.place {
            Where::WithoutIpv4 => SocketAddr::from((self.meeting.ipv6[0], MEETING_PORT)),
            _ => SocketAddr::from((self.meeting.ipv4[0], MEETING_PORT)),
        };
        if let Some(Gathering {
            place, with, spot, ..
        }) = &self.gathering
            && (*place, *with) == (scenario.place, bob)
        {
            return spot.apply(scenario.alice, scenario.bob);
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
        let spot = Spot::new(&self.lab, scenario.place)?;
        spot.apply(scenario.alice, scenario.bob)?;
        let settings = json!({ "server": format!("ws://{server}") });
        let pair = Pair::meet(&spot, bob, &settings, self.coturn.certificate()).await?;
        self.gathering = Some(Gathering {
            place: scenario.place,
            with: bob,
            pair,
            spot,
        });
        Ok(())
    }

    /// What there is to know of a call that went wrong.
    pub async fn tell_all(&self) {
        let Some(Gathering { pair, .. }) = &self.gathering else {
            return;
        };
        for (name, end) in [("Alice", &pair.alice), ("Bob", &pair.bob)] {
            eprintln!("{name} is told: {:?}", end.page().statuses().await);
            eprintln!("{name} has servers: {:?}", end.servers().await);
        }
    }

    /// Sends the two home: the next call is made by others, elsewhere.
    pub fn part(&mut self) {
        self.gathering = None;
    }

    /// Where they are, and they themselves.
    pub fn talkers(&self) -> Result<(&Spot, &Pair)> {
        let gathering = self.gathering.as_ref().ok_or("nobody is there")?;
        Ok((&gathering.spot, &gathering.pair))
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
