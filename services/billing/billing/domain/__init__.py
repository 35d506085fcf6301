"""The rules of billing; standard library and common.kernel only."""
