//! `wss://` as people run it: a proxy that does TLS before a server that does not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::{net::Ipv4Addr, slice::from_ref, sync::Arc};

use common::{Events, Server, bob};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use ringdown_signaling::{
    Courier, DeliverError, Dialer, OfflineReason, Registration, ServerConfig,
};
use rustls::{RootCertStore, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A proxy on the loopback with a certificate of its own for `name`.
struct Proxy {
    url: String,
    roots: RootCertStore,
    server: Server,
}

impl Proxy {
    async fn start(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let tls =
            rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![cert.der().clone()], key)
                .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let dialled = format!("{name}:{}", listener.local_addr().unwrap().port());
        let names = vec![dialled.parse().unwrap()];
        let server = Server::start_with(ServerConfig {
            names,
            pages: true,
            ..ServerConfig::default()
        })
        .await;
        let address = server.address;
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut inside) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut outside = TcpStream::connect(address).await.unwrap();
                    // Ends with either side.
                    drop(copy_bidirectional(&mut inside, &mut outside).await);
                });
            }
        });
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        Self {
            url: format!("wss://{dialled}"),
            roots,
            server,
        }
    }
}

#[tokio::test]
async fn alice_reaches_bob_over_tls() {
    for name in ["localhost", "127.0.0.1"] {
        let proxy = Proxy::start(name).await;
        let dialer = Dialer::with_roots(proxy.roots.clone()).unwrap();
        let (sender, mut events) = Events::channel();
        let _registration = Registration::spawn_with(
            dialer.clone(),
            proxy.url.clone(),
            bob().key(),
            bob().signer(),
            sender,
        );
        events.online().await;
        let courier = Courier::with_dialer(dialer, Some(Ipv4Addr::LOCALHOST.into()));
        let (delivered, received) = tokio::join!(
            courier.deliver(from_ref(&proxy.url), bob().key(), b"sealed".to_vec()),
            events.received()
        );
        assert_eq!((delivered, &received[..]), (Ok(()), &b"sealed"[..]));
        drop(courier);
        proxy.server.stop().await;
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let proxy = Proxy::start("localhost").await;
    let (sender, mut events) = Events::channel();
    // The system's certificates: ours is not among them.
    let _registration = Registration::spawn(proxy.url.clone(), bob().key(), bob().signer(), sender);
    assert_eq!(events.offline().await, OfflineReason::Untrusted);
    let courier = common::courier();
    let delivery = courier
        .deliver(from_ref(&proxy.url), bob().key(), b"sealed".to_vec())
        .await;
    assert_eq!(delivery, Err(DeliverError::Unreachable));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let proxy = Proxy::start("localhost").await;
    let dialer = Dialer::with_roots(proxy.roots.clone()).unwrap();
    let (sender, mut events) = Events::channel();
    let other_name = proxy.url.replace("localhost", "127.0.0.1");
    let _registration =
        Registration::spawn_with(dialer, other_name, bob().key(), bob().signer(), sender);
    assert_eq!(events.offline().await, OfflineReason::Untrusted);
}

#[tokio::test]
async fn tls_to_a_server_without_it_and_the_other_way_round_fail_with_a_reason() {
    let proxy = Proxy::start("localhost").await;
    let (sender, mut events) = Events::channel();
    let plain = proxy.url.replace("wss://", "ws://");
    let _registration = Registration::spawn(plain, bob().key(), bob().signer(), sender);
    let reason = events.offline().await;
    assert!(
        matches!(
            reason,
            OfflineReason::NotAServer | OfflineReason::Lost | OfflineReason::Unreachable(_)
        ),
        "{reason:?}"
    );
    let (sender, mut events) = Events::channel();
    let secure = proxy.server.url().replace("ws://", "wss://");
    let _registration = Registration::spawn(secure, bob().key(), bob().signer(), sender);
    assert_eq!(events.offline().await, OfflineReason::Untrusted);
}

#[tokio::test]
async fn a_file_is_fetched_from_where_the_certificate_is_trusted_and_up_to_a_size() {
    let proxy = Proxy::start("localhost").await;
    // The server's own page.
    let page = proxy.url.replace("wss://", "https://");
    let page = url::Url::parse(&page).unwrap();
    let dialer = Dialer::with_roots(proxy.roots.clone()).unwrap();
    let fetched = dialer.fetch(&page, 64 * 1024).await.unwrap();
    assert!(String::from_utf8(fetched).unwrap().contains("Ringdown"));

    let nowhere = page.join("/nothing").unwrap();
    let (small, missing) = (dialer.fetch(&page, 16), dialer.fetch(&nowhere, 64 * 1024));
    assert_eq!(small.await, Err(OfflineReason::NotAServer));
    assert_eq!(missing.await, Err(OfflineReason::NotAServer));
    let stranger = Dialer::new().fetch(&page, 64 * 1024).await;
    assert_eq!(stranger, Err(OfflineReason::Untrusted));
}
