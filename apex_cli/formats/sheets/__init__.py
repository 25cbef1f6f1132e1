"""Sheets: delimited text and workbooks, whose rows are objects."""
