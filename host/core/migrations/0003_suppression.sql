-- Spans of time in which a job must not start: from start_at up to, and without, end_at. One that has ended is taken away
-- when the next one is made or taken away, whichever job it is of.
CREATE TABLE suppression (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    job      INTEGER NOT NULL REFERENCES job (id),
    start_at INTEGER NOT NULL,
    end_at   INTEGER NOT NULL,
    asking   INTEGER NOT NULL REFERENCES asking (id),
    CHECK (start_at < end_at)
) STRICT;

-- A claim asks whether a job is suppressed now, and looks at none that has ended.
CREATE INDEX suppression_of_job ON suppression (job, end_at, start_at);
CREATE INDEX suppression_end ON suppression (end_at, start_at);
