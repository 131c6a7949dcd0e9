//! Running apt-get: as root or through sudo, without a question, and without ever removing anything.

use std::io::IsTerminal;

use crate::sh::{self, Sh};

/// Why apt-get could not be run, or what it made of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither root nor sudo.
    #[error(
        "these packages are missing, and there is no sudo here. As root:\n\n    apt-get install {0}\n"
    )]
    NotRoot(String),
    /// apt-get said no.
    #[error(
        "the packages could not be installed: {source}. What apt-get said above tells why; where it speaks of \
         packages that are not found, Debian 12, Ubuntu 22.04 or something newer is needed; where it would have to \
         remove others, that is for you to decide: apt-get install {packages}"
    )]
    Refused {
        /// The packages asked for.
        packages: String,
        /// How apt-get ended.
        source: sh::Error,
    },
}

/// apt-get with the rights it needs, asking nothing.
pub struct Apt {
    root: bool,
}

impl Apt {
    /// Finds out how; fails, naming what is missing, where there is no way to.
    pub fn new(missing: &[&str]) -> Result<Self, Error> {
        let root = Sh::new("id").args(["-u"]).read();
        let root = root.is_ok_and(|id| id.trim() == "0");
        if root || Sh::new("sudo").args(["--version"]).succeeds() {
            Ok(Self { root })
        } else {
            Err(Error::NotRoot(missing.join(" ")))
        }
    }

    /// Whether it is worth trying to install these: for root it costs nothing, anyone else may have to type a
    /// password, so the lists of packages, as old as they are, should hold them.
    pub fn is_worth_trying(&self, packages: &[&str]) -> bool {
        let shown = Sh::new("apt-cache").args(["show"]).args(packages);
        self.root || shown.succeeds()
    }

    /// Brings the lists of packages up to date. Lists that are old, or one source that is down, need not keep a
    /// package from being found, so going on is right.
    pub fn update(&self) {
        if self.run(&["update"]).is_err() {
            eprintln!("xtask: the lists of packages are not up to date; trying all the same");
        }
    }

    /// Installs these, without whatever else is recommended to go with them, and removes nothing.
    pub fn install(&self, packages: &[&str]) -> Result<(), Error> {
        let mut args = vec!["install", "--yes", "--no-install-recommends", "--no-remove"];
        args.extend(packages);
        self.run(&args).map_err(|source| Error::Refused {
            packages: packages.join(" "),
            source,
        })
    }

    fn run(&self, args: &[&str]) -> Result<(), sh::Error> {
        let mut words = Vec::new();
        if !self.root {
            words.push("sudo");
            if !std::io::stdin().is_terminal() {
                words.push("--non-interactive");
            }
        }
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        words.extend([
            "-qq",
            "--option=Acquire::Retries=3",
            "--option=DPkg::Lock::Timeout=300",
        ]);
        words.extend(args);
        let (program, args) = words.split_first().unwrap_or((&"apt-get", &[]));
        Sh::new(program).args(args).run()
    }
}
