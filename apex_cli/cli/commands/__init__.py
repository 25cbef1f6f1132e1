"""One module for each verb: its options, its help and a thin run."""
