//! `cargo xtask bundle`: the .deb, made by Tauri's own command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;
use std::{fs, io};

use crate::packages::{self, Purpose};
use crate::sh::{self, Sh};

/// Tauri's command line on npm: a program inside the package, so nothing is compiled to get it. It has the version
/// of the `tauri` crate.
const CLI: &str = "@tauri-apps/cli";
const CLI_VERSION: &str = "2.12.5";

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something needed is not installed.
    #[error(transparent)]
    Packages(#[from] packages::Error),
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
    /// It all went well, and yet.
    #[error("Tauri made no .deb in {dir}", dir = .0.display())]
    NoDeb(PathBuf),
}

/// Makes the .deb and shows what is in its control file.
pub fn bundle() -> Result<ExitCode, Error> {
    packages::ensure(Purpose::Bundle)?;
    let cli = install_cli()?;
    Sh::new("node")
        .args([cli.as_os_str()])
        .args(["build", "--ci", "--bundles", "deb"])
        .run()?;
    let made = sh::target().join("release/bundle/deb");
    let deb = newest(&made, "deb")?.ok_or(Error::NoDeb(made))?;
    let size = fs::metadata(&deb)
        .map_err(|source| Error::Io {
            path: deb.clone(),
            source,
        })?
        .len();
    Sh::new("dpkg-deb").args(["--info"]).args([&deb]).run()?;
    println!("{} ({})", deb.display(), megabytes(size));
    Ok(ExitCode::SUCCESS)
}

/// Installs the command line outside the tree of sources, once; returns the script to give to node.
fn install_cli() -> Result<PathBuf, Error> {
    let home = sh::target().join("xtask/npm");
    fs::create_dir_all(&home).map_err(|source| Error::Io {
        path: home.clone(),
        source,
    })?;
    let package = home.join("node_modules").join(CLI);
    let script = package.join("tauri.js");
    let there = fs::read_to_string(package.join("package.json")).unwrap_or_default();
    if !has_version(&there, CLI_VERSION) || !script.is_file() {
        let wanted = format!("{CLI}@{CLI_VERSION}");
        let install = ["install", "--no-save", "--no-audit", "--no-fund"];
        Sh::new("npm")
            .args(install)
            .args(["--prefix", ".", &wanted])
            .dir(&home)
            .run()?;
    }
    Ok(script)
}

/// Whether a package.json is of this version.
fn has_version(manifest: &str, version: &str) -> bool {
    let line = format!("\"version\": \"{version}\"");
    manifest
        .lines()
        .any(|text| text.trim().trim_end_matches(',') == line)
}

/// The newest file in a directory with this extension.
fn newest(dir: &Path, extension: &str) -> Result<Option<PathBuf>, Error> {
    let trouble = |source| Error::Io {
        path: dir.to_owned(),
        source,
    };
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for entry in fs::read_dir(dir).map_err(trouble)? {
        let entry = entry.map_err(trouble)?;
        if entry
            .path()
            .extension()
            .is_none_or(|found| found != extension)
        {
            continue;
        }
        let made = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map_err(trouble)?;
        if newest.as_ref().is_none_or(|(before, _)| made > *before) {
            newest = Some((made, entry.path()));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// In units of 1,000,000 bytes, to one place.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_megabytes() {
        assert_eq!(megabytes(7_450_001), "7.5 MB");
        assert_eq!(megabytes(15_000_000), "15.0 MB");
        assert_eq!(megabytes(0), "0.0 MB");
    }

    #[test]
    fn the_version_installed_is_seen() {
        let manifest = "{\n  \"name\": \"@tauri-apps/cli\",\n  \"version\": \"2.12.5\",\n}\n";
        assert!(has_version(manifest, "2.12.5"));
        assert!(!has_version(manifest, "2.12.50"));
        assert!(!has_version("", "2.12.5"));
    }
}
