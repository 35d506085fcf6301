"""HTTP and messages."""
