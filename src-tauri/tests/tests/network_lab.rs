//! A lab that lies is worse than none: what every home of it lets through, as sockets and coturn's own tools see it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ringdown_e2e::lab::coturn::{Coturn, Credentials, Relay, TLS_PORT};
use ringdown_e2e::lab::probe::{Probe, punch, tcp};
use ringdown_e2e::lab::{Firewall, Home, Lab, Nat, ONE_WAY, Place, Rules, Server, Tale, run};
use ringdown_e2e::{Result, eventually};

const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const ANY6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

fn main() -> ExitCode {
    let stories: Vec<(&str, Tale)> = vec![
        (
            "everything_takes_its_time",
            on_stage(everything_takes_its_time),
        ),
        (
            "a_port_keeps_its_number_and_is_found_by_it",
            on_stage(a_port_keeps_its_number_and_is_found_by_it),
        ),
        (
            "a_symmetric_router_gives_another_port_to_everybody",
            on_stage(a_symmetric_router_gives_another_port_to_everybody),
        ),
        (
            "nothing_comes_in_unasked",
            on_stage(nothing_comes_in_unasked),
        ),
        (
            "two_routers_translate_twice",
            on_stage(two_routers_translate_twice),
        ),
        (
            "a_hairpin_leads_back_inside",
            on_stage(a_hairpin_leads_back_inside),
        ),
        (
            "without_udp_there_is_tcp",
            on_stage(without_udp_there_is_tcp),
        ),
        ("only_443_is_only_443", on_stage(only_443_is_only_443)),
        (
            "without_ipv4_there_is_ipv6",
            on_stage(without_ipv4_there_is_ipv6),
        ),
        (
            "coturn_relays_for_those_it_knows_and_while_it_knows_them",
            on_stage(coturn_relays_for_those_it_knows_and_while_it_knows_them),
        ),
        (
            "a_bridge_leads_to_a_port_inside",
            on_stage(a_bridge_leads_to_a_port_inside),
        ),
        ("nothing_is_left_behind", Box::new(nothing_is_left_behind)),
    ];
    run(stories
        .into_iter()
        .map(|(name, story)| (name.to_owned(), story))
        .collect())
}

/// A lab with a STUN and TURN server.
struct Stage {
    lab: Lab,
    server: Server,
    coturn: Coturn,
    _dir: tempfile::TempDir,
}

/// Every story has a lab of its own: they are made in no time.
fn on_stage<F: Future<Output = Result<()>>>(
    story: impl FnOnce(Stage) -> F + Send + 'static,
) -> Tale {
    Box::new(move || {
        tokio::runtime::Runtime::new()?.block_on(async {
            let dir = tempfile::Builder::new().prefix("ringdown-lab-").tempdir()?;
            let lab = Lab::new()?;
            let server = lab.server("turn")?;
            let coturn = Coturn::start(&server, dir.path()).await?;
            story(Stage {
                lab,
                server,
                coturn,
                _dir: dir,
            })
            .await
        })
    })
}

impl Stage {
    fn homes(&self, nat: Nat) -> Result<(Home, Home)> {
        let (a, b) = (self.lab.home("a")?, self.lab.home("b")?);
        let rules = Rules {
            nat,
            ..Rules::default()
        };
        a.apply(rules)?;
        b.apply(rules)?;
        Ok((a, b))
    }

    async fn relays(&self, from: &Place, by: Relay) -> Result<bool> {
        let credentials = self.coturn.credentials(Duration::from_secs(60))?;
        self.coturn.relays(from, by, &credentials).await
    }
}

async fn everything_takes_its_time(stage: Stage) -> Result<()> {
    let home = stage.lab.home("a")?;
    let probe = Probe::new(&home.host()?, ANY, 0)?;
    probe.mapped(stage.coturn.address())?.ok_or("no answer")?;
    let start = Instant::now();
    probe.mapped(stage.coturn.address())?.ok_or("no answer")?;
    let took = start.elapsed();
    println!("there and back: {took:?}");
    assert!(took >= 2 * ONE_WAY, "{took:?}");
    Ok(())
}

async fn a_port_keeps_its_number_and_is_found_by_it(stage: Stage) -> Result<()> {
    let (a, b) = stage.homes(Nat::PortPreserving)?;
    let (alice, bob) = (
        Probe::new(&a.host()?, ANY, 0)?,
        Probe::new(&b.host()?, ANY, 0)?,
    );
    let seen = alice.mapped(stage.coturn.address())?.ok_or("no answer")?;
    assert_eq!(seen, SocketAddr::new(a.address(), alice.port()?));
    assert_eq!(
        alice.mapped(stage.coturn.other_address())?,
        Some(seen),
        "whoever asks"
    );

    let bobs = bob.mapped(stage.coturn.address())?.ok_or("no answer")?;
    assert_eq!(
        punch((&alice, bobs), (&bob, seen))?,
        (Some(bobs), Some(seen))
    );
    Ok(())
}

async fn a_symmetric_router_gives_another_port_to_everybody(stage: Stage) -> Result<()> {
    let (a, b) = stage.homes(Nat::Symmetric)?;
    let (alice, bob) = (
        Probe::new(&a.host()?, ANY, 0)?,
        Probe::new(&b.host()?, ANY, 0)?,
    );
    let seen = alice.mapped(stage.coturn.address())?.ok_or("no answer")?;
    assert_eq!(seen.ip(), a.address());
    assert_ne!(seen.port(), alice.port()?);
    assert_ne!(
        alice.mapped(stage.coturn.other_address())?,
        Some(seen),
        "somebody else is shown another"
    );

    let bobs = bob.mapped(stage.coturn.address())?.ok_or("no answer")?;
    assert_eq!(
        punch((&alice, bobs), (&bob, seen))?,
        (None, None),
        "what STUN shows is of no use"
    );

    // Bob's router preserves ports again: Alice gets through to him, from a port he was never told, and so he does not.
    b.apply(Rules::default())?;
    let bob = Probe::new(&b.host()?, ANY, 0)?;
    let bobs = bob.mapped(stage.coturn.address())?.ok_or("no answer")?;
    assert_eq!(
        punch((&alice, bobs), (&bob, seen))?,
        (None, None),
        "he only lets in whom he has sent to"
    );
    Ok(())
}

async fn nothing_comes_in_unasked(stage: Stage) -> Result<()> {
    let (a, _) = stage.homes(Nat::PortPreserving)?;
    let alice = Probe::new(&a.host()?, ANY, 0)?;
    let seen = alice.mapped(stage.coturn.address())?.ok_or("no answer")?;
    let stranger = Probe::new(&stage.lab.server("stranger")?.place, ANY, 0)?;
    stranger.send(seen, "hello")?;
    assert_eq!(alice.receive(), None);
    assert!(!tcp(&stage.server.place, SocketAddr::new(a.address(), 22))?);
    Ok(())
}

async fn two_routers_translate_twice(stage: Stage) -> Result<()> {
    let outer = stage.lab.home("carrier")?;
    let inner = stage.lab.home_behind(&outer, "home")?;
    let probe = Probe::new(&inner.host()?, ANY, 0)?;
    assert!(matches!(inner.address(), IpAddr::V4(address) if address.is_private()));
    let seen = probe.mapped(stage.coturn.address())?.ok_or("no answer")?;
    assert_eq!(seen, SocketAddr::new(outer.address(), probe.port()?));
    Ok(())
}

async fn a_hairpin_leads_back_inside(stage: Stage) -> Result<()> {
    let home = stage.lab.home("a")?;
    let (one, other) = (home.host()?, home.host()?);
    let straight = |one: &Probe, other: &Probe| -> Result<_> {
        let at = |host: u8, probe: &Probe| {
            Ok::<_, ringdown_e2e::Error>(SocketAddr::from(([192, 168, 1, host], probe.port()?)))
        };
        let (a, b) = (at(2, one)?, at(3, other)?);
        Ok(punch((one, b), (other, a))? == (Some(b), Some(a)))
    };
    let (alice, bob) = (Probe::new(&one, ANY, 0)?, Probe::new(&other, ANY, 0)?);
    assert!(
        straight(&alice, &bob)?,
        "two on one network reach each other"
    );

    let rules = Rules {
        isolated: true,
        ..Rules::default()
    };
    home.apply(rules)?;
    let (alice, bob) = (Probe::new(&one, ANY, 0)?, Probe::new(&other, ANY, 0)?);
    assert!(!straight(&alice, &bob)?, "unless they are kept apart");
    let seen = |probe: &Probe| -> Result<_> {
        Ok(probe.mapped(stage.coturn.address())?.ok_or("no answer")?)
    };
    let (alices, bobs) = (seen(&alice)?, seen(&bob)?);
    assert_eq!(
        punch((&alice, bobs), (&bob, alices))?,
        (None, None),
        "and there is no hairpin"
    );

    home.apply(Rules {
        hairpin: true,
        ..rules
    })?;
    let (alice, bob) = (Probe::new(&one, ANY, 0)?, Probe::new(&other, ANY, 0)?);
    let (alices, bobs) = (seen(&alice)?, seen(&bob)?);
    assert_eq!(
        punch((&alice, bobs), (&bob, alices))?,
        (Some(bobs), Some(alices))
    );
    Ok(())
}

async fn without_udp_there_is_tcp(stage: Stage) -> Result<()> {
    let home = stage.lab.home("a")?;
    home.apply(Rules {
        firewall: Firewall::NoUdp,
        ..Rules::default()
    })?;
    let host = home.host()?;
    assert_eq!(
        Probe::new(&host, ANY, 0)?.mapped(stage.coturn.address())?,
        None
    );
    assert!(tcp(&host, stage.coturn.address())?);
    assert!(stage.relays(&host, Relay::Tcp).await?, "TURN over TCP");
    Ok(())
}

async fn only_443_is_only_443(stage: Stage) -> Result<()> {
    let home = stage.lab.home("a")?;
    home.apply(Rules {
        firewall: Firewall::Only443,
        ..Rules::default()
    })?;
    let host = home.host()?;
    let tls = SocketAddr::new(stage.coturn.address().ip(), TLS_PORT);
    assert_eq!(
        Probe::new(&host, ANY, 0)?.mapped(stage.coturn.address())?,
        None
    );
    assert_eq!(
        Probe::new(&host, ANY, 0)?.mapped(tls)?,
        None,
        "not even UDP to 443"
    );
    assert!(!tcp(&host, stage.coturn.address())?);
    assert!(tcp(&host, tls)?);
    assert!(stage.relays(&host, Relay::Tls).await?, "TURN over TLS");
    Ok(())
}

async fn without_ipv4_there_is_ipv6(stage: Stage) -> Result<()> {
    let (a, b) = (
        stage.lab.home_without_ipv4("a")?,
        stage.lab.home_without_ipv4("b")?,
    );
    let (one, other) = (a.host()?, b.host()?);
    let unreachable = Probe::new(&one, ANY, 0)?.mapped(stage.coturn.address());
    assert!(unreachable.is_err(), "there is no way to an IPv4 address");

    let (alice, bob) = (Probe::new(&one, ANY6, 0)?, Probe::new(&other, ANY6, 0)?);
    let seen = |probe: &Probe| -> Result<_> {
        Ok(probe.mapped(stage.coturn.address6())?.ok_or("no answer")?)
    };
    let (alices, bobs) = (seen(&alice)?, seen(&bob)?);
    assert_eq!(
        alices,
        SocketAddr::new("2001:db8:1::2".parse()?, alice.port()?),
        "nothing is translated"
    );
    bob.send(alices, "hello")?;
    assert_eq!(alice.receive(), None, "the firewall keeps Bob out");
    assert_eq!(
        punch((&alice, bobs), (&bob, alices))?,
        (Some(bobs), Some(alices)),
        "until Alice sends too"
    );
    Ok(())
}

async fn coturn_relays_for_those_it_knows_and_while_it_knows_them(stage: Stage) -> Result<()> {
    let host = stage.lab.home("a")?.host()?;
    assert!(stage.relays(&host, Relay::Udp).await?, "TURN over UDP");
    let guessed = Credentials {
        credential: "guessed".into(),
        ..stage.coturn.credentials(Duration::from_secs(60))?
    };
    assert!(!stage.coturn.relays(&host, Relay::Udp, &guessed).await?);
    // They are good to the end of the second they end in.
    let past = stage.coturn.credentials(Duration::ZERO)?;
    eventually(
        "credentials that have ended to be worth nothing",
        || async {
            let relays = stage.coturn.relays(&host, Relay::Udp, &past).await?;
            Ok((!relays).then_some(()))
        },
    )
    .await
}

async fn a_bridge_leads_to_a_port_inside(stage: Stage) -> Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let host = stage.lab.home("a")?.host()?;
    let listener = host.within(|| std::net::TcpListener::bind("127.0.0.1:0"))??;
    let inside = listener.local_addr()?.port();
    std::thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        Ok(std::io::Write::write_all(
            &mut stream,
            b"hello from inside",
        )?)
    });
    let bridge = host.bridge(inside).await?;
    let mut heard = String::new();
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", bridge.port())).await?;
    stream.read_to_string(&mut heard).await?;
    assert_eq!(heard, "hello from inside");

    // Nobody listens there: closed without a word.
    let nowhere = host.bridge(9).await?;
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", nowhere.port())).await?;
    let _ = stream.write_all(b"?").await;
    assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    Ok(())
}

fn nothing_is_left_behind() -> Result<()> {
    let names = || -> Result<Vec<String>> {
        let own = format!("ringdown-{}-", std::process::id());
        let entries = std::fs::read_dir("/run/netns")?.collect::<std::io::Result<Vec<_>>>()?;
        let names = entries
            .iter()
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        Ok(names.filter(|name| name.starts_with(&own)).collect())
    };
    let panicked = std::thread::spawn(|| {
        let lab = Lab::new().unwrap();
        let home = lab.home("a").unwrap();
        let _host = home.host().unwrap();
        panic!("as a failing test does");
    })
    .join();
    assert!(panicked.is_err());
    assert_eq!(names()?, Vec::<String>::new());
    Ok(())
}
