"""From a `Record` to what it says: entities, claims and text."""
