"""What apex tells a Prometheus: totals over all runs, the last run, the staging area, the sagas under way."""
