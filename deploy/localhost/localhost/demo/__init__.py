"""The demo: a day of two sellers, played through the gateway and against the sandbox, and checked at its end."""
