//! `cargo xtask`: everything a developer runs, on a fresh machine as well as on an old one.
//!
//! ```text
//! cargo xtask run [-- APP ARGUMENTS]   install what is missing, build, start the app
//! cargo xtask demo [--seconds N]       two windows, Alice calls Bob
//! cargo xtask test [STEP…]             every check there is, or only the steps named
//! cargo xtask bench call               measure a call between two windows
//! cargo xtask bench idle               measure its start, and the app that waits in the background
//! cargo xtask bench media [--scenario A,B] [--who A,B] [--repeats N]  pictures and voice beside Chromium's
//! cargo xtask fuzz [--seconds N] [TARGET…]  feed the parsers with hostile input
//! cargo xtask types [--check]          write (or check) ui/types.d.ts from the Rust types
//! cargo xtask licences [--check]       write (or check) the list of licences that the app shows
//! cargo xtask bundle                   the .deb, the .rpm, the AppImage
//! ```
//!
//! Each command shows the programs it starts as they would be typed, so that any of them can be run by hand.

mod apt;
mod bench;
mod bundle;
mod by_hand;
mod demo;
mod distribution;
mod e2e;
mod fuzz;
mod licences;
mod packages;
mod pulse;
mod run;
mod sh;
mod tally;
mod test;
mod types;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Everything a developer of Ringdown runs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install missing system packages, build the app and start it
    Run {
        /// Arguments for the app, after `--`
        #[arg(last = true, value_name = "APP ARGUMENTS")]
        app: Vec<OsString>,
    },
    /// Open two windows, Alice's and Bob's, already contacts; she calls him
    Demo {
        /// Hang up and end after this many seconds (default: when a window is closed)
        #[arg(long, value_name = "N")]
        seconds: Option<u32>,
    },
    /// Run every check, or only the steps named, and count the tests
    Test {
        /// Steps to run, in this order whatever the order given (default: all)
        #[arg(value_enum, value_name = "STEP")]
        steps: Vec<test::Step>,
    },
    /// Measure
    Bench {
        /// What to measure
        #[command(subcommand)]
        what: bench::What,
    },
    /// Feed every parser of what others send with hostile input
    Fuzz {
        /// Seconds for each target
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
        /// Targets (default: all)
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
    },
    /// Write ui/types.d.ts from the Rust types
    Types {
        /// Only check that it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Write the list of licences of what is in the app
    Licences {
        /// Only check that it is up to date
        #[arg(long)]
        check: bool,
    },
    /// Make the packages: .deb, .rpm and, where its tools can be fetched, AppImage
    Bundle,
}

fn main() -> ExitCode {
    match dispatch(Args::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(task: Task) -> Result<ExitCode, Box<dyn Error>> {
    match task {
        Task::Run { app } => Ok(run::run(&app)?),
        Task::Demo { seconds } => Ok(demo::demo(seconds)?),
        Task::Test { steps } => Ok(test::test(&steps)),
        Task::Bench { what } => Ok(bench::bench(&what)?),
        Task::Fuzz { seconds, targets } => Ok(fuzz::fuzz(&targets, seconds)?),
        Task::Types { check } => Ok(types::types(check)?),
        Task::Licences { check } => Ok(licences::licences(&sh::root(), check)?),
        Task::Bundle => Ok(bundle::bundle()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_follows_the_dashes_is_the_apps() {
        let args =
            Args::try_parse_from(["xtask", "run", "--", "--fake-media", "call", "Bob"]).unwrap();
        let Task::Run { app } = args.task else {
            panic!("not run: {args:?}")
        };
        assert_eq!(app, ["--fake-media", "call", "Bob"]);
    }

    #[test]
    fn a_step_that_does_not_exist_is_refused_with_those_that_do() {
        let error = Args::try_parse_from(["xtask", "test", "lint"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("clippy"), "{error}");
    }
}
