"""The rules of who may do what. Standard library and common.kernel only."""
