"""Stores, connectors, sync runs, platform labels and tracking uploads."""
