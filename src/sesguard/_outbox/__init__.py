"""What a running outbox is made of: a guard for each mail, its counts, its turn."""
