//! Where the processor's time goes: `perf` looks some hundred times a second at what every core does.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::Result;

/// Looks a second; not a divisor of anything that happens regularly.
const HZ: u32 = 199;

/// What a kind of thread did in a library.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The thread's name.
    pub thread: String,
    /// The library, or what stands for one.
    pub library: String,
    /// In hundredths of a core.
    pub core: f64,
}

/// Watches the whole machine for so long.
///
/// # Errors
/// When `perf` (Debian's linux-perf) is missing or may not look.
pub async fn record(folder: &Path, time: Duration) -> Result<Vec<Share>> {
    let file = folder.join("perf.data");
    let seconds = time.as_secs().to_string();
    let status = perf()
        .args(["record", "-q", "-e", "cpu-clock", "-a", "-F"])
        .arg(HZ.to_string())
        .arg("-o")
        .arg(&file)
        .args(["--", "sleep", &seconds])
        .stdout(Stdio::null())
        .status()
        .await
        .map_err(|error| format!("perf (linux-perf) can't be started: {error}"))?;
    if !status.success() {
        return Err("perf may not look at this machine".into());
    }
    let told = perf()
        .args([
            "report",
            "-q",
            "--stdio",
            "-t",
            "|",
            "--fields=sample,comm,dso",
            "-i",
        ])
        .arg(&file)
        .stderr(Stdio::null())
        .output()
        .await?;
    let all = f64::from(HZ) * time.as_secs_f64();
    Ok(read(&String::from_utf8_lossy(&told.stdout), all))
}

fn perf() -> Command {
    let mut command = Command::new("perf");
    command.kill_on_drop(true);
    command
}

/// Reads lines of `SAMPLES|THREAD|LIBRARY`, of which `all` would be a whole core; the greatest first.
#[must_use]
pub fn read(report: &str, all: f64) -> Vec<Share> {
    let mut found: Vec<Share> = Vec::new();
    for line in report.lines() {
        let mut fields = line.split('|').map(str::trim);
        let (Some(samples), Some(thread), Some(library)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let Ok(samples) = samples.parse::<f64>() else {
            continue;
        };
        // Idle cores; and compiled code, which is named by the process.
        if thread == "swapper" {
            continue;
        }
        let library = if library.starts_with("[JIT]") {
            "[JIT]"
        } else {
            library
        };
        let core = 100.0 * samples / all;
        let same = |share: &&mut Share| share.thread == thread && share.library == library;
        match found.iter_mut().find(same) {
            Some(share) => share.core += core,
            None => found.push(Share {
                thread: thread.into(),
                library: library.into(),
                core,
            }),
        }
    }
    found.sort_by(|one, other| other.core.total_cmp(&one.core));
    found
}
