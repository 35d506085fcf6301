"""How inventory reaches its database and the outside."""
