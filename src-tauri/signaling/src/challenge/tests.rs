use ed25519_dalek::{Signer, SigningKey};

use super::*;

fn alice() -> (SigningKey, Key) {
    let secret = SigningKey::from_bytes(&[1; 32]);
    let key = Key::from(secret.verifying_key().to_bytes());
    (secret, key)
}

fn sign(secret: &SigningKey, audience: &Audience, nonce: &Nonce, key: &Key) -> Signature {
    Signature::from(secret.sign(&message(audience, nonce, key)).to_bytes())
}

fn audience(text: &str) -> Audience {
    text.parse().unwrap()
}

#[test]
fn alice_proves_her_key_to_this_server_once() {
    let (secret, key) = alice();
    let home = audience("home.example:7373");
    let nonce = Nonce::from([5; 32]);
    let proof = sign(&secret, &home, &nonce, &key);
    assert!(verify(&home, &nonce, &key, &proof));
    assert!(
        !verify(&audience("evil.example:7373"), &nonce, &key, &proof),
        "relayed"
    );
    assert!(
        !verify(&home, &Nonce::from([6; 32]), &key, &proof),
        "replayed"
    );
    let (_, bob) = (
        0,
        Key::from(SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes()),
    );
    assert!(!verify(&home, &nonce, &bob, &proof), "for another key");
    let mut bent = proof;
    bent.0[10] ^= 1;
    assert!(!verify(&home, &nonce, &key, &bent), "mangled");
}

#[test]
fn a_signature_for_something_else_proves_nothing() {
    let (secret, key) = alice();
    let home = audience("home.example:7373");
    let nonce = Nonce::from([5; 32]);
    let whole = message(&home, &nonce, &key);
    let without_domain = &whole[DOMAIN.len()..];
    let signature = Signature::from(secret.sign(without_domain).to_bytes());
    assert!(!verify(&home, &nonce, &key, &signature));
}

#[test]
fn keys_that_anyone_can_sign_for_prove_nothing() {
    // The neutral element: with it, many signatures verify for any message unless the check is strict.
    let mut weak = [0; 32];
    weak[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let proof = verify(
        &audience("a:1"),
        &Nonce::from([0; 32]),
        &Key::from(weak),
        &Signature::from(signature),
    );
    assert!(!proof);
    assert!(!verify(
        &audience("a:1"),
        &Nonce::from([0; 32]),
        &Key::from([255; 32]),
        &Signature::from([0; 64])
    ));
}

#[test]
fn the_signed_bytes_are_golden() {
    let message = message(
        &audience("a.example:81"),
        &Nonce::from([5; 32]),
        &Key::from([6; 32]),
    );
    let mut expected = b"ringdown registration 1\0\x00\x0ca.example:81".to_vec();
    expected.extend([5; 32]);
    expected.extend([6; 32]);
    assert_eq!(message, expected);
}

/// The example of docs/PROTOCOL.md.
#[test]
fn the_proof_is_golden() {
    let (secret, key) = alice();
    let proof = sign(
        &secret,
        &audience("home.example"),
        &Nonce::from([5; 32]),
        &key,
    );
    assert_eq!(
        key.to_string(),
        "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"
    );
    assert_eq!(
        proof.to_string(),
        "T7W5IFHtlVpGuWpji_MvQd1IfNdhYqW5dlrItxhm90soViX9XmK_tUD2p06_UeDrfnG9egx2OsU4quudgZPdBw"
    );
}

#[test]
fn an_audience_always_has_its_port() {
    let of = |url: &str| {
        Audience::of_url(&Url::parse(url).unwrap()).map(|audience| audience.to_string())
    };
    assert_eq!(of("wss://Example.ORG").as_deref(), Some("example.org:443"));
    assert_eq!(
        of("ws://example.org/path").as_deref(),
        Some("example.org:80")
    );
    assert_eq!(of("ws://192.0.2.1:7373").as_deref(), Some("192.0.2.1:7373"));
    assert_eq!(
        of("ws://[2001:DB8::1]:7373").as_deref(),
        Some("[2001:db8::1]:7373")
    );
    assert_eq!(of("https://example.org"), None);
}

#[test]
fn an_address_and_a_url_mean_the_same_audience() {
    for (address, url) in [
        ("192.0.2.1:7373", "ws://192.0.2.1:7373"),
        ("[::ffff:192.0.2.1]:7373", "ws://192.0.2.1:7373"),
        ("[2001:db8::1]:80", "ws://[2001:db8::1]"),
    ] {
        let by_url = Audience::of_url(&Url::parse(url).unwrap()).unwrap();
        assert_eq!(Audience::of_address(address.parse().unwrap()), by_url);
    }
}

#[test]
fn names_are_read_as_people_write_them() {
    assert_eq!(audience("Example.org").as_str(), "example.org:443");
    assert_eq!(audience("example.org:7373").as_str(), "example.org:7373");
    assert_eq!(
        audience("[2001:db8::1]:7373").as_str(),
        "[2001:db8::1]:7373"
    );
    for wrong in [
        "",
        "https://example.org",
        "me@example.org",
        "example.org/",
        "two words",
        "example.org:70000",
        ":80",
    ] {
        assert!(wrong.parse::<Audience>().is_err(), "{wrong}");
    }
}
