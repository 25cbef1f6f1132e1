"""How well free text is understood: labelled texts, and the arithmetic of precision and recall.

texts/     thirty freight e-mails and documents, all invented, each with a JSON file of what is to be found in it
labels     reads them
scoring    compares what was found with what is to be found: pure functions of plain tuples
report     the table that is printed
records    texts as the product's records, its extractions as plain tuples
reading    runs the product on them: rules, and rules with a model

`python -m quality` does it all. Labels, scoring and report know nothing of the product.
"""
