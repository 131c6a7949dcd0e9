//! What the person asked for on the command line and in the environment: raw arguments in, validated [`Options`] out.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use ringdown_core::invite::Reach;

use crate::ipc::{KeyStore, Sandbox};
use crate::update::Channel;

/// Private one-to-one video and voice calls.
#[derive(Debug, Parser)]
#[command(name = "ringdown", version, about)]
pub struct Args {
    /// Where contacts, settings, the key and the log are kept (default: the system's place for app data)
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Be reachable at this ringdown-server too (ws:// or wss://), whatever the settings say
    #[arg(long, value_name = "URL", global = true)]
    server: Option<String>,
    /// A test picture in place of the camera and a tone in place of the microphone
    #[arg(long, global = true)]
    fake_media: bool,
    /// A test picture in place of the camera
    #[arg(long, global = true)]
    fake_camera: bool,
    /// A 440 Hz tone in place of the microphone
    #[arg(long, global = true)]
    fake_microphone: bool,
    /// Start without showing the window; a call shows it
    #[arg(long, global = true)]
    hidden: bool,
    /// Listen, and exchange media, on this address only; no discovery by mDNS (for tests)
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RINGDOWN_BIND",
        hide = true,
        global = true
    )]
    bind: Option<IpAddr>,
    /// Where the secret key rests (default: the system's keyring, or a file with --bind, which is for tests)
    #[arg(
        long,
        value_name = "STORE",
        env = "RINGDOWN_KEY_STORE",
        hide = true,
        global = true
    )]
    key_store: Option<KeyStoreArg>,
    /// Seconds after which a hidden page sleeps that has no call (for tests)
    #[arg(
        long,
        value_name = "SECONDS",
        env = "RINGDOWN_PAGE_SLEEPS",
        default_value_t = 120,
        hide = true,
        global = true
    )]
    page_sleeps: u64,
    /// An invite to open: `ringdown:…` (what the system starts the app with when a link is clicked), or `-` to read one from
    /// standard input
    #[arg(value_name = "LINK", value_parser = link)]
    link: Option<String>,
    #[command(subcommand)]
    action: Option<ActionArg>,
}

/// In the place of an invite: it is on standard input, where nobody sees it who lists processes.
pub const FROM_STDIN: &str = "-";

fn link(text: &str) -> Result<String, String> {
    let scheme = text.get(..9).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("ringdown:") || text == FROM_STDIN {
        Ok(text.to_owned())
    } else {
        Err("an invite begins with `ringdown:`".to_owned())
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyStoreArg {
    /// The system's keyring, or a file where there is none
    Keyring,
    /// A file that only its owner can read
    File,
}

#[derive(Debug, Clone, Subcommand)]
enum ActionArg {
    /// Call a contact by name
    Call {
        /// The contact's name, or the beginning of it (default: the window asks)
        name: Option<String>,
        /// Voice only
        #[arg(long)]
        audio: bool,
    },
    /// Add the person who made this invite
    Add {
        /// The invite: `ringdown:…`, or `-` to read it from standard input
        link: String,
    },
    /// Print an invite to give to a friend
    Invite,
    /// Print how the running app is
    Status {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// End the call of the running app, or refuse the one that rings
    #[command(name = "hangup")]
    HangUp,
}

/// What to do once the app runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Call the first contact whose name begins with `name`.
    Call {
        /// The contact's name, or the beginning of it.
        name: String,
        /// With picture.
        video: bool,
    },
    /// Show the window, ready for a name to be typed.
    Find,
    /// Show "Add contact" with this invite filled in.
    Add {
        /// The link as given.
        link: String,
    },
    /// Print the invite and leave.
    Invite,
    /// Print how the running app is and leave.
    Status {
        /// As JSON.
        json: bool,
    },
    /// End the running app's call and leave.
    HangUp,
}

/// Validated options; only these travel on.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of this identity. One running app a folder.
    pub data_dir: PathBuf,
    /// A meeting point for this run, in place of the one in the settings.
    pub server: Option<Reach>,
    /// Test pictures in place of a camera.
    pub fake_camera: bool,
    /// A tone in place of the microphone.
    pub fake_microphone: bool,
    /// Start without showing the window.
    pub hidden: bool,
    /// Sockets on this address only, no mDNS. None: every interface.
    pub bind: Option<IpAddr>,
    /// Run a server inside the app. Tests of what another server does run none.
    pub embedded: bool,
    /// Where the secret key shall rest.
    pub key_store: KeyStore,
    /// A hidden page that has no call sleeps after so long. Default: 2 min.
    pub page_sleeps: Duration,
    /// What was found of a sandbox for the pages when the app started.
    pub sandbox: Sandbox,
    /// Where backups are put.
    pub backup_dir: PathBuf,
    /// Where newer versions are announced. None: nowhere, and nobody is asked.
    pub channel: Option<Channel>,
    /// What to do once the app runs.
    pub action: Option<Action>,
}

impl Options {
    /// Everything by default, on one address: for hubs without a window.
    #[must_use]
    pub fn for_tests(data_dir: PathBuf, bind: IpAddr) -> Self {
        Self {
            backup_dir: data_dir.join("backups"),
            data_dir,
            server: None,
            fake_camera: false,
            fake_microphone: false,
            hidden: false,
            bind: Some(bind),
            embedded: true,
            key_store: KeyStore::File,
            page_sleeps: Duration::from_secs(120),
            sandbox: Sandbox::default(),
            channel: None,
            action: None,
        }
    }
}

impl Options {
    /// The data directory, where it is not the usual one.
    #[must_use]
    pub fn own_data_dir(&self) -> Option<&Path> {
        let usual = usual_data_dir().is_some_and(|usual| usual == self.data_dir);
        (!usual).then_some(self.data_dir.as_path())
    }
}

fn usual_data_dir() -> Option<PathBuf> {
    Some(dirs::data_dir()?.join("app.ringdown.desktop"))
}

/// Why the options can't be used, in a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The operating system names no place for app data.
    #[error("This system names no folder for app data. Name one with --data-dir DIR.")]
    NoDataDir,
    /// `--server` is not a ws:// or wss:// URL.
    #[error(
        "--server {given}: {reason} Give it as wss://meet.example.org or ws://192.168.1.5:47100."
    )]
    Server {
        /// The text as typed.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl TryFrom<Args> for Options {
    type Error = OptionsError;

    fn try_from(args: Args) -> Result<Self, OptionsError> {
        let data_dir = match args.data_dir {
            Some(dir) => std::path::absolute(&dir).unwrap_or(dir),
            None => usual_data_dir().ok_or(OptionsError::NoDataDir)?,
        };
        let server = match args.server {
            None => None,
            Some(given) => match Reach::parse(&given) {
                Ok(reach) => Some(reach),
                Err(error) => {
                    return Err(OptionsError::Server {
                        given,
                        reason: error.to_string(),
                    });
                }
            },
        };
        let documents = dirs::document_dir().filter(|_| args.bind.is_none());
        Ok(Self {
            backup_dir: documents.unwrap_or_else(|| data_dir.join("backups")),
            data_dir,
            server,
            fake_camera: args.fake_camera || args.fake_media,
            fake_microphone: args.fake_microphone || args.fake_media,
            hidden: args.hidden,
            bind: args.bind,
            embedded: true,
            page_sleeps: Duration::from_secs(args.page_sleeps),
            sandbox: Sandbox::default(),
            key_store: match (args.key_store, args.bind) {
                (Some(KeyStoreArg::Keyring), _) | (None, None) => KeyStore::Keyring,
                (Some(KeyStoreArg::File), _) | (None, Some(_)) => KeyStore::File,
            },
            channel: Channel::built_in(),
            action: match args.action {
                Some(ActionArg::Call {
                    name: Some(name),
                    audio,
                }) => Some(Action::Call {
                    name,
                    video: !audio,
                }),
                Some(ActionArg::Call { name: None, .. }) => Some(Action::Find),
                Some(ActionArg::Add { link }) => Some(Action::Add { link }),
                Some(ActionArg::Invite) => Some(Action::Invite),
                Some(ActionArg::Status { json }) => Some(Action::Status { json }),
                Some(ActionArg::HangUp) => Some(Action::HangUp),
                None => args.link.map(|link| Action::Add { link }),
            },
        })
    }
}

/// The action in the arguments of a second start, which the first one carries out. None: just show the window.
#[must_use]
pub fn action_of(arguments: &[String]) -> Option<Action> {
    let args = Args::try_parse_from(arguments).ok()?;
    // The other start's standard input is not ours.
    let action = Options::try_from(args).ok()?.action;
    action.filter(|action| !matches!(action, Action::Add { link } if link == FROM_STDIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Result<Options, OptionsError> {
        let arguments = ["ringdown", "--data-dir", "/tmp/alice"]
            .iter()
            .chain(arguments);
        Options::try_from(Args::try_parse_from(arguments).expect("arguments clap takes"))
    }

    #[test]
    fn fake_media_is_both_camera_and_microphone() {
        let both = options(&["--fake-media"]).unwrap();
        assert!(both.fake_camera && both.fake_microphone);
        let one = options(&["--fake-camera"]).unwrap();
        assert!(one.fake_camera && !one.fake_microphone);
    }

    #[test]
    fn a_call_is_with_picture_unless_audio_is_asked_for() {
        let call = |video| {
            Some(Action::Call {
                name: "Bob".into(),
                video,
            })
        };
        assert_eq!(options(&["call", "Bob"]).unwrap().action, call(true));
        assert_eq!(
            options(&["call", "Bob", "--audio"]).unwrap().action,
            call(false)
        );
    }

    #[test]
    fn a_link_that_was_clicked_is_opened() {
        let link = "ringdown:abc?n=Alice";
        assert_eq!(
            options(&[link]).unwrap().action,
            Some(Action::Add { link: link.into() })
        );
        let refused = Args::try_parse_from(["ringdown", "https://example.org"]);
        assert!(refused.unwrap_err().to_string().contains("ringdown:"));
    }

    #[test]
    fn the_running_app_is_asked_how_it_is() {
        let status = |json| Some(Action::Status { json });
        assert_eq!(options(&["status"]).unwrap().action, status(false));
        assert_eq!(options(&["status", "--json"]).unwrap().action, status(true));
        assert_eq!(options(&["hangup"]).unwrap().action, Some(Action::HangUp));
    }

    #[test]
    fn the_desktops_call_entry_asks_whom() {
        assert_eq!(options(&["call"]).unwrap().action, Some(Action::Find));
    }

    #[test]
    fn a_server_that_is_no_websocket_url_is_refused_with_an_example() {
        let message = options(&["--server", "example.org"])
            .unwrap_err()
            .to_string();
        assert!(message.contains("wss://meet.example.org"), "{message}");
    }

    #[test]
    fn a_second_start_with_options_of_its_own_still_hands_over_its_action() {
        let given = ["ringdown", "call", "Bob", "--hidden"].map(String::from);
        assert_eq!(
            action_of(&given),
            Some(Action::Call {
                name: "Bob".into(),
                video: true
            })
        );
        assert_eq!(action_of(&["ringdown".into(), "--nonsense".into()]), None);
        let elsewhere = ["ringdown", "add", "-"].map(String::from);
        assert_eq!(
            action_of(&elsewhere),
            None,
            "its standard input is not ours"
        );
    }
}
