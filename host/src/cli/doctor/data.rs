//! The data folder: whether a host can keep its queue there, and who is at work in it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use innkeeper_core::store::Store;
use rustix::fs::{StatVfs, statfs, statvfs};

use super::{Case, Finding};
use crate::app::SOCKET;

const ABOUT: &str = "data folder";

/// Below this, the host will soon be unable to keep what it accepts; and below that, it is worth knowing.
const TOO_LITTLE: u64 = 100 << 20;
const LITTLE: u64 = 1 << 30;

/// File systems whose files are elsewhere, by the numbers that Linux has for them (`linux/magic.h`). SQLite's write-ahead
/// log and locks need the memory of one machine.
const REMOTE: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x5346_414F, "AFS"),
    (0x00C3_6400, "Ceph"),
    (0x0102_1997, "9p"),
    (0x7375_7245, "Coda"),
];

/// Whether the host can keep its queue there.
pub(super) async fn folder(case: &Case) -> Vec<Finding> {
    let data_dir = &case.config.data_dir;
    let there = match there(data_dir) {
        Ok(there) => there,
        Err(finding) => return vec![finding],
    };
    let mut findings = vec![works(data_dir, &there, try_out(&there).await)];
    findings.extend(file_system(&there));
    findings.extend(statvfs(&there).ok().and_then(|found| space(&there, &found)));
    if there == *data_dir {
        findings.extend(rights(data_dir, fs::metadata(data_dir).ok().as_ref()));
    }
    findings
}

/// The data folder; where it is still to be made, the nearest folder above it.
fn there(data_dir: &Path) -> Result<PathBuf, Finding> {
    let first = data_dir.ancestors().find(|path| path.symlink_metadata().is_ok());
    match first {
        Some(path) if path.is_dir() => Ok(path.to_owned()),
        Some(path) => Err(Finding::problem(
            ABOUT,
            format!("{} is no folder", path.display()),
            "move it away, or let `data_dir` name another place",
        )),
        None => Err(Finding::problem(
            ABOUT,
            format!("no part of {} is there", data_dir.display()),
            "let `data_dir` name another place",
        )),
    }
}

/// Makes a queue in a folder of its own, and takes it away again.
async fn try_out(folder: &Path) -> Result<(), String> {
    let trial = folder.join(format!(".doctor-{}", std::process::id()));
    let says = |error: io::Error| error.to_string();
    fs::create_dir(&trial).map_err(says)?;
    let opened = match Store::open(&trial) {
        Ok(store) => {
            let answers = store.answers().await.map_err(|error| error.to_string());
            store.close().await;
            answers
        }
        Err(error) => Err(error.to_string().replace(&trial.display().to_string(), "…")),
    };
    let removed = fs::remove_dir_all(&trial).map_err(says);
    opened.and(removed)
}

fn works(data_dir: &Path, there: &Path, tried: Result<(), String>) -> Finding {
    let shown = data_dir.display();
    match tried {
        Ok(()) if there == data_dir => Finding::ok(ABOUT, format!("{shown} can hold a queue")),
        Ok(()) => Finding::ok(ABOUT, format!("{shown} is not there yet, and can be made")),
        Err(why) => Finding::problem(
            ABOUT,
            format!("no queue can be kept in {}: {why}", there.display()),
            "let the host's user write there, on a local disk with room; or let `data_dir` name another place",
        ),
    }
}

fn file_system(there: &Path) -> Option<Finding> {
    // The type has another width on each kind of machine.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the numbers have 32 bits"
    )]
    let kind = statfs(there).ok()?.f_type as u32;
    let (_, name) = REMOTE.iter().find(|(number, _)| *number == kind)?;
    Some(on_remote(there, name))
}

fn on_remote(there: &Path, name: &str) -> Finding {
    Finding::problem(
        ABOUT,
        format!(
            "{} is on {name}: SQLite's write-ahead log and the host's lock need a local disk",
            there.display()
        ),
        "let `data_dir` name a folder on a disk of this machine",
    )
}

fn space(there: &Path, found: &StatVfs) -> Option<Finding> {
    space_of(there, found.f_bavail.saturating_mul(found.f_frsize))
}

fn space_of(there: &Path, free: u64) -> Option<Finding> {
    let says = format!("{} MiB are free at {}", free >> 20, there.display());
    let remedy = "make room: logs of old runs, in `logs/`, may be deleted";
    match free {
        free if free < TOO_LITTLE => Some(Finding::problem(ABOUT, says, remedy)),
        free if free < LITTLE => Some(Finding::note(ABOUT, says, remedy)),
        _ => None,
    }
}

fn rights(data_dir: &Path, found: Option<&fs::Metadata>) -> Option<Finding> {
    let found = found?;
    rights_of(data_dir, found.mode(), found.uid(), rustix::process::geteuid().as_raw())
}

fn rights_of(data_dir: &Path, mode: u32, owner: u32, me: u32) -> Option<Finding> {
    let shown = data_dir.display();
    if owner != me {
        return Some(Finding::problem(
            ABOUT,
            format!("{shown} belongs to the user {owner}, and this is the user {me}"),
            "run `doctor` and `serve` as one user; or `chown -R` the folder",
        ));
    }
    let others = mode & 0o077;
    (others != 0).then(|| {
        let says = format!("others than its owner may enter {shown} (mode {:03o})", mode & 0o777);
        let remedy = format!("`chmod 700 {shown}`: arguments and output may be confidential");
        match others & 0o022 {
            0 => Finding::note(ABOUT, says, remedy),
            _ => Finding::problem(ABOUT, says, remedy),
        }
    })
}

/// Who is at work in a data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Occupant {
    Nobody,
    /// A `serve`, which answers.
    Serve(String),
    /// Another process, for example a verb that does one job.
    Other(String),
    Unknown(String),
}

impl Occupant {
    pub(super) fn of(data_dir: &Path) -> Self {
        let path = data_dir.join("lock");
        let lock = match File::open(&path) {
            Ok(lock) => lock,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Self::Nobody;
            }
            Err(error) => return Self::Unknown(format!("{} cannot be read ({error})", path.display())),
        };
        match lock.try_lock_shared() {
            Ok(()) => Self::Nobody,
            Err(TryLockError::WouldBlock) => {
                let process = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
                match UnixStream::connect(data_dir.join(SOCKET)) {
                    Ok(_) => Self::Serve(process),
                    Err(_) => Self::Other(process),
                }
            }
            Err(TryLockError::Error(error)) => Self::Unknown(format!("{} cannot be locked ({error})", path.display())),
        }
    }
}

/// Who is at work in the data folder.
pub(super) fn occupant(case: &Case) -> Vec<Finding> {
    let finding = match &case.occupant {
        Occupant::Nobody => Finding::ok("host", "no `serve` runs here now"),
        Occupant::Serve(process) => Finding::ok("host", format!("`serve` is at work (process {process})")),
        Occupant::Other(process) => Finding::note(
            "host",
            format!("another innkeeper (process {process}) is at work in the data folder, and is no `serve`"),
            "a verb such as `run` ends by itself; `serve` starts when it has",
        ),
        Occupant::Unknown(why) => {
            Finding::problem("host", why, "let the host's user read and lock it, on a local disk")
        }
    };
    vec![finding]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::super::told;
    use super::*;

    #[test]
    fn what_is_said_of_the_folder() {
        let data = Path::new("/srv/data");
        let findings: Vec<Finding> = [
            works(data, data, Ok(())),
            works(data, Path::new("/srv"), Ok(())),
            works(data, data, Err("Permission denied (os error 13)".into())),
            on_remote(data, "NFS"),
        ]
        .into_iter()
        .chain(space_of(data, 50 << 20))
        .chain(space_of(data, 500 << 20))
        .chain(space_of(data, 5 << 30))
        .chain(rights_of(data, 0o40755, 7, 7))
        .chain(rights_of(data, 0o40777, 7, 7))
        .chain(rights_of(data, 0o40700, 7, 7))
        .chain(rights_of(data, 0o40700, 0, 7))
        .collect();
        insta::assert_snapshot!(told(&findings), @"
ok       data folder  /srv/data can hold a queue
ok       data folder  /srv/data is not there yet, and can be made
PROBLEM  data folder  no queue can be kept in /srv/data: Permission denied (os error 13)
                      -> let the host's user write there, on a local disk with room; or let `data_dir` name another place
PROBLEM  data folder  /srv/data is on NFS: SQLite's write-ahead log and the host's lock need a local disk
                      -> let `data_dir` name a folder on a disk of this machine
PROBLEM  data folder  50 MiB are free at /srv/data
                      -> make room: logs of old runs, in `logs/`, may be deleted
note     data folder  500 MiB are free at /srv/data
                      -> make room: logs of old runs, in `logs/`, may be deleted
note     data folder  others than its owner may enter /srv/data (mode 755)
                      -> `chmod 700 /srv/data`: arguments and output may be confidential
PROBLEM  data folder  others than its owner may enter /srv/data (mode 777)
                      -> `chmod 700 /srv/data`: arguments and output may be confidential
PROBLEM  data folder  /srv/data belongs to the user 0, and this is the user 7
                      -> run `doctor` and `serve` as one user; or `chown -R` the folder

5 problems, 2 notes.
");
    }

    #[tokio::test]
    async fn a_folder_is_tried_out_and_left_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        try_out(home.path()).await.unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        assert!(try_out(&home.path().join("missing")).await.is_err());
    }

    #[test]
    fn the_owner_of_the_lock_is_known() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Occupant::of(home.path()), Occupant::Nobody);
        fs::write(home.path().join("lock"), "42\n").unwrap();
        assert_eq!(Occupant::of(home.path()), Occupant::Nobody);
        let lock = File::open(home.path().join("lock")).unwrap();
        lock.lock().unwrap();
        assert_eq!(Occupant::of(home.path()), Occupant::Other("42".into()));
        let _socket = std::os::unix::net::UnixListener::bind(home.path().join(SOCKET)).unwrap();
        assert_eq!(Occupant::of(home.path()), Occupant::Serve("42".into()));
    }

    #[test]
    fn what_is_in_the_place_of_the_folder_is_told() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("data");
        assert_eq!(there(&file.join("deeper")).unwrap(), home.path());
        fs::write(&file, "").unwrap();
        assert!(there(&file).unwrap_err().says.ends_with("is no folder"));
        assert!(there(&file.join("deeper")).is_err());
    }
}
