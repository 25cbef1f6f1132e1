"""Turvo: shipments."""
