//! `cargo xtask licences`: what is in the app and under which licence, for its "About" page.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{fs, io};

/// The file, in the repository.
const FILE: &str = "src-tauri/app/licences.txt";
/// Name and version, licence, repository.
const FORMAT: &str = "{p}|{l}|{r}";

/// Why the list was not written, or is not right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The packages could not be listed.
    #[error("`cargo tree` could not list the packages: {0}")]
    Tree(String),
    /// The file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another package is in the app by now.
    #[error("{FILE} is not up to date: run `cargo xtask licences`")]
    Old,
}

/// Writes the file, or only checks it.
pub fn licences(root: &Path, check: bool) -> Result<ExitCode, Error> {
    let wanted = list(&tree(root)?);
    let path = root.join(FILE);
    let trouble = |source| Error::Io {
        path: path.clone(),
        source,
    };
    if !check {
        fs::write(&path, wanted).map_err(trouble)?;
    } else if fs::read_to_string(&path).map_err(trouble)? != wanted {
        return Err(Error::Old);
    }
    Ok(ExitCode::SUCCESS)
}

/// All that is linked into the app, on any system.
fn tree(root: &Path) -> Result<String, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package", "ringdown", "--edges", "normal"])
        .args(["--target", "all", "--prefix", "none", "--locked"])
        .args(["--format", FORMAT])
        .current_dir(root)
        .output()
        .map_err(|error| Error::Tree(error.to_string()))?;
    if !output.status.success() {
        return Err(Error::Tree(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A line a package, each once.
fn list(tree: &str) -> String {
    let lines: BTreeSet<String> = tree.lines().filter_map(line).collect();
    let mut text = String::from("Ringdown itself: MIT OR Apache-2.0\n\n");
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Where others' packages are that are kept here with changes.
const VENDORED: &str = "/src-tauri/vendor/";

/// None for the packages of this workspace, whose path `cargo tree` gives.
fn line(line: &str) -> Option<String> {
    let mut parts = line.trim_end_matches(" (*)").split('|');
    let package = parts.next()?.trim_end_matches(" (proc-macro)");
    let licence = parts.next()?;
    let (name, rest) = package.split_once(" v")?;
    let (version, path) = rest.split_once(" (").unwrap_or((rest, VENDORED));
    if !path.contains(VENDORED) {
        return None;
    }
    let repository = parts.next().filter(|repository| !repository.is_empty());
    let repository = repository.map(|repository| format!("  {repository}"));
    Some(format!(
        "{name} {version}: {licence}{}",
        repository.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_has_a_line_and_our_own_have_none() {
        let tree = concat!(
            "ringdown v0.1.0 (/work/main)|MIT OR Apache-2.0|\n",
            "serde v1.0.1|MIT OR Apache-2.0|https://example.org/serde\n",
            "serde v1.0.1|MIT OR Apache-2.0|https://example.org/serde (*)\n",
            "kept v2.0.0 (/work/main/src-tauri/vendor/kept)|MIT|https://example.org/kept\n",
            "adler2 v2.0.1 (proc-macro)|0BSD|\n",
        );
        assert_eq!(
            list(tree),
            concat!(
                "Ringdown itself: MIT OR Apache-2.0\n\n",
                "adler2 2.0.1: 0BSD\n",
                "kept 2.0.0: MIT  https://example.org/kept\n",
                "serde 1.0.1: MIT OR Apache-2.0  https://example.org/serde\n",
            )
        );
    }
}
