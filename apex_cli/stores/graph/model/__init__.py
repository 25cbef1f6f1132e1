"""The logic of the graph, whichever engine holds it: how a batch of plans becomes entities and facts in time.

commit        one transaction: the steps in their order
records       fence, marker, claims and episode of each record
observations  what each record says about each node, before and after; `resolution` which node an entity is
entities      how nodes, aliases and mentions change; `entity_state` merges the observations of a node
facts         how facts change; `timelines` the evidence in pages, from which facts are computed
reads         views of records, entities and facts, and counts
consistency   the graph's own rules, checked in bulk
operations    what a transaction reads and writes, by name, and what a job needs of an engine
codec         times, evidence, claims and labels as stored

`apex_cli.stores.graph` shows the schema with one example row each.
"""
