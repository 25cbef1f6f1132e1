"""Files that hold files: compressed files, ZIP and TAR. Members are read one by one, never written by their name."""
