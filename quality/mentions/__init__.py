"""How well texts mention what the memory knows: invented things, and texts of which is labelled what they name."""
