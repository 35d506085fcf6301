"""HTTP: the gateway's own routes, and the way to the services'."""
