"""What apex tells a Prometheus: totals over all runs, the last run, the staging directory, the sagas under way."""
