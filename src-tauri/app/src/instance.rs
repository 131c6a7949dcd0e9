//! One running app a data directory: a lock that dies with the process, whatever kills it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::durable;

/// Held as long as this process uses the data directory.
#[derive(Debug)]
pub struct InstanceLock(#[allow(dead_code, reason = "held for its lock, released by drop")] File);

/// Why the data directory can't be had.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Another process holds it.
    #[error("Ringdown is already running with the data directory {}. Use that window, or start with another --data-dir.", .0.display())]
    Running(PathBuf),
    /// It can't be made or written.
    #[error("The data directory {} can't be used: {source}. Check that the disk has room and that you may write there.", path.display())]
    Unusable {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl InstanceLock {
    /// Makes the directory where it is missing (for its owner only) and locks it.
    ///
    /// # Errors
    /// [`InstanceError`] says whether somebody else holds it or it can't be used at all.
    pub fn take(data_dir: &Path) -> Result<Self, InstanceError> {
        let unusable = |source| InstanceError::Unusable {
            path: data_dir.to_owned(),
            source,
        };
        make_private_dir(data_dir).map_err(unusable)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        durable::private(&mut options);
        let file = options.open(data_dir.join("lock")).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(InstanceError::Running(data_dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}

/// The D-Bus name under which a second start with the same data directory finds this one.
#[must_use]
pub fn bus_name(data_dir: &Path) -> String {
    let digest = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
    let tag: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("app.ringdown.desktop.d{tag}")
}

/// Makes a directory that only its owner may enter, and those above it where they are missing.
///
/// # Errors
/// When it can't be made.
pub fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_on_one_directory_is_refused_until_the_first_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("alice");
        let first = InstanceLock::take(&data).unwrap();
        let refused = InstanceLock::take(&data).unwrap_err();
        assert!(matches!(refused, InstanceError::Running(_)));
        drop(first);
        InstanceLock::take(&data).unwrap();
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = InstanceLock::take(file.path()).unwrap_err().to_string();
        assert!(error.contains("can't be used"), "{error}");
    }

    #[test]
    fn each_data_directory_has_a_bus_name_of_its_own() {
        assert_ne!(
            bus_name(Path::new("/tmp/alice")),
            bus_name(Path::new("/tmp/bob"))
        );
    }
}
