//! Processor time and memory of an app and the web processes it started, from /proc.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Result;

/// What one process has used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// User and system time since it started.
    pub cpu: Duration,
    /// Proportional set size, in KiB: shared pages are split among those who share them.
    pub pss: u64,
}

impl Usage {
    /// Memory in MB (10^6 bytes).
    #[must_use]
    pub fn pss_megabytes(self) -> f64 {
        self.pss as f64 * 1024.0 / 1e6
    }
}

/// The process and all its descendants, by name.
///
/// # Errors
/// When /proc can't be read.
pub async fn of(pid: u32) -> Result<BTreeMap<String, Usage>> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![pid];
    while let Some(pid) = waiting.pop() {
        waiting.extend(children(pid).await);
        let stat = tokio::fs::read_to_string(format!("/proc/{pid}/stat")).await?;
        let name = stat.split(['(', ')']).nth(1).unwrap_or("?").to_owned();
        // After the name come the fields from the third on; 14 and 15 are user and system time in ticks of 10 ms.
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks: u64 = [11, 12]
            .iter()
            .filter_map(|field| fields.get(*field)?.parse::<u64>().ok())
            .sum();
        let usage: &mut Usage = all.entry(name).or_default();
        usage.cpu += Duration::from_millis(ticks * 10);
        usage.pss += pss(pid).await;
    }
    Ok(all)
}

/// The descendants of a process whose name begins so (the kernel keeps 15 bytes of a name). A process that is shut in a
/// sandbox is no child of who started it, but of the program that made the sandbox.
pub async fn descendants(pid: u32, name: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut waiting = children(pid).await;
    while let Some(pid) = waiting.pop() {
        waiting.extend(children(pid).await);
        let called = tokio::fs::read_to_string(format!("/proc/{pid}/comm")).await;
        if called.is_ok_and(|called| called.starts_with(name)) {
            found.push(pid);
        }
    }
    found
}

/// When a process was started, in milliseconds of Unix time, to 10 ms.
///
/// # Errors
/// When /proc can't be read.
pub async fn started(pid: u32) -> Result<f64> {
    let stat = tokio::fs::read_to_string(format!("/proc/{pid}/stat")).await?;
    // Field 22: ticks of 10 ms since the machine started.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = rest.split_whitespace().nth(19).ok_or("no start")?.parse()?;
    let uptime = tokio::fs::read_to_string("/proc/uptime").await?;
    let uptime: f64 = uptime
        .split_whitespace()
        .next()
        .ok_or("no uptime")?
        .parse()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok((now.as_secs_f64() - uptime) * 1000.0 + ticks * 10.0)
}

/// How many pages of its files, such as its program text, a process has in memory.
///
/// # Errors
/// When /proc can't be read.
pub async fn text(pid: u32) -> Result<u64> {
    let pages = tokio::fs::read_to_string(format!("/proc/{pid}/statm")).await?;
    let shared = pages.split_whitespace().nth(2).ok_or("no pages")?;
    Ok(shared.parse()?)
}

async fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let Ok(mut tasks) = tokio::fs::read_dir(format!("/proc/{pid}/task")).await else {
        return found;
    };
    while let Ok(Some(task)) = tasks.next_entry().await {
        let list = tokio::fs::read_to_string(task.path().join("children"))
            .await
            .unwrap_or_default();
        found.extend(
            list.split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
    }
    found
}

async fn pss(pid: u32) -> u64 {
    let rollup = tokio::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .await
        .unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or_default()
}

/// What this machine is, for the table.
pub async fn machine() -> String {
    let info = tokio::fs::read_to_string("/proc/cpuinfo")
        .await
        .unwrap_or_default();
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.split(':').nth(1))
    };
    let model = field("model name")
        .unwrap_or("unknown processor")
        .trim()
        .to_owned();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} × {model}, no GPU, Xvfb")
}
