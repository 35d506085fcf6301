"""Platform orders: mapping, routing, review and life."""
