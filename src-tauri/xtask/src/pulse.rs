//! PulseAudio where PipeWire rules.
//!
//! Tests start a PulseAudio of their own. Desktops of today have PipeWire, whose packages and PulseAudio's exclude
//! each other, so there the latter is unpacked beside our build instead of installed; only its libraries, which do
//! not get into anybody's way, are installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::sh::{self, Sh};

/// Packages that cannot be installed together with `pulseaudio`.
const RIVALS: &[&str] = &["pipewire-alsa", "pipewire-audio"];

/// Any of the modules tells where all of them are.
const A_MODULE: &str = "module-null-sink.so";
/// The daemon's own library, which its package keeps out of the linker's way.
const OWN_LIBRARY: &str = "libpulsecore-";

/// Why it could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program failed.
    #[error(transparent)]
    Sh(#[from] sh::Error),
    /// A file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The package looks different from what we know.
    #[error("there is no {0} in the package pulseaudio")]
    NotThere(&'static str),
}

/// Whether installing PulseAudio would mean to remove something, going by the installed packages.
pub fn has_rival(is_installed: impl Fn(&str) -> bool) -> bool {
    RIVALS.iter().any(|rival| is_installed(rival))
}

/// Whether it has been unpacked.
pub fn is_unpacked() -> bool {
    starter(&home()).is_file()
}

/// The value of PATH with which programs find the unpacked one; none where there is none.
pub fn path() -> Option<OsString> {
    if !is_unpacked() {
        return None;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(home().join("bin")).chain(std::env::split_paths(&path));
    std::env::join_paths(dirs).ok()
}

/// The libraries it needs, by the names that this distribution has for them.
pub fn libraries() -> Result<Vec<String>, Error> {
    let depends =
        Sh::new("apt-cache").args(["depends", "--no-recommends", "--no-suggests", "pulseaudio"]);
    Ok(libraries_in(&depends.read()?))
}

/// Fetches the package and unpacks it; needs nobody's permission.
pub fn unpack() -> Result<(), Error> {
    let home = home();
    let new = home.with_extension("new");
    remove(&new)?;
    let bin = new.join("bin");
    fs::create_dir_all(&bin).map_err(|source| Error::Io { path: bin, source })?;
    Sh::new("apt-get")
        .args(["download", "pulseaudio"])
        .dir(&new)
        .run()?;
    let package = find(&new, &|name| name.ends_with(".deb"))?.ok_or(Error::NotThere(".deb"))?;
    Sh::new("dpkg-deb")
        .args(["--extract"])
        .args([&package, &new])
        .run()?;

    let inside = |file: Option<PathBuf>, what| {
        let dir = file
            .as_deref()
            .and_then(Path::parent)
            .and_then(|dir| dir.strip_prefix(&new).ok());
        dir.map(Path::to_owned).ok_or(Error::NotThere(what))
    };
    let modules = inside(find(&new, &|name| name == A_MODULE)?, A_MODULE)?;
    let libraries = inside(
        find(&new, &|name| name.starts_with(OWN_LIBRARY))?,
        OWN_LIBRARY,
    )?;
    let starter = starter(&new);
    let script = script(&libraries, &modules);
    fs::write(&starter, script).map_err(|source| Error::Io {
        path: starter.clone(),
        source,
    })?;
    Sh::new("chmod").args(["+x"]).args([&starter]).run()?;

    remove(&home)?;
    fs::rename(&new, &home).map_err(|source| Error::Io { path: home, source })
}

fn home() -> PathBuf {
    sh::target().join("xtask").join("pulseaudio")
}

fn starter(home: &Path) -> PathBuf {
    home.join("bin").join("pulseaudio")
}

/// Starts the daemon from wherever the script lies, with its own library and modules, some of which are libraries
/// of others.
fn script(libraries: &Path, modules: &Path) -> String {
    format!(
        "#!/bin/sh\n\
         home=$(cd \"$(dirname \"$0\")/..\" && pwd)\n\
         export LD_LIBRARY_PATH=\"$home/{0}:$home/{1}\"\n\
         exec \"$home/usr/bin/pulseaudio\" --dl-search-path=\"$home/{1}\" \"$@\"\n",
        libraries.display(),
        modules.display()
    )
}

/// Reads what `apt-cache depends` prints. Plugins of others are no libraries, whatever their names begin with.
fn libraries_in(depends: &str) -> Vec<String> {
    let names = depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    names
        .filter(|name| name.starts_with("lib") && !name.ends_with("-plugins"))
        .map(str::to_owned)
        .collect()
}

/// A file in this folder, or a folder in it, whose name will do.
fn find(dir: &Path, will_do: &dyn Fn(&str) -> bool) -> Result<Option<PathBuf>, Error> {
    let trouble = |source| Error::Io {
        path: dir.to_owned(),
        source,
    };
    for entry in fs::read_dir(dir).map_err(trouble)? {
        let entry = entry.map_err(trouble)?;
        let found = if entry.file_type().map_err(trouble)?.is_dir() {
            find(&entry.path(), will_do)?
        } else {
            will_do(&entry.file_name().to_string_lossy()).then(|| entry.path())
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Io {
            path: dir.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipewire_is_a_rival_only_as_the_systems_sound() {
        assert!(has_rival(|package| package == "pipewire-alsa"));
        assert!(!has_rival(
            |package| package == "pipewire" || package == "libpipewire-0.3-0"
        ));
    }

    #[test]
    fn libraries_are_told_from_other_packages() {
        let depends = "pulseaudio\n  Depends: libasound2t64\n    liboss4-salsa-asound2\n  Depends: libpulse0\n  \
                       Depends: adduser\n  Depends: libasound2-plugins\n  PreDepends: init-system-helpers\n  \
                       Conflicts: libfoo\n";
        assert_eq!(libraries_in(depends), ["libasound2t64", "libpulse0"]);
    }

    #[test]
    fn the_script_finds_what_was_unpacked() {
        let script = script(
            Path::new("usr/lib/pulseaudio"),
            Path::new("usr/lib/pulse-16.1+dfsg1/modules"),
        );
        assert!(
            script.contains("LD_LIBRARY_PATH=\"$home/usr/lib/pulseaudio:$home/usr/lib/pulse-16.1+dfsg1/modules\"\n"),
            "{script}"
        );
        assert!(
            script.contains("--dl-search-path=\"$home/usr/lib/pulse-16.1+dfsg1/modules\""),
            "{script}"
        );
    }
}
