"""Servers, services and the sandbox on one machine: for the demo, for tests and for development."""
