"""The rules of gateway; standard library and common.kernel only."""
