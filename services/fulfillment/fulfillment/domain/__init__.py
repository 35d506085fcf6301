"""The rules of fulfillment; standard library and common.kernel only."""
