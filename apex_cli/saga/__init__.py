"""Prepare everywhere, one pivot, publish everywhere: how a plan becomes visible in all four stores or in none."""
