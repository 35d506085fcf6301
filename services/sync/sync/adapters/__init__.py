"""How sync reaches its database and the outside."""
