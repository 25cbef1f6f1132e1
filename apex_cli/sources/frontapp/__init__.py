"""Front: messages."""
