"""From a record to an extraction: the parts that the mappings of the sources share."""
