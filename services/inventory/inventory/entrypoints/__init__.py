"""How inventory is reached: HTTP, messages, jobs."""
