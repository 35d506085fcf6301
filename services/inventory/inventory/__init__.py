"""Warehouses, products, stock, reservations and movements."""
