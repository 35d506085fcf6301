"""The rules of inventory; standard library and common.kernel only."""
