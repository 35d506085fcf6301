"""Sign-in, forwarding and the public HTTP surface."""
