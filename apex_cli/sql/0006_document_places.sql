-- A document is known by its content, and has places: where it was found.

CREATE TABLE document_place (
    -- Hash of the place: of an absolute path, of a stream's name, of a stream's content (`stores.postgres.places`).
    place        text NOT NULL,
    shown        text NOT NULL,
    record_id    uuid NOT NULL REFERENCES record,
    content_hash text NOT NULL,
    first_seen   timestamptz NOT NULL DEFAULT now(),
    last_seen    timestamptz NOT NULL DEFAULT now(),
    -- Since when the document is no longer there: its original was removed after the commit, or another one took over.
    vacated_at   timestamptz,
    PRIMARY KEY (place, record_id)
);
CREATE INDEX document_place_content ON document_place (content_hash);
CREATE INDEX document_place_record ON document_place (record_id);

-- Documents of the version before this one were known by their path. They keep their record ids, so the other stores
-- need no change. The hash is that of `extract.identity.document_hash`.
UPDATE record_version v
SET content_hash = encode(sha256(convert_to(coalesce(v.payload ->> 'content', ''), 'UTF8')), 'hex')
FROM record r WHERE r.record_id = v.record_id AND r.source = 'document';

INSERT INTO document_place (place, shown, record_id, content_hash, first_seen, last_seen)
SELECT encode(sha256(convert_to('path' || E'\n' || normalize(v.payload ->> 'path', NFC), 'UTF8')), 'hex'),
       v.payload ->> 'path', r.record_id, v.content_hash, r.first_seen, v.observed_at
FROM record r JOIN record_version v ON v.saga_id = r.current_version
WHERE r.source = 'document' AND v.payload ->> 'path' LIKE '/%';

-- The id is that of the first version's content. Two documents with one content stay two records: one has the plain id.
UPDATE record r
SET external_id = left(named.content_hash, 32)
        || CASE WHEN named.number = 1 THEN '' ELSE '-' || left(r.record_id::text, 8) END
FROM (
    SELECT record_id, content_hash, row_number() OVER (PARTITION BY content_hash ORDER BY record_id) AS number
    FROM (
        SELECT DISTINCT ON (v.record_id) v.record_id, v.content_hash
        FROM record_version v JOIN record d USING (record_id)
        WHERE d.source = 'document' ORDER BY v.record_id, v.revision
    ) AS first_version
) AS named
WHERE named.record_id = r.record_id;

-- Of a forgotten document no path stays.
UPDATE record r SET external_id = left(encode(sha256(convert_to(r.external_id, 'UTF8')), 'hex'), 32)
WHERE r.source = 'document' AND NOT EXISTS (SELECT FROM record_version v WHERE v.record_id = r.record_id);
