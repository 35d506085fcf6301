"""Accounts, ledger, top-ups, fees and holds."""
