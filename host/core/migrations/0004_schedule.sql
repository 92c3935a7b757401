-- Up to where each schedule was decided about; before its first start, when it was first seen. What lies between that
-- and now was missed.
CREATE TABLE schedule (
    namespace TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;

-- Keys of webhooks and of starts by the clock are forgotten after 30 days.
DROP INDEX asking_github_key;
CREATE INDEX asking_old_key ON asking (at)
    WHERE trigger IN ('github', 'hook', 'schedule') AND dedupe_key IS NOT NULL;
