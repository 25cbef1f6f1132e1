"""Quality of the memory that records make: `python -m quality.records`, behind `make quality`.

company    an invented freight company: who and what there is, and what happened to it
samsara, turvo, front, tables
           the company's payloads in the shapes of each source, each with the statements that it makes
gold       things, facts and answers that follow from these statements
files      payloads into files: pages, wrappers, connectors, spellings of keys
generate   all of it by one seed
orders     one order of arrival, from the seed to the score
memory     ingests the files in one order and reads the memory back
scoring    memory against gold; the canonical dump
"""
