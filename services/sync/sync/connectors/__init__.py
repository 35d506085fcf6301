"""Connectors: one folder a marketplace on one kit; none imports another."""
