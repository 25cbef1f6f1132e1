"""`apex doctor`: checks everything that a run needs, and says what to do where a check fails. It changes nothing."""

from apex_cli.doctor.check import Check, CheckStatus
from apex_cli.doctor.examine import examine

__all__ = ["Check", "CheckStatus", "examine"]
