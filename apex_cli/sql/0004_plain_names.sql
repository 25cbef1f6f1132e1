-- Names that a reader understands without the code.

ALTER TABLE embedder RENAME COLUMN one TO singleton;
ALTER TABLE embedder RENAME COLUMN since TO first_used_at;

-- Summaries count the sagas that a store rejects permanently: exit code 7.
UPDATE run
SET summary = (summary - 'stuck') || jsonb_build_object('needs_manual_recovery', summary -> 'stuck')
WHERE summary ? 'stuck';
