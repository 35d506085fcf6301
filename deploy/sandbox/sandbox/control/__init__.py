"""The control API: fills the world, breaks it on purpose, and reads what it received."""
