"""PostgreSQL: the journal of sagas, the versions of records, the history of runs."""
