"""How sync is reached: HTTP, messages, jobs."""
