-- What a version states is kept without what is empty: half of the column was that. Rows of earlier versions stay as
-- they are, and are read as before.

COMMENT ON COLUMN record_version.extraction IS
    'entities and claims (apex_cli.serialization): an absent field is empty, an absent "certain" is true';
