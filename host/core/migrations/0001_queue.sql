-- The queue and the outbox. Times are microseconds since 1970-01-01T00:00:00Z; durations are microseconds.
-- A row's longest columns come last, so that the others are read without them.

-- One row for each job that was ever asked for. It knows its earliest pending request, so that a claim looks at jobs
-- that can start and at nothing else, however many requests wait behind one that runs.
CREATE TABLE job (
    id           INTEGER PRIMARY KEY,
    namespace    TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    next_due     INTEGER,
    next_request INTEGER REFERENCES request (id),
    running      INTEGER REFERENCES run (id),
    UNIQUE (namespace, name),
    CHECK ((next_due IS NULL) = (next_request IS NULL))
) STRICT;

CREATE INDEX job_startable ON job (next_due, next_request) WHERE running IS NULL AND next_due IS NOT NULL;

-- What was said or sent. dedupe_key recognises repetitions.
CREATE TABLE asking (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key TEXT    UNIQUE,
    trigger    TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('undecided', 'answered', 'acted')),
    at         INTEGER NOT NULL,
    origin     TEXT    NOT NULL, -- JSON
    said       TEXT
) STRICT;

CREATE INDEX asking_undecided ON asking (id) WHERE state = 'undecided';
-- Keys of GitHub deliveries are forgotten after 30 days; this finds the old ones without looking at the young.
CREATE INDEX asking_github_key ON asking (at) WHERE trigger = 'github' AND dedupe_key IS NOT NULL;

CREATE TABLE request (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    job            INTEGER NOT NULL REFERENCES job (id),
    state          TEXT    NOT NULL CHECK (state IN ('pending', 'running', 'ended', 'cancelled')),
    due_at         INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    arguments_hash BLOB    NOT NULL, -- SHA-256 of arguments
    arguments      TEXT    NOT NULL  -- JSON: a list of [name, value]
) STRICT;

CREATE UNIQUE INDEX request_pending_once ON request (job, arguments_hash) WHERE state = 'pending';
CREATE INDEX request_pending_due ON request (job, due_at) WHERE state = 'pending';

-- Who asked for a request: everybody who did while it was pending.
CREATE TABLE asking_request (
    request INTEGER NOT NULL REFERENCES request (id),
    asking  INTEGER NOT NULL REFERENCES asking (id),
    PRIMARY KEY (request, asking)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    request     INTEGER NOT NULL REFERENCES request (id),
    job         INTEGER NOT NULL REFERENCES job (id),
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    duration    INTEGER,
    stdout_kept INTEGER, -- bytes, as the next three
    stdout_lost INTEGER,
    stderr_kept INTEGER,
    stderr_lost INTEGER,
    log_folder  TEXT,
    ending      TEXT, -- JSON
    CHECK ((ended_at IS NULL) = (ending IS NULL))
) STRICT;

CREATE INDEX run_request ON run (request);

-- The outbox. seq is the order in which deliveries were decided; those of one lane are sent in it.
CREATE TABLE delivery (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 16), -- UUIDv7
    lane       TEXT    NOT NULL,
    run        INTEGER REFERENCES run (id),
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'in-flight', 'sent', 'given-up')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    due_at     INTEGER NOT NULL DEFAULT 0, -- 0: at once, whatever the clock says
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    receipt    TEXT,          -- JSON
    last_error TEXT,
    address    TEXT NOT NULL, -- JSON
    content    TEXT NOT NULL, -- JSON
    CHECK ((settled_at IS NULL) = (state IN ('pending', 'in-flight')))
) STRICT;

CREATE INDEX delivery_unsettled ON delivery (lane, seq) WHERE settled_at IS NULL;

-- A file's bytes, apart from the delivery so that an attempt does not write them again.
CREATE TABLE attachment (
    delivery INTEGER PRIMARY KEY REFERENCES delivery (seq),
    content  BLOB NOT NULL
) STRICT;

-- What a source sent and nobody could read.
CREATE TABLE unreadable (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    why    TEXT    NOT NULL,
    body   TEXT    NOT NULL
) STRICT;
