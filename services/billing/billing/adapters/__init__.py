"""How billing reaches its database and the outside."""
