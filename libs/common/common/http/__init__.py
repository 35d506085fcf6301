"""HTTP: problems, identity, pages, batches, preconditions."""
