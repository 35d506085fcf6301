"""The use cases of sync."""
