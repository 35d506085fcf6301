"""What every connector is made of: the port, the HTTP edge, rate limits, paging, canonical orders."""
