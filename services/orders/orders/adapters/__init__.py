"""How orders reaches its database and the outside."""
