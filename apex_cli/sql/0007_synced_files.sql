-- Which records the files of synced folders hold (`apex ingest --sync`): what no file holds any more is forgotten.

-- Counts what runs see. A counter, because clocks are set back.
CREATE SEQUENCE sync_moment;

CREATE TABLE synced_file (
    file_id      bigint PRIMARY KEY DEFAULT nextval('sync_moment'),
    -- A path or an address (`pipeline.synced_names`). As bytes, because a path need not be UTF-8.
    file         bytea NOT NULL UNIQUE,
    -- When it was last read to its end without a failure.
    read_through bigint NOT NULL DEFAULT 0
);

CREATE TABLE synced_record (
    -- Noted before it is committed, so there may be no such record.
    record_id     uuid NOT NULL,
    file_id       bigint NOT NULL REFERENCES synced_file,
    -- When it was last read from the file.
    seen          bigint NOT NULL,
    -- When it was found missing there: first since it was seen, and last.
    missing_since bigint,
    missing       bigint,
    PRIMARY KEY (record_id, file_id)
);
CREATE INDEX synced_record_file ON synced_record (file_id);

-- Whether the content that an attempt forgets is not to be taken again.
ALTER TABLE saga ADD COLUMN lasting boolean NOT NULL DEFAULT true;
