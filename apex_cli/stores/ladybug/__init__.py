"""The embedded graph: Graphiti's schema on Ladybug, written in bulk by one transaction a batch.

store      the `PivotStore`: a thin asynchronous face over everything below
commit     one transaction: fence, resolve, fold, compute timelines, write the difference
resolve    which node each entity of the batch is; keys that reach two nodes make them one
mentions   what each record tells about each node, before and after
fold       a node's name, attributes and aliases from everything that is told about it
slots      the evidence of each timeline, in pages, so that a long history costs no more than a short one
facts      intervals computed from evidence, and how they differ from what is stored
changes    the difference as rows, and the statements that write it
reads      views of records, entities and facts
audit      the graph's own rules, checked in bulk
engine     the database, its one thread, its transactions, and where driver errors become ours
arrow      rows to Arrow tables; `schema` the tables; `codec` times and evidence as stored
"""
