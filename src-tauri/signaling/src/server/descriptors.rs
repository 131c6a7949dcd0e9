//! How many files and sockets this process may have open at once. Each connection is one.

/// The most that macOS takes where it names no limit of its own (`OPEN_MAX`).
#[cfg(unix)]
const ALWAYS_TAKEN: u64 = 10_240;

/// Raises the limit to what the system allows this process without asking anybody, at most to `wanted`; gives what it is then.
/// None where there is no such limit.
#[cfg(unix)]
pub fn raise_descriptor_limit(wanted: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX).min(wanted);
    for current in [most, most.min(ALWAYS_TAKEN)] {
        if limit.current.is_none_or(|now| now >= current) {
            break;
        }
        let raised = Rlimit {
            current: Some(current),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            break;
        }
    }
    descriptor_limit()
}

/// What the limit is now. None where there is no such limit.
#[cfg(unix)]
#[must_use]
pub fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Here there is no such limit.
#[cfg(not(unix))]
pub fn raise_descriptor_limit(_wanted: u64) -> Option<u64> {
    None
}

/// Here there is no such limit.
#[cfg(not(unix))]
#[must_use]
pub fn descriptor_limit() -> Option<u64> {
    None
}
