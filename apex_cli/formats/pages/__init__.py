"""Pages on which text has places: reading order, tables and paragraphs, for PDF and for images read by OCR."""
