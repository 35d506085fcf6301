"""How gateway is reached: HTTP, messages, jobs."""
