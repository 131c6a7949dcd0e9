//! Files that are on the disk when we say so, whole or not at all, and readable by their owner only.
//!
//! A file that is written and renamed is not safe before its folder is synced too: after a power failure the new name may
//! be missing although the bytes are there. Everything a person can't get back (key, contacts, backups) goes through here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

/// Writes a file under a new name.
///
/// # Errors
/// When it can't be written, or there is one of that name; what is there stays.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link, unlike a rename, fails where there is something already.
    write(path, bytes, |partial, path| {
        fs::hard_link(partial, path)?;
        fs::remove_file(partial)
    })
}

/// Writes a file in the place of the one that is there.
///
/// # Errors
/// When it can't be written; the old one is as it was then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, |partial, path| fs::rename(partial, path))
}

fn write(
    path: &Path,
    bytes: &[u8],
    put: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let partial = path.with_extension("partial");
    remove(&partial)?;
    let mut file = create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    put(&partial, path)?;
    sync_parent(path)
}

/// Makes an empty file that is not there yet.
///
/// # Errors
/// When there is one, or it can't be made.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    options.open(path)
}

/// Copies a file, whoever could read the original. Where there is none, there is nothing to do.
///
/// # Errors
/// When it can't be read or written.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut copy = create(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    sync_parent(to)
}

/// Puts a file in the place of another, for good.
///
/// # Errors
/// When that can't be done; both are as they were, or it is done and may not outlast a power failure.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_parent(to)
}

/// Removes a file if it is there.
///
/// # Errors
/// When it is there and stays.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What was created, renamed or removed in a folder outlasts a power failure from now on.
///
/// # Errors
/// When the folder can't be synced.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    // Elsewhere a folder can't be opened as a file, and the system keeps its names in order.
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_dir)
}

/// New files are for their owner, whatever the umask says.
pub fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_written_is_whole_private_and_never_in_the_place_of_something_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        // Left over by a start that was cut off, and open to everybody.
        fs::write(dir.path().join("key.partial"), "half").unwrap();
        write_new(&path, b"first").unwrap();
        assert_eq!(
            write_new(&path, b"second").unwrap_err().kind(),
            ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read(&path).unwrap(), b"first");
        replace(&path, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let copied = dir.path().join("copy");
        copy(&path, &copied).unwrap();
        copy(&dir.path().join("nothing"), &dir.path().join("nowhere")).unwrap();
        for path in fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert!(
                matches!(
                    (name.as_str(), mode),
                    ("key", 0o644) | ("copy" | "key.partial", 0o600)
                ),
                "{name} has mode {mode:o}"
            );
        }
    }
}
