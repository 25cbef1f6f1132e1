"""apex: a batch ingester that never leaves half a record behind."""

__version__ = "0.1.0"
