-- Checks that are to be heard from: when each was, last.
CREATE TABLE heartbeat (
    job     INTEGER PRIMARY KEY REFERENCES job (id),
    at      INTEGER NOT NULL, -- of the last message; where there was none yet, from when on one was waited for
    heard   INTEGER NOT NULL CHECK (heard IN (0, 1)),
    failure TEXT,             -- what it said of its failure; none where it said that all is well
    CHECK (heard = 1 OR failure IS NULL)
) STRICT;
