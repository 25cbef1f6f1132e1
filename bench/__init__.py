"""The benchmarks: `python -m bench`, `bench.servers` and `bench.llm`, behind `make bench` and its likes.

figures    samples, and the figures computed from them; `server_figures` those of servers
ingest     runs of the installed `apex` in subprocesses: times, arrivals, memory
dataset    the same records for the raw writers: extracted, embedded, laid out for the graph
writers    one raw writer for each engine: no journal, no fence, no lock; `server_writers` those only servers need
raw        the raw writes of all batches, timed
llm        free text by a model, on the fake OpenAI server
fake_openai  the fake OpenAI server as a process of its own
graphiti   plain `graphiti.add_episode` on the same engine
"""
