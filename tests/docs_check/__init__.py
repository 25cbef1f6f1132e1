"""Checks that documents name only what exists, and that what exists is documented: `make docs-check`.

documents   Markdown as lines, code, links and anchors
project     what exists: settings, verbs, flags, make targets, files, packages, classes, exit codes
checks      one function for each rule
"""
