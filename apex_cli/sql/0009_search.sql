-- Search looks up what it names, and walks records from the newest; it scans nothing.

-- A record by its external id alone, in any case; other JSON by its id without the collection.
CREATE INDEX record_bare_id ON record (lower(substring(external_id from '[^#]*$')));
-- The newest versions with words that most records have.
CREATE INDEX record_version_event_time ON record_version (event_time);
