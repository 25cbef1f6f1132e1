"""Documents: text with its structure."""
