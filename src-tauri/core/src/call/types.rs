//! What goes into the call machine and what comes out of it.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::shown::CallRecord;
use crate::identity::PublicKey;
use crate::invite::Reach;
use crate::message::Message;
use crate::name::DisplayName;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// A call rings at most this long. Default: 45 s.
    pub no_answer: Duration,
    /// A sign of life goes out this often, until the media has flowed for as long as `connecting`. Default: 2 s.
    pub alive: Duration,
    /// The same from then on, while the media flows: it is a sign of life itself. Default: 10 s.
    pub alive_talking: Duration,
    /// Without a sign of life for this long the other app is gone; has to be more than twice `alive`. Default: 8 s.
    pub peer_silent: Duration,
    /// From accept to media. Default: 30 s.
    pub connecting: Duration,
    /// From losing the media to having it back. Default: 30 s.
    pub reconnecting: Duration,
    /// The same where messages can't be delivered either: the other app is gone. Longer than a change of network
    /// takes. Default: 15 s.
    pub gone: Duration,
    /// How long the end of a call is shown unless dismissed. Default: 8 s.
    pub ended_shown: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            no_answer: Duration::from_secs(45),
            alive: Duration::from_secs(2),
            alive_talking: Duration::from_secs(10),
            peer_silent: Duration::from_secs(8),
            connecting: Duration::from_secs(30),
            reconnecting: Duration::from_secs(30),
            gone: Duration::from_secs(15),
            ended_shown: Duration::from_secs(8),
        }
    }
}

/// What happened. An input that does not fit the state changes nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum Input {
    /// The person calls a contact. While that contact's call rings here: answers it.
    Call {
        /// A new random id.
        id: Uuid,
        /// Whom.
        contact: PublicKey,
        /// What the person calls them.
        name: DisplayName,
        /// Whether to show one's own picture.
        video: bool,
        /// What the callee is told about us.
        me: Introduction,
    },
    /// Where this app can be reached now. Told to the other side once it may know, and again whenever it changes.
    Here(Here),
    /// The person answers.
    Accept {
        /// Whether to show one's own picture.
        video: bool,
    },
    /// The person refuses the call that rings.
    Decline,
    /// The same, and they call back in so many minutes.
    Later {
        /// From now.
        minutes: u32,
    },
    /// The person puts the call that is on on hold and answers the one that waits. Not while another is on hold.
    HoldAndAccept {
        /// Whether to show one's own picture.
        video: bool,
    },
    /// The person goes on with the call on hold, and puts the other one on hold.
    Swap,
    /// The person ends the call on hold.
    HangUpHeld,
    /// The person ends the call that is on and answers the one that waits.
    EndAndAccept {
        /// Whether to show one's own picture.
        video: bool,
    },
    /// The person refuses the call that waits.
    DeclineWaiting,
    /// The person takes their call back (ends it, where it was answered meanwhile).
    Cancel,
    /// The person ends the call, whatever its phase. One on hold takes its place.
    HangUp,
    /// The person has seen how the call ended.
    Dismiss,
    /// The page has a description or a candidate for the other page. Dropped before [`Output::StartPeer`], after the
    /// end, and where it is larger than [`crate::message::MAX_SIGNAL`] or does not fit an envelope.
    Signal {
        /// The call it belongs to.
        call: Uuid,
        /// JSON of the page.
        data: String,
    },
    /// The page's peer connection changed.
    Media {
        /// The call it belongs to.
        call: Uuid,
        /// To what.
        state: MediaChange,
    },
    /// The page was lost with its peer connection, and there is another page.
    Resume {
        /// The call that the new page is in.
        call: Uuid,
    },
    /// An opened envelope.
    Received {
        /// Who sealed it.
        from: PublicKey,
        /// What is known of this contact; None for strangers and for blocked ones, who are not heard.
        contact: Option<Known>,
        /// What it says.
        message: Message,
    },
    /// No way to the contact worked for one message of this call.
    Undelivered {
        /// The call it belongs to.
        call: Uuid,
        /// Whom it was for.
        to: PublicKey,
    },
    /// The time that [`super::Calls::poll_timeout`] gave has come.
    Timeout,
}

/// What a caller tells about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// What they call themselves.
    pub name: DisplayName,
    /// They agree to connect with this contact while it rings.
    pub early: bool,
}

/// Where this app can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    /// All its addresses, best first.
    pub reach: Vec<Reach>,
    /// The port of the server inside the app.
    pub port: Option<u16>,
}

/// What this side knows of the contact who sent a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What the person calls them.
    pub name: DisplayName,
    /// The person agrees to connect with them while it rings.
    pub early: bool,
}

/// How the media of a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaChange {
    /// It flows.
    Connected,
    /// Nothing has come for a while; it may come back.
    Disconnected,
    /// It will not come back by itself.
    Failed,
    /// It came from somebody else than the one who described it: the call ends.
    Untrusted,
}

/// What is to be done, in this order.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Seal and send. Messages of one call are to be delivered in this order; see [`Message::may_be_lost`].
    Send {
        /// To whom.
        to: PublicKey,
        /// What.
        message: Message,
    },
    /// Somebody calls: ring, raise the window.
    Ring {
        /// The call.
        call: Uuid,
        /// Who.
        contact: PublicKey,
        /// What the person calls them.
        name: DisplayName,
        /// Whether they want to show a picture.
        video: bool,
    },
    /// Stop what `Ring` started.
    StopRinging,
    /// It rings, and may be answered: make the peer connection ready, so that only [`Output::StartPeer`] is missing. What
    /// the page says of it before that is dropped.
    PreparePeer {
        /// The call.
        call: Uuid,
        /// With whom: their ICE policy counts.
        contact: PublicKey,
        /// As in [`Output::StartPeer`].
        polite: bool,
        /// As in [`Output::StartPeer`].
        initiator: bool,
    },
    /// Both sides agreed, to the call or to connect while it rings: make the peer connection.
    StartPeer {
        /// The call.
        call: Uuid,
        /// With whom: their ICE policy counts.
        contact: PublicKey,
        /// Gives way when both sides offer at once (perfect negotiation). The caller is polite.
        polite: bool,
        /// Makes the first offer. The callee does, who can send it right behind the answer to the call.
        initiator: bool,
        /// Whether to show one's own picture.
        video: bool,
        /// It still rings: connect, and let no sound and no picture out before [`Output::Accepted`].
        early: bool,
    },
    /// The page that had the peer connection is gone: make another, together with the other side's page.
    ResumePeer {
        /// The call.
        call: Uuid,
        /// With whom: their ICE policy counts.
        contact: PublicKey,
        /// As in [`Output::StartPeer`].
        polite: bool,
        /// Whether the call was to show one's own picture at first.
        video: bool,
        /// As in [`Output::StartPeer`].
        early: bool,
    },
    /// The call that was started early was answered: let sound and picture out.
    Accepted {
        /// The call.
        call: Uuid,
        /// Whether to show one's own picture.
        video: bool,
    },
    /// Give the page what the other page sent.
    Deliver {
        /// The call.
        call: Uuid,
        /// JSON of the other page.
        data: String,
    },
    /// Close the peer connection that `StartPeer` made.
    StopPeer {
        /// The call.
        call: Uuid,
    },
    /// A call is over.
    Ended {
        /// For the history.
        record: CallRecord,
    },
    /// Nothing more will be sent in this call (it ended, was refused as a second one, or gave way to another): forget its
    /// session.
    Over {
        /// The call.
        call: Uuid,
        /// With whom.
        contact: PublicKey,
    },
    /// A second contact called and was told "busy".
    CallWaiting {
        /// Who.
        contact: PublicKey,
        /// What the person calls them.
        name: DisplayName,
    },
    /// A caller hints at where they can be reached now: keep it, and send this call's answers there; see
    /// [`crate::contacts::Contacts::hint`].
    Hinted {
        /// Who.
        contact: PublicKey,
        /// Meeting points that have a name.
        servers: Vec<Reach>,
        /// The port of the server inside their app, at the addresses known already.
        port: Option<u16>,
    },
    /// The other side said where they can be reached now: keep it.
    Learned {
        /// Who.
        contact: PublicKey,
        /// Where.
        reach: Vec<Reach>,
    },
    /// The snapshot is another than before.
    Changed,
}

/// Descriptions and addresses are personal: their size shows.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { contact, video, .. } => write!(f, "Call({contact:?}, video: {video})"),
            Self::Here(here) => write!(f, "Here({} addresses)", here.reach.len()),
            Self::Accept { video } => write!(f, "Accept(video: {video})"),
            Self::Decline => f.write_str("Decline"),
            Self::Later { minutes } => write!(f, "Later({minutes} min)"),
            Self::HoldAndAccept { video } => write!(f, "HoldAndAccept(video: {video})"),
            Self::Swap => f.write_str("Swap"),
            Self::HangUpHeld => f.write_str("HangUpHeld"),
            Self::EndAndAccept { video } => write!(f, "EndAndAccept(video: {video})"),
            Self::DeclineWaiting => f.write_str("DeclineWaiting"),
            Self::Cancel => f.write_str("Cancel"),
            Self::HangUp => f.write_str("HangUp"),
            Self::Dismiss => f.write_str("Dismiss"),
            Self::Signal { data, .. } => write!(f, "Signal({} bytes)", data.len()),
            Self::Media { state, .. } => write!(f, "Media({state:?})"),
            Self::Resume { .. } => f.write_str("Resume"),
            Self::Received {
                from,
                contact,
                message,
            } => {
                let who = if contact.is_some() {
                    "contact"
                } else {
                    "stranger"
                };
                write!(f, "Received({message:?} from {who} {from:?})")
            }
            Self::Undelivered { to, .. } => write!(f, "Undelivered(to {to:?})"),
            Self::Timeout => f.write_str("Timeout"),
        }
    }
}

/// Descriptions and addresses are personal: their size shows.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { to, message } => write!(f, "Send({message:?} to {to:?})"),
            Self::Ring { contact, video, .. } => write!(f, "Ring({contact:?}, video: {video})"),
            Self::StopRinging => f.write_str("StopRinging"),
            Self::PreparePeer { initiator, .. } => {
                write!(f, "PreparePeer(initiator: {initiator})")
            }
            Self::StartPeer {
                polite,
                initiator,
                video,
                early,
                ..
            } => {
                write!(
                    f,
                    "StartPeer(polite: {polite}, initiator: {initiator}, video: {video}, early: {early})"
                )
            }
            Self::ResumePeer { polite, early, .. } => {
                write!(f, "ResumePeer(polite: {polite}, early: {early})")
            }
            Self::Accepted { video, .. } => write!(f, "Accepted(video: {video})"),
            Self::Deliver { data, .. } => write!(f, "Deliver({} bytes)", data.len()),
            Self::StopPeer { .. } => f.write_str("StopPeer"),
            Self::Ended { record } => write!(f, "Ended({:?})", record.reason),
            Self::Over { .. } => f.write_str("Over"),
            Self::CallWaiting { contact, .. } => write!(f, "CallWaiting({contact:?})"),
            Self::Hinted {
                contact, servers, ..
            } => write!(f, "Hinted({contact:?}, {} servers)", servers.len()),
            Self::Learned { contact, reach } => {
                write!(f, "Learned({contact:?}, {} addresses)", reach.len())
            }
            Self::Changed => f.write_str("Changed"),
        }
    }
}
