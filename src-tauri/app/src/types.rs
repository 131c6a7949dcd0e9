//! ui/types.d.ts, made of the Rust types that cross the border. `cargo xtask types` writes it; the test checks it.

use ringdown_core::call::{CallSnapshot, Direction, EndReason, Phase};
use ringdown_core::contacts::Standing;
use ringdown_core::ice::{IcePolicy, IceServer, IceTransportPolicy, RtcConfiguration};
use ringdown_core::invite::issued::InviteKind;
use ts_rs::{Config, TS};

use crate::desktop::popup::{PopupAnswer, PopupView};
use crate::desktop::words::Words;
use crate::ipc::{
    Added, BackupMade, ContactView, HistoryEntry, HistoryPage, InvitePreview, InviteView, KeyStore,
    Line, MediaState, NewInvite, NewVersion, Notice, PathKind, PeerEvent, Privacy, Profile, Quiet,
    RequestView, Ringtone, Safety, SafetyCheck, Sandbox, Settings, Snapshot, Theme, UiError,
    UpdateView, WaitingCall,
};

const HEAD: &str = "// Made by `cargo xtask types` from the Rust types (src-tauri/app/src/ipc.rs, src-tauri/core). Do not edit.\n";

fn declarations() -> String {
    let config = Config::new().with_large_int("number");
    let mut file = HEAD.to_owned();
    let mut declare = |docs: Option<String>, declaration: String| {
        file.push('\n');
        file.push_str(docs.unwrap_or_default().as_str());
        file.push_str(&tidy(&format!("export {declaration}\n")));
    };
    macro_rules! declare {
        ($($name:ty),+ $(,)?) => { $( declare(<$name>::docs(), <$name>::decl(&config)); )+ };
    }
    declare!(
        Snapshot,
        Profile,
        ContactView,
        Standing,
        RequestView,
        InviteView,
        InviteKind,
        Privacy,
        KeyStore,
        Sandbox,
        CallSnapshot,
        Direction,
        Phase,
        EndReason,
        WaitingCall,
        HistoryEntry,
        HistoryPage,
        PathKind,
        Settings,
        Theme,
        Ringtone,
        Quiet,
        IcePolicy,
        IceServer,
        Line,
        UpdateView,
        NewVersion,
        Notice,
        UiError,
        Added,
        InvitePreview,
        NewInvite,
        Safety,
        SafetyCheck,
        BackupMade,
        PeerEvent,
        RtcConfiguration,
        IceTransportPolicy,
        MediaState,
        PopupView,
        PopupAnswer,
        Words,
    );
    file
}

/// Indents what is between the braces, one member a line.
fn tidy(declaration: &str) -> String {
    let mut tidied = String::new();
    let mut inside = false;
    for line in declaration.lines().map(str::trim_end) {
        let (member, closing) = match line.strip_suffix(" };") {
            Some(member) if inside => (member, "};\n"),
            _ => (line, ""),
        };
        tidied.push_str(if inside { "  " } else { "" });
        tidied.push_str(&format!("{member}\n{closing}"));
        let opens = line.matches('{').count() > line.matches('}').count();
        inside = closing.is_empty() && (inside || opens);
    }
    tidied
}

#[test]
fn types_of_the_webview_are_those_of_the_core() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/types.d.ts");
    let wanted = declarations();
    if std::env::var_os("RINGDOWN_WRITE_TYPES").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == wanted,
        "ui/types.d.ts is not what the Rust types say: run `cargo xtask types`"
    );
}
