"""The staging area: where inputs wait, are worked on, and stay when they fail."""

from apex_cli.staging.items import Item, ItemFailure, ItemStatus
from apex_cli.staging.staging import Staging
from apex_cli.staging.upkeep import ItemCount, Stats

__all__ = ["Item", "ItemCount", "ItemFailure", "ItemStatus", "Staging", "Stats"]
