"""Shopee, by its Open Platform v2."""
