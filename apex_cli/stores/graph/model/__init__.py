"""A graph, whichever engine holds it: how a batch of plans becomes entities, facts and their times.

transaction what a job asks of an engine; `operations` the questions and the rows, by name
commit      one transaction: fence, resolve, fold, compute timelines, write the difference
resolve     which node each entity of the batch is; keys that reach two nodes make them one
mentions    what each record tells about each node, before and after
fold        a node's name, attributes and aliases from everything that is told about it; `nodes` how they change
slots       the evidence of each timeline, in pages, so that a long history costs no more than a short one
facts       intervals computed from evidence, and how they differ from what is stored
records     fence, marker and claims of each record
write_*     the difference as rows
reads       views of records, entities and facts; `census` counts
audit       the graph's own rules, checked in bulk
codec       times, evidence, claims and labels as stored
"""
