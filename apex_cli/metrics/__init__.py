"""Metrics for Prometheus: totals over all runs, the last run, the staging directory, open sagas."""
