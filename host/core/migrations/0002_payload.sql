-- What a webhook sent, for a request whose job is told: the payload of the asking that made it. It goes with the end of
-- the request.
CREATE TABLE payload (
    request INTEGER PRIMARY KEY REFERENCES request (id),
    body    BLOB    NOT NULL
) STRICT;
