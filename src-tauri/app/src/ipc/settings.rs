//! What the person sets, and whether calls ring at the moment.

use ringdown_core::ice::{IcePolicy, IceServer};
use ringdown_core::invite::Reach;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the person can set. What an older Ringdown did not know has its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// A stand-alone ringdown-server to be reachable at. Default: none.
    pub server: Option<String>,
    /// How calls may connect. Default: STUN and TURN where servers are known.
    pub ice_policy: IcePolicy,
    /// STUN and TURN servers. Default: none.
    pub ice_servers: Vec<IceServer>,
    /// Seconds a call rings, 5 to 120. Default: 45.
    pub no_answer_seconds: u32,
    /// Favourites ring although the person does not want to be disturbed. Default: yes.
    pub favorites_break_quiet: bool,
    /// Days that calls stay in the history, 1 to 3650; null: for ever. Default: for ever.
    pub history_days: Option<u32>,
    /// Default: as the system.
    pub theme: Theme,
    /// A language tag such as "de"; null: as the system. Default: as the system.
    pub language: Option<String>,
    /// Default: classic.
    pub ringtone: Ringtone,
    /// In percent. Default: 70.
    pub ringtone_volume: u8,
    /// Where it rings, a device id of the webview; null: the system's choice.
    pub ring_device: Option<String>,
    /// The same for the camera.
    pub camera: Option<String>,
    /// The same for the microphone.
    pub microphone: Option<String>,
    /// The same for where the other side is heard.
    pub speaker: Option<String>,
    /// Nobody learns whether this app is there, whatever was agreed with them. Default: no.
    pub invisible: bool,
    /// Newer versions are looked for once a day, where this build knows where. Default: no.
    pub check_updates: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: None,
            ice_policy: IcePolicy::default(),
            ice_servers: Vec::new(),
            no_answer_seconds: 45,
            favorites_break_quiet: true,
            history_days: None,
            theme: Theme::default(),
            language: None,
            ringtone: Ringtone::default(),
            ringtone_volume: 70,
            ring_device: None,
            camera: None,
            microphone: None,
            speaker: None,
            invisible: false,
            check_updates: false,
        }
    }
}

impl Settings {
    /// The stand-alone server, if one is set.
    #[must_use]
    pub fn server_reach(&self) -> Option<Reach> {
        self.server
            .as_deref()
            .and_then(|server| Reach::parse(server).ok())
    }
}

/// How the window looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// With strong contrast.
    Contrast,
}

/// What a call sounds like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Ringtone {
    /// Two bells.
    #[default]
    Classic,
    /// A few soft notes.
    Chime,
    /// A low beat.
    Pulse,
}

/// Whether calls ring. While it is quiet they don't, and the caller can't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Quiet {
    /// They ring.
    #[default]
    Off,
    /// They don't, for a while.
    Until {
        /// Unix time in milliseconds.
        #[ts(type = "number")]
        until_ms: u64,
    },
    /// They don't, until the person wants them to.
    On,
}

impl Quiet {
    /// Whether it is quiet at this time.
    #[must_use]
    pub fn is_on(self, now_ms: u64) -> bool {
        match self {
            Self::Off => false,
            Self::Until { until_ms } => now_ms < until_ms,
            Self::On => true,
        }
    }
}
