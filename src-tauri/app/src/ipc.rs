//! What crosses the border to the webview. `cargo xtask types` makes ui/types.d.ts of it.

mod history;
mod settings;

use ringdown_core::call::CallSnapshot;
use ringdown_core::contacts::Standing;
use ringdown_core::ice::{IcePolicy, RtcConfiguration};
use ringdown_core::invite::issued::InviteKind;
use ringdown_core::safety::Scan;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

pub use self::history::{HistoryEntry, HistoryPage, HistoryQuery, PathKind};
pub use crate::update::NewVersion;

pub use self::settings::{Quiet, Ringtone, Settings, Theme};

/// Everything the window draws; sent whole on every change.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Snapshot {
    /// Null until the person gave a name.
    pub profile: Option<Profile>,
    /// The link to give to a friend, good for one; null until there is a profile.
    pub invite: Option<String>,
    /// Every invite that was given away or is good for ever, newest first.
    pub invites: Vec<InviteView>,
    /// By name.
    pub contacts: Vec<ContactView>,
    /// Who would like to become a contact, oldest first.
    pub requests: Vec<RequestView>,
    /// The call that is on, or has just ended.
    pub call: Option<CallSnapshot>,
    /// The call on hold, which stays connected.
    pub held: Option<CallSnapshot>,
    /// Somebody else who calls meanwhile.
    pub waiting: Option<WaitingCall>,
    /// The call that rings is not to be heard: the person does not want to be disturbed. It is shown in the window only.
    pub silent: bool,
    /// Calls that were missed and not looked at yet.
    pub missed: u32,
    /// Grows with every change of the history.
    #[ts(type = "number")]
    pub history_version: u64,
    /// Whether calls ring.
    pub quiet: Quiet,
    /// As saved.
    pub settings: Settings,
    /// Whether friends can ring here.
    pub line: Line,
    /// How the identity is kept.
    pub privacy: Privacy,
    /// Newer versions; null where this build does not know where to look.
    pub update: Option<UpdateView>,
    /// An invite was opened outside the window: it is to be taken and shown in "Add contact".
    pub invite_waits: bool,
    /// What the person should know and has not dismissed.
    pub notices: Vec<Notice>,
}

/// Who uses this app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Profile {
    /// The name friends see.
    pub name: String,
    /// The identity key, base64url.
    pub key: String,
}

/// A contact as drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ContactView {
    /// The identity key, base64url.
    pub key: String,
    /// The name given here.
    pub name: String,
    /// The name they gave themselves.
    pub own_name: String,
    /// Another contact whose name here looks like the one they gave themselves: they may be posing as them.
    pub namesake: Option<String>,
    /// Whether they have agreed to be a contact.
    pub standing: Standing,
    /// The safety numbers were compared and are the same.
    pub verified: bool,
    /// Neither rings nor learns anything.
    pub blocked: bool,
    /// Calls with them may connect while it rings, if they agree too.
    pub early: bool,
    /// How calls with them may connect; null: as in the settings.
    pub ice_policy: Option<IcePolicy>,
    /// Among the first in the list and in the tray's menu.
    pub favorite: bool,
    /// What the person wrote down about them, at most 500 characters.
    pub note: String,
    /// When the last call with them began, Unix time in milliseconds; null: never.
    #[ts(type = "number | null")]
    pub last_call_ms: Option<u64>,
    /// They may ask whether this app is there.
    pub shows_presence: bool,
    /// Whether their app is there; null: they don't say.
    pub reachable: Option<bool>,
    /// The person is told once they can be called.
    pub ring_when_free: bool,
}

/// Somebody who calls while another call is on. They hear it ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct WaitingCall {
    /// Their call.
    #[ts(type = "string")]
    pub id: Uuid,
    /// The key, base64url.
    pub contact: String,
    /// What the person calls them.
    pub name: String,
    /// They want to show a picture.
    pub video: bool,
}

/// Somebody who would like to become a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RequestView {
    /// The identity key, base64url.
    pub key: String,
    /// The name they gave themselves.
    pub name: String,
    /// A contact whose name looks like this one, and who is somebody else: they may be posing as them.
    pub namesake: Option<String>,
    /// Somebody else asks under a name that looks like this one.
    pub alike: bool,
    /// Others ask with the same one-time invite, which was given to one person.
    pub shared: bool,
    /// When it came, Unix time in milliseconds.
    pub received_ms: u64,
}

/// An invite as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct InviteView {
    /// To revoke it by. It is no secret and no part of the link.
    pub id: String,
    /// For whom or what it was made; empty where nothing was said.
    pub label: String,
    /// How often it can be used.
    pub kind: InviteKind,
    /// When it ends, Unix time in milliseconds; null: never.
    pub expires_ms: Option<u64>,
    /// The name of who used it; null: nobody yet.
    pub used_by: Option<String>,
}

/// An invite to give away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct NewInvite {
    /// The `ringdown:` link.
    pub link: String,
    /// The same as a QR code, an SVG document.
    pub qr: String,
}

/// Newer versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct UpdateView {
    /// The one that was found.
    pub found: Option<NewVersion>,
}

/// How the identity is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct Privacy {
    /// Where the secret key rests.
    pub key_store: KeyStore,
    /// Whether the pages' processes are shut in.
    pub sandbox: Sandbox,
}

/// Whether the processes that run the app's pages, and read what others send, are kept from the rest of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// They are, by the app (Linux).
    On,
    /// They are not: bubblewrap or xdg-dbus-proxy is not installed.
    Missing,
    /// They are not: the system lets no namespaces be made.
    Refused,
    /// The system's own webview sees to it.
    #[default]
    Native,
}

/// Where the secret key rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyStore {
    /// In the system's keyring.
    Keyring,
    /// In a file that only this user can read: there is no keyring, or it does not answer.
    File,
}

/// What two people compare to know that nobody is between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Safety {
    /// 60 digits in groups of five; the same on both sides.
    pub number: String,
    /// For the other side to scan, an SVG document.
    pub qr: String,
    /// What the QR code holds.
    pub text: String,
}

/// What a scanned code says about a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SafetyCheck {
    /// They are who they say.
    Match,
    /// Somebody else's code, or somebody is between the two.
    Mismatch,
    /// No safety code at all.
    NotOne,
}

impl From<Scan> for SafetyCheck {
    fn from(scan: Scan) -> Self {
        match scan {
            Scan::Match => Self::Match,
            Scan::Mismatch => Self::Mismatch,
            Scan::NotOne => Self::NotOne,
        }
    }
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BackupMade {
    /// The file.
    pub path: String,
}

/// Whether friends can ring here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS)]
pub struct Line {
    /// The stand-alone server in use, if any.
    pub server: Option<String>,
    /// Reachable at one meeting point at least.
    pub online: bool,
    /// What is wrong and what to do about it.
    pub message: Option<String>,
}

/// Something the person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Notice {
    /// A stable name.
    pub code: String,
    /// A sentence: what happened and what to do.
    pub message: String,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct UiError {
    /// A stable name.
    pub code: String,
    /// A sentence: what happened and what to do.
    pub message: String,
}

impl UiError {
    /// An error whose sentence is the source's.
    pub fn new(code: &str, message: impl std::fmt::Display) -> Self {
        Self {
            code: code.into(),
            message: message.to_string(),
        }
    }
}

/// What came of adding an invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Added {
    /// The contact's key.
    pub key: String,
    /// The contact's name here.
    pub name: String,
    /// The contact was there before; only where to reach them was updated.
    pub already_known: bool,
}

/// Whose invite this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct InvitePreview {
    /// The name its maker gave themselves.
    pub name: String,
    /// Already a contact, under this name.
    pub known: Option<String>,
    /// It is your own.
    pub own: bool,
    /// A contact whose name looks like this one, and who is somebody else: this is a new person.
    pub namesake: Option<String>,
    /// It can no longer be used.
    pub expired: bool,
}

/// What the page's peer connection shall do.
#[derive(Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PeerEvent {
    /// It rings, and may be answered: get ready, and say nothing before `start`.
    Prepare {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
        /// Gives way when both sides offer at once.
        polite: bool,
        /// Makes the first offer.
        initiator: bool,
        /// For `new RTCPeerConnection(configuration)`.
        configuration: RtcConfiguration,
    },
    /// Both sides agreed: connect.
    Start {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
        /// Gives way when both sides offer at once.
        polite: bool,
        /// Makes the first offer.
        initiator: bool,
        /// Whether our picture is wanted.
        video: bool,
        /// It still rings: connect, and send nothing before `accepted`.
        early: bool,
        /// For `new RTCPeerConnection(configuration)`.
        configuration: RtcConfiguration,
    },
    /// The page that had the peer connection is gone: make another, together with the other side's page.
    Resume {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
        /// Gives way when both sides offer at once.
        polite: bool,
        /// Whether our picture was wanted at first.
        video: bool,
        /// It still rings: connect, and send nothing before `accepted`.
        early: bool,
        /// For `new RTCPeerConnection(configuration)`.
        configuration: RtcConfiguration,
    },
    /// The call that connected early was answered: send voice and, if wanted, the picture.
    Accepted {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
        /// Whether our picture is wanted.
        video: bool,
    },
    /// A description or a candidate of the other side.
    Signal {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
        /// JSON of the other page.
        data: String,
    },
    /// There are other servers, or new credentials: for the next ICE restart.
    Servers {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
        /// For `setConfiguration`.
        configuration: RtcConfiguration,
    },
    /// This machine's network changed: look for a new path.
    Network {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
    },
    /// Close the connection and release the camera.
    Stop {
        /// The call.
        #[ts(as = "String")]
        call: Uuid,
    },
}

impl std::fmt::Debug for PeerEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Prepare { initiator, .. } => write!(f, "Prepare {{ initiator: {initiator} }}"),
            Self::Start {
                polite,
                initiator,
                video,
                early,
                ..
            } => {
                write!(
                    f,
                    "Start {{ polite: {polite}, initiator: {initiator}, video: {video}, early: {early} }}"
                )
            }
            Self::Resume { polite, early, .. } => {
                write!(f, "Resume {{ polite: {polite}, early: {early} }}")
            }
            Self::Accepted { video, .. } => write!(f, "Accepted {{ video: {video} }}"),
            Self::Signal { data, .. } => write!(f, "Signal {{ {} bytes }}", data.len()),
            Self::Servers { .. } => f.write_str("Servers"),
            Self::Network { .. } => f.write_str("Network"),
            Self::Stop { .. } => f.write_str("Stop"),
        }
    }
}

/// State of the page's peer connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// Media flows.
    Connected,
    /// Nothing has come for a while; it may come back.
    Disconnected,
    /// It will not come back by itself.
    Failed,
    /// The other end of the media is not the one whose key was in the sealed description.
    Untrusted,
}
