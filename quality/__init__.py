"""Precision and recall of the extraction from free text, measured on labelled texts.

texts/     thirty freight e-mails and documents, all invented, each with a JSON file of its entities and facts
labels     reads them
scoring    compares found and expected entities and facts: pure functions of plain tuples; the table that is printed
reading    texts as the product's records; runs the product on them: rules, and rules with a model

`python -m quality` does it all. Labels and scoring do not import the product.
"""
