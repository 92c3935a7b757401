-- The messages that show how far a run is: one in each place that asked. They go with the end of the run, which edits them
-- for the last time.
CREATE TABLE progress (
    run      INTEGER NOT NULL REFERENCES run (id),
    place    TEXT    NOT NULL, -- JSON: the address without what only matters when it is sent
    delivery BLOB    NOT NULL CHECK (length(delivery) = 16), -- the id of the delivery that posted it
    address  TEXT    NOT NULL, -- JSON
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;

-- A delivery that edits what another one posted. One that was not sent yet is replaced by the next one; one that was sent is
-- not kept.
ALTER TABLE delivery ADD COLUMN edits BLOB;
CREATE INDEX delivery_edit_pending ON delivery (edits) WHERE edits IS NOT NULL AND state = 'pending';
