"""From the path of an input to its records."""
