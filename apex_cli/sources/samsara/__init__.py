"""Samsara: readings of vehicles."""
