"""Where records come from: one package for each source, and the registry of all."""
