"""Precision and recall of the extraction from free text, measured on labelled texts.

texts/     thirty freight e-mails and documents, all invented, each with a JSON file of its entities and facts
labels     reads them
scoring    compares found and expected entities and facts: pure functions of plain tuples
report     the table that is printed
records    texts as the product's records, its extractions as plain tuples
reading    runs the product on them: rules, and rules with a model

`python -m quality` does it all. Labels, scoring and report do not import the product.
"""
