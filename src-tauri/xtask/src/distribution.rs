//! Which family of Linux distributions this machine belongs to, and how its people install things.

use std::fs;
use std::path::Path;

/// Distributions that share a package manager and the names of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Debian, Ubuntu and what is made from them: apt-get, run for the person.
    Debian,
    /// Fedora and its relatives: dnf, by hand.
    Fedora,
    /// Arch and its relatives: pacman, by hand.
    Arch,
    /// openSUSE: zypper, by hand.
    Suse,
    /// Some other.
    Other,
}

impl Family {
    /// The family of this machine.
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(Path::new(path)).ok();
        let release = read("/etc/os-release").or_else(|| read("/usr/lib/os-release"));
        release
            .as_deref()
            .map_or(Self::Other, Self::from_os_release)
    }

    /// Reads the contents of an os-release file (`ID`, then `ID_LIKE` from the nearest relative to the farthest).
    pub fn from_os_release(release: &str) -> Self {
        let ids = value(release, "ID").into_iter();
        let like = value(release, "ID_LIKE").into_iter();
        let names = ids.chain(like.flat_map(str::split_ascii_whitespace));
        names
            .map(Self::from_id)
            .find(|family| *family != Self::Other)
            .unwrap_or(Self::Other)
    }

    fn from_id(id: &str) -> Self {
        match id {
            "debian" | "ubuntu" => Self::Debian,
            "fedora" | "rhel" | "centos" => Self::Fedora,
            "arch" => Self::Arch,
            _ if id.starts_with("opensuse") || id == "suse" => Self::Suse,
            _ => Self::Other,
        }
    }

    /// What to tell people who install things themselves; none on Debian, where that is done for them.
    pub fn by_hand(self) -> Option<ByHand> {
        let (run, test, bench) = match self {
            Self::Debian => return None,
            Self::Fedora => (
                "sudo dnf install gcc gcc-c++ make pkgconf-pkg-config webkit2gtk4.1-devel dbus-devel \
                 gstreamer1-devel gstreamer1-plugins-base-devel gstreamer1-plugins-good pipewire-gstreamer \
                 bubblewrap xdg-dbus-proxy libayatana-appindicator-gtk3",
                "sudo dnf install xorg-x11-server-Xvfb xorg-x11-xauth dbus-daemon pulseaudio \
                 pulseaudio-utils webkit2gtk4.1 dejavu-sans-fonts xdotool dunst chromium chromedriver nodejs npm",
                "sudo dnf install iproute pipewire pipewire-utils wireplumber gstreamer1 chromium chromedriver",
            ),
            Self::Arch => (
                "sudo pacman -S --needed base-devel webkit2gtk-4.1 gstreamer gst-plugins-base \
                 gst-plugins-good gst-plugin-pipewire bubblewrap xdg-dbus-proxy libayatana-appindicator",
                "sudo pacman -S --needed xorg-server-xvfb xorg-xauth dbus pulseaudio webkit2gtk-4.1 \
                 ttf-dejavu xdotool dunst chromium nodejs npm",
                "sudo pacman -S --needed iproute2 pipewire wireplumber gstreamer chromium",
            ),
            Self::Suse => (
                "sudo zypper install gcc gcc-c++ make pkgconf 'pkgconfig(webkit2gtk-4.1)' \
                 'pkgconfig(dbus-1)' 'pkgconfig(gstreamer-app-1.0)' gstreamer-plugins-base \
                 gstreamer-plugins-good gstreamer-plugin-pipewire bubblewrap xdg-dbus-proxy libayatana-appindicator3-1",
                "sudo zypper install xorg-x11-server-Xvfb xauth dbus-1-daemon pulseaudio pulseaudio-utils \
                 webkit2gtk3-minibrowser dejavu-fonts xdotool dunst chromium chromedriver nodejs npm",
                "sudo zypper install iproute2 pipewire pipewire-tools wireplumber gstreamer-utils chromium chromedriver",
            ),
            Self::Other => (
                "a C compiler, make and pkg-config; the development files of WebKitGTK (webkit2gtk-4.1), \
                 D-Bus and GStreamer (gstreamer-app-1.0); GStreamer's base and good plugins and that of PipeWire; bubblewrap and xdg-dbus-proxy; and libayatana-appindicator3 for the tray icon",
                "Xvfb, xauth, dbus-daemon, pulseaudio and pactl, WebKitWebDriver (of WebKitGTK), the DejaVu \
                 fonts, xdotool, dunst, Chromium with chromedriver, Node.js 18 or newer with npm",
                "ip (of iproute2), PipeWire with pw-cli, WirePlumber, gst-launch-1.0, Chromium with chromedriver",
            ),
        };
        Some(ByHand { run, test, bench })
    }
}

/// What to type, or else what to look for.
#[derive(Debug, Clone, Copy)]
pub struct ByHand {
    /// For building and running the app.
    pub run: &'static str,
    /// For testing it, besides.
    pub test: &'static str,
    /// For the bench that has a camera, besides what drives windows.
    pub bench: &'static str,
}

fn value<'a>(release: &'a str, name: &str) -> Option<&'a str> {
    let of_name = |line: &'a str| line.trim().strip_prefix(name)?.strip_prefix('=');
    release
        .lines()
        .find_map(of_name)
        .map(|value| value.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_read_from_os_release() {
        let cases = [
            (
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n",
                Family::Debian,
            ),
            ("ID=ubuntu\nID_LIKE=debian\n", Family::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Family::Debian),
            (
                "NAME=Fedora\nID=fedora\nVARIANT_ID=workstation\n",
                Family::Fedora,
            ),
            (
                "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n",
                Family::Fedora,
            ),
            ("ID='manjaro'\nID_LIKE='arch'\n", Family::Arch),
            (
                "ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n",
                Family::Suse,
            ),
            ("ID=nixos\n", Family::Other),
            ("", Family::Other),
        ];
        for (release, family) in cases {
            assert_eq!(Family::from_os_release(release), family, "{release}");
        }
    }

    #[test]
    fn a_version_id_is_not_an_id() {
        assert_eq!(
            Family::from_os_release("VERSION_ID=debian\nMY_ID=arch\n"),
            Family::Other
        );
    }
}
