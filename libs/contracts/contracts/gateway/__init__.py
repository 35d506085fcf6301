"""Contracts that gateway owns."""
