"""`apex doctor`: everything a run rests on, looked at piece by piece, each with what to do where it fails."""

from apex_cli.doctor.check import Check, State
from apex_cli.doctor.examine import examine

__all__ = ["Check", "State", "examine"]
