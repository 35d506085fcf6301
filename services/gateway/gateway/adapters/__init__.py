"""How gateway reaches its database and the outside."""
