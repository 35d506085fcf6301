"""How fulfillment is reached: HTTP, messages, jobs."""
