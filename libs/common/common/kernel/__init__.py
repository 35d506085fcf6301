"""Values that need the standard library only."""
