"""How billing is reached: HTTP, messages, jobs."""
