//! The database file: made, opened, brought up to date; and the connections that only read.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use tokio::sync::Semaphore;

use super::error::StoreError;

/// The database's name in `data_dir`.
const FILE: &str = "queue.db";
/// Its write-ahead log, as SQLite names it.
const LOG: &str = "queue.db-wal";
/// The log starts over after 1000 pages of 4 KiB, and what is committed meanwhile.
const LOG_SIZE: u64 = 5 * 1024 * 1024;

/// Every step from an empty database to the present schema, in order. A merged step is never edited.
pub(super) const STEPS: &[M<'static>] = &[
    M::up(include_str!("../../migrations/0001_queue.sql")),
    M::up(include_str!("../../migrations/0002_payload.sql")),
    M::up(include_str!("../../migrations/0003_suppression.sql")),
    M::up(include_str!("../../migrations/0004_schedule.sql")),
    M::up(include_str!("../../migrations/0005_progress.sql")),
    M::up(include_str!("../../migrations/0006_caught_up.sql")),
    M::up(include_str!("../../migrations/0007_alerts.sql")),
    M::up(include_str!("../../migrations/0008_heartbeat.sql")),
];
pub(super) const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// How long a statement waits for another process. `data_dir/lock` keeps a second `serve` out; what is left are backups
/// and people with a SQLite shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// There are about a hundred statements; none is prepared twice.
const STATEMENTS: usize = 128;
/// Connections that read, at most. Reads are rare: `status`, `logs`, the API.
const READERS: usize = 4;

/// Opens `data_dir/queue.db` for writing; makes it where it is missing; brings its schema up to date.
pub(super) fn open_writer(data_dir: &Path) -> Result<Connection, StoreError> {
    let path = data_dir.join(FILE);
    create_private(data_dir, &path).map_err(|error| cannot_open(&path, &error))?;
    let mut connection = Connection::open_with_flags(
        &path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .and_then(|connection| prepare(&connection).map(|()| connection))
    .map_err(|error| cannot_open(&path, &error))?;
    let found = schema_of(&connection).map_err(|error| cannot_open(&path, &error))?;
    refuse_newer(&path, found)?;
    make_durable(&connection).map_err(|error| cannot_open(&path, &error))?;
    MIGRATIONS
        .to_latest(&mut connection)
        .map_err(|error| cannot_open(&path, &error))?;
    fill_log(&data_dir.join(LOG)).map_err(|error| cannot_open(&path, &error))?;
    Ok(connection)
}

/// Makes the write-ahead log as long as it gets before SQLite starts it over. A commit that overwrites leaves the file
/// system nothing to sync of its own: half the time of one that makes the file longer, and a tenth at the 99th
/// percentile. SQLite takes no notice of what follows its last valid frame, and zeros are never one
/// (<https://sqlite.org/fileformat2.html#walformat>).
fn fill_log(path: &Path) -> io::Result<()> {
    let mut log = OpenOptions::new().append(true).open(path)?;
    let missing = LOG_SIZE.saturating_sub(log.metadata()?.len());
    io::copy(&mut io::repeat(0).take(missing), &mut log)?;
    log.sync_all()
}

/// Makes the folder and an empty database that only their owner may read: arguments can be confidential. SQLite gives
/// the files beside the database the same mode.
fn create_private(data_dir: &Path, path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)
}

/// In WAL mode a commit is on the disk when it returns only with `synchronous=FULL`
/// (<https://sqlite.org/pragma.html#pragma_synchronous>).
fn make_durable(connection: &Connection) -> Result<(), String> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(|error| error.to_string())?;
    if mode != "wal" {
        return Err(format!(
            "its file system allows no write-ahead log (journal_mode stays {mode}); put data_dir on a local disk"
        ));
    }
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(|error| error.to_string())
}

/// The number of the schema in the file: how many steps were applied. 0 for an empty one.
fn schema_of(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn known_schema() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

fn refuse_newer(path: &Path, found: i64) -> Result<(), StoreError> {
    let known = known_schema();
    if found > known {
        let path = path.to_owned();
        return Err(StoreError::NewerSchema { path, found, known });
    }
    Ok(())
}

fn cannot_open(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

/// The connections that read. They never wait for the writer, nor it for them.
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join(FILE),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Opens a connection and keeps it, so that what is wrong with the file comes up at once.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let connection = open_reader(&self.path)?;
        lock(&self.idle).push(connection);
        Ok(())
    }

    /// Reads, off the async threads, from one snapshot.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = |_| StoreError::Gone { doing };
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(gone)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let kept = lock(&idle).pop();
            let connection = kept.map_or_else(|| open_reader(&path), Ok)?;
            let result = snapshot(&connection, work).map_err(StoreError::from);
            lock(&idle).push(connection);
            result
        });
        match reading.await {
            Ok(result) => result.map_err(|error| error.doing(doing)),
            Err(error) if error.is_panic() => Err(StoreError::Panicked { doing }),
            Err(_) => Err(StoreError::Gone { doing }),
        }
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    // A list of connections has no state that a panic could leave half done.
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

fn snapshot<T>(connection: &Connection, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let result = work(&transaction)?;
    transaction.finish()?;
    Ok(result)
}

/// Opens the database for reading. One that is not there, or that nobody has filled yet, reads as an empty one.
fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    if path.exists() {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .and_then(|connection| prepare(&connection).map(|()| connection))
            .map_err(|error| cannot_open(path, &error))?;
        let found = schema_of(&connection).map_err(|error| cannot_open(path, &error))?;
        refuse_newer(path, found)?;
        let known = known_schema();
        if found == known {
            return Ok(connection);
        }
        if found > 0 {
            let path = path.to_owned();
            return Err(StoreError::OlderSchema { path, found, known });
        }
    }
    empty().map_err(|error| cannot_open(path, &error))
}

fn empty() -> Result<Connection, rusqlite_migration::Error> {
    let mut connection = Connection::open_in_memory()?;
    MIGRATIONS.to_latest(&mut connection)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_steps_apply_one_after_the_other_and_agree() {
        MIGRATIONS.validate().unwrap();
    }

    #[test]
    fn the_writer_syncs_each_commit_and_minds_references() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(folder.path()).unwrap();
        let pragma = |name: &str| -> String {
            let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
            match connection.pragma_query_value(None, name, value).unwrap() {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            }
        };
        assert_eq!(pragma("journal_mode"), "wal");
        assert_eq!(pragma("synchronous"), "2", "FULL");
        assert_eq!(pragma("foreign_keys"), "1");
        assert_eq!(pragma("busy_timeout"), "5000");
    }

    #[test]
    fn commits_overwrite_the_log_and_never_make_it_longer() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(folder.path()).unwrap();
        let length = || std::fs::metadata(folder.path().join(LOG)).unwrap().len();
        assert_eq!(length(), LOG_SIZE);
        for number in 0..2000 {
            connection
                .execute(
                    "INSERT INTO unreadable (source, at, why, body) VALUES ('test', ?1, '', ?2)",
                    (number, "x".repeat(5000)),
                )
                .unwrap();
        }
        assert_eq!(length(), LOG_SIZE);
    }

    #[test]
    fn only_its_owner_reads_the_database_and_what_lies_beside_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("new").join("data");
        let _connection = open_writer(&data_dir).unwrap();
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] {
            let mode = std::fs::metadata(data_dir.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let mode = std::fs::metadata(&data_dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
