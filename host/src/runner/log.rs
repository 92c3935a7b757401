//! The run's log folder: the files `stdout` and `stderr`, each bounded. A run that printed nothing has none: most runs of
//! checks do not, and they are many.
//!
//! Owns their creation, their permissions and the counting of what did not fit. What is made of them (a report, the
//! `logs` verb, clean-up) is left to others. Nothing here is synced to the disk: what a report needs of the output is
//! in the database, in the commit that ends the run, and a log that a power cut shortens is still a log.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use innkeeper_core::config::Limits;
use innkeeper_core::run::Captured;

const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";

/// The log of one run while it is written.
#[derive(Debug)]
pub struct RunLog {
    /// What the run writes to its standard output.
    pub stdout: LogFile,
    /// What the run writes to its standard error.
    pub stderr: LogFile,
}

impl RunLog {
    /// Makes `folder`, its parents as needed (0700, since output may be secret), and the two files (0600).
    ///
    /// # Errors
    /// The folder or a file cannot be made. A file that is there already is an error: no run overwrites another's log.
    pub fn create(folder: &Path, limits: &Limits) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self {
            stdout: LogFile::create(folder.join(STDOUT), limits.stdout)?,
            stderr: LogFile::create(folder.join(STDERR), limits.stderr)?,
        })
    }

    /// The same, made when something is written. What cannot be made loses the output, which is counted and logged.
    pub fn when_written(folder: &Path, limits: &Limits) -> Self {
        Self {
            stdout: LogFile::when_written(folder.join(STDOUT), limits.stdout),
            stderr: LogFile::when_written(folder.join(STDERR), limits.stderr),
        }
    }

    /// Closes both files and says what was kept of stdout and of stderr. Where nothing was, the folder is taken away.
    pub fn finish(self) -> (Captured, Captured) {
        let (stdout, stderr) = (self.stdout.finish(), self.stderr.finish());
        if stdout.kept + stderr.kept == 0 {
            take_away(&stdout, &stderr);
        }
        (stdout, stderr)
    }

    /// What was captured of a run that wrote nothing: for an outcome where the log could not even be made.
    pub fn nothing(folder: &Path) -> (Captured, Captured) {
        let nothing = |name| Captured {
            path: folder.join(name),
            ..Captured::default()
        };
        (nothing(STDOUT), nothing(STDERR))
    }
}

/// Takes away the files of a run that printed nothing. What is in its folder besides is not ours, and stays with it.
fn take_away(stdout: &Captured, stderr: &Captured) {
    for file in [&stdout.path, &stderr.path] {
        // It was never made, or nobody misses it.
        let _ = fs::remove_file(file);
    }
    if let Some(folder) = stdout.path.parent() {
        let _ = fs::remove_dir(folder);
    }
}

/// One bounded file. It takes everything, keeps the first bytes up to its limit, and counts the rest.
#[derive(Debug)]
pub struct LogFile {
    /// None: nothing was written yet.
    file: Option<File>,
    limit: u64,
    captured: Captured,
    /// Whether the last byte that was kept ends no line.
    within_line: bool,
    trouble: Option<io::Error>,
}

impl LogFile {
    /// Makes the file at `path`, to keep at most `limit` bytes.
    ///
    /// # Errors
    /// It cannot be made, or it is there already.
    pub fn create(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = open(&path)?;
        Ok(Self {
            file: Some(file),
            ..Self::when_written(path, limit)
        })
    }

    /// A file at `path` that is made, with its folder, when something is written.
    pub fn when_written(path: PathBuf, limit: u64) -> Self {
        Self {
            file: None,
            limit,
            captured: Captured {
                path,
                ..Captured::default()
            },
            within_line: false,
            trouble: None,
        }
    }

    /// The file, which is made where it is not there yet.
    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                if let Some(folder) = self.captured.path.parent() {
                    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                }
                open(&self.captured.path)?
            }
        };
        Ok(self.file.insert(file))
    }

    /// Takes `bytes`. It never fails: what is past the limit, or cannot be written because the disk is full, is lost
    /// and counted. After a failed write everything is lost, so that what was kept has no hole in it.
    pub fn write(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.captured.kept);
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let mut rest = &bytes[..fits];
        while !rest.is_empty() && self.trouble.is_none() {
            match self.file().and_then(|file| file.write(rest)) {
                Ok(0) => self.trouble = Some(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.captured.kept += written as u64;
                    self.within_line = rest[written - 1] != b'\n';
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.trouble = Some(error),
            }
        }
        self.captured.lost += (rest.len() + bytes.len() - fits) as u64;
    }

    /// Writes what the host itself has to say, on lines of its own. It comes on top of the limit: a program that fills
    /// its log must not silence the host.
    pub fn say(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let start = if self.within_line { "\n" } else { "" };
        let text = format!("{start}{text}");
        self.limit = self.limit.saturating_add(text.len() as u64);
        self.write(text.as_bytes());
    }

    /// Counts `bytes` as written and lost, without looking at them.
    pub fn lose(&mut self, bytes: u64) {
        self.captured.lost = self.captured.lost.saturating_add(bytes);
    }

    /// Whether nothing more will be kept.
    pub fn is_full(&self) -> bool {
        self.trouble.is_some() || self.captured.kept >= self.limit
    }

    /// Why nothing more could be written, where the file itself failed (a full disk).
    pub fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref()
    }

    /// Closes the file and says what was kept. A failed write is logged here, once.
    pub fn finish(self) -> Captured {
        if let Some(error) = &self.trouble {
            tracing::warn!(
                path = %self.captured.path.display(),
                lost_bytes = self.captured.lost,
                %error,
                "output of a run could not be written to its log"
            );
        }
        self.captured
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn limits(stdout: u64, stderr: u64) -> Limits {
        Limits {
            wall_time: Duration::from_secs(1),
            cpu_time: Duration::ZERO,
            memory: 0,
            disk: 0,
            stdout,
            stderr,
        }
    }

    #[test]
    fn each_stream_keeps_its_first_bytes_and_counts_the_rest() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs/demo_hello/1");
        let mut log = RunLog::create(&folder, &limits(5, 3)).unwrap();
        log.stdout.write(b"hel");
        assert!(!log.stdout.is_full());
        log.stdout.write(b"lo you");
        assert!(log.stdout.is_full());
        log.stderr.write(b"abc");
        let (stdout, stderr) = log.finish();
        assert_eq!((stdout.kept, stdout.lost), (5, 4));
        assert_eq!((stderr.kept, stderr.lost), (3, 0));
        assert_eq!(std::fs::read(stdout.path).unwrap(), b"hello");
        assert_eq!(std::fs::read(stderr.path).unwrap(), b"abc");
    }

    #[test]
    fn a_full_log_has_room_for_what_the_host_says() {
        let home = tempfile::tempdir().unwrap();
        let mut log = LogFile::create(home.path().join("x"), 4).unwrap();
        log.write(b"flooded");
        log.say("refused\n");
        log.say("");
        log.write(b"more");
        log.say("twice\n");
        let captured = log.finish();
        assert_eq!(captured.lost, 7);
        assert_eq!(std::fs::read(captured.path).unwrap(), b"floo\nrefused\ntwice\n");
    }

    #[test]
    fn nobody_else_can_read_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs/demo_hello");
        RunLog::create(&folder, &limits(1, 1)).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home.path().join("logs")), 0o700);
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("stdout")), 0o600);
    }

    #[test]
    fn a_log_is_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        RunLog::create(home.path(), &limits(1, 1)).unwrap();
        let again = RunLog::create(home.path(), &limits(1, 1)).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_full_disk_loses_output_and_fails_nothing() {
        let mut log = LogFile {
            file: Some(OpenOptions::new().write(true).open("/dev/full").unwrap()),
            ..LogFile::when_written(PathBuf::new(), 100)
        };
        log.write(b"hello");
        log.write(b" you");
        assert_eq!(log.trouble().unwrap().kind(), io::ErrorKind::StorageFull);
        let captured = log.finish();
        assert_eq!((captured.kept, captured.lost), (0, 9));
    }

    #[test]
    fn what_printed_nothing_has_no_folder() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs/demo_hello/1");
        RunLog::create(&folder, &limits(5, 3)).unwrap().finish();
        assert!(!folder.exists());
        let mut log = RunLog::when_written(&folder, &limits(5, 3));
        assert!(!folder.exists());
        log.stderr.write(b"abc");
        let (stdout, stderr) = log.finish();
        assert!(!stdout.path.exists());
        assert_eq!(std::fs::read(stderr.path).unwrap(), b"abc");
        let beside = RunLog::create(&home.path().join("beside"), &limits(5, 3)).unwrap();
        std::fs::write(home.path().join("beside/core"), "a job's own").unwrap();
        beside.finish();
        assert!(home.path().join("beside/core").exists());
    }

    #[test]
    fn where_it_cannot_be_made_output_is_lost_and_counted() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("logs"), "no folder").unwrap();
        let mut log = RunLog::when_written(&home.path().join("logs/1"), &limits(5, 3));
        log.stdout.write(b"hello");
        assert!(log.stdout.trouble().is_some());
        assert_eq!(log.finish().0.lost, 5);
    }

    proptest! {
        #[test]
        fn nothing_is_uncounted(limit in 0_u64..64, writes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let home = tempfile::tempdir().unwrap();
            let mut log = LogFile::create(home.path().join("x"), limit).unwrap();
            for bytes in &writes {
                log.write(bytes);
            }
            let captured = log.finish();
            let all = writes.concat();
            prop_assert_eq!(captured.kept + captured.lost, all.len() as u64);
            let kept = std::fs::read(captured.path).unwrap();
            prop_assert_eq!(kept.len() as u64, limit.min(all.len() as u64));
            prop_assert!(all.starts_with(&kept));
        }
    }
}
