"""SQL, password hashing, limits and the other services."""
