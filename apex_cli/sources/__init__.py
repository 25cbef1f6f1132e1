"""From a staged file to a stream of `Record`s: one file per source and per way of reading."""
