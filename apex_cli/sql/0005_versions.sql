-- Versions in time: a record keeps every version, ordered by its as-of time (record_version.event_time).

-- Which version readers see. `current_saga` is the last saga that committed: the marker in the graph. It differs from
-- `current_version` where the last one to commit was an earlier version that came late. `base_version` is the last
-- whole version, or the partial one that states most: readers see its text beside a partial current version.
ALTER TABLE record ADD COLUMN current_version uuid;
ALTER TABLE record ADD COLUMN base_version uuid;
UPDATE record SET current_version = current_saga, base_version = current_saga;

ALTER TABLE record_version ADD COLUMN kind text NOT NULL DEFAULT 'state' CHECK (kind IN ('event', 'state'));
ALTER TABLE record_version ADD COLUMN whole boolean NOT NULL DEFAULT true;
-- False where nothing gave a time: event_time is when the record was staged.
ALTER TABLE record_version ADD COLUMN dated boolean NOT NULL DEFAULT true;
-- Set for a version that a correction replaced. It states nothing any more.
ALTER TABLE record_version ADD COLUMN replaced_by uuid;
UPDATE record_version SET dated = false WHERE event_time = observed_at;
UPDATE record_version v SET kind = 'event' FROM record r
WHERE r.record_id = v.record_id AND (r.source, r.data_type) IN (('samsara', 'location'), ('frontapp', 'message'));
-- Of an event, and of versions with one as-of time, the last one counts.
UPDATE record_version v SET replaced_by = later.saga_id
FROM (
    SELECT o.saga_id AS old_id, n.saga_id, row_number() OVER (PARTITION BY o.saga_id ORDER BY n.revision DESC) AS place
    FROM record_version o
    JOIN record_version n ON n.record_id = o.record_id AND n.revision > o.revision
        AND (o.kind = 'event' OR n.event_time = o.event_time)
    JOIN saga s ON s.saga_id = n.saga_id AND s.state IN ('COMMITTED', 'DONE')
) AS later
WHERE later.old_id = v.saga_id AND later.place = 1;

-- What an attempt makes of the record when it commits. `superseded` are versions that readers no longer see.
ALTER TABLE saga ALTER COLUMN superseded TYPE uuid[]
    USING CASE WHEN superseded IS NULL THEN '{}'::uuid[] ELSE ARRAY[superseded] END;
ALTER TABLE saga ALTER COLUMN superseded SET DEFAULT '{}';
ALTER TABLE saga ALTER COLUMN superseded SET NOT NULL;
ALTER TABLE saga ADD COLUMN replaces uuid;
ALTER TABLE saga ADD COLUMN current_version uuid;
ALTER TABLE saga ADD COLUMN base_version uuid;
UPDATE saga SET current_version = saga_id, base_version = saga_id WHERE kind = 'write';

-- Content that was forgotten: it is not taken again.
CREATE TABLE forgotten (
    record_id    uuid NOT NULL REFERENCES record,
    content_hash text NOT NULL,
    forgotten_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (record_id, content_hash)
);

-- What readers see: the current version of every record that has one. A partial one is shown over the last whole one.
DROP VIEW current_record;
CREATE VIEW current_record AS
SELECT r.record_id, r.source, r.data_type, r.external_id, r.epoch, r.first_seen, r.current_version AS saga_id,
       r.current_saga AS marker, r.base_version, b.chunks AS base_chunks,
       v.revision, v.content_hash, v.event_time, v.observed_at, v.kind, v.whole, v.dated, v.title,
       CASE WHEN b.saga_id = v.saga_id THEN v.text ELSE v.text || E'\n' || b.text END AS text,
       CASE WHEN b.saga_id = v.saga_id THEN v.payload ELSE b.payload || v.payload END AS payload,
       v.extraction, v.chunks
FROM record r
JOIN record_version v ON v.saga_id = r.current_version
JOIN record_version b ON b.saga_id = r.base_version;
