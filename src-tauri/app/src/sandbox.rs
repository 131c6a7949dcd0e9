//! WebKit's own sandbox around the processes that run pages: namespaces by bubblewrap, a filter of system calls by
//! seccomp, a filtered session bus by xdg-dbus-proxy. WebKitGTK's 4.1 interface leaves it off unless it is asked for.
//!
//! It must be on before a context starts its first process, and Tauri makes the context and its first view in one go.
//! So it is turned on where every context is finished being made: `GObjectClass.constructed` of `WebKitWebContext`.
//!
//! A context whose sandbox can't be set up ends the whole app when the first page starts. Hence one is tried first, by
//! the same program. No device file of a camera is let in, and WebKit lets nobody add one: cameras are reached through
//! PipeWire, by the portal or by its socket. Where there is no PipeWire, or no sandbox can be made, the app goes on
//! without one and says so in Settings → Privacy.

use std::env;
use std::ffi::CString;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
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

/// What is done to each context.
static HOOK: OnceLock<Hook> = OnceLock::new();

struct Hook {
    /// What WebKit itself does when a context is made.
    constructed: Constructed,
    /// PipeWire's socket, which is let in.
    pipewire: Option<CString>,
}

/// Turns the sandbox on for every page of this process, if this system can make one. Before the first window, on the
/// main thread. `fake_camera`: no real one will be wanted.
#[must_use]
pub fn start(fake_camera: bool) -> Sandbox {
    let pipewire = pipewire_socket();
    let cameras = fake_camera || (pipewire.is_some() && ringdown_rtc::can_read_pipewire());
    let sandbox = match look() {
        Sandbox::On if !cameras => Sandbox::Camera,
        Sandbox::On if !turn_on(pipewire) => Sandbox::Refused,
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

/// Where PipeWire listens, if it does.
fn pipewire_socket() -> Option<PathBuf> {
    let name = env::var_os("PIPEWIRE_REMOTE").unwrap_or_else(|| "pipewire-0".into());
    let folders = ["PIPEWIRE_RUNTIME_DIR", "XDG_RUNTIME_DIR"];
    let mut sockets = folders
        .into_iter()
        .filter_map(env::var_os)
        // An absolute name stays what it is.
        .map(|folder| PathBuf::from(folder).join(&name));
    sockets.find(|socket| socket.is_absolute() && socket.exists())
}

/// False where the class is not what it should be, or was changed before.
fn turn_on(pipewire: Option<PathBuf>) -> bool {
    let pipewire =
        pipewire.and_then(|socket| CString::new(socket.into_os_string().into_vec()).ok());
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
        let hook = Hook {
            constructed,
            pipewire,
        };
        if HOOK.set(hook).is_err() {
            return false;
        }
        class.constructed = Some(construct_with_sandbox);
    }
    true
}

/// Finishes a context as WebKit does, and turns its sandbox on.
unsafe extern "C" fn construct_with_sandbox(context: *mut GObject) {
    let Some(hook) = HOOK.get() else { return };
    // SAFETY: `constructed` was taken from this very class, and gets what GObject handed to it: a WebKitWebContext,
    // which has no process yet. The path is NUL-terminated and copied by the callee.
    unsafe {
        (hook.constructed)(context);
        let context = context.cast();
        webkit2gtk::ffi::webkit_web_context_set_sandbox_enabled(context, 1);
        if let Some(socket) = &hook.pipewire {
            webkit2gtk::ffi::webkit_web_context_add_path_to_sandbox(context, socket.as_ptr(), 0);
        }
    }
}
