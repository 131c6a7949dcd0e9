//! `cargo xtask bundle`: packages of the app, made by Tauri's own command line and then looked into.
//!
//! On Linux a .deb, an .rpm and, where Tauri can fetch the tools for it, an AppImage; on Windows an .msi and a
//! setup program; on macOS a .dmg.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;
use std::{fs, io};

use crate::e2e::TOGETHER;
use crate::packages::{self, Purpose};
use crate::sh::{self, Sh};

/// Tauri's command line on npm: a program inside the package, so nothing is compiled to get it. It has the version
/// of the `tauri` crate.
const CLI: &str = "@tauri-apps/cli";
const CLI_VERSION: &str = "2.12.5";

/// What a .deb may weigh, in bytes: it is downloaded by people who want to call somebody.
const MOST: u64 = 15_000_000;

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
    #[error("Tauri made no .{format} in {dir}", dir = .dir.display())]
    Nothing {
        /// Its file's extension.
        format: &'static str,
        /// Where it should be.
        dir: PathBuf,
    },
    /// Something has grown.
    #[error("the .deb has {0}, and 15 MB is the most it may have")]
    TooLarge(String),
}

/// Makes every package that this system makes, checks the .deb and says what was made.
pub fn bundle() -> Result<ExitCode, Error> {
    packages::ensure(Purpose::Bundle)?;
    let formats: &[&'static str] = if cfg!(windows) {
        &["msi", "nsis"]
    } else if cfg!(target_os = "macos") {
        &["app", "dmg"]
    } else {
        &["deb", "rpm"]
    };
    let cli = install_cli()?;
    build(&cli, formats, &[], &[])?;
    if !cfg!(target_os = "linux") {
        return Ok(ExitCode::SUCCESS);
    }
    let deb = made("release", "deb")?;
    check(&deb)?;
    let rpm = made("release", "rpm")?;
    // Its tools come from the network.
    let appimage = build(&cli, &["appimage"], &[], &[]).is_ok();
    Sh::new("dpkg-deb").args(["--info"]).args([&deb]).run()?;
    for package in [&deb, &rpm] {
        println!("{} ({})", package.display(), megabytes(size(package)?));
    }
    if appimage {
        let appimage = made_in("release", "appimage", "AppImage")?;
        println!("{} ({})", appimage.display(), megabytes(size(&appimage)?));
    } else {
        println!("no AppImage: Tauri could not fetch or run its tools here, see above");
    }
    let size = size(&deb)?;
    if size > MOST {
        return Err(Error::TooLarge(megabytes(size)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a .deb of the app as the tests have built it: nothing but the packing takes time. It is much larger than the
/// one that people get, and otherwise the same.
pub fn deb_for_tests() -> Result<PathBuf, Error> {
    let cli = install_cli()?;
    build(&cli, &["deb"], &["--debug"], &TOGETHER)?;
    let deb = made("debug", "deb")?;
    check(&deb)?;
    Ok(deb)
}

fn build(cli: &Path, formats: &[&str], options: &[&str], cargo: &[&str]) -> Result<(), sh::Error> {
    let mut args = vec!["build", "--ci", "--bundles"];
    let formats = formats.join(",");
    args.push(&formats);
    args.extend(options);
    if !cargo.is_empty() {
        args.push("--");
        args.extend(cargo);
    }
    Sh::new("node").args([cli.as_os_str()]).args(args).run()
}

/// Looks into a .deb: what desktops and app stores read has to be as they want it.
fn check(deb: &Path) -> Result<(), Error> {
    let inside = sh::target().join("xtask/deb");
    if inside.exists() {
        fs::remove_dir_all(&inside).map_err(|source| Error::Io {
            path: inside.clone(),
            source,
        })?;
    }
    Sh::new("dpkg-deb")
        .args(["--extract"])
        .args([deb, &inside])
        .run()?;
    Sh::new("desktop-file-validate")
        .args([inside.join("usr/share/applications/Ringdown.desktop")])
        .run()?;
    Sh::new("appstreamcli")
        .args(["validate", "--no-net"])
        .args([inside.join("usr/share/metainfo/app.ringdown.desktop.metainfo.xml")])
        .run()?;
    Ok(())
}

fn made(profile: &str, format: &'static str) -> Result<PathBuf, Error> {
    made_in(profile, format, format)
}

/// The newest package of a format.
fn made_in(profile: &str, folder: &str, format: &'static str) -> Result<PathBuf, Error> {
    let dir = sh::target().join(profile).join("bundle").join(folder);
    newest(&dir, format)?.ok_or(Error::Nothing { format, dir })
}

fn size(package: &Path) -> Result<u64, Error> {
    let metadata = fs::metadata(package).map_err(|source| Error::Io {
        path: package.to_owned(),
        source,
    })?;
    Ok(metadata.len())
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
