//! A system in which the package is installed: all that this machine has lies under it, and what is changed in it
//! stays in it and goes with the test.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::Result;
use crate::process::{Program, installed};
use crate::stage::{Stage, binary};

/// Its arguments: a folder for the system, the package. It says "ready" and stays, as the system's mounts live as long
/// as a process sees them.
const SET_UP: &str = r#"
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for dir in /dev /proc /tmp; do mount --bind "$dir" "$1/root$dir"; done
mount --bind /dev/shm "$1/root/dev/shm"
chroot "$1/root" dpkg --install "$2" >&2
echo ready
exec sleep infinity
"#;

/// Where the package is installed.
#[derive(Debug)]
pub struct Installed {
    root: PathBuf,
    holder: Program,
}

impl Installed {
    /// The package that `cargo xtask test e2e` has made; none where it can't be installed, for the reason that is
    /// printed.
    ///
    /// # Errors
    /// When the folder of packages can't be read.
    pub fn package() -> Result<Option<PathBuf>> {
        let root = rustix::process::geteuid().is_root();
        if !root || !installed("dpkg") || !installed("unshare") {
            eprintln!("skipped: to install a package takes root, dpkg and unshare");
            return Ok(None);
        }
        let built = binary("ringdown")?;
        let packages = built.with_file_name("bundle").join("deb");
        let found = std::fs::read_dir(&packages).ok().and_then(|files| {
            let files = files.filter_map(|file| Some(file.ok()?.path()));
            files
                .filter(|file| file.extension().is_some_and(|extension| extension == "deb"))
                .max()
        });
        if found.is_none() {
            eprintln!("skipped: no package was made (cargo xtask test e2e makes one)");
        }
        Ok(found)
    }

    /// Installs a package; none where this machine (a container) allows no mounts.
    ///
    /// # Errors
    /// When it can't be installed.
    pub async fn new(stage: &Stage, package: &Path) -> Result<Option<Self>> {
        let mounts = Command::new("unshare")
            .args(["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
            .status()
            .await?;
        if !mounts.success() {
            eprintln!("skipped: nothing can be mounted here");
            return Ok(None);
        }
        let system = stage.dir().join("system");
        std::fs::create_dir(&system)?;
        let copy = stage.dir().join("ringdown.deb");
        std::fs::copy(package, &copy)?;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", SET_UP, "sh"])
            .args([&system, &copy]);
        let mut holder = Program::start(&mut command)?;
        let ready = holder.line().await?;
        if ready != "ready" {
            return Err(format!("the package could not be installed: {ready}").into());
        }
        Ok(Some(Self {
            root: system.join("root"),
            holder,
        }))
    }

    /// Where the app is, for those inside.
    #[must_use]
    pub fn binary(&self) -> PathBuf {
        "/usr/bin/ringdown".into()
    }

    /// What goes before a program and its arguments to run it inside.
    ///
    /// # Errors
    /// When the system is gone.
    pub fn enter(&self) -> Result<Vec<String>> {
        let pid = self.holder.pid().ok_or("the system is gone")?;
        Ok(vec![
            "nsenter".into(),
            format!("--mount=/proc/{pid}/ns/mnt"),
            "chroot".into(),
            self.root.display().to_string(),
        ])
    }

    /// Runs a program inside and gives what it said.
    ///
    /// # Errors
    /// When it fails.
    pub async fn run(&self, program: &[&str]) -> Result<String> {
        let mut enter = self.enter()?.into_iter();
        let first = enter.next().ok_or("nothing to run")?;
        let output = Command::new(first)
            .args(enter)
            .args(program)
            .output()
            .await?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?)
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{program:?} failed: {said}").into())
        }
    }
}
