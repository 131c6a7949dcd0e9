//! `cargo xtask test`: every check there is, as steps that can be run alone.
//!
//! The last line printed is `N passed, M failed, K skipped`, and nothing else: CI reads it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{fs, io};

use clap::ValueEnum;

use crate::bundle;
use crate::e2e;
use crate::fuzz;
use crate::licences;
use crate::packages::{self, Purpose};
use crate::sh::{self, Sh};
use crate::tally::{Cargo, Node, Reader, Tally, Windows};

/// Where the checks of `ui/` live: their npm packages must not lie in `ui/`, which is served as it is.
const UI_TESTS: &str = "src-tauri/tests/ui";

/// Seconds that each fuzz target gets among the tests; `cargo xtask fuzz` gives more.
const FUZZ_SECONDS: u32 = 5;

/// A check that can be run alone. The order here is the order in which they run: what fails soonest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Step {
    /// Install the system packages that building and testing need
    Packages,
    /// The Rust code is formatted
    Fmt,
    /// Clippy has nothing to say
    Clippy,
    /// The documentation builds without a warning
    Doc,
    /// Licences, sources, banned crates and known vulnerabilities (needs cargo-deny; skipped without it)
    Deny,
    /// Types and unit tests of ui/
    Ui,
    /// Unit tests of the Rust crates
    Unit,
    /// Every parser of what others send, fed with hostile input for a few seconds
    Fuzz,
    /// Calls between real windows, and with Chromium
    E2e,
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something needed is not installed.
    #[error(transparent)]
    Packages(#[from] packages::Error),
    /// A program failed.
    #[error(transparent)]
    Sh(#[from] sh::Error),
    /// A parser did not stand up to what it was fed.
    #[error(transparent)]
    Fuzz(#[from] fuzz::Error),
    /// The app shows another list of licences than it has.
    #[error(transparent)]
    Licences(#[from] licences::Error),
    /// There is no package.
    #[error(transparent)]
    Bundle(#[from] bundle::Error),
    /// A test runner was content with nothing.
    #[error("it ran no test")]
    NoTest,
    /// A folder could not be read.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A step that was run.
struct Outcome {
    step: Step,
    took: Duration,
    tally: Tally,
}

/// Runs these steps, or all of them, up to the first that fails.
pub fn test(steps: &[Step]) -> ExitCode {
    let mut done: Vec<Outcome> = Vec::new();
    let mut all_well = true;
    for step in chosen(steps) {
        eprintln!("\n── {} ──", step.name());
        let start = Instant::now();
        let mut tally = Tally::default();
        let result = run(step, &mut tally);
        if let Err(error) = &result {
            // A failure that is not a test's still has to show in the closing line.
            tally.failed = tally.failed.max(1);
            let name = step.name();
            eprintln!("xtask: {name}: {error}");
            eprintln!("xtask: to run this step alone: cargo xtask test {name}");
            all_well = false;
        }
        done.push(Outcome {
            step,
            took: start.elapsed(),
            tally,
        });
        if !all_well {
            break;
        }
    }
    print!("{}", report(&done));
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The steps asked for, each once, in their order.
fn chosen(asked: &[Step]) -> Vec<Step> {
    let all = Step::value_variants().iter().copied();
    all.filter(|step| asked.is_empty() || asked.contains(step))
        .collect()
}

/// How long each step took, and the sum of all tests on the last line.
fn report(done: &[Outcome]) -> String {
    let mut sum = Tally::default();
    let mut report = String::from("\n");
    for Outcome { step, took, tally } in done {
        sum += *tally;
        let counted = if *tally == Tally::default() {
            String::new()
        } else {
            tally.to_string()
        };
        let line = format!(
            "{:<10}{:>8.1} s   {counted}",
            step.name(),
            took.as_secs_f64()
        );
        report.push_str(line.trim_end());
        report.push('\n');
    }
    report.push_str(&format!("\n{sum}\n"));
    report
}

/// Runs a step and counts its tests, those of a failed run too.
fn run(step: Step, tally: &mut Tally) -> Result<(), Error> {
    match step {
        Step::Packages => packages::ensure(Purpose::Test)?,
        Step::Fmt => Sh::cargo().args(["fmt", "--all", "--check"]).run()?,
        Step::Clippy => {
            let lints = ["--workspace", "--all-targets", "--", "-D", "warnings"];
            Sh::cargo().args(["clippy"]).args(lints).run()?;
        }
        Step::Doc => {
            Sh::cargo()
                .env("RUSTDOCFLAGS", "-Dwarnings")
                .args(["doc", "--workspace", "--no-deps"])
                .run()?;
        }
        Step::Deny => deny(tally)?,
        Step::Ui => ui(tally)?,
        Step::Unit => {
            let tests = [
                "test",
                "--workspace",
                "--exclude",
                "ringdown-e2e",
                "--no-fail-fast",
            ];
            count(&Sh::cargo().args(tests), Cargo::default(), tally)?;
        }
        Step::Fuzz => fuzz::run(&[], FUZZ_SECONDS, tally)?,
        Step::E2e => calls(tally)?,
    }
    Ok(())
}

fn deny(tally: &mut Tally) -> Result<(), Error> {
    licences::licences(&sh::root(), true)?;
    if !Sh::cargo().args(["deny", "--version"]).succeeds() {
        eprintln!(
            "xtask: cargo-deny is not installed, so this is skipped (cargo install cargo-deny --locked)"
        );
        tally.skipped += 1;
        return Ok(());
    }
    Sh::cargo()
        .args(["deny", "--workspace", "check"])
        .args(["licenses", "bans", "sources"])
        .run()?;
    advisories(tally)
}

/// Known vulnerabilities, by today's list where it can be had, else by the one of last time.
fn advisories(tally: &mut Tally) -> Result<(), Error> {
    let fetched = Sh::cargo().args(["deny", "fetch", "db"]).succeeds();
    if !fetched && !cargo_home().is_some_and(|home| has_advisories(&home)) {
        eprintln!(
            "xtask: the list of known vulnerabilities can't be fetched (https://github.com/RustSec/advisory-db) and was never here, so they are skipped"
        );
        tally.skipped += 1;
        return Ok(());
    }
    if !fetched {
        eprintln!(
            "xtask: the list of known vulnerabilities can't be fetched, so that of last time counts"
        );
    }
    Ok(Sh::cargo()
        .args([
            "deny",
            "--workspace",
            "check",
            "--disable-fetch",
            "advisories",
        ])
        .run()?)
}

/// Where cargo keeps what it fetches.
fn cargo_home() -> Option<PathBuf> {
    let chosen = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    chosen.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}

/// Whether cargo-deny has fetched a list of vulnerabilities to there before.
fn has_advisories(cargo_home: &Path) -> bool {
    fs::read_dir(cargo_home.join("advisory-dbs")).is_ok_and(|mut lists| lists.next().is_some())
}

fn ui(tally: &mut Tally) -> Result<(), Error> {
    let home = sh::root().join(UI_TESTS);
    let tests = test_files(&home)?;
    install_packages(&home)?;
    Sh::new("npx")
        .args(["--no-install", "tsc", "--noEmit", "--project", "."])
        .dir(&home)
        .run()?;
    if tests.is_empty() {
        return Err(Error::NoTest);
    }
    let node = Sh::new("node")
        .args(["--test", "--test-reporter=tap"])
        .args(tests)
        .dir(&home);
    count(&node, Node::default(), tally)
}

/// Installs the npm packages exactly as package-lock.json has them, unless that was done before.
fn install_packages(home: &Path) -> Result<(), Error> {
    let (wanted, done) = (
        home.join("package-lock.json"),
        home.join("node_modules/.installed-lock"),
    );
    let read = |path: &Path| {
        fs::read(path).map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })
    };
    let lock = read(&wanted)?;
    if read(&done).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    Sh::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--prefer-offline"])
        .dir(home)
        .run()?;
    fs::write(&done, lock).map_err(|source| Error::Io { path: done, source })
}

fn calls(tally: &mut Tally) -> Result<(), Error> {
    e2e::build()?;
    // axe-core, which looks at the screens.
    install_packages(&sh::root().join(UI_TESTS))?;
    // The test of the package installs it; where there is no dpkg, that test is skipped.
    if sh::is_on_path("dpkg-deb") {
        bundle::deb_for_tests()?;
    }
    let mut windows = Windows::default();
    let result = e2e::tests().lines(|line| windows.line(line));
    *tally += windows.tally();
    match (result, windows.only_hung()) {
        (Ok(()), _) if windows.tally().is_empty() => Err(Error::NoTest),
        (Ok(()), _) => Ok(()),
        (Err(_), Some(hung)) => hung.iter().try_for_each(|name| once_more(name, tally)),
        (Err(error), None) => {
            // What CI keeps of a long output is its end.
            for line in windows.story() {
                eprintln!("xtask: {line}");
            }
            Err(error.into())
        }
    }
}

/// WebKitGTK deadlocks now and then, whatever the app does (docs/ARCHITECTURE.md). A test that ends so has shown nothing.
fn once_more(name: &str, tally: &mut Tally) -> Result<(), Error> {
    eprintln!("xtask: in {name} {}; it is played once more", Windows::HUNG);
    let mut again = Cargo::default();
    e2e::test(name).lines(|line| again.line(line))?;
    if again.tally().is_empty() {
        return Err(Error::NoTest);
    }
    tally.failed = tally.failed.saturating_sub(1);
    *tally += again.tally();
    Ok(())
}

/// Runs a test runner and adds what it counted.
fn count(runner: &Sh, mut reader: impl Reader, tally: &mut Tally) -> Result<(), Error> {
    let result = runner.lines(|line| reader.line(line));
    let counted = reader.tally();
    *tally += counted;
    result?;
    if counted.is_empty() {
        Err(Error::NoTest)
    } else {
        Ok(())
    }
}

/// The `*.test.mjs` in a folder and the folders in it, but for npm's, by their paths from it.
fn test_files(home: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = home.join(&folder);
        let trouble = |source| Error::Io {
            path: path.clone(),
            source,
        };
        for entry in fs::read_dir(&path).map_err(trouble)? {
            let entry = entry.map_err(trouble)?;
            let name = entry.file_name();
            let inside = folder.join(&name);
            if entry.file_type().map_err(trouble)?.is_dir() {
                if name != "node_modules" {
                    folders.push(inside);
                }
            } else if name.to_string_lossy().ends_with(".test.mjs") {
                found.push(inside);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(step: Step, passed: u64, failed: u64, skipped: u64) -> Outcome {
        let took = Duration::from_millis(1_250);
        Outcome {
            step,
            took,
            tally: Tally {
                passed,
                failed,
                skipped,
            },
        }
    }

    #[test]
    fn all_steps_run_in_their_order() {
        let names: Vec<_> = chosen(&[]).into_iter().map(Step::name).collect();
        assert_eq!(
            names,
            [
                "packages", "fmt", "clippy", "doc", "deny", "ui", "unit", "fuzz", "e2e"
            ]
        );
        assert_eq!(
            chosen(&[Step::Unit, Step::Fmt, Step::Unit]),
            [Step::Fmt, Step::Unit]
        );
    }

    #[test]
    fn vulnerabilities_are_looked_up_where_there_is_a_list_of_them() {
        let home = sh::target().join("xtask/cargo-home");
        let lists = home.join("advisory-dbs");
        fs::create_dir_all(&lists).unwrap();
        assert!(!has_advisories(&home), "an empty folder is no list");
        fs::create_dir_all(lists.join("advisory-db-3157b0e258782691")).unwrap();
        assert!(has_advisories(&home));
        fs::remove_dir_all(&home).unwrap();
        assert!(!has_advisories(&home));
    }

    #[test]
    fn the_last_line_is_the_sum_and_nothing_else() {
        let done = [
            outcome(Step::Fmt, 0, 0, 0),
            outcome(Step::Deny, 0, 0, 1),
            outcome(Step::Unit, 31, 1, 2),
        ];
        let report = report(&done);
        assert!(
            report.ends_with("\n31 passed, 1 failed, 3 skipped\n"),
            "{report}"
        );
        assert!(report.contains("\nfmt            1.2 s\n"), "{report}");
    }

    #[test]
    fn a_runner_that_ran_no_test_has_failed() {
        let mut tally = Tally::default();
        let nothing = Sh::new("echo").args(["test result: ok. 0 passed; 0 failed; 2 ignored"]);
        let result = count(&nothing, Cargo::default(), &mut tally);
        assert!(matches!(result, Err(Error::NoTest)), "{result:?}");
        assert_eq!(tally.skipped, 2);
    }

    #[test]
    fn the_tests_of_a_failed_run_are_counted() {
        let mut tally = Tally::default();
        let script = "echo 'test result: FAILED. 3 passed; 1 failed; 0 ignored'; exit 101";
        let result = count(
            &Sh::new("sh").args(["-c", script]),
            Cargo::default(),
            &mut tally,
        );
        assert!(
            matches!(result, Err(Error::Sh(sh::Error::Failed { .. }))),
            "{result:?}"
        );
        assert_eq!(
            tally,
            Tally {
                passed: 3,
                failed: 1,
                skipped: 0
            }
        );
    }

    #[test]
    fn a_test_file_of_a_package_is_not_ours() {
        let home = sh::target().join("xtask/test-files");
        let files = [
            "call.test.mjs",
            "rtc/sdp.test.mjs",
            "rtc/sdp.mjs",
            "node_modules/x/x.test.mjs",
        ];
        for file in files {
            let path = home.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = test_files(&home).unwrap();
        assert_eq!(
            found,
            [Path::new("call.test.mjs"), Path::new("rtc/sdp.test.mjs")]
        );
        fs::remove_dir_all(&home).unwrap();
    }
}
