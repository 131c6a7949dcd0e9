//! WebKit's own sandbox around the processes that run pages: namespaces by bubblewrap, a filter of system calls by
//! seccomp, a filtered session bus by xdg-dbus-proxy. WebKitGTK's 4.1 interface leaves it off unless it is asked for.
//!
//! It must be on before a context starts its first process, and Tauri makes the context and its first view in one go.
//! So it is turned on where every context is finished being made: `GObjectClass.constructed` of `WebKitWebContext`.
//!
//! A context whose sandbox can't be set up ends the whole app when the first page starts. Hence one is tried first, by
//! the same program. Cameras and microphones are the engine's (`ringdown-rtc`), so none is let in. Where no sandbox can
//! be made, the app goes on without one and says so in Settings → Privacy.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use webkit2gtk::glib::gobject_ffi::{GObject, GObjectClass, g_type_class_ref};
use webkit2gtk::glib::prelude::StaticType;
use webkit2gtk::glib::translate::IntoGlib;

use crate::ipc::Sandbox;

/// What WebKitGTK starts; the paths are built into it.
const BUBBLEWRAP: &str = "/usr/bin/bwrap";
const DBUS_PROXY: &str = "/usr/bin/xdg-dbus-proxy";

/// Namespaces of the kinds that WebKit asks for, with those files of the system in them that it takes for granted.
const NAMESPACES: [&str; 4] = [
    "--die-with-parent",
    "--unshare-pid",
    "--unshare-uts",
    "--unshare-net",
];
const TAKEN_FOR_GRANTED: [&str; 7] = [
    "/etc",
    "/usr",
    "/sys/block",
    "/sys/bus",
    "/sys/class",
    "/sys/dev",
    "/sys/devices",
];
/// Read by the program that is tried, where these are no links into `/usr`.
const PROGRAMS: [&str; 3] = ["/lib", "/lib64", "/bin"];

/// A filter that lets every system call pass, as seccomp(2) has it: one instruction, `BPF_RET | BPF_K` with
/// `SECCOMP_RET_ALLOW`.
#[cfg(target_endian = "little")]
const FILTER: [u8; 8] = [0x06, 0, 0, 0, 0, 0, 0xff, 0x7f];
#[cfg(target_endian = "big")]
const FILTER: [u8; 8] = [0, 0x06, 0, 0, 0x7f, 0xff, 0, 0];

type Constructed = unsafe extern "C" fn(*mut GObject);

/// What WebKit itself does when a context is made.
static CONSTRUCTED: OnceLock<Constructed> = OnceLock::new();

/// Turns the sandbox on for every page of this process, if this system can make one. Before the first window, on the
/// main thread.
#[must_use]
pub fn start() -> Sandbox {
    let sandbox = match look() {
        Sandbox::On if !turn_on() => Sandbox::Refused,
        found => found,
    };
    if sandbox != Sandbox::On {
        tracing::warn!("the window's page runs without a sandbox: {sandbox:?}");
    }
    sandbox
}

/// Whether this system can make a sandbox.
fn look() -> Sandbox {
    if ![BUBBLEWRAP, DBUS_PROXY].into_iter().all(is_program) {
        return Sandbox::Missing;
    }
    if tries_well().unwrap_or(false) {
        Sandbox::On
    } else {
        Sandbox::Refused
    }
}

/// Whether bubblewrap can start a program as WebKit will have it start its own.
fn tries_well() -> io::Result<bool> {
    let mut trial = Command::new(BUBBLEWRAP);
    trial.args(NAMESPACES);
    for path in TAKEN_FOR_GRANTED {
        trial.args(["--ro-bind", path, path]);
    }
    for path in PROGRAMS {
        trial.args(["--ro-bind-try", path, path]);
    }
    let mut trial = trial
        .args(["--proc", "/proc", "--dev", "/dev", "--seccomp", "0"])
        .arg("/usr/bin/true")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // The filter is what it reads from its standard input, to the end.
    let written = trial
        .stdin
        .take()
        .map(|mut filter| filter.write_all(&FILTER));
    let tried = trial.wait()?;
    written.transpose()?;
    Ok(tried.success())
}

fn is_program(path: &str) -> bool {
    let found = std::fs::metadata(path);
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// False where the class is not what it should be, or was changed before.
fn turn_on() -> bool {
    // SAFETY: the class of a registered type is initialised by the reference taken here, which is never given back, so
    // it stays valid. It begins with a GObjectClass, as every GObject's does. Nothing else reads or writes it
    // meanwhile: no context exists yet, and this is the main thread, the only one that makes contexts.
    unsafe {
        let class = webkit2gtk::WebContext::static_type().into_glib();
        let class = g_type_class_ref(class).cast::<GObjectClass>();
        let Some(class) = class.as_mut() else {
            return false;
        };
        let Some(constructed) = class.constructed else {
            return false;
        };
        if CONSTRUCTED.set(constructed).is_err() {
            return false;
        }
        class.constructed = Some(construct_with_sandbox);
    }
    true
}

/// Finishes a context as WebKit does, and turns its sandbox on.
unsafe extern "C" fn construct_with_sandbox(context: *mut GObject) {
    let Some(constructed) = CONSTRUCTED.get() else {
        return;
    };
    // SAFETY: `constructed` was taken from this very class, and gets what GObject handed to it: a WebKitWebContext,
    // which has no process yet.
    unsafe {
        constructed(context);
        webkit2gtk::ffi::webkit_web_context_set_sandbox_enabled(context.cast(), 1);
    }
}
