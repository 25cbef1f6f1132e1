"""Language models: one prompt in, one JSON object of a schema out; limited, metered, cached, in batches if wanted."""
