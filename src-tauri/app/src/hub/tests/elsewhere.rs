//! What others say of where somebody or something is: none of it takes the place of what a contact said or the person chose.

use ringdown_core::contacts::Contact;
use ringdown_core::identity::PublicKey;
use ringdown_core::invite::Invite;
use ringdown_core::name::DisplayName;
use ringdown_signaling::IceServer;

use super::person::{Someone, friends};
use super::*;

/// The contact as it is kept.
async fn kept(someone: &Someone, key: PublicKey) -> Contact {
    let kept = someone.hub.ask(|hub| Ok(hub.store.contacts()?)).await;
    let kept = kept.unwrap().into_iter().find(|contact| contact.key == key);
    kept.unwrap()
}

#[tokio::test]
async fn a_stranger_who_announces_to_be_bob_changes_nothing_that_is_kept() {
    let (alice, bob, key) = friends().await;
    let before = kept(&alice, key).await;
    let (named, routes) = alice
        .hub
        .ask(move |hub| {
            let named = hub.routes(key).named;
            for last in 1..=40 {
                let url = format!("ws://192.0.2.{last}:47100");
                hub.handle_found(key.as_bytes(), &url);
                hub.handle_found(&[9; 32], &url);
            }
            Ok((named, hub.routes(key)))
        })
        .await
        .unwrap();
    assert_eq!(routes.named, named);
    assert_eq!(
        routes.found,
        [40, 39, 38].map(|last| format!("ws://192.0.2.{last}:47100"))
    );
    assert_eq!(kept(&alice, key).await, before);
    // He is still called where he said he is.
    alice.calls(key).await;
    bob.is_in(ringdown_core::call::Phase::Ringing).await;
}

#[tokio::test]
async fn an_invite_in_bobs_name_adds_where_he_is_and_takes_nothing_away() {
    let (alice, bob, key) = friends().await;
    let before = kept(&alice, key).await;
    let forged = Invite {
        key,
        name: DisplayName::parse("Mallory").unwrap(),
        reach: vec!["wss://mallory.example.org".parse().unwrap()],
        token: None,
        expires: None,
    };
    assert!(alice.adds(&forged.to_link()).await.unwrap().already_known);
    let after = kept(&alice, key).await;
    assert_eq!(
        (&after.reach, &after.own_name),
        (&before.reach, &before.own_name)
    );
    assert_eq!(after.invited, forged.reach);
    alice.calls(key).await;
    bob.is_in(ringdown_core::call::Phase::Ringing).await;
}

#[tokio::test]
async fn what_a_server_lent_goes_with_it() {
    let alice = Someone::arrives("Alice").await;
    let url = "ws://127.0.0.1:1/elsewhere";
    let chooses = async |server: Option<&str>| {
        let server = server.map(str::to_owned);
        let saved = alice.hub.ask(move |hub| {
            let settings = Settings {
                server,
                ..hub.settings.clone()
            };
            hub.save_settings(settings)
        });
        saved.await.unwrap();
    };
    let lends = async || {
        let lent = alice.hub.ask(move |hub| {
            hub.handle_line(LineEvent::Signaling(Event::Servers {
                url: url.to_owned(),
                ice: vec![IceServer {
                    urls: vec!["stun:stun.example.org".to_owned()],
                    username: None,
                    credential: None,
                }],
                ttl: Duration::from_secs(3600),
                on_loopback: false,
            }));
            Ok(hub.lent_servers().len())
        });
        lent.await.unwrap()
    };
    assert_eq!(lends().await, 0, "it is none of hers");
    chooses(Some(url)).await;
    assert_eq!(lends().await, 1);
    chooses(None).await;
    let left = alice.hub.ask(|hub| Ok(hub.lent_servers().len())).await;
    assert_eq!(left.unwrap(), 0);
    assert_eq!(lends().await, 0, "it was on its way");
}

#[tokio::test]
async fn only_what_she_entered_or_a_server_on_her_machine_lends_may_be_on_it() {
    let alice = Someone::arrives("Alice").await;
    let url = "ws://127.0.0.1:1/here";
    let allowed = async |on_loopback: bool| {
        let allowed = alice.hub.ask(move |hub| {
            let settings = Settings {
                server: Some(url.to_owned()),
                ice_servers: vec![ringdown_core::ice::IceServer {
                    urls: vec!["stun:hers.example.org".to_owned()],
                    username: None,
                    credential: None,
                }],
                ..hub.settings.clone()
            };
            hub.save_settings(settings)?;
            hub.handle_line(LineEvent::Signaling(Event::Servers {
                url: url.to_owned(),
                ice: vec![IceServer {
                    urls: vec!["stun:lent.example.org".to_owned()],
                    username: None,
                    credential: None,
                }],
                ttl: Duration::from_secs(3600),
                on_loopback,
            }));
            Ok(hub.servers_allowed_here())
        });
        allowed.await.unwrap()
    };
    assert_eq!(allowed(false).await, ["stun:hers.example.org"]);
    let both = ["stun:hers.example.org", "stun:lent.example.org"];
    assert_eq!(allowed(true).await, both);
}
