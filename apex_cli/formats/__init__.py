"""Documents: their text, and the pieces to embed and search. One module for each format, and the registry of all."""
