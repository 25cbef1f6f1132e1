-- Messages and documents may have vectors of a model of their own. Each model has its own collection of vectors.

-- The model for messages and documents where no setting names one. NULL: `name`, the model of everything else.
ALTER TABLE embedder ADD COLUMN text_name text;

-- The models beside `embedder.name` that have a collection of vectors.
CREATE TABLE text_model (
    name          text PRIMARY KEY,
    first_used_at timestamptz NOT NULL DEFAULT now()
);

-- The model of the vectors of a version's text. NULL: `embedder.name`, the only model before this version.
ALTER TABLE record_version ADD COLUMN model text;
