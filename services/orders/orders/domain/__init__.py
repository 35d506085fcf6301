"""The rules of orders; standard library and common.kernel only."""
