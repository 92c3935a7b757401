//! Files that others read while they are written, or could put something else in the place of.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;

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
