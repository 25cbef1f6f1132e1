"""The staging area: where inputs wait, are worked on, and stay when they fail."""

from apex_cli.staging.items import Failure, Item, Status
from apex_cli.staging.staging import Staging
from apex_cli.staging.upkeep import Stats, Tally

__all__ = ["Failure", "Item", "Staging", "Stats", "Status", "Tally"]
