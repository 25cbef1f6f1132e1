-- Records, their versions, the saga journal and the runs. Executed with search_path set to the namespace's schema.

CREATE TABLE run (
    run_id      uuid PRIMARY KEY,
    verb        text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    host        text NOT NULL,
    pid         integer NOT NULL,
    arguments   jsonb NOT NULL,
    summary     jsonb,
    exit_code   integer
);
CREATE INDEX run_started ON run (started_at DESC);

-- One row per record, for ever: a forgotten record keeps its row as a tombstone, because its epoch must never go back.
CREATE TABLE record (
    record_id    uuid PRIMARY KEY,
    source       text NOT NULL,
    data_type    text NOT NULL,
    external_id  text NOT NULL,
    epoch        bigint NOT NULL DEFAULT 0,
    revision     integer NOT NULL DEFAULT 0,
    current_saga uuid,
    first_seen   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX record_external ON record (source, external_id);

-- The journal: one row per attempt.
CREATE TABLE saga (
    saga_id    uuid PRIMARY KEY,
    record_id  uuid NOT NULL REFERENCES record,
    run_id     uuid,
    kind       text NOT NULL CHECK (kind IN ('write', 'forget')),
    state      text NOT NULL CHECK (state IN ('PREPARED', 'RESOLVING', 'COMMITTED', 'DONE', 'ABORTED')),
    epoch      bigint NOT NULL,
    revision   integer NOT NULL,
    superseded uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    error      text
);
-- At most one attempt on a record is open at a time.
CREATE UNIQUE INDEX saga_open ON saga (record_id) WHERE state IN ('PREPARED', 'RESOLVING', 'COMMITTED');

-- What an attempt would make, or has made, of the record: the plan without its vectors, which the vector store holds.
CREATE TABLE record_version (
    saga_id      uuid PRIMARY KEY REFERENCES saga,
    record_id    uuid NOT NULL,
    revision     integer NOT NULL,
    content_hash text NOT NULL,
    event_time   timestamptz NOT NULL,
    observed_at  timestamptz NOT NULL,
    title        text NOT NULL,
    text         text NOT NULL,
    payload      jsonb NOT NULL,
    extraction   jsonb NOT NULL,
    chunks       integer NOT NULL,
    -- The head of a long text is enough to find it by words; PostgreSQL refuses vectors over 1 MB.
    search       tsvector GENERATED ALWAYS AS (to_tsvector('english', left(title || ' ' || text, 100000))) STORED
);
CREATE INDEX record_version_record ON record_version (record_id);
CREATE INDEX record_version_search ON record_version USING gin (search);

-- What readers see: the current version of every record that has one.
CREATE VIEW current_record AS
SELECT r.record_id, r.source, r.data_type, r.external_id, r.epoch, r.first_seen, r.current_saga AS saga_id,
       v.revision, v.content_hash, v.event_time, v.observed_at, v.title, v.text, v.payload, v.extraction, v.chunks
FROM record r
JOIN record_version v ON v.saga_id = r.current_saga;
