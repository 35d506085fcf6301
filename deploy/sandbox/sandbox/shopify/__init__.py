"""Shopify: OAuth and the GraphQL Admin API, version 2026-07."""

API_VERSION = "2026-07"
