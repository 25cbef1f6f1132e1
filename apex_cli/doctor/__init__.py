"""`apex doctor`: checks everything that a run needs, and says what to do where a check fails. It changes nothing."""

from apex_cli.doctor.examine import examine
from apex_cli.doctor.machine import Check, CheckStatus

__all__ = ["Check", "CheckStatus", "examine"]
