//! The states that are told, in the words of the web.

/// `RTCIceConnectionState`, but for `closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IceState {
    New,
    Checking,
    Connected,
    Completed,
    Disconnected,
    Failed,
}

impl IceState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Checking => "checking",
            Self::Connected => "connected",
            Self::Completed => "completed",
            Self::Disconnected => "disconnected",
            Self::Failed => "failed",
        }
    }
}

/// `RTCPeerConnectionState`, but for `closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerState {
    New,
    Connecting,
    Connected,
    Disconnected,
    Failed,
}

impl PeerState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Failed => "failed",
        }
    }
}

/// Why DTLS cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Dtls,
    /// The other side's certificate is not the one of its description.
    Fingerprint,
}

/// `RTCDtlsTransportState`, but for `closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DtlsState {
    New,
    Connecting,
    Connected,
    Failed(Failure),
}

impl DtlsState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Failed(_) => "failed",
        }
    }

    /// `RTCErrorDetailType` of a failure.
    pub fn error(self) -> Option<&'static str> {
        match self {
            Self::Failed(Failure::Dtls) => Some("dtls-failure"),
            Self::Failed(Failure::Fingerprint) => Some("fingerprint-failure"),
            Self::New | Self::Connecting | Self::Connected => None,
        }
    }
}

/// What changed; each state is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Ice(IceState),
    Dtls(DtlsState),
    Peer(PeerState),
}
