"""Any other JSON object."""
