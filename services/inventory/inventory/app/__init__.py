"""The use cases of inventory."""
