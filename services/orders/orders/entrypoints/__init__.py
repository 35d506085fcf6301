"""How orders is reached: HTTP, messages, jobs."""
