//! Files that are there whole or not at all, for their owner's eyes only.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::Path,
};

/// Held until dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Makes a directory that is missing, for its owner alone. One that is there is left as it is, and a wide one told of.
pub(super) fn make_directory(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&fs::metadata(dir)?.permissions()) & 0o077 != 0 {
        tracing::warn!(
            "other users of this machine may look into {0}. Better: chmod 700 {0}",
            dir.display()
        );
    }
    Ok(())
}

/// Locks a file, made where it is missing. `None` where somebody else has it.
pub(super) fn lock(path: &Path) -> io::Result<Option<Lock>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    owners_alone(&mut options);
    // On a disk that can only be read there may be notes all the same.
    let file = options.open(path).or_else(|_| File::open(path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The names in a directory; those that are no text are nobody's here.
pub(super) fn names(dir: &Path) -> io::Result<Vec<String>> {
    let names =
        fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
    names.filter_map(Result::transpose).collect()
}

/// Reads a file of at most `most` bytes. One that can't be understood is put aside, one that can't be read is left; both are told
/// by their name alone.
pub(super) fn read<T>(
    path: &Path,
    most: usize,
    understand: impl FnOnce(&[u8]) -> Option<T>,
) -> Option<T> {
    match read_all(path, most) {
        Ok(content) if content.len() <= most => {
            let understood = understand(&content);
            if understood.is_none() {
                put_aside(path);
            }
            understood
        }
        Ok(_) => {
            put_aside(path);
            None
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!("{} can't be read: {error}", path.display());
            None
        }
    }
}

/// One byte more where there are more.
fn read_all(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

fn put_aside(path: &Path) {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    match fs::rename(path, &aside) {
        Ok(()) => tracing::warn!("{} is damaged, and was put aside", path.display()),
        Err(error) => tracing::warn!(
            "{} is damaged, and can't be put aside: {error}",
            path.display()
        ),
    }
}

/// Puts a file in the place of another: after a crash there is the one or the other.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let replaced = write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        // On a full disk it would take the last room; what is left over is removed at the next start.
        drop(fs::remove_file(&temporary));
    }
    replaced
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    owners_alone(&mut options);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Removes files; those that can't be removed stay in the list.
///
/// # Errors
/// That of one of these.
pub(super) fn remove(dir: &Path, names: &mut Vec<String>) -> io::Result<()> {
    let mut removed = Ok(());
    names.retain(|name| match fs::remove_file(dir.join(name)) {
        Ok(()) => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => {
            removed = Err(error);
            true
        }
    });
    removed
}

/// Sees to it that what came and went in a directory is so after a loss of power too.
#[cfg(unix)]
pub(super) fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere a directory can't be opened as a file is.
#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn owners_alone(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

/// Elsewhere files are as private as the directory they are in.
#[cfg(not(unix))]
fn owners_alone(_: &mut OpenOptions) {}
