"""Channels, fulfilment orders, labels and warehouse adapters."""
