"""Contracts that sync owns."""
