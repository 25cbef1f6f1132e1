"""Tools around apex that are no part of it."""
