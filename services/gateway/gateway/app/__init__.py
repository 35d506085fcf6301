"""The use cases of gateway."""
