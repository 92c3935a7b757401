//! What can go wrong in the store, as far as a caller would act differently.

use std::path::PathBuf;

use uuid::Uuid;

use crate::request::AskingId;
use crate::run::RunId;

/// Why an operation of the store failed. It changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database could not be opened or prepared.
    #[error("cannot open the queue in {}: {why}", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What the system or SQLite said.
        why: String,
    },
    /// A later version of Innkeeper wrote the database.
    #[error(
        "{} was written by a newer Innkeeper (its schema is number {found}, this one knows {known}): \
         use that version, or another data_dir",
        path.display()
    )]
    NewerSchema {
        /// The database file.
        path: PathBuf,
        /// The schema's number in the file.
        found: i64,
        /// The last one that this version knows.
        known: i64,
    },
    /// An earlier version wrote the database, and it was opened for reading only.
    #[error(
        "{} was written by an older Innkeeper (its schema is number {found}, this one reads {known}): \
         `innkeeper serve` of this version brings it up to date",
        path.display()
    )]
    OlderSchema {
        /// The database file.
        path: PathBuf,
        /// The schema's number in the file.
        found: i64,
        /// The one that this version reads.
        known: i64,
    },
    /// Another process held the database for too long. Trying again may help.
    #[error("cannot {doing}: another process holds the queue's database")]
    Locked {
        /// What was tried.
        doing: &'static str,
    },
    /// SQLite refused.
    #[error("cannot {doing}: {why}")]
    Sql {
        /// What was tried.
        doing: &'static str,
        /// What SQLite said.
        why: String,
    },
    /// The store was opened for reading only.
    #[error("cannot {doing}: the queue was opened for reading only")]
    ReadOnly {
        /// What was tried.
        doing: &'static str,
    },
    /// The store was closed.
    #[error("cannot {doing}: the queue is closed")]
    Gone {
        /// What was tried.
        doing: &'static str,
    },
    /// The operation panicked: a defect of Innkeeper.
    #[error("cannot {doing}: the operation panicked, please report it")]
    Panicked {
        /// What was tried.
        doing: &'static str,
    },
    /// There is no such run.
    #[error("there is no run {0}")]
    UnknownRun(RunId),
    /// The run has ended before; its end stands.
    #[error("run {0} has ended already")]
    RunEnded(RunId),
    /// There is no such asking.
    #[error("there is no asking {0}")]
    UnknownAsking(AskingId),
    /// The delivery is not in flight: it was settled already, not taken, or never decided.
    #[error("delivery {0} is not in flight")]
    NotInFlight(Uuid),
}

impl StoreError {
    /// The same error, with what was tried where that was not known.
    pub(super) fn doing(mut self, what: &'static str) -> Self {
        if let Self::Locked { doing } | Self::Sql { doing, .. } = &mut self
            && doing.is_empty()
        {
            *doing = what;
        }
        self
    }
}

impl From<rusqlite::Error> for StoreError {
    /// `StoreError::doing` adds what was tried.
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Locked { doing: "" },
            _ => Self::Sql {
                doing: "",
                why: error.to_string(),
            },
        }
    }
}
