"""The benchmarks: `python -m bench`, `bench.servers`, `bench.peers` and `bench.llm`, behind `make bench` and its likes.

figures    samples, and the figures computed from them
processor  processor seconds of a whole process tree
ingest     runs of the installed `apex` in subprocesses: times, arrivals, memory
dataset    the same records for the raw writers: extracted, embedded, laid out for the graph
writers    one raw writer for each engine: no journal, no fence, no lock; the raw writes of all batches, timed;
           `server_writers` has the raw writers that only servers need
llm        free text by a model, on the fake OpenAI server
peers      peers of apex on the same records, each in an environment of its own
graphiti   plain `graphiti.add_episode` on the same engine
"""
