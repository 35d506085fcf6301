"""Contracts that fulfillment owns."""
