//! `cargo xtask fuzz`: every parser of what others send, fed with inputs that grow towards new code (libFuzzer).
//!
//! The crate in `src-tauri/fuzz` is laid out for cargo-fuzz too. Here it is built with the same instrumentation by
//! plain cargo, so that neither a nightly toolchain nor a further program is needed. What a target finds interesting is
//! kept in `target/fuzz/corpus` and used again; `src-tauri/fuzz/seeds` holds what it begins with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::sh::{self, Sh};
use crate::tally::Tally;

const CRATE: &str = "src-tauri/fuzz";

/// What libFuzzer watches: which edges are taken, and what numbers and bytes are compared with.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// The longest input, in bytes: more than any frame or envelope may have.
const MAX_LEN: u32 = 80_000;
/// An input that takes longer than this, in seconds, is a finding.
const TIMEOUT: u32 = 10;
/// A target that needs more memory than this, in MB, is a finding.
const MEMORY: u32 = 1_024;

/// Why fuzzing ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A target crashed, or could not be built.
    #[error(transparent)]
    Sh(#[from] sh::Error),
    /// No such target.
    #[error("there is no fuzz target `{0}`; there are: {1}")]
    NoTarget(String, String),
    /// A folder could not be read or made.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Fuzzes these targets, or all, each for so many seconds.
pub fn fuzz(targets: &[String], seconds: u32) -> Result<ExitCode, Error> {
    let mut tally = Tally::default();
    run(targets, seconds, &mut tally)?;
    println!("{tally}");
    Ok(ExitCode::SUCCESS)
}

/// The same, counting each target as a test.
pub fn run(targets: &[String], seconds: u32, tally: &mut Tally) -> Result<(), Error> {
    let all = all_targets()?;
    if let Some(unknown) = targets.iter().find(|target| !all.contains(target)) {
        return Err(Error::NoTarget(unknown.clone(), all.join(", ")));
    }
    let build = sh::target().join("fuzz");
    let host = Sh::new("rustc").args(["--print", "host-tuple"]).read()?;
    let manifest = format!("{CRATE}/Cargo.toml");
    Sh::cargo()
        .env("RUSTFLAGS", INSTRUMENTATION)
        .env("CARGO_TARGET_DIR", &build)
        // With a target named, build scripts and macros are spared the instrumentation.
        .args(["build", "--release", "--target", host.trim()])
        .args(["--manifest-path", &manifest])
        .run()?;
    let programs = build.join(host.trim()).join("release");
    let chosen = all
        .iter()
        .filter(|target| targets.is_empty() || targets.contains(target));
    for target in chosen {
        match one(&build, &programs, target, seconds) {
            Ok(()) => tally.passed += 1,
            Err(error) => {
                tally.failed += 1;
                return Err(error);
            }
        }
    }
    Ok(())
}

fn one(build: &Path, programs: &Path, target: &str, seconds: u32) -> Result<(), Error> {
    let (corpus, found) = (
        build.join("corpus").join(target),
        build.join("found").join(target),
    );
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).map_err(|source| trouble(folder, source))?;
    }
    let mut fuzzer = Sh::new(programs.join(target))
        .args([
            format!("-max_total_time={seconds}"),
            format!("-max_len={MAX_LEN}"),
            format!("-timeout={TIMEOUT}"),
            format!("-rss_limit_mb={MEMORY}"),
            // What is found lies here, and the sentence libFuzzer ends with names it.
            format!("-artifact_prefix={}/", found.display()),
            "-print_final_stats=1".into(),
            "-verbosity=0".into(),
        ])
        .args([&corpus]);
    let seeds = sh::root().join(CRATE).join("seeds").join(target);
    if seeds.is_dir() {
        fuzzer = fuzzer.args([&seeds]);
    }
    Ok(fuzzer.run()?)
}

/// A file in `targets/` is a target.
fn all_targets() -> Result<Vec<String>, Error> {
    let folder = sh::root().join(CRATE).join("targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|source| trouble(&folder, source))? {
        let path = entry.map_err(|source| trouble(&folder, source))?.path();
        if let Some(name) = path.file_stem() {
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    Ok(targets)
}

fn trouble(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_does_not_exist_is_refused_with_those_that_do() {
        let error = run(&["nothing".into()], 1, &mut Tally::default()).unwrap_err();
        assert!(error.to_string().contains("wire"), "{error}");
    }

    #[test]
    fn every_target_is_built() {
        let manifest = fs::read_to_string(sh::root().join(CRATE).join("Cargo.toml")).unwrap();
        for target in all_targets().unwrap() {
            let path = format!("path = \"targets/{target}.rs\"");
            assert!(manifest.contains(&path), "{target}");
        }
    }
}
