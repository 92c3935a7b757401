-- Up to where messages were looked through for keywords, so that what events missed is found. By kind: when a rule was
-- first seen, up to when it was searched for, up to when a channel was read.
CREATE TABLE caught_up (
    kind  TEXT    NOT NULL CHECK (kind IN ('rule', 'search', 'channel')),
    place TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (kind, place)
) STRICT, WITHOUT ROWID;
