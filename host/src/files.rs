//! Files that others read while they are written, or could put something else in the place of.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

/// How long a folder may take to be looked at, or written.
const DISK_TIME: Duration = Duration::from_secs(10);

/// Of drafts: two of one process, of files with one name, are two.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// Replaces a file by one with this content: whoever reads it sees the old one or the new one.
///
/// # Errors
/// It cannot be written; then it is as it was.
pub(crate) fn replace(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be written", file.display());
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = file.with_file_name(format!(".{name}.{}.{number}", std::process::id()));
    let write = || -> std::io::Result<()> {
        // What an earlier process left, or a link that somebody put there, is not written through.
        let _ = fs::remove_file(&draft);
        let mut out = File::create_new(&draft)?;
        if let Ok(old) = fs::metadata(file) {
            out.set_permissions(fs::Permissions::from_mode(old.permissions().mode()))?;
        }
        out.write_all(content)?;
        out.sync_all()?;
        fs::rename(&draft, file)
    };
    write()
        .inspect_err(|_| drop(fs::remove_file(&draft)))
        .with_context(cannot)
}

/// Reads a file whole, at most `longest` bytes: no link is followed, no pipe waited for, and no more than that is read. It may
/// be in a folder that jobs write.
///
/// # Errors
/// It is not there, no regular file, or longer.
pub(crate) fn read(file: &Path, longest: usize) -> io::Result<Vec<u8>> {
    read_with(file, longest, libc::O_NOFOLLOW)
}

/// The same of a file that its owner named, and may be a link.
///
/// # Errors
/// It is not there, no regular file, or longer.
pub(crate) fn read_named(file: &Path, longest: usize) -> io::Result<Vec<u8>> {
    read_with(file, longest, 0)
}

fn read_with(file: &Path, longest: usize, flags: i32) -> io::Result<Vec<u8>> {
    let opened = File::options()
        .read(true)
        .custom_flags(flags | libc::O_NONBLOCK)
        .open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    opened.take(longest as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() <= longest {
        true => Ok(bytes),
        false => Err(io::Error::other(format!("it is longer than {} MiB", longest >> 20))),
    }
}

/// Reads at most `most` bytes of a log from `from` on. Bounded, since whoever writes it may go on meanwhile.
///
/// # Errors
/// It is not there, or cannot be read.
pub(crate) fn read_part(file: &Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// By what a content is recognised.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Waits for the disk off the async threads, and not for ever.
///
/// # Errors
/// Those of `work`; it took too long.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match timeout(DISK_TIME, tokio::task::spawn_blocking(work)).await {
        Ok(done) => done.map_err(io::Error::other)?,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the disk did not answer within {DISK_TIME:?}"),
        )),
    }
}

/// Whether a link stands in the place of `path`, or on the way to it. Its links were resolved before.
pub(crate) fn leads_elsewhere(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real != path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_rights_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("namespace.toml");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let why = replace(Path::new("/nowhere/x"), b"").unwrap_err();
        assert!(
            format!("{why:#}").starts_with("/nowhere/x cannot be written"),
            "{why:#}"
        );
    }

    #[test]
    fn many_may_replace_a_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.json");
        let write = |content: &[u8]| (0..50).for_each(|_| replace(&file, content).unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| write(b"one"));
            scope.spawn(|| write(b"other"));
        });
        assert!([b"one".as_slice(), b"other"].contains(&fs::read(&file).unwrap().as_slice()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
