"""Identifiers and places in texts of a freight desk: precision and recall by kind.

*.txt, *.json  the thirty labelled texts of `quality.labels`
tuned/         templates that the rules may be made after, by style and language
held_out/      templates in other styles, which only measure
written/       texts that stand as they are, with their gold in them; `written` reads them
values         seeded values of each kind: numbers with their check digits, places, and what must not be found
generate       fills templates: a text, and where each identifier stands in it
__main__       reads the texts by the product's rules and scores them

`python -m quality.texts` does it all. All companies, people and numbers are invented; the cities exist.
"""
