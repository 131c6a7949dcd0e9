//! The types the window reads, as TypeScript sees them.

use ts_rs::{Config, TS};

use crate::call::{CallSnapshot, Direction, EndReason, Phase};
use crate::contacts::Standing;
use crate::ice::{IcePolicy, IceServer, IceTransportPolicy, RtcConfiguration};
use crate::invite::issued::InviteKind;
use crate::safety::Scan;

/// The type without its comments.
fn written<T: TS>() -> String {
    let declared = T::decl(&Config::default());
    let lines = declared
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['/', '*']));
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn types_are_what_the_window_was_written_for() {
    for (ty, golden) in [
        (
            written::<CallSnapshot>(),
            concat!(
                "type CallSnapshot = { id: string, contact: string, name: string, direction: Direction, phase: Phase, ",
                "reason: EndReason | null, video: boolean, peer_video: boolean, connected_ms: number | null, ",
                "later_minutes: number | null, };"
            ),
        ),
        (
            written::<Direction>(),
            r#"type Direction = "outgoing" | "incoming";"#,
        ),
        (
            written::<Phase>(),
            r#"type Phase = "inviting" | "ringing" | "connecting" | "connected" | "reconnecting" | "ended";"#,
        ),
        (
            written::<EndReason>(),
            concat!(
                r#"type EndReason = "declined" | "busy" | "no_answer" | "missed" | "cancelled" | "unreachable" | "#,
                r#""ended_by_me" | "ended_by_peer" | "lost" | "not_connected" | "untrusted";"#
            ),
        ),
        (
            written::<Standing>(),
            r#"type Standing = "requested" | "mutual";"#,
        ),
        (
            written::<InviteKind>(),
            r#"type InviteKind = "one_time" | "permanent";"#,
        ),
        (
            written::<Scan>(),
            r#"type Scan = "match" | "mismatch" | "not_one";"#,
        ),
        (
            written::<IcePolicy>(),
            r#"type IcePolicy = "stun_turn" | "stun" | "lan_only" | "relay_only";"#,
        ),
        (
            written::<IceServer>(),
            "type IceServer = { urls: Array<string>, username?: string, credential?: string, };",
        ),
        (
            written::<IceTransportPolicy>(),
            r#"type IceTransportPolicy = "all" | "relay";"#,
        ),
        (
            written::<RtcConfiguration>(),
            concat!(
                "type RtcConfiguration = { iceServers: Array<IceServer>, ",
                "iceTransportPolicy: IceTransportPolicy, };"
            ),
        ),
    ] {
        assert_eq!(ty, golden);
    }
}
