"""Quality of what is read from paper, mail, tables and EDI: `python -m quality.documents`, part of `make quality`.

world      an invented company: what the memory knows before the papers come, as JSON
papers     the parts of a paper, and the gold that grows with it
forms      rate confirmations, bills of lading, receipts, invoices, mails: in the style of real ones
writers    one paper as text, PDF, DOCX, HTML and mail
tables     load boards and lists of carriers as CSV, TSV and workbooks; EDI
memory     ingests one format by the command line, and reads the memory back
scoring    what was read against the gold
"""
