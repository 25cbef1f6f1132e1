-- The model whose vectors this memory holds, from the first run on. Vectors of two models never meet in one memory:
-- the graph keeps those of names and facts beside each other, and compares them.

CREATE TABLE embedder (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    name  text NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);

-- Before this version there was one model.
INSERT INTO embedder (name) SELECT 'wordllama-256' WHERE EXISTS (SELECT FROM record_version);
