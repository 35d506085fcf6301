"""Contracts that inventory owns."""
