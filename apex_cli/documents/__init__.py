"""Documents: text to read, and the pieces to embed and search. One file per format."""
