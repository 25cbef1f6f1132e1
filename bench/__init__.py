"""The benchmark: `python -m bench`, which is what `make bench` runs.

figures    samples, and the figures computed from them
ingest     runs of the installed `apex` in subprocesses: times, arrivals, memory
dataset    the same records for the raw writers: extracted, embedded, laid out for the graph
writers    one raw writer for each engine: no journal, no fence, no lock
raw        the raw writes of all batches, timed
"""
