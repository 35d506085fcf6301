"""The bodies that inventory's routes take and give."""
