"""The routes of orders, by resource."""
