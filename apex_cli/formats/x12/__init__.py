"""EDI by ASC X12: interchanges, their groups, and each transaction set as one object."""
