"""The staging directory: inputs wait here, are ingested from here, and stay here when they fail."""

from apex_cli.staging.directory import StagingDirectory
from apex_cli.staging.items import Item, ItemCount, ItemFailure, ItemStatus, KeptRecord, StagingStats

__all__ = ["Item", "ItemCount", "ItemFailure", "ItemStatus", "KeptRecord", "StagingDirectory", "StagingStats"]
