"""What the clients are made of."""
