"""Contracts that orders owns."""
