"""The embedded engines' servers: the home they live in, their start and their end."""
