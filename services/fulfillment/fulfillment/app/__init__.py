"""The use cases of fulfillment."""
