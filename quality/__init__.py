"""How well free text is understood: labelled texts, and the arithmetic of precision and recall.

texts/     thirty freight e-mails and documents, all invented, each with a JSON file of what is to be found in it
labels     reads them
scoring    compares what was found with what is to be found: pure functions of plain tuples
report     the table that is printed

Nothing here knows the product: whoever runs it turns its answer into `Entity` and `Fact` tuples.
"""
