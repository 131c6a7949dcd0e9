//! What reads input from outside, for fuzz targets: each takes anything, returns whether it was accepted,
//! and panics where a promise does not hold. No part of the interface.

use std::time::Instant;

use serde_json::{Value, json};

use crate::engine;
use crate::limits::{MAX_PICTURE, MAX_PIXELS, MAX_SIDE, MAX_VOICE};
use crate::media_socket::{Header, Note};
use crate::net::{Cut, cut};
use crate::peer::opus;
use crate::peer::request::PeerRequest;
use crate::peer::vp8::{self, Picture};
use crate::peer::{Peer, PeerConfig, RemoteCandidate};
use crate::sdp::Description;
use crate::sdp::remote::Remote;
use crate::servers::{Configuration, ServerUrl};

/// A description of the other side. What was read is written and read again as the same.
pub fn description(text: &str) -> bool {
    if let Ok(read) = Description::parse(text) {
        let again = Description::parse(&read.to_string());
        assert!(again.is_ok_and(|again| again == read));
    }
    let Ok(remote) = Remote::parse(text) else {
        return false;
    };
    // what is shown to str0m is a description again
    assert!(Description::parse(&remote.for_engine(None)).is_ok());
    true
}

/// A description as an offer to a peer that answers it.
pub fn offer(text: &str) -> bool {
    let now = Instant::now();
    let mut peer = Peer::new(now, PeerConfig::default());
    let offer = PeerRequest::SetRemoteOffer {
        sdp: text.to_owned(),
    };
    if peer.handle_request(now, offer).is_err() {
        return false;
    }
    let answer = json!({ "op": "createAnswer", "transceivers": [] });
    serde_json::from_value(answer).is_ok_and(|answer| peer.handle_request(now, answer).is_ok())
}

/// A candidate of the other side.
pub fn candidate(text: &str) -> bool {
    matches!(RemoteCandidate::read(text, None), Ok(Some(_)))
}

/// A request of the page, as JSON.
pub fn request(text: &str) -> bool {
    let Ok(request) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    engine::understands(request)
}

/// An `RTCConfiguration`, as JSON.
pub fn configuration(text: &str) -> bool {
    serde_json::from_str::<Configuration>(text).is_ok_and(|one| one.read().is_ok())
}

/// The URL of an ICE server.
pub fn server_url(text: &str) -> bool {
    ServerUrl::parse(text).is_some()
}

/// A binary message on the media socket. What was read is written as it was.
pub fn media_frame(message: &[u8]) -> bool {
    let Ok((header, picture)) = Header::read(message) else {
        return false;
    };
    assert_eq!(header.write(picture), message);
    true
}

/// A coded picture of the other side. What a decoder would see is whole and no larger than was agreed on.
pub fn picture(data: &[u8]) -> bool {
    let Some(picture) = vp8::read(data) else {
        return false;
    };
    assert!(data.len() > 3 && data.len() <= MAX_PICTURE);
    if let Picture::Key(size) = picture {
        assert!(data.len() > 10 && (1..=MAX_PIXELS).contains(&size.area()));
        assert!(size.width.max(size.height) <= MAX_SIDE);
    }
    true
}

/// A packet of voice of the other side. What would be played is no longer than a packet may be.
pub fn voice(packet: &[u8]) -> bool {
    let duration = opus::duration(packet);
    assert!(duration.is_none_or(|duration| !duration.is_zero() && duration <= MAX_VOICE));
    duration.is_some()
}

/// A text message on the media socket.
pub fn media_note(text: &str) -> bool {
    Note::read(text).is_ok()
}

/// What comes from a TURN server on a stream.
pub fn turn_stream(stream: &[u8]) -> bool {
    match cut(stream) {
        Cut::Message { length, padded } => {
            assert!(length <= padded && padded <= stream.len() && padded - length < 4);
            true
        }
        Cut::More | Cut::Nonsense => false,
    }
}

/// A packet from the network to a peer that expects none.
pub fn packet(packet: &[u8]) -> bool {
    let now = Instant::now();
    let mut peer = Peer::new(now, PeerConfig::default());
    let (from, to) = (([192, 0, 2, 1], 1).into(), ([192, 0, 2, 2], 2).into());
    peer.handle_packet(now, from, to, packet);
    peer.has_output()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_accepts_what_is_right_and_nothing_else() {
        let sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\n\
            a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n\
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n\
            a=sctp-port:5000\r\n";
        let sdp = format!("{sdp}a=fingerprint:sha-256 {}\r\n", ["AB"; 32].join(":"));
        assert!(description(&sdp) && offer(&sdp) && !description("v=1") && !offer(""));
        let host = "candidate:1 1 udp 2113937151 192.0.2.9 5000 typ host";
        assert!(candidate(host) && !candidate("") && !candidate("candidate:1"));
        assert!(request(r#"{"op":"hello"}"#) && request(r#"{"op":"stats","peer":1}"#));
        assert!(request(r#"{"op":"play","samples":""}"#) && !request(r#"{"op":"play"}"#));
        assert!(!request("{") && !request(r#"{"op":"unheard-of","peer":1}"#));
        assert!(configuration(r#"{"iceServers":[{"urls":"stun:a"}]}"#));
        assert!(!configuration(r#"{"iceServers":[{"urls":"turn:a"}]}"#));
        assert!(server_url("turns:a:443") && !server_url("turns://a"));
        let mut frame = vec![1; 16];
        frame.push(0x10);
        assert!(media_frame(&frame) && !media_frame(&frame[..16]));
        assert!(media_note(r#"{"t":"keyframe","peer":1,"index":0}"#) && !media_note("{}"));
        let key = [0x30, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xe0, 1, 0];
        assert!(picture(&key) && picture(&[0x31, 0, 0, 0]) && !picture(&key[..10]));
        assert!(voice(&[0xf8, 1]) && !voice(&[0xfb, 48]));
        assert!(turn_stream(&[0x40, 0, 0, 1, 9, 0, 0, 0]) && !turn_stream(&[0x40, 0, 0, 1, 9]));
        packet(&[0; 40]);
    }
}
