//! A data directory that others can look into is closed to them: made by hand, copied, or by a Ringdown of before.

use std::path::Path;

use crate::ipc::Notice;

/// Lets only its owner into what Ringdown has in the data directory, and into the directory if nothing else is in it.
/// What comes back is for the person, where others could have read their contacts or their key, or still see names.
#[cfg(unix)]
pub fn close_to_others(dir: &Path) -> Option<Notice> {
    use self::unix::{WRITE, close, entries, is_shared, mode};
    let before = mode(dir)?;
    let (ours, others) = entries(dir);
    let somebodys = ours.iter().any(|path| {
        ["ringdown.db", "identity.key", "identity.keyring"]
            .iter()
            .any(|name| path.ends_with(name))
    });
    let exposed = before & WRITE != 0 || ours.iter().any(|path| is_shared(path));
    for path in &ours {
        close(path);
    }
    if !unix::shared(before) {
        return None;
    }
    if others.is_empty() {
        close(dir);
    }
    if is_shared(dir) {
        tracing::warn!(
            "others can look into the data directory; only its files are closed to them"
        );
        return Some(Notice {
            code: "data_shared".into(),
            message: format!(
                "Other users of this computer can look into {}. Ringdown's own files there are closed to them, but better give Ringdown a folder of its own with --data-dir.",
                dir.display()
            ),
        });
    }
    tracing::warn!("the data directory was open to others; it is closed to them now");
    (somebodys && exposed).then(|| Notice {
        code: "data_open".into(),
        message: format!(
            "Other users of this computer could look into {}, where your contacts and perhaps your key are. Now only you can. If you do not trust them, begin anew with another --data-dir, and send your friends a new invite.",
            dir.display()
        ),
    })
}

/// Other systems' folders of a user's data are that user's.
#[cfg(not(unix))]
pub fn close_to_others(_: &Path) -> Option<Notice> {
    None
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    /// May others write?
    pub(super) const WRITE: u32 = 0o022;
    /// May others do anything?
    const ANYTHING: u32 = 0o077;

    pub(super) fn shared(mode: u32) -> bool {
        mode & ANYTHING != 0
    }

    pub(super) fn is_shared(path: &Path) -> bool {
        mode(path).is_some_and(shared)
    }

    /// None for what is not there or is a link.
    pub(super) fn mode(path: &Path) -> Option<u32> {
        let metadata = fs::symlink_metadata(path).ok()?;
        (!metadata.is_symlink()).then(|| metadata.permissions().mode())
    }

    /// What in a data directory is Ringdown's, and what is not.
    pub(super) fn entries(dir: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).partition(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            let name = name.as_deref().unwrap_or_default();
            let whole = ["lock", "control", "log", "pages", "backups", "restoring"];
            let begun = ["ringdown.db", "identity.", "before-"];
            whole.contains(&name) || begun.iter().any(|begin| name.starts_with(begin))
        })
    }

    /// Closes a file, or a folder and the files in it. Where that is not allowed, it is somebody else's.
    pub(super) fn close(path: &Path) {
        let Some(mode) = mode(path) else { return };
        if shared(mode) {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode & !ANYTHING));
        }
        // The pages' own storage has many files and nothing of ours in it: its folder's mode is enough.
        if path.is_dir() && !path.ends_with("pages") {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                let inside = entry.path();
                if let Some(mode) = self::mode(&inside)
                    && shared(mode)
                    && inside.is_file()
                {
                    let _ =
                        fs::set_permissions(&inside, fs::Permissions::from_mode(mode & !ANYTHING));
                }
            }
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::unix::mode;
    use super::*;

    fn open(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn file(path: &Path, mode: u32) {
        fs::write(path, "x").unwrap();
        open(path, mode);
    }

    #[test]
    fn a_directory_that_others_could_read_is_closed_and_the_person_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        open(dir, 0o755);
        assert_eq!(close_to_others(dir), None, "nothing was in it");
        assert_eq!(mode(dir).unwrap() & 0o777, 0o700);

        open(dir, 0o755);
        file(&dir.join("ringdown.db"), 0o644);
        file(&dir.join("identity.key"), 0o640);
        fs::create_dir(dir.join("log")).unwrap();
        open(&dir.join("log"), 0o755);
        file(&dir.join("log/ringdown.log"), 0o644);
        let told = close_to_others(dir).unwrap();
        assert_eq!(told.code, "data_open");
        for (name, wanted) in [
            ("", 0o700),
            ("ringdown.db", 0o600),
            ("identity.key", 0o600),
            ("log", 0o700),
            ("log/ringdown.log", 0o600),
        ] {
            let found = mode(&dir.join(name)).unwrap() & 0o777;
            assert_eq!(found, wanted, "{name} has {found:o}");
        }
        assert_eq!(close_to_others(dir), None, "once is enough");
    }

    #[test]
    fn a_directory_with_other_things_in_it_stays_as_it_is_but_for_our_files() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        open(home, 0o755);
        file(&home.join("program"), 0o755);
        file(&home.join("ringdown.db"), 0o644);
        std::os::unix::fs::symlink(home.join("program"), home.join("identity.key")).unwrap();
        for _ in 0..2 {
            let told = close_to_others(home).unwrap();
            assert_eq!(told.code, "data_shared");
        }
        assert_eq!(mode(home).unwrap() & 0o777, 0o755);
        assert_eq!(mode(&home.join("program")).unwrap() & 0o777, 0o755);
        assert_eq!(mode(&home.join("ringdown.db")).unwrap() & 0o777, 0o600);
    }
}
