"""The rules of sync; standard library and common.kernel only."""
