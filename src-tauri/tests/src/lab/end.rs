//! Either end of a call in the lab, the app's window or the browser, and what its own statistics say of the way.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};

use super::coturn::Credentials;
use crate::chromium::Foreigner;
use crate::page::Page;
use crate::person::Person;
use crate::{Result, eventually};

/// Keeps the page's peer connections and the last one's candidates; when "Accept" was clicked and when a connection
/// came about, both in milliseconds since 1970.
const WATCH: &str = r#"
if (window.watched) return;
const now = () => performance.timeOrigin + performance.now();
const watched = (window.watched = { peers: [], candidates: [], log: [], accepted: 0, connected: 0 });
const note = (what) => watched.log.push([now(), what]);
window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
  construct(target, parameters) {
    const peer = new target(...parameters);
    watched.peers.push(peer);
    Object.assign(watched, { candidates: [], log: [], connected: 0 });
    note("begins");
    const keep = (whose, candidate) => {
      if (!candidate?.candidate) return note(`${whose} last candidate`);
      watched.candidates.push(candidate.candidate);
      note(`${whose} candidate ${candidate.candidate.split(" ").slice(2, 8).join(" ")}`);
    };
    peer.addEventListener("icecandidate", ({ candidate }) => keep("own", candidate));
    const { addIceCandidate, setRemoteDescription } = peer;
    peer.addIceCandidate = (candidate) => (keep("other's", candidate), addIceCandidate.call(peer, candidate));
    peer.setRemoteDescription = (it) => (note(`other's ${it.type}`), setRemoteDescription.call(peer, it));
    for (const state of ["signalingState", "iceConnectionState", "connectionState"]) {
      peer.addEventListener(state.toLowerCase() + "change", () => note(`${state} ${peer[state]}`));
    }
    peer.addEventListener("connectionstatechange", () => {
      if (peer.connectionState === "connected") watched.connected ||= now();
    });
    return peer;
  },
});
const accepts = (node) => /^Accept/.test(node?.closest?.("button")?.textContent.trim() ?? "");
addEventListener("click", ({ target }) => { if (accepts(target)) watched.accepted = now(); }, true);
"#;

/// Keeps when the last connection's pictures came, in milliseconds since 1970.
const WATCH_PICTURES: &str = r#"
const { watched } = window;
const peer = watched.peers.at(-1);
clearInterval(watched.looking);
watched.pictures = [];
watched.since = performance.timeOrigin + performance.now();
let seen = null;
let way = "";
watched.looking = setInterval(async () => {
  const at = performance.timeOrigin + performance.now();
  let count = 0;
  const report = await peer.getStats();
  report.forEach(({ type, kind, framesDecoded, selectedCandidatePairId }) => {
    if (type === "inbound-rtp" && kind === "video") count += framesDecoded ?? 0;
    const pair = report.get(selectedCandidatePairId);
    const ends = pair && [pair.localCandidateId, pair.remoteCandidateId].map((id) => report.get(id));
    const now = ends?.map((end) => `${end?.candidateType} ${end?.address}:${end?.port}`).join(" -> ") ?? way;
    if (now !== way) watched.log.push([at, `takes ${now}`]);
    way = now;
  });
  if (seen !== null && count !== seen) {
    const pause = at - (watched.pictures.at(-1) ?? watched.since);
    if (pause > 400) watched.log.push([at, `pictures again, after ${pause} ms`]);
    watched.pictures.push(at);
  }
  seen = count;
}, 50);
"#;

/// The longest time without a picture since then.
const LONGEST_PAUSE: &str = r#"
const { since, pictures, looking } = window.watched;
clearInterval(looking);
const begins = [since, ...pictures];
const ends = [...pictures, performance.timeOrigin + performance.now()];
return Math.max(...ends.map((at, pause) => at - begins[pause]));
"#;

/// When the first picture came since then.
const FIRST_PICTURE: &str = r#"
const { pictures, looking } = window.watched;
clearInterval(looking);
return pictures[0] ?? null;
"#;

/// The selected pair of candidates of the last connection; null while there is none.
const PAIR: &str = r#"
const done = arguments[0];
const peer = window.watched?.peers.at(-1);
if (!peer) done(null);
else peer.getStats().then((report) => {
  const all = [...report.values()];
  const transport = all.find(({ type, selectedCandidatePairId }) => type === "transport" && selectedCandidatePairId);
  const pair = report.get(transport?.selectedCandidatePairId)
    ?? all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
  if (!pair) return done(null);
  const end = ({ candidateType, address, port, protocol, relayProtocol, url }) =>
    ({ kind: candidateType, address: address ?? "", port: port ?? 0, protocol, relay: relayProtocol ?? null });
  done({ local: end(report.get(pair.localCandidateId) ?? {}), remote: end(report.get(pair.remoteCandidateId) ?? {}) });
}, (error) => done(`${error}`));
"#;

/// Whether the connection of a call that rings is ready: its offer is made, and a relay was found for it.
const READY: &str = r#"
const { peers, log } = window.watched;
return peers.at(-1)?.signalingState === "have-local-offer" && log.some(([, what]) => what.endsWith("typ relay"));
"#;

/// What the last connection was told to gather from.
const SERVERS: &str = "return window.watched.peers.at(-1)?.getConfiguration().iceServers ?? []";

/// All that the last connection told the other end, and all that it was told.
const SAID: &str = r#"
const { peers, candidates } = window.watched;
const peer = peers.at(-1);
const lines = (description) => (description?.sdp ?? "").split(/\r?\n/);
return [...lines(peer.localDescription), ...lines(peer.remoteDescription), ...candidates];
"#;

/// Either end of a call.
pub enum End {
    /// Ringdown's window.
    App(Person),
    /// The same call on a browser's own WebRTC.
    Browser(Foreigner),
}

/// `RTCIceServer`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum IceServer {
    /// TURN.
    Relay {
        /// What to use it with.
        #[serde(flatten)]
        credentials: Credentials,
        /// Where it is.
        urls: Vec<String>,
    },
    /// STUN.
    Mirror {
        /// Where it is.
        urls: Vec<String>,
    },
}

/// One end of a pair of candidates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Candidate {
    /// `host`, `srflx`, `prflx` or `relay`.
    pub kind: String,
    /// As the statistics write it; empty where they hide it.
    pub address: String,
    /// Of that address.
    pub port: u16,
    /// Between the two candidates; a relay's is `udp`.
    pub protocol: String,
    /// Between a relayed candidate's owner and the relay: `udp`, `tcp` or `tls`.
    pub relay: Option<String>,
}

/// The pair of candidates that one end uses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pair {
    /// Its own.
    pub local: Candidate,
    /// The other end's.
    pub remote: Candidate,
}

impl Candidate {
    /// Its address, where the statistics tell.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.trim_matches(['[', ']']).parse().ok()
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.relay {
            Some(relay) => write!(f, "{}/{relay}", self.kind),
            None => f.write_str(&self.kind),
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.local, self.remote)
    }
}

impl End {
    /// Their page.
    #[must_use]
    pub fn page(&self) -> &Page {
        match self {
            Self::App(person) => person.page(),
            Self::Browser(foreigner) => foreigner.page(),
        }
    }

    /// Their invite.
    ///
    /// # Errors
    /// When there is none.
    pub async fn invite(&self) -> Result<String> {
        match self {
            Self::App(person) => person.invite().await,
            Self::Browser(foreigner) => foreigner.invite().await,
        }
    }

    /// Makes a contact of whoever made this invite.
    ///
    /// # Errors
    /// When they are not taken.
    pub async fn befriend(&self, link: &str, name: &str) -> Result<()> {
        match self {
            Self::App(person) => person.befriend(link, name).await,
            Self::Browser(foreigner) => foreigner.befriend(link, name).await,
        }
    }

    /// Changes settings.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn settle(&self, changes: &Value) -> Result<()> {
        match self {
            Self::App(person) => person.settle(changes).await,
            Self::Browser(foreigner) => foreigner.settle(changes).await,
        }
    }

    /// Waits until others can reach them at a meeting point that lends servers.
    ///
    /// # Errors
    /// When they can't.
    pub async fn is_reachable(&self) -> Result<()> {
        match self {
            Self::App(person) => person.is_reachable().await,
            Self::Browser(foreigner) => foreigner.is_reachable().await,
        }
    }

    /// Watches the page's connections from now on.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn watch(&self) -> Result<()> {
        self.page().run(WATCH, vec![]).await.map(drop)
    }

    /// Calls somebody.
    ///
    /// # Errors
    /// When they can't be called.
    pub async fn call(&self, name: &str) -> Result<()> {
        match self {
            Self::App(person) => person.call_by_typing(name).await,
            Self::Browser(foreigner) => foreigner.call(true).await,
        }
    }

    /// Waits until a call that rings here can be answered at its quickest, as it can when a person has heard it ring for a
    /// moment. Chromium's page gets nothing ready.
    ///
    /// # Errors
    /// When the app does not get ready.
    pub async fn is_ready(&self) -> Result<()> {
        let Self::App(person) = self else {
            return Ok(());
        };
        eventually("a connection that is ready", || async {
            let ready = person.page().run(READY, vec![]).await?;
            Ok((ready == json!(true)).then_some(()))
        })
        .await
    }

    /// Accepts a call and tells when that was, as time since 1970.
    ///
    /// # Errors
    /// When nobody calls.
    pub async fn accept(&self, caller: &str) -> Result<Duration> {
        match self {
            Self::App(person) => {
                person.answer(caller, "Accept").await?;
                self.moment("accepted").await
            }
            Self::Browser(foreigner) => {
                foreigner.phase("ringing").await?;
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                foreigner.accept(true).await?;
                Ok(now)
            }
        }
    }

    /// Waits until the other's picture moves.
    ///
    /// # Errors
    /// When it does not.
    pub async fn sees(&self, other: &str) -> Result<()> {
        match self {
            Self::App(person) => person.sees(other).await,
            Self::Browser(foreigner) => foreigner.page().video_moves("remote").await,
        }
    }

    /// When the connection came about, as time since 1970.
    ///
    /// # Errors
    /// When it does not.
    pub async fn connected(&self) -> Result<Duration> {
        self.moment("connected").await
    }

    async fn moment(&self, of: &str) -> Result<Duration> {
        let script = "return window.watched[arguments[0]] || null";
        eventually(of, || async {
            let at = self.page().run(script, vec![json!(of)]).await?;
            Ok(at.as_f64().map(|at| Duration::from_secs_f64(at / 1000.0)))
        })
        .await
    }

    /// Which pair of candidates carries the call.
    ///
    /// # Errors
    /// When none does.
    pub async fn pair(&self) -> Result<Pair> {
        eventually("a selected pair of candidates", || async {
            let pair = self.page().client().execute_async(PAIR, vec![]).await?;
            if let Some(trouble) = pair.as_str() {
                return Err(trouble.into());
            }
            Ok(serde_json::from_value(pair)?)
        })
        .await
    }

    /// The servers their last connection was told of.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn servers(&self) -> Result<Vec<IceServer>> {
        Ok(serde_json::from_value(
            self.page().run(SERVERS, vec![]).await?,
        )?)
    }

    /// Every line of both descriptions and every candidate, their own and the other's.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn said(&self) -> Result<Vec<String>> {
        let lines = self.page().run(SAID, vec![]).await?;
        Ok(serde_json::from_value(lines)?)
    }

    /// Takes note, from now on, of when pictures of the other one come.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn watch_pictures(&self) -> Result<()> {
        self.page().run(WATCH_PICTURES, vec![]).await.map(drop)
    }

    /// The longest time without any since [`End::watch_pictures`].
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn longest_pause(&self) -> Result<Duration> {
        let pause = self.page().run(LONGEST_PAUSE, vec![]).await?;
        let pause = pause.as_f64().ok_or("no pause")?;
        Ok(Duration::from_secs_f64(pause / 1000.0))
    }

    /// When the first one came since [`End::watch_pictures`], as time since 1970.
    ///
    /// # Errors
    /// When none did.
    pub async fn first_picture(&self) -> Result<Duration> {
        let at = self.page().run(FIRST_PICTURE, vec![]).await?;
        Ok(Duration::from_secs_f64(
            at.as_f64().ok_or("no picture")? / 1000.0,
        ))
    }

    /// Ends the call.
    ///
    /// # Errors
    /// When there is none.
    pub async fn hang_up(&self) -> Result<()> {
        match self {
            Self::App(person) => person.page().press("Hang up").await,
            Self::Browser(foreigner) => foreigner.hang_up().await,
        }
    }

    /// What their last connection went through: since 1970, and what.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn log(&self) -> Result<Vec<(Duration, String)>> {
        let log = self.page().run("return window.watched.log", vec![]).await?;
        let log: Vec<(f64, String)> = serde_json::from_value(log)?;
        let since = |at: f64| Duration::from_secs_f64(at / 1000.0);
        Ok(log
            .into_iter()
            .map(|(at, what)| (since(at), what))
            .collect())
    }

    /// Waits until a call that the other side ended is over and the next one can begin.
    ///
    /// # Errors
    /// When it is not.
    pub async fn is_free(&self) -> Result<()> {
        match self {
            Self::App(person) => {
                person.page().status("Call ended").await?;
                person.put_away().await
            }
            Self::Browser(foreigner) => foreigner.phase("ended").await,
        }
    }
}
