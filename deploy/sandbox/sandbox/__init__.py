"""The outside world in one process: Shopify, Shopee and a warehouse system, with faults on request."""
