"""The benchmarks: `python -m bench` and `python -m bench.llm`, which are what `make bench` and `make bench-llm` run.

figures    samples, and the figures computed from them
ingest     runs of the installed `apex` in subprocesses: times, arrivals, memory
dataset    the same records for the raw writers: extracted, embedded, laid out for the graph
writers    one raw writer for each engine: no journal, no fence, no lock
raw        the raw writes of all batches, timed
llm        free text by a model, against the test double
double     the test double as a process of its own
graphiti   plain `graphiti.add_episode` on the same engine
"""
