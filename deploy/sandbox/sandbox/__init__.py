"""The outside world in one process: Shopify, Shopee and a warehouse system over their wire protocols, with faults on request."""
