-- Services, their checks, and who is told of them.

-- What is known of a check, which is a job: its last results in a row.
CREATE TABLE check_state (
    job      INTEGER PRIMARY KEY REFERENCES job (id),
    failures INTEGER NOT NULL, -- of the last results, in a row
    since    INTEGER,          -- the first of these
    run      INTEGER,          -- the last run with a result
    at       INTEGER,
    spare    INTEGER NOT NULL DEFAULT 0 -- how many of its results changed no status
) STRICT;

-- A check with more results than are kept is found without looking at the others.
CREATE INDEX check_state_spare ON check_state (spare);

-- The results that are kept: the last ones of each check, and those that changed a status.
CREATE TABLE check_result (
    run    INTEGER PRIMARY KEY REFERENCES run (id),
    job    INTEGER NOT NULL REFERENCES job (id),
    at     INTEGER NOT NULL,
    passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
    spare  INTEGER NOT NULL CHECK (spare IN (0, 1)) -- 1: it changed no status
) STRICT;

CREATE INDEX check_result_of_job ON check_result (job, run);
CREATE INDEX check_result_spare ON check_result (job, run) WHERE spare = 1;

CREATE TABLE service (
    name      TEXT    NOT NULL PRIMARY KEY,
    namespace TEXT    NOT NULL,
    next_at   INTEGER,           -- when to look at it again, though nothing happens
    state     TEXT    NOT NULL   -- JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX service_next ON service (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE status_change (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    old     TEXT    NOT NULL CHECK (old IN ('passing', 'warning', 'error', 'critical')),
    new     TEXT    NOT NULL CHECK (new IN ('passing', 'warning', 'error', 'critical')),
    run     INTEGER REFERENCES run (id) -- the run that caused it; none where the configuration did
) STRICT;

CREATE INDEX status_change_of_service ON status_change (service, id);
CREATE INDEX status_change_at ON status_change (at);
CREATE INDEX status_change_run ON status_change (run) WHERE run IS NOT NULL;

-- Who acknowledged what; ended_by is empty where it expired.
CREATE TABLE acknowledgement (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    service  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    ended_at INTEGER,
    made_by  TEXT    NOT NULL,
    ended_by TEXT,
    CHECK (ended_by IS NULL OR ended_at IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX acknowledgement_once ON acknowledgement (service) WHERE ended_at IS NULL;
CREATE INDEX acknowledgement_of_service ON acknowledgement (service, id);
CREATE INDEX acknowledgement_ended ON acknowledgement (ended_at) WHERE ended_at IS NOT NULL;

-- An alert that was decided and that a plugin is still to be called with. Those of one plugin and service are in order.
CREATE TABLE alert_call (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin   TEXT    NOT NULL,
    service  TEXT    NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind IN ('failing', 'again', 'worse', 'recovered', 'update')),
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at   INTEGER NOT NULL DEFAULT 0, -- 0: at once, whatever the clock says
    key      BLOB    NOT NULL UNIQUE CHECK (length(key) = 16), -- UUIDv7: what its deliveries are known by
    alert    TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX alert_call_of_plugin ON alert_call (plugin, service, id);

-- People. fold is the name as it is compared.
CREATE TABLE person (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    fold     TEXT    NOT NULL UNIQUE,
    slack    TEXT    UNIQUE,
    active   INTEGER NOT NULL CHECK (active IN (0, 1)),
    fallback INTEGER NOT NULL CHECK (fallback IN (0, 1)),
    name     TEXT    NOT NULL,
    email    TEXT
) STRICT;

-- At most one is told when nobody is on duty.
CREATE UNIQUE INDEX person_fallback ON person (fallback) WHERE fallback = 1;

-- What people filled in for a plugin. A secret one is encrypted by who keeps it here.
CREATE TABLE person_field (
    person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    plugin TEXT    NOT NULL,
    field  TEXT    NOT NULL,
    secret INTEGER NOT NULL CHECK (secret IN (0, 1)),
    value  BLOB    NOT NULL,
    PRIMARY KEY (person, plugin, field)
) STRICT, WITHOUT ROWID;

-- Runs of checks are forgotten: whether anything still refers to what is taken away is one look into an index.
CREATE INDEX job_running ON job (running) WHERE running IS NOT NULL;
CREATE INDEX job_next_request ON job (next_request) WHERE next_request IS NOT NULL;
CREATE INDEX delivery_run ON delivery (run) WHERE run IS NOT NULL;
CREATE INDEX asking_request_asking ON asking_request (asking);
CREATE INDEX suppression_asking ON suppression (asking);
