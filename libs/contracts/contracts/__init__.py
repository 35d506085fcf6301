"""Message contracts between the services; nothing here knows any of them."""
