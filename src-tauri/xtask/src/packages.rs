//! Which system packages are missing, and installing them.
//!
//! On Debian, Ubuntu and their relatives apt-get is run, as root or through sudo; what is already there is left
//! alone, and nothing is ever removed. On other Linux distributions the command to type is printed. Elsewhere
//! nothing is needed: the webview and its WebRTC come with the system.

use std::collections::HashSet;

use crate::apt::{self, Apt};
use crate::by_hand;
use crate::distribution::Family;
use crate::pulse;
use crate::sh::{self, Sh, is_on_path};

/// What the packages are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Building the app and running it.
    Run,
    /// Building the app and packing it up.
    Bundle,
    /// Building the app and driving its windows from a program.
    Drive,
    /// The same, with a camera and a network of its own, beside Chromium.
    Bench,
    /// Everything that is tested.
    Test,
}

impl Purpose {
    /// Whether windows are driven, heard and looked at.
    pub fn drives(self) -> bool {
        matches!(self, Self::Drive | Self::Bench | Self::Test)
    }

    /// Whether programs of npm are run.
    pub fn needs_node(self) -> bool {
        matches!(self, Self::Bundle | Self::Test)
    }

    fn has_wishes(self) -> bool {
        matches!(self, Self::Test)
    }
}

/// Compilers and headers; what shows the tray icon, which is loaded when the app runs; what WebKit makes its sandbox with
/// with; and, for voice, cameras and WebKit's own codecs, GStreamer's plugins. On Debian 12 and Ubuntu 24.04 `opusenc`, `appsrc`,
/// `audioconvert` and `videoconvert` live in -base; `pulsesrc`, `rtpjitterbuffer`, `v4l2src` and `vp8enc` in -good; `pipewiresrc` in its own.
const RUN: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "libdbus-1-dev",
    "libgstreamer1.0-dev",
    "libgstreamer-plugins-base1.0-dev",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-pipewire",
    "bubblewrap",
    "xdg-dbus-proxy",
    "libayatana-appindicator3-1",
];

/// A screen, a session bus, a sound daemon, a notification daemon and a driver, all private to a test.
const DRIVE: &[&str] = &[
    "xvfb",
    "xauth",
    "dbus",
    "dbus-daemon",
    PULSEAUDIO,
    "pulseaudio-utils",
    "webkit2gtk-driver",
    "fonts-dejavu-core",
    "xdotool",
    "dunst",
];

/// The little internet of the network tests: namespaces, their routers, and a STUN and TURN server.
const LAB: &[&str] = &["iproute2", "nftables", "conntrack", "coturn"];

/// The network of the bench.
const BENCH: &[&str] = &["iproute2"];

/// PipeWire with cameras that GStreamer plays: the bench's clip, and a camera of each kind in tests.
const CAMERA: &[&str] = &[
    "pipewire",
    "pipewire-bin",
    "wireplumber",
    "gstreamer1.0-tools",
];

/// What looks into a package.
const BUNDLE: &[&str] = &[
    "desktop-file-utils",
    "appstream",
    // Nothing is linked with it: Tauri asks for it to know what a package with a tray icon depends on.
    "libayatana-appindicator3-dev",
];

/// The one package that may not go together with what is installed.
const PULSEAUDIO: &str = "pulseaudio";

/// The foreign peer of some tests, and what the bench compares with; Ubuntu has it as a snap only.
const CHROMIUM: [&str; 2] = ["chromium", "chromium-driver"];

/// The Secret Service that a test starts for itself.
const KEYRING: &str = "gnome-keyring";

/// Of Node.js: `node --test` with a choice of reporters.
const OLDEST_NODE: u32 = 18;

/// Why the packages are not there now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a distribution on which we install anything.
    #[error(transparent)]
    ByHand(#[from] by_hand::Missing),
    /// apt-get could not be run, or said no.
    #[error(transparent)]
    Apt(#[from] apt::Error),
    /// PulseAudio could not be unpacked beside PipeWire.
    #[error("PulseAudio, which the tests start for themselves, could not be unpacked: {0}")]
    Pulse(#[from] pulse::Error),
    /// dpkg is broken.
    #[error("the installed packages could not be listed: {0}")]
    Dpkg(sh::Error),
}

/// Sees to it that everything needed is installed.
pub fn ensure(purpose: Purpose) -> Result<(), Error> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    match Family::here().by_hand() {
        None => ensure_with_apt(purpose),
        Some(advice) => Ok(by_hand::check(advice, purpose)?),
    }
}

fn ensure_with_apt(purpose: Purpose) -> Result<(), Error> {
    let installed = Installed::here()?;
    let tools = if purpose.needs_node() || purpose == Purpose::Bench {
        Tools::here()
    } else {
        Tools::default()
    };
    Plan::new(purpose, &installed, tools, pulse::is_unpacked()).carry_out()
}

/// What is still to be done.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// Packages without which nothing goes on.
    needed: Vec<&'static str>,
    /// PulseAudio is to be unpacked, as it can't be installed.
    unpack: bool,
    /// Packages that some tests can do without.
    wished: Vec<&'static str>,
}

impl Plan {
    fn new(purpose: Purpose, installed: &Installed, tools: Tools, is_unpacked: bool) -> Self {
        let mut needed = installed.missing(wanted(purpose, tools));
        let mut unpack = false;
        if needed.contains(&PULSEAUDIO) && pulse::has_rival(|package| installed.has(package)) {
            needed.retain(|package| *package != PULSEAUDIO);
            unpack = !is_unpacked;
        }
        let wishes = if purpose.has_wishes() {
            wishes(tools)
        } else {
            Vec::new()
        };
        Self {
            needed,
            unpack,
            wished: installed.missing(wishes),
        }
    }

    fn carry_out(&self) -> Result<(), Error> {
        let needs_something = !self.needed.is_empty() || self.unpack;
        if needs_something {
            self.install_needed()?;
        }
        if !self.wished.is_empty() && !self.install_wished(needs_something) {
            let wished = self.wished.join(" and ");
            eprintln!("xtask: going on without {wished}: the tests that need it will be skipped");
        }
        Ok(())
    }

    fn install_needed(&self) -> Result<(), Error> {
        let names = if self.needed.is_empty() {
            &[PULSEAUDIO]
        } else {
            self.needed.as_slice()
        };
        let apt = Apt::new(names)?;
        apt.update();
        if !self.needed.is_empty() {
            apt.install(&self.needed)?;
        }
        if self.unpack {
            // Those that are there stay as they are.
            let installed = Installed::here()?;
            let libraries = pulse::libraries()?;
            let libraries = libraries.iter().map(String::as_str);
            let libraries: Vec<_> = libraries
                .filter(|library| !installed.has(library))
                .collect();
            if !libraries.is_empty() {
                apt.install(&libraries)?;
            }
            pulse::unpack()?;
        }
        Ok(())
    }

    fn install_wished(&self, is_updated: bool) -> bool {
        let Ok(apt) = Apt::new(&self.wished) else {
            return false;
        };
        if !is_updated {
            if !apt.is_worth_trying(&self.wished) {
                return false;
            }
            apt.update();
        }
        apt.install(&self.wished).is_ok()
    }
}

/// What is needed, whether installed or not.
fn wanted(purpose: Purpose, tools: Tools) -> Vec<&'static str> {
    let mut wanted = RUN.to_vec();
    if purpose.drives() {
        wanted.extend(DRIVE);
    }
    if purpose == Purpose::Test {
        wanted.extend(LAB);
        wanted.extend(CAMERA);
    }
    if purpose == Purpose::Bench {
        wanted.extend(BENCH);
        wanted.extend(CAMERA);
        if !tools.chromium {
            wanted.extend(CHROMIUM);
        }
    }
    if purpose.needs_node() {
        wanted.extend(BUNDLE);
    }
    if purpose.needs_node() && !tools.node {
        wanted.push("nodejs");
    }
    if purpose.needs_node() && !tools.npm {
        wanted.push("npm");
    }
    wanted
}

/// What some tests can do without: a keyring to keep a key in, and Chromium.
fn wishes(tools: Tools) -> Vec<&'static str> {
    let mut wishes = vec![KEYRING];
    if !tools.chromium {
        wishes.extend(CHROMIUM);
    }
    wishes
}

/// What a person may have installed by other means than apt-get.
#[derive(Debug, Clone, Copy, Default)]
struct Tools {
    node: bool,
    npm: bool,
    chromium: bool,
}

impl Tools {
    fn here() -> Self {
        let node = Sh::new("node").args(["--version"]).read();
        Self {
            node: node.is_ok_and(|version| is_new_enough(&version)),
            npm: Sh::new("npm").args(["--version"]).succeeds(),
            chromium: is_on_path("chromium") && is_on_path("chromedriver"),
        }
    }
}

/// Reads `node --version`: `v20.20.2`.
fn is_new_enough(version: &str) -> bool {
    let major = version
        .trim()
        .strip_prefix('v')
        .and_then(|version| version.split('.').next());
    major
        .and_then(|major| major.parse().ok())
        .is_some_and(|major: u32| major >= OLDEST_NODE)
}

/// The installed packages.
#[derive(Debug)]
struct Installed(HashSet<String>);

impl Installed {
    fn here() -> Result<Self, Error> {
        let format = "--showformat=${Package} ${db:Status-Status}\\n";
        let listing = Sh::new("dpkg-query").args(["--show", format]).read();
        Ok(Self::from_listing(&listing.map_err(Error::Dpkg)?))
    }

    /// Reads lines of `PACKAGE STATUS`. One removed but for its configuration, or half installed, is not installed;
    /// one installed for two architectures is listed twice.
    fn from_listing(listing: &str) -> Self {
        let installed = |line: &str| {
            let (package, status) = line.trim().split_once(' ')?;
            (status == "installed").then(|| package.to_owned())
        };
        Self(listing.lines().filter_map(installed).collect())
    }

    fn has(&self, package: &str) -> bool {
        self.0.contains(package)
    }

    fn missing(&self, wanted: Vec<&'static str>) -> Vec<&'static str> {
        wanted
            .into_iter()
            .filter(|package| !self.has(package))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH_NODE_AND_CHROMIUM: Tools = Tools {
        node: true,
        npm: true,
        chromium: true,
    };

    fn listing(packages: &[&str]) -> String {
        packages
            .iter()
            .map(|package| format!("{package} installed\n"))
            .collect()
    }

    #[test]
    fn where_everything_is_installed_nothing_is_done() {
        let packages = [RUN, DRIVE, LAB, CAMERA, BUNDLE, &[KEYRING]].concat();
        let installed = Installed::from_listing(&listing(&packages));
        let plan = Plan::new(Purpose::Test, &installed, WITH_NODE_AND_CHROMIUM, false);
        assert_eq!(
            plan,
            Plan {
                needed: vec![],
                unpack: false,
                wished: vec![]
            }
        );
        plan.carry_out().unwrap();
    }

    #[test]
    fn pulseaudio_is_unpacked_where_pipewire_is_and_only_once() {
        let mut packages = [RUN, DRIVE, &["pipewire-alsa"]].concat();
        packages.retain(|package| *package != PULSEAUDIO);
        let installed = Installed::from_listing(&listing(&packages));
        let plan =
            |is_unpacked| Plan::new(Purpose::Drive, &installed, Tools::default(), is_unpacked);
        assert_eq!(
            plan(false),
            Plan {
                needed: vec![],
                unpack: true,
                wished: vec![]
            }
        );
        assert_eq!(
            plan(true),
            Plan {
                needed: vec![],
                unpack: false,
                wished: vec![]
            }
        );
    }

    #[test]
    fn chromium_is_wished_for_but_not_needed() {
        let installed = Installed::from_listing("chromium installed\ngnome-keyring installed\n");
        let no_chromium = Tools {
            chromium: false,
            ..WITH_NODE_AND_CHROMIUM
        };
        let plan = Plan::new(Purpose::Test, &installed, no_chromium, false);
        assert_eq!(plan.wished, ["chromium-driver"]);
        assert!(
            !plan
                .needed
                .iter()
                .any(|package| package.starts_with("chromium"))
        );
        assert!(plan.needed.contains(&PULSEAUDIO));
    }

    #[test]
    fn only_what_is_missing_is_asked_for() {
        let installed = Installed::from_listing(
            "build-essential installed\n\
             pkg-config installed\n\
             libdbus-1-dev installed\n\
             libwebkit2gtk-4.1-dev config-files\n\
             libgstreamer1.0-dev installed\n\
             libgstreamer1.0-dev installed\n\
             gstreamer1.0-plugins-good half-configured\n\
             gstreamer1.0-plugins-base-apps installed\n",
        );
        assert_eq!(
            installed.missing(wanted(Purpose::Run, Tools::default())),
            [
                "libwebkit2gtk-4.1-dev",
                "libgstreamer-plugins-base1.0-dev",
                "gstreamer1.0-plugins-base",
                "gstreamer1.0-plugins-good",
                "gstreamer1.0-pipewire",
                "bubblewrap",
                "xdg-dbus-proxy",
                "libayatana-appindicator3-1",
            ]
        );
    }

    #[test]
    fn an_unreadable_listing_makes_everything_missing() {
        let installed = Installed::from_listing("\nnonsense\n");
        assert_eq!(installed.missing(RUN.to_vec()), RUN);
    }

    #[test]
    fn node_from_elsewhere_is_not_installed_again() {
        let without_npm = Tools {
            npm: false,
            ..WITH_NODE_AND_CHROMIUM
        };
        assert!(!wanted(Purpose::Test, WITH_NODE_AND_CHROMIUM).contains(&"nodejs"));
        assert_eq!(wanted(Purpose::Test, without_npm).last(), Some(&"npm"));
        assert!(!wanted(Purpose::Drive, Tools::default()).contains(&"nodejs"));
    }

    #[test]
    fn node_has_to_be_new_enough() {
        assert!(is_new_enough("v20.20.2\n"));
        assert!(is_new_enough("v18.0.0"));
        assert!(!is_new_enough("v12.22.12"));
        assert!(!is_new_enough("20"));
        assert!(!is_new_enough(""));
    }

    #[test]
    fn a_camera_is_installed_for_tests_and_the_bench_alone() {
        let wants = |purpose| wanted(purpose, WITH_NODE_AND_CHROMIUM).contains(&"wireplumber");
        assert!(wants(Purpose::Bench) && wants(Purpose::Test));
        assert!(!wants(Purpose::Drive) && !wants(Purpose::Run));
        let bench = wanted(Purpose::Bench, Tools::default());
        assert!(bench.contains(&"chromium") && bench.contains(&PULSEAUDIO));
        assert!(!bench.contains(&"nodejs"));
    }

    #[test]
    fn running_needs_no_tools_of_testing() {
        let to_run = wanted(Purpose::Run, Tools::default());
        assert!(
            DRIVE
                .iter()
                .chain(LAB)
                .all(|package| !to_run.contains(package))
        );
    }
}
