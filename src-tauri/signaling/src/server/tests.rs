use super::*;

fn headers(forwarded: &[&str]) -> HeaderMap {
    forwarded
        .iter()
        .map(|value| ("x-forwarded-for".parse().unwrap(), value.parse().unwrap()))
        .collect()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_proxy_is_believed_only_when_it_is_trusted() {
    let proxy = address("10.0.0.1");
    let forwarded = headers(&["203.0.113.9"]);
    assert_eq!(address_of(proxy, &forwarded, &[]), proxy);
    assert_eq!(
        address_of(proxy, &forwarded, &[proxy]),
        address("203.0.113.9")
    );
    assert_eq!(address_of(proxy, &headers(&[]), &[proxy]), proxy);
    assert_eq!(
        address_of(address("::ffff:10.0.0.1"), &forwarded, &[proxy]),
        address("203.0.113.9")
    );
}

#[test]
fn what_a_client_claims_before_the_first_proxy_is_not_believed() {
    let (outer, inner) = (address("10.0.0.1"), address("10.0.0.2"));
    let trusted = [outer, inner];
    for forwarded in [
        headers(&["1.1.1.1, 203.0.113.9, 10.0.0.1"]),
        headers(&["1.1.1.1", "203.0.113.9", "10.0.0.1"]),
        headers(&["nonsense, 203.0.113.9"]),
    ] {
        assert_eq!(
            address_of(inner, &forwarded, &trusted),
            address("203.0.113.9")
        );
    }
    assert_eq!(address_of(inner, &headers(&["unknown"]), &trusted), inner);
}

#[test]
fn before_a_part_that_is_no_address_nobody_is_believed() {
    let (outer, inner) = (address("10.0.0.1"), address("10.0.0.2"));
    let trusted = [outer, inner];
    for (forwarded, counted) in [
        // The outer proxy says nothing that can be understood: whatever stands before that is a stranger's.
        ("203.0.113.9, unknown, 10.0.0.1", outer),
        ("203.0.113.9, , 10.0.0.1", outer),
        ("203.0.113.9,", inner),
        ("203.0.113.9, 10.0.0.1 198.51.100.7", inner),
        ("203.0.113.9, 10.0.0.1;", inner),
        // As some proxies write it.
        ("1.1.1.1, 203.0.113.9:4711", address("203.0.113.9")),
        ("1.1.1.1, [2001:db8::9]:4711", address("2001:db8::9")),
        ("2001:db8::9 , 10.0.0.1", address("2001:db8::9")),
        ("::ffff:203.0.113.9", address("203.0.113.9")),
    ] {
        let found = address_of(inner, &headers(&[forwarded]), &trusted);
        assert_eq!(found, counted, "{forwarded}");
    }
    let mut not_text = headers(&["203.0.113.9"]);
    let bytes = axum::http::HeaderValue::from_bytes(b"\xff").unwrap();
    not_text.append("x-forwarded-for", bytes);
    assert_eq!(address_of(inner, &not_text, &trusted), inner);
}
