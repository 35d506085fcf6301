"""Contracts that billing owns."""
