"""How fulfillment reaches its database and the outside."""
