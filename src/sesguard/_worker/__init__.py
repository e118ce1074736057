"""What a worker is made of: its threads, its signals, its counts."""
