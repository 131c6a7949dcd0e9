//! Log files of a bounded size: `ringdown.log`, and what was before it in `ringdown.1.log` to `ringdown.7.log`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::durable;

/// How many files there are, the one that is written among them.
const FILES: usize = 8;
/// The largest, in bytes.
const MAX_SIZE: u64 = 2 << 20;
/// The longest line, in bytes: what is longer is cut off.
const MAX_LINE: usize = 8 << 10;

/// A file that is put aside when it is full, and the oldest one with it removed.
#[derive(Debug)]
pub struct RotatingFile {
    folder: PathBuf,
    file: File,
    size: u64,
}

impl RotatingFile {
    /// Goes on with the file that is there. Logs of Ringdowns that named them by the day are removed: nobody bounded those.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        for entry in fs::read_dir(folder)?.flatten() {
            let name = entry.file_name();
            let day = name.to_string_lossy();
            if day.ends_with(".log") && day.starts_with(|first: char| first.is_ascii_digit()) {
                durable::remove(&entry.path())?;
            }
        }
        let file = open(&name(folder, 0))?;
        let size = file.metadata()?.len();
        Ok(Self {
            folder: folder.to_owned(),
            file,
            size,
        })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for age in (1..FILES).rev() {
            match fs::rename(name(&self.folder, age - 1), name(&self.folder, age)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = open(&name(&self.folder, 0))?;
        Ok(())
    }
}

impl Write for RotatingFile {
    /// A whole line, as the worker of the log hands them over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.size + line.len().min(MAX_LINE) as u64 > MAX_SIZE {
            if self.rotate().is_err() {
                // Without a second file the first one begins anew: bounded all the same.
                self.file.set_len(0)?;
            }
            self.size = 0;
        }
        match line.get(..MAX_LINE) {
            Some(begin) if line.len() > MAX_LINE => {
                let end = "…\n".as_bytes();
                self.file
                    .write_all(begin.get(..MAX_LINE - end.len()).unwrap_or_default())?;
                self.file.write_all(end)?;
            }
            _ => self.file.write_all(line)?,
        }
        self.size += line.len().min(MAX_LINE) as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The file that was put aside so many times.
fn name(folder: &Path, age: usize) -> PathBuf {
    match age {
        0 => folder.join("ringdown.log"),
        age => folder.join(format!("ringdown.{age}.log")),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    durable::private(&mut options);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(folder: &Path) -> Vec<u64> {
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
        files.sort_by_key(fs::DirEntry::file_name);
        files
            .iter()
            .map(|file| file.metadata().unwrap().len())
            .collect()
    }

    #[test]
    fn a_million_lines_are_sixteen_megabytes_on_the_disk_and_the_last_ones_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("2026-11-24.log"), vec![b'x'; 9 << 20]).unwrap();
        let mut log = RotatingFile::open(folder).unwrap();
        for number in 0..1_000_000 {
            let line = format!("{number:07} WARN a message was dropped: no such session\n");
            log.write_all(line.as_bytes()).unwrap();
        }
        let sizes = sizes(folder);
        assert_eq!(sizes.len(), FILES);
        assert!(sizes.iter().all(|size| *size <= MAX_SIZE), "{sizes:?}");
        let newest = fs::read_to_string(name(folder, 0)).unwrap();
        assert!(newest.lines().next_back().unwrap().starts_with("0999999 "));
        let older = fs::read_to_string(name(folder, 1)).unwrap();
        let [last, first] = [older.lines().next_back(), newest.lines().next()]
            .map(|line| line.unwrap()[..7].parse::<u32>().unwrap());
        assert_eq!(last + 1, first, "nothing is lost where a file ends");
    }

    #[test]
    fn a_restart_goes_on_where_the_log_was_and_a_line_without_end_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut log = RotatingFile::open(folder).unwrap();
        log.write_all(b"yesterday\n").unwrap();
        drop(log);
        let mut log = RotatingFile::open(folder).unwrap();
        for _ in 0..3 * MAX_SIZE / MAX_LINE as u64 {
            log.write_all(&[b'x'; 1 << 20]).unwrap();
        }
        assert!(sizes(folder).iter().all(|size| *size <= MAX_SIZE));
        let oldest = fs::read_to_string(name(folder, 3)).unwrap();
        assert!(oldest.starts_with("yesterday\nxxx"), "{}", &oldest[..20]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_log() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        RotatingFile::open(folder.path()).unwrap();
        let mode = fs::metadata(name(folder.path(), 0))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
